"""The first hits read again with the question: which sentences, and what the reader's word is worth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.encoders.reader import UNREAD, Verdict, Window
from index.search.excerpts import (
    CLAIM_SHARE,
    MOST_READ,
    PIN_WINDOW_WORDS,
    REORDER_LOGIT,
    STEEPNESS,
    STOP_LOGIT,
    TRUST,
    WINDOW_WORDS,
    ReadPassage,
    best_run,
    read_passages,
    reorder,
)
from index.search.retriever import Retriever
from index.search.signals import MOST
from index.storage.tables import unpack_sentence_vectors
from index.text.query import parse
from tests.fakes import FakeEncoder
from tests.search.conftest import quotes
from tests.search.test_fusion import an_evidence
from tests.storage.factories import a_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Found
    from index.storage.store import FolderStore
    from tests.search.conftest import StoreOf

YES, NO = 8.0, -8.0
SEA = a_document("The ship left the harbour. The ship was old. A whale swam by the ship.", source="/sea")
LAND = a_document("A ship stood on land.", source="/land")
CLAIMS = st.lists(st.floats(-1, 2, width=32), min_size=1, max_size=8)


class FakeReader:
    """Says yes to the sentences that have a word, and notes what it was given."""

    def __init__(self, word: str, yes: float = YES) -> None:
        self.word = word
        self.yes = yes
        self.asked: list[tuple[str, list[str]]] = []

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Yes or no, for each sentence."""
        self.asked.append((question, [window.text for window in windows]))
        said = [
            np.array([self.yes if self.word in each.of(window.text) else NO for each in window.sentences], np.float32)
            for window in windows
        ]
        return [Verdict(each, float(each.max())) for each in said]


def found_with(
    store: FolderStore, reader: FakeReader | None, question: str, *, mode: str = "hybrid", worth_reading: bool = True
) -> Found:
    """What the store says where this reader reads."""
    retriever = Retriever(
        store, FakeEncoder(), ThreadPoolExecutor(1), reader=reader, worth_reading=lambda _: worth_reading
    )
    return retriever.search(parse(question), limit=10, mode=mode)  # type: ignore[arg-type]


def test_the_reader_moves_the_pin(store_of: StoreOf) -> None:
    """Of sentences that are otherwise about as good, the one that the reader takes for the answer is pinned."""
    store = store_of(SEA)
    reader = FakeReader("whale")
    assert quotes(found_with(store, None, "Which ship?")) != ["A whale swam by the ship."]
    assert quotes(found_with(store, reader, "Which ship?")) == ["A whale swam by the ship."]
    assert reader.asked == [("Which ship?", [SEA.text])]


def test_the_reader_orders_the_first_hits(store_of: StoreOf) -> None:
    """Two documents, one much like the other: that whose sentence answers comes first, and scores still fall."""
    store = store_of(a_document("A ship stood on water.", source="/water"), LAND)
    before, after, other = (
        found_with(store, each, "What is a ship?") for each in (None, *map(FakeReader, ("land", "water")))
    )
    assert [found[0].document.source for found in (after, other)] == ["/land", "/water"]
    assert sorted(hit.score for hit in before) == pytest.approx(sorted(hit.score for hit in after))
    assert [hit.score for hit in after] == sorted((hit.score for hit in after), reverse=True)
    assert {hit.passage.id for hit in before} == {hit.passage.id for hit in after}


def test_words_and_claims_are_not_ordered_anew(store_of: StoreOf) -> None:
    """The reader knows what answers a question, not what is on a topic: where nothing is asked, the order stays."""
    store = store_of(SEA, LAND)
    before, after = (found_with(store, each, "ship by the whale") for each in (None, FakeReader("land")))
    assert [hit.passage.id for hit in before] == [hit.passage.id for hit in after]
    assert before[0].document.source == "/sea"


def test_a_claim_is_what_it_was_and_the_reader_s_share(store_of: StoreOf) -> None:
    """Recomputed: between a loss and a gain of CLAIM_SHARE, by the logit, and TRUST on top."""
    store = store_of(SEA)
    (before,), (after,) = (found_with(store, each, "Which ship?") for each in (None, FakeReader("whale")))
    gained = np.array(after.claims) - np.array(before.claims)
    yes, no = (np.tanh(logit / STEEPNESS) + TRUST for logit in (YES, NO))
    assert gained == pytest.approx(CLAIM_SHARE * np.array([no, no, yes]), abs=1e-5)


def test_only_the_first_hits_are_read(store_of: StoreOf) -> None:
    """However many hits there are, a question costs the reading of READ passages, and of one where that answers."""
    store = store_of(*(a_document(f"Ship {n} left with {n} whales.", source=f"/{n}") for n in range(MOST_READ + 3)))
    for word, read_at_once in (("whale", [1]), ("shark", [1, MOST_READ - 1])):
        reader = FakeReader(word)
        found = found_with(store, reader, "ship")
        assert len(found) == MOST_READ + 3
        assert found.signals["read"] == max(min(YES if word == "whale" else NO, MOST), -MOST)
        assert [len(windows) for _, windows in reader.asked] == read_at_once


def test_no_more_is_read_from_the_bar_on(store_of: StoreOf) -> None:
    """A first window that answers just likely enough is the only one."""
    store = store_of(*(a_document(f"Ship {n} left with {n} whales.", source=f"/{n}") for n in range(MOST_READ)))
    for yes, reads in ((STOP_LOGIT, 1), (STOP_LOGIT - 0.1, 2)):
        reader = FakeReader("whale", yes)
        found_with(store, reader, "ship")
        assert len(reader.asked) == reads


def test_hits_keep_their_order_where_none_is_likely_to_answer() -> None:
    """Which of two doubtful ones is nearer, the reader does not know."""
    for logit, first in ((REORDER_LOGIT - 0.1, 1), (REORDER_LOGIT, 2)):
        heard = {
            n: ReadPassage(an_evidence([(0.5, 0.5)], claims=[claim]), logit, UNREAD)
            for n, claim in ((1, 0.1), (2, 1.9))
        }
        assert next(iter(reorder({1: 0.5, 2: 0.4}, heard))) == first


def test_the_first_hit_is_read_whole_where_its_best_sentence_does_not_answer(store_of: StoreOf) -> None:
    """The answer may be far from the sentence that is most like the question; it gains, the confidence does not."""
    filler = " ".join(f"On day {n} the wind blew from the north over the cold grey water." for n in range(20))
    first = a_document(f"The ship of Bo left. {filler} A whale swam by.", source="/1")
    store = store_of(first, a_document(f"The ship of Al left. {filler}", source="/2"))
    reader = FakeReader("whale")
    hits = found_with(store, reader, "Which ship of Bo left?")
    (_, (best,)), (_, more) = reader.asked
    *others, last = more
    assert best.startswith("The ship of Bo left.")
    assert " ".join([best, *others]) == first.text
    assert last.startswith("The ship of Al left.")
    assert max(len(window.split()) for window in others) < 2 * WINDOW_WORDS
    assert max(len(window.split()) for window in (best, last)) <= PIN_WINDOW_WORDS
    assert hits.signals["read"] == -MOST
    gained = np.array(hits[0].claims) - np.array(found_with(store, None, "Which ship of Bo left?")[0].claims)
    assert int(np.nanargmax(gained)) == len(gained) - 1


def test_what_is_hopeless_is_not_read(store_of: StoreOf) -> None:
    """It has the signals and the hits of a search without the reader."""
    store, reader = store_of(SEA, LAND), FakeReader("whale")
    unread = found_with(store, None, "Which ship?")
    found = found_with(store, reader, "Which ship?", worth_reading=False)
    assert reader.asked == []
    assert found.signals == unread.signals
    assert found.hits == unread.hits


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_one_side_alone_is_not_read(store_of: StoreOf, mode: str) -> None:
    """The two sides are compared as they are."""
    reader = FakeReader("whale")
    found = found_with(store_of(SEA), reader, "ship", mode=mode)
    assert reader.asked == []
    assert "read" not in found.signals


def test_what_stands_there_word_for_word_stays_first(store_of: StoreOf) -> None:
    """The reader does not move a passage above one that holds the question to the letter."""
    store = store_of(SEA, LAND)
    question = "the ship was old?"
    assert found_with(store, FakeReader("land"), question)[0].document.source == "/sea"


def test_what_was_read_is_not_read_again(store_of: StoreOf) -> None:
    """Of one short passage nothing is left."""
    reader = FakeReader("shark")
    found_with(store_of(SEA), reader, "Which ship?")
    assert reader.asked == [("Which ship?", [SEA.text])]


def test_nothing_found_is_nothing_read(store_of: StoreOf) -> None:
    """An empty store costs no reading."""
    reader = FakeReader("whale")
    assert not found_with(store_of(), reader, "ship").hits
    assert reader.asked == []


def test_data_is_not_read() -> None:
    """A passage without a sentence that may be pinned has no window."""
    evidence = an_evidence([(0.5, 0.5)])
    silent = type(evidence)(
        evidence.row, evidence.terms, evidence.cosines, evidence.overlaps, evidence.strengths, evidence.claims, ()
    )
    assert read_passages("ship", {1: silent}, FakeReader("x")) == {}


@given(CLAIMS, st.integers(0, 12))
def test_a_window_is_around_the_best_sentence(claims: list[float], words: int) -> None:
    """It has the best sentence, no hole, and no more words than it may have, unless its one sentence has more."""
    evidence = an_evidence([(0.5, 0.5)] * len(claims), claims=claims)
    run = best_run(evidence, words)
    assert evidence.pins[0] in run
    assert 0 <= run.start < run.stop <= len(claims)
    assert len(run) <= max(words, 1)  # each of these sentences is a word
    assert len(run) == min(max(words, 1), len(claims))


@given(st.dictionaries(st.integers(1, 9), st.floats(0.0625, 0.5), min_size=1), st.data())
def test_reading_loses_nobody(scores: dict[int, float], data: st.DataObject) -> None:
    """Whatever the reader says, the same passages have the same scores among them, best first; what is above stays."""
    ids = sorted(scores)
    some = data.draw(st.lists(st.sampled_from(ids), unique=True))
    heard = {
        each: ReadPassage(an_evidence([(0.5, 0.5)], claims=[data.draw(st.floats(0, 2))]), 0.0, UNREAD) for each in some
    }
    above = set(data.draw(st.lists(st.sampled_from(ids), unique=True)))
    lifted = {each: score + 0.5 * (each in above) for each, score in scores.items()}
    after = reorder(lifted, heard, above)
    assert after.keys() == scores.keys()
    assert sorted(after.values()) == sorted(lifted.values())
    assert list(after.values()) == sorted(after.values(), reverse=True)
    assert all((after[each] > 0.5) >= (lifted[each] > 0.5) for each in above)


def test_vectors_are_not_touched(store_of: StoreOf) -> None:
    """Reading changes claims alone: a hit's cosines are those of its stored vectors."""
    store = store_of(SEA)
    (hit,) = found_with(store, FakeReader("whale"), "Which ship?")
    row = store.passages([hit.passage.id])[hit.passage.id]
    encoder = FakeEncoder()
    stored = unpack_sentence_vectors(row.sentence_vectors, encoder.dimension) @ encoder.encode_question("Which ship?")
    assert hit.cosines == pytest.approx(tuple(stored), abs=1e-6)
