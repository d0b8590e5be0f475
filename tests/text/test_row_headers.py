"""The words above and beside the rows of a table."""

from __future__ import annotations

import pytest

from index.loading import formats
from index.loading.draft import Content, Draft, compose, paragraph
from index.loading.grid import Outline, grid
from index.records import Document, Span
from index.records.table import cells_between, is_header, is_row, tables_between, words_above, words_beside

ROWS = [["Ship", "Length, m", "Port"], ["Argo", "31", "Iolcus"], ["Beagle", "27", "Woolwich"], ["Cutty Sark", "65", ""]]


@pytest.fixture
def ships() -> Document:
    """Return a document with a sentence, a table with a caption, and another sentence."""
    blocks = [paragraph("They sailed."), grid(ROWS, Outline(caption="Table 1: Ships")), paragraph("None is left.")]
    return compose(Draft(blocks), Content(b"", formats.PLAIN), id="a" * 64, source="/ships")


def line(document: Document, word: str) -> Span:
    """Return the line with a word."""
    at = document.text.index(word)
    start, end = document.text.rfind("\n", 0, at) + 1, document.text.find("\n", at)
    return Span(start, end if end >= 0 else len(document.text))


def test_rows_and_prose_know_what_stands_above_and_beside_them(ships: Document) -> None:
    """A row has caption and headers; the first passage, which has the headers, gets the caption, and prose nothing."""
    row, head = line(ships, "Beagle"), line(ships, "Length")
    assert words_above(ships.tables, row, row.of(ships.text)) == "Table 1: Ships | Ship | Length, m | Port"
    first = Span(head.start, row.end)
    assert words_above(ships.tables, first, first.of(ships.text)) == "Table 1: Ships"
    for word in ("sailed", "left"):
        span = line(ships, word)
        assert tables_between(ships.tables, span) == ()
        assert words_above((), span, span.of(ships.text)) == ""
    assert words_beside(ships.tables, line(ships, "Argo")) == "Table 1: Ships | Ship | Length, m | Port | Argo"
    assert words_beside(ships.tables, line(ships, "Length")) == words_beside(ships.tables, line(ships, "left")) == ""
    kinds = [(is_row(ships.tables, line(ships, word)), is_header(ships.tables, line(ships, word))) for word in ROWS_OF]
    assert kinds == [(True, False), (False, True), (False, False)]


ROWS_OF = ("Argo", "Length", "left")


def test_cells_of_a_span_and_the_beginning_of_a_table(ships: Document) -> None:
    """Cells that a span cuts are between; the beginning of a table keeps the headers while the rest is read."""
    (table,) = ships.tables
    row = line(ships, "Argo")
    words = [ships.text[cell.start : cell.end] for cell in cells_between(table, Span(row.start + 2, row.end - 2))]
    assert words == ["Argo", "31", "Iolcus"]
    (table,) = ships.tables
    row = line(ships, "Argo")
    begun = table.before(row.end)
    assert begun.end == row.end
    assert [ships.text[cell.start : cell.end] for cell in begun.cells][-1] == "Iolcus"
    assert words_above([begun], row, row.of(ships.text)) == words_above([table], row, row.of(ships.text))


def test_a_table_with_very_many_columns_adds_few_words() -> None:
    """The context has a limit."""
    wide = grid([[f"column number {n}" for n in range(300)], [str(n) for n in range(300)]])
    document = compose(Draft([wide]), Content(b"", formats.PLAIN), id="a" * 64, source="/wide")
    last = line(document, "299")
    assert len(words_above(document.tables, last, "")) <= 600
