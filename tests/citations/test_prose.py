"""Plain text, which has no escapes: the layout alone separates our words from a document's."""

from __future__ import annotations

import re

from hypothesis import given

from index.citations.export import cite, export
from index.citations.readable import make_outline
from index.records import Answer, Statement, texts
from tests.cases import cases
from tests.citations.factories import PAGE, abstention, answer, answers, citation


def test_answer_lists_statements_and_then_sources() -> None:
    """A marker is at the beginning of its line; a citation is quote, reference and link."""
    assert export(answer(citation(PAGE)), "text") == (
        "Question: What was the cause?\n"
        "\n"
        "[1] “The pump in Broad Street was the cause.”\n"
        "\n"
        "Sources\n"
        "\n"
        "[1] John Snow, On the Mode of Communication of Cholera (1855-03-02), p. 39, § Soho, ¶ 1\n"
        "    “The pump in Broad Street was the cause.”\n"
        "    https://example.org/cholera#:~:text=The%20pump%20in%20Broad%20Street%20was%20the%20cause%2E\n"
    )
    quote, reference, link = cite(citation(), "text").splitlines()
    assert quote == "“The pump in Broad Street was the cause.”"
    assert reference.endswith("p. 39, § Soho, ¶ 1")
    assert link.startswith("pincite:")


WRONG = (
    Statement("It was 1853.", (1,), "contradicted", "1853 here, *1854* in the source"),
    Statement("It was the air.", (), "unverified", "not in the source: *air*", nearest=1),
)
PUMP = "[1] “The pump in Broad Street was the cause.”"
LINES: dict[str, tuple[Answer, str]] = {
    "an unsupported statement": (
        answer(statements=(Statement("It was the air.", (), "unverified"),)), "[-] It was the air. (Not verified)",
    ),
    "a contradicting and a nearest quote, which are never markers": (
        answer(citation(), statements=WRONG),
        "[-] It was 1853. (Contradicted: 1853 here, “1854” in the source; see [1])\n"
        "[-] It was the air. (Not verified: not in the source: “air”; nearest [1])",
    ),
    "the caution of an unsure answer": (
        answer(citation(), status="unsure", confidence=0.41),
        f"{texts.MAY_BE}. {texts.UNCLEAR} (confidence 41%, from 50% on an answer is given).\n{PUMP}",
    ),
    "a note, with the words that it is about": (
        answer(citation(), notes=("No passage mentions *Brazil*.",)), f"{PUMP}\nNote: No passage mentions “Brazil”.",
    ),
    "nothing about the documents if nothing was searched": (
        answer(status="abstained", confidence=0.0, searched=(0, 0), notes=("This is no question.",)),
        f"{texts.NOTHING_SEARCHED}.\nNote: This is no question.",
    ),
}  # fmt: skip


@cases(("told", "lines"), LINES.values(), ids=LINES.keys())
def test_statements_notes_and_cautions_have_their_lines(told: Answer, lines: str) -> None:
    """They follow the question; the verdict follows its statement."""
    assert export(told, "text").split("\n\n")[1].rstrip("\n") == lines


def test_abstention_gives_its_confidence_and_the_nearest_hit() -> None:
    """The line has the confidence and the bar."""
    text = export(abstention(), "text")
    assert "(confidence 21%, from 50% on an answer is given)." in text
    assert "\nNearest: John Snow, On the Mode" in text


@given(answers())
def test_document_cannot_begin_a_line(exported: Answer) -> None:
    """Every line begins with our own words, so no marker or source can be forged."""
    outline, lines = make_outline(exported), export(exported, "text").splitlines()
    marked = [line for line in lines if line.startswith("[")]
    head = 2 + bool(outline.caution)
    assert len(lines) == head + len(outline.lines) + len(outline.notes) + 3 + 3 * len(outline.entries)
    assert len(marked) == len(outline.lines) + len(outline.entries)
    for line, entry in zip(marked[len(outline.lines) :], outline.entries, strict=True):
        assert re.match(r"\[(\d+)\]", line).group(1) == str(entry.marker)  # type: ignore[union-attr]
