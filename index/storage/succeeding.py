"""Replaces a library's contents with another folder's: the catalog in one transaction, then its indexes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, LibraryNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.storage.store import FolderStore

_KEPT_FILES = ("catalog.db", "writer.", "queue.db", "files.db")
_LEXICAL = "lexical"
_TEMPORARY_SUFFIXES = (".lock", ".part")


def replace_contents(
    store: FolderStore, other: FolderStore, progress: Callable[[int, int], None] | None = None
) -> None:
    """Replace a library's contents with those of `other`, and close `other`. Call within `store.writing()`.

    All processes that have the library open see the old contents until the transaction ends, then the new ones. The
    new contents have another library id, which tells those processes that their caches are stale. A kill before the
    end of the transaction changes nothing; after a later kill, the indexes are rebuilt.
    """
    store.catalog.database.replace_with(other.catalog.database, progress)
    other.close()
    store.follow()
    for new in sorted(other.folder.iterdir()):
        # The catalog is replaced already, and the caches can be rebuilt: errors no longer matter.
        with suppress(OSError, LibraryNotWritable, LibraryLocked):
            if new.name == _LEXICAL:
                store.replace_lexical(new)
            elif new.is_file() and not new.name.startswith(_KEPT_FILES) and not new.name.endswith(_TEMPORARY_SUFFIXES):
                new.replace(store.folder / new.name)
