"""Makes a large library from small ones: `python -m benchmarks.enlarging --base DIR … --library DIR --passages N …`.

`benchmarks.recombining` makes the passages and vectors. `made.json` in the folder of the library says how close these
vectors are to those of the encoder. The program completes a partly made library.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.recombining import Sources, Turns, nearest_cosine, read_sources
from index import Library
from index.encoders.encoder import Draft, SentenceTransformerEncoder
from index.records import Chunk, Document, Landmark, Span
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.encoders.encoder import Encoded, Encoder, Vectors

DOCUMENT_PASSAGES = 40
"""The number of passages of a document."""
ENCODED = 5_000
"""The default number of passages that the encoder encodes."""
NOTE = "made.json"
# An unfinished library may be lost, so durability is off. The pool always returns the same connection.
_HASTE = ("synchronous = OFF", "cache_size = -400000", "secure_delete = OFF", "wal_autocheckpoint = 20000")


class Maker:
    """Makes documents from their numbers; the same number always gives the same document."""

    def __init__(self, bases: Sequence[Path], encoder: Encoder, *, encoded: int = ENCODED, seed: int = 0) -> None:
        self._encoder = encoder
        self._sources, self.fingerprint = read_sources(bases, encoder)
        self._encoded = encoded // DOCUMENT_PASSAGES
        self._seed = seed

    def document(self, number: int) -> tuple[Document, list[Chunk], list[PackedVectors]]:
        """Return the document of this number with its passages; only those of the first documents are encoded."""
        rng = random.Random(f"{self._seed} {number}")
        passages = self._passages(number)
        document, chunks, drafts = _write_document(self._sources, passages, number)
        if number < self._encoded:
            packed = [
                (pack_vector(encoded.vector), pack_sentence_vectors(encoded.sentences))
                for encoded in self._encoded_part[number]
            ]
        else:
            vectors = self._turns.applied(self._sources.means(passages), rng)
            own = [self._sources.packed[sentences].tobytes() for sentences in passages]
            packed = list(zip(map(pack_vector, vectors), own, strict=True))
        keys = [hashlib.blake2b(draft.text.encode(), digest_size=16).digest() for draft in drafts]
        return document, chunks, [PackedVectors(key, *pair) for key, pair in zip(keys, packed, strict=True)]

    @cached_property
    def note(self) -> dict[str, float]:
        """How close the made vectors are to the encoder's, on one half of the encoded part with turns of the other."""
        means, real = self._measured_part
        half = len(real) // 2
        turned = Turns.measured(means[half:], real[half:]).applied(means[:half], random.Random(self._seed))
        cosines = (means * real).sum(axis=1)
        return {
            "encoded": len(real),
            "cosine of mean and encoded": float(cosines.mean()),
            "5th percentile": float(np.percentile(cosines, 5)),
            "cosine of made and mean": float((turned * means[:half]).sum(axis=1).mean()),
            "cosine of made and encoded": float((turned * real[:half]).sum(axis=1).mean()),
            "nearest other, encoded": nearest_cosine(real[:half]),
            "nearest other, made": nearest_cosine(turned),
            "nearest other, means": nearest_cosine(means[:half]),
        }

    def _passages(self, number: int) -> list[list[int]]:
        rng = random.Random(f"{self._seed} passages {number}")
        return [self._sources.recombined(rng) for _ in range(DOCUMENT_PASSAGES)]

    @cached_property
    def _encoded_part(self) -> list[list[Encoded]]:
        """The encoder's vectors of the first documents."""
        drafts = [_write_document(self._sources, self._passages(number), number)[2] for number in range(self._encoded)]
        encoded = iter(self._encoder.encode([draft for document_drafts in drafts for draft in document_drafts]))
        return [[next(encoded) for _ in document_drafts] for document_drafts in drafts]

    @cached_property
    def _measured_part(self) -> tuple[Vectors, Vectors]:
        """The means and the encoder's vectors of the passages of the first documents."""
        passages = [sentences for number in range(self._encoded) for sentences in self._passages(number)]
        return self._sources.means(passages), np.stack(
            [encoded.vector for document_vectors in self._encoded_part for encoded in document_vectors]
        )

    @cached_property
    def _turns(self) -> Turns:
        return Turns.measured(*self._measured_part)


def enlarge(maker: Maker, folder: Path, passages: int, *, index: bool = True) -> None:
    """Fill the library in `folder` up to `passages` passages, with or without its indexes."""
    with Library.open(folder) as library:
        store = library.parts.store
        with store.writing():
            with store.catalog.database.reading() as connection:
                for pragma in _HASTE:
                    connection.execute(f"PRAGMA {pragma}")
            for number in range(store.catalog.totals()["passages"] // DOCUMENT_PASSAGES, passages // DOCUMENT_PASSAGES):
                store.catalog.put(*maker.document(number), maker.fingerprint)
            (folder / NOTE).write_text(json.dumps(maker.note, indent=2))
            if index:
                store.index()


def caption(folder: Path) -> str:
    """Describe how the passages and vectors of a library were made; empty if this module did not make it."""
    if not (folder / NOTE).exists():
        return ""
    note = json.loads((folder / NOTE).read_text())
    return (
        f"The passages are sequences of real sentences from two or three similar passages of one corpus. The encoder "
        f"computed {note['encoded']:,.0f} of the vectors; the others are means of the real vectors of their sentences "
        f"(cosine to the encoder's vector {note['cosine of mean and encoded']:.3f} in the mean, "
        f"{note['5th percentile']:.3f} at the 5th percentile), rotated by angles that were measured on the encoded "
        f"passages. The cosine of a passage to the nearest other of {note['encoded'] / 2:,.0f} is "
        f"{note['nearest other, encoded']:.3f} for encoded and {note['nearest other, made']:.3f} for made passages."
    )


def _write_document(
    sources: Sources, passages: Sequence[Sequence[int]], number: int
) -> tuple[Document, list[Chunk], list[Draft]]:
    """Return a document made of these sentences, with its chunks and drafts."""
    chunks, drafts, start = [], [], 0
    for sentences in passages:
        draft = Draft(" ".join(sources.texts[sentence] for sentence in sentences), tuple(_places(sources, sentences)))
        spans = tuple(Span(a + start, b + start) for a, b in draft.sentences)
        chunks.append(Chunk(start, start + len(draft.text), spans))
        drafts.append(draft)
        start += len(draft.text) + 2
    text = "\n\n".join(draft.text for draft in drafts)
    marks = tuple(Landmark("paragraph", chunk.start) for chunk in chunks)
    identity = hashlib.sha256(text.encode()).hexdigest()
    return Document(identity, f"made-{number}.txt", f"Made {number}", "", "", "text/plain", text, marks), chunks, drafts


def _places(sources: Sources, sentences: Sequence[int]) -> Iterator[Span]:
    start = 0
    for sentence in sentences:
        yield Span(start, start + len(sources.texts[sentence]))
        start += len(sources.texts[sentence]) + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--base", type=Path, action="append", required=True, help="a library to take passages from; repeatable"
    )
    parser.add_argument(
        "--library", type=Path, action="append", required=True, help="the folder of the new library; repeatable"
    )
    parser.add_argument(
        "--passages",
        type=int,
        action="append",
        required=True,
        help="the number of passages of each new library, in the same order",
    )
    parser.add_argument("--encoded", type=int, default=ENCODED, help="the number of passages that the encoder encodes")
    parser.add_argument("--no-index", action="store_true", help="make only the catalog")
    options = parser.parse_args()
    maker = Maker(options.base, SentenceTransformerEncoder(), encoded=options.encoded)
    print(json.dumps(maker.note, indent=2), flush=True)
    for folder, passages in zip(options.library, options.passages, strict=True):
        began = perf_counter()
        enlarge(maker, folder, passages, index=not options.no_index)
        print(f"{folder}: {passages:,} passages, {perf_counter() - began:.0f} s", flush=True)
        print(caption(folder), flush=True)


if __name__ == "__main__":
    main()
