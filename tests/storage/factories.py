"""Documents, passages and vectors for a catalog, made without loading, chunking or a model."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.encoders.encoder import Draft
from index.records import Chunk, Document, Landmark, Span
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from index.storage.catalog.catalog import Catalog

_SENTENCE = re.compile(r"[^\s.][^.]*\.?")
MADE_WITH = "fake@1 | by hand"


def a_document(
    *passages: str, source: str = "/sources/a.txt", title: str = "", landmarks: Sequence[Landmark] = ()
) -> Document:
    """A document whose text consists of these passages."""
    text = "\n\n".join(passages)
    identity = hashlib.sha256(text.encode()).hexdigest()
    return Document(identity, source, title, "", "", "text/plain", text, tuple(landmarks))


def a_copy(document: Document, source: str) -> Document:
    """Another document with the same text: its file differs only in what a reader does not see."""
    return replace(document, source=source, id=hashlib.sha256(source.encode()).hexdigest())


def chunks_of(document: Document) -> list[Chunk]:
    """One chunk for each passage of the document; a full stop ends a sentence."""
    chunks, start = [], 0
    for passage in document.text.split("\n\n"):
        sentences = tuple(Span(start + match.start(), start + match.end()) for match in _SENTENCE.finditer(passage))
        chunks.append(Chunk(start, start + len(passage), sentences))
        start += len(passage) + 2
    return chunks


def vectors_of(document: Document, chunks: Sequence[Chunk]) -> list[PackedVectors]:
    """The vectors of the fake encoder, packed as the catalog stores them."""
    drafts = [
        Draft(
            document.text[chunk.start : chunk.end],
            tuple(Span(span.start - chunk.start, span.end - chunk.start) for span in chunk.sentences),
        )
        for chunk in chunks
    ]
    return [
        PackedVectors(key_of(draft.text), pack_vector(encoded.vector), pack_sentence_vectors(encoded.sentences))
        for draft, encoded in zip(drafts, FakeEncoder(max_tokens=10_000).encode(drafts), strict=True)
    ]


def key_of(text: str) -> bytes:
    """The key under which the catalog stores the vectors of a text: a hash of the text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def put(catalog: Catalog, document: Document) -> int:
    """Store a document and return its number."""
    chunks = chunks_of(document)
    catalog.put(document, chunks, vectors_of(document, chunks), MADE_WITH)
    number = catalog.number_of(document.id)
    assert number is not None
    return number


def put_vectors(catalog: Catalog, vectors: np.ndarray[Any, Any], source: str = "/many") -> int:
    """Store a document with one passage for each vector and return its number."""
    document = replace(a_document(source, source=source), text="x" * len(vectors))
    packed = [PackedVectors(bytes([n % 256, n // 256]), pack_vector(vector), b"") for n, vector in enumerate(vectors)]
    catalog.put(document, [Chunk(n, n + 1, ()) for n in range(len(vectors))], packed, MADE_WITH)
    number = catalog.number_of(document.id)
    assert number is not None
    return number


def id_of(catalog: Catalog, words: str) -> int:
    """The id of the only passage that contains these words."""
    (identity,) = [identity for identity, _, text, _ in catalog.texts(catalog.added_since(-1)) if words in text]
    return identity
