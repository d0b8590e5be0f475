"""Rebuilds a library from its stored texts, with another encoder or chunking, while it is in use.

The new catalog grows beside the old one, in a folder of its own, document by document. It survives a stop or a kill,
and the next run continues it. Meanwhile, others read and change the old library. Writers are locked out only at the
end: their last changes are copied, and the new catalog replaces the old one in one transaction.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from index.errors import LibraryError
from index.operations.embedding import Embedder, Tools
from index.operations.results import Rebuilt
from index.operations.room import file_size, require_space
from index.storage.fingerprint import encoder_of
from index.storage.locking import WriterLock
from index.storage.store import FolderStore
from index.storage.succeeding import replace_contents
from index.storage.successor import Successor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.operations.results import Watch
    from index.records import Document
    from index.storage.filing import PackedVectors

_FOLDER = "rebuilding"
_ROUNDS = 3
"""Passes over the latest changes before writers are locked out."""
PATIENCE = 600.0
"""Seconds for which the last step waits for another writer."""


def rebuild(store: FolderStore, tools: Tools, *, model: str | None = None, progress: Watch | None = None) -> Rebuilt:
    """Cut and encode every document again from its stored text. Ids, sources, titles, notes and landmarks stay.

    `model` is the setting that loads the encoder; the library stores it. None if it is not known.

    Raises LibraryLocked if another process is rebuilding the library, or changes it for longer than `PATIENCE` seconds
    when the new catalog is ready; the work done is kept then, too. Raises NoRoom before any change.
    """
    began = time.monotonic()
    with WriterLock(store.folder, "rebuild").held(patience=0):
        side, successor = _begin(store, tools)
        try:
            if model is not None:
                side.catalog.note_model(model)
            work = _Rebuild(store, side, successor, tools, progress)
            for _ in range(_ROUNDS):
                if not work.catch_up():
                    break
            side.index()
            side.wait_for_dense()
            if progress:
                progress("waiting", 0, 1)
            with store.writing(patience=PATIENCE):
                work.finish()
        finally:
            side.close()
        shutil.rmtree(side.folder, ignore_errors=True)
    totals = store.catalog.totals()
    encoded, found = work.embedder.encoded, totals["passages"] - work.embedder.encoded
    seconds = time.monotonic() - began
    return Rebuilt(totals["documents"], totals["passages"], encoded, max(found, 0), tools.fingerprint, seconds)


def _begin(store: FolderStore, tools: Tools) -> tuple[FolderStore, Successor]:
    """Open the new catalog: that of an earlier run if it can be continued, else an empty one."""
    folder = store.folder / _FOLDER
    side = _open(folder)
    successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    if successor.begun and not successor.matches:
        side.close()
        shutil.rmtree(folder)
        side = _open(folder)
        successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    try:
        catalog_bytes = file_size(store.folder / "catalog.db")
        require_space(store.folder, 2 * catalog_bytes - file_size(folder / "catalog.db"))
        if not successor.begun:
            successor.begin()
    except BaseException:
        side.close()
        raise
    return side, successor


def _open(folder: Path) -> FolderStore:
    """Open the new library, and first remove the remains of a run that was killed during its cleanup."""
    try:
        return FolderStore(folder, create=True)
    except LibraryError:
        shutil.rmtree(folder, ignore_errors=True)
        return FolderStore(folder, create=True)


class _Rebuild:
    """One rebuild: fills the new catalog."""

    def __init__(
        self, store: FolderStore, side: FolderStore, successor: Successor, tools: Tools, progress: Watch | None
    ) -> None:
        self._store = store
        self._side = side
        self._successor = successor
        self._library = store.catalog.library_id
        self._same_encoder = encoder_of(store.catalog.fingerprint()) == tools.encoder.name
        self._progress = progress
        self._numbers: dict[str, int] = {}
        self.embedder = Embedder(tools, self._known)

    def catch_up(self) -> int:
        """Add every document that the new catalog lacks, and return their number."""
        missing = self._successor.missing()
        for done, embedded in enumerate(self.embedder.embed(self._documents(missing)), 1):
            document = embedded.document
            self._successor.put(self._numbers.pop(document.id), document, embedded.chunks, embedded.vectors)
            if self._progress:
                self._progress("encoding", done, len(missing))
        return len(missing)

    def finish(self) -> None:
        """Copy the last changes, and replace the library's catalog. Call only while other writers are locked out."""
        if self._store.catalog.library_id != self._library:
            raise LibraryError("The library was replaced while it was being rebuilt.", "Start again: pincite rebuild")
        self.catch_up()
        self._successor.finish()
        self._side.index()
        require_space(self._store.folder, file_size(self._side.folder / "catalog.db"))
        progress = self._progress
        replace_contents(self._store, self._side, progress and (lambda done, of: progress("replacing", done, of)))

    def _documents(self, numbers: Sequence[int]) -> Iterator[Document]:
        """Yield the documents that still exist."""
        for number in numbers:
            document = self._store.catalog.document(number)
            if document is not None:
                self._numbers[document.id] = number
                yield document

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, PackedVectors]:
        """Return reusable vectors of the same encoder: of unchanged passages, and of texts that occur twice."""
        known = self._side.catalog.vectors_by_key(keys)
        if self._same_encoder:
            known |= self._store.catalog.vectors_by_key([key for key in keys if key not in known])
        return known
