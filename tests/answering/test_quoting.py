"""The writer that quotes: who is quoted, in which order, and how much of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from index.answering.quoting import ELLIPSIS, LONGEST, STATEMENTS, quotes
from index.records import DocumentInfo, Hit, Location, Passage, Span
from tests.making import why

NEVER = float("-inf")


def a_hit(*sentences: tuple[str, float], score: float = 0.9, document: str = "d") -> Hit:
    """A passage of these sentences, each with its claim; the best of them is the pin."""
    spans, at = [], 0
    for words, _ in sentences:
        spans.append(Span(at, at + len(words)))
        at += len(words) + 1
    text = " ".join(words for words, _ in sentences)
    claims = tuple(claim for _, claim in sentences)
    return Hit(
        passage=Passage(1, document, 0, 0, len(text), text, tuple(spans)),
        document=DocumentInfo(document, document, "", "", "", "text/plain", len(text), 0, 1),
        score=score,
        pin=spans[claims.index(max(claims))],
        location=Location(),
        why=why(),
        claims=claims,
    )


def said(*hits: Hit, question: str = "Who signed the treaty?") -> list[str]:
    """What is quoted, in order."""
    return [quote.text for quote in quotes(question, hits)]


def test_the_best_sentence_leads() -> None:
    """Though it stands later in its passage, and another passage was found first."""
    first = a_hit(("Bread was dear.", 0.2), ("Rain fell.", 0.1), score=0.8)
    second = a_hit(("A comet came.", 0.1), ("The king signed it.", 0.9), score=0.7, document="e")
    assert said(first, second)[0] == "The king signed it."


def test_what_says_little_is_not_said() -> None:
    """A sentence with a claim far below the first one's is left out."""
    assert said(a_hit(("The king signed the treaty.", 0.9), ("Bread was dear.", 0.3))) == [
        "The king signed the treaty."
    ]


def test_nothing_is_said_twice() -> None:
    """A sentence that has no news beside what is quoted already is passed over."""
    twice = a_hit(("The king signed the treaty.", 0.9), score=0.8)
    again = a_hit(("The king signed the treaty in winter.", 0.88), score=0.7, document="e")
    news = a_hit(("The queen kept a copy under glass.", 0.8), score=0.6, document="f")
    assert said(twice, again, news) == ["The king signed the treaty.", "The queen kept a copy under glass."]


def test_after_the_first_one_place_keeps_its_order() -> None:
    """Sentences of one document follow each other as they do there."""
    hit = a_hit(
        ("Snow lay on the bridge.", 0.80), ("The king signed the treaty.", 0.95), ("Copper bells rang all night.", 0.85)
    )
    assert said(hit) == ["The king signed the treaty.", "Snow lay on the bridge.", "Copper bells rang all night."]


def test_no_more_than_a_few() -> None:
    """However many sentences speak to the question."""
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    hits = [a_hit((f"The {word} {word}x{word} signed.", 0.9), document=word) for word in words]
    assert len(said(*hits)) == STATEMENTS


def test_what_hangs_in_the_air_has_its_neighbour_with_it() -> None:
    """`He signed it.` alone says nothing: the sentence before it is quoted with it, in one piece."""
    hit = a_hit(("The king came to Rome.", 0.3), ("He signed the treaty there.", 0.9))
    assert said(hit) == ["The king came to Rome. He signed the treaty there."]


def test_what_still_hangs_is_passed_over() -> None:
    """Where the neighbour hangs, too, another sentence is quoted."""
    hanging = a_hit(("Bread was dear.", 0.1), ("It rained.", 0.2), ("He signed it.", 0.95))
    other = a_hit(("The king signed the treaty.", 0.7), score=0.5, document="e")
    assert said(hanging, other) == ["The king signed the treaty."]


def test_a_heading_is_never_quoted() -> None:
    """Nor taken for the neighbour of what hangs in the air."""
    hit = a_hit(("The treaty", NEVER), ("It was signed by the king.", 0.9))
    assert said(hit) == ["It was signed by the king."]


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    """The clauses that have the question's words are kept whole; an ellipsis stands for what is left out."""
    padding = ", and " + "the bells of the town rang on and on through all of that long and weary night " * 3
    words = f"Snow fell{padding}; the king signed the treaty{padding}; and nobody slept{padding}"
    (quote,) = quotes("Who signed the treaty?", [a_hit((words.strip(), 0.9))])
    assert "the king signed the treaty" in quote.words
    assert len(quote.words) <= LONGEST
    assert quote.text.startswith(ELLIPSIS)
    assert quote.text.endswith(ELLIPSIS)
    assert quote.words in words


def test_a_sentence_without_clauses_stays_whole() -> None:
    """There is no border at which it might be cut."""
    words = "signed " * 100
    (quote,) = quotes("Who signed?", [a_hit((words.strip(), 0.9))])
    assert quote.text == words.strip()


def test_nothing_found_nothing_said() -> None:
    """No hits, no answer."""
    assert quotes("Who?", []) == []


SENTENCES = st.lists(
    st.tuples(st.text("abc ,;:—HeIt.", min_size=1, max_size=500), st.floats(-1, 2) | st.just(NEVER)),
    min_size=1,
    max_size=5,
).filter(lambda rows: any(claim > NEVER for _, claim in rows))


@given(st.lists(SENTENCES, max_size=5), st.text(max_size=30))
def test_every_quotation_is_there(passages: list[list[tuple[str, float]]], question: str) -> None:
    """Whatever is chosen, joined or cut: its words are those of its span, and no two overlap."""
    hits = [a_hit(*rows, document=str(n)) for n, rows in enumerate(passages)]
    chosen = quotes(question, hits)
    assert len(chosen) <= STATEMENTS
    for quote in chosen:
        passage = quote.hit.passage
        assert passage.start <= quote.span.start <= quote.span.end <= passage.end
        assert quote.words == passage.text[quote.span.start : quote.span.end]
    places = sorted((quote.hit.document.id, *quote.span) for quote in chosen)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(places))
