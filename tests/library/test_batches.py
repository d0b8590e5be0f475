"""Answering many questions into a table: all input formats, one row at a time, resuming, and safe output."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from index.errors import BatchError, PinciteError
from index.library.batches import COLUMNS, questions_in, read_questions, run
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
    assert read_questions(write(name, text)) == ["Who?", "Where?"]


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
    rows = run(["Who?", "Where?"], output, answerer, ignore_progress)
    assert [row.status for row in rows] == ["answered", "failed"]
    assert rows[1].error == "The disk is full. Make room."
    if name == "t.jsonl":
        with output.open("a") as file:
            file.write('{"question": "Wh')
    second_answerer = RecordingAnswerer()
    rows = run(["Who?", "Where?", "Why?"], output, second_answerer, ignore_progress)
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
        run(["Who?", "Where?", "Why?"], output, ask, ignore_progress)
    assert rows_before == [0, 1, 2]
    assert len(rows_of(output)) == 2

    def interrupt(question: str) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["Why?", "Who?", "Where?"], output, interrupt, ignore_progress)
    assert [row["question"] for row in rows_of(output)] == ["Who?", "Where?"]


def test_cells_are_never_formulas(tmp_path: Path) -> None:
    """A spreadsheet shows the text of a document or question and does not run it; the question is still recognised."""
    output = tmp_path / "t.csv"
    run(["=1+1"], output, RecordingAnswerer(), ignore_progress)
    (row,) = rows_of(output)
    assert (row["question"], row["document"]) == ("'=1+1", "'=Sea|")
    second_answerer = RecordingAnswerer()
    run(["=1+1"], output, second_answerer, ignore_progress)
    assert second_answerer.questions == []


def test_markdown_cells_cannot_break_the_table(tmp_path: Path) -> None:
    """Bars, newlines and tags in a question are escaped."""
    output = tmp_path / "t.md"
    run(["Who | what\n<b>?"], output, RecordingAnswerer(), ignore_progress)
    header, separator, row = output.read_text().splitlines()
    assert separator.count("|") == header.count("|")
    assert row.replace("\\|", "").count("|") == header.count("|")
    assert "<b>" not in row


def test_file_that_is_not_a_batch_table_is_not_overwritten(write: Write) -> None:
    """Another CSV file stays as it is, and an unknown format is refused."""
    path = write("t.csv", "my,own\n1,2\n")
    with pytest.raises(BatchError):
        run(["Who?"], path, RecordingAnswerer(), ignore_progress)
    assert path.read_text() == "my,own\n1,2\n"
    with pytest.raises(BatchError):
        run(["Who?"], path.with_suffix(".xls"), RecordingAnswerer(), ignore_progress)


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
    assert questions_in("a.txt", b"a, b\n" * 100, 100) == ["a, b"] * 100
    assert len(questions_in("a.txt", b"a\n" * 10_000)) == 10_000


@pytest.mark.parametrize(
    ("name", "data"), [("a.jsonl", b"[" * 5000), ("a.csv", b'"' + b"a" * 200_000), ("a.csv", b'"Who?\nWhere?\n')]
)
def test_file_that_its_parser_cannot_read_is_refused(name: str, data: bytes) -> None:
    """JSON that is nested too deeply and CSV cells that never end are errors."""
    with pytest.raises(BatchError):
        questions_in(name, data)
