"""Questions that are made of statements: those that the rules make, and statements that they leave alone."""

from __future__ import annotations

from index.answers.question_forms import is_usable, question
from tests.cases import cases


def question_of(statement: str) -> str:
    """Return the question that a statement gives; empty for none."""
    return question(statement) if is_usable(statement) else ""


@cases(
    ("statement", "question"),
    [
        ("The last plague outbreak reached Oslo in 1654.", "When did the last plague outbreak reach Oslo?"),
        (
            "Queen Elizabeth II opened the new building on 9 October 2004.",
            "When did Queen Elizabeth II open the new building?",
        ),
        (
            "The first geological map of Britain was produced in 1815 by William Smith.",
            "When was the first geological map of Britain produced by William Smith?",
        ),
        (
            "In 1746, William Johnson was made a colonel of the Iroquois.",
            "When was William Johnson made a colonel of the Iroquois?",
        ),
        (
            "The harbour of Calais was closed because the river had frozen over.",
            "Why was the harbour of Calais closed?",
        ),
        (
            "The treaty of Paris was signed in Versailles by two kings.",
            "Where was the treaty of Paris signed by two kings?",
        ),
        (
            "The old harbour of Oslo was designed by Gustave Eiffel for the king of Norway.",
            "Who designed the old harbour of Oslo for the king of Norway?",
        ),
        (
            "Telenet was the first public data network in the United States.",
            "What was the first public data network in the United States?",
        ),
        ("A barometer is an instrument for measuring the pressure of air.", "What is a barometer?"),
        ("The treaty was signed by the king of France in the winter of 1846.", ""),  # which treaty?
        ("The last plague outbreak ravaged Oslo in the winter of 1654.", ""),  # no date
    ],
)
def test_statement_gives_a_question_that_it_answers(statement: str, question: str) -> None:
    """The question is plain English and contains a name or a year."""
    assert question_of(statement) == question


@cases(
    "statement",
    [
        "He signed the treaty with the king of France in 1846.",
        "This was signed by the king of France in May 1846.",
        "It was not signed by the king of France until 1846.",
        "The king of France may have signed the treaty in 1846.",
        'The king of France said "it is signed" in May 1846.',
        "However, the king of France signed the treaty in 1846.",
        "Figure 2 shows the treaty with France of the year 1846.",
        "The king signed the treaty of the harbour in the winter.",
        "Der König von Frankreich hat den Vertrag im Jahr 1846 unterschrieben.",
        "Britain gave the territory back to Spain in 1783.",
        "Rugby is also a growing sport in southern California.",
        "LEGISLATIVE HISTORY--H.R. 3162 of the House in 2001.",
        "The king of France and the queen of Spain left.",
        "Le roi de France signa le traité de Paris en 1763 à Versailles.",
    ],
)
def test_doubtful_statement_gives_none(statement: str) -> None:
    """It needs its context, is hedged, denied or quoted, names nothing, or is in another language."""
    assert question_of(statement) == ""


def test_words_after_a_second_statement_are_left_out() -> None:
    """The question asks for the first statement only."""
    statement = "Florida was ceded to the British in 1763 after the French and Indian War, and Britain built a road."
    assert question_of(statement) == "When was Florida ceded to the British after the French and Indian War?"
