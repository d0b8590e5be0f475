"""Files that people really have, in every format: read, or refused with a reason."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from index import errors
from index.loading.loader import discover, load, load_bytes
from index.text.sentences import normalise
from tests.nightly import length

FILES = Path(__file__).parents[2].parent / "shared" / "files"
EVERY = list(discover([FILES])) if FILES.is_dir() else []
SOME = EVERY[:: length(5, 1)]
"""Every fifth file in the default run, all of them at night."""
LIMIT = 1 << 28

needs_files = pytest.mark.skipif(not EVERY, reason="the folder of real files is not beside this checkout")


@needs_files
@pytest.mark.parametrize("path", SOME, ids=lambda path: path.relative_to(FILES).as_posix())
def test_a_document_or_a_reason(path: Path) -> None:
    """Every file is a document in canonical form whose landmarks lie in its text, or an error with advice."""
    try:
        document = load(path, max_bytes=LIMIT)
    except errors.LoadingError as refused:
        facts = (path.name in refused.message, bool(refused.hint))
    else:
        facts = (normalise(document.text) == document.text, any(map(str.isalnum, document.text)))
        starts = [mark.start for mark in document.landmarks]
        assert starts == sorted(starts)
        assert all(0 <= start <= len(document.text) for start in starts)
        for mark in document.landmarks:
            below = document.text[mark.start :]
            assert mark.kind != "heading" or " ".join(below[:400].split()).startswith(mark.label[:150])
            assert mark.kind != "paragraph" or mark.start == 0 or document.text[: mark.start].endswith("\n\n")
    assert facts == (True, True)


SAID = {
    "a paper in two columns": (
        "pdf/multi-column.pdf",
        "degradation is often observed in practice 2, indicating the needs",
    ),
    "a sentence over a page break": ("pdf/multi-column-2p.pdf", "results on multiple open-domain QA datasets"),
    "a sentence around a stamp": (
        "pdf/layout-parser-paper-fast.pdf",
        "image classification [11, 37], layout detection",
    ),
    "a page on its side": ("rotated-page-90.pdf", "Second line of text here"),
    "a copy-protected PDF": (
        "pdf/copy-protected.pdf",
        "Recent advances in document image analysis (DIA) have been primarily",
    ),
    "a law in a listing": ("fake-html-pre.htm", "terrorist acts in the United States and around the world, to enhance"),
    "a novel": ("book-war-and-peace-1p.txt", "if you still try to defend the infamies and horrors"),
    "UTF-16": ("fake-text-utf-16-le.txt", "- Dogs are the best"),
    "UTF-32": ("fake-text-utf-32.txt", "This is a test document"),
    "Western European": ("fake-html-cp1252.html", "Die schöne Frau hat einen Kaffee"),
    "umlauts": ("umlauts-non-utf8.md", "können"),
    "a table in Markdown": ("simple-table.md", "Juicy Apples | 1.99 | 739"),
    "lists in HTML": ("fake-html.html", "- A test list\n  - With sub-bullets!"),
    "a handbook in Word": ("handbook-872p.docx", "appoints and supervises standing trustees"),
}


@needs_files
@pytest.mark.parametrize(("name", "words"), SAID.values(), ids=SAID.keys())
def test_words_that_a_reader_would_quote(name: str, words: str) -> None:
    """Sentences stand in the text as a reader would copy them."""
    assert words in load(FILES / name, max_bytes=LIMIT).text


STATED = {
    "pdf/multi-column.pdf": ("Dense Passage Retrieval for Open-Domain Question Answering", "", ""),
    "pdf/fake-memo.pdf": ("", "", "2023-05-05"),
    "pdf/DA-1p.pdf": ("MAIN GAME", "", ""),
    "language-docs/fr_olap.pdf": ("Résumés et interrogations de logs de requêtes OLAP", "", ""),
    "pdf/all-number-table.pdf": ("", "", ""),
    "pdf/embedded-link.pdf": ("", "", ""),
    "ideas-page.html": ("How to Get New Ideas", "", "2023-01"),
    "example-with-scripts.html": ("Russian Offensive Campaign Assessment, December 13", "Press ISW", ""),
    "fake-html-pre.htm": ("", "", ""),
    "norwich-city.txt": ("", "", ""),
    "simple.docx": ("", "", ""),
    "handbook-872p.docx": ("", "", "2012-10-01"),
}


@needs_files
@pytest.mark.parametrize("name", STATED)
def test_what_they_say_of_themselves(name: str) -> None:
    """Title, author and date are stated in the file, or empty."""
    document = load(FILES / name, max_bytes=LIMIT)
    assert (document.title, document.author, document.date) == STATED[name]


REFUSED = {
    "pdf/password.pdf": errors.PasswordRequired,
    "password_protected.xlsx": errors.PasswordRequired,
    "pdf/loremipsum-flat.pdf": errors.NoTextLayer,
    "pdf/single_table.pdf": errors.NoTextLayer,
    "empty.txt": errors.EmptyDocument,
    "fake-text-all-whitespace.txt": errors.EmptyDocument,
    "fake.odt": errors.UnsupportedFormat,
    "fake-email.txt": errors.UnsupportedFormat,
    "fake-doc.rtf": errors.UnsupportedFormat,
}


@needs_files
@pytest.mark.parametrize("name", REFUSED)
def test_refused_for_the_right_reason(name: str) -> None:
    """A file that cannot be read says why."""
    with pytest.raises(REFUSED[name]):
        load(FILES / name, max_bytes=LIMIT)


@needs_files
@pytest.mark.parametrize(
    "name", ["pdf/reliance.pdf", "example-with-scripts.html", "category-level.docx", "norwich-city.txt"]
)
def test_the_same_each_time(name: str) -> None:
    """Reading a file twice gives the same document."""
    data = (FILES / name).read_bytes()
    assert load_bytes(data, source=name) == load_bytes(data, source=name)


@needs_files
def test_running_heads_of_a_booklet() -> None:
    """The heads of 69 pages of a booklet are left out, and its pages are called what is printed on them."""
    document = load(FILES / "pdf" / "failure-after-repair.pdf", max_bytes=LIMIT)
    assert "a running head or foot on 69 pages, page numbers on 69 pages" in document.notes[0]
    pages = Counter(mark.label for mark in document.landmarks if mark.kind == "page")
    assert pages["i"] == pages["1"] == 1
    assert pages.total() == 76


def test_light_to_import() -> None:
    """Importing the package loads none of the libraries that read formats."""
    code = (
        "import sys, index.loading.loader; "
        "guests = {'trafilatura', 'pypdfium2', 'docx', 'lxml', 'markdown_it', 'charset_normalizer'}; "
        "print(sorted(guests & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
