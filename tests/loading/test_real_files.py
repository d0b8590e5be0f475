"""Real files in every format are read, or refused with a reason."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from index import errors
from index.loading.loader import discover, load, load_bytes
from index.text.sentences import normalise
from tests.nightly import length
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Document

ALL_FILES = list(discover([FILES])) if FILES.is_dir() else []
REFUSED = {
    "pdf/password.pdf": errors.PasswordRequired,
    "password_protected.xlsx": errors.PasswordRequired,
    "empty.txt": errors.EmptyDocument,
    "fake-text-all-whitespace.txt": errors.EmptyDocument,
}
SELECTED = list(dict.fromkeys([*ALL_FILES[:: length(5, 1)], *(FILES / name for name in REFUSED)]))
"""Every fifth file in the default run, all files in the nightly run; and those whose reason is known."""
LIMIT = 1 << 28


@functools.cache
def load_once(path: Path) -> Document:
    """Load a file once for all tests."""
    return load(path, max_bytes=LIMIT)


@NEEDS_FILES
@pytest.mark.parametrize("path", SELECTED, ids=lambda path: path.relative_to(FILES).as_posix())
def test_real_file_becomes_a_document_or_a_refusal(path: Path) -> None:
    """Every file is a document in canonical form with landmarks inside its text, or an error with advice."""
    try:
        document = load_once(path)
    except errors.LoadingError as error:
        reason = REFUSED.get(path.relative_to(FILES).as_posix(), errors.LoadingError)
        facts = (path.name in error.message and isinstance(error, reason), bool(error.hint))
    else:
        assert path.relative_to(FILES).as_posix() not in REFUSED
        facts = (normalise(document.text) == document.text, any(map(str.isalnum, document.text)))
        starts = [mark.start for mark in document.landmarks]
        assert starts == sorted(starts)
        assert all(0 <= start <= len(document.text) for start in starts)
        for mark in document.landmarks:
            following = document.text[mark.start :]
            assert mark.kind != "heading" or " ".join(following[:400].split()).startswith(mark.label[:150])
            assert mark.kind != "paragraph" or mark.start == 0 or document.text[: mark.start].endswith("\n\n")
    assert facts == (True, True)


SENTENCES = {
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
    "a slide": ("sample-presentation.pptx", "  - Subtopic 2\n    - Subtopic 1 of subtopic 2"),
    "a sheet": ("vodafone.xlsx", "Mobile churn | Nine quarters to 30 June 2023 | 11"),
    "a table in Markdown": ("simple-table.md", "Juicy Apples | 1.99 | 739"),
    "lists in HTML": ("fake-html.html", "- A test list\n  - With sub-bullets!"),
    "a book in EPUB": ("winter-sports.epub", "The stroke must be taken, i.e. impetus must be set up"),
    "an OpenDocument table": ("fake.odt", "Time | 1pm | 2pm | 3pm"),
    "a table in Rich Text": ("fake-doc.rtf", "Row 2, Cell 1 | Row 2, Cell 2"),
    "Spanish in Rich Text": ("language-docs/eng_spa_mult.rtf", "dotados como están de razón y conciencia"),
    "records in XML": ("factbook-utf-16.xml", "Trinidad & Tobado | Port of Spain | Keith Rowley"),
    "a table in JSON": ("arbitrary-records.json", "GRD-3317 | Pruning Shears | 24.99 | true"),
    "a list in reStructuredText": ("README.rst", "- layout-parser-paper.pdf - A PDF copy of the layout parser"),
    "a list in Org": ("README.org", "- factbook.xml / factbook.xsl - Example XML/XLS files"),
    "a handbook in Word": ("handbook-872p.docx", "appoints and supervises standing trustees"),
}


@NEEDS_FILES
@pytest.mark.parametrize(("name", "words"), SENTENCES.values(), ids=SENTENCES.keys())
def test_sentences_of_real_files_are_as_a_reader_would_copy_them(name: str, words: str) -> None:
    """The text contains each sentence as a reader would copy it."""
    assert words in load_once(FILES / name).text


STATED = {
    "pdf/multi-column.pdf": ("Dense Passage Retrieval for Open-Domain Question Answering", "", "2020-09-30"),
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
    "winter-sports.epub": ("Winter Sports in Switzerland", "E. F. Benson", "2019-08-23"),
    "language-docs/eng_spa_mult.epub": ("", "", ""),
    "fake.odt": ("", "", "2023-05-04"),
    "fake-doc.rtf": ("", "", ""),
    "README.rst": ("Example Docs", "", ""),
    "handbook-872p.docx": ("", "", "2012-10-01"),
}


@NEEDS_FILES
@pytest.mark.parametrize("name", STATED)
def test_title_author_and_date_of_real_files(name: str) -> None:
    """Title, author and date are those that the file states, or empty."""
    document = load_once(FILES / name)
    assert (document.title, document.author, document.date) == STATED[name]


@NEEDS_FILES
@pytest.mark.parametrize(
    "name", ["pdf/reliance.pdf", "example-with-scripts.html", "category-level.docx", "norwich-city.txt"]
)
def test_reading_a_real_file_twice_gives_the_same_document(name: str) -> None:
    """Loading is deterministic."""
    data = (FILES / name).read_bytes()
    assert load_bytes(data, source=name) == load_bytes(data, source=name)


CELLS = {
    "2023-half-year-analyses-by-segment.xlsx": (
        "J16", "January–June 2023, Depreciation and amortization · Other businesses (d)", "(19)",
    ),
    "stanley-cups.xlsx": ("C5", "Stanley Cups · Maple Leafs", "13"),
    "vodafone.xlsx": ("D9", "Period · Cash flow", "FY 23"),
    "stanley-cups-utf-16.csv": ("row 4, column “Location”", "Location · Flyers", "PHI"),
    "table-semicolon-delimiter.csv": ("row 3, column “Costs”", "Costs · 2023", "-814,38"),
    "table-multi-row-column-cells-actual.csv": (
        "row 6, column “Results, Time to complete”", "Results, Time to complete · Mobility", "1416 sec, n=3",
    ),
    "fake-power-point-table.pptx": ("table 1, row 3", "Column 3 · Purple", "Yellow"),
    "example-steelJIS-datasheet.html": ("table 2, row 3", "Tensile strength, N/mm 2 · Bars", "1000"),
    "example-10k-1p.html": ("table 3, row 2", "Trading symbol · Common stock", "GLXZ"),
    "docx-tables.docx": ("table 1, row 2", "Header Col 2 · Lorem ipsum", "A link example"),
}  # fmt: skip
"""A cell of each file: its name, its headers and its words."""


@NEEDS_FILES
@pytest.mark.parametrize("name", CELLS)
def test_cells_of_real_tables_have_the_headers_that_a_reader_sees(name: str) -> None:
    """The cell has the name, the headers and the words that a reader would give."""
    document = load_once(FILES / name)
    cells = [
        (table.name(cell), " · ".join(table.headers(cell)), document.text[cell.start : cell.end])
        for table in document.tables
        for cell in table.cells
    ]
    assert CELLS[name] in cells


@NEEDS_FILES
def test_running_heads_of_a_real_booklet_are_left_out() -> None:
    """The running heads of 69 pages are left out, and pages have their printed labels."""
    document = load_once(FILES / "pdf" / "failure-after-repair.pdf")
    assert "a running head or foot on 69 pages, page numbers on 69 pages" in document.notes[0]
    pages = Counter(mark.label for mark in document.landmarks if mark.kind == "page")
    assert pages["i"] == pages["1"] == 1
    assert pages.total() == 76


def test_importing_the_loader_imports_no_format_library() -> None:
    """Importing the loader loads none of the libraries that read formats."""
    code = (
        "import sys, index.loading.loader; "
        "libraries = {'trafilatura', 'pypdfium2', 'docx', 'lxml', 'markdown_it', 'charset_normalizer', 'pptx'}; "
        "libraries |= {'python_calamine'}; "
        "print(sorted(libraries & set(sys.modules)))"
    )
    completed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "[]"
