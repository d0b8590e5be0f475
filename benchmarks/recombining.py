"""Makes artificial passages from real sentences, with vectors that are mostly computed without the encoder.

A made passage consists of consecutive sentences from each of two or three similar passages of one corpus, and has the
length of a real one. The mean of the vectors of its sentences, which the encoder computed in the original passages, is
close to the encoder's vector of the whole passage. The distance is measured on a part that is really encoded. Every
other vector is the mean, rotated by an angle and in a direction that were measured between a mean and the encoder's
vector in that part. So made vectors are as close to their means as real vectors are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from index import Library
from index.encoders.encoder import normalised

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

    from index.encoders.encoder import Encoder, Vectors
    from index.storage.catalog.passage_queries import PassageRow

    Ints = np.ndarray[Any, np.dtype[np.int64]]

NEIGHBOURS = 50
"""The number of nearest passages of the same corpus from which the partners of a passage are drawn."""
PARTNERS = (1, 2)
_MARKERS = 2
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Sources:
    """The sentences of some libraries, corpus by corpus, passage by passage."""

    texts: list[str]
    tokens: Ints
    """The number of the encoder's tokens of each sentence, without markers."""
    packed: np.ndarray[Any, np.dtype[np.int8]]
    """The vector of each sentence, as the catalog stores it."""
    vectors: Vectors
    """The same vectors in float32, of length one."""
    first: Ints
    """The number of the first sentence of each passage, and finally the number of sentences."""
    near: Ints
    """The nearest other passages of each passage, shape (passages, NEIGHBOURS or fewer)."""
    limit: int
    """The maximum number of tokens of a passage."""

    def recombined(self, rng: random.Random) -> list[int]:
        """Return the numbers of the sentences of a new passage."""
        passages = len(self.first) - 1
        centre = rng.randrange(passages)
        chosen = [centre, *rng.sample(self.near[centre].tolist(), rng.choice(PARTNERS))]
        like = rng.randrange(passages)
        length = int(self.tokens[self.first[like] : self.first[like + 1]].sum())
        found: list[int] = []
        total = 0
        for passage in chosen:
            begin, end = int(self.first[passage]), int(self.first[passage + 1])
            taken = 0
            for sentence in range(rng.randrange(begin, end), end):
                tokens = int(self.tokens[sentence])
                if sentence in found or (found and total + tokens > self.limit):
                    break
                found.append(sentence)
                taken, total = taken + tokens, total + tokens
                if taken >= length / len(chosen):
                    break
        return found

    def means(self, passages: Sequence[Sequence[int]]) -> Vectors:
        """Return the mean vector of each passage's sentences, weighted by tokens; shape (passages, dimension)."""
        flat = np.asarray([sentence for sentences in passages for sentence in sentences])
        starts = np.cumsum([0, *(len(sentences) for sentences in passages[:-1])])
        return normalised(np.add.reduceat(self.vectors[flat] * self.tokens[flat, None].astype(np.float32), starts))


@dataclass(frozen=True, slots=True)
class Turns:
    """Measured rotations from the means of sentences to the encoder's vectors of their passages."""

    cosines: np.ndarray[Any, np.dtype[np.float32]]
    directions: Vectors
    """Vectors of length one, each at a right angle to the mean that it was measured from."""

    @classmethod
    def measured(cls, means: Vectors, encoded: Vectors) -> Turns:
        """Measure the rotations between means and vectors of the same passages; shape of both (passages, dimension)."""
        cosines = np.minimum((means * encoded).sum(axis=1), 1.0)
        return cls(cosines, normalised(encoded - cosines[:, None] * means))

    def applied(self, means: Vectors, rng: random.Random) -> Vectors:
        """Return each mean with one of the measured rotations, drawn at random."""
        drawn = np.asarray([rng.randrange(len(self.cosines)) for _ in means])
        cosines, directions = self.cosines[drawn, None], self.directions[drawn]
        aside = normalised(directions - (directions * means).sum(axis=1, keepdims=True) * means)
        return normalised((cosines * means + np.sqrt(1 - cosines**2) * aside).astype(np.float32))


def read_sources(bases: Sequence[Path], encoder: Encoder) -> tuple[Sources, str]:
    """Return all sentences of all bases and their fingerprint. Raise ValueError if the fingerprints differ."""
    prints: set[str] = set()
    rows: list[PassageRow] = []
    near: list[Ints] = []
    for base in bases:
        with Library.open(base, create=False) as library:
            corpus = _rows(library)
            prints.add(library.parts.store.catalog.fingerprint())
        near.append(_nearest(np.stack([np.frombuffer(row.vector, "<f2") for row in corpus])) + len(rows))
        rows += corpus
    if len(prints) != 1:
        raise ValueError(f"The libraries have {len(prints)} different fingerprints.")
    least = min(neighbours.shape[1] for neighbours in near)
    texts = [span.of(row.passage.text) for row in rows for span in _spans(row)]
    packed = np.frombuffer(b"".join(row.sentence_vectors for row in rows), np.int8).reshape(len(texts), -1)
    return Sources(
        texts=texts,
        tokens=np.asarray(encoder.count_tokens(texts)) - _MARKERS,
        packed=packed,
        vectors=normalised(packed.astype(np.float32)),
        first=np.cumsum([0, *(len(row.passage.sentences) for row in rows)]),
        near=np.concatenate([neighbours[:, :least] for neighbours in near]),
        limit=encoder.max_tokens - _MARKERS,
    ), prints.pop()


def nearest_cosine(vectors: Vectors) -> float:
    """Return the mean over all vectors of the cosine to the nearest other one."""
    blocks = []
    for begin, end in pairwise([*range(0, len(vectors), _BLOCK), len(vectors)]):
        cosines = vectors[begin:end] @ vectors.T
        cosines[np.arange(end - begin), np.arange(begin, end)] = -1
        blocks.append(cosines.max(axis=1))
    return float(np.concatenate(blocks).mean())


def _rows(library: Library) -> list[PassageRow]:
    """Return all passages that have a sentence."""
    catalog = library.parts.store.catalog
    rows: list[PassageRow] = []
    for document in catalog.added_since(-1):
        rows += catalog.passages(range(document.first, document.first + document.passages)).values()
    return [row for row in rows if row.passage.sentences]


def _spans(row: PassageRow) -> list[Any]:
    start = row.passage.start
    return [span._replace(start=span.start - start, end=span.end - start) for span in row.passage.sentences]


def _nearest(vectors: np.ndarray[Any, Any]) -> Ints:
    """Return the numbers of the nearest other vectors of each vector."""
    single = vectors.astype(np.float32)
    count = min(NEIGHBOURS, len(single) - 1)
    found = []
    for begin, end in pairwise([*range(0, len(single), _BLOCK), len(single)]):
        cosines = single[begin:end] @ single.T
        cosines[np.arange(end - begin), np.arange(begin, end)] = -1
        found.append(np.argpartition(-cosines, count - 1, axis=1)[:, :count])
    return np.concatenate(found)
