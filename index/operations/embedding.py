"""Turns documents into passages with vectors: cuts and encodes them in batches that span documents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from index.ingestion import BATCH_PASSAGES, draft_of, key_of
from index.storage.filing import PackedVectors
from index.storage.fingerprint import fingerprint_of
from index.storage.schema import pack_sentence_vectors, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.chunking import Chunker
    from index.encoding import Draft, Encoder
    from index.records import Chunk, Document

    VectorLookup = Callable[[Sequence[bytes]], dict[bytes, PackedVectors]]


@dataclass(frozen=True, slots=True)
class Tools:
    """The encoder and chunker for an operation."""

    encoder: Encoder
    chunker: Chunker

    @property
    def fingerprint(self) -> str:
        """The fingerprint of a library that is made with them."""
        return fingerprint_of(self.encoder, self.chunker)


@dataclass(frozen=True, slots=True)
class EmbeddedDocument:
    """A document with its passages and their vectors."""

    document: Document
    chunks: tuple[Chunk, ...]
    vectors: list[PackedVectors]


class Embedder:
    """Cuts and encodes documents. Vectors that `known` finds by their keys are reused."""

    def __init__(self, tools: Tools, known: VectorLookup) -> None:
        self._tools = tools
        self._known = known
        self.encoded = 0
        """Passages encoded so far."""
        self.found = 0
        """Passages whose vectors were reused."""

    def embed(self, documents: Iterable[Document]) -> Iterator[EmbeddedDocument]:
        """Yield each document in order, as soon as its batch is full."""
        waiting: list[tuple[Document, tuple[Chunk, ...]]] = []
        for document in documents:
            waiting.append((document, self._tools.chunker.chunk(document.text, document.landmarks)))
            if sum(len(chunks) for _, chunks in waiting) >= BATCH_PASSAGES:
                yield from self._embed_batch(waiting)
                waiting = []
        yield from self._embed_batch(waiting)

    def _embed_batch(self, waiting: Sequence[tuple[Document, tuple[Chunk, ...]]]) -> Iterator[EmbeddedDocument]:
        drafts = [[draft_of(document, chunk) for chunk in chunks] for document, chunks in waiting]
        keys = [[key_of(draft) for draft in document_drafts] for document_drafts in drafts]
        vectors = self._vectors(dict(zip(chain(*keys), chain(*drafts), strict=True)))
        for (document, chunks), own in zip(waiting, keys, strict=True):
            yield EmbeddedDocument(document, chunks, [vectors[key] for key in own])

    def _vectors(self, drafts: dict[bytes, Draft]) -> dict[bytes, PackedVectors]:
        vectors = self._known(list(drafts))
        missing = [key for key in drafts if key not in vectors]
        for start in range(0, len(missing), BATCH_PASSAGES):
            batch = missing[start : start + BATCH_PASSAGES]
            encoded = self._tools.encoder.encode([drafts[key] for key in batch])
            for key, embedding in zip(batch, encoded, strict=True):
                vectors[key] = PackedVectors(
                    key, pack_vector(embedding.vector), pack_sentence_vectors(embedding.sentences)
                )
        self.encoded += len(missing)
        self.found += len(drafts) - len(missing)
        return vectors
