"""Copies a library into a new folder that is complete in itself: no paths, no history, no log, all indexes built."""

from __future__ import annotations

import shutil
import uuid
from contextlib import closing
from typing import TYPE_CHECKING

from index.backup.archive import file_size, require_space
from index.backup.archive_reader import find_flaw
from index.errors import LibraryError, LibraryExists
from index.storage.catalog.catalog import Catalog
from index.storage.store import FolderStore
from index.views.map_file import Maps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from index.records.report import OperationProgress

_STAGING = "copying"
_LEFT_BY_A_WRITER = ("*.lock", ".*.lock", "writer.json")
"""Locks, and the name of their holder."""


def copy_library(
    store: FolderStore,
    folder: Path,
    sources: Mapping[str, str],
    names: Mapping[str, str],
    *,
    progress: OperationProgress | None = None,
) -> None:
    """Copy a snapshot of a library into a folder that does not exist yet, while others use the library.

    `sources` are those that the caller knows, with the ids of their documents, and `names` maps each of them to its new
    name, which must be unique. Raises LibraryError if the library has changed since: a copy may become public, so it
    contains nothing that the caller has not seen. The words of removed documents do not come along:
    the catalog is written without empty pages, and indexes and map are made from it. Raises LibraryExists, NoRoom,
    LibraryNotWritable, LibraryDamaged.
    """
    if folder.exists():
        raise LibraryExists(str(folder))
    staged = folder / _STAGING
    staged.mkdir(parents=True)
    require_space(folder, 3 * file_size(store.catalog.database.path))  # the snapshot, the catalog, the indexes
    store.catalog.database.copy_to(staged / "catalog.db", progress and (lambda n, of: progress("copying", n, of)))
    with closing(Catalog(staged)) as catalog:
        if flaw := find_flaw(catalog, progress):
            raise store.catalog.database.damaged(flaw)
        if dict(catalog.sources()) != dict(sources):
            raise LibraryError("The library has changed meanwhile, so it was not copied.", "Start again.")
        _rename(catalog, sources, names)
        catalog.database.vacuum_into(folder / "catalog.db")
    shutil.rmtree(staged)
    _build_indexes(folder)


def _rename(catalog: Catalog, sources: Mapping[str, str], names: Mapping[str, str]) -> None:
    """Rename all sources, forget what was removed, and give the copy an id of its own, so that no cache fits it."""
    gained = {names[source]: identity for source, identity in sources.items()}
    catalog.relink(gained, sources.keys() - gained.keys())
    catalog.forget_removals(catalog.generation())
    with catalog.database.writing() as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'library'", (uuid.uuid4().hex,))


def _build_indexes(folder: Path) -> None:
    with closing(FolderStore(folder, create=False)) as store:
        with store.writing():
            store.index()
        store.wait_for_dense()
        Maps(store.catalog, folder).newest(wait=True)
    for path in {path for pattern in _LEFT_BY_A_WRITER for path in folder.rglob(pattern)}:
        path.unlink()
