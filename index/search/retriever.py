"""Searches the store for a question, and returns hits with pins and explanations, with copies grouped."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from index.encoders.answer_reader import follow_up
from index.encoders.encoder import Draft
from index.records import CANDIDATES, Found
from index.search.confidence import absent_words, read_signals, signals, words_of
from index.search.evidence import EncodedQuestion
from index.search.fusion import (
    StageTimer,
    append_rest,
    apply_reranker,
    lift_verbatim,
    reorder_within_documents,
    search_lexical,
    search_sides,
    sort_scores,
    weigh_by_evidence,
)
from index.search.pins import HitBuilder, candidates, favour
from index.search.readings import find_cell, read_hits, share_of_pin
from index.text.words import word_spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from index.encoders.cross_encoders import Reranker
    from index.encoders.encoder import Encoder, Vectors
    from index.records import Hit, Mode
    from index.search.evidence import PassageEvidence
    from index.search.fusion import SideScores
    from index.search.pins import Earlier
    from index.search.readings import Reader
    from index.storage.protocol import Readiness, Scope, Store
    from index.text.questions import Question

CONSIDERED = 10_000
"""The number of candidate passages from each index. In a library with more passages, a document counts as not
mentioning a question if none of its passages is among the candidates of either index."""
PASSAGES_PER_DOCUMENT = 3
"""The number of a document's best passages that are weighed by their sentences."""
DEEPER = 4
"""If there are too few hits, the number of candidates grows by this factor; new ones are ranked after the others."""
DEEPEST = 8
"""The limit of that growth, as a multiple of the wanted hits or candidates: a search skips no more copies of a text."""
WEIGHED_CANDIDATES = 30
"""The number of best candidates that are weighed by their sentences."""
VERBATIM_MOST = 20
"""Promote exact matches only if at most this many passages contain the phrase."""
VERBATIM_LOOK = 60
"""Maximum number of passages with the question's words that are searched for its exact characters."""
ANSWERABILITY_HITS = 10
"""The number of first hits that are scored for answerability."""
UNSEEN = "Quoted and excluded words are searched only in the passages that the word index holds."
NEAREST = 3
"""The number of closest words of a pin that are reported."""


def best_hits(builder: HitBuilder, store: Store) -> Iterator[Hit]:
    """Yield the best hit of each document with a relevant passage, best first."""
    sides = builder.sides
    evidence = builder.weigh(_best_passages(sides, store))
    scores = weigh_by_evidence(
        sides.dense, sides.lexical, {passage_id: sides.fused[passage_id] for passage_id in evidence}, evidence
    )
    best: dict[int, int] = {}
    for passage_id in scores:
        best.setdefault(evidence[passage_id].row.number, passage_id)
    speaking = [passage_id for passage_id in best.values() if evidence[passage_id].is_relevant]
    infos = store.infos([evidence[passage_id].row.number for passage_id in speaking])
    existing = [passage_id for passage_id in speaking if evidence[passage_id].row.number in infos]
    yield from builder.build({passage_id: scores[passage_id] for passage_id in existing}, infos).values()


def _best_passages(sides: SideScores, store: Store) -> Iterable[int]:
    """Return the best passages of each document, by the fused score."""
    numbers = store.numbers(list(sides.fused))
    found: dict[int, list[int]] = defaultdict(list)
    for passage_id in sort_scores(sides.fused):
        if passage_id in numbers:
            found[numbers[passage_id]].append(passage_id)
    return [passage_id for ids in found.values() for passage_id in islice(ids, PASSAGES_PER_DOCUMENT)]


class Retriever:
    """Finds the passages of a store that answer a question."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        beside: Executor,
        reranker: Reranker | None = None,
        reader: Callable[[], Reader | None] | None = None,
        worth_reading: Callable[[Mapping[str, float]], bool] = bool,
    ) -> None:
        """Create a retriever.

        `beside` encodes questions while their words are looked up. `reader` returns what reads the first hits, if
        anything does; it is called if `worth_reading` returns True for their signals.
        """
        self._store = store
        self._encoder = encoder
        self._beside = beside
        self._reranker = reranker
        self._reader = reader
        self._worth_reading = worth_reading

    def search(
        self,
        question: Question,
        *,
        limit: int,
        within: Sequence[int] | None = None,
        mode: Mode = "hybrid",
        explain: bool = False,
        earlier: Earlier | None = None,
    ) -> Found:
        """Return the best `limit` passages, best first; `within` restricts the search to documents with these numbers.

        A `mode` other than `hybrid` uses one index alone and does not weigh sentences, for comparison. `explain` adds
        the words of each pin that are closest to the question, which takes another pass of the encoder. `earlier`
        adds the evidence of the question's thread to the candidates of a hybrid search.
        """
        timer = StageTimer()
        depth = CANDIDATES
        readiness = self._refresh(mode, timer)
        has_words = readiness.has_words
        encoded, scope, sides = self._search_both(
            question, within, depth, mode, timer, has_words=has_words, asked=earlier.asked if earlier else question.text
        )
        builder = HitBuilder(self._store, encoded, sides, earlier)
        with timer.measure("weighing"):
            scores = self._weigh(builder, scope) if mode == "hybrid" else sides.fused
        with timer.measure("pinning"):
            hits = builder.hits(scores, limit)
        # If both indexes found less than requested, and the library has no more, a deeper search finds nothing new.
        exhausted = max(len(sides.dense_ranks), len(sides.lexical_ranks), readiness.passages) < depth
        while not exhausted and len(hits) < limit and depth < DEEPEST * max(limit, CANDIDATES):
            depth *= DEEPER
            lexical = search_lexical(self._store, question.text, depth, scope, mode, timer)
            if not sides.extend(search_sides(self._store, encoded, lexical, depth, scope, mode, timer)):
                break
            with timer.measure("pinning"):
                scores = append_rest(scores, sides.fused)
                hits = builder.hits(scores, limit)
        with timer.measure("telling"):
            words = words_of(encoded)
            answerability = signals(words, *self._near_evidence(builder, hits), list(sides.dense.values()))
        asks = len(question.text.split()) > 1  # one word asks nothing that a sentence could answer
        worth = asks and (self._worth_reading(answerability) or not has_words)
        reader = self._reader() if self._reader is not None and mode == "hybrid" and worth else None
        if reader is not None:
            with timer.measure("reading"):
                asked = follow_up(earlier.asked, earlier.known, earlier.cited) if earlier else question.text
                readings = read_hits(asked, _evidence_of(builder, hits), reader)
                hits = builder.apply_reader(hits, readings)
                cell = find_cell(asked, readings, reader)
                if cell is not None:
                    hits = builder.pin_cell(hits, cell)
                near = self._near_evidence(builder, hits)
                first = hits[0].passage.id if hits else 0
                share = share_of_pin(readings, first)
                answerability = read_signals(answerability, words, *near, cell or readings.get(first), share)
        if explain:
            with timer.measure("explaining"):
                hits = self._explain(encoded.vector, hits)
        with timer.measure("telling"):
            missing = absent_words(words, *self._near_evidence(builder, hits))
            unknown = [word for word in missing if not self._store.lexical(word, 1, scope)]
        notes = readiness.notes
        if readiness.lacks_words and (question.query.phrases or question.query.excluded):
            notes = (*notes, UNSEEN)
        return Found(
            question.text,
            hits,
            timer.milliseconds,
            notes,
            has_words=has_words,
            signals=answerability,
            missing=tuple(missing),
            unknown=tuple(unknown) if has_words else (),
        )

    def cover(
        self, question: Question, *, within: Sequence[int] | None = None
    ) -> tuple[Iterator[Hit], tuple[str, ...]]:
        """Return the best hit of each document with a relevant passage, best first, and notes on what was not searched.

        In a library of up to `CONSIDERED` passages, all passages are candidates; in a larger one, `CONSIDERED` from
        each index.
        """
        timer = StageTimer()
        readiness = self._refresh("hybrid", timer)
        encoded, _, sides = self._search_both(
            question, within, CONSIDERED, "hybrid", timer, has_words=readiness.has_words, asked=question.text
        )
        return best_hits(HitBuilder(self._store, encoded, sides), self._store), readiness.notes

    def _near_evidence(self, builder: HitBuilder, hits: Sequence[Hit]) -> tuple[list[PassageEvidence], list[str]]:
        """Return the evidence of the first hits, and their documents' titles."""
        near = hits[:ANSWERABILITY_HITS]
        return list(_evidence_of(builder, near).values()), [hit.document.title for hit in near]

    def _refresh(self, mode: Mode, timer: StageTimer) -> Readiness:
        """Refresh the store and return what the indexes of this mode lack."""
        with timer.measure("refreshing"):
            readiness = self._store.refresh()
        if mode == "dense":
            return replace(readiness, lacks_words=0)
        return replace(readiness, lacks_vectors=0) if mode == "lexical" else readiness

    def _search_both(
        self,
        question: Question,
        within: Sequence[int] | None,
        depth: int,
        mode: Mode,
        timer: StageTimer,
        *,
        has_words: bool,
        asked: str,
    ) -> tuple[EncodedQuestion, Scope | None, SideScores]:
        """Return the encoded question, the scope, and both indexes' scores; words are looked up during the encoding."""
        vector = self._beside.submit(self._encoder.encode_question, question.text)
        with timer.measure("scoping"):
            words = self._store.terms(question.text)
            # An incomplete index does not show how rare a word is: then all words have the same weight.
            idf = self._store.idf(list(words)) if has_words else dict.fromkeys(words, 1.0)
            scope = self._store.scope(within, question.query.phrases, question.query.excluded)
        lexical = search_lexical(self._store, question.text, depth, scope, mode, timer)
        with timer.measure("encoding"):
            encoded = EncodedQuestion(question, vector.result(), words, idf, asked)
        return encoded, scope, search_sides(self._store, encoded, lexical, depth, scope, mode, timer)

    def _weigh(self, builder: HitBuilder, scope: Scope | None) -> dict[int, float]:
        """Return the scores of the candidates: the best are weighed by their sentences, exact matches come first."""
        question, sides, earlier = builder.question, builder.sides, builder.earlier
        builder.verbatim = self._find_verbatim(builder, scope)
        added = [*builder.verbatim, *(candidates(earlier, self._store, scope) if earlier else ())]
        sides.include(self._store, question, added)
        evidence = builder.weigh(dict.fromkeys([*added, *islice(sides.fused, WEIGHED_CANDIDATES)]))
        scores = reorder_within_documents(
            weigh_by_evidence(sides.dense, sides.lexical, sides.fused, evidence), evidence
        )
        if self._reranker is not None:
            rerank_scores = self._reranker.score(
                question.text, [passage.row.passage.text for passage in evidence.values()]
            )
            builder.reranked = dict(zip(evidence, rerank_scores, strict=True))
            scores = apply_reranker(scores, builder.reranked)
        if earlier:
            scores = favour(scores, earlier)
        return lift_verbatim(scores, builder.verbatim)

    def _find_verbatim(self, builder: HitBuilder, scope: Scope | None) -> frozenset[int]:
        """Return the passages with the question's exact characters, else with its words; empty if there are many.

        Characters distinguish `T-cells` and `10-11` from `T cells` and `10, 11`.
        """
        question = builder.question
        holders = self._store.holding(question.text, VERBATIM_LOOK, scope)
        if not holders:
            return frozenset()
        wanted = _plain(question.text)
        found = builder.weigh(holders)
        exact = [passage_id for passage_id in found if wanted in _plain(found[passage_id].row.passage.text)]
        return frozenset(next((some for some in (exact, holders) if 0 < len(some) <= VERBATIM_MOST), ()))

    def _explain(self, question: Vectors, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """Return the hits, each with the words of its pin that are closest to the question."""
        spans = [word_spans(hit.quote) for hit in hits]
        drafts = [Draft(hit.quote, words) for hit, words in zip(hits, spans, strict=True)]
        result = []
        for hit, spans_of_hit, encoded in zip(hits, spans, self._encoder.encode_quotes(drafts), strict=True):
            nearest = (encoded.sentences @ question).argsort()[::-1]
            words = dict.fromkeys(spans_of_hit[n].of(hit.quote) for n in nearest)
            result.append(replace(hit, why=replace(hit.why, nearest_words=tuple(islice(words, NEAREST)))))
        return tuple(result)


def _evidence_of(builder: HitBuilder, hits: Iterable[Hit]) -> dict[int, PassageEvidence]:
    """Return the evidence of these hits by passage id, in order."""
    return {hit.passage.id: builder.evidence[hit.passage.id] for hit in hits}


def _plain(text: str) -> str:
    """Return the text in lower case with single spaces."""
    return " ".join(text.casefold().split())
