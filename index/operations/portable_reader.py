"""Reads a portable library. The file may come from anybody, so every part of it is checked."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from index.ingestion import draft_of, key_of
from index.operations.carrying import DOCUMENTS, SENTENCES, VECTORS, parse_line
from index.storage.filing import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.operations.carrying import DocumentLine
    from index.operations.reading import ArchiveReader, PartReader
    from index.operations.results import Watch

_IDENTITY = re.compile("[0-9a-f]{64}")
_UNIT_LENGTH = (0.98, 1.02)
"""Bounds for the length of a unit vector in float16."""
_LARGEST_DIMENSION = 1 << 16
_BAD_PARTS = "its parts are not those that its manifest names"


class PortableReader:
    """The documents of a portable library, with their vectors if it has any."""

    def __init__(self, archive: ArchiveReader, max_bytes: int) -> None:
        """`max_bytes` is the limit for one document. Raises BadArchive."""
        self._archive = archive
        self.bad = archive.bad
        self._max_bytes = max_bytes
        self.made_with: str = archive.fact("made_with", str)
        self.vectors: bool = archive.fact("vectors", bool)
        self.dimension: int = archive.fact("dimension", int)
        self.documents: int = archive.fact("documents", int)
        self._shards: int = archive.fact("shards", int)
        kinds = (DOCUMENTS, VECTORS, SENTENCES) if self.vectors else (DOCUMENTS,)
        if len(archive.parts) != self._shards * len(kinds):  # checked first: a forged number of shards may be huge
            raise archive.bad(_BAD_PARTS)
        expected = {kind.format(shard) for shard in range(1, self._shards + 1) for kind in kinds}
        if set(archive.parts) != expected or not 0 <= self.dimension < _LARGEST_DIMENSION:
            raise archive.bad(_BAD_PARTS)

    def check(self, progress: Watch | None) -> None:
        """Read the whole file. Raises BadArchive if anything in it is wrong."""
        identities: set[str] = set()
        passages = sentences = characters = 0
        for line, _ in self.lines(with_vectors=self.vectors):
            if not _IDENTITY.fullmatch(line.id):
                raise self._archive.bad("a document's id is not a SHA-256")
            identities.add(line.id)
            passages += len(line.passages)
            sentences += sum(len(spans) for _, _, spans in line.passages)
            characters += len(line.text)
            if progress:
                progress("reading", len(identities), self.documents)
        found = {"documents": len(identities), "passages": passages, "sentences": sentences, "characters": characters}
        if any(self._archive.fact(name, int) != number for name, number in found.items()):
            raise self._archive.bad("its contents do not match its manifest, or a document occurs twice")

    def lines(self, *, with_vectors: bool) -> Iterator[tuple[DocumentLine, list[PackedVectors]]]:
        """Yield each document, with the vectors of its passages if `with_vectors` is set."""
        for shard in range(1, self._shards + 1):
            with ExitStack() as stack:
                kinds = (DOCUMENTS, VECTORS, SENTENCES) if with_vectors else (DOCUMENTS,)
                streams = [stack.enter_context(self._archive.part(kind.format(shard))) for kind in kinds]
                while data := streams[0].line(self._max_bytes):
                    line = self._parse(data)
                    yield line, self._vectors(line, *streams[1:]) if with_vectors else []

    def _parse(self, data: bytes) -> DocumentLine:
        if not data.endswith(b"\n"):
            raise self._archive.bad(
                "a document in it is larger than the settings allow", "Raise PINCITE_MAX_FILE_MEGABYTES."
            )
        try:
            return parse_line(data)
        except ValueError as error:
            raise self._archive.bad(f"a document in it is invalid: {error}") from error

    def _vectors(self, line: DocumentLine, vectors: PartReader, sentences: PartReader) -> list[PackedVectors]:
        """Read the vectors of a document's passages. Raises BadArchive if there are too few, or if one is no unit
        vector.
        """
        counts = [len(spans) for _, _, spans in line.passages]
        passage_bytes = vectors.read(len(counts) * self.dimension * 2)
        sentence_bytes = sentences.read(sum(counts) * self.dimension)
        complete = len(passage_bytes) == len(counts) * self.dimension * 2
        if not complete or len(sentence_bytes) != sum(counts) * self.dimension:
            raise self._archive.bad("it has fewer vectors than passages")
        if not self.dimension or not _are_unit_vectors(passage_bytes, len(counts)):
            raise self._archive.bad("its vectors are not unit vectors, as an encoder makes them")
        document, packed, first = line.document, [], 0
        for n, (chunk, count) in enumerate(zip(line.chunks, counts, strict=True)):
            vector = passage_bytes[n * self.dimension * 2 : (n + 1) * self.dimension * 2]
            own_sentences = sentence_bytes[first * self.dimension : (first + count) * self.dimension]
            packed.append(PackedVectors(key_of(draft_of(document, chunk)), vector, own_sentences))
            first += count
        return packed


def _are_unit_vectors(data: bytes, number: int) -> bool:
    """Return whether `data` holds `number` float16 vectors of length one; False if any is NaN."""
    rows = np.frombuffer(data, dtype="<f2").reshape(number, -1).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1)
    return bool(np.all((lengths > _UNIT_LENGTH[0]) & (lengths < _UNIT_LENGTH[1])))
