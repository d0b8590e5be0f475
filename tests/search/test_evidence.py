"""Evidence: which sentence matches a question, how strongly, and by which words."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.loading.formats import PPTX
from index.records import Landmark, Passage, Span
from index.search.evidence import (
    OVERLAP_SHARE,
    PIN_OVERLAP_SHARE,
    EncodedQuestion,
    PassageEvidence,
    quotable_sentences,
    weigh,
)
from index.search.fusion import DENSE_SHARE, EVIDENCE_SHARE, SENTENCE_SHARE
from index.storage.catalog.passage_queries import PassageRow
from index.storage.tables import unpack_sentence_vectors
from index.text import words as analysis
from index.text.questions import read_question
from tests.fakes import meaning
from tests.search.conftest import ask, quotes
from tests.storage.factories import a_copy, a_document, id_of

if TYPE_CHECKING:
    from index.storage.store import FolderStore
    from tests.search.conftest import StoreOf

SEA = a_document(
    "The ship left in winter. A heron stood in the harbour. Nobody saw the queen.",
    "Winter came early. The whale sang.",
    source="/sea",
)
LAND = a_document(
    "In winter the horse slept. The king wrote a letter to the queen.", "Bread was dear in winter.", source="/land"
)


def weighed(store: FolderStore, question: str, *words: str) -> list[PassageEvidence]:
    """Weigh the passages that contain these words."""
    store.refresh()
    terms = store.terms(question)
    parsed = read_question(question, plain=True)
    encoded = EncodedQuestion(parsed, meaning(question), terms, store.idf(list(terms)), question)
    rows = store.passages([id_of(store.catalog, word) for word in words])
    return list(weigh(encoded, list(rows.values()), store))


# Strength


def test_strength_adds_cosine_and_idf_share(store_of: StoreOf) -> None:
    """It is recomputed from the stored sentence vectors and each term's idf, for every sentence of a passage."""
    store = store_of(SEA, LAND)
    question = "Did the queen see a heron?"
    (evidence,) = weighed(store, question, "heron")
    terms = analysis.question_terms(question)
    idf = store.idf(list(terms))
    cosines = unpack_sentence_vectors(evidence.row.sentence_vectors, len(meaning(""))) @ meaning(question)
    sentences = ("The ship left in winter.", "A heron stood in the harbour.", "Nobody saw the queen.")
    shares = [
        sum(idf[term] for term in terms if term in analysis.terms(sentence)) / sum(idf.values())
        for sentence in sentences
    ]
    assert 0 < shares[2] < shares[1] < 1
    assert evidence.overlaps == pytest.approx(np.array(shares), abs=1e-6)
    assert evidence.overlap == pytest.approx(max(shares))
    assert evidence.strengths == pytest.approx(cosines + OVERLAP_SHARE * np.array(shares), abs=1e-6)
    assert evidence.best == pytest.approx(max(cosines + OVERLAP_SHARE * np.array(shares)), abs=1e-6)


def test_passages_are_weighed_independently(store_of: StoreOf) -> None:
    """Weighed together or alone, in any order, a passage has the same evidence; none is no error."""
    store = store_of(SEA, LAND)
    assert weighed(store, "whale") == []
    words = ("dear", "heron", "horse", "sang")
    together = weighed(store, "queen winter", *words)
    assert len(together) == 4
    for evidence in together:
        (alone,) = weighed(store, "queen winter", evidence.row.passage.text[:12])
        assert alone.row == evidence.row
        assert alone.strengths == pytest.approx(evidence.strengths)
        assert alone.claims == pytest.approx(evidence.claims)
        sentences = len(evidence.row.passage.sentences)
        assert len(evidence.strengths) == len(evidence.claims) == len(evidence.terms) == sentences
        assert evidence.held == frozenset(analysis.terms(evidence.row.passage.text))


# The pinned sentence


def test_pin_depends_on_cosine_and_shared_words(store_of: StoreOf) -> None:
    """The pin scores are those of cosine and overlap, in which words count for more than in the strengths."""
    (evidence,) = weighed(store_of(SEA, LAND), "heron queen ship", "heron")
    claims = evidence.cosines + PIN_OVERLAP_SHARE * evidence.overlaps
    assert evidence.claims == pytest.approx(claims)
    assert evidence.claim == pytest.approx(max(claims))
    assert evidence.pins == sorted(range(3), key=lambda number: -claims[number])


@pytest.mark.parametrize(
    ("question", "pin"),
    [
        pytest.param("whale", "A whale swam by.", id="in the middle"),
        pytest.param("boat in harbour", "The vessel left the port.", id="by meaning alone"),
        pytest.param("When did the clock stop?", "The clock stopped.", id="by words and meaning"),
        pytest.param("queen", "Rain fell on the queen.", id="first of its passage"),
        pytest.param("music", "Music was played.", id="last of its passage"),
    ],
)
def test_pin_is_the_sentence_that_answers(store_of: StoreOf, question: str, pin: str) -> None:
    """The sentence of the best passage that has the question's idea is pinned."""
    sea = a_document(
        "The vessel left the port. A whale swam by. The clock stopped.", "Rain fell on the queen. Music was played."
    )
    assert quotes(ask(store_of(sea), question, limit=1)) == [pin]


def test_heading_is_not_pinned_unless_there_is_nothing_else(store_of: StoreOf) -> None:
    """It states nothing, so the text below it is pinned even if the heading has all words of the question.

    In a passage of headings only, the better heading is pinned.
    """
    text = "Whales of the north. It is said that a whale sang there. It rained."
    store = store_of(a_document(text, landmarks=[Landmark("heading", 0, "Whales of the north", 1)]))
    (hit,) = ask(store, "whales of the north")
    assert hit.quote == "It is said that a whale sang there."
    assert hit.runner_up is not None
    assert hit.words(hit.runner_up) == "It rained."
    assert hit.why.verbatim
    marks = [Landmark("heading", 0, "Whales", 1), Landmark("heading", 8, "Ships of the north", 2)]
    store = store_of(a_document("Whales. Ships of the north.", landmarks=marks))
    assert quotes(ask(store, "north ship")) == ["Ships of the north."]


def test_runner_up_is_the_next_best_sentence(store_of: StoreOf) -> None:
    """A passage of one sentence has no runner-up."""
    sea, short = ask(store_of(SEA, a_document("A heron.", source="/short")), "heron in a harbour, queen", limit=2)
    assert (short.quote, short.runner_up) == ("A heron.", None)
    assert sea.quote == "A heron stood in the harbour."
    assert sea.runner_up is not None
    assert sea.words(sea.runner_up) == sea.runner_up.of(SEA.text) == "Nobody saw the queen."


# Terms in common


def test_shared_words_are_listed(store_of: StoreOf) -> None:
    """Words of the passage are in question order, words of the pin are rarest first, and stop words are left out.

    A word is listed once, as the question spells it; a hit found by meaning alone has none.
    """
    hit = ask(store_of(SEA, LAND), "In winter, did the harbour have a heron in it?")[0]
    assert hit.quote == "A heron stood in the harbour."
    assert hit.why.matched_terms == ("winter", "harbour", "heron")
    assert set(hit.why.pin_terms) == {"harbour", "heron"}
    documents = [
        a_document("In winter oil and zinc rose.", source="/1"),
        a_document("In winter oil fell.", source="/2"),
        *(a_document(f"In winter {good} fell.", source=f"/{good}") for good in ("bread", "silver")),
    ]
    store = store_of(*documents)
    for question in ("zinc oil winter", "winter oil zinc", "oil winter zinc"):
        assert ask(store, question)[0].why.pin_terms == ("zinc", "oil", "winter")
    why = ask(store_of(a_document("The ships met IL-6 at sea.")), "IL6 shipping, ship?")[0].why
    assert why.matched_terms[0] == "IL6"
    assert len(set(why.matched_terms)) == len(why.matched_terms) == 2
    [hit] = ask(store_of(a_document("The vessel left the port.")), "boat")
    assert (hit.why.matched_terms, hit.why.pin_terms, hit.why.lexical, hit.why.lexical_rank) == ((), (), 0.0, None)
    assert hit.why.dense == pytest.approx(3**-0.5, abs=1e-3)


@pytest.mark.parametrize(
    ("question", "text"),
    [("Su-35", "There were 35 horses."), ("什么是机器学习", "机器很多。")],
    ids=["code", "Chinese"],
)
def test_part_of_a_word_is_not_a_match(store_of: StoreOf, question: str, text: str) -> None:
    """`Su-35` does not match where only `35` occurs."""
    (hit,) = ask(store_of(a_document(text)), question)
    assert question not in (*hit.why.matched_terms, *hit.why.pin_terms)


# The score


def test_score_follows_from_its_parts(store_of: StoreOf) -> None:
    """`fused` and the score are recomputed from cosine, BM25, evidence and the best sentence's cosine."""
    # One passage per document, because passages of one document exchange their scores.
    passages = [*SEA.text.split("\n\n"), *LAND.text.split("\n\n")]
    store = store_of(*(a_document(passage, source=f"/{number}") for number, passage in enumerate(passages)))
    question = "Who saw the queen and a heron in winter?"
    found = ask(store, question)
    assert len(found) == 4
    assert not any(hit.why.verbatim for hit in found)
    dense, lexical = store.dense(meaning(question), 99), store.lexical(question, 99)
    weights = weighed(store, question, *(hit.quote for hit in found))
    evidence = {passage.row.passage.id: passage for passage in weights}
    nearness = {
        passage: (1 - SENTENCE_SHARE) * dense[passage] + SENTENCE_SHARE * float(evidence[passage].cosines.max())
        for passage in dense
    }
    most = 1 + EVIDENCE_SHARE * (1 + OVERLAP_SHARE)
    for hit in found:
        passage = hit.passage.id
        words = (1 - DENSE_SHARE) * lexical.get(passage, 0.0) / max(lexical.values())
        assert hit.why.fused == pytest.approx(
            DENSE_SHARE * max(dense[passage], 0.0) / max(dense.values()) + words, abs=1e-5
        )
        assert hit.why.evidence == pytest.approx(evidence[passage].best, abs=1e-6)
        reweighed = DENSE_SHARE * max(nearness[passage], 0.0) / max(nearness.values()) + words
        assert hit.score == pytest.approx((reweighed + EVIDENCE_SHARE * max(hit.why.evidence, 0.0)) / most, abs=1e-5)


def quotable(*lines: str, slides: bool = False) -> list[str]:
    """Return which lines of a passage may serve as evidence."""
    ends = list(accumulate(len(line) + 1 for line in lines))
    spans = tuple(Span(end - len(line) - 1, end - 1) for end, line in zip(ends, lines, strict=True))
    passage = Passage(1, "a" * 64, 0, 0, ends[-1] - 1, "\n".join(lines), spans)
    return [lines[n] for n in quotable_sentences(PassageRow(passage, 1, b"", b"", frozenset(), slides=slides))]


def test_items_of_lists_and_lines_of_slides_are_quotable() -> None:
    """One word is enough where the list says what it is; a lone word, or one mark, states nothing.

    Slides state things without full stops; the same line in a letter states nothing.
    """
    assert quotable("• Ship", "• Whale", "Comet", "Nobody came.") == ["• Ship", "• Whale", "Nobody came."]
    assert quotable("Ship", "- Whale", "Comet", "Nobody came.") == ["Nobody came."]
    assert quotable("1. Ship", "2. Whale", "Nobody came.") == ["Nobody came."]
    lines = ("Use the whale for the first point", "The clock stopped.")
    assert quotable(*lines, slides=True) == list(lines)
    assert quotable(*lines) == ["The clock stopped."]


def test_presentation_is_known_by_its_format(store_of: StoreOf) -> None:
    """A passage says whether it is of a slide."""
    letter = a_document("The whale sang.", source="/letter")
    slide = replace(a_copy(letter, "/slides"), media_type=PPTX)
    store = store_of(letter, slide)
    ids = [passage.id for number in (1, 2) for passage in store.catalog.passages_of(number)]
    assert [row.slides for row in store.passages(ids).values()] == [False, True]
