"""Grids of texts become tables whose cells are found by their headers."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from index.loading import formats
from index.loading.draft import Block, Content, Draft, compose, paragraph
from index.loading.grid import Merged, Outline, count_headers, count_titles, grid, kind, label_columns
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


def test_cells_have_headers_and_names() -> None:
    """Headers of two rows are joined; a sheet names cells by letters, a file of rows by its columns."""
    found = document(paragraph("Before."), grid(GRADES))
    assert found.text.startswith("Before.\n\nGrade | Strength, MPa")
    assert cell(found, "1000") == ("Strength, MPa, min · SNB22-3", "table 1, row 3")
    assert cell(found, "SNB22-4") == ("Grade", "table 1, row 4")
    assert cell(found, "min") == ("", "table 1, row 2")
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
LEFT = [["", "Ships", "", "Boats", ""], ["Port", "old", "new", "old", "new"], ["Hull", "11", "12", "13", "14"]]
HEADS: dict[str, tuple[list[list[str]], str, str]] = {
    "bands of numbers": ([["Age", "15 - 24", "25 - 44"], ["Hull", "120", "300"]], "300", "25 - 44 · Hull"),
    "below one that says nothing": (
        [["", "#NAME?", "#NAME?"], ["Port", "Ships", "Boats"], ["Hull", "12", "3"]],
        "3",
        "Boats · Hull",
    ),
    "one for the names of the rows": ([*SENSE, ["Women", "25 - 44", "Wick", "21", "50"]], "Wick", "Town · Women"),
    "over the middle of its columns": (MIDDLE, "14", "Boats, a · Hull"),
    "at the left of their columns": (LEFT, "14", "Boats, new · Hull"),
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


def test_grids_without_words_or_of_one_cell_are_no_tables() -> None:
    """A box around a text is a paragraph."""
    assert grid([]) == grid([["", " "], []]) == Block("")
    assert grid([["", "Only this"], [""]]).tables == ()


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


# The headers of a table are told from its words, their kinds and the gaps between them


KINDS = {
    "number": [
        "$(94.00)", "-€5", "CHF 1,200", "(US$3.5)", "kr 12", "1,234.00 €", "12", "-3.5", "1,200", "1 200,50",
        "12 %", "$ 4.2", "(17)", "12 mm", "98.3% n=2 (97.7%, n=3)", "1e5",
    ],
    "year": ["2019", "FY 22", "2019/20", "2025E"],
    "date": ["2020-01-05", "5.1.2020", "5/1/20", "Jan 2020", "Q1 2023", "H1", "12:30", "1/19 - 1/25", "5 May 2020"],
    "word": [
        "Revenue",
        "Mary",
        "Mayor",
        "Junior",
        "Decimal",
        "Item 1A.",
        "Column 2",
        "ISO 9001",
        "USD",
        "EUR million",
        "n. d.",
        "a" * 50,
        "1" * 50,
    ],
    "": ["", "#DIV/0!", "#N/A", "-", "—", "n/a", "..."],
}  # fmt: skip


@cases(("expected", "words"), [(expected, word) for expected, words in KINDS.items() for word in words])
def test_words_are_of_a_kind(expected: str, words: str) -> None:
    """Numbers with signs, units and currencies; years; dates of many forms; words; and nothing."""
    assert kind(words) == expected


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]


HEADERS = {
    "words above numbers": ("Team | Cups\nBlues | 1\nFlyers | 2", 1),
    "years above numbers": ("Sales | 2022 | 2023\nNorth | 12.5 | 13\nSouth | 7 | 8", 1),
    "years above years": ("2001 | 2002\n2003 | 2004", 0),
    "dates above numbers": ("| 2020-01-31 | 2020-02-29\nNorth | 12 | 13", 1),
    "numbers of columns": ("Grade | 1 | 2 | 3\nA | good | bad | bad\nB | bad | good | good", 1),
    "numbers": ("1 | 2\n3 | 4\n5 | 6", 0),
    "a first row of data": ("Tern | 1911 | 12.5\nSkua | 1912 | 13", 0),
    "words": ("Name | City | Role\nAda | London | poet\nMary | Bath | maid", 1),
    "the same words": ("x | x | x\nx | x | x\nx | x | x", 0),
    "words that come again": ("red | blue\nred | green\ngreen | blue", 0),
    "two rows, the upper one with gaps": ("Grade | Strength |\n | min | max\nA | 1 | 2\nB | 3 | 4", 2),
    "a row of units": ("Grade | Strength | Stretch\n- | N/mm 2 | %\nBars | 890 | 12", 2),
    "a label above the right column": (
        "In millions | | | 2023\n | Sales | Profit | Loss\nNorth | 1 | 2 | 3\nSouth | 4 | 5 | 6",
        2,
    ),
    "a corner that only the second row has": ("| Cups |\nTeam | won | lost\nBlues | 1 | 2\nFlyers | 3 | 4", 2),
    "a group of rows": ("Team | Cups\nEast | \nBlues | 1\nFlyers | 2", 1),
    "sentences": (
        f"{'A long sentence, which names no column. ' * 3} | {'Another one of the kind. ' * 4}\nTern | Skua",
        0,
    ),
    "one row": ("Team | Cups", 0),
    "one column": ("Ada\nMary\nAnne", 0),
    "one column of numbers": ("Price\n3.20\n4.10", 1),
}


FORMS = {
    "names and values": ("Name | Ada\nBorn | 1815-12-10\nField | mathematics\nHeight | 170", 0),
    "names with colons": ("Name: | Ada\nTown: | London\nTrade: | poetry", 0),
    "words only": ("Name | Ada\nTown | London\nTrade | poetry", 0),
    "a header of values": ("Term | Meaning\nTern | a bird\nSkua | another", 1),
    "headers that are alike": ("Column 1 | Column 2\nTern | Skua", 1),
    "short headers above long values": (f"Clause | Text\n1 a | {'It is agreed. ' * 9}\n1 b | {'It is not. ' * 9}", 1),
    "words above numbers": ("Team | Cups\nBlues | 1\nFlyers | 2", 1),
}


@cases(("forms", "tables"), [(False, HEADERS), (True, FORMS)], ids=["tables", "forms"])
def test_rows_of_headers_are_counted(tables: dict[str, tuple[str, int]], *, forms: bool) -> None:
    """Headers differ from what is below them and name most columns; the first row of a form is one of its pairs."""
    counted = {name: count_headers(_rows(text), forms=forms) for name, (text, _) in tables.items()}
    assert counted == {name: expected for name, (_, expected) in tables.items()}


LABELS = {
    "words": ("Blues | 1 | 2\nFlyers | 3 | 4", (0,)),
    "years": ("2019 | 1 | 2\n2020 | 3 | 4", (0,)),
    "numbers that occur once": ("17 | 1.5 | 2\n18 | 3 | 4.1", (0,)),
    "numbers that are values": ("1.5 | 17 | 2\n1.7 | 18 | 4", ()),
    "numbers that come again": ("4 | 1 | 2\n4 | 3 | 4", ()),
    "counted rows": ("1 | Blues | 7\n2 | Flyers | 9", (0, 1)),
    "numbered items": ("Item 1. | | Business | 4\nItem 1A. | | Risks | 9", (0, 2)),
    "groups that come again": (
        "Fruit | pear | 1\nFruit | plum | 2\nFruit | fig | 3\nRoot | beet | 4\nRoot | yam | 5",
        (0, 1),
    ),
    "an empty first column": ("| Blues | 1\n | Flyers | 2", (1,)),
    "one column": ("Ada\nMary", ()),
    "long texts": (f"{'It is agreed. ' * 9} | 1\n{'It is not agreed. ' * 9} | 2", ()),
}


@cases(("text", "expected"), LABELS.values(), ids=LABELS.keys())
def test_columns_that_name_rows_are_found(text: str, expected: tuple[int, ...]) -> None:
    """The first column with words names the rows; with the second one if it only counts or repeats."""
    assert label_columns(_rows(text)) == expected


def test_numbers_name_rows_only_below_a_header() -> None:
    """In a table of numbers alone, no number is a name."""
    assert label_columns(_rows("1 | 2\n3 | 4"), headed=False) == ()


def test_titles_stand_alone_above_a_table() -> None:
    """A row with one cell is a title if wider rows follow; its words are the caption and in no header."""
    assert count_titles(_rows("Cups | \nTeam | Cups\nBlues | 1")) == 1
    assert count_titles(_rows("Cups | \nMore | ")) == 0
    (table,) = grid(_rows("Cups since 1967 | \nTeam | Cups\nBlues | 1\nFlyers | 2")).tables
    assert (table.caption, table.header_rows) == ("Cups since 1967", 2)


COLUMNS = {
    "a spanner over the columns to its right": (
        "Grade | Strength |\n | min | max\nA | 1 | 2",
        ("Grade", "Strength, min", "Strength, max"),
    ),
    "a spanner at the right of its group": (
        "| | 2023 | | | 2022\n | won | lost | | won | lost\nA | 1 | 2 | | 3 | 4",
        ("", "2023, won", "2023, lost", "", "2022, won", "2022, lost"),
    ),
    "one label for all columns": (
        "CHF | | | | 2023\n | won | lost | | drawn\nA | 1 | 2 | | 3",
        ("CHF", "2023, won", "2023, lost", "", "2023, drawn"),
    ),
    "a header between two columns of words": (
        "Topic | Period | | Page\nSales | FY 22 | FY 23 | 4\nCosts | FY 22 | FY 23 | 5",
        ("Topic", "Period", "Period", "Page"),
    ),
    "no header above numbers": (
        "Topic | Sales | | Page\nTea | 1.5 | 2.5 | 4\nOil | 3.5 | 4.5 | 5",
        ("Topic", "Sales", "", "Page"),
    ),
    "a title above the headers": ("Cups since 1967 | \nTeam | Cups\nBlues | 1\nFlyers | 2", ("Team", "Cups")),
    "dashes": ("- | Cups | Goals\nBlues | 1 | 2\nFlyers | 3 | 4", ("", "Cups", "Goals")),
}


@cases(("text", "expected"), COLUMNS.values(), ids=COLUMNS.keys())
def test_headers_of_columns_are_joined_from_the_top(text: str, expected: tuple[str, ...]) -> None:
    """A label in a higher row stands for the whole group of columns below it."""
    assert grid(_rows(text)).tables[0].columns == expected


def test_merged_headers_stand_for_all_their_columns_and_rows() -> None:
    """The words of a merged cell are written once, and are headers of all columns or rows that it spans."""
    rows: list[list[str | None]] = [
        ["Team", "Cups", None],
        [None, "won", "lost"],
        ["East", "Blues", "1"],
        ["", "Flyers", "2"],
    ]
    merged = [Merged(0, 0, 1, 0), Merged(0, 1, 0, 2), Merged(2, 0, 3, 0)]
    block = grid(rows, Outline(header_rows=2, merged=merged))
    (table,) = block.tables
    assert block.text == "Team | Cups\nwon | lost\nEast | Blues | 1\n| Flyers | 2"
    assert table.columns == ("Team", "Cups, won", "Cups, lost")
    assert table.rows == ("", "", "East, Blues", "East, Flyers")
    assert table.labels == (0, 1)


def test_a_grid_of_endless_places_is_text() -> None:
    """Merged cells and rows that claim very many places take neither time nor memory."""
    rows: list[list[str]] = [["a", *[""] * 20_000, "b"], *[["c", "d"] for _ in range(600)]]
    many = grid(rows)
    assert many.tables == ()
    assert many.text.endswith("\nc | d")
    traps = [Merged(0, 0, 1 << 40, 1 << 20)] * 3
    assert grid([["Team", "Cups"], ["Blues", "1"]], Outline(merged=traps)).tables[0].columns == ("Team", "Cups")
