"""What turns documents into vectors, loaded for the first file that needs it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import FingerprintMismatch
from index.parsing import Cutting

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.storage.store import FolderStore

_SEPARATOR = " | "
_TARGET = re.compile(r"/(\d{1,6})-\d+$")


@dataclass(frozen=True, slots=True)
class Tools:
    """Encoder and chunker, their common name, and the chunker as data where another process can do its work."""

    encoder: Encoder
    chunker: Chunker
    fingerprint: str
    cutting: Cutting | None


class Toolbox:
    """Loads them at the first need, whichever thread has it: where all is unchanged, none does."""

    def __init__(self, store: FolderStore, load: Callable[[], tuple[Encoder, Chunker]]) -> None:
        self._store = store
        self._load = load
        self._tools: Tools | None = None
        self._lock = threading.Lock()

    def tools(self) -> Tools:
        """Raises FingerprintMismatch where the library was made with others."""
        with self._lock:
            if self._tools is None:
                self._tools = self._loaded()
            return self._tools

    def _loaded(self) -> Tools:
        encoder, chunker = self._load()
        tokenizer = getattr(encoder, "tokenizer_json", "")
        cutting = Cutting(chunker.target_tokens, chunker.limit, tokenizer) if tokenizer else None
        tools = Tools(encoder, chunker, fingerprint_of(encoder, chunker), cutting)
        stored = self._store.catalog.fingerprint()
        if stored and stored != tools.fingerprint:
            raise FingerprintMismatch(str(self._store.folder), stored, tools.fingerprint)
        if prepare := getattr(encoder, "prepare", None):
            prepare()  # while the first files are read
        return tools


def fingerprint_of(encoder: Encoder, chunker: Chunker) -> str:
    """What a library's vectors were made with."""
    return encoder.name + _SEPARATOR + chunker.name


def encoder_of(fingerprint: str) -> str:
    """The name of the encoder in a library's fingerprint."""
    return fingerprint.partition(_SEPARATOR)[0]


def target_of(fingerprint: str) -> int | None:
    """What the passages in a library's fingerprint aim at, in tokens; None where it does not say."""
    found = _TARGET.search(fingerprint)
    return int(found[1]) if found else None
