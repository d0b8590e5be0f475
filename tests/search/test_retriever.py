"""From a question to hits: the order of hits, the reasons of each hit, and the limit."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EncoderError
from index.records import CANDIDATES
from index.search.fusion import DENSE_SHARE, StageTimer
from index.search.retriever import NEAREST, WEIGHED_CANDIDATES
from index.storage.store import FolderStore
from index.text.query import Query
from index.text.questions import Question, read_question
from index.text.words import word_spans
from tests.fakes import IDEAS, FakeEncoder, meaning
from tests.nightly import length
from tests.search.conftest import ask, make_store, quotes, retriever
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.encoders.encoder import Vectors
    from index.library.library import Library
    from tests.conftest import Write
    from tests.search.conftest import StoreOf

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


@pytest.fixture(scope="module")
def store(store_of: StoreOf) -> FolderStore:
    """Make a store of two documents whose passages are known."""
    return store_of(SEA, LAND)


# The order of hits


def test_words_and_meaning_together_beat_either(store: FolderStore) -> None:
    """A passage that leads on both sides gets all that both can give; one that shares no word is found, and the
    reasons say so.
    """
    best = ask(store, "silver ship", limit=4)[0]
    assert best.quote == "The ship has a bridge of silver."
    assert (best.why.dense_rank, best.why.lexical_rank) == (1, 1)
    assert best.why.fused == pytest.approx(1.0)
    assert best.why.dense == pytest.approx((2 / 3) ** 0.5, abs=1e-3)
    assert best.why.lexical is not None
    assert best.why.lexical > 0
    assert best.why.matched_terms == ("silver", "ship")
    best = ask(store, "doctor", limit=4)[0]
    assert best.quote == "The physician wrote a letter."
    assert (best.why.dense_rank, best.why.lexical, best.why.lexical_rank) == (1, 0.0, None)
    assert best.why.matched_terms == ()
    assert best.why.dense == pytest.approx(5**-0.5, abs=1e-3)


def test_answering_sentence_beats_a_nearer_passage(store_of: StoreOf) -> None:
    """A long passage with the answering sentence wins over one that is only about the subject."""
    answering = a_document(
        "The king sent a letter in summer. Bread was dear. A comet came. The horse slept. The whale sang.",
        source="/long",
    )
    on_subject = a_document("Whale after whale, and the river. Rain, and a whale again.", source="/near")
    assert ask(store_of(on_subject, answering), "Which whale sang?")[0].quote == "The whale sang."


def test_every_quote_is_a_span_of_its_document(store: FolderStore) -> None:
    """Each pin lies in its passage, and the quote is the text of the pin."""
    for question in ("ship", "music and rain", "zeppelin", "king"):
        for hit in ask(store, question):
            text = {document.id: document.text for document in (SEA, LAND)}[hit.document.id]
            assert hit.pin.of(text) == hit.quote
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text
            assert hit.pin in hit.passage.sentences


def test_filter_leaves_only_the_named_document(store: FolderStore) -> None:
    """The document's best passage leads as if there were no others, however near these are."""
    number = store.catalog.number_of(SEA.id)
    assert number is not None
    found = ask(store, "silver ship", within=[number])
    assert {hit.document.source for hit in found} == {"/sea.txt"}
    assert found[0].quote == "The vessel left the port."
    assert found[0].why.dense_rank == 1
    assert found[0].why.fused == pytest.approx(DENSE_SHARE)
    assert len(ask(store, "ship", within=[])) == 0


# Removal during a search


@pytest.mark.parametrize("moment", ["lexical", "passages"])
def test_document_removed_during_a_search_is_replaced(tmp_path: Path, moment: str) -> None:
    """If it is removed between searching and reading, the next best takes its place, or it is left out."""
    make_store(tmp_path / "store", SEA, LAND).close()
    store = FolderStore(tmp_path / "store", create=False)
    read = getattr(store, moment)

    def removing(*arguments: Any) -> Any:
        found = read(*arguments)
        with store.writing():
            store.catalog.remove(store.catalog.number_of(LAND.id) or 0)
        return found

    setattr(store, moment, removing)
    assert [hit.document.source for hit in ask(store, "silver ship", limit=4)] == ["/sea.txt", "/sea.txt"]
    store.close()


# The limit


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderStore]:
    """Make a store with more passages than candidates, of few words, so that many are nearly as good."""
    store = FolderStore(tmp_path_factory.mktemp("many") / "library", create=True)
    words = [line.split()[0] for line in IDEAS]
    with store.writing():
        for number in range(CANDIDATES):
            passages = [
                f"The {words[(number * step) % 29]} of number {number}{step} was near "
                f"the {words[(number + step) % 30]}. Its {words[(number * number + step) % 23]} was old. "
                f"Nobody saw {words[(number + 2 * step) % 27]} number {number * step}."
                for step in (1, 3, 4)
            ]
            put(store.catalog, a_document(*passages, source=f"/{number}"))
        store.index()
    store.refresh()  # as every search does first
    yield store
    store.close()


MANY_QUESTIONS = (
    "Which ship was near the harbour?",
    "old whale and comet",
    "physician",
    "number 51",
    "Nobody saw the queen of the boat, nor the river, the bridge and the garden.",
    "ship -whale",
    '"number 9"',
)


@settings(max_examples=length(12, 60), deadline=None)
@given(st.sampled_from(MANY_QUESTIONS), st.integers(1, CANDIDATES))
def test_limit_does_not_change_the_first_hits(many: FolderStore, question: str, limit: int) -> None:
    """With any limit up to CANDIDATES, the first hits have the same scores, pins and reasons."""
    everything = ask(many, question, limit=CANDIDATES).hits
    first_hits = ask(many, question, limit=limit).hits
    assert [(hit.passage.id, hit.score, hit.pin, hit.why) for hit in first_hits] == [
        (hit.passage.id, hit.score, hit.pin, hit.why) for hit in everything[:limit]
    ]
    assert len(first_hits) == min(limit, len(everything))


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_scores_are_sorted_and_between_zero_and_one(many: FolderStore, mode: str) -> None:
    """No passage occurs twice, copies included, on both sides and on each alone."""
    for question in MANY_QUESTIONS:
        found = ask(many, question, limit=CANDIDATES, mode=mode)
        scores = [hit.score for hit in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        ids = [passage.passage.id for hit in found for passage in (hit, *hit.also)]
        assert len(set(ids)) == len(ids)
        assert ids or (question, mode) == ("physician", "lexical")


def test_limit_above_the_passages_or_candidates_is_filled(
    store: FolderStore, many: FolderStore, store_of: StoreOf
) -> None:
    """A larger limit makes both sides look deeper. An empty store is not an error, even with an explanation."""
    assert len(ask(store, "ship whale letter", limit=1000)) == 4
    assert len(ask(many, "ship", limit=CANDIDATES + 40)) == CANDIDATES + 40
    for question in ("ship", '"silver ship"', "ship -whale"):
        assert ask(store_of(), question, explain=True).hits == ()


# Reasons


@pytest.mark.parametrize("question", ["Which ship was near the harbour?", "physician", "old garden number 51"])
def test_reasons_are_complete_beyond_the_candidates(many: FolderStore, question: str) -> None:
    """A hit that only one side proposed still has the other side's score, without a rank there."""
    dense, lexical = many.dense(meaning(question), 10_000), many.lexical(question, 10_000)
    assert len(dense) > CANDIDATES
    found = ask(many, question, limit=CANDIDATES)
    for hit in found:
        passage = hit.passage.id
        ranks = [list(side).index(passage) + 1 if passage in side else None for side in (dense, lexical)]
        assert hit.why.dense == pytest.approx(dense[passage], abs=1e-5)
        assert hit.why.lexical == pytest.approx(lexical.get(passage, 0.0), abs=1e-4)
        # Of equally good passages, any may be the last candidate.
        if hit.why.dense_rank is None:
            assert dense[passage] <= list(dense.values())[CANDIDATES - 1] + 1e-6
        else:
            assert dense[passage] == pytest.approx(list(dense.values())[hit.why.dense_rank - 1], abs=1e-6)
        if hit.why.lexical_rank is None:
            assert ranks[1] is None or lexical[passage] <= list(lexical.values())[CANDIDATES - 1] + 1e-4
        else:
            assert lexical[passage] == pytest.approx(list(lexical.values())[hit.why.lexical_rank - 1], abs=1e-4)
    assert any(hit.why.lexical_rank is None for hit in found) or len(lexical) <= CANDIDATES


@pytest.mark.parametrize(("mode", "silent"), [("dense", "lexical"), ("lexical", "dense")])
def test_single_side_has_no_score_of_the_other(store: FolderStore, mode: str, silent: str) -> None:
    """One side alone gives its own order; the other has neither score nor rank, and nothing is reranked.

    Without weighing, a hit's score is its cosine, of which a negative one counts as 0, or its share of the best BM25.
    """
    reranker = ByLength()
    found = ask(store, "silver ship", mode=mode, reranker=reranker)
    assert found[0].quote == "The ship has a bridge of silver."
    most = found[0].why.lexical or 1.0
    for hit in found:
        assert hit.why.reranked is None
        assert getattr(hit.why, silent) is None
        assert getattr(hit.why, f"{silent}_rank") is None
        assert getattr(hit.why, mode) is not None
        expected = max(hit.why.dense or 0.0, 0.0) if mode == "dense" else (hit.why.lexical or 0.0) / most
        assert hit.score == pytest.approx(expected)
    assert [getattr(hit.why, f"{mode}_rank") for hit in found] == list(range(1, len(found) + 1))
    assert reranker.read == []


def test_time_of_each_stage_is_reported(store: FolderStore) -> None:
    """The timings give the milliseconds of each stage."""
    timings = ask(store, "ship", limit=1, explain=True).timings_ms
    stages = "refreshing encoding scoping dense lexical fusing weighing pinning explaining telling"
    assert timings.keys() == set(stages.split())
    assert min(timings.values()) >= 0


def test_location_is_that_of_the_pin(library: Library, write: Write) -> None:
    """The location is the pin's, not its passage's: here the second paragraph."""
    library.add(write("a.md", "# Voyage\n\nThe ship left.\n\nA whale swam by.\n"))
    assert library.search("whale")[0].location.label == "§ Voyage, ¶ 2"


# Explanations


def test_explanation_lists_the_nearest_words(store: FolderStore, store_of: StoreOf) -> None:
    """`vessel` is near to boat and `port` to harbour, both nearer than `left`. It costs another pass of the encoder.

    So it must be requested. In `It is what it is.`, no word is nearer than another, which is not an error.
    """
    hit = ask(store, "boat in harbour", explain=True)[0]
    assert hit.quote == "The vessel left the port."
    assert set(hit.why.nearest_words[:2]) == {"vessel", "port"}
    assert hit.why.nearest_words[2:] == ("left",)
    encoder = FakeEncoder()
    found = retriever(store, encoder).search(read_question("boat in harbour"), limit=3)
    assert encoder.calls == []
    assert all(hit.why.nearest_words == () for hit in found)
    [hit] = ask(store_of(a_document("It is what it is.")), "what is it", explain=True)
    assert hit.why.nearest_words == ()


@pytest.mark.parametrize("question", ["boat in harbour", "music", "zeppelin"])
def test_nearest_words_are_words_of_the_pin(store: FolderStore, question: str) -> None:
    """They are whole, as written, unique, no stop words, at most NEAREST, nearest first; the hit stays the same."""
    plain, explained = ask(store, question), ask(store, question, explain=True)
    for before, hit in zip(plain, explained, strict=True):
        words = [span.of(hit.quote) for span in word_spans(hit.quote)]
        assert set(hit.why.nearest_words) <= set(words)
        assert len(set(hit.why.nearest_words)) == len(hit.why.nearest_words) == min(NEAREST, len(words))
        cosines = [float(meaning(word) @ meaning(question)) for word in hit.why.nearest_words]
        assert cosines == sorted(cosines, reverse=True)
        assert (hit.passage, hit.pin, hit.score) == (before.passage, before.pin, before.score)


# Reranking


class ByLength:
    """A reranker that prefers short passages and records what it has read."""

    name = "by length"

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        self.read += passages
        return [1 / (1 + len(passage)) for passage in passages]


def test_reranker_decides_order_and_score_below_the_exact_words(store: FolderStore) -> None:
    """Its score is given as the reason, too. A passage with the exact words comes first, although it likes it least."""
    plain = ask(store, "Which doctor was on a silver ship?")
    found = ask(store, "Which doctor was on a silver ship?", reranker=ByLength())
    assert [hit.passage.id for hit in found] != [hit.passage.id for hit in plain]
    assert [len(hit.passage.text) for hit in found] == sorted(len(hit.passage.text) for hit in found)
    for hit in found:
        assert hit.score == hit.why.reranked == pytest.approx(1 / (1 + len(hit.passage.text)))
    found = ask(store, "the clock stopped", reranker=ByLength())
    assert found[0].quote == "The clock stopped."
    assert found[0].why.verbatim
    assert found[0].why.reranked == min(hit.why.reranked or 1.0 for hit in found)


def test_reranker_reads_only_the_best_passages(many: FolderStore) -> None:
    """Each passage costs a pass, so it reads WEIGHED_CANDIDATES once; the others follow in their old order."""
    reranker = ByLength()
    question = "Which ship was near the harbour?"
    plain, found = ask(many, question, limit=90), ask(many, question, limit=90, reranker=reranker)
    assert len(reranker.read) == len(set(reranker.read)) == WEIGHED_CANDIDATES
    assert all(hit.why.reranked is not None for hit in found.hits[:WEIGHED_CANDIDATES])
    assert all(hit.why.reranked is None for hit in found.hits[WEIGHED_CANDIDATES:])
    assert quotes(found)[WEIGHED_CANDIDATES:] == quotes(plain)[WEIGHED_CANDIDATES:]
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_parsed_query_is_searched_as_given(store: FolderStore) -> None:
    """The retriever does not parse the text of a query again."""
    question = Question("ship", Query("ship", phrases=("bridge of silver",)), "ship")
    hits: Any = retriever(store, FakeEncoder()).search(question, limit=9)
    assert quotes(hits) == ["The ship has a bridge of silver."]


def test_words_are_looked_up_while_the_question_is_encoded(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither waits for the other: here the encoder finishes only after the lexical search."""
    searched, search_words = Event(), store.lexical
    in_time = []

    class WaitingEncoder(FakeEncoder):
        def encode_question(self, question: str) -> Vectors:
            in_time.append(searched.wait(10))
            return super().encode_question(question)

    def lexical(*query: Any) -> dict[int, float]:
        found = search_words(*query)
        searched.set()
        return found

    monkeypatch.setattr(store, "lexical", lexical)
    found = retriever(store, WaitingEncoder()).search(read_question("silver ship"), limit=1)
    assert in_time == [True]
    assert quotes(found) == ["The ship has a bridge of silver."]
    assert found.timings_ms["encoding"] >= 0


def test_encoding_error_reaches_the_caller(store: FolderStore) -> None:
    """The error is raised although another thread encodes."""

    class BrokenEncoder(FakeEncoder):
        def encode_question(self, question: str) -> Vectors:
            raise EncoderError(f"{question} cannot be encoded.", "Ask something else.")

    with pytest.raises(EncoderError, match="silver ship cannot be encoded"):
        retriever(store, BrokenEncoder()).search(read_question("silver ship"), limit=1)


def test_repeated_stage_adds_up_its_time() -> None:
    """A search that has to look deeper spends more time on the same stages."""
    timer = StageTimer()
    for _ in range(2):
        with timer.measure("dense"):
            timer.milliseconds["dense"] = 1000.0
    assert timer.milliseconds["dense"] >= 1000.0
