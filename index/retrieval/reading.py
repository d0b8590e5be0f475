"""Builds hits for one question: reads passages, scores and pins their sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.records import Hit, Span, Why
from index.retrieval.duplicates import TermSet, group_copies
from index.retrieval.evidence import weigh
from index.retrieval.excerpts import reorder
from index.retrieval.expecting import is_question
from index.storage.analysis import holds, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.records import DocumentInfo
    from index.retrieval.evidence import EncodedQuestion, Evidence
    from index.retrieval.excerpts import ReadPassage
    from index.retrieval.sides import SideScores
    from index.storage.protocol import Store

BLOCK = 30
"""The least number of passages that are read together; copies are looked for among so many of the best."""


class HitBuilder:
    """Builds the hits for one question and keeps what it has read. Passages removed meanwhile are left out."""

    def __init__(self, store: Store, asked: EncodedQuestion, sides: SideScores) -> None:
        self.asked = asked
        self.sides = sides
        self.evidence: dict[int, Evidence] = {}
        self.verbatim: frozenset[int] = frozenset()
        self.reranked: dict[int, float] = {}
        self._store = store
        self._pins: dict[int, list[int]] = {}
        self._words: dict[int, TermSet] = {}
        self._texts: dict[int, tuple[str, str]] = {}

    def weigh(self, ids: Iterable[int]) -> dict[int, Evidence]:
        """Read and score these passages; return those that still exist, in the given order."""
        wanted = list(ids)
        rows = self._store.passages([identity for identity in wanted if identity not in self.evidence])
        self.evidence |= zip(rows, weigh(self.asked, list(rows.values()), self._store), strict=True)
        return {identity: self.evidence[identity] for identity in wanted if identity in self.evidence}

    def hits(self, scores: Mapping[int, float], limit: int) -> tuple[Hit, ...]:
        """Return the best passages that still exist, with copies of one text grouped."""
        groups = group_copies(self._existing(scores, limit), self._are_copies, limit=limit, look=BLOCK)
        infos = self._store.infos(
            sorted({self.evidence[identity].row.number for group in groups for identity in group})
        )
        hits = []
        for group in groups:
            there = [
                self.hit(identity, scores[identity], infos)
                for identity in group
                if self.evidence[identity].row.number in infos
            ]
            if there:
                hits.append(replace(there[0], also=tuple(there[1:])))
        return tuple(hits)

    def of(self, hits: Iterable[Hit]) -> dict[int, Evidence]:
        """Return the evidence of these hits by passage id, in order."""
        return {hit.passage.id: self.evidence[hit.passage.id] for hit in hits}

    def apply_reader(self, hits: Sequence[Hit], readings: Mapping[int, ReadPassage]) -> tuple[Hit, ...]:
        """Return the hits with the pins and the order that the reader's verdicts give."""
        for identity, reading in readings.items():
            self.evidence[identity] = reading.evidence
            self._pins.pop(identity, None)
        before = {hit.passage.id: hit for hit in hits}
        scores = {identity: hit.score for identity, hit in before.items()}
        if is_question(self.asked.text):
            scores = reorder(scores, readings, self.verbatim)
        infos = self._store.infos(sorted({self.evidence[identity].row.number for identity in readings}))
        return tuple(self._updated_hit(before[identity], score, readings, infos) for identity, score in scores.items())

    def _updated_hit(
        self, hit: Hit, score: float, readings: Mapping[int, ReadPassage], infos: Mapping[int, DocumentInfo]
    ) -> Hit:
        identity = hit.passage.id
        if identity not in readings or self.evidence[identity].row.number not in infos:
            return hit
        return replace(self.hit(identity, score, infos), also=hit.also)

    def _existing(self, scores: Mapping[int, float], limit: int) -> Iterator[int]:
        """Yield the candidates that still exist, best first. The first block is always read, more blocks on demand."""
        ids = list(scores)
        for start in range(0, len(ids), max(BLOCK, limit)):
            block = ids[start : start + max(BLOCK, limit)]
            yield from self.weigh(block)

    def _are_copies(self, one: int, other: int) -> bool:
        """Whether two passages are copies: nearly the same words, and each contains the other's evidence verbatim.

        A template that says that the tenant pays, and its copy that says that the landlord does, are not copies.
        """
        if not self._words_of(one).alike(self._words_of(other)):
            return False
        texts, pins = zip(*(self._texts_of(identity) for identity in (one, other)), strict=True)
        return pins[0] in texts[1] and pins[1] in texts[0]

    def _texts_of(self, identity: int) -> tuple[str, str]:
        """Return the words of a passage and of its pin, without punctuation."""
        if identity not in self._texts:
            text, pin = self.evidence[identity].row.passage.text, self._quote(identity)
            self._texts[identity] = f" {' '.join(words(text))} ", f" {' '.join(words(pin))} "
        return self._texts[identity]

    def _words_of(self, identity: int) -> TermSet:
        if identity not in self._words:
            self._words[identity] = TermSet(self.evidence[identity].held)
        return self._words[identity]

    def _pins_of(self, identity: int) -> list[int]:
        if identity not in self._pins:
            self._pins[identity] = self.evidence[identity].pins()
        return self._pins[identity]

    def _pin(self, identity: int) -> Span:
        """Return the sentence with the evidence; the whole passage if it has none."""
        passage, pins = self.evidence[identity].row.passage, self._pins_of(identity)
        return passage.sentences[pins[0]] if pins else Span(passage.start, passage.end)

    def _quote(self, identity: int) -> str:
        passage, pin = self.evidence[identity].row.passage, self._pin(identity)
        return passage.text[pin.start - passage.start : pin.end - passage.start]

    def hit(self, identity: int, score: float, infos: Mapping[int, DocumentInfo]) -> Hit:
        """Return a passage as a hit, with its pin, its location, and the reasons for it."""
        each, sides, asked = self.evidence[identity], self.sides, self.asked
        passage, pins = each.row.passage, self._pins_of(identity)
        pin = self._pin(identity)
        claims = (float(claim) if n in pins else float("-inf") for n, claim in enumerate(each.claims))
        held, in_pin = each.held, each.terms[pins[0]] if pins else each.held
        rarest = sorted((term for term in asked.words if term in in_pin), key=lambda term: -asked.idf[term])
        why = Why(
            dense=sides.dense.get(identity) if sides.mode != "lexical" else None,
            dense_rank=sides.dense_ranks.get(identity),
            lexical=sides.lexical.get(identity, 0.0) if sides.mode != "dense" else None,
            lexical_rank=sides.lexical_ranks.get(identity),
            fused=sides.fused[identity],
            evidence=each.best,
            verbatim=identity in self.verbatim,
            reranked=self.reranked.get(identity),
            matched_terms=tuple(word for word in dict.fromkeys(asked.words.values()) if holds(held, word)),
            pin_terms=tuple(
                word for word in dict.fromkeys(asked.words[term] for term in rarest) if holds(in_pin, word)
            ),
        )
        location = self._store.locate(each.row.number, pin.start)
        return Hit(
            passage,
            infos[each.row.number],
            score,
            pin,
            location,
            why,
            claims=tuple(claims),
            cosines=tuple(each.cosines.tolist()),
        )
