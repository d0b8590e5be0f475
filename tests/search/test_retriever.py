"""From a question to hits: who wins, that each hit is complete, and that the limit only cuts."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EncoderError
from index.records import CANDIDATES
from index.search.fusion import DENSE_SHARE
from index.search.retriever import NEAREST, WEIGHED_CANDIDATES
from index.settings import Settings
from index.storage.lexical.terms import word_spans
from index.storage.store import FolderStore
from index.text.query import Query, parse
from tests.fakes import IDEAS, FakeEncoder, meaning
from tests.nightly import length
from tests.search.conftest import ask, quotes, retriever
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.encoders.encoder import Vectors
    from index.library.library import Library
    from index.storage.catalog.passage_queries import PassageRow
    from index.storage.protocol import Scope
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


@pytest.fixture
def store(store_of: StoreOf) -> FolderStore:
    """Two documents whose passages are known."""
    return store_of(SEA, LAND)


# Who wins


def test_words_and_meaning_together_beat_either(store: FolderStore) -> None:
    """Both sides lead with the passage that has the words and the idea: it has all that both can give."""
    best = ask(store, "silver ship", limit=4)[0]
    assert best.quote == "The ship has a bridge of silver."
    assert (best.why.dense_rank, best.why.lexical_rank) == (1, 1)
    assert best.why.fused == pytest.approx(1.0)
    assert best.why.dense == pytest.approx((2 / 3) ** 0.5, abs=1e-3)
    assert best.why.lexical is not None
    assert best.why.lexical > 0
    assert best.why.matched_terms == ("silver", "ship")


def test_meaning_finds_what_words_do_not(store: FolderStore) -> None:
    """A question that shares no word with its answer is answered, and the reason says so."""
    best = ask(store, "doctor", limit=4)[0]
    assert best.quote == "The physician wrote a letter."
    assert (best.why.dense_rank, best.why.lexical, best.why.lexical_rank) == (1, 0.0, None)
    assert best.why.matched_terms == ()
    assert best.why.dense == pytest.approx(5**-0.5, abs=1e-3)


def test_the_sentence_that_answers_beats_a_passage_that_is_near(store_of: StoreOf) -> None:
    """A long passage with the very sentence wins over one that is all about the subject, and says less."""
    long = a_document(
        "The king sent a letter in summer. Bread was dear. A comet came. The horse slept. The whale sang.",
        source="/long",
    )
    near = a_document("Whale after whale, and the river. Rain, and a whale again.", source="/near")
    assert ask(store_of(near, long), "Which whale sang?")[0].quote == "The whale sang."


def test_every_quote_is_there(store: FolderStore) -> None:
    """Each pin is a span of its document's text, within its passage, and the quote is that span's words."""
    for question in ("ship", "music and rain", "zeppelin", "king"):
        for hit in ask(store, question):
            text = {each.id: each.text for each in (SEA, LAND)}[hit.document.id]
            assert hit.pin.of(text) == hit.quote
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text
            assert hit.pin in hit.passage.sentences


def test_a_filter_leaves_only_what_was_named(store: FolderStore) -> None:
    """Restricted to a document, its best passage leads as if there were no others, however near these are."""
    number = store.catalog.number_of(SEA.id)
    assert number is not None
    found = ask(store, "silver ship", within=[number])
    assert {hit.document.source for hit in found} == {"/sea.txt"}
    assert found[0].quote == "The vessel left the port."
    assert found[0].why.dense_rank == 1
    assert found[0].why.fused == pytest.approx(DENSE_SHARE)
    assert len(ask(store, "ship", within=[])) == 0


# Removed meanwhile


def test_what_was_removed_meanwhile_makes_room(store: FolderStore) -> None:
    """A document that is removed between searching and reading is not served; the next best takes its place."""

    class Late(FolderStore):
        def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
            found = super().lexical(query, k, scope)
            with self.writing():
                self.catalog.remove(self.catalog.number_of(LAND.id) or 0)
            return found

    late = Late(store.folder, create=False)
    found = ask(late, "silver ship", limit=2)
    assert [hit.document.source for hit in found] == ["/sea.txt", "/sea.txt"]
    late.close()


def test_what_goes_between_two_reads_is_left_out(store: FolderStore) -> None:
    """A passage whose document is gone by the time it is described is left out."""

    class Later(FolderStore):
        def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
            rows = super().passages(ids)
            with self.writing():
                self.catalog.remove(self.catalog.number_of(LAND.id) or 0)
            return rows

    later = Later(store.folder, create=False)
    found = ask(later, "silver ship", limit=4)
    assert {hit.document.source for hit in found} == {"/sea.txt"}
    later.close()


# How many


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderStore]:
    """More passages than are candidates of either side, made of few words, so that many are nearly as good."""
    store = FolderStore(tmp_path_factory.mktemp("many") / "library", create=True)
    words = [line.split()[0] for line in IDEAS]
    with store.writing():
        for n in range(CANDIDATES):
            passages = [
                f"The {words[(n * step) % 29]} of number {n}{step} was near the {words[(n + step) % 30]}. "
                f"Its {words[(n * n + step) % 23]} was old. Nobody saw {words[(n + 2 * step) % 27]} number {n * step}."
                for step in (1, 3, 4)
            ]
            put(store.catalog, a_document(*passages, source=f"/{n}"))
        store.index()
    store.refresh()  # as every search does before it looks anything up
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
def test_the_order_does_not_depend_on_how_many_are_asked_for(many: FolderStore, question: str, limit: int) -> None:
    """However many of the usual candidates are asked for, the first ones have the same scores, pins and reasons."""
    everything = ask(many, question, limit=CANDIDATES).hits
    some = ask(many, question, limit=limit).hits
    assert [(hit.passage.id, hit.score, hit.pin, hit.why) for hit in some] == [
        (hit.passage.id, hit.score, hit.pin, hit.why) for hit in everything[:limit]
    ]
    assert len(some) == min(limit, len(everything))


@pytest.mark.parametrize("question", MANY_QUESTIONS)
@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_scores_fall_and_lie_between_nothing_and_one(many: FolderStore, question: str, mode: str) -> None:
    """Best first, no passage twice, also among the copies, on both sides and each alone."""
    found = ask(many, question, limit=CANDIDATES, mode=mode)
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    ids = [each.passage.id for hit in found for each in (hit, *hit.also)]
    assert len(set(ids)) == len(ids)
    assert ids or (question, mode) == ("physician", "lexical")


def test_more_than_there_is(store: FolderStore) -> None:
    """Asking for more than there is gives all there is."""
    assert len(ask(store, "ship whale letter", limit=1000)) == 4


def test_more_than_the_usual_candidates(many: FolderStore) -> None:
    """Where more hits are asked for than are usually looked at, they come."""
    assert len(ask(many, "ship", limit=CANDIDATES + 40)) == CANDIDATES + 40


def test_an_empty_store_finds_nothing(store_of: StoreOf) -> None:
    """Before anything was added there are no hits, and no error, also with operators and an explanation."""
    empty = store_of()
    for question in ("ship", '"silver ship"', "ship -whale"):
        assert ask(empty, question, explain=True).hits == ()


# Why


@pytest.mark.parametrize(
    "question", ["ship silver whale", "doctor", "zeppelin", "queen music", "harbour of the letter"]
)
def test_every_reason_is_complete(store: FolderStore, question: str) -> None:
    """Each hit has both sides' own scores, whichever side proposed it, and its rank there."""
    dense, lexical = store.dense(meaning(question), 1000), store.lexical(question, 1000)
    found = ask(store, question)
    assert len(found) == 4
    for hit in found:
        each = hit.passage.id
        assert hit.why.dense == pytest.approx(dense[each], abs=1e-6)
        assert hit.why.lexical == pytest.approx(lexical.get(each, 0.0), abs=1e-5)
        assert hit.why.dense_rank == list(dense).index(each) + 1
        assert hit.why.lexical_rank == (list(lexical).index(each) + 1 if each in lexical else None)
        assert hit.why.reranked is None


@pytest.mark.parametrize("question", ["Which ship was near the harbour?", "physician", "old garden number 51"])
def test_every_reason_is_complete_beyond_the_candidates(many: FolderStore, question: str) -> None:
    """What only one side proposed has the other's score all the same, and no rank there."""
    dense, lexical = many.dense(meaning(question), 10_000), many.lexical(question, 10_000)
    assert len(dense) > CANDIDATES
    found = ask(many, question, limit=CANDIDATES)
    for hit in found:
        each = hit.passage.id
        ranks = [list(side).index(each) + 1 if each in side else None for side in (dense, lexical)]
        assert hit.why.dense == pytest.approx(dense[each], abs=1e-5)
        assert hit.why.lexical == pytest.approx(lexical.get(each, 0.0), abs=1e-4)
        # Where passages are equally good, any of them may be the last candidate.
        if hit.why.dense_rank is None:
            assert dense[each] <= list(dense.values())[CANDIDATES - 1] + 1e-6
        else:
            assert dense[each] == pytest.approx(list(dense.values())[hit.why.dense_rank - 1], abs=1e-6)
        if hit.why.lexical_rank is None:
            assert ranks[1] is None or lexical[each] <= list(lexical.values())[CANDIDATES - 1] + 1e-4
        else:
            assert lexical[each] == pytest.approx(list(lexical.values())[hit.why.lexical_rank - 1], abs=1e-4)
    assert any(hit.why.lexical_rank is None for hit in found) or len(lexical) <= CANDIDATES


@pytest.mark.parametrize(("mode", "silent"), [("dense", "lexical"), ("lexical", "dense")])
def test_a_side_that_was_not_asked_says_nothing(store: FolderStore, mode: str, silent: str) -> None:
    """One side alone gives its own order; the other one has neither score nor rank."""
    found = ask(store, "silver ship", mode=mode)
    assert found[0].quote == "The ship has a bridge of silver."
    for hit in found:
        assert getattr(hit.why, silent) is None
        assert getattr(hit.why, f"{silent}_rank") is None
        assert getattr(hit.why, mode) is not None
    assert [getattr(hit.why, f"{mode}_rank") for hit in found] == list(range(1, len(found) + 1))


def test_dense_alone_scores_the_cosine(store: FolderStore) -> None:
    """Unweighed, a hit's score is its cosine; one that is turned away has 0."""
    for hit in ask(store, "silver ship", mode="dense"):
        assert hit.score == pytest.approx(max(hit.why.dense or 0.0, 0.0))


def test_lexical_alone_scores_shares_of_the_best(store: FolderStore) -> None:
    """Unweighed, the best has 1 and the others their share of its BM25."""
    found = ask(store, "ship bridge physician", mode="lexical")
    most = found[0].why.lexical
    assert most
    assert [hit.score for hit in found] == pytest.approx([(hit.why.lexical or 0.0) / most for hit in found])


def test_where_the_time_went(store: FolderStore) -> None:
    """Each stage's milliseconds are told."""
    timings = ask(store, "ship", limit=1, explain=True).timings_ms
    stages = {
        "refreshing",
        "encoding",
        "scoping",
        "dense",
        "lexical",
        "fusing",
        "weighing",
        "pinning",
        "explaining",
        "telling",
    }
    assert timings.keys() == stages
    assert min(timings.values()) >= 0


def test_a_pin_tells_its_place(library: Library, write: Write) -> None:
    """The location is the pin's, not its passage's: the second paragraph, where the pin is in it."""
    library.add(write("a.md", "# Voyage\n\nThe ship left.\n\nA whale swam by.\n"))
    assert library.search("whale")[0].location.label == "§ Voyage, ¶ 2"
    assert Settings().passage_tokens == 170


# Explained


def test_the_nearest_words_are_told_where_asked(store: FolderStore) -> None:
    """Of the pin `The vessel left the port`, `vessel` is a boat and `port` a harbour: both are nearer than `left`."""
    hit = ask(store, "boat in harbour", explain=True)[0]
    assert hit.quote == "The vessel left the port."
    assert set(hit.why.nearest_words[:2]) == {"vessel", "port"}
    assert hit.why.nearest_words[2:] == ("left",)


def test_without_being_asked_no_word_is_told_or_encoded(store: FolderStore) -> None:
    """An explanation takes another pass of the encoder, which nobody pays for unasked."""
    encoder = FakeEncoder()
    found = retriever(store, encoder).search(parse("boat in harbour"), limit=3)
    assert encoder.calls == []
    assert all(hit.why.nearest_words == () for hit in found)


@pytest.mark.parametrize("question", ["boat in harbour", "music", "zeppelin"])
def test_nearest_words_are_words_of_the_pin(store: FolderStore, question: str) -> None:
    """Whole, as written, none twice, none idle, at most NEAREST, the nearest first; nothing else of the hit changes."""
    plain, explained = ask(store, question), ask(store, question, explain=True)
    for before, hit in zip(plain, explained, strict=True):
        words = [span.of(hit.quote) for span in word_spans(hit.quote)]
        assert set(hit.why.nearest_words) <= set(words)
        assert len(set(hit.why.nearest_words)) == len(hit.why.nearest_words) == min(NEAREST, len(words))
        near = [float(meaning(word) @ meaning(question)) for word in hit.why.nearest_words]
        assert near == sorted(near, reverse=True)
        assert (hit.passage, hit.pin, hit.score) == (before.passage, before.pin, before.score)


def test_a_pin_without_a_telling_word_is_explained_by_none(store_of: StoreOf) -> None:
    """`It is what it is.` has no word that is nearer than another; that is no error."""
    (hit,) = ask(store_of(a_document("It is what it is.")), "what is it", explain=True)
    assert hit.why.nearest_words == ()


# A reranker


class ByLength:
    """A reranker that likes short passages; it notes what it has read."""

    name = "by length"

    def __init__(self) -> None:
        self.read: list[str] = []

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        """See `Reranker.score`."""
        self.read += passages
        return [1 / (1 + len(passage)) for passage in passages]


def test_a_reranker_has_the_last_word(store: FolderStore) -> None:
    """What it says is the order and the score, and is told as such."""
    plain = ask(store, "Which doctor was on a silver ship?")
    found = ask(store, "Which doctor was on a silver ship?", reranker=ByLength())
    assert [hit.passage.id for hit in found] != [hit.passage.id for hit in plain]
    assert [len(hit.passage.text) for hit in found] == sorted(len(hit.passage.text) for hit in found)
    for hit in found:
        assert hit.score == hit.why.reranked == pytest.approx(1 / (1 + len(hit.passage.text)))


def test_a_reranker_reads_the_best_only(many: FolderStore) -> None:
    """It costs a pass for each passage, so it reads WEIGHED_CANDIDATES, once; the others follow as they were."""
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


def test_a_reranker_does_not_bury_what_is_there_word_for_word(store: FolderStore) -> None:
    """The passage that has the very words comes first, though the reranker likes it least."""
    found = ask(store, "the clock stopped", reranker=ByLength())
    assert found[0].quote == "The clock stopped."
    assert found[0].why.verbatim
    assert found[0].why.reranked == min(hit.why.reranked or 1.0 for hit in found)


@pytest.mark.parametrize("mode", ["dense", "lexical"])
def test_one_side_alone_is_not_reranked(store: FolderStore, mode: str) -> None:
    """That is how the sides are compared: nobody else has a say."""
    reranker = ByLength()
    assert all(hit.why.reranked is None for hit in ask(store, "silver ship", mode=mode, reranker=reranker))
    assert reranker.read == []


def test_a_query_is_asked_as_it_is(store: FolderStore) -> None:
    """The retriever takes a query's parts as given: the text has no operators any more."""
    query = Query("ship", phrases=("bridge of silver",))
    hits: Any = retriever(store, FakeEncoder()).search(query, limit=9)
    assert quotes(hits) == ["The ship has a bridge of silver."]


def test_words_are_looked_up_while_the_question_is_encoded(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither waits for the other: here the encoder is not done before the words have been looked up."""
    looked_up, look_up = Event(), store.lexical
    in_time = []

    class Patient(FakeEncoder):
        def encode_question(self, question: str) -> Vectors:
            in_time.append(looked_up.wait(10))
            return super().encode_question(question)

    def lexical(*query: Any) -> dict[int, float]:
        found = look_up(*query)
        looked_up.set()
        return found

    monkeypatch.setattr(store, "lexical", lexical)
    found = retriever(store, Patient()).search(parse("silver ship"), limit=1)
    assert in_time == [True]
    assert quotes(found) == ["The ship has a bridge of silver."]
    assert found.timings_ms["encoding"] >= 0


def test_a_question_that_cannot_be_encoded_fails_as_it_would_alone(store: FolderStore) -> None:
    """Whoever asked hears of it, though another thread was told to encode."""

    class Broken(FakeEncoder):
        def encode_question(self, question: str) -> Vectors:
            raise EncoderError(f"{question} cannot be encoded.", "Ask something else.")

    with pytest.raises(EncoderError, match="silver ship cannot be encoded"):
        retriever(store, Broken()).search(parse("silver ship"), limit=1)
