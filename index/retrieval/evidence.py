"""Sentences against a question: which one speaks to it, how strongly, and by which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from index.retrieval.expecting import expected, has
from index.storage.schema import unpack_sentence_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog import PassageRow
    from index.storage.protocol import Store

    Floats = np.ndarray[Any, np.dtype[np.float32]]

OVERLAP_SHARE = 0.2
"""Weight of shared rare words beside the cosine, where passages are ranked."""
PIN_OVERLAP_SHARE = 0.8
"""The same where a document's sentences are told apart."""
NUMBER_WEIGHT = 2.0
"""How many times its weight a number has in a pin: a question that names a year means that year."""
OWN_SHARE = 1.2
"""How much more a word weighs in a pin for each factor e by which it is rarer than a word that each sentence has."""
EXPECTED_BONUS = {"number": 0.15, "time": 0.3, "name": 0.15}
"""What a sentence gains that has what the question asks for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question before anything is found."""

    text: str
    vector: Floats
    """Shape (dimension,), of length one."""
    words: dict[str, str]
    """The terms to look for, each with its word."""
    idf: dict[str, float]
    """How rare each term is in the library."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage's sentences, weighed. Every array has one number for each sentence."""

    row: PassageRow
    terms: tuple[frozenset[str], ...]
    """Of each sentence, all of them."""
    cosines: Floats
    overlaps: Floats
    """Shares of the question's rare words, in [0, 1]."""
    strengths: Floats
    """Cosine and overlap together: how strongly a sentence speaks to the question, beside those of other passages."""
    claims: Floats
    """How good a pin it would be, beside the other sentences of its document: words weigh more, and a word that all
    sentences of the passage have says nothing of which one; a question for a number, a time or a name wants one."""

    @property
    def held(self) -> frozenset[str]:
        """The terms of the whole passage."""
        return frozenset().union(*self.terms)

    @property
    def best(self) -> float:
        """Strength of the strongest sentence, from 0 to 1 + OVERLAP_SHARE."""
        return min(max(float(self.strengths.max()), 0.0), 1 + OVERLAP_SHARE)

    @property
    def overlap(self) -> float:
        """The largest share of the question's rare words in one sentence."""
        return float(self.overlaps.max())

    @property
    def evident(self) -> list[int]:
        """Which sentences may be pinned. A heading says what follows is about; it is evidence only where alone."""
        spans = self.row.passage.sentences
        return [n for n, span in enumerate(spans) if span.start not in self.row.headings] or list(range(len(spans)))

    @property
    def claim(self) -> float:
        """That of the best pin."""
        return float(self.claims[self.evident].max())

    def pins(self) -> list[int]:
        """The sentences that may be pinned, the best first."""
        return sorted(self.evident, key=lambda n: -self.claims[n])


def weigh(asked: Asked, rows: Sequence[PassageRow], store: Store) -> list[Evidence]:
    """Weigh each sentence of these passages, all of them in one go."""
    if not rows:
        return []
    texts = [
        row.passage.text[start - row.passage.start : end - row.passage.start]
        for row in rows
        for start, end in row.passage.sentences
    ]
    terms = [frozenset(store.analyze(text)) for text in texts]
    held = np.array([[term in each for term in asked.idf] for each in terms], dtype=np.float32)
    idf = np.fromiter(asked.idf.values(), dtype=np.float32)
    sizes = np.array([len(row.passage.sentences) for row in rows])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    packed = b"".join(row.sentence_vectors for row in rows)
    cosines = unpack_sentence_vectors(packed, len(asked.vector)) @ asked.vector
    overlaps = _shares(held, np.broadcast_to(idf, held.shape))
    evident = np.array([start not in row.headings for row in rows for start, _ in row.passage.sentences])
    counts = np.add.reduceat(np.column_stack([held, np.ones(len(held))]) * evident[:, None], starts)
    own = idf * np.maximum(1 + OWN_SHARE * np.log((counts[:, -1:] + 1) / (counts[:, :-1] + 0.5)), 0.0)
    own[:, [any(map(str.isdigit, term)) for term in asked.idf]] *= NUMBER_WEIGHT
    claims = cosines + PIN_OVERLAP_SHARE * _shares(held, np.repeat(own, sizes, axis=0))
    if (kind := expected(asked.text)) is not None:
        claims += EXPECTED_BONUS[kind] * np.array([has(kind, text, asked.text) for text in texts], dtype=np.float32)
    strengths = cosines + OVERLAP_SHARE * overlaps
    return [
        Evidence(row, tuple(terms[a:b]), cosines[a:b], overlaps[a:b], strengths[a:b], claims[a:b])
        for row, a, b in zip(rows, starts, starts + sizes, strict=True)
    ]


def _shares(held: Floats, weights: Floats) -> Floats:
    """How much of all terms' weight each sentence holds, in [0, 1]; shapes (sentences, terms) to (sentences,)."""
    shares = (held * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    return np.asarray(shares, dtype=np.float32)
