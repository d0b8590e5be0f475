"""How a library becomes what another folder holds: its catalog in one transaction, then the indexes made for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, LibraryNotWritable

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.storage.store import FolderStore

_STAYS = ("catalog.db", "writer.", "queue.db", "files.db")
_WORDS = "lexical"
_NO_CACHE = (".lock", ".part")


def succeed(store: FolderStore, other: FolderStore, progress: Callable[[int, int], None] | None = None) -> None:
    """Let a library become what another one is; needs `store.writing()`, and closes the other one.

    All processes that have the library open see the old one until the transaction ends, and then the new one, whose id
    is another: so they know that whatever they made from the old one is of no use. Killed before, nothing happened;
    killed after, the indexes are made again.
    """
    store.catalog.database.become(other.catalog.database, progress)
    other.close()
    store.follow()
    for new in sorted(other.folder.iterdir()):
        with suppress(
            OSError, LibraryNotWritable, LibraryLocked
        ):  # from here on it is done: the rest can be made again
            if new.name == _WORDS:
                store.take_index(new)
            elif new.is_file() and not new.name.startswith(_STAYS) and not new.name.endswith(_NO_CACHE):
                new.replace(store.folder / new.name)
