"""Room given back: deleted rows, the log, what is noted of removals, and what the indexes keep of them."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from index.operations.results import Compacted
from index.operations.room import demand_room
from index.storage.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from index.operations.results import Watch
    from index.storage.store import FolderStore

_STAGING = "compacting"
_WORTH = 0.01
"""Share of empty pages from which on the catalog is written anew."""


def compact(store: FolderStore, *, progress: Watch | None = None) -> Compacted:
    """Make a library's folder as small as it can be, while others read it.

    The catalog is written anew beside itself and takes its own place in one transaction; killed at any instant, it is
    as it was or smaller, and says the same. Raises LibraryLocked while another process changes it, NoRoom before
    anything is done where the disk has no room for the work.
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
        notes = () if store.catalog.database.truncate_log() else (_STANDING_BY,)
    after = store.bytes_on_disk()
    return Compacted(before, after, time.monotonic() - began, notes)


_STANDING_BY = "Another program is reading the library: the rest of the room comes back when it is done."


def _condense(store: FolderStore, staging: Path, progress: Watch | None) -> None:
    """Leave the empty pages of the catalog behind, where they are worth the work."""
    database = store.catalog.database
    pages, empty, size = (
        int(database.rows(f"PRAGMA {name}")[0][0]) for name in ("page_count", "freelist_count", "page_size")
    )
    if empty <= _WORTH * pages:
        return
    demand_room(store.folder, 2 * (pages - empty) * size)  # a copy, and the log through which it comes back
    smaller = Database(staging / "catalog.db")
    try:
        if progress:
            progress("copying", 0, pages - empty)
        database.vacuum_into(smaller.path)
        if smaller.rows("PRAGMA quick_check(1)") != [("ok",)]:
            raise database.damaged("a copy of it is not sound")
        database.replace_with(smaller, progress and (lambda done, of: progress("replacing", done, of)))
    finally:
        smaller.close()
