"""One search, from the question to hits that are pinned, explained and free of copies."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from index.encoding import Draft
from index.records import CANDIDATES, Found
from index.retrieval.covering import CONSIDERED, cover
from index.retrieval.evidence import Asked
from index.retrieval.excerpts import READ, read
from index.retrieval.reading import Reading
from index.retrieval.scoring import behind, lifted, placed, reranked, weighed
from index.retrieval.sides import ask, look_up
from index.retrieval.signals import absent, near_terms, read_signals, signals, words_of
from index.retrieval.timing import Clock
from index.storage.analysis import spans_of_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from index.encoding import Encoder, Vectors
    from index.querying import Query
    from index.readiness import Readiness
    from index.records import Hit, Mode
    from index.reranking import Reranker
    from index.retrieval.evidence import Evidence
    from index.retrieval.excerpts import Reader
    from index.retrieval.sides import Sides
    from index.storage.protocol import Store
    from index.storage.scope import Scope

DEEPER = 4
"""How many times more, where these are not enough for the hits asked for; what then comes is ranked behind them."""
DEEPEST = 8
"""How many times the hits asked for, and the candidates at least: so many copies of one text are enough."""
WEIGHED = 30
"""How many of the best are weighed by their sentences."""
VERBATIM_MOST = 20
"""Up to how many passages that hold the question word for word come first: where more do, it is no rare phrase."""
VERBATIM_LOOK = 60
"""Among how many that hold its words those are looked for that also have its punctuation."""
TOLD = 10
"""Of how many hits it is told whether they hold an answer."""
UNSEEN = "Words in quotes, and words after a minus, are looked for only in passages that the word index holds."
NEAREST = 3
"""How many words of a pin are told to be nearest."""


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
        """In `beside`, questions are encoded while their words are looked up; `reader` reads the first hits again.

        It does so where `worth_reading` says so of the signals without it.
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
        """The best `limit` passages, best first; `within` restricts the search to these documents' numbers.

        `mode` asks one side alone, unweighed, which is how the two are compared; `explain` adds the words of each pin
        that are nearest to the question, which takes another pass of the encoder.
        """
        clock = Clock()
        depth = CANDIDATES
        readiness = self._refreshed(mode, clock)
        asked, scope, sides = self._asked(query, within, depth, mode, clock, readiness)
        reading = Reading(self._store, asked, sides)
        with clock.timing("weighing"):
            scores = self._weighed(reading, scope) if mode == "hybrid" else sides.fused
        with clock.timing("pinning"):
            hits = reading.hits(scores, limit)
        while len(hits) < limit and depth < DEEPEST * max(limit, CANDIDATES):
            depth *= DEEPER
            lexical = look_up(self._store, query.text, depth, scope, mode, clock)
            if not sides.extend(ask(self._store, asked, lexical, depth, scope, mode, clock)):
                break
            with clock.timing("pinning"):
                scores = behind(scores, sides.fused)
                hits = reading.hits(scores, limit)
        with clock.timing("telling"):
            told = signals(asked, *self._near(reading, hits), list(sides.dense.values()))
        worth = self._worth_reading(told) or not readiness.has_words
        if self._reader is not None and mode == "hybrid" and worth:
            with clock.timing("reading"):
                heard = read(asked.text, reading.of(hits[:READ]), self._reader)
                hits = reading.heard(hits, heard)
                told = read_signals(told, asked, *self._near(reading, hits), heard.values())
        if explain:
            with clock.timing("explaining"):
                hits = self._explained(asked.vector, hits)
        with clock.timing("telling"):
            evidence, titles = self._near(reading, hits)
            missing = absent(words_of(asked), near_terms(evidence, titles)) if evidence else []
            unknown = [word for word in missing if not self._store.lexical(word, 1, scope)]
        notes = readiness.notes
        if readiness.lacks_words and (query.phrases or query.excluded):
            notes = (*notes, UNSEEN)
        return Found(
            query.text,
            hits,
            clock.milliseconds,
            notes,
            has_words=readiness.has_words,
            signals=told,
            missing=tuple(missing),
            unknown=tuple(unknown) if readiness.has_words else (),
        )

    def cover(self, query: Query, *, within: Sequence[int] | None = None) -> tuple[Iterator[Hit], tuple[str, ...]]:
        """The best hit of each document that speaks to the question, best first; what could not be searched.

        All passages of a library of up to `CONSIDERED` are candidates; of a larger one, so many on each side.
        """
        clock = Clock()
        readiness = self._refreshed("hybrid", clock)
        asked, _, sides = self._asked(query, within, CONSIDERED, "hybrid", clock, readiness)
        return cover(Reading(self._store, asked, sides), self._store), readiness.notes

    def _near(self, reading: Reading, hits: Sequence[Hit]) -> tuple[list[Evidence], list[str]]:
        """The evidence of the first hits, and their documents' titles."""
        return list(reading.of(hits[:TOLD]).values()), [hit.document.title for hit in hits[:TOLD]]

    def _refreshed(self, mode: Mode, clock: Clock) -> Readiness:
        """What is lacking on the sides that are asked."""
        with clock.timing("refreshing"):
            readiness = self._store.refresh()
        if mode == "dense":
            return replace(readiness, lacks_words=0)
        return replace(readiness, lacks_vectors=0) if mode == "lexical" else readiness

    def _asked(
        self,
        query: Query,
        within: Sequence[int] | None,
        depth: int,
        mode: Mode,
        clock: Clock,
        readiness: Readiness,
    ) -> tuple[Asked, Scope | None, Sides]:
        """The question, where it is looked for, and what both sides say: words are looked up while it is encoded."""
        vector = self._beside.submit(self._encoder.encode_question, query.text)
        with clock.timing("scoping"):
            words = self._store.terms(query.text)
            # How rare a word is, a part of the index does not tell: without it, all of them count alike.
            idf = self._store.idf(list(words)) if readiness.has_words else dict.fromkeys(words, 1.0)
            scope = self._store.scope(within, query.phrases, query.excluded)
        lexical = look_up(self._store, query.text, depth, scope, mode, clock)
        with clock.timing("encoding"):
            asked = Asked(query.text, vector.result(), words, idf)
        return asked, scope, ask(self._store, asked, lexical, depth, scope, mode, clock)

    def _weighed(self, reading: Reading, scope: Scope | None) -> dict[int, float]:
        """The fused candidates, the best of them by their sentences; what holds the question verbatim comes first."""
        asked, sides = reading.asked, reading.sides
        reading.verbatim = self._verbatim(reading, scope)
        sides.include(self._store, asked, reading.verbatim)
        evidence = reading.weigh(dict.fromkeys([*reading.verbatim, *islice(sides.fused, WEIGHED)]))
        scores = placed(weighed(sides.dense, sides.lexical, sides.fused, evidence), evidence)
        if self._reranker is not None:
            said = self._reranker.score(asked.text, [each.row.passage.text for each in evidence.values()])
            reading.reranked = dict(zip(evidence, said, strict=True))
            scores = reranked(scores, reading.reranked)
        return lifted(scores, reading.verbatim)

    def _verbatim(self, reading: Reading, scope: Scope | None) -> frozenset[int]:
        """The passages that hold the question to the letter, else those that hold its words; none where these are many.

        Letters tell `T-cells` and `10-11` from `T cells` and `10, 11`.
        """
        asked = reading.asked
        holders = self._store.holding(asked.text, VERBATIM_LOOK, scope)
        if not holders:
            return frozenset()
        wanted = _plain(asked.text)
        found = reading.weigh(holders)
        exact = [each for each in found if wanted in _plain(found[each].row.passage.text)]
        return frozenset(next((some for some in (exact, holders) if 0 < len(some) <= VERBATIM_MOST), ()))

    def _explained(self, question: Vectors, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The same hits, each with the words of its pin that are nearest to the question."""
        spans = [spans_of_words(hit.quote) for hit in hits]
        drafts = [Draft(hit.quote, each) for hit, each in zip(hits, spans, strict=True)]
        result = []
        for hit, each, encoded in zip(hits, spans, self._encoder.encode_quotes(drafts), strict=True):
            nearest = (encoded.sentences @ question).argsort()[::-1]
            words = dict.fromkeys(each[n].of(hit.quote) for n in nearest)
            result.append(replace(hit, why=replace(hit.why, nearest_words=tuple(islice(words, NEAREST)))))
        return tuple(result)


def _plain(text: str) -> str:
    """Without case, and with single spaces."""
    return " ".join(text.casefold().split())
