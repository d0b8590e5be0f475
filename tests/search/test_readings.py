"""The reader reads the first hits with the question: which sentences it gets, and how its logits count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoders.answer_reader import UNREAD, Verdict, Window
from index.search.confidence import MOST
from index.search.readings import (
    ANY_SHARE,
    FIRST_READ,
    LOGITS,
    MOST_READ,
    REORDER_LOGIT,
    ReadPassage,
    rank_loss,
    read_passages,
    reorder,
    share_of_pin,
)
from index.search.retriever import Retriever
from index.storage.tables import unpack_sentence_vectors
from index.text.questions import read_question
from tests.fakes import FakeEncoder
from tests.search.conftest import quotes
from tests.search.test_fusion import an_evidence
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document, Found
    from index.storage.store import FolderStore
    from tests.search.conftest import StoreOf

YES, NO = 8.0, -8.0
LOSS = LOGITS * rank_loss(1)
SEA = a_document("The ship left the harbour. The ship was old. A whale swam by the ship.", source="/sea")
LAND = a_document("A ship stood on land.", source="/land")


class FakeReader:
    """Answers yes for sentences that contain a word, and records what it was given."""

    def __init__(self, word: str, yes: float = YES) -> None:
        self.word = word
        self.yes = yes
        self.calls: list[tuple[str, list[str]]] = []

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Return a logit of yes or no for each sentence."""
        self.calls.append((question, [window.text for window in windows]))
        logits = [
            np.array(
                [self.yes if self.word in sentence.of(window.text) else NO for sentence in window.sentences], np.float32
            )
            for window in windows
        ]
        return [Verdict(scores, float(scores.max())) for scores in logits]


def search_with(
    store: FolderStore,
    reader: FakeReader | None,
    question: str,
    *,
    mode: str = "hybrid",
    limit: int = 10,
    worth_reading: bool = True,
) -> Found:
    """Search the store with this reader."""
    retriever = Retriever(
        store, FakeEncoder(), ThreadPoolExecutor(1), reader=lambda: reader, worth_reading=lambda _: worth_reading
    )
    return retriever.search(read_question(question), limit=limit, mode=mode)  # type: ignore[arg-type]


def test_reader_moves_the_pin(store_of: StoreOf) -> None:
    """Of sentences that are about as good, its answer is pinned; it reads whole passages below their titles."""
    store = store_of(SEA)
    reader = FakeReader("whale")
    assert quotes(search_with(store, None, "Which ship?")) != ["A whale swam by the ship."]
    assert quotes(search_with(store, reader, "Which ship?")) == ["A whale swam by the ship."]
    assert reader.calls == [("Which ship?", [SEA.text])]
    document = a_document(SEA.text, source="/sea", title="The whalers of Hull")
    reader = FakeReader("Hull")
    (hit,) = search_with(store_of(document), reader, "Which ship?")
    assert reader.calls == [("Which ship?", [f"The whalers of Hull\n{SEA.text}"])]
    assert hit.logits == (NO, NO, NO)


def test_reader_reorders_the_first_hits(store_of: StoreOf) -> None:
    """Of two similar documents, the one whose sentence answers comes first; the scores stay sorted."""
    store = store_of(a_document("A ship stood on water.", source="/water"), LAND)
    before, after, water = (
        search_with(store, reader, "What is a ship?") for reader in (None, *map(FakeReader, ("land", "water")))
    )
    assert [found[0].document.source for found in (after, water)] == ["/land", "/water"]
    assert sorted(hit.score for hit in before) == pytest.approx(sorted(hit.score for hit in after))
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)
    assert {hit.passage.id for hit in before} == {hit.passage.id for hit in after}


def test_reader_does_not_reorder_hits_of_a_non_question_or_below_the_exact_words(store_of: StoreOf) -> None:
    """It knows what answers a question, not what is on a topic; what has the question word for word stays first."""
    store = store_of(SEA, LAND)
    before, after = (search_with(store, reader, "ship by the whale") for reader in (None, FakeReader("land")))
    assert [hit.passage.id for hit in before] == [hit.passage.id for hit in after]
    assert before[0].document.source == "/sea"
    question = "the ship was old?"
    assert search_with(store, FakeReader("land"), question)[0].document.source == "/sea"


@pytest.mark.parametrize(
    ("documents", "question", "options"),
    [
        pytest.param((SEA,), "whale", {}, id="one word, which asks nothing"),
        pytest.param((SEA, LAND), "Which ship?", {"worth_reading": False}, id="hopeless hits"),
        pytest.param((SEA,), "ship", {"mode": "dense"}, id="one side alone: dense"),
        pytest.param((SEA,), "ship", {"mode": "lexical"}, id="one side alone: lexical"),
        pytest.param((), "ship", {}, id="no hits"),
    ],
)
def test_what_the_reader_could_not_improve_is_not_read(
    store_of: StoreOf, documents: tuple[Document, ...], question: str, options: dict[str, Any]
) -> None:
    """Signals and hits are those of a search without the reader."""
    store, reader = store_of(*documents), FakeReader("old")
    found, unread = (search_with(store, with_reader, question, **options) for with_reader in (reader, None))
    assert reader.calls == []
    assert (found.signals, found.hits) == (unread.signals, unread.hits)
    assert question != "whale" or quotes(found) == ["A whale swam by the ship."]


def test_reader_adds_its_logits_to_a_claim_and_changes_no_cosine(store_of: StoreOf) -> None:
    """A claim is recomputed from the cosine of the stored vectors and the logits of sentence and passage."""
    store = store_of(SEA)
    (before,), (after,) = (search_with(store, reader, "Which ship?") for reader in (None, FakeReader("whale")))
    logits = np.array([NO, NO, YES])
    assert after.claims == pytest.approx(np.array(after.cosines) + (logits + ANY_SHARE * YES) / LOGITS, abs=1e-5)
    assert after.logits == tuple(logits)
    assert before.logits == ()
    row = store.passages([after.passage.id])[after.passage.id]
    encoder = FakeEncoder()
    stored = unpack_sentence_vectors(row.sentence_vectors, encoder.dimension) @ encoder.encode_question("Which ship?")
    assert after.cosines == pytest.approx(tuple(stored), abs=1e-6)


@pytest.mark.parametrize(("word", "read"), [("whale", [FIRST_READ]), ("nothing", [FIRST_READ, MOST_READ - FIRST_READ])])
def test_more_hits_are_read_if_the_first_ones_are_not_sure(store_of: StoreOf, word: str, read: list[int]) -> None:
    """The first hits are read all at once; only if none of them surely answers, the next ones are read, too."""
    ships = (a_document(f"Ship {n} left with {n} whales.", source=f"/{n}") for n in range(MOST_READ + 3))
    reader = FakeReader(word)
    found = search_with(store_of(*ships), reader, "Which ship?", limit=MOST_READ + 3)
    assert len(found) == MOST_READ + 3
    assert found.signals["read"] == max(min(YES if word == "whale" else NO, MOST), -MOST)
    assert [len(windows) for _, windows in reader.calls] == read
    assert [bool(hit.logits) for hit in found] == [n < sum(read) for n in range(len(found))]


def test_share_of_a_pin_falls_with_other_likely_sentences() -> None:
    """A pin that nothing rivals has nearly the whole share; an equal sentence halves it; a later hit has less."""
    alone, rivalled = [1.0, -2.0], [1.0, 1.0]
    read = {
        name: {1: ReadPassage(an_evidence([(0.5, 0.5)] * 2, claims=claims), 0.0, UNREAD)}
        for name, claims in (("alone", alone), ("rivalled", rivalled))
    }
    assert share_of_pin(read["alone"], 1) > 0.99
    assert share_of_pin(read["rivalled"], 1) == pytest.approx(0.5)
    both = {1: read["alone"][1], 2: read["alone"][1]}
    assert share_of_pin(both, 2) < share_of_pin(both, 1) < 1
    assert share_of_pin(both, 3) == 0


@pytest.mark.parametrize(
    ("logit", "claims", "first"),
    [
        pytest.param(
            REORDER_LOGIT, (0.5, 0.5 + (LOSS - 0.1) / LOGITS), 1, id="better, but not by the loss of its rank"
        ),
        pytest.param(REORDER_LOGIT, (0.5, 0.5 + (LOSS + 0.1) / LOGITS), 2, id="better by the loss of its rank"),
        pytest.param(REORDER_LOGIT - 0.1, (0.1, 1.9), 1, id="both doubtful"),
        pytest.param(REORDER_LOGIT, (0.1, 1.9), 2, id="likely enough"),
    ],
)
def test_later_hit_needs_a_better_and_likely_sentence(logit: float, claims: tuple[float, float], first: int) -> None:
    """Below REORDER_LOGIT the reader does not know which of two doubtful passages is better."""
    verdicts = {
        passage: ReadPassage(an_evidence([(0.5, 0.5)], claims=[claim]), logit, UNREAD)
        for passage, claim in enumerate(claims, 1)
    }
    assert next(iter(reorder({1: 0.5, 2: 0.4}, verdicts))) == first


def test_reader_may_pin_what_the_rules_would_not() -> None:
    """It judges all lines of a passage, also of one that looks like data."""
    evidence = replace(an_evidence([(0.5, 0.5)]), pinnable=())
    (read,) = read_passages("ship", {1: evidence}, FakeReader("whale")).values()
    assert read.evidence.pinnable == (0,)
    assert read.sentence == NO


@given(st.dictionaries(st.integers(1, 9), st.floats(0.0625, 0.5), min_size=1), st.data())
def test_reading_keeps_passages_and_scores(scores: dict[int, float], data: st.DataObject) -> None:
    """Whatever the reader says, the scores are only exchanged, best first, and lifted passages stay above."""
    ids = sorted(scores)
    read = data.draw(st.lists(st.sampled_from(ids), unique=True))
    verdicts = {
        passage: ReadPassage(an_evidence([(0.5, 0.5)], claims=[data.draw(st.floats(0, 2))]), 0.0, UNREAD)
        for passage in read
    }
    above = set(data.draw(st.lists(st.sampled_from(ids), unique=True)))
    lifted = {passage: score + 0.5 * (passage in above) for passage, score in scores.items()}
    after = reorder(lifted, verdicts, above)
    assert after.keys() == scores.keys()
    assert sorted(after.values()) == sorted(lifted.values())
    assert list(after.values()) == sorted(after.values(), reverse=True)
    assert all((after[passage] > 0.5) >= (lifted[passage] > 0.5) for passage in above)
