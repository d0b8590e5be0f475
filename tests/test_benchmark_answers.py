"""The rules by which the benchmark rates answers."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.answers import Asked, Place, Words, rate
from index.records import Answer, Citation, DocumentInfo, Location, Statement
from tests.cases import cases

TEXT = "Bread was dear. The king signed the treaty. It was in May. Rain fell."
GOLD, CONTEXT = "The king signed the treaty.", "It was in May."
INFO = DocumentInfo("d", "d", "", "", "", "text/plain", len(TEXT), 0, 1)


def place(quote: str) -> Place:
    """Return the place of a quote in the text."""
    start = TEXT.index(quote)
    return Place("d", start, start + len(quote), Words.of(quote))


ASKED = Asked(
    "1", "fact", "Who signed?", answerable=True, gold=(place(GOLD),), also=(), context=(), must=(), must_not=()
)


def answer(*quotes: str, status: str = "answered", notes: tuple[str, ...] = ()) -> Answer:
    """Return an answer that consists of these quotes."""
    citations = tuple(
        Citation(n, INFO, Location(), TEXT.index(quote), TEXT.index(quote) + len(quote), quote)
        for n, quote in enumerate(quotes, 1)
    )
    statements = tuple(Statement(citation.quote, (citation.marker,), "verbatim") for citation in citations)
    return Answer("?", status, 0.9, 0.6, statements, citations, (), (1, 1), "quote", {}, notes)  # type: ignore[arg-type]


@cases(
    ("question", "answered", "points"),
    [
        (ASKED, answer(GOLD), 3),
        (ASKED, answer("signed the treaty"), 3),
        (ASKED, answer(GOLD, "Rain fell."), 2),
        (ASKED, answer(GOLD, status="unsure"), 2),
        (replace(ASKED, context=(place(CONTEXT),)), answer(GOLD), 2),
        (replace(ASKED, context=(place(CONTEXT),)), answer(GOLD, CONTEXT), 3),
        (ASKED, answer("Rain fell.", GOLD), 1),
        (replace(ASKED, must=((Words.of("May"), Words.of("June")),)), answer(GOLD), 1),
        (replace(ASKED, must=((Words.of("may"), Words.of("June")),)), answer(GOLD + " " + CONTEXT), 3),
        (replace(ASKED, must_not=(Words.of("king"),)), answer(GOLD), 1),
        (replace(ASKED, must_not=(Words.of("rain"),), also=(place("Rain fell."),)), answer(GOLD, "Rain fell."), 2),
        (ASKED, answer("Rain fell."), 0),
        (ASKED, answer(status="abstained"), 0),
        (replace(ASKED, answerable=False), answer(status="abstained"), 3),
        (replace(ASKED, answerable=False), answer(GOLD, status="unsure"), 2),
        (replace(ASKED, answerable=False), answer(GOLD), 0),
        (replace(ASKED, kind="fragment"), answer(status="abstained", notes=("Ask it whole.",)), 3),
        (replace(ASKED, kind="fragment"), answer(status="abstained"), 2),
        (replace(ASKED, kind="fragment"), answer(GOLD), 0),
    ],
)
def test_rating_gives_the_expected_points(question: Asked, answered: Answer, points: int) -> None:
    """Each case tests one rule."""
    rating = rate(question, answered)
    assert rating.points == points, rating.why


def test_quote_from_a_copy_counts() -> None:
    """The same words in another document are as good."""
    elsewhere = replace(place(GOLD), document="another")
    assert rate(replace(ASKED, gold=(elsewhere,)), answer(GOLD)).points == 3


def test_rating_notes_whether_the_first_quote_is_right() -> None:
    """A right quote after a wrong one is not first."""
    assert rate(ASKED, answer(GOLD, "Rain fell.")).first_right
    assert not rate(ASKED, answer("Rain fell.", GOLD)).first_right
