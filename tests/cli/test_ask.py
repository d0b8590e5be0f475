"""`pincite ask`: what is printed of an answer, and of none."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.cli import output
from index.library.batches import unescape_formula
from index.records import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

CSI, RLO = "\x1b[31m", "\u202e"


@pytest.fixture
def run(run: Run, write: Write) -> Run:
    """The program, with two documents in its library."""
    treaty = f"# The {CSI}treaty{RLO}\n\nThe king signed the treaty in winter.\n\nBread was dear.\n"
    run("add", write("treaty.md", treaty), write("sea.md", "# Sea\n\nA whale swam by the harbour.\n"))
    return run


def test_an_answer_has_its_numbers_and_their_sources(run: Run) -> None:
    """The words, a marker behind them, and below what the marker stands for, with the place in the document."""
    told = run("ask", "Who signed the treaty?")
    assert told.code == 0
    assert told.out.startswith("The king signed the treaty in winter. [1]\n")
    text = run("ask", "Who signed the treaty?", "--json").json
    start, end = (text["citations"][0][name] for name in ("start", "end"))
    assert f"{start}:{end}" in " ".join(told.out.split())
    assert run("show", "treaty.md", "--span", f"{start}:{end}").out.strip() == "The king signed the treaty in winter."


def test_no_answer_says_so(run: Run) -> None:
    """How much was searched, how sure that is, and what was nearest, marked as none."""
    told = " ".join(run("ask", "How high is the volcano above the desert?").out.split())
    assert told.startswith("Your documents do not answer this question. Searched ")
    assert "in 2 documents; confidence 0." in told
    assert "The nearest passage, which is not an answer: " in told
    assert "[1]" not in told


def test_a_title_cannot_steer_the_terminal(run: Run) -> None:
    """Control and direction characters of a document do not reach it."""
    for question in ("Who signed the treaty?", "What does the volcano cost in bread?"):
        out = run("ask", question).out
        assert CSI not in out
        assert RLO not in out


def test_asked_of_one_document(run: Run) -> None:
    """`--in` restricts what is searched, and what is said to have been searched."""
    assert "in 1 document;" in " ".join(run("ask", "Where is the volcano?", "--in", "sea.md").out.split())


def test_a_text_is_checked(run: Run, write: Write) -> None:
    """Each sentence under its verdict, what differs, the words that say otherwise, and the sum; then the exit code."""
    told = run(
        "check", write("draft.txt", "The king signed the treaty in winter. The king never signed the treaty in winter.")
    )
    assert told.code == 1
    out = " ".join(told.out.split())
    assert "Word for word: The king signed the treaty in winter. [1]" in out
    assert "Contradicted: The king never signed the treaty in winter. [1]" in out
    assert out.endswith("1 of 2 sentences supported, 1 contradicted.")
    assert run("check", write("right.txt", "The king signed the treaty in winter.")).code == 0
    assert run("check", write("right.txt", "The king signed the treaty in winter."), "--json").json["supported"] == 1


@pytest.mark.parametrize("data", ["caf\xe9".encode("latin-1"), "Bread was dear.".encode("utf-16"), b"%PDF-1.7 \xff"])
def test_a_text_that_cannot_be_read_is_not_checked(run: Run, tmp_path: Path, data: bytes) -> None:
    """And it is said how to save it."""
    draft = tmp_path / "draft.txt"
    draft.write_bytes(data)
    told = run("check", draft)
    assert told.code == 2
    assert "is not UTF-8 text. Save it as plain text in UTF-8" in " ".join(told.err.split())


def test_a_confidence_just_below_the_bar_reads_so() -> None:
    """Both numbers rounded would be the same."""
    answer = Answer("Who?", "unsure", 0.5496, 0.55, (), (), (), (1, 1), "quote", {}, ())
    assert output._confidence(answer) == "0.549, below the bar of 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.3)) == "0.30, below the bar of 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.55)) == "0.55"


def test_a_batch_of_questions(run: Run, write: Write, tmp_path: Path) -> None:
    """A row each in the file that is named, and how many a second; something has to be asked."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    told = run("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    assert told.code == 0
    assert "1 answered, 1 abstained" in " ".join(told.out.split())
    assert "questions a second" in " ".join(told.out.split())
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 3
    assert run("ask").code == 2
    told = run("ask", "--batch", questions, "-o", tmp_path / "t.csv", "--json")
    assert told.json == {"output": str(tmp_path / "t.csv"), "answered": 1, "abstained": 1}


def test_a_batch_is_printed_where_no_file_is_named(run: Run, write: Write, tmp_path: Path) -> None:
    """As CSV, the same as in a file, JSON Lines or Markdown; what it adds up to is on standard error."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    told = run("ask", "--batch", questions)
    run("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    rows = list(csv.DictReader(io.StringIO(told.out, newline="")))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        written = [{name: unescape_formula(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    assert [row["status"] for row in rows] == ["answered", "abstained"]
    assert [(row["question"], row["answer"], row["quote"]) for row in rows] == [
        (row["question"], row["answer"], row["quote"]) for row in written
    ]
    assert told.err.startswith("1 answered, 1 abstained; ")
    assert run("-q", "ask", "--batch", questions).err == ""
    lines = [json.loads(line) for line in run("ask", "--json", "--batch", questions).out.splitlines()]
    assert [line["status"] for line in lines] == ["answered", "abstained"]
    assert run("ask", "--batch", questions, "--format", "markdown").out.startswith("| question | status |")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["who", "--batch", "q.txt"], "--batch"),
        (["--batch", "q.txt", "--pack", "p.zip"], "--pack"),
        (["-o", "t.csv"], "--output"),
    ],
)
def test_what_does_not_go_together_is_named(run: Run, arguments: list[str], named: str) -> None:
    """No option that was not given."""
    told = run("ask", *arguments)
    assert told.code == 2
    assert f"Invalid value for {named}:" in told.err


def test_a_printed_batch_does_not_steer_the_terminal(run: Run, write: Write) -> None:
    """What a question has of control and direction characters is left out, in JSON escaped."""
    questions = write("q.txt", f"Who signed the {CSI}treaty{RLO}?\n")
    for form in ([], ["--format", "markdown"], ["--json"]):
        out = run("ask", "--batch", questions, *form).out
        assert "treaty" in out
        assert "\x1b" not in out
        assert RLO not in out
    assert json.loads(run("ask", "--batch", questions, "--json").out)["question"] == f"Who signed the {CSI}treaty{RLO}?"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["Who?", "--batch", "q.txt"], id="a question and a file of them"),
        pytest.param(["--batch", "q.txt", "--pack", "p.zip"], id="a pack of many answers"),
        pytest.param(["--batch", "q.txt", "--format", "html"], id="no form of a table"),
        pytest.param(["--batch", "q.txt", "--format", "markdown", "--json"], id="two forms"),
        pytest.param(["--batch", "q.txt", "-o", "t.csv", "--format", "markdown"], id="the file's name says the form"),
        pytest.param(["-o", "t.csv"], id="a table of nothing"),
    ],
)
def test_what_does_not_go_together_is_2(run: Run, arguments: list[str]) -> None:
    """Nothing that was typed is passed over in silence."""
    outcome = run("ask", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
