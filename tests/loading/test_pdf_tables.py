"""Tables of PDF pages become cells with headers, and what only looks like a table does not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from index.loading.loader import load, load_bytes
from index.records import Span
from tests.boxes import marks
from tests.cases import cases as each
from tests.loading.pdfs import Box, Printed, Rule, build, cells, column, grid_rules
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.records import Document, Table

LIMIT = 1 << 28
LEFTS = (72, 200, 300, 400)
ROWS = [
    ("Hive", "Bees", "Honey", "Wax"),
    ("one", "2000", "30", "7"),
    ("two", "1500", "20", "7"),
    ("three", "900", "10", "3"),
]
PROSE = [
    "The bees left the hive in the morning and came home at noon,",
    "because nobody had told them that the lindens were in flower",
    "on the other side of the river, where the millers live and",
    "where the wind brings the smell of hay into every open door.",
]


def read(*pages: Sequence[Printed | Rule | Box]) -> Document:
    """Build a PDF of these pages and load it."""
    return load_bytes(build(pages), source="table.pdf")


def table(*pages: Sequence[Printed | Rule | Box]) -> tuple[Document, Table]:
    """Return a document and its only table."""
    document = read(*pages)
    (found,) = document.tables
    return document, found


def headers(document: Document, words: str) -> list[tuple[str, ...]]:
    """Return the headers of each cell with these words, from the first to the last."""
    spans = [(found, cell) for found in document.tables for cell in found.cells]
    return [found.headers(cell) for found, cell in spans if document.text[cell.start : cell.end] == words]


STYLES: dict[str, list[Rule | Box]] = {
    "without rules": [],
    "in a grid": [*grid_rules((66, 194, 294, 394, 460), (711, 697, 683, 669, 655))],
    "between three rules": [Rule(66, y, 460, y) for y in (712, 696, 654)],
    "between thin boxes": [Box(66, y, 394, 0.8) for y in (712, 696, 654)],
    "on shaded rows": [Box(66, y, 394, 14, 0.8) for y in (696, 668)],
}


@each("rules", STYLES.values(), ids=STYLES.keys())
def test_cell_has_the_headers_above_and_beside_it(rules: list[Rule | Box]) -> None:
    """However a table is ruled, a cell has the header of its column and that of its row."""
    document, found = table([*rules, *cells(ROWS, LEFTS)])
    assert document.text == "\n".join(map(" | ".join, ROWS))
    assert found.columns == ROWS[0]
    assert headers(document, "1500") == [("Bees", "two")]
    assert headers(document, "7") == [("Wax", "one"), ("Wax", "two")]
    assert headers(document, "Honey") == [()]


def test_heading_over_several_columns_belongs_to_each_of_them() -> None:
    """Over a rule, in their middle, or in a grid without an inner rule; it is written once."""
    rows = [
        ("", "", "Top", ""),
        ("Model", "small", "large", "huge"),
        ("one", "1.5", "2.5", "3.5"),
        ("two", "4.5", "5.5", "6.5"),
    ]
    rules = [Rule(66, y, 460, y) for y in (712, 682, 650)]
    document, found = table([*rules, Rule(196, 697, 430, 697), *cells(rows, LEFTS)])
    assert found.columns == ("Model", "Top, small", "Top, large", "Top, huge")
    assert headers(document, "6.5") == [("Top, huge", "two")]
    assert document.text.count("Top") == 1
    rows = [("Hive", "Yield", "", "Wax"), ("", "Bees", "Honey", ""), *ROWS[1:]]
    xs, ys = (66, 194, 294, 394, 460), (711, 683, 669, 655, 641)
    inner = [Rule(294, 697, 294, 641), *(Rule(x, 711, x, 641) for x in (66, 194, 394, 460))]
    document, _ = table([*(Rule(66, y, 460, y) for y in ys), *inner, Rule(194, 697, 394, 697), *cells(rows, LEFTS)])
    assert headers(document, "20") == [("Yield, Honey", "two")]
    assert len(xs) == 5


def test_lines_of_a_cell_are_joined() -> None:
    """In a grid, the lines between two rules are one row, and a broken word is whole again."""
    rows = [
        ("Kind", "Task"),
        ("worker", "collects honey and pol-\nlen, and builds combs"),
        ("drone", "leaves the hive only to\nmeet a queen"),
    ]
    ys = (712, 696, 668, 640)
    printed = [cell for number, row in enumerate(rows) for cell in cells([row], (72, 200), top=ys[number] - 12)]
    document, found = table([*grid_rules((66, 194, 460), ys), *printed])
    assert headers(document, "collects honey and pollen, and builds combs") == [("Task", "worker")]
    assert len(found.rows) == 3


def test_rows_and_pairs_are_named_by_what_stands_beside_them() -> None:
    """A label in the middle of several rows names each; pairs side by side are one table; years are headers."""
    rows = [
        ("Kind", "Model", "Score"),
        ("", "small", "1.5"),
        ("", "large", "2.5"),
        ("", "small", "3.5"),
        ("", "large", "4.5"),
    ]
    labels = [Printed(72, 679, "single"), Printed(72, 651, "multi")]
    rules = [Rule(66, y, 400, y) for y in (712, 696, 668, 640)]
    document, _ = table([*rules, *labels, *cells(rows, LEFTS)])
    assert headers(document, "2.5") == [("Score", "single, large")]
    assert headers(document, "3.5") == [("Score", "multi, small")]
    pairs = [
        ("Italy", "92", "Spain", "46"),
        ("Austria", "28", "Greece", "40"),
        ("Finland", "25", "Sweden", "16"),
        ("Malta", "7", "Latvia", "9"),
    ]
    document, _ = table([*cells(pairs, LEFTS)])
    assert headers(document, "40") == [("Greece",)]
    assert document.text.index("Malta") < document.text.index("Spain")
    years = [("", "2019", "2020", "2021"), ("Sales", "410", "420", "430"), ("Costs", "310", "320", "330")]
    document, found = table([*cells(years, LEFTS)])
    assert found.header_rows == 1
    assert headers(document, "320") == [("2020", "Costs")]


CAPTIONS = {
    "above": (["Table 2: Yield of the hives."], [], "Table 2: Yield of the hives."),
    "below": ([], ["Table A.1. Yield of the hives."], "Table A.1. Yield of the hives."),
    "in German": (["Tabelle 3 – Ertrag der Völker."], [], "Tabelle 3 – Ertrag der Völker."),
    "a sentence": (["Table 2 shows the yield of all the hives."], [], ""),
    "none": ([], [], ""),
}


@each(("above", "below", "caption"), CAPTIONS.values(), ids=CAPTIONS.keys())
def test_caption_stands_above_or_below(above: list[str], below: list[str], caption: str) -> None:
    """The paragraph beside a table that begins with its number is the caption, and stays in the text."""
    printed = [*column(above, top=730), *cells(ROWS, LEFTS), *column(below, top=630)]
    document, found = table([*STYLES["between three rules"], *printed])
    assert found.caption == caption
    assert document.text.count("Yield of the hives") <= 1


def test_table_goes_on_over_pages_and_tears_no_sentence() -> None:
    """Rows on the next page belong to it, without the repeated head; a sentence goes on below it."""
    more = [ROWS[0], ("four", "800", "9", "2"), ("five", "700", "8", "1")]
    document, found = table([*cells(ROWS, LEFTS)], [*cells(more, LEFTS)])
    assert headers(document, "800") == [("Bees", "four")]
    assert document.text.count("Honey") == 1
    assert document.reading.tables == 1
    pages = [mark.start for mark in document.landmarks if mark.kind == "page"]
    assert document.text[pages[1] :].startswith("four | 800")
    assert found.row_numbers == tuple(range(1, 7))
    printed = [
        *column(PROSE[:2], top=780),
        *column(["Table 1: Hives."], top=740),
        *cells(ROWS, LEFTS),
        *column(PROSE[2:], top=600),
    ]
    document = read([*STYLES["between three rules"], *printed])
    assert len(document.tables) == 1
    assert "were in flower on the other side" in document.text


def two_columns() -> list[Printed]:
    """Return prose in two columns whose last lines are short."""
    left, right = [*PROSE, "The end of it."] * 3, [*PROSE[::-1], "And so on."] * 3
    return [*column([line[:42] for line in left]), *column([line[:42] for line in right], x=320)]


NO_TABLES: dict[str, list[Printed | Rule | Box]] = {
    "two columns of prose": [*two_columns()],
    "two columns between rules": [Rule(60, 720, 560, 720), Rule(60, 480, 560, 480), *two_columns()],
    "a list": [
        item
        for n, line in enumerate(PROSE)
        for item in (Printed(72, 700 - 14 * n, "•"), Printed(100, 700 - 14 * n, line[:40]))
    ],
    "a numbered list": [
        item
        for n, line in enumerate(PROSE)
        for item in (Printed(72, 700 - 14 * n, f"{n + 1}."), Printed(110, 700 - 14 * n, line[:40]))
    ],
    "a contents page": [
        item
        for n, line in enumerate(PROSE)
        for item in (Printed(72, 700 - 14 * n, line[:20]), Printed(450, 700 - 14 * n, str(5 * n + 3)))
    ],
    "code with line numbers": [
        Rule(60, 712, 500, 712),
        Rule(60, 640, 500, 640),
        *(
            item
            for n, line in enumerate(("import hive", "for bee in hive:", "    bee.leave()", "hive.close()"))
            for item in (Printed(66, 700 - 14 * n, str(n + 1), code=True), Printed(90, 700 - 14 * n, line, code=True))
        ),
    ],
    "a formula with its number": [
        item
        for n in range(3)
        for item in (Printed(200, 700 - 30 * n, f"a = b + {n}"), Printed(500, 700 - 30 * n, f"({n + 1})"))
    ],
    "authors": [
        *cells(
            [
                ("Ada Lovelace", "Charles Babbage"),
                ("University of Hives", "Institute of Wax"),
                ("ada@hive", "charles@wax"),
            ],
            (100, 330),
        )
    ],
    "lines of a form": [
        item
        for n, line in enumerate(("Name:", "Street:", "Town:", "Date:"))
        for item in (Printed(72, 700 - 24 * n, line), Rule(130, 698 - 24 * n, 400, 698 - 24 * n))
    ],
    "a frame around prose": [*grid_rules((60, 560), (720, 640)), *column(PROSE)],
    "the numbers of a chart": [
        *(Printed(72, 700 - 20 * n, str(100 - 20 * n)) for n in range(5)),
        *(Printed(90 + 60 * n, 600, str(2 * n)) for n in range(5)),
    ],
}


@each("printed", NO_TABLES.values(), ids=NO_TABLES.keys())
def test_what_only_looks_like_a_table_is_none(printed: list[Printed | Rule | Box]) -> None:
    """Columns of prose, lists, contents, formulas, forms, code and charts are no tables."""
    assert read(printed).tables == ()


def test_every_word_of_the_page_stays() -> None:
    """Each once; a page with more rules than a table has is read without its rules, in time."""
    rows = [(f"name {n}", *(f"{n}{place}" for place in range(3))) for n in range(30)]
    printed = [*column(PROSE, top=780), *cells([("Name", "a", "b", "c"), *rows], LEFTS, top=700)]
    words = Counter(word for item in printed for word in item.words.split())
    assert Counter(read(printed).text.replace("|", " ").split()) == words
    hatching = [Rule(60 + n % 60 * 8, 100 + n // 60 * 10, 66 + n % 60 * 8, 100 + n // 60 * 10) for n in range(3000)]
    document, _ = table([*hatching, *cells(ROWS, LEFTS)])
    assert headers(document, "1500") == [("Bees", "two")]


def test_cell_is_marked_where_it_stands_among_equal_cells(tmp_path: Path) -> None:
    """Each cell is marked at its own place, also if its words are in many cells of the page."""
    rows = [(name, "7", "7", "12" if name == "two" else "7") for name in ("one", "two", "three", "four")]
    printed = cells([("Hive", "Bees", "Honey", "Wax"), *rows], LEFTS)
    path = tmp_path / "equal.pdf"
    path.write_bytes(build([[*STYLES["between three rules"], *printed]]))
    document = load(path, max_bytes=LIMIT)
    (found,) = document.tables
    for cell in found.cells:
        (mark,) = marks(path, document, Span(cell.start, cell.end))
        (rectangle,) = mark.rectangles
        middle = (rectangle.left + rectangle.width / 2) * 612, (1 - rectangle.top - rectangle.height / 2) * 792
        left, bottom = LEFTS[cell.column], 700 - 14 * cell.row
        assert left <= middle[0] <= left + 60
        assert bottom - 2 <= middle[1] <= bottom + 11


def test_cells_of_several_lines_are_marked_though_their_lines_are_mixed(tmp_path: Path) -> None:
    """The lines of two cells side by side are painted in turn; each cell is still marked as a whole."""
    rows = [("Kind", "Task", "Food"), ("worker", "collects honey\nfor the queen", "nectar from\nmany flowers")]
    ys = (712, 696, 668)
    printed = sorted(
        (cell for number, row in enumerate(rows) for cell in cells([row], (72, 200, 300), top=ys[number] - 12)),
        key=lambda item: (-item.y, item.x),
    )
    path = tmp_path / "mixed.pdf"
    path.write_bytes(
        build(
            [
                [
                    *grid_rules((66, 194, 294, 460), (*ys, 640)),
                    *printed,
                    *cells([("drone", "waits", "honey")], (72, 200, 300), top=656),
                ]
            ]
        )
    )
    document = load(path, max_bytes=LIMIT)
    start = document.text.index("collects honey for the queen")
    end = start + len("collects honey for the queen")
    (mark,) = marks(path, document, Span(start, end))
    assert len(mark.rectangles) == 2
    assert all(200 / 612 - 0.01 < rectangle.left < 294 / 612 for rectangle in mark.rectangles)


REAL = {
    "two levels of headers": (
        "pdf/multi-column.pdf",
        "79.8",
        [("Top-20, TREC", "Single, DPR"), ("Top-20, TriviaQA", "Single, BM25 + DPR")],
    ),
    "labels of several rows": ("pdf/multi-column.pdf", "43.5", [("Retrieval Accuracy, Top-1", "L2, NLL")]),
    "cells of prose": ("pdf/multi-column.pdf", "Who plays Thoros of Myr in Game of Thrones?", [("Question",)]),
    "headers of two lines": ("pdf/embedded-images-tables.pdf", "42.121", [("Polarization resistance (Ω)", "4")]),
    "a table in one column": (
        "pdf/layout-parser-paper-with-table.pdf",
        "Layouts of history Japanese documents",
        [("Notes", "HJDataset [31]")],
    ),
    "two tables side by side": ("pdf/korean-text-with-tables.pdf", "파리바게뜨, 뚜레쥬르", [("적립 대상", "제과점")]),
    "only numbers": ("pdf/all-number-table.pdf", "11", [("1200.01",)]),
}


@NEEDS_FILES
@each(("name", "words", "expected"), REAL.values(), ids=REAL.keys())
def test_cells_of_real_tables_have_their_headers(name: str, words: str, expected: list[tuple[str, ...]]) -> None:
    """The headers are those that a reader sees above and beside the cell."""
    assert headers(load(FILES / name, max_bytes=LIMIT), words) == expected


@NEEDS_FILES
@pytest.mark.parametrize(
    "name",
    [
        "pdf/list-item-example.pdf",
        "pdf/reliance.pdf",
        "pdf/a1977-backus-p21.pdf",
        "pdf/negative-coords.pdf",
        "language-docs/fr_olap.pdf",
    ],
)
def test_real_pages_without_tables_have_none(name: str) -> None:
    """Prose in columns, lists, contents, signatures and formulas are no tables."""
    assert load(FILES / name, max_bytes=LIMIT).tables == ()


def test_caption_in_the_box_of_a_table_is_no_header() -> None:
    """The rows below it are the headers, although they have many lines."""
    title = Printed(72, 715, "Table: 5 Yield of the hives, of all kinds of bees together (in kilograms)")
    wild = "new\nand\nnever\nyet\ntame"
    rows = [("Hive", "Bees", "", "Honey"), ("", "old\nand\nby\nnow\ntame", wild, "in\njars"), *ROWS[1:]]
    tops = (699, 685, 611, 597, 583)
    printed = [cell for row, top in zip(rows, tops, strict=True) for cell in cells([row], LEFTS, top=top)]
    rules = grid_rules((66, 194, 294, 394, 460), (727, 711, 623, 609, 595, 581))
    document, found = table([title, *rules, *printed])
    assert found.caption == title.words
    assert headers(document, "2000") == [("Bees old and by now tame", "one")]
    assert headers(document, "30") == [(wild.replace("\n", " "), "one")]


def test_tables_with_equal_heads_side_by_side_are_read_one_by_one() -> None:
    """Each value has the name that stands beside it."""
    rows = [("Team", "Cups", "Team", "Cups"), ("Blues", "1", "Kings", "2"), ("Stars", "3", "Ducks", "4")]
    document, _ = table([*cells([*rows, ("Wild", "5", "Jets", "6")], LEFTS)])
    assert headers(document, "4") == [("Cups", "Ducks")]
    assert headers(document, "3") == [("Cups", "Stars")]
    assert document.text.index("Wild") < document.text.index("Kings")
    years = [("Hive", "2019", "2020", "2019"), ("Hull", "1", "3", "2"), ("Wick", "4", "6", "5")]
    assert headers(table([*cells(years, LEFTS)])[0], "5") == [("2019", "Wick")]


def test_row_in_bold_names_the_rows_below_it() -> None:
    """It is part of their names; so is one that ends with a colon."""
    rows = [
        ("Port", "Old", "New"),
        ("", "", ""),
        ("Hull", "11", "12"),
        ("Leith", "13", "14"),
        ("Islands:", "", ""),
        ("Mull", "15", "16"),
    ]
    rules = [Rule(66, y, 400, y) for y in (712, 696, 626)]
    document, _ = table([*rules, *cells(rows, LEFTS), Printed(72, 686, "Harbours", bold=True)])
    assert headers(document, "14") == [("New", "Harbours, Leith")]
    assert headers(document, "16") == [("New", "Islands:, Mull")]
