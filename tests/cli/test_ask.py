"""`pincite ask` and `pincite check`: their output and exit codes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.cli import ask_commands, output
from index.library.answer_files import unescape_formula
from index.records import Answer
from tests.cli.conftest import make_library

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

CSI, RLO = "\x1b[31m", "\u202e"


@pytest.fixture(scope="module")
def library_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two documents, which no test may change."""
    treaty = f"# The {CSI}treaty{RLO}\n\nThe king signed the treaty in winter.\n\nBread was dear.\n"
    texts = {"treaty.md": treaty, "sea.md": "# Sea\n\nA whale swam by the harbour.\n"}
    return make_library(tmp_path_factory.mktemp("ask"), texts)


@pytest.fixture
def run(run: Run, library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the program on that library."""
    monkeypatch.setenv("PINCITE_LIBRARY", str(library_folder))
    return run


def test_answer_lists_its_markers_and_sources(run: Run) -> None:
    """Each statement has a marker, and below the answer each marker has its source and its place in the document."""
    outcome = run("ask", "Who signed the treaty?")
    assert outcome.code == 0
    assert outcome.out.startswith("The king signed the treaty in winter. [1]\n")
    answer = run("ask", "Who signed the treaty?", "--json").json
    start, end = (answer["citations"][0][name] for name in ("start", "end"))
    assert f"{start}:{end}" in " ".join(outcome.out.split())
    assert run("show", "treaty.md", "--span", f"{start}:{end}").out.strip() == "The king signed the treaty in winter."


def test_abstention_reports_what_was_searched(run: Run) -> None:
    """An abstention names the number of documents, the confidence and the nearest passage, which gets no marker."""
    out = " ".join(run("ask", "How high is the volcano above the desert?").out.split())
    assert out.startswith("Your documents do not answer this question. Searched ")
    assert "in 2 documents; confidence 0." in out
    assert "The nearest passage, which is not an answer: " in out
    assert "[1]" not in out


def test_document_cannot_send_control_characters(run: Run) -> None:
    """Control and bidirectional characters of a document are removed before its text is printed."""
    for question in ("Who signed the treaty?", "What does the volcano cost in bread?"):
        out = run("ask", question).out
        assert CSI not in out
        assert RLO not in out


def test_in_option_restricts_the_question(run: Run) -> None:
    """`--in` restricts the search, and the answer reports the restricted number of documents."""
    assert "in 1 document;" in " ".join(run("ask", "Where is the volcano?", "--in", "sea.md").out.split())


def test_check_prints_a_verdict_for_each_sentence(run: Run, write: Write) -> None:
    """Each sentence has a verdict and a source; the last line has the totals, and a contradiction is exit code 1."""
    outcome = run(
        "check", write("draft.txt", "The king signed the treaty in winter. The king never signed the treaty in winter.")
    )
    assert outcome.code == 1
    out = " ".join(outcome.out.split())
    assert "Word for word: The king signed the treaty in winter. [1]" in out
    assert "Contradicted: The king never signed the treaty in winter. [1]" in out
    assert out.endswith("1 of 2 sentences supported, 1 contradicted.")
    assert run("check", write("right.txt", "The king signed the treaty in winter.")).code == 0
    assert run("check", write("right.txt", "The king signed the treaty in winter."), "--json").json["supported"] == 1


@pytest.mark.parametrize("data", ["caf\xe9".encode("latin-1"), "Bread was dear.".encode("utf-16"), b"%PDF-1.7 \xff"])
def test_check_refuses_text_that_is_not_utf8(run: Run, tmp_path: Path, data: bytes) -> None:
    """The error says how to save the file."""
    draft = tmp_path / "draft.txt"
    draft.write_bytes(data)
    outcome = run("check", draft)
    assert outcome.code == 2
    assert "is not UTF-8 text. Save it as plain text in UTF-8" in " ".join(outcome.err.split())


def test_confidence_just_below_the_threshold_gets_more_digits() -> None:
    """With two digits, confidence and threshold would print as the same number."""
    answer = Answer("Who?", "unsure", 0.5496, 0.55, (), (), (), (1, 1), "quote", {}, ())
    assert output._confidence(answer) == "0.549 of 1; an answer needs 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.3)) == "0.30 of 1; an answer needs 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.55)) == "0.55 of 1"


def test_batch_writes_one_row_per_question(run: Run, write: Write, tmp_path: Path) -> None:
    """`--batch` writes a row for each question to the file and prints totals; a call without a question is refused."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    outcome = run("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    assert outcome.code == 0
    assert "1 answered, 1 abstained" in " ".join(outcome.out.split())
    assert "questions a second" in " ".join(outcome.out.split())
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 3
    assert run("ask").code == 2
    outcome = run("ask", "--batch", questions, "-o", tmp_path / "t.csv", "--json")
    assert outcome.json == {"output": str(tmp_path / "t.csv"), "answered": 1, "abstained": 1}


def test_batch_without_output_file_is_printed(run: Run, write: Write, tmp_path: Path) -> None:
    """It is printed as CSV (the same rows as in a file), JSON Lines or Markdown; the totals go to standard error."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    outcome = run("ask", "--batch", questions)
    run("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    rows = list(csv.DictReader(io.StringIO(outcome.out, newline="")))
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows_in_file = [{name: unescape_formula(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    assert [row["status"] for row in rows] == ["answered", "abstained"]
    assert [(row["question"], row["answer"], row["quote"]) for row in rows] == [
        (row["question"], row["answer"], row["quote"]) for row in rows_in_file
    ]
    assert outcome.err.startswith("1 answered, 1 abstained; ")
    assert run("-q", "ask", "--batch", questions).err == ""
    lines = [json.loads(line) for line in run("ask", "--json", "--batch", questions).out.splitlines()]
    assert [line["status"] for line in lines] == ["answered", "abstained"]
    assert run("ask", "--batch", questions, "--format", "markdown").out.startswith("| question | status |")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["who", "--batch", "q.txt"], "--batch"),
        (["--batch", "q.txt", "--pack", "p.zip"], "--pack"),
        (["-o", "t.csv"], "--output"),
    ],
)
def test_conflict_error_names_the_given_option(run: Run, arguments: list[str], option: str) -> None:
    """The error does not mention an option that was not given."""
    outcome = run("ask", *arguments)
    assert outcome.code == 2
    assert f"Invalid value for {option}:" in outcome.err


def test_printed_batch_has_no_control_characters(run: Run, write: Write) -> None:
    """Control and bidirectional characters of a question are removed; JSON escapes them."""
    questions = write("q.txt", f"Who signed the {CSI}treaty{RLO}?\n")
    for options in ([], ["--format", "markdown"], ["--json"]):
        out = run("ask", "--batch", questions, *options).out
        assert "treaty" in out
        assert "\x1b" not in out
        assert RLO not in out
    assert json.loads(run("ask", "--batch", questions, "--json").out)["question"] == f"Who signed the {CSI}treaty{RLO}?"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["Who?", "--batch", "q.txt"], id="a question and a batch"),
        pytest.param(["--batch", "q.txt", "--pack", "p.zip"], id="a batch and a pack"),
        pytest.param(["--batch", "q.txt", "--format", "html"], id="a format that is not a table"),
        pytest.param(["--batch", "q.txt", "--format", "markdown", "--json"], id="two formats"),
        pytest.param(["--batch", "q.txt", "-o", "t.csv", "--format", "markdown"], id="an output file and a format"),
        pytest.param(["-o", "t.csv"], id="an output file without a batch"),
    ],
)
def test_conflicting_options_are_wrong_usage(run: Run, arguments: list[str]) -> None:
    """A call with options that exclude each other ends with exit code 2 and prints no output."""
    outcome = run("ask", *arguments)
    assert (outcome.code, outcome.out) == (2, "")


def test_after_completes_a_follow_up(run: Run) -> None:
    """The whole question stands above the answer; in JSON it is the question."""
    outcome = run("ask", "why?", "--after", "Who signed the treaty?")
    assert outcome.out.startswith("Understood as: Who signed the treaty? why?\n")
    answer = run("ask", "why?", "--after", "Who signed the treaty?", "--json").json
    assert (answer["question"], answer["asked"]) == ("Who signed the treaty? why?", "why?")


def test_question_is_required_where_nobody_can_be_asked(run: Run) -> None:
    """Only a terminal gets a prompt."""
    assert run("ask").code == 2


def test_conversation_asks_until_an_empty_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question may continue those before it. An error ends nothing."""
    monkeypatch.setattr(ask_commands, "_is_conversation", lambda *_: True)
    lines = iter(["Who signed the treaty?", "x" * 100_000, "why?", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(lines))
    outcome = run("ask")
    assert outcome.code == 0
    assert "The king signed the treaty in winter. [1]" in outcome.out
    assert "Understood as: Who signed the treaty? why?" in outcome.out
    assert "characters" in outcome.err
