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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

CSI, RLO = "\x1b[31m", "\u202e"
TEXTS = {
    "treaty.md": f"# The {CSI}treaty{RLO}\n\nThe king signed the treaty in winter.\n\nBread was dear.\n",
    "sea.md": "# Sea\n\nA whale swam by the harbour.\n",
}


def test_answer_lists_its_markers_and_sources(texts: Run) -> None:
    """Each statement has a marker, and below the answer each marker has its source and its place in the document."""
    outcome = texts("ask", "Who signed the treaty?")
    assert outcome.code == 0
    assert outcome.out.startswith("The king signed the treaty in winter. [1]\n")
    answer = texts("ask", "Who signed the treaty?", "--json").json
    start, end = (answer["citations"][0][name] for name in ("start", "end"))
    assert f"{start}:{end}" in " ".join(outcome.out.split())
    assert texts("show", "treaty.md", "--span", f"{start}:{end}").out.strip() == "The king signed the treaty in winter."


def test_abstention_reports_what_was_searched(texts: Run) -> None:
    """An abstention names the number of documents, the confidence and the nearest passage, which gets no marker."""
    out = " ".join(texts("ask", "How high is the volcano above the desert?").out.split())
    assert out.startswith("Your documents do not answer this question. Searched ")
    assert "in 2 documents; confidence 0." in out
    assert "The nearest passage, which is not an answer: " in out
    assert "[1]" not in out
    assert "in 1 document;" in " ".join(texts("ask", "Where is the volcano?", "--in", "sea.md").out.split())


def test_no_text_can_send_control_characters(texts: Run, write: Write) -> None:
    """Control and bidirectional characters of documents and questions are removed; JSON escapes them."""
    for question in ("Who signed the treaty?", "What does the volcano cost in bread?"):
        out = texts("ask", question).out
        assert CSI not in out
        assert RLO not in out
    questions = write("q.txt", f"Who signed the {CSI}treaty{RLO}?\n")
    for options in ([], ["--format", "markdown"], ["--json"]):
        out = texts("ask", "--batch", questions, *options).out
        assert "treaty" in out
        assert "\x1b" not in out
        assert RLO not in out
    assert json.loads(out)["question"] == f"Who signed the {CSI}treaty{RLO}?"


def test_check_prints_a_verdict_for_each_sentence(texts: Run, write: Write) -> None:
    """Each sentence has a verdict and a source; the last line has the totals, and a contradiction is exit code 1."""
    outcome = texts(
        "check", write("draft.txt", "The king signed the treaty in winter. The king never signed the treaty in winter.")
    )
    assert outcome.code == 1
    out = " ".join(outcome.out.split())
    assert "Word for word: The king signed the treaty in winter. [1]" in out
    assert "Contradicted: The king never signed the treaty in winter. [1]" in out
    assert out.endswith("1 of 2 sentences supported, 1 contradicted.")
    assert texts("check", write("right.txt", "The king signed the treaty in winter.")).code == 0
    assert texts("check", write("right.txt", "The king signed the treaty in winter."), "--json").json["supported"] == 1


@pytest.mark.parametrize("data", ["caf\xe9".encode("latin-1"), "Bread was dear.".encode("utf-16"), b"%PDF-1.7 \xff"])
def test_check_refuses_text_that_is_not_utf8(texts: Run, tmp_path: Path, data: bytes) -> None:
    """The error says how to save the file."""
    draft = tmp_path / "draft.txt"
    draft.write_bytes(data)
    outcome = texts("check", draft)
    assert outcome.code == 2
    assert "is not UTF-8 text. Save it as plain text in UTF-8" in " ".join(outcome.err.split())


def test_confidence_just_below_the_threshold_gets_more_digits() -> None:
    """With two digits, confidence and threshold would print as the same number."""
    answer = Answer("Who?", "unsure", 0.5496, 0.55, (), (), (), (1, 1), "quote", {}, ())
    assert output._confidence(answer) == "0.549 of 1; an answer needs 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.3)) == "0.30 of 1; an answer needs 0.55 (PINCITE_BAR)"
    assert output._confidence(replace(answer, confidence=0.55)) == "0.55 of 1"


def test_batch_is_printed_or_written_with_a_row_for_each_question(texts: Run, write: Write, tmp_path: Path) -> None:
    """It is printed as CSV (the same rows as in a file), JSON Lines or Markdown; the totals go to standard error."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    outcome = texts("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    assert outcome.code == 0
    assert "1 answered, 1 abstained" in " ".join(outcome.out.split())
    assert "questions a second" in " ".join(outcome.out.split())
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows_in_file = [{name: unescape_formula(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    outcome = texts("ask", "--batch", questions, "-o", tmp_path / "t.csv", "--json")
    assert outcome.json == {"output": str(tmp_path / "t.csv"), "answered": 1, "abstained": 1}
    outcome = texts("ask", "--batch", questions)
    rows = list(csv.DictReader(io.StringIO(outcome.out, newline="")))
    assert [row["status"] for row in rows] == ["answered", "abstained"]
    columns = ("question", "answer", "quote")
    assert [[row[name] for name in columns] for row in rows] == [
        [row[name] for name in columns] for row in rows_in_file
    ]
    assert outcome.err.startswith("1 answered, 1 abstained; ")
    assert texts("-q", "ask", "--batch", questions).err == ""
    lines = [json.loads(line) for line in texts("ask", "--json", "--batch", questions).out.splitlines()]
    assert [line["status"] for line in lines] == ["answered", "abstained"]
    assert texts("ask", "--batch", questions, "--format", "markdown").out.startswith("| question | status |")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        pytest.param(["Who?", "--batch", "q.txt"], "--batch", id="a question and a batch"),
        pytest.param(["--batch", "q.txt", "--pack", "p.zip"], "--pack", id="a batch and a pack"),
        pytest.param(["--batch", "q.txt", "--format", "html"], "--format", id="a format that is not a table"),
        pytest.param(["--batch", "q.txt", "--format", "markdown", "--json"], "", id="two formats"),
        pytest.param(["--batch", "q.txt", "-o", "t.csv", "--format", "markdown"], "", id="an output file and a format"),
        pytest.param(["-o", "t.csv"], "--output", id="an output file without a batch"),
        pytest.param([], "", id="no question, where nobody can be asked"),
    ],
)
def test_conflicting_options_are_wrong_usage(texts: Run, arguments: list[str], option: str) -> None:
    """The exit code is 2, there is no output, and the error does not mention an option that was not given."""
    outcome = texts("ask", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert not option or f"Invalid value for {option}:" in outcome.err


def test_after_completes_a_follow_up(texts: Run) -> None:
    """The whole question stands above the answer; in JSON it is the question."""
    outcome = texts("ask", "why?", "--after", "Who signed the treaty?")
    assert outcome.out.startswith("Understood as: Who signed the treaty? why?\n")
    answer = texts("ask", "why?", "--after", "Who signed the treaty?", "--json").json
    assert (answer["question"], answer["asked"]) == ("Who signed the treaty? why?", "why?")


def test_conversation_asks_until_an_empty_line(texts: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question may continue those before it. An error ends nothing."""
    monkeypatch.setattr(ask_commands, "_is_conversation", lambda *_: True)
    lines = iter(["Who signed the treaty?", "x" * 100_000, "why?", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(lines))
    outcome = texts("ask")
    assert outcome.code == 0
    assert "The king signed the treaty in winter. [1]" in outcome.out
    assert "Understood as: Who signed the treaty? why?" in outcome.out
    assert "characters" in outcome.err
