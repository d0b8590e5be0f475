"""Grids of texts become tables whose cells are found by their headers."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from index.loading import formats
from index.loading.draft import Block, Content, Draft, compose, paragraph
from index.loading.grid import Merged, Outline, grid
from index.records import Document, Span, Table
from tests.cases import cases

GRADES = [["Grade", "Strength, MPa", ""], ["", "min", "max"], ["SNB22-3", "1000", "1200"], ["SNB22-4", "930", ""]]
CELLS = st.text(st.characters(codec="utf-8"), max_size=12)


def document(*blocks: Block) -> Document:
    """Return the document of these blocks."""
    return compose(Draft(blocks), Content(b"", formats.PLAIN), id="0" * 64, source="/table")


def cell(found: Document, words: str) -> tuple[str, str]:
    """Return the quotation and the name of the only cell with these words."""
    ((table, place),) = [(t, c) for t in found.tables for c in t.cells if found.text[c.start : c.end] == words]
    return " · ".join(table.headers(place)), table.name(place)


def test_a_cell_has_the_headers_of_its_column_and_its_row() -> None:
    """Headers of two rows are joined."""
    found = document(paragraph("Before."), grid(GRADES))
    assert found.text.startswith("Before.\n\nGrade | Strength, MPa")
    assert cell(found, "1000") == ("Strength, MPa, min · SNB22-3", "table 1, row 3")
    assert cell(found, "SNB22-4") == ("Grade", "table 1, row 4")
    assert cell(found, "min") == ("", "table 1, row 2")


def test_cells_of_sheets_and_of_rows_have_their_own_names() -> None:
    """A spreadsheet names cells by letters, a file of rows by its columns."""
    sheet = document(grid(GRADES, Outline("sheet", row_numbers=(3, 4, 7, 9), column_numbers=(2, 27, 28))))
    assert cell(sheet, "1000")[1] == "AA7"
    plain = document(grid([["price", "name"], ["3.20", "tea"]], Outline("rows", header_rows=1)))
    assert cell(plain, "tea")[1] == "row 2, column “name”"


ONE_CELL = [["Harbours"], ["Hull", "12", "3"], ["Leith", "7", "4"], ["Islands"], ["Lerwick", "5", "6"]]
NESTED = [["All"], *ONE_CELL]
ONCE = [["Harbours", "Hull", "12"], ["", "Leith", "7"], ["", "Wick", "4"], ["Islands", "Mull", "5"], ["", "Foula", "6"]]
GROUPED = {
    "a later group": (ONE_CELL, "5", "Ships · Islands, Lerwick"),
    "the name of a group": (ONE_CELL, "Islands", "Port"),
    "a group within a group": (NESTED, "12", "Ships · All, Harbours, Hull"),
    "a column of groups": (ONCE, "7", "Boats · Harbours, Leith"),
    "its second group": (ONCE, "6", "Boats · Islands, Foula"),
}


@cases(("rows", "words", "expected"), GROUPED.values(), ids=GROUPED.keys())
def test_a_group_of_rows_is_part_of_their_names(rows: list[list[str]], words: str, expected: str) -> None:
    """Whether a row or a column names the groups."""
    assert cell(document(grid([["Port", "Ships", "Boats"], *rows])), words)[0] == expected


def test_data_without_values_names_no_group() -> None:
    """Neither a single row in the middle of a table, nor rows of a file of data, which has a name for each field."""
    rows = [["Port", "Ships"], ["Hull", "12"], ["Leith"], ["Wick", "4"]]
    assert cell(document(grid(rows)), "4")[0] == "Ships · Wick"
    data = [*rows[:2], ["Leith"], ["Mull"], rows[3]]
    assert cell(document(grid(data, Outline("rows", header_rows=1))), "4")[0] == "Ships · Wick"


SENSE = [["Sense", "", "", "0 - 6", "7 - 10"], ["Sex", "Age", "Town", "", ""], ["Men", "15 - 24", "Hull", "12", "37"]]
MIDDLE = [["", "", "Ships", "", "", "Boats", ""], ["", *"abcabc"], ["Hull", "11", "12", "13", "14", "15", "16"]]
HEADS: dict[str, tuple[list[list[str]], str, str]] = {
    "bands of numbers": ([["Age", "15 - 24", "25 - 44"], ["Hull", "120", "300"]], "300", "25 - 44 · Hull"),
    "below one that says nothing": (
        [["", "#NAME?", "#NAME?"], ["Port", "Ships", "Boats"], ["Hull", "12", "3"]],
        "3",
        "Boats · Hull",
    ),
    "one for the names of the rows": ([*SENSE, ["Women", "25 - 44", "Wick", "21", "50"]], "Wick", "Town · Women"),
    "over the middle of its columns": (MIDDLE, "14", "Boats, a · Hull"),
    "over the middle of who knows how many": ([row[:6] for row in MIDDLE], "14", "a · Hull"),
}


@cases(("rows", "words", "expected"), HEADS.values(), ids=HEADS.keys())
def test_headers_of_two_rows_are_found(rows: list[list[str]], words: str, expected: str) -> None:
    """Where the words, the kinds and the gaps of the cells tell them."""
    assert cell(document(grid(rows)), words)[0] == expected


def test_headers_are_as_high_as_the_cells_among_them() -> None:
    """A cell that spans two rows beside one that spans two columns makes both rows headers."""
    rows: list[list[str | None]] = [
        ["Port", "Ships", None, "Boats"],
        [None, "old", "new", None],
        ["Hull", "12", "3", "5"],
    ]
    spanning = [Merged(0, 0, 1, 0), Merged(0, 1, 0, 2), Merged(0, 3, 1, 3)]
    found = document(grid(rows, Outline(merged=spanning)))
    assert cell(found, "3")[0] == "Ships, new · Hull"
    assert found.tables[0].header_rows == 2


def test_a_grid_without_words_is_no_table() -> None:
    """Neither an empty grid nor one of blanks."""
    assert grid([]) == grid([["", " "], []]) == Block("")


def test_a_long_table_has_parts_that_know_the_headers_of_its_columns() -> None:
    """Each part has whole rows."""
    rows = [["Year", "Sold", "Lost"], *([str(1000 + n), f"s{n}", f"l{n}"] for n in range(900))]
    found = document(grid(rows), grid(GRADES))
    parts = found.tables[:-1]
    assert len(parts) == 3
    assert [table.number for table in found.tables] == [1, 1, 1, 2]
    assert found.reading.tables == 2
    assert cell(found, "l899") == ("Lost · 1899", "table 1, row 901")
    assert [table.header_rows for table in found.tables] == [1, 0, 0, 2]
    assert "\n".join(found.text[table.start : table.end] for table in parts) == found.text.split("\n\n")[0]


@given(st.lists(st.lists(CELLS, max_size=5), max_size=12), st.integers(0, 3))
def test_every_cell_is_a_slice_of_the_text(rows: list[list[str]], header_rows: int) -> None:
    """Whatever a grid holds: the words of each cell are where the table says, in order, and survive JSON."""
    found = document(paragraph("Before."), grid(rows, Outline(header_rows=header_rows)))
    words = [found.text[c.start : c.end] for table in found.tables for c in table.cells]
    assert all(words)
    assert words == [word.strip() for word in words]
    for table in found.tables:
        assert [c.start for c in table.cells] == sorted(c.start for c in table.cells)
        assert all(table.start <= c.start < c.end <= table.end for c in table.cells)
        assert Table.of(json.loads(json.dumps(table.as_lists()))) == table
        assert "\n\n" not in Span(table.start, table.end).of(found.text)
