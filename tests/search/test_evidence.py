"""Evidence: which sentence speaks to a question, how strongly, and by which words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.records import Landmark
from index.search.evidence import (
    EXPECTED_BONUS,
    OVERLAP_SHARE,
    OWN_SHARE,
    PIN_OVERLAP_SHARE,
    EncodedQuestion,
    PassageEvidence,
    weigh,
)
from index.search.fusion import DENSE_SHARE, EVIDENCE_SHARE, SENTENCE_SHARE
from index.storage.lexical import terms as analysis
from index.storage.tables import unpack_sentence_vectors
from tests.fakes import meaning
from tests.search.conftest import ask, quotes
from tests.storage.factories import a_document, id_of

if TYPE_CHECKING:
    from index.search.answer_types import Kind
    from index.storage.store import FolderStore
    from tests.search.conftest import StoreOf

ELSEWHERE = "volcano"
"""An idea that none of the documents here has: asked about with its vector, all cosines are 0 and words decide."""
SEA = a_document(
    "The ship left in winter. A heron stood in the harbour. Nobody saw the queen.",
    "Winter came early. The whale sang.",
    source="/sea",
)
LAND = a_document(
    "In winter the horse slept. The king wrote a letter to the queen.", "Bread was dear in winter.", source="/land"
)


def weighed(store: FolderStore, question: str, *words: str, vector: str = "") -> list[PassageEvidence]:
    """The evidence in each passage that holds these words; `vector` says where the question points instead."""
    store.refresh()
    terms = store.terms(question)
    asked = EncodedQuestion(question, meaning(vector or question), terms, store.idf(list(terms)))
    rows = store.passages([id_of(store.catalog, each) for each in words])
    return list(weigh(asked, list(rows.values()), store))


def pinned(evidence: PassageEvidence) -> list[str]:
    """The sentences that may be pinned, the best first."""
    passage = evidence.row.passage
    spans = [passage.sentences[n] for n in evidence.pins]
    return [passage.text[start - passage.start : end - passage.start] for start, end in spans]


# How strongly


def test_a_rarer_shared_word_beats_a_commoner_one(store_of: StoreOf) -> None:
    """`heron` is in one of four passages, `winter` in all: of two sentences, the one with `heron` is the stronger."""
    store = store_of(SEA, LAND)
    (evidence,) = weighed(store, "heron winter", "heron", vector=ELSEWHERE)
    idf = store.idf(["heron", "winter"])
    total = idf["heron"] + idf["winter"]
    shares = [idf["winter"] / total, idf["heron"] / total, 0.0]
    assert evidence.overlaps == pytest.approx(np.array(shares), abs=1e-6)
    assert evidence.strengths == pytest.approx(OVERLAP_SHARE * np.array(shares), abs=1e-6)
    assert evidence.overlap == pytest.approx(max(shares))
    assert pinned(evidence)[0] == "A heron stood in the harbour."


def test_strength_is_cosine_and_share_of_the_rare_words(store_of: StoreOf) -> None:
    """Recomputed from the stored sentence vectors and the idf of each term, for every sentence of a passage."""
    store = store_of(SEA, LAND)
    question = "Did the queen see a heron?"
    (evidence,) = weighed(store, question, "heron")
    terms = analysis.question_terms(question)
    idf = store.idf(list(terms))
    cosines = unpack_sentence_vectors(evidence.row.sentence_vectors, len(meaning(""))) @ meaning(question)
    sentences = ("The ship left in winter.", "A heron stood in the harbour.", "Nobody saw the queen.")
    shares = [
        sum(idf[term] for term in terms if term in analysis.terms(each)) / sum(idf.values()) for each in sentences
    ]
    assert 0 < shares[2] < shares[1] < 1
    assert evidence.strengths == pytest.approx(cosines + OVERLAP_SHARE * np.array(shares), abs=1e-6)
    assert evidence.best == pytest.approx(max(cosines + OVERLAP_SHARE * np.array(shares)), abs=1e-6)


def test_each_passage_has_its_own_sentences(store_of: StoreOf) -> None:
    """Weighed together or alone, in whatever order, a passage's evidence is the same."""
    store = store_of(SEA, LAND)
    words = ("dear", "heron", "horse", "sang")
    together = weighed(store, "queen winter", *words)
    assert len(together) == 4
    for each in together:
        (alone,) = weighed(store, "queen winter", each.row.passage.text[:12])
        assert alone.row == each.row
        assert alone.strengths == pytest.approx(each.strengths)
        assert alone.claims == pytest.approx(each.claims)
        assert len(each.strengths) == len(each.claims) == len(each.terms) == len(each.row.passage.sentences)
        assert each.held == frozenset(analysis.terms(each.row.passage.text))


def test_nothing_to_weigh(store_of: StoreOf) -> None:
    """No passage, no evidence."""
    assert weighed(store_of(SEA), "whale") == []


# Which sentence


def test_a_word_of_every_sentence_does_not_say_which_one(store_of: StoreOf) -> None:
    """`whale` is the rarer word of the library and in each sentence of the passage; `winter` is in one of them."""
    others = [a_document(f"Winter of {year} was long.", source=f"/{year}") for year in range(1900, 1908)]
    whales = a_document(
        "The whale sang. A whale swam by. This whale died in winter. One whale slept.", source="/whales"
    )
    store = store_of(whales, *others)
    idf = store.idf(["whale", "winter"])
    assert idf["whale"] > idf["winter"]
    (evidence,) = weighed(store, "whale winter", "swam", vector=ELSEWHERE)
    assert pinned(evidence)[0] == "This whale died in winter."


def test_the_pin_is_by_cosine_and_the_words_of_its_own(store_of: StoreOf) -> None:
    """Recomputed: a term counts its idf times 1 + OWN_SHARE ln((n + 1) / (m + 1/2)), where m of n sentences have it."""
    store = store_of(SEA, LAND)
    question = "heron queen ship"
    (evidence,) = weighed(store, question, "heron")
    terms = analysis.question_terms(question)
    held = {term: sum(term in each for each in evidence.terms) for term in terms}
    assert list(held.values()) == [1, 1, 1]
    rarity = 1 + OWN_SHARE * math.log(4 / 1.5)
    weights = {term: idf * rarity for term, idf in store.idf(list(terms)).items()}
    shares = [sum(weights[term] for term in terms if term in each) / sum(weights.values()) for each in evidence.terms]
    claims = evidence.cosines + PIN_OVERLAP_SHARE * np.array(shares)
    assert evidence.claims == pytest.approx(claims, abs=1e-5)
    assert evidence.claim == pytest.approx(max(claims), abs=1e-5)
    assert evidence.pins == sorted(range(3), key=lambda n: -claims[n])


@pytest.mark.parametrize(
    ("question", "best", "kind"),
    [
        pytest.param("How many whales?", "Nine whales swam by.", "number", id="a numeral"),
        pytest.param("When did whales swim?", "Whales swam by in 1912.", "time", id="a year"),
        pytest.param("Who saw whales?", "Some whales met Nansen.", "person", id="a name"),
        pytest.param("What percent are whales?", "Of all, 5 % are whales.", "share", id="a share"),
    ],
)
def test_a_question_for_a_number_a_time_or_a_name_wants_one(
    store_of: StoreOf, question: str, best: str, kind: Kind
) -> None:
    """Of sentences that speak to it equally, the one that has what is asked for has the best claim, by a bonus."""
    (plain,) = weighed(store_of(a_document(f"Whales are common. {best}")), "whales", "common")
    (asked,) = weighed(store_of(a_document(f"Whales are common. {best}")), question, "common", vector="whales")
    gained = asked.claims - asked.cosines
    assert gained[1] - gained[0] == pytest.approx(EXPECTED_BONUS[kind], abs=1e-5)
    assert plain.claims - plain.cosines == pytest.approx(np.full(2, (plain.claims - plain.cosines)[0]))


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
def test_the_pin_is_the_sentence_that_answers(store_of: StoreOf, question: str, pin: str) -> None:
    """Of the best passage's sentences, the one with the question's idea is pinned."""
    sea = a_document(
        "The vessel left the port. A whale swam by. The clock stopped.", "Rain fell on the queen. Music was played."
    )
    assert quotes(ask(store_of(sea), question, limit=1)) == [pin]


def test_a_heading_is_no_evidence(store_of: StoreOf) -> None:
    """Though it has all of the question's words, what stands below it is pinned: a heading claims nothing."""
    text = "Whales of the north. It is said that a whale sang there. It rained."
    store = store_of(a_document(text, landmarks=[Landmark("heading", 0, "Whales of the north", 1)]))
    (hit,) = ask(store, "whales of the north")
    assert hit.quote == "It is said that a whale sang there."
    assert hit.runner_up is not None
    assert hit.words(hit.runner_up) == "It rained."
    assert hit.why.verbatim


def test_a_heading_alone_is_pinned(store_of: StoreOf) -> None:
    """Where a passage is nothing but headings there is nothing else to show: the better of them."""
    marks = [Landmark("heading", 0, "Whales", 1), Landmark("heading", 8, "Ships of the north", 2)]
    store = store_of(a_document("Whales. Ships of the north.", landmarks=marks))
    assert quotes(ask(store, "north ship")) == ["Ships of the north."]


def test_the_next_best_sentence_is_told(store_of: StoreOf) -> None:
    """The runner-up is the pin that would be if the pin were not there; a passage of one sentence has none."""
    one, two = ask(store_of(SEA, a_document("A heron.", source="/short")), "heron in a harbour, queen", limit=2)
    assert (two.quote, two.runner_up) == ("A heron.", None)
    assert one.quote == "A heron stood in the harbour."
    assert one.runner_up is not None
    assert one.words(one.runner_up) == one.runner_up.of(SEA.text) == "Nobody saw the queen."


# By which words


def test_the_words_in_common_are_told(store_of: StoreOf) -> None:
    """The question's own words: those of the passage in its order, those of the pin rarest first, idle ones never."""
    hit = ask(store_of(SEA, LAND), "Did winter harbours have a heron in them?")[0]
    assert hit.quote == "A heron stood in the harbour."
    assert hit.why.matched_terms == ("winter", "harbours", "heron")
    assert set(hit.why.pin_terms) == {"harbours", "heron"}


def test_the_rarest_word_of_the_pin_comes_first(store_of: StoreOf) -> None:
    """`zinc` is in one passage, `oil` in two, `winter` in four, whatever the order of the question."""
    documents = [
        a_document("In winter oil and zinc rose.", source="/1"),
        a_document("In winter oil fell.", source="/2"),
        *(a_document(f"In winter {each} fell.", source=f"/{each}") for each in ("bread", "silver")),
    ]
    store = store_of(*documents)
    for question in ("zinc oil winter", "winter oil zinc", "oil winter zinc"):
        assert ask(store, question)[0].why.pin_terms == ("zinc", "oil", "winter")


def test_a_word_that_occurs_in_another_form_is_told_as_asked(store_of: StoreOf) -> None:
    """The reader sees the word as he wrote it, once, though it has several terms or is repeated."""
    store = store_of(a_document("The ships met IL-6 at sea."))
    why = ask(store, "IL6 shipping, ship?")[0].why
    assert why.matched_terms[0] == "IL6"
    assert len(set(why.matched_terms)) == len(why.matched_terms) == 2


@pytest.mark.parametrize(
    ("question", "text"),
    [("Su-35", "There were 35 horses."), ("什么是机器学习", "机器很多。")],
    ids=["code", "Chinese"],
)
def test_a_part_of_a_word_is_not_the_word(store_of: StoreOf, question: str, text: str) -> None:
    """What is told to be in common is there: `Su-35` is not where only `35` is."""
    (hit,) = ask(store_of(a_document(text)), question)
    assert question not in (*hit.why.matched_terms, *hit.why.pin_terms)


def test_no_word_in_common_is_told_as_none(store_of: StoreOf) -> None:
    """Found by meaning alone, a hit has neither matched terms nor terms of the pin."""
    (hit,) = ask(store_of(a_document("The vessel left the port.")), "boat")
    assert (hit.why.matched_terms, hit.why.pin_terms, hit.why.lexical, hit.why.lexical_rank) == ((), (), 0.0, None)
    assert hit.why.dense == pytest.approx(3**-0.5, abs=1e-3)


# The whole of it


def test_the_score_is_what_its_reasons_add_up_to(store_of: StoreOf) -> None:
    """From cosine, BM25, evidence and the best sentence's cosine follow `fused` and score, by the formula."""
    # One passage a document: within one, passages exchange their scores.
    passages = [*SEA.text.split("\n\n"), *LAND.text.split("\n\n")]
    store = store_of(*(a_document(passage, source=f"/{n}") for n, passage in enumerate(passages)))
    question = "Who saw the queen and a heron in winter?"
    found = ask(store, question)
    assert len(found) == 4
    assert not any(hit.why.verbatim for hit in found)
    dense, lexical = store.dense(meaning(question), 99), store.lexical(question, 99)
    evidence = {each.row.passage.id: each for each in weighed(store, question, *(hit.quote for hit in found))}
    near = {
        each: (1 - SENTENCE_SHARE) * dense[each] + SENTENCE_SHARE * float(evidence[each].cosines.max())
        for each in dense
    }
    most = 1 + EVIDENCE_SHARE * (1 + OVERLAP_SHARE)
    for hit in found:
        each = hit.passage.id
        words = (1 - DENSE_SHARE) * lexical.get(each, 0.0) / max(lexical.values())
        assert hit.why.fused == pytest.approx(
            DENSE_SHARE * max(dense[each], 0.0) / max(dense.values()) + words, abs=1e-5
        )
        assert hit.why.evidence == pytest.approx(evidence[each].best, abs=1e-6)
        again = DENSE_SHARE * max(near[each], 0.0) / max(near.values()) + words
        assert hit.score == pytest.approx((again + EVIDENCE_SHARE * max(hit.why.evidence, 0.0)) / most, abs=1e-5)
