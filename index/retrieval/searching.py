"""Searches: from a question to hits that are pinned, explained and free of copies."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from index.encoding import Draft
from index.records import CANDIDATES, Found
from index.retrieval.covering import CONSIDERED, best_hits
from index.retrieval.evidence import EncodedQuestion
from index.retrieval.excerpts import MOST_READ, read_passages
from index.retrieval.reading import HitBuilder
from index.retrieval.scoring import (
    append_rest,
    apply_reranker,
    lift_verbatim,
    reorder_within_documents,
    weigh_by_evidence,
)
from index.retrieval.sides import search_lexical, search_sides
from index.retrieval.signals import absent_words, near_terms, read_signals, signals, words_of
from index.retrieval.timing import StageTimer
from index.storage.analysis import spans_of_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from index.encoding import Encoder, Vectors
    from index.querying import Query
    from index.readiness import Readiness
    from index.records import Hit, Mode
    from index.reranking import Reranker
    from index.retrieval.evidence import PassageEvidence
    from index.retrieval.excerpts import Reader
    from index.retrieval.sides import SideScores
    from index.storage.protocol import Store
    from index.storage.scope import Scope

DEEPER = 4
"""The factor for more candidates if there are too few hits; the new ones are ranked after the others."""
DEEPEST = 8
"""The limit for that factor, as a multiple of the hits or candidates wanted: so many copies of one text are enough."""
WEIGHED_CANDIDATES = 30
"""The number of best candidates that are weighed by their sentences."""
VERBATIM_MOST = 20
"""Promote exact matches only if at most this many passages contain the phrase."""
VERBATIM_LOOK = 60
"""The number of passages with the question's words that are searched for the same punctuation."""
ANSWERABILITY_HITS = 10
"""The number of first hits that are scored for answerability."""
UNSEEN = "Quoted and excluded words are searched only in the passages that the word index holds."
NEAREST = 3
"""The number of closest words of a pin that are reported."""


class Retriever:
    """Finds the passages of a store that answer a question."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        beside: Executor,
        reranker: Reranker | None = None,
        reader: Reader | None = None,
        worth_reading: Callable[[Mapping[str, float]], bool] = bool,
    ) -> None:
        """Create a retriever.

        `beside` encodes questions while their words are looked up. The `reader` reads the first hits again if
        `worth_reading` is true of their signals.
        """
        self._store = store
        self._encoder = encoder
        self._beside = beside
        self._reranker = reranker
        self._reader = reader
        self._worth_reading = worth_reading

    def search(
        self,
        query: Query,
        *,
        limit: int,
        within: Sequence[int] | None = None,
        mode: Mode = "hybrid",
        explain: bool = False,
    ) -> Found:
        """Return the best `limit` passages, best first; `within` restricts the search to documents with these numbers.

        A `mode` other than `hybrid` uses one index alone and does not weigh sentences, for comparison. `explain` adds
        the words of each pin that are closest to the question, which takes another pass of the encoder.
        """
        timer = StageTimer()
        depth = CANDIDATES
        readiness = self._refresh(mode, timer)
        question, scope, sides = self._search_both(query, within, depth, mode, timer, readiness)
        builder = HitBuilder(self._store, question, sides)
        with timer.measure("weighing"):
            scores = self._weigh(builder, scope) if mode == "hybrid" else sides.fused
        with timer.measure("pinning"):
            hits = builder.hits(scores, limit)
        while len(hits) < limit and depth < DEEPEST * max(limit, CANDIDATES):
            depth *= DEEPER
            lexical = search_lexical(self._store, query.text, depth, scope, mode, timer)
            if not sides.extend(search_sides(self._store, question, lexical, depth, scope, mode, timer)):
                break
            with timer.measure("pinning"):
                scores = append_rest(scores, sides.fused)
                hits = builder.hits(scores, limit)
        with timer.measure("telling"):
            answerability = signals(question, *self._near_evidence(builder, hits), list(sides.dense.values()))
        worth = self._worth_reading(answerability) or not readiness.has_words
        if self._reader is not None and mode == "hybrid" and worth:
            with timer.measure("reading"):
                readings = read_passages(question.text, builder.evidence_of(hits[:MOST_READ]), self._reader)
                hits = builder.apply_reader(hits, readings)
                answerability = read_signals(
                    answerability, question, *self._near_evidence(builder, hits), readings.values()
                )
        if explain:
            with timer.measure("explaining"):
                hits = self._explain(question.vector, hits)
        with timer.measure("telling"):
            evidence, titles = self._near_evidence(builder, hits)
            missing = absent_words(words_of(question), near_terms(evidence, titles)) if evidence else []
            unknown = [word for word in missing if not self._store.lexical(word, 1, scope)]
        notes = readiness.notes
        if readiness.lacks_words and (query.phrases or query.excluded):
            notes = (*notes, UNSEEN)
        return Found(
            query.text,
            hits,
            timer.milliseconds,
            notes,
            has_words=readiness.has_words,
            signals=answerability,
            missing=tuple(missing),
            unknown=tuple(unknown) if readiness.has_words else (),
        )

    def cover(self, query: Query, *, within: Sequence[int] | None = None) -> tuple[Iterator[Hit], tuple[str, ...]]:
        """Return the best hit of each document that speaks to the question, best first, and notes.

        The notes say what was not searched. In a library of up to `CONSIDERED` passages, all are candidates; in a
        larger one, so many from each index.
        """
        timer = StageTimer()
        readiness = self._refresh("hybrid", timer)
        question, _, sides = self._search_both(query, within, CONSIDERED, "hybrid", timer, readiness)
        return best_hits(HitBuilder(self._store, question, sides), self._store), readiness.notes

    def _near_evidence(self, builder: HitBuilder, hits: Sequence[Hit]) -> tuple[list[PassageEvidence], list[str]]:
        """Return the evidence of the first hits, and their documents' titles."""
        return list(builder.evidence_of(hits[:ANSWERABILITY_HITS]).values()), [
            hit.document.title for hit in hits[:ANSWERABILITY_HITS]
        ]

    def _refresh(self, mode: Mode, timer: StageTimer) -> Readiness:
        """Refresh the store and return what the indexes of this mode lack."""
        with timer.measure("refreshing"):
            readiness = self._store.refresh()
        if mode == "dense":
            return replace(readiness, lacks_words=0)
        return replace(readiness, lacks_vectors=0) if mode == "lexical" else readiness

    def _search_both(
        self,
        query: Query,
        within: Sequence[int] | None,
        depth: int,
        mode: Mode,
        timer: StageTimer,
        readiness: Readiness,
    ) -> tuple[EncodedQuestion, Scope | None, SideScores]:
        """Return the encoded question, the scope, and both indexes' scores; words are looked up during the encoding."""
        vector = self._beside.submit(self._encoder.encode_question, query.text)
        with timer.measure("scoping"):
            words = self._store.terms(query.text)
            # Part of an index does not show how rare a word is: without the whole, all words count alike.
            idf = self._store.idf(list(words)) if readiness.has_words else dict.fromkeys(words, 1.0)
            scope = self._store.scope(within, query.phrases, query.excluded)
        lexical = search_lexical(self._store, query.text, depth, scope, mode, timer)
        with timer.measure("encoding"):
            question = EncodedQuestion(query.text, vector.result(), words, idf)
        return question, scope, search_sides(self._store, question, lexical, depth, scope, mode, timer)

    def _weigh(self, builder: HitBuilder, scope: Scope | None) -> dict[int, float]:
        """Return the scores of the candidates: the best are weighed by their sentences, exact matches come first."""
        question, sides = builder.question, builder.sides
        builder.verbatim = self._find_verbatim(builder, scope)
        sides.include(self._store, question, builder.verbatim)
        evidence = builder.weigh(dict.fromkeys([*builder.verbatim, *islice(sides.fused, WEIGHED_CANDIDATES)]))
        scores = reorder_within_documents(
            weigh_by_evidence(sides.dense, sides.lexical, sides.fused, evidence), evidence
        )
        if self._reranker is not None:
            rerank_scores = self._reranker.score(
                question.text, [passage.row.passage.text for passage in evidence.values()]
            )
            builder.reranked = dict(zip(evidence, rerank_scores, strict=True))
            scores = apply_reranker(scores, builder.reranked)
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
        spans = [spans_of_words(hit.quote) for hit in hits]
        drafts = [Draft(hit.quote, words) for hit, words in zip(hits, spans, strict=True)]
        result = []
        for hit, spans_of_hit, encoded in zip(hits, spans, self._encoder.encode_quotes(drafts), strict=True):
            nearest = (encoded.sentences @ question).argsort()[::-1]
            words = dict.fromkeys(spans_of_hit[n].of(hit.quote) for n in nearest)
            result.append(replace(hit, why=replace(hit.why, nearest_words=tuple(islice(words, NEAREST)))))
        return tuple(result)


def _plain(text: str) -> str:
    """Return the text in lower case with single spaces."""
    return " ".join(text.casefold().split())
