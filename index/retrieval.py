"""A question to hits: dense and lexical search, fused, each hit pinned to the sentence that carries the evidence."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from index.records import Found, Hit, Span, Why
from index.storage.schema import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.encoding import Encoder
    from index.storage.catalog import PassageRow
    from index.storage.store import Store

Mode = Literal["hybrid", "dense", "lexical"]

CANDIDATES = 100
"""How many passages each side proposes."""
DENSE_SHARE = 0.5
"""Weight of the dense side in the fused score; the rest is the lexical side's."""
OVERLAP_SHARE = 0.3
"""Weight of shared rare words beside the cosine, when a sentence is chosen as pin."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is known of a question before it is asked."""

    vector: np.ndarray[Any, np.dtype[np.float32]]
    words: dict[str, str]
    """The terms to look for, each with its word."""
    idf: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Sides:
    """What each side found, best first, and the two fused."""

    dense: dict[int, float]
    lexical: dict[int, float]
    fused: dict[int, float]


class Retriever:
    """Finds the passages of a store that answer a question."""

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    def search(self, question: str, *, limit: int, within: Sequence[int] | None = None, mode: Mode = "hybrid") -> Found:
        """The best `limit` passages, best first; `within` restricts the search to these documents' numbers.

        `mode` asks one side alone, which is how the two are compared.
        """
        clock = _Clock()
        with clock.timing("refreshing"):
            self._store.refresh()
        with clock.timing("encoding"):
            vector = self._encoder.encode_question(question)
        depth = max(CANDIDATES, limit)
        with clock.timing("dense"):
            dense = self._store.dense(vector, depth, within) if mode != "lexical" else {}
        with clock.timing("lexical"):
            lexical = self._store.lexical(question, depth, within) if mode != "dense" else {}
        with clock.timing("fusing"):
            sides = _Sides(dense, lexical, fuse(dense, lexical))
        with clock.timing("pinning"):
            words = self._store.terms(question)
            asked = _Question(vector, words, self._store.idf(list(words)))
            hits = self._hits(asked, sides, limit)
        return Found(question, hits, clock.milliseconds)

    def _hits(self, asked: _Question, sides: _Sides, limit: int) -> tuple[Hit, ...]:
        """The best passages that still exist; one that was removed meanwhile makes room for the next."""
        rows = self._store.passages(list(sides.fused)[: limit * 2])
        chosen = [rows[identity] for identity in sides.fused if identity in rows][:limit]
        infos = self._store.infos(sorted({row.number for row in chosen}))
        dense_ranks = {identity: rank for rank, identity in enumerate(sides.dense, 1)}
        lexical_ranks = {identity: rank for rank, identity in enumerate(sides.lexical, 1)}
        hits = []
        for row in chosen:
            if row.number not in infos:
                continue
            identity = row.passage.id
            pin, matched = self._pin(asked, row)
            why = Why(
                dense=float(np.frombuffer(row.vector, dtype="<f2").astype(np.float32) @ asked.vector),
                dense_rank=dense_ranks.get(identity),
                lexical=sides.lexical.get(identity),
                lexical_rank=lexical_ranks.get(identity),
                matched_terms=matched,
            )
            location = self._store.locate(row.number, pin.start)
            hits.append(Hit(row.passage, infos[row.number], sides.fused[identity], pin, location, why))
        return tuple(hits)

    def _pin(self, asked: _Question, row: PassageRow) -> tuple[Span, tuple[str, ...]]:
        """The sentence that carries the evidence, and the question's words that the passage holds.

        A heading says what follows is about; it is evidence only where a passage has nothing else.
        """
        passage = row.passage
        sentences = [Span(s.start - passage.start, s.end - passage.start).of(passage.text) for s in passage.sentences]
        terms = [set(self._store.analyze(sentence)) for sentence in sentences]
        cosines = unpack_sentence_vectors(row.sentence_vectors, len(asked.vector)) @ asked.vector
        total = sum(asked.idf.values()) or 1.0
        overlaps = [sum(weight for term, weight in asked.idf.items() if term in each) / total for each in terms]
        headings = self._store.headings(row.number, passage.start, passage.end)
        evidence = [span.start not in headings for span in passage.sentences]
        strength = np.where(
            evidence if any(evidence) else True, cosines + OVERLAP_SHARE * np.asarray(overlaps), -np.inf
        )
        best = int(np.argmax(strength))
        held = set().union(*terms)
        return passage.sentences[best], tuple(dict.fromkeys(word for term, word in asked.words.items() if term in held))


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float]) -> dict[int, float]:
    """A convex combination of both sides' min-max normalised scores, best first.

    Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval" (2023), found it to beat reciprocal
    rank fusion, and so did we; a passage that one side did not propose has that side's least score. Equal scores
    keep the dense side's order.
    """
    sides = [(DENSE_SHARE, _min_max(dense)), (1 - DENSE_SHARE, _min_max(lexical))]
    present = [(share, scores) for share, scores in sides if scores]
    whole = sum(share for share, _ in present) or 1.0
    ids = dict.fromkeys([*dense, *lexical])
    fused = {identity: sum(share * side.get(identity, 0.0) for share, side in present) / whole for identity in ids}
    return dict(sorted(fused.items(), key=lambda item: -item[1]))


def _min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores moved to [0, 1]; where all are equal, 1."""
    if not scores:
        return {}
    least, most = min(scores.values()), max(scores.values())
    if most == least:
        return dict.fromkeys(scores, 1.0)
    return {identity: (score - least) / (most - least) for identity, score in scores.items()}


class _Clock:
    """Milliseconds spent on each stage."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.milliseconds[stage] = round((time.perf_counter() - start) * 1000, 3)
