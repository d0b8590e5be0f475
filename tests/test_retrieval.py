"""From a question to hits: how scores are fused, who wins, and what is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.retrieval import Retriever, fuse
from index.settings import Settings
from index.storage.store import FolderStore
from tests.storage.making import a_document, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.library import Library
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

SIDE = st.dictionaries(st.integers(1, 30), st.floats(-1, 50, allow_nan=False, width=32), max_size=20)


@given(SIDE, SIDE)
def test_fused_scores_are_shares_of_one(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Whatever both sides say, scores lie between 0 and 1, best first, and nobody is lost or invented."""
    fused = fuse(dense, lexical)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert all(0 <= score <= 1 for score in fused.values())
    assert list(fused.values()) == sorted(fused.values(), reverse=True)


@given(SIDE, SIDE)
def test_the_best_of_both_sides_is_the_best(dense: dict[int, float], lexical: dict[int, float]) -> None:
    """Who leads on both sides leads the fusion, with the full score."""
    best = 99
    fused = fuse({**dense, best: 60.0}, {**lexical, best: 60.0})
    assert next(iter(fused)) == best
    assert fused[best] == 1.0


@given(SIDE)
def test_one_side_alone_keeps_its_order(side: dict[int, float]) -> None:
    """Where only one side found something, its order is the order and its best has the full score."""
    ordered = dict(sorted(side.items(), key=lambda item: -item[1]))
    for fused in (fuse(ordered, {}), fuse({}, ordered)):
        assert [side[identity] for identity in fused] == list(ordered.values())
        assert next(iter(fused.values()), 1.0) == 1.0


def test_fusion_worked_out_by_hand() -> None:
    """Half of each side's place between its least and its most; who is absent on a side has that side's least."""
    fused = fuse({1: 0.9, 2: 0.5, 3: 0.1}, {3: 12.0, 4: 6.0, 1: 3.0})
    assert fused == pytest.approx({1: 0.5, 3: 0.5, 2: 0.25, 4: 1 / 6})
    assert list(fused) == [1, 3, 2, 4]


def test_nothing_fuses_to_nothing() -> None:
    """No candidates, no hits."""
    assert fuse({}, {}) == {}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FolderStore]:
    """A store of three documents whose passages are known."""
    store = FolderStore(tmp_path / "library", create=True)
    put(store.catalog, SEA)
    put(store.catalog, LAND)
    with store.writing():
        store.index()
    yield store
    store.close()


SEA = a_document(
    "The vessel left the port. A whale swam by. The clock stopped.",
    "Rain fell on the queen. Music was played.",
    source="/sea.txt",
)
LAND = a_document(
    "The ship has a bridge of silver.",
    "The physician wrote a letter. The horse slept.",
    source="/land.txt",
)


def test_words_and_meaning_together_beat_either(store: FolderStore, encoder: FakeEncoder) -> None:
    """Both sides lead with the passage that has the words and the idea."""
    best = Retriever(store, encoder).search("silver ship", limit=4).hits[0]
    assert best.quote == "The ship has a bridge of silver."
    assert (best.score, best.why.dense_rank, best.why.lexical_rank) == (1.0, 1, 1)
    assert best.why.dense == pytest.approx((2 / 3) ** 0.5, abs=1e-3)
    assert best.why.lexical is not None
    assert best.why.matched_terms == ("silver", "ship")


def test_meaning_finds_what_words_do_not(store: FolderStore, encoder: FakeEncoder) -> None:
    """A question that shares no word with its answer is answered, and the reason says so."""
    best = Retriever(store, encoder).search("doctor", limit=4).hits[0]
    assert best.quote == "The physician wrote a letter."
    assert (best.why.dense_rank, best.why.lexical, best.why.lexical_rank) == (1, None, None)
    assert best.why.matched_terms == ()
    assert best.why.dense == pytest.approx(5**-0.5, abs=1e-3)


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
def test_the_pin_is_the_sentence_that_answers(
    store: FolderStore, encoder: FakeEncoder, question: str, pin: str
) -> None:
    """Of the best passage's sentences, the one with the question's idea is pinned."""
    assert Retriever(store, encoder).search(question, limit=1).hits[0].quote == pin


def test_every_quote_is_there(store: FolderStore, encoder: FakeEncoder) -> None:
    """Each pin is a span of its document's text, within its passage, and the quote is that span's words."""
    for question in ("ship", "music and rain", "zeppelin", "king"):
        for hit in Retriever(store, encoder).search(question, limit=10).hits:
            text = {each.id: each.text for each in (SEA, LAND)}[hit.document.id]
            assert hit.pin.of(text) == hit.quote
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text
            assert hit.pin in hit.passage.sentences


def test_a_filter_leaves_only_what_was_named(store: FolderStore, encoder: FakeEncoder) -> None:
    """Restricted to a document, its best passage leads with the full score, however near the others are."""
    number = store.catalog.number_of(SEA.id)
    assert number is not None
    found = Retriever(store, encoder).search("silver ship", limit=9, within=[number])
    assert {hit.document.source for hit in found} == {"/sea.txt"}
    assert found[0].quote == "The vessel left the port."
    assert found[0].score == 1.0
    assert len(Retriever(store, encoder).search("ship", limit=9, within=[])) == 0


def test_what_was_removed_meanwhile_makes_room(store: FolderStore, encoder: FakeEncoder) -> None:
    """A document that is removed between searching and reading is not served; the next best takes its place."""

    class Late(FolderStore):
        def lexical(self, query: str, k: int, within: object) -> dict[int, float]:  # type: ignore[override,unused-ignore]
            found = super().lexical(query, k, None)
            with self.writing():
                self.catalog.remove(self.catalog.number_of(LAND.id) or 0)
            return found

    late = Late(store.folder, create=False)
    found = Retriever(late, encoder).search("silver ship", limit=2)
    assert [hit.document.source for hit in found] == ["/sea.txt", "/sea.txt"]
    late.close()


def test_what_goes_between_two_reads_is_left_out(store: FolderStore, encoder: FakeEncoder) -> None:
    """A passage whose document is gone by the time it is described is left out."""

    class Later(FolderStore):
        def passages(self, ids: object) -> dict[int, object]:  # type: ignore[override,unused-ignore]
            rows = super().passages(ids)  # type: ignore[arg-type,unused-ignore]
            with self.writing():
                self.catalog.remove(self.catalog.number_of(LAND.id) or 0)
            return rows  # type: ignore[return-value,unused-ignore]

    later = Later(store.folder, create=False)
    found = Retriever(cast("Any", later), encoder).search("silver ship", limit=4)
    assert {hit.document.source for hit in found} == {"/sea.txt"}
    later.close()


@pytest.mark.parametrize("limit", [1, 2, 4, 50])
def test_the_limit_cuts_the_same_ranking(store: FolderStore, encoder: FakeEncoder, limit: int) -> None:
    """Fewer hits are the first of more hits; asking for more than there is gives all there is."""
    everything = Retriever(store, encoder).search("ship whale letter", limit=100).hits
    some = Retriever(store, encoder).search("ship whale letter", limit=limit).hits
    assert [hit.passage.id for hit in some] == [hit.passage.id for hit in everything][:limit]
    assert len(everything) == 4


def test_where_the_time_went(store: FolderStore, encoder: FakeEncoder) -> None:
    """Each stage's milliseconds are told."""
    timings = Retriever(store, encoder).search("ship", limit=1).timings_ms
    assert {"refreshing", "encoding", "dense", "lexical", "pinning"} <= timings.keys()
    assert min(timings.values()) >= 0


def test_an_empty_store_finds_nothing(tmp_path: Path, encoder: FakeEncoder) -> None:
    """Before anything was added there are no hits, and no error."""
    store = FolderStore(tmp_path / "empty", create=True)
    assert Retriever(store, encoder).search("ship", limit=5).hits == ()
    store.close()


def test_a_pin_tells_its_place(library: Library, write: Write) -> None:
    """The location is the pin's, not its passage's: the second paragraph, where the pin is in it."""
    library.add(write("a.md", "# Voyage\n\nThe ship left.\n\nA whale swam by.\n"))
    assert library.search("whale")[0].location.label == "§ Voyage, ¶ 2"
    assert Settings().passage_tokens == 170
