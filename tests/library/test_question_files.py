"""Tables of questions: what every format becomes, and how edited lines find their rows; workbooks, hostile ones too."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

from index.errors import BatchError
from index.library.question_files import (
    MAX_CELL_CHARACTERS,
    QuestionTable,
    Sheet,
    SheetCell,
    clean,
    distinct,
    joined,
    questions_in,
    read_rows,
    workbook,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE = QuestionTable(("Who?", "Where?", "When?"), ("id",), (("1",), ("2",), ("3",)))


@pytest.mark.parametrize(
    ("text", "questions", "columns", "cells"),
    [
        pytest.param(
            "id,question,topic\n1,Who?,a\n2,Where?,b\n", ("Who?", "Where?"), ("id", "topic"), (("1", "a"), ("2", "b")),
            id="in order",
        ),
        pytest.param("\ufeffQuestion;id\nWho?;1\n", ("Who?",), ("id",), (("1",),), id="byte order mark, semicolons"),
        pytest.param("sep=;\nid;question\n1;Who, me?\n", ("Who, me?",), ("id",), (("1",),), id="stated separator"),
        pytest.param("id\tquestion\n1\tWho?\n", ("Who?",), ("id",), (("1",),), id="tabs"),
        pytest.param(
            'question,note\n"Who, and\nwhere?","a ""b"""\n', ("Who, and\nwhere?",), ("note",), (('a "b"',),), id="cited"
        ),
        pytest.param("question,id\n,\nWho?,1\n\n  ,2\n", ("Who?",), ("id",), (("1",),), id="empty rows"),
        pytest.param("question,id,x\nWho?\n", ("Who?",), ("id", "x"), ((None, None),), id="short row"),
        pytest.param("question\nWho?,1\n", ("Who?",), ("column 2",), (("1",),), id="long row"),
        pytest.param(
            "id,question,id,\n1,Who?,2,3\n", ("Who?",), ("id", "id (2)", "column 4"), (("1", "2", "3"),), id="names"
        ),
        pytest.param("Who?;1\nWhere?;2\n", ("Who?", "Where?"), ("column 2",), (("1",), ("2",)), id="no head"),
        pytest.param("Who; where?\nWhen?\n", ("Who; where?", "When?"), (), ((), ()), id="semicolon in a sentence"),
    ],
)  # fmt: skip
def test_columns_of_a_csv_are_kept(text: str, questions: object, columns: object, cells: object) -> None:
    """Any usual separator is read, and cells keep their words exactly."""
    table = questions_in("a.csv", text.encode())
    assert (table.questions, table.columns, table.cells) == (questions, columns, cells)


def test_columns_of_json_lines_keep_their_types() -> None:
    """A column is every key of any line; a line without it has a gap. What JSON does not know becomes text."""
    lines = ['{"question": "Who?", "id": 7, "tags": ["a"]}', '{"n": NaN, "question": "Where?", "id": 1e999}']
    table = questions_in("a.jsonl", "\n".join(lines).encode())
    assert table.columns == ("id", "tags", "n")
    assert table.cells == ((7, ["a"], None), ("inf", None, "NaN"))
    assert QuestionTable.from_json(table.to_json()) == table


def test_line_of_json_that_is_no_record_is_refused() -> None:
    """A list has no question."""
    with pytest.raises(BatchError, match="line 2: there is no question"):
        questions_in("a.jsonl", b'{"question": "Who?"}\n["question"]\n')


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        pytest.param(["Who?", "Where?", "When?"], ["1", "2", "3"], id="unchanged"),
        pytest.param(["Who?", "Where exactly?", "When?"], ["1", "2", "3"], id="edited in place"),
        pytest.param(["Who?", "When?"], ["1", "3"], id="removed"),
        pytest.param(["Who?", "Why?", "Where?", "When?"], ["1", None, "2", "3"], id="added"),
        pytest.param(["When?", "Who?", "Where?"], ["3", "1", "2"], id="moved"),
        pytest.param(["A?", "B?"], [None, None], id="replaced by fewer"),
        pytest.param(["Who?", "Who?"], ["1", None], id="written twice"),
    ],
)
def test_lines_find_their_rows(lines: list[str], cells: list[str | None]) -> None:
    """By order and by content: the reader may edit, move, add and remove questions before asking."""
    matched = TABLE.matched(lines)
    assert matched.questions == tuple(lines)
    assert [row[0] for row in matched.cells] == cells


def test_questions_of_several_lines_are_matched_as_the_page_shows_them() -> None:
    """The box has one line for each question."""
    table = QuestionTable(("Who,\n and where?",), ("id",), (("1",),))
    assert table.matched(["Who, and where?"]).cells == (("1",),)


def test_tables_are_joined_below_each_other() -> None:
    """Columns of one name are one column; the others have gaps."""
    other = QuestionTable(("Why?",), ("topic", "id"), (("a", "4"),))
    both = joined([TABLE, other])
    assert both.columns == ("id", "topic")
    assert both.cells == (("1", None), ("2", None), ("3", None), ("4", "a"))


@pytest.mark.parametrize("text", ["", "[]", "{", "[1,2,3]", '[["a"],["b"],[]]', '[["a"],["b"],[[]]]', "[" * 5000])
def test_damaged_table_is_refused(text: str) -> None:
    """A form of the page may hold anything."""
    with pytest.raises(BatchError):
        QuestionTable.from_json(text)


def test_names_become_distinct() -> None:
    """No name is lost, and none is given twice."""
    assert distinct(["id", "id", "id (2)"]) == ("id", "id (3)", "id (2)")
    assert distinct(["answer", "answer"], ["answer"], "yours") == ("answer (yours)", "answer (yours 2)")
    assert json.dumps(distinct([])) == "[]"


# Workbooks


def saved(*rows: Sequence[object]) -> bytes:
    """Return a workbook with these rows, made by openpyxl alone."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_written_sheet_can_be_read_and_printed() -> None:
    """Its first row and column stay in view and on every printed page; links and line breaks are kept."""
    sheet = Sheet(
        "Answers", ("a", "b"), [[SheetCell("x\ny"), SheetCell("z", "https://e.org/#1"), SheetCell(3)]], (30, 20)
    )
    page = load_workbook(io.BytesIO(workbook([sheet])))["Answers"]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [["a", "b", None], ["x\ny", "z", 3]]
    assert page["B2"].hyperlink.target == "https://e.org/#1"
    assert (page.freeze_panes, page.print_title_rows, page.print_title_cols) == ("B2", "$1:$1", "$A:$A")
    assert page.page_setup.orientation == "landscape"
    assert page["A2"].alignment.wrap_text
    assert page.column_dimensions["A"].width == 30


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "#N/A", "{=1}", "1e5", "TRUE"])
def test_text_is_text(text: str) -> None:
    """No text becomes a formula, an error, a number or a truth value, in the file or when a reader edits the cell."""
    data = workbook([Sheet("S", ("a",), [[SheetCell(text)]], (9,))])
    cell = load_workbook(io.BytesIO(data))["S"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_cells_hold_what_excel_can_read() -> None:
    """Control characters go, and a long text is cut at a whole character."""
    assert clean("a\x00\x0b\ufffe\ud800b\n\tc") == "ab".replace("b", "\ufffdb\n\tc")
    cut = clean("\U0001f433" * MAX_CELL_CHARACTERS)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_CELL_CHARACTERS
    assert cut.endswith("\U0001f433 …")
    assert clean("x" * MAX_CELL_CHARACTERS) == "x" * MAX_CELL_CHARACTERS


def test_link_that_excel_refuses_is_left_out() -> None:
    """The cell stays; a link inside the workbook is one, too."""
    cells = [SheetCell("a", "https://e.org/" + "x" * 3000), SheetCell("b", "#S!A1")]
    page = load_workbook(io.BytesIO(workbook([Sheet("S", ("a", "b"), [cells], (9, 9))])))["S"]
    assert page["A2"].hyperlink is None
    assert page["B2"].hyperlink.location == "S!A1"


def test_questions_are_read_from_a_workbook() -> None:
    """Numbers stay numbers, dates are ISO, and empty rows are left out."""
    data = saved(
        ["id", "Question", "due", "at", "ok"],
        [7, "Who?", date(2020, 12, 5), time(9, 30), True],
        [None, None, None],
        [8.5, " Where? ", datetime(2020, 12, 5, 9, 30), None, None],
    )
    table = questions_in("a.xlsx", data, 100)
    assert table.questions == ("Who?", "Where?")
    assert table.columns == ("id", "due", "at", "ok")
    assert table.cells == ((7, "2020-12-05", "09:30:00", "True"), (8.5, "2020-12-05T09:30:00", None, None))


def test_formula_without_a_result_is_an_empty_cell() -> None:
    """Nothing is computed here."""
    assert questions_in("a.xlsx", saved(["question", "n"], ["Who?", "=1+1"])).cells == ((None,),)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no workbook", saved(["question"], ["Who?"])[:-200]])
def test_damaged_workbook_is_refused(data: bytes) -> None:
    """The error says what to do."""
    with pytest.raises(BatchError, match="is not a workbook that can be read") as caught:
        questions_in("a.xlsx", data)
    assert caught.value.hint


def test_archive_without_a_sheet_is_refused() -> None:
    """A zip archive of something else, and one whose parts are no XML."""
    for parts in ({"a.txt": b"x"}, {"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        with pytest.raises(BatchError):
            read_rows("a.xlsx", file.getvalue())


def test_zip_bomb_is_refused_unread() -> None:
    """Megabytes of zeros take no memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(101_000_000))
    with pytest.raises(BatchError, match="would unpack to 101 megabytes"):
        read_rows("a.xlsx", file.getvalue())


@pytest.mark.parametrize(
    "entities",
    [
        pytest.param("".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 100}">' for n in range(1, 7)), id="a bomb"),
        pytest.param('<!ENTITY e6 SYSTEM "file:///etc/hostname">', id="a file of the server"),
    ],
)
def test_workbook_with_entities_is_refused(entities: str) -> None:
    """Nothing is expanded, and nothing outside the workbook is read."""
    source, file = zipfile.ZipFile(io.BytesIO(saved(["question"], ["Who?"]))), io.BytesIO()
    with source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            text = source.read(info).decode()
            if info.filename == "xl/worksheets/sheet1.xml":
                text = f'<!DOCTYPE s [<!ENTITY e0 "xxxxxxxxxx">{entities}]>{text}'.replace("Who?", "&e6;")
            archive.writestr(info, text)
    with pytest.raises(BatchError):
        read_rows("a.xlsx", file.getvalue())


def test_workbook_with_far_too_many_cells_is_refused() -> None:
    """By rows and by columns."""
    with pytest.raises(BatchError, match="too many rows"):
        questions_in("a.xlsx", saved(*([f"q{n}"] for n in range(30))), 2)
    with pytest.raises(BatchError, match="too many columns"):
        questions_in("a.xlsx", saved(["x"] * 300), 2)
