"""Gets the vectors of passages: from the catalog if it has the same words, else from the encoder, which is loaded
late.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from index.errors import FingerprintMismatch
from index.ingest.pipeline import portions
from index.loading.sandbox.messages import ChunkerSettings
from index.records import Portion
from index.storage.protocol import fingerprint_of
from index.storage.tables import PackedVectors, pack_sentence_vectors, pack_vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.encoders.encoder import Encoder
    from index.ingest.pipeline import VectorBuffer
    from index.ingest.preparation import Prepared
    from index.storage.catalog.catalog import Catalog
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker


# The encoder and chunker of an `add`, loaded when the first file needs them.

LOOKUP_BATCH = 2000
"""Keys that are looked up in the catalog at a time."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Encoder, chunker and their fingerprint; `cutting` is the chunker as data if another process can do its work."""

    encoder: Encoder
    chunker: Chunker
    fingerprint: str
    cutting: ChunkerSettings | None


class ToolLoader:
    """Loads the tools on first use, from any thread. If all files are unchanged, they are never loaded."""

    def __init__(self, store: FolderStore, load: Callable[[], tuple[Encoder, Chunker]]) -> None:
        self._store = store
        self._load = load
        self._tools: Tools | None = None
        self._lock = threading.Lock()

    def tools(self) -> Tools:
        """Return the tools. Raises FingerprintMismatch if the library was made with others."""
        with self._lock:
            if self._tools is None:
                self._tools = self._loaded()
            return self._tools

    def _loaded(self) -> Tools:
        encoder, chunker = self._load()
        tokenizer = getattr(encoder, "tokenizer_json", "")
        cutting = ChunkerSettings(chunker.target_tokens, chunker.limit, tokenizer) if tokenizer else None
        tools = Tools(encoder, chunker, fingerprint_of(encoder, chunker), cutting)
        stored = self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        return tools


BATCH_PASSAGES = 128
"""Passages per batch of the encoder, from one or several documents: enough to sort by length, and soon stored."""


class ReportEncoding(Protocol):
    """Receives the progress of encoding."""

    def __call__(self, shares: tuple[Portion, ...], done: int, passages: int, /) -> None:
        """Report that `done` of the `passages` passages, which files share, are encoded."""
        ...


class PassageEncoder:
    """Fills buffers with the vectors of documents."""

    def __init__(self, catalog: Catalog, tool_loader: ToolLoader, report: ReportEncoding) -> None:
        self._catalog = catalog
        self._tool_loader = tool_loader
        self._report = report

    def fill(self, buffer: VectorBuffer, group: Sequence[Prepared], whole: Prepared | None = None) -> int:
        """Put the vectors of a group into the buffer, and return how many had to be encoded.

        If the group is the beginning of a `whole` document, the progress is that of the whole.
        """
        passages = {key: (prepared, n) for prepared in group for n, key in enumerate(prepared.keys)}
        for keys in _slices((key for key in passages if key not in buffer), LOOKUP_BATCH):
            buffer.put(self._catalog.vectors_by_key(keys).values())
        missing = [key for key in passages if key not in buffer]
        shares, before, of = portions(group, missing), 0, len(missing)
        if whole is not None:
            of = len(whole.keys)
            shares, before = (Portion(whole.document.source, of),), len(group[0].keys) - len(missing)
        self._report(shares, before, of)
        for start in range(0, len(missing), BATCH_PASSAGES):
            keys = missing[start : start + BATCH_PASSAGES]

            def report(done: int, before: int = before + start) -> None:
                self._report(shares, before + done, of)

            drafts = [prepared.draft(n) for prepared, n in map(passages.__getitem__, keys)]
            encoded = self._tool_loader.tools().encoder.encode(drafts, report)
            buffer.put(
                PackedVectors(key, pack_vector(embedding.vector), pack_sentence_vectors(embedding.sentences))
                for key, embedding in zip(keys, encoded, strict=True)
            )
        if missing:
            self._catalog.note_precisions([getattr(self._tool_loader.tools().encoder, "precision", "")])
        return len(missing)


def _slices(values: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    remaining = iter(values)
    while part := list(islice(remaining, size)):
        yield part
