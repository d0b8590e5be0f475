"""Many questions into a table: read from every form, written at once, resumed, and harmless to who opens it."""

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


class Asked:
    """Answers every question, notes which, and fails where it is told to."""

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


def nothing(done: int, of: int) -> None:
    """Hears of progress."""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.txt", "Who?\n\n  Where?\n"),
        ("q.csv", "id,Question\n1,Who?\n2,Where?\n"),
        ("bare.csv", "Who?\nWhere?\n"),
        ("q.jsonl", '{"question": "Who?"}\n\n{"question": "Where?"}\n'),
    ],
)
def test_questions_in_every_form(write: Write, name: str, text: str) -> None:
    """One a line, a column, or a field; blank ones are none."""
    assert read_questions(write(name, text)) == ["Who?", "Where?"]


@pytest.mark.parametrize(
    ("name", "text"), [("q.pdf", "Who?"), ("q.txt", "\n"), ("q.jsonl", "nonsense"), ("q.txt", b"\xff\xfe\xff")]
)
def test_what_has_no_questions_is_refused(write: Write, name: str, text: str | bytes) -> None:
    """With an error that says what to do."""
    with pytest.raises(BatchError) as raised:
        read_questions(write(name, text))
    assert raised.value.hint


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a table."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_table_goes_on_where_it_stopped(tmp_path: Path, name: str) -> None:
    """What is answered is not asked again, what failed is, and a row that was cut short does no harm."""
    output, first = tmp_path / name, Asked("Where?")
    rows = run(["Who?", "Where?"], output, first, nothing)
    assert [row.status for row in rows] == ["answered", "failed"]
    assert rows[1].error == "The disk is full. Make room."
    if name == "t.jsonl":
        with output.open("a") as file:
            file.write('{"question": "Wh')
    again = Asked()
    rows = run(["Who?", "Where?", "Why?"], output, again, nothing)
    assert again.questions == ["Where?", "Why?"]
    assert [row.status for row in rows] == ["answered"] * 3
    assert [row["question"] for row in read(output)] == ["Who?", "Where?", "Why?"]
    assert tuple(read(output)[0]) == COLUMNS


def test_killed_in_between_nothing_is_lost(tmp_path: Path) -> None:
    """Each row is in the file before the next question is asked."""
    output, seen = tmp_path / "t.csv", []

    def ask(question: str) -> Answer:
        seen.append(len(read(output)))
        if question == "Why?":
            raise KeyboardInterrupt
        return Asked()(question)

    with pytest.raises(KeyboardInterrupt):
        run(["Who?", "Where?", "Why?"], output, ask, nothing)
    assert seen == [0, 1, 2]
    assert len(read(output)) == 2

    def at_once(question: str) -> Answer:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["Why?", "Who?", "Where?"], output, at_once, nothing)
    assert [row["question"] for row in read(output)] == ["Who?", "Where?"]


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """A spreadsheet shows what a document or a question says, and does not run it; asked again, it is known."""
    output = tmp_path / "t.csv"
    run(["=1+1"], output, Asked(), nothing)
    (row,) = read(output)
    assert (row["question"], row["document"]) == ("'=1+1", "'=Sea|")
    again = Asked()
    run(["=1+1"], output, again, nothing)
    assert again.questions == []


def test_a_markdown_table_is_one(tmp_path: Path) -> None:
    """No cell breaks out of it."""
    output = tmp_path / "t.md"
    run(["Who | what\n<b>?"], output, Asked(), nothing)
    head, line, row = output.read_text().splitlines()
    assert line.count("|") == head.count("|")
    assert row.replace("\\|", "").count("|") == head.count("|")
    assert "<b>" not in row


def test_a_table_that_is_none_is_not_overwritten(write: Write) -> None:
    """Nor is a file that nobody meant."""
    path = write("t.csv", "my,own\n1,2\n")
    with pytest.raises(BatchError):
        run(["Who?"], path, Asked(), nothing)
    assert path.read_text() == "my,own\n1,2\n"
    with pytest.raises(BatchError):
        run(["Who?"], path.with_suffix(".xls"), Asked(), nothing)


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
def test_a_file_that_cannot_be_so_few_questions_is_not_taken_apart(name: str, data: bytes) -> None:
    """A few megabytes of commas become gigabytes; where no number is given, whoever asks has the file's own machine."""
    with pytest.raises(BatchError, match=r"a\.\w+ has too many (lines|values) for 100 questions\."):
        questions_in(name, data, 100)
    assert questions_in("a.txt", b"a, b\n" * 100, 100) == ["a, b"] * 100
    assert len(questions_in("a.txt", b"a\n" * 10_000)) == 10_000


@pytest.mark.parametrize(
    ("name", "data"), [("a.jsonl", b"[" * 5000), ("a.csv", b'"' + b"a" * 200_000), ("a.csv", b'"Who?\nWhere?\n')]
)
def test_a_file_that_its_reader_cannot_bear_is_a_broken_file(name: str, data: bytes) -> None:
    """Too deep, or a cell without an end."""
    with pytest.raises(BatchError):
        questions_in(name, data)
