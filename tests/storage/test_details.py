"""Tables, boxes of words and the way of reading survive the store, the sandbox and the portable format."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.backup.portable import DocumentLine, parse_line
from index.citations.entries import locate
from index.errors import LibraryDamaged
from index.loading import formats
from index.loading.draft import Block, Content, Draft, compose, paragraph
from index.loading.grid import Outline, grid
from index.loading.sandbox.messages import Cost, Parsed, receive_parsed, send_parsed
from index.records import Chunk, Location, Reading, Span, WordBox
from tests.boxes import as_rows
from tests.storage.factories import MADE_WITH, put, vectors_of

if TYPE_CHECKING:
    from index.records import Document
    from index.records.table import Naming
    from index.storage.catalog.catalog import Catalog

WORDS = (WordBox(0, 3, 0, 0.1, 0.2, 0.3, 0.4, 0.96), WordBox(4, 7, 0, 0.1, 0.2, 0.3, 0.4, 0.5))


@pytest.fixture
def read() -> Document:
    """Return a document with a slide, a heading, a table and a recognised line."""
    blocks = [
        Block("Sales", 1, places=((0, "slide 4, “Sales”", 1),)),
        paragraph("They rose."),
        grid([["Year", "Sold"], ["1999", "12"], ["2000", "15"]], Outline("sheet")),
        Block("Two tea", pages=((0, "2"),), boxes=as_rows(WORDS)),
    ]
    draft = Draft(blocks, reading=Reading(1, "an engine 5", 2, 0, ("en",), "/a/mail.eml"))
    return compose(draft, Content(b"", formats.PLAIN), id="a" * 64, source="/a/mail.eml/slides")


def chunks(document: Document) -> list[Chunk]:
    """Return the document as one passage of one sentence."""
    whole = Span(0, len(document.text))
    return [Chunk(*whole, (whole,))]


def test_details_come_back_from_the_catalog(catalog: Catalog, read: Document) -> None:
    """All of them, and for one span only those in it."""
    number = put(catalog, read)
    assert catalog.document(number) == read
    assert catalog.infos([number])[number].reading == read.reading
    place = read.text.index("Two")
    assert catalog.tables_in(number, Span(place, place + 1)) == ()
    assert [word.confidence for word in catalog.boxes_in(number, Span(place + 4, place + 5))] == [0.5]
    catalog.remove(number)
    assert catalog.database.rows("SELECT 1 FROM cells UNION SELECT 1 FROM boxes UNION SELECT 1 FROM readings") == []


def test_the_catalog_and_the_document_name_the_same_places(catalog: Catalog, read: Document) -> None:
    """A cell with its headers, a slide, and how certain recognised words are."""
    number = put(catalog, read)
    spans = [Span(start, start + 1) for start in range(len(read.text))]
    assert catalog.locate([(number, span) for span in spans]) == [locate(read, span) for span in spans]
    sold = read.text.index("15")
    cell = Location("", "Sales", 0, "slide 4, “Sales”", "B3", ("Sold", "2000"), None)
    assert locate(read, Span(sold, sold + 2)) == cell
    assert (cell.label, cell.quoted("15")) == ("slide 4, “Sales”, B3", "Sold · 2000: 15")
    assert locate(read, Span(sold - 7, sold + 2)).headers == ()
    tea = read.text.index("Two")
    assert locate(read, Span(tea, tea + 7)).recognised == 0.5
    assert locate(read, Span(tea, tea + 3)).recognised == 0.96


def test_a_slide_ends_the_headings_above_it_but_a_line_does_not(catalog: Catalog) -> None:
    """The level of a place says which."""
    blocks = [Block("Top", 1), Block("words", places=((0, "line 7", 0),)), Block("more", places=((0, "slide 2", 1),))]
    read = compose(Draft(blocks), Content(b"", formats.PLAIN), id="b" * 64, source="/a")
    number = put(catalog, read)
    found = catalog.locate([(number, Span(read.text.index(word), len(read.text))) for word in ("words", "more")])
    assert [place.label for place in found] == ["line 7, § Top", "slide 2"]


def test_details_pass_between_processes_and_libraries(read: Document) -> None:
    """The process that reads a file sends all of them; the portable format has them, and a forged one is refused."""
    pipe = io.BytesIO()
    send_parsed(pipe, Parsed(read, None, Cost(1.0, 2.0)))
    pipe.seek(0)
    assert receive_parsed(pipe).document == read
    (part,) = read.boxes
    line = DocumentLine(read, tuple(chunks(read)))
    assert parse_line(line.to_json()) == line
    for forged in (
        replace(read, boxes=(replace(part, end=part.end + 9),)),
        replace(read, boxes=(replace(part, content=part.content[:-3]),)),
        replace(read, tables=(read.tables[0].shifted(1000),)),
        replace(read, tables=(replace(read.tables[0], rows=()),)),
    ):
        with pytest.raises(ValueError, match=r"table|box"):
            parse_line(replace(line, document=forged).to_json())


@pytest.mark.parametrize("table", ["cells", "boxes"])
def test_damaged_details_are_named(catalog: Catalog, read: Document, table: str) -> None:
    """A row that does not unpack is no traceback."""
    number = put(catalog, read)
    with catalog.database.writing() as connection:
        connection.execute(f"UPDATE {table} SET content = x'00'")
    with pytest.raises(LibraryDamaged):
        catalog.document(number)


def test_passages_are_indexed_with_the_headers_that_they_lack(catalog: Catalog) -> None:
    """Rows below the headers get them; a passage of prose, and one of a library without tables, gets none."""
    blocks = [paragraph("They rose."), grid([["Year", "Sold"], ["1999", "12"], ["2000", "15"]])]
    read = compose(Draft(blocks), Content(b"", formats.PLAIN), id="d" * 64, source="/d")
    lines = [Span(match.start(), match.end()) for match in re.finditer(r"[^\n]+", read.text)]
    cut = [Chunk(line.start, line.end, (line,)) for line in lines]
    catalog.put(read, cut, vectors_of(read, cut), MADE_WITH)
    texts = [(text, above) for _, _, text, above in catalog.texts(catalog.added_since(-1))]
    assert texts == [
        ("They rose.", ""),
        ("Year | Sold", ""),
        ("1999 | 12", "Year | Sold"),
        ("2000 | 15", "Year | Sold"),
    ]
    number = catalog.number_of(read.id)
    assert number is not None
    assert [len(row.tables) for row, _ in catalog.rows_of(number)] == [0, 1, 1, 1]


@pytest.mark.parametrize(("naming", "name"), [("sheet", "A2:B3"), ("rows", "rows 2–3"), ("table", "table 1, rows 2–3")])
def test_a_span_of_several_cells_is_named_by_its_rows(naming: Naming, name: str) -> None:
    """It has no headers of its own; a span that begins before the table has no name in it."""
    table = grid([["Year", "Sold"], ["1999", "12"], ["2000", "15"]], Outline(naming))
    made = compose(Draft([paragraph("Sales rose."), table]), Content(b"", formats.PLAIN), id="a" * 64, source="/a/b")
    rows = Span(made.text.index("1999"), len(made.text))
    assert locate(made, rows).cell == name
    assert locate(made, rows).headers == ()
    assert locate(made, Span(0, len(made.text))).cell == ""
