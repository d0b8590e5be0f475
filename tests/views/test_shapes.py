"""Windows of tables, messages, slides, recordings, notebooks and code: each block has the shape of its format."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from index.loading.draft import Block, paragraph
from index.loading.grid import Outline, grid
from index.records import Span
from index.storage.catalog.document_queries import Excerpt
from index.views.blocks import runs
from index.views.windows import MAX_BLOCK_CHARACTERS, REACH, window
from tests import shapes
from tests.cases import cases
from tests.nightly import length
from tests.views.test_windows import join_blocks

if TYPE_CHECKING:
    from index.records import Document, Table
    from index.views.blocks import Part, ShownTable, TextBlock


def seen(document: Document, words: str = "") -> tuple[TextBlock, ...]:
    """Return the window around the first of these words."""
    span = Span(at := document.text.index(words), at + len(words))
    excerpt = Excerpt(0, document.text, document.landmarks)
    return window(excerpt, span, document.tables, document.media_type)


def text_of(parts: tuple[Part, ...]) -> str:
    """Return words, with the marked ones in brackets."""
    return "".join(f"[{part.text}]" if part.marked else part.text for part in parts)


def lines_of(table: ShownTable) -> list[str]:
    """Return the rows with their numbers; `*` stands before a header of a marked cell."""
    rows = (*table.head, *table.rows)
    return [
        f"{row.number}: {' | '.join('*' * cell.is_near + text_of(cell.parts) for cell in row.cells)}" for row in rows
    ]


def test_cell_of_a_sheet_is_marked_below_its_letters_and_headers() -> None:
    """Rows have the numbers of the file, and the headers of the marked cell are emphasised."""
    rows = [["Grade", "Strength", "Note"], ["B5", "690", ""], ["B7", "860", "tempered"]]
    document = shapes.document(
        "a.xlsx", shapes.SHEET, [grid(rows, Outline("sheet", header_rows=1, row_numbers=(4, 5, 6)))]
    )
    (block,) = seen(document, "860")
    assert block.table
    assert block.table.letters == ("A", "B", "C")
    assert lines_of(block.table) == ["4: Grade | *Strength | Note", "5: B5 | 690 | ", "6: *B7 | [860] | tempered"]
    assert [cell.heads for cell in block.table.rows[1].cells] == ["row", "", ""]
    assert [cell.is_number for cell in block.table.rows[1].cells] == [False, True, False]


def test_headers_are_repeated_above_later_rows_of_a_long_table() -> None:
    """A window in the middle of a sheet names the columns."""
    blocks = seen(shapes.sheet(), "4512")
    marked = next(block for block in blocks if block.is_marked)
    assert marked.table
    assert marked.start > 0
    assert [text_of(cell.parts) for cell in marked.table.head[0].cells[:2]] == ["Item", "Month 1"]
    assert [part.start for part in marked.table.head[0].cells[0].parts] == [-1]
    near = [cell for row in (*marked.table.head, *marked.table.rows) for cell in row.cells if cell.is_near]
    assert [text_of(cell.parts) for cell in near] == ["Month 13", "Item 45"]


def test_words_beyond_one_cell_are_marked_in_each() -> None:
    """A quoted row has a mark in every cell, and none on the bars between them."""
    rows = [["Grade", "Strength"], ["B5", "690"]]
    (block,) = seen(shapes.document("a.csv", "text/csv", [grid(rows, Outline("rows", header_rows=1))]), "B5 | 690")
    assert block.table
    assert lines_of(block.table)[1] == "2: [B5] | [690]"
    assert text_of(block.parts) == "Grade | Strength\n[B5 | 690]"


def test_table_with_many_columns_and_few_words_is_not_shown_as_gaps() -> None:
    """A sheet with a thousand columns and one word in each row is shown with the columns that have words."""
    rows = [[""] * (3 * n) + [f"word {n}"] for n in range(300)]
    document = shapes.document("a.xlsx", shapes.SHEET, [grid(rows, Outline("sheet", header_rows=0, header_columns=0))])
    for block in seen(document, "word 150"):
        assert block.table
        assert sum(len(row.cells) for row in block.table.rows) < 3_000


GRIDS = st.lists(
    st.lists(st.sampled_from(["", "a", "12", "word " * 8, "long " * 300, "x" * 4_000]), min_size=2, max_size=5),
    min_size=2,
    max_size=40,
)


@settings(max_examples=length(30, 150), deadline=None)
@given(st.data(), st.lists(GRIDS, min_size=1, max_size=3))
def test_windows_of_tables_agree_on_their_blocks(data: st.DataObject, grids: list[list[list[str]]]) -> None:
    """A window is a part of the text, no longer than usual, and the same from an excerpt as from the whole."""
    document = shapes.document("a.csv", "text/csv", [grid(rows, Outline("rows")) for rows in grids])
    if not document.text:
        return
    at = data.draw(st.integers(0, len(document.text) - 1))
    span = Span(at, min(len(document.text), at + data.draw(st.integers(0, 300))))
    excerpt = Excerpt(0, document.text, document.landmarks)
    blocks = window(excerpt, span, document.tables)
    assert join_blocks(document.text, blocks) == document.text[blocks[0].start : blocks[-1].end]
    assert all(block.end - block.start <= MAX_BLOCK_CHARACTERS for block in blocks)
    start, end = max(0, span.start - REACH), span.end + REACH
    marks = tuple(mark for mark in document.landmarks if start <= mark.start <= end)
    tables = tuple(table for table in document.tables if table.start < end and table.end > start)
    assert window(Excerpt(start, document.text[start:end], marks), span, tables) == blocks


def all_words(table: ShownTable) -> str:
    """Return the words of the cells that are in the text here."""
    cells = (cell for row in (*table.head, *table.rows) for cell in row.cells)
    return "".join(part.text for cell in cells for part in cell.parts if part.start >= 0)


@settings(max_examples=length(20, 100), deadline=None)
@given(GRIDS)
def test_no_word_of_a_table_is_left_out(rows: list[list[str]]) -> None:
    """All blocks together show every cell, in order."""
    document = shapes.document("a.csv", "text/csv", [grid(rows, Outline("rows"))])
    excerpt, at, words = Excerpt(0, document.text, document.landmarks), 0, ""
    while document.tables and at < len(document.text):
        blocks = window(excerpt, Span(at, at), document.tables)
        words += "".join(all_words(block.table) if block.table else text_of(block.parts) for block in blocks)
        at = blocks[-1].end
    if document.tables:
        squeezed = "".join(words.replace("|", " ").split())
        assert squeezed == "".join("".join(row) for row in rows).replace(" ", "")


@cases("table", shapes.sheet().tables)
def test_runs_cover_a_table(table: Table) -> None:
    """Runs of cells follow each other from the start of the table to its end."""
    found = list(runs(table))
    assert [found[0][0], found[-1][1]] == [table.start, table.end]
    assert all(before[1] == after[0] for before, after in pairwise(found))


def test_head_of_a_message_is_a_list_and_a_reply_is_quoted() -> None:
    """The mark may lie in a field, and the lines of a reply are blocks of their own."""
    head, body, reply = seen(shapes.message(), "Boris Holm")
    assert [head.form, body.form, reply.form] == ["fields", "", "quoted"]
    assert [(text_of(name), text_of(value)) for name, value in head.fields] == [
        ("From", "Anna Berg <anna@example.org>"),
        ("To", "[Boris Holm] <boris@example.org>"),
        ("Date", "5 May 2024"),
        ("Subject", "The pump"),
    ]
    assert head.is_section
    assert text_of(reply.parts).count("\n") == 1


def test_slide_has_its_text_and_its_notes_apart() -> None:
    """Each slide begins a section, and its notes another one."""
    blocks = seen(shapes.slides(), "dry")
    assert [(block.place, block.form) for block in blocks if block.place] == [
        ("slide 1, “The Year”", ""),
        ("slide 2, “Results”", ""),
        ("slide 2, “Results”, notes", "notes"),
        ("slide 3, “Outlook”", ""),
    ]
    assert [text_of(block.parts) for block in blocks if block.form == "slide"] == [
        "Fourteen wells were drilled.\nThree of them were [dry].",
        "The next season begins in April.",
    ]


def test_code_keeps_its_lines_numbers_and_blanks() -> None:
    """Each line has its number beside it, its indentation, and empty lines before it."""
    blocks = seen(shapes.code(), "math.pi")
    assert [(block.margin and block.margin.words, block.indent, block.is_apart) for block in blocks] == [
        ("1", "", False),
        ("3", "", True),
        ("4", "    ", False),
        ("5", "    ", False),
    ]
    assert {block.form for block in blocks} == {"code"}


def test_moments_have_their_time_and_speaker_beside_them() -> None:
    """Each moment is a block, although they are one paragraph."""
    blocks = seen(shapes.subtitles(), "pilot")
    assert [tuple(block.margin or ()) for block in blocks] == [
        ("00:12:04", "", "Clara"),
        ("00:12:09", "", "David"),
        ("00:12:15", "", "Clara"),
    ]


@cases("label", ["chapter 3", "author.name", "line 3 of 7", "00:12", ""])
def test_only_short_names_stand_beside_the_text(label: str) -> None:
    """Other names of places stand above it."""
    document = shapes.document("a.json", "application/json", [shapes.placed(paragraph("A whale."), label, 0)])
    (block,) = seen(document)
    assert bool(block.margin) is (label == "00:12")


def test_lines_of_prose_do_not_divide_a_paragraph() -> None:
    """In TeX, a paragraph over several lines of the file is one block."""
    blocks = [Block("The king signed\nthe treaty.", places=((0, "line 3", 0), (16, "line 4", 0)))]
    (block,) = seen(shapes.document("a.tex", "text/x-tex", blocks), "treaty")
    assert (block.margin and block.margin.words, text_of(block.parts)) == ("3", "The king signed\nthe [treaty].")
