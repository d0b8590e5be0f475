"""Answering many questions into a table: all input formats, one row at a time, resuming, and safe output."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from index.errors import BatchError, PinciteError
from index.library.answer_files import COLUMNS
from index.library.batches import run
from index.library.question_files import QuestionTable, questions_in, read_questions
from index.records import Answer, Citation, DocumentInfo, Location, Statement

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

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
        return Answer(
            question=question,
            status="answered",
            confidence=0.91,
            bar=0.6,
            statements=(Statement("A whale | swam.", (1,), "verbatim"),),
            citations=(Citation(1, INFO, Location(page="3"), 0, 7, "A whale | swam."),),
            hits=(),
            searched=(1, 1),
            writer="quote",
            timings_ms={},
        )


def ignore_progress(done: int, total: int) -> None:
    """Ignore the progress."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.txt", "Who?\n\n  Where?\n"),
        ("q.csv", "id,Question\n1,Who?\n2,Where?\n"),
        ("bare.csv", "Who?\nWhere?\n"),
        ("q.jsonl", '{"question": "Who?"}\n\n{"question": "Where?"}\n'),
    ],
)
def test_questions_are_read_from_every_format(write: Write, name: str, text: str) -> None:
    """A question is a line, a column or a field; blank ones are skipped."""
    assert read_questions(write(name, text)).questions == ("Who?", "Where?")


@pytest.mark.parametrize(
    ("name", "text"), [("q.pdf", "Who?"), ("q.txt", "\n"), ("q.jsonl", "nonsense"), ("q.txt", b"\xff\xfe\xff")]
)
def test_file_without_questions_is_refused(write: Write, name: str, text: str | bytes) -> None:
    """The error says what to do."""
    with pytest.raises(BatchError) as caught:
        read_questions(write(name, text))
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
    assert tuple(rows_of(output)[0]) == COLUMNS


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
    assert tuple(rows[0]) == ("id", "answer (yours)", *COLUMNS)
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


def test_cells_are_never_formulas(tmp_path: Path) -> None:
    """A spreadsheet shows the text of a document or question and does not run it; the question is still recognised."""
    output = tmp_path / "t.csv"
    run(QuestionTable.of(["=1+1"]), output, RecordingAnswerer(), ignore_progress)
    (row,) = rows_of(output)
    assert (row["question"], row["document"]) == ("'=1+1", "'=Sea|")
    assert row["citations"] == "[1] =Sea|, p. 3: “A whale | swam.” <pincite:d#0-7>"
    second_answerer = RecordingAnswerer()
    run(QuestionTable.of(["=1+1"]), output, second_answerer, ignore_progress)
    assert second_answerer.questions == []


def test_markdown_cells_cannot_break_the_table(tmp_path: Path) -> None:
    """Bars, newlines and tags in a question are escaped."""
    output = tmp_path / "t.md"
    run(QuestionTable.of(["Who | what\n<b>?"]), output, RecordingAnswerer(), ignore_progress)
    header, separator, row = output.read_text().splitlines()
    assert separator.count("|") == header.count("|")
    assert row.replace("\\|", "").count("|") == header.count("|")
    assert "<b>" not in row


def test_file_that_is_not_a_batch_table_is_not_overwritten(write: Write) -> None:
    """Another CSV file stays as it is, and an unknown format is refused."""
    path = write("t.csv", "my,own\n1,2\n")
    with pytest.raises(BatchError):
        run(QuestionTable.of(["Who?"]), path, RecordingAnswerer(), ignore_progress)
    assert path.read_text() == "my,own\n1,2\n"
    with pytest.raises(BatchError):
        run(QuestionTable.of(["Who?"]), path.with_suffix(".xls"), RecordingAnswerer(), ignore_progress)


@pytest.mark.parametrize(
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
