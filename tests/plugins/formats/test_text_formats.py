"""Each text format is read as a reader would: words without markup, with places, titles, authors and dates."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pytest

from index.errors import CopyProtected, DamagedFile, EmptyDocument, PasswordRequired
from index.loading.loader import load_bytes
from index.records.file_kinds import formats
from index.text.sentences import normalise
from tests import shapes
from tests.cases import cases
from tests.loading import samples
from tests.loading.archives import zipped
from tests.views.test_shapes import seen

if TYPE_CHECKING:
    from index.records import Document


@functools.cache
def read(name: str) -> Document:
    """Return the document of a sample."""
    return load_bytes(samples.FILES[name], source=name)


def place_of(document: Document, words: str) -> str:
    """Return the last place that begins at or before some words."""
    at = document.text.index(words)
    return [mark.label for mark in document.landmarks if mark.kind == "place" and mark.start <= at][-1]


STATED = {
    "made.epub": ("Harbours of the North", "Kari Varde", "2020-12-05"),
    "made.odt": ("Harbours of the North", "Kari Varde", "2020-12-05"),
    "made.fodt": ("Harbours of the North", "Kari Varde", "2020-12-05"),
    "made.rtf": ("Harbours", "Kari Varde", "2020-12-05"),
    "made.srt": ("", "", ""),
    "made.vtt": ("A talk on harbours", "", ""),
    "made.ass": ("Harbours", "", ""),
    "made.sbv": ("", "", ""),
    "made.ipynb": ("Harbours", "Kari Varde", ""),
    "made.tex": ("Harbours of the North", "Kari Vårde, Ola Berg", "2020-12-05"),
    "made.rst": ("Harbours", "Kari Varde", "2020-12-05"),
    "made.adoc": ("Harbours of the North", "Kari Varde", "2020-12-05"),
    "made.org": ("Harbours of the North", "Kari Varde", "2020-12-05"),
    "made.1": ("quay(1)", "", "2020-12-05"),
    "made.8": ("quay(1)", "", "2020-12-05"),
    "made.json": ("Harbours", "Kari Varde", ""),
    "made.jsonl": ("", "", ""),
    "made.xml": ("", "", ""),
    "article.xml": ("Harbours", "Kari Varde", "2020-12-05"),
    "made.svg": ("Plan of the quay", "", ""),
    "made.bib": ("", "", ""),
    "made.ris": ("", "", ""),
}


@pytest.mark.parametrize("name", samples.FILES)
def test_document_is_canonical_and_has_what_the_file_states(name: str) -> None:
    """The text is in normal form, places and cells lie in it, and nothing of another file or of markup is in it."""
    document = read(name)
    assert (document.title, document.author, document.date) == STATED[name]
    assert normalise(document.text) == document.text
    assert all(0 <= mark.start < len(document.text) for mark in document.landmarks)
    assert [mark.start for mark in document.landmarks] == sorted(mark.start for mark in document.landmarks)
    for table in document.tables:
        assert all(document.text[cell.start : cell.end].strip() for cell in table.cells)
    unwanted = {"root:", "<", "&nbsp;", "\\emph", "::", "never", "NEVER", "Deleted", "after the end", "hidden", "}}"}
    assert [words for words in unwanted if words in document.text] == []


WORDS = {
    "made.epub": [
        "The Quay\n\nThe quay was built of granite.1 It still stands.\n\n1. Granite from Løvøya.\n\nIce in Winter"
    ],
    "made.odt": ["The quay was built of granite.\n\n1 From Løvøya.\n\n1. Ships\n  - Sail\n2. Boats\n\n", "In a box."],
    "made.rtf": ["Привет, アイ, —granite, bold text.\n\nFrom Løvøya.", "- An item", "Last {words}.", "the address"],
    "made.srt": ["The king signed the treaty on a rainy day, and nobody in Hull knew of it.\n\nWho told you?"],
    "made.vtt": ["The quay was built of granite, which came from Løvøya.\n\nThank you & goodbye."],
    "made.ass": ["The quay, built of granite, still stands."],
    "made.sbv": ["The quay was built of granite."],
    "made.ipynb": [
        "The quay was built of granite.\n\nships = count('Hull')\nprint(ships)\n\n12 ships lay",
        "KeyError: Bath",
    ],
    "made.tex": [
        "The quay—built of granite from Müller & Sons—was paid for in a_b and x_1 ≤α [varde2020].\n\nGranite from Løvøya.",
        "- Ships\n- Boats of oak",
        'print("\\section{code}")',
    ],
    "made.rst": [
        "The quay was built of granite, as the book says, and it still stands [1].\n\n[1] Since 1911.",
        "2.1 The second quay came later.",
        "- Ships\n  - Sail\n- Boats",
    ],
    "made.adoc": [
        "The quay was built of granite, as the book and Ships say.\n\nFrom Løvøya.\n\nships = 12",
        "ships = 12\n\nShips in harbour\n\nHarbour | Ships",
        "- Ships\n  - Sail\n1. Boats",
        "- Term: Its description.",
    ],
    "made.org": ["The quay was built of granite, as the book says[1].", "- Sail\n  1. Brigs\n- Term: its description"],
    "made.1": [
        "The quay command builds a quay of granite, as harbour(7) says.\n\n-s, --ships\nCounts the ships.\n\n- The first point.",
        "quay -s",
    ],
    "made.8": [
        "The quay command builds a quay of granite, as harbour(7) says.\n\n-s, --ships number\nCounts the ships."
    ],
    "made.json": [
        "name: Hull\nships: 12\nopen: true\n\nThe quay of Hull was built",
        "owners: Anna, Bert",
        "granite | 12.5",
    ],
    "made.jsonl": ["lat: 53.7", "It has\n\nno quay at all."],
    "made.xml": ["id | name | ships\nh1 | Hull | 12\nh2 | Bath | 3"],
    "article.xml": [
        "The quay was built of granite, and it still stands.\n\nFrom Løvøya.\n\n- Ships\n\nships = 12\n  boats = 3",
        "Some more words, and a link at the end.",
    ],
    "made.svg": ["Plan of the quay\n\nBuilt of granite"],
    "made.bib": [
        "Quays of the Nörth\n\nAuthors: Varde, Kari; Berg, Ola\nYear: 2020\nIn: Journal of Harbours\n\nThe quay was built of"
        " granite. It still stands, 50% of it."
    ],
    "made.ris": [
        "Quays of the North\n\nAuthors: Varde, Kari; Berg, Ola\nYear: 2020\n\nThe quay was built of granite. It still"
    ],
}


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, all_words in WORDS.items() for words in all_words])
def test_words_are_as_a_reader_would_copy_them(name: str, words: str) -> None:
    """Sentences are whole, lists and code keep their lines, and notes follow the paragraph."""
    assert words in read(name).text


PLACES = {
    "made.srt": {"The king": "00:12:04, ANNA", "and nobody": "00:12:06, ANNA", "Who told": "00:12:20, BERT"},
    "made.vtt": {"which came": "00:00:04, Anna Berg", "Thank you": "01:00:00, Bert"},
    "made.ass": {"still stands": "00:00:03, Anna"},
    "made.sbv": {"of granite": "00:00:03"},
    "made.ipynb": {"The quay": "cell 1", "ships = ": "cell 2", "12 ships": "cell 2, output", "It still": "cell 4"},
    "made.tex": {
        "Quays": "line 9",
        "The quay": "line 10",
        "paid for": "line 13",
        "E = ": "line 15",
        "print(": "line 30",
    },
    "made.rst": {"Quays": "line 11", "The quay": "line 14", "says, and": "line 15", "- Boats": "line 29"},
    "made.adoc": {"The quay": "line 9", "the book": "line 10", "ships = ": "line 14", "Harbour |": "line 22"},
    "made.org": {"The quay": "line 9", "says[1]": "line 10", "1. Brigs": "line 14", "ships = ": "line 20"},
    "made.1": {"quay command": "line 7", "Counts": "line 14", "quay -s": "line 18"},
    "made.8": {"granite": "line 11", "Counts": "line 17"},
    "made.json": {"name: Hull": "$.items[0]", "The quay": "$.items[0].notes", "stone |": "$.prices"},
    "made.jsonl": {"lat: ": "record 1, at", "name: Bath": "record 2", "It has": "record 2, text"},
    "made.bib": {"The quay was": "varde2020"},
    "made.ris": {"The quay was": "varde2020", "Harbours": "record 2"},
}


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, places in PLACES.items() for words in places])
def test_place_is_where_the_words_begin_in_the_file(name: str, words: str) -> None:
    """A moment, cell, line or record is that of the first word, also in the middle of a paragraph."""
    assert place_of(read(name), words) == PLACES[name][words]


@pytest.mark.parametrize(
    "name", [name for name in PLACES if place_of(read(name), next(iter(PLACES[name]))).startswith("line")]
)
def test_lines_of_code_and_prose_are_those_of_the_file(name: str) -> None:
    """The first letters at each numbered place are on that line of the file; a line of markup may have none."""
    document, lines = read(name), samples.TEXTS[name].split("\n")
    compared = 0
    for mark in (mark for mark in document.landmarks if mark.kind == "place"):
        line = lines[int(mark.label.removeprefix("line ")) - 1]
        if line[:1].isalpha():
            assert document.text[mark.start :].lstrip("-1. •").split()[0].split("[")[0] in line, mark
            compared += 1
    assert compared


HEADINGS = {
    "made.epub": [("The Quay", 1), ("Ice in Winter", 1), ("Breaking it", 2)],
    "made.odt": [("Quays", 2)],
    "made.rtf": [("The Quay", 1)],
    "made.ipynb": [("Harbours", 1)],
    "made.tex": [("Quays", 2)],
    "made.rst": [("Harbours", 1), ("Quays", 2)],
    "made.adoc": [("Harbours of the North", 1), ("Quays", 2)],
    "made.org": [("Quays", 1), ("Ships", 2)],
    "made.1": [("NAME", 1), ("DESCRIPTION", 1)],
    "article.xml": [("Harbours", 1), ("Quays", 2)],
}


@pytest.mark.parametrize("name", HEADINGS)
def test_headings_have_their_levels(name: str) -> None:
    """Chapters, sections and titles are headings; the table of contents names a page without one."""
    headings = [(mark.label, mark.level) for mark in read(name).landmarks if mark.kind == "heading"]
    assert headings == HEADINGS[name]


@pytest.mark.parametrize(
    "name", ["made.odt", "made.fodt", "made.rtf", "made.tex", "made.rst", "made.adoc", "made.org", "article.xml"]
)
def test_table_is_a_table(name: str) -> None:
    """A cell is found by its headers."""
    document = read(name)
    (table,) = document.tables
    cell = next(cell for cell in table.cells if document.text[cell.start : cell.end] == "12")
    assert table.headers(cell) == ("Ships", "Hull")


def test_arrays_of_flat_records_are_tables_with_numbered_rows() -> None:
    """The row of a record is its number in the array."""
    document = read("made.json")
    (table,) = document.tables
    cell = next(cell for cell in table.cells if document.text[cell.start : cell.end] == "3")
    assert (table.name(cell), table.headers(cell)) == ("row 2, column “price”", ("price", "chalk"))


def test_encrypted_book_is_refused_but_scrambled_typefaces_are_not() -> None:
    """Only the encryption of pages is copy protection."""
    locked = '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    with pytest.raises(CopyProtected, match=r"a\.epub"):
        load_bytes(
            samples.epub(encryption=locked.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")), source="a.epub"
        )
    fonts = samples.epub(encryption=locked.format("http://www.idpf.org/2008/embedding"))
    assert load_bytes(fonts, source="a.epub").text == read("made.epub").text


def test_encrypted_texts_need_a_password() -> None:
    """OpenDocument says so in its manifest, Rich Text in a group at its beginning."""
    with pytest.raises(PasswordRequired, match=r"a\.odt"):
        load_bytes(samples.odt(encrypted=True), source="a.odt")
    with pytest.raises(PasswordRequired, match=r"a\.rtf"):
        load_bytes(rb"{\rtf1{\*\passwordhash 01}\encrypt words}", source="a.rtf")


def test_template_is_read_as_a_text() -> None:
    """The template of an OpenDocument text has the same parts."""
    assert load_bytes(samples.odt(kind="text-template"), source="a.ott").text == read("made.odt").text


BROKEN = {
    "a book without a package": ("a.epub", samples.epub(container="<container/>"), "without a package file"),
    "a text without content": ("a.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text"}), "missing"),
    "a notebook of no cells": ("a.ipynb", b'{"nbformat": 4}', "cannot be read"),
    "a notebook cut short": ("a.ipynb", samples.NOTEBOOK.encode()[:90], "cannot be read"),
    "XML cut short": ("a.xml", samples.XML_DATA.encode()[:150], "cannot be read"),
    "deep XML": ("a.xml", b"<?xml version='1.0'?>" + b"<a>" * 255 + b"ha" + b"</a>" * 255, "levels deep"),
}


@pytest.mark.parametrize(("name", "data", "message"), BROKEN.values(), ids=BROKEN.keys())
def test_damaged_file_is_refused(name: str, data: bytes, message: str) -> None:
    """The error names the file and the reason."""
    with pytest.raises(DamagedFile, match=message) as caught:
        load_bytes(data, source=name)
    assert name in caught.value.message


def test_json_that_is_not_valid_is_read_line_by_line() -> None:
    """The receipt says so, and every line can be found."""
    document = load_bytes(b'{\n "bees": 1,\n "hives": [2,\n', source="a.json")
    assert document.notes[0].startswith("It is not valid JSON (")
    assert place_of(document, '"hives"') == "line 3"


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "a.bib", "a.ris"])
def test_file_without_entries_is_read_line_by_line(name: str) -> None:
    """A suffix alone does not make a text empty."""
    document = load_bytes(b"The bees\n\nare well.", source=name)
    assert document.text == "The bees\n\nare well."
    assert "line by line" in document.notes[0]
    assert place_of(document, "are") == "line 3"


def test_rst_that_docutils_cannot_parse_is_read_line_by_line() -> None:
    """Lists nested too deeply for docutils are text all the same."""
    document = load_bytes("\n".join(" " * n + "- ha" for n in range(500)).encode(), source="a.rst")
    assert "docutils could not parse it" in document.notes[0]


def test_code_has_the_number_of_each_line() -> None:
    """Blank lines count, and lines that were joined to a sentence keep their numbers."""
    lines = ["import sys", "", "", "", "# The bees of the harbour are counted", "# by a program.", "bees = 1"]
    document = load_bytes("\r\n".join(lines).encode(), source="a.py")
    assert place_of(document, "import") == "line 1"
    assert place_of(document, "# The bees") == "line 5"
    assert place_of(document, "bees = 1") == "line 7"


def test_rolling_captions_are_read_once() -> None:
    """Captions that repeat the last line above the next one do not repeat its words."""
    cues = ["the quay was built", "of granite from the north", "and it still stands"]
    shown = "\n\n".join(
        f"00:00:{n:02}.000 --> 00:00:{n + 1:02}.000\n" + "\n".join(cues[max(0, n - 1) : n + 1]) for n in range(3)
    )
    assert load_bytes(f"WEBVTT\n\n{shown}\n".encode(), source="a.vtt").text == " ".join(cues)


def test_word_before_a_colon_is_a_speaker_only_if_it_looks_like_one() -> None:
    """A name in front of one line may be any word, so it stays in the text."""
    cue = "1\n00:00:01,000 --> 00:00:02,000\nRemember: the quay is wet.\n"
    document = load_bytes(cue.encode(), source="a.srt")
    assert document.text == "Remember: the quay is wet."


def test_notebook_of_the_third_format_is_read() -> None:
    """Its cells are in worksheets, and its outputs have other names."""
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Quays"},
        {"cell_type": "code", "input": "1 + 1", "outputs": [{"output_type": "pyout", "text": "The sum is two."}]},
    ]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
    document = load_bytes(data, source="a.ipynb")
    assert document.text == "Quays\n\n1 + 1\n\nThe sum is two."
    assert place_of(document, "The sum") == "cell 2, output"


def test_references_of_pubmed_and_endnote_are_read() -> None:
    """The tags differ, the entries do not."""
    pubmed = b"PMID- 123\nTI  - Quays of the\n      North.\nFAU - Varde, Kari\nAB  - Granite lasts.\n"
    endnote = b"%0 Book\n%T Quays of the North.\n%A Varde, Kari\n%X Granite lasts.\n"
    documents = [load_bytes(pubmed, source="a.nbib"), load_bytes(endnote, source="a.enw")]
    assert {document.text for document in documents} == {
        "Quays of the North.\n\nAuthors: Varde, Kari\n\nGranite lasts."
    }
    assert place_of(documents[0], "Granite") == "123"


def test_drawing_without_words_is_empty() -> None:
    """An icon has nothing to find."""
    with pytest.raises(EmptyDocument):
        load_bytes(b"<svg><path d='M0 0'/></svg>", source="a.svg")


def test_articles_of_journals_have_their_authors_date_and_doi() -> None:
    """JATS: the references of an article are paragraphs, not headings."""
    jats = b"""<?xml version="1.0"?><article><front><journal-meta><journal-title>J. of Quays</journal-title></journal-meta>
    <article-meta><article-id pub-id-type="pmid">77</article-id><article-id pub-id-type="doi">10.1000/182</article-id>
    <title-group><article-title>Quays of the North</article-title></title-group><contrib-group>
    <contrib contrib-type="author"><name><surname>Varde</surname><given-names>Kari</given-names></name></contrib></contrib-group>
    <pub-date><day>5</day><month>12</month><year>2020</year></pub-date><abstract><p>We <i>study</i> quays.</p></abstract>
    </article-meta></front><body><sec><title>Stone</title><p>Granite <b>lasts</b> (<xref>1</xref>).</p></sec></body>
    <back><ref-list><ref><element-citation><article-title>On ice</article-title><year>1911</year></element-citation></ref>
    </ref-list></back></article>"""
    document = load_bytes(jats, source="a.xml")
    assert (document.title, document.author, document.date) == ("Quays of the North", "Kari Varde", "2020-12-05")
    assert document.reading.doi == "10.1000/182"
    assert document.text == "Quays of the North\n\nWe study quays.\n\nStone\n\nGranite lasts (1).\n\nOn ice, 1911"
    assert [mark.label for mark in document.landmarks if mark.kind == "heading"] == ["Quays of the North", "Stone"]


def test_org_headings_are_recognised() -> None:
    """The stars of Org are levels and are not part of the text."""
    document = load_bytes(b"* Bees\nText on bees.\n** Swarms\nText on swarms.\n", source="a.org")
    assert [(mark.level, mark.label) for mark in document.landmarks if mark.kind == "heading"] == [
        (1, "Bees"),
        (2, "Swarms"),
    ]
    assert "*" not in document.text


NAMED = {
    "rich text called text": ("a.txt", rb"{\rtf1 The bees are well.}", "application/rtf"),
    "data": ("a.json", b'{"bees": 1}', "application/json"),
    "data called text": ("a.txt", b'[{"bees": 1}, {"bees": 2}]', "application/json"),
    "XML called text": ("a.txt", b"<?xml version='1.0'?><all><bees>many</bees></all>", "application/xml"),
    "a drawing called text": ("a.txt", b"<svg><text>The bees are well.</text></svg>", "image/svg+xml"),
    "subtitles called text": (
        "a.txt",
        b"1\n00:00:01,000 --> 00:00:02,000\nThe bees are well.\n",
        "application/x-subrip",
    ),
    "TeX called text": ("a.txt", b"\\documentclass{a}\n\\begin{document}The bees are well.", "text/x-tex"),
    "references called text": ("a.txt", b"@article{bees, title={The bees}}", "text/x-bibtex"),
    "reStructuredText": ("a.rst", b"Bees\n====\n\nThe bees are well.", "text/x-rst"),
}


@cases(("name", "data", "media_type"), NAMED.values(), ids=NAMED.keys())
def test_format_is_recognised_by_content(name: str, data: bytes, media_type: str) -> None:
    """The content decides; the name decides only where contents look alike."""
    document = load_bytes(data, source=name)
    assert document.media_type == media_type
    assert "bees" in document.text


def test_cells_of_a_notebook_are_prose_code_or_output() -> None:
    """Code is told by its lines; output by its place."""
    blocks = seen(shapes.notebook())
    assert [(block.kind, block.form, block.margin and block.margin.words) for block in blocks] == [
        ("heading", "", "1"),
        ("paragraph", "", None),
        ("paragraph", "code", "2"),
        ("paragraph", "code", "output"),
    ]


def test_every_format_of_the_plugin_is_listed() -> None:
    """Its endings are in the one list of formats."""
    endings = {ending for each in formats() for ending in each.endings.split()}
    expected = "doc ppt msg epub odt odp rtf srt vtt ipynb tex rst adoc org xml json jsonl bib ris"
    assert endings >= set(expected.split())
