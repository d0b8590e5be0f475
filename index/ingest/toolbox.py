"""The encoder and chunker of an `add`, loaded when the first file needs them."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import FingerprintMismatch
from index.loading.sandbox.messages import ChunkerSettings
from index.storage.protocol import fingerprint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.encoders.encoder import Encoder
    from index.storage.store import FolderStore
    from index.text.chunks import Chunker

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
