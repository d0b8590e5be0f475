"""Plain text, which has no escapes: the layout alone separates our words from a document's."""

from __future__ import annotations

import re

from hypothesis import given

from index.citations.export import cite, export
from index.citations.readable import make_outline
from index.records import Answer, Statement, texts
from tests.citations.factories import PAGE, abstention, answer, answers, citation


def test_answer_lists_statements_and_then_sources() -> None:
    """A marker is at the beginning of its line."""
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


def test_citation_is_three_lines() -> None:
    """The lines are quote, reference and link."""
    quote, reference, link = cite(citation(), "text").splitlines()
    assert quote == "“The pump in Broad Street was the cause.”"
    assert reference.endswith("p. 39, § Soho, ¶ 1")
    assert link.startswith("pincite:")


def test_unsupported_statement_has_a_dash_for_a_marker() -> None:
    """The verdict follows the statement."""
    text = export(answer(statements=(Statement("It was the air.", (), "unverified"),)), "text")
    assert "\n[-] It was the air. (Not verified)\n" in text


def test_contradicting_and_nearest_quotes_are_named_after_the_verdict() -> None:
    """They are never markers before the statement, because they do not support it."""
    statements = (
        Statement("It was 1853.", (1,), "contradicted", "1853 here, *1854* in the source"),
        Statement("It was the air.", (), "unverified", "not in the source: *air*", nearest=1),
    )
    text = export(answer(citation(), statements=statements), "text")
    assert "\n[-] It was 1853. (Contradicted: 1853 here, “1854” in the source; see [1])\n" in text
    assert "\n[-] It was the air. (Not verified: not in the source: “air”; nearest [1])\n" in text


def test_unsure_answer_begins_with_a_caution() -> None:
    """The first line gives the confidence."""
    lines = export(answer(citation(), status="unsure", confidence=0.41), "text").splitlines()
    caution = f"{texts.MAY_BE}. {texts.UNCLEAR}"
    assert lines[2:4] == [
        f"{caution} (confidence 41%, from 50% on an answer is given).",
        "[1] “The pump in Broad Street was the cause.”",
    ]


def test_notes_are_between_the_statements_and_the_sources() -> None:
    """The words that a note is about are in quotation marks."""
    lines = export(answer(citation(), notes=("No passage mentions *Brazil*.",)), "text").splitlines()
    assert lines[3] == "Note: No passage mentions “Brazil”."


def test_abstention_gives_its_confidence_and_the_nearest_hit() -> None:
    """The line has the confidence and the bar."""
    text = export(abstention(), "text")
    assert "(confidence 21%, from 50% on an answer is given)." in text
    assert "\nNearest: John Snow, On the Mode" in text


def test_answer_without_a_search_says_nothing_about_the_documents() -> None:
    """Only the note gives the reason."""
    text = export(answer(status="abstained", confidence=0.0, searched=(0, 0), notes=("This is no question.",)), "text")
    assert text.splitlines()[2:] == [f"{texts.NOTHING_SEARCHED}.", "Note: This is no question."]


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
