"""A library made anew from the texts that it holds, with another encoder or chunking, while it goes on serving.

The new catalog grows beside the old one, in a folder of its own, document by document: what is there stays there when
the work is stopped or killed, and the next run goes on from it. Others read and change the old library all the while.
Only at the end are writers kept out: what they changed is taken over, and the old catalog becomes the new one in one
transaction.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from index.errors import LibraryError
from index.ingestion import encoder_of
from index.operations.embedding import Embedder, Tools
from index.operations.results import Rebuilt
from index.operations.room import demand_room, size_of
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
"""How often what came meanwhile is taken over before writers are kept out."""
PATIENCE = 600.0
"""Seconds for which the last step waits for another writer."""


def rebuild(store: FolderStore, tools: Tools, *, model: str | None = None, progress: Watch | None = None) -> Rebuilt:
    """Cut and encode every document again from its stored text. Ids, sources, titles, notes and landmarks stay.

    `model` is the setting that loads the encoder, which the library remembers; None where it is not known.

    Raises LibraryLocked where another process rebuilds it, or changes it for longer than `PATIENCE` when the new one is
    ready: what is done is kept then, too. Raises NoRoom before anything is done.
    """
    began = time.monotonic()
    with WriterLock(store.folder, "rebuild").held(patience=0):
        side, successor = _begun(store, tools)
        try:
            if model is not None:
                side.catalog.note_model(model)
            work = _Work(store, side, successor, tools, progress)
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


def _begun(store: FolderStore, tools: Tools) -> tuple[FolderStore, Successor]:
    """The new catalog: that of an earlier run where it is of use, else an empty one."""
    folder = store.folder / _FOLDER
    side = _opened(folder)
    successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    if successor.begun and not successor.matches:
        side.close()
        shutil.rmtree(folder)
        side = _opened(folder)
        successor = Successor(store.catalog, side.catalog, tools.fingerprint)
    try:
        weight = size_of(store.folder / "catalog.db")
        demand_room(store.folder, 2 * weight - size_of(folder / "catalog.db"))
        if not successor.begun:
            successor.begin()
    except BaseException:
        side.close()
        raise
    return side, successor


def _opened(folder: Path) -> FolderStore:
    """What was left there by a run that was killed while it cleared up is cleared up now."""
    try:
        return FolderStore(folder, create=True)
    except LibraryError:
        shutil.rmtree(folder, ignore_errors=True)
        return FolderStore(folder, create=True)


class _Work:
    """The work on one new catalog."""

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
        """Make every document that the new catalog lacks; how many these were."""
        missing = self._successor.missing()
        for done, each in enumerate(self.embedder.embed(self._documents(missing)), 1):
            self._successor.put(self._numbers.pop(each.document.id), each.document, each.chunks, each.vectors)
            if self._progress:
                self._progress("encoding", done, len(missing))
        return len(missing)

    def finish(self) -> None:
        """Take over the last changes, and let the library become the new one. Nobody else may change it now."""
        if self._store.catalog.library_id != self._library:
            raise LibraryError("The library was replaced while it was being rebuilt.", "Begin anew: pincite rebuild")
        self.catch_up()
        self._successor.finish()
        self._side.index()
        demand_room(self._store.folder, size_of(self._side.folder / "catalog.db"))
        progress = self._progress
        replace_contents(self._store, self._side, progress and (lambda done, of: progress("replacing", done, of)))

    def _documents(self, numbers: Sequence[int]) -> Iterator[Document]:
        """Those that are still there."""
        for number in numbers:
            document = self._store.catalog.document(number)
            if document is not None:
                self._numbers[document.id] = number
                yield document

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, PackedVectors]:
        """Vectors of the same encoder: of passages that are cut as they were, and of texts that occur twice."""
        known = self._side.catalog.vectors_by_key(keys)
        if self._same_encoder:
            known |= self._store.catalog.vectors_by_key([key for key in keys if key not in known])
        return known
