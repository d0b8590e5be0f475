"""Tables of questions: what every format becomes, and how edited lines find their rows; workbooks, hostile ones too."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

from index.errors import BatchError, PinciteError
from index.library.answer_files import ANSWER_COLUMNS
from index.library.batches import run
from index.library.question_files import (
    MAX_CELL_CHARACTERS,
    QuestionTable,
    Sheet,
    SheetCell,
    clean,
    distinct,
    joined,
    questions_in,
    read_questions,
    read_rows,
    workbook,
)
from index.records import Answer, Citation, DocumentInfo, Location
from tests.cases import cases
from tests.citations.factories import answer as citing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import Write

TABLE = QuestionTable(("Who?", "Where?", "When?"), ("id",), (("1",), ("2",), ("3",)))


@cases(
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
    """A column is every key of any line; a line without it has a gap. What JSON does not know becomes text.

    A list has no question.
    """
    lines = ['{"question": "Who?", "id": 7, "tags": ["a"]}', '{"n": NaN, "question": "Where?", "id": 1e999}']
    table = questions_in("a.jsonl", "\n".join(lines).encode())
    assert table.columns == ("id", "tags", "n")
    assert table.cells == ((7, ["a"], None), ("inf", None, "NaN"))
    assert QuestionTable.from_json(table.to_json()) == table
    with pytest.raises(BatchError, match="line 2: there is no question"):
        questions_in("a.jsonl", b'{"question": "Who?"}\n["question"]\n')


@cases(
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


def test_tables_are_joined_below_each_other() -> None:
    """Columns of one name are one column, the others have gaps, and no name is lost or given twice.

    A question of several lines is matched as the page shows it, on one line.
    """
    table = QuestionTable(("Who,\n and where?",), ("id",), (("1",),))
    assert table.matched(["Who, and where?"]).cells == (("1",),)
    other = QuestionTable(("Why?",), ("topic", "id"), (("a", "4"),))
    both = joined([TABLE, other])
    assert both.columns == ("id", "topic")
    assert both.cells == (("1", None), ("2", None), ("3", None), ("4", "a"))
    assert distinct(["id", "id", "id (2)"]) == ("id", "id (3)", "id (2)")
    assert distinct(["answer", "answer"], ["answer"], "yours") == ("answer (yours)", "answer (yours 2)")
    assert json.dumps(distinct([])) == "[]"


@cases("text", ["", "[]", "{", "[1,2,3]", '[["a"],["b"],[]]', '[["a"],["b"],[[]]]', "[" * 5000])
def test_damaged_table_is_refused(text: str) -> None:
    """A form of the page may hold anything."""
    with pytest.raises(BatchError):
        QuestionTable.from_json(text)


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


@cases("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "#N/A", "{=1}", "1e5", "TRUE"])
def test_text_is_text(text: str) -> None:
    """No text becomes a formula, an error, a number or a truth value, in the file or when a reader edits the cell."""
    data = workbook([Sheet("S", ("a",), [[SheetCell(text)]], (9,))])
    cell = load_workbook(io.BytesIO(data))["S"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_cells_hold_what_excel_can_read() -> None:
    """Control characters go, and a long text is cut at a whole character. The cell of a refused link stays."""
    assert clean("a\x00\x0b\ufffe\ud800b\n\tc") == "ab".replace("b", "\ufffdb\n\tc")
    cut = clean("\U0001f433" * MAX_CELL_CHARACTERS)
    assert len(cut.encode("utf-16-le")) // 2 <= MAX_CELL_CHARACTERS
    assert cut.endswith("\U0001f433 …")
    assert clean("x" * MAX_CELL_CHARACTERS) == "x" * MAX_CELL_CHARACTERS
    cells = [SheetCell("a", "https://e.org/" + "x" * 3000), SheetCell("b", "#S!A1")]
    page = load_workbook(io.BytesIO(workbook([Sheet("S", ("a", "b"), [cells], (9, 9))])))["S"]
    assert page["A2"].hyperlink is None
    assert page["B2"].hyperlink.location == "S!A1"


def test_questions_are_read_from_a_workbook() -> None:
    """Numbers stay numbers, dates are ISO, and empty rows are left out; no formula is computed."""
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
    assert questions_in("a.xlsx", saved(["question", "n"], ["Who?", "=1+1"])).cells == ((None,),)


@cases("data", [b"", b"PK\x03\x04", b"no workbook", saved(["question"], ["Who?"])[:-200]])
def test_damaged_workbook_is_refused(data: bytes) -> None:
    """The error says what to do."""
    with pytest.raises(BatchError, match="is not a workbook that can be read") as caught:
        questions_in("a.xlsx", data)
    assert caught.value.hint


def test_archive_without_a_sheet_bomb_or_too_many_cells_is_refused() -> None:
    """Megabytes of zeros take no memory; rows and columns are limited."""
    for parts in ({"a.txt": b"x"}, {"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        with pytest.raises(BatchError):
            read_rows("a.xlsx", file.getvalue())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(101_000_000))
    with pytest.raises(BatchError, match="would unpack to 101 megabytes"):
        read_rows("a.xlsx", file.getvalue())
    with pytest.raises(BatchError, match="too many rows"):
        questions_in("a.xlsx", saved(*([f"q{n}"] for n in range(30))), 2)
    with pytest.raises(BatchError, match="too many columns"):
        questions_in("a.xlsx", saved(["x"] * 300), 2)


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


# Answering many questions into a table: all input formats, one row at a time, resuming, and safe output


INFO = DocumentInfo("d", "/sea.txt", "=Sea|", "", "", "text/plain", 9, 0, 1)


class RecordingAnswerer:
    """Answers every question and records it, but fails for the given ones."""

    def __init__(self, *failing: str) -> None:
        self.questions: list[str] = []
        self.failing = set(failing)

    def __call__(self, question: str) -> Answer:
        self.questions.append(question)
        if question in self.failing:
            raise PinciteError("The disk is full.", "Make room.")
        cited = Citation(1, INFO, Location(page="3"), 0, 7, "A whale | swam.")
        return citing(cited, question=question, confidence=0.91, bar=0.6, searched=(1, 1))


def ignore_progress(done: int, total: int) -> None:
    """Ignore the progress."""


def test_questions_are_read_from_every_format(write: Write) -> None:
    """A question is a line, a column or a field; blank ones are skipped. The error of another file says what to do."""
    for name, text in (
        ("q.txt", "Who?\n\n  Where?\n"),
        ("q.csv", "id,Question\n1,Who?\n2,Where?\n"),
        ("bare.csv", "Who?\nWhere?\n"),
        ("q.jsonl", '{"question": "Who?"}\n\n{"question": "Where?"}\n'),
    ):
        assert read_questions(write(name, text)).questions == ("Who?", "Where?")
    for name, data in (("q.pdf", b"Who?"), ("q.txt", b"\n"), ("q.jsonl", b"nonsense"), ("q.txt", b"\xff\xfe\xff")):
        with pytest.raises(BatchError) as caught:
            read_questions(write(name, data))
        assert caught.value.hint


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_batch_resumes_where_it_stopped(tmp_path: Path, name: str) -> None:
    """Answered questions are not asked again, failed ones are, and a truncated row does no harm."""
    output, answerer = tmp_path / name, RecordingAnswerer("Where?")
    rows = run(QuestionTable.of(["Who?", "Where?"]), output, answerer, ignore_progress)
    assert [row.status for row in rows] == ["answered", "failed"]
    assert rows[1].error == "The disk is full. Make room."
    if name == "t.jsonl":
        with output.open("a") as file:
            file.write('{"question": "Wh')
    second_answerer = RecordingAnswerer()
    rows = run(QuestionTable.of(["Who?", "Where?", "Why?"]), output, second_answerer, ignore_progress)
    assert second_answerer.questions == ["Where?", "Why?"]
    assert [row.status for row in rows] == ["answered"] * 3
    assert [row["question"] for row in rows_of(output)] == ["Who?", "Where?", "Why?"]
    assert tuple(rows_of(output)[0]) == ANSWER_COLUMNS


def test_interrupted_batch_keeps_its_finished_rows(tmp_path: Path) -> None:
    """Each row is in the file before the next question is asked."""
    output, rows_before = tmp_path / "t.csv", []

    def ask(question: str) -> Answer:
        rows_before.append(len(rows_of(output)))
        if question == "Why?":
            raise KeyboardInterrupt
        return RecordingAnswerer()(question)

    with pytest.raises(KeyboardInterrupt):
        run(QuestionTable.of(["Who?", "Where?", "Why?"]), output, ask, ignore_progress)
    assert rows_before == [0, 1, 2]
    assert len(rows_of(output)) == 2

    def interrupt(question: str) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(QuestionTable.of(["Why?", "Who?", "Where?"]), output, interrupt, ignore_progress)
    assert [row["question"] for row in rows_of(output)] == ["Who?", "Where?"]


TOPICS = QuestionTable(("Who?", "Where?", "Who?"), ("id", "answer"), (("7", "=1"), ("8", None), ("9", "")))
"""A table with two columns of its own; one has the name of a column of ours, and two rows ask the same."""


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_own_columns_come_back_before_ours(tmp_path: Path, name: str) -> None:
    """They keep their order and their names, except one that we have, too; rows with one question share its answer."""
    output, answerer = tmp_path / name, RecordingAnswerer()
    run(TOPICS, output, answerer, ignore_progress)
    rows = rows_of(output)
    assert tuple(rows[0]) == ("id", "answer (yours)", *ANSWER_COLUMNS)
    assert [row["id"] for row in rows] == ["7", "8", "9"]
    assert [row["answer (yours)"] for row in rows] == (["'=1", "", ""] if name == "t.csv" else ["=1", None, ""])
    assert [row["question"] for row in rows] == ["Who?", "Where?", "Who?"]
    assert answerer.questions == ["Who?", "Where?"]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_resumed_table_keeps_its_own_columns(tmp_path: Path, name: str) -> None:
    """Rows that are there stay, with all their cells; a row whose own cells have changed is replaced, not asked."""
    output = tmp_path / name
    run(TOPICS, output, RecordingAnswerer("Where?"), ignore_progress)
    first = rows_of(output)
    changed = QuestionTable(TOPICS.questions, TOPICS.columns, (TOPICS.cells[0], TOPICS.cells[1], ("10", "")))
    answerer = RecordingAnswerer()
    rows = run(changed, output, answerer, ignore_progress)
    assert answerer.questions == ["Where?"]
    assert [row.status for row in rows] == ["answered"] * 3
    second = rows_of(output)
    assert second[0] == first[0]
    assert {(row["id"], row["question"]) for row in second} == {("7", "Who?"), ("8", "Where?"), ("10", "Who?")}
    assert len(second) == 3
    assert all(row["citations"] for row in second)


def test_cells_are_never_formulas_and_cannot_break_a_table(tmp_path: Path) -> None:
    """A spreadsheet shows the text of a document or question and does not run it; the question is still recognised.

    Bars, newlines and tags in a question are escaped in Markdown.
    """
    output = tmp_path / "t.csv"
    run(QuestionTable.of(["=1+1"]), output, RecordingAnswerer(), ignore_progress)
    (cells,) = rows_of(output)
    assert (cells["question"], cells["document"]) == ("'=1+1", "'=Sea|")
    assert cells["citations"] == "[1] =Sea|, p. 3: “A whale | swam.” <pincite:d#0-7>"
    second_answerer = RecordingAnswerer()
    run(QuestionTable.of(["=1+1"]), output, second_answerer, ignore_progress)
    assert second_answerer.questions == []
    output = tmp_path / "t.md"
    run(QuestionTable.of(["Who | what\n<b>?"]), output, RecordingAnswerer(), ignore_progress)
    header, separator, row = output.read_text().splitlines()
    assert row.replace("\\|", "").count("|") == separator.count("|") == header.count("|")
    assert "<b>" not in row


def test_file_that_is_not_a_batch_table_is_not_overwritten(write: Write) -> None:
    """Another CSV file stays as it is, and an unknown format is refused."""
    path = write("t.csv", "my,own\n1,2\n")
    with pytest.raises(BatchError):
        run(QuestionTable.of(["Who?"]), path, RecordingAnswerer(), ignore_progress)
    assert path.read_text() == "my,own\n1,2\n"
    with pytest.raises(BatchError):
        run(QuestionTable.of(["Who?"]), path.with_suffix(".xls"), RecordingAnswerer(), ignore_progress)


@cases(
    ("name", "data"),
    [
        pytest.param("a.csv", b"," * 100_000, id="cells"),
        pytest.param("a.csv", b'"a\n' * 10_000, id="an open cell in each line"),
        pytest.param("a.txt", b"a\n" * 10_000, id="lines"),
        pytest.param("a.txt", "a\u2028".encode() * 10_000, id="other lines"),
        pytest.param("a.jsonl", b"[" * 100_000, id="depth"),
        pytest.param("a.jsonl", b"[],\n" * 10_000, id="lists"),
    ],
)
def test_file_with_far_too_many_values_is_refused_unparsed(name: str, data: bytes) -> None:
    """Megabytes of commas would become gigabytes. Without a limit, the file is read, since it uses only its owner's
    machine.
    """
    with pytest.raises(BatchError, match=r"a\.\w+ has too many (lines|values) for 100 questions\."):
        questions_in(name, data, 100)
    assert questions_in("a.txt", b"a, b\n" * 100, 100).questions == ("a, b",) * 100
    assert len(questions_in("a.txt", b"a\n" * 10_000).questions) == 10_000


@pytest.mark.parametrize(
    ("name", "data"), [("a.jsonl", b"[" * 5000), ("a.csv", b'"' + b"a" * 200_000), ("a.csv", b'"Who?\nWhere?\n')]
)
def test_file_that_its_parser_cannot_read_is_refused(name: str, data: bytes) -> None:
    """JSON that is nested too deeply and CSV cells that never end are errors."""
    with pytest.raises(BatchError):
        questions_in(name, data)
