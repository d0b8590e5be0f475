"""`pincite ask`: what is printed of an answer, and of none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write
    from tests.running import Run

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
    assert told.startswith("Your documents hold no answer to this. Searched ")
    assert "in 2 documents; confidence 0." in told
    assert "The nearest passage, which is no answer: " in told
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
    assert "supported: The king signed the treaty in winter. [1]" in out
    assert "negation differs: The king never signed the treaty in winter. [1]" in out
    assert out.endswith("1 of 2 sentences supported.")
    assert run("check", write("right.txt", "The king signed the treaty in winter.")).code == 0
    assert run("check", write("right.txt", "The king signed the treaty in winter."), "--json").json["supported"] == 1


def test_a_batch_of_questions(run: Run, write: Write, tmp_path: Path) -> None:
    """A row each, and how many a second; the two options belong together, and something has to be asked."""
    questions = write("q.txt", "Who signed the treaty?\nHow high is the volcano above the desert?\n")
    told = run("ask", "--batch", questions, "-o", tmp_path / "t.csv")
    assert told.code == 0
    assert "1 answered, 1 abstained" in " ".join(told.out.split())
    assert "questions a second" in " ".join(told.out.split())
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 3
    assert run("ask", "--batch", questions).code == 2
    assert run("ask").code == 2
