"""Compacts a library: frees the space of deleted rows, of the log, and of removals in the records and indexes."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from index.operations.results import Compacted
from index.operations.room import require_space
from index.storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from index.operations.results import Watch
    from index.storage.store import FolderStore

_STAGING = "compacting"
_WORTH = 0.01
"""The catalog is rewritten if more than this share of its pages is empty."""


def compact(store: FolderStore, *, progress: Watch | None = None) -> Compacted:
    """Make a library's folder as small as possible, while others read it.

    The catalog is copied without empty pages, and the copy replaces it in one transaction. A kill at any instant
    leaves a complete catalog with the same contents. Raises LibraryLocked while another process changes the library,
    and NoRoom, before any change, if the disk lacks space for the work.
    """
    began = time.monotonic()
    staging = store.folder / _STAGING
    before = store.bytes_on_disk()
    with store.writing():
        shutil.rmtree(staging, ignore_errors=True)
        if progress:
            progress("indexing", 0, 1)
        store.index()
        try:
            staging.mkdir()
            store.compact_lexical(staging / "lexical")
            store.catalog.forget_removals(min(store.saved_generations(), default=store.catalog.generation()))
            _condense(store, staging, progress)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        notes = () if store.catalog.database.truncate_log() else (_READER_NOTE,)
    after = store.bytes_on_disk()
    return Compacted(before, after, time.monotonic() - began, notes)


_READER_NOTE = "Another program is reading the library: the rest of the space is freed when it has finished."


def _condense(store: FolderStore, staging: Path, progress: Watch | None) -> None:
    """Rewrite the catalog without empty pages, if there are enough of them."""
    database = store.catalog.database
    pages, empty, size = (
        int(database.rows(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size")
    )
    if empty <= _WORTH * pages:
        return
    require_space(store.folder, 2 * (pages - empty) * size)  # the copy, and the log of the transaction
    smaller = Database(staging / "catalog.db")
    try:
        if progress:
            progress("copying", 0, pages - empty)
        database.vacuum_into(smaller.path)
        if smaller.rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise database.damaged("a copy of it is damaged")
        database.replace_with(smaller, progress and (lambda done, of: progress("replacing", done, of)))
    finally:
        smaller.close()
