"""A large library out of small ones: their passages again and again, each time with changes, without the encoder."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from index import Library
from index.records import Chunk, Document, Landmark, Span
from index.storage.filing import PackedVectors
from index.storage.schema import pack_vector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.storage.catalog import PassageRow

DOCUMENT_PASSAGES = 40
"""Passages that are put together as one document."""
CHANGED_WORDS = 0.15
"""Share of words that are replaced by others of the same length, so that no two copies are near-duplicates."""
NOISE = 0.35
"""Length of the random vector that is added to a passage's vector of length one: such a copy has a cosine of .94."""
_WORD = re.compile(r"\w+")


def enlarge(bases: Sequence[Path], folder: Path, passages: int, seed: int = 0) -> None:
    """Fill the library in `folder` up to `passages` passages, in one process, without encoding anything."""
    rng, numpy_rng = random.Random(seed), np.random.default_rng(seed)
    rows, fingerprint = _rows(bases)
    words = _by_length(rows)
    with Library.open(folder) as library:
        store = library._store
        done = library.stats().passages
        with store.writing():
            while done < passages:
                chosen = rng.choices(rows, k=min(DOCUMENT_PASSAGES, passages - done))
                texts = [_changed(row.passage.text, words, rng) for row in chosen]
                document, chunks = _document(texts, chosen, done)
                vectors = [_noisy(row, numpy_rng, f"{done} {n}") for n, row in enumerate(chosen)]
                store.catalog.put(document, chunks, vectors, fingerprint)
                done += len(chosen)
            store.index()


def _rows(bases: Sequence[Path]) -> tuple[list[PassageRow], str]:
    """All passages of all bases."""
    rows: list[PassageRow] = []
    fingerprint = ""
    for base in bases:
        with Library.open(base, create=False) as library:
            catalog = library._store.catalog
            fingerprint = catalog.fingerprint()
            for each in catalog.added_since(-1):
                rows += catalog.passages(range(each.first, each.first + each.passages)).values()
    return rows, fingerprint


def _by_length(rows: Sequence[PassageRow]) -> dict[int, list[str]]:
    words: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        for word in _WORD.findall(row.passage.text):
            words[len(word)].append(word)
    return words


def _changed(text: str, words: dict[int, list[str]], rng: random.Random) -> str:
    """The same text with some words replaced; every offset stays."""

    def replace(found: re.Match[str]) -> str:
        return rng.choice(words[len(found[0])]) if rng.random() < CHANGED_WORDS else found[0]

    return _WORD.sub(replace, text)


def _document(texts: Sequence[str], rows: Sequence[PassageRow], number: int) -> tuple[Document, list[Chunk]]:
    chunks, start = [], 0
    for text, row in zip(texts, rows, strict=True):
        shift = start - row.passage.start
        spans = tuple(Span(a + shift, b + shift) for a, b in row.passage.sentences)
        chunks.append(Chunk(start, start + len(text), spans))
        start += len(text) + 2
    marks = tuple(Landmark("paragraph", chunk.start) for chunk in chunks)
    name = f"copy-{number}"
    return Document(name, f"{name}.txt", name, "", "", "text/plain", "\n\n".join(texts), marks), chunks


def _noisy(row: PassageRow, rng: np.random.Generator, key: str) -> PackedVectors:
    vector = np.frombuffer(row.vector, dtype="<f2").astype(np.float32)
    noise = rng.standard_normal(len(vector)).astype(np.float32)
    changed = vector + NOISE * noise / np.linalg.norm(noise)
    return PackedVectors(key.encode(), pack_vector(changed / np.linalg.norm(changed)), row.sentence_vectors)
