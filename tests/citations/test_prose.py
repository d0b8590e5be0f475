"""Plain text, which has no escape: what is ours is told by its place."""

from __future__ import annotations

import re

from hypothesis import given

from index.citations.export import cite, export
from index.citations.readable import make_outline
from index.records import Answer, Statement
from tests.citations.factories import PAGE, abstention, answer, answers, citation


def test_an_answer_lists_statements_then_sources() -> None:
    """A marker stands where a line begins."""
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


def test_one_citation_is_three_lines() -> None:
    """Quote, reference, link."""
    quote, reference, link = cite(citation(), "text").splitlines()
    assert quote == "“The pump in Broad Street was the cause.”"
    assert reference.endswith("p. 39, § Soho, ¶ 1")
    assert link.startswith("pincite:")


def test_a_statement_without_support_has_a_dash_for_a_marker() -> None:
    """And the verdict behind it."""
    made = export(answer(statements=(Statement("It was the air.", (), "unverified"),)), "text")
    assert "\n[-] It was the air. (Not verified)\n" in made


def test_words_beside_a_statement_do_not_count_as_its_support() -> None:
    """They are named behind the verdict, never before the statement."""
    statements = (
        Statement("It was 1853.", (1,), "contradicted", "1853 here, *1854* in the source"),
        Statement("It was the air.", (), "unverified", "not in the source: *air*", nearest=1),
    )
    made = export(answer(citation(), statements=statements), "text")
    assert "\n[-] It was 1853. (Contradicted: 1853 here, “1854” in the source; see [1])\n" in made
    assert "\n[-] It was the air. (Not verified: not in the source: “air”; nearest [1])\n" in made


def test_what_may_be_an_answer_is_not_given_as_one() -> None:
    """The first line says so, and how sure it is."""
    made = export(answer(citation(), status="unsure", confidence=0.41), "text").splitlines()
    caution = "This may be it. The documents do not clearly answer the question"
    assert made[2:4] == [
        f"{caution} (confidence 41%, from 50% on an answer is given).",
        "[1] “The pump in Broad Street was the cause.”",
    ]


def test_notes_stand_between_the_statements_and_the_sources() -> None:
    """With quotation marks around the words that they are about."""
    made = export(answer(citation(), notes=("No passage mentions *Brazil*.",)), "text").splitlines()
    assert made[3] == "Note: No passage mentions “Brazil”."


def test_no_answer_says_how_near_it_came() -> None:
    """Confidence, bar, and the nearest passage."""
    made = export(abstention(), "text")
    assert "(confidence 21%, from 50% on an answer is given)." in made
    assert "\nNearest: John Snow, On the Mode" in made


def test_where_nothing_was_searched_nothing_is_said_of_the_documents() -> None:
    """Only the note says why."""
    made = export(answer(status="abstained", confidence=0.0, searched=(0, 0), notes=("This is no question.",)), "text")
    assert made.splitlines()[2:] == ["Nothing was searched.", "Note: This is no question."]


@given(answers())
def test_no_document_begins_a_line(each: Answer) -> None:
    """Line by line it is what we wrote, so no marker and no source can be forged."""
    outline, lines = make_outline(each), export(each, "text").splitlines()
    marked = [line for line in lines if line.startswith("[")]
    head = 2 + bool(outline.caution)
    assert len(lines) == head + len(outline.lines) + len(outline.notes) + 3 + 3 * len(outline.entries)
    assert len(marked) == len(outline.lines) + len(outline.entries)
    for line, entry in zip(marked[len(outline.lines) :], outline.entries, strict=True):
        assert re.match(r"\[(\d+)\]", line).group(1) == str(entry.marker)  # type: ignore[union-attr]
