"""Backs up a library: writes a snapshot of it to one file, while others read and write it."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from index.errors import ArchiveNotWritable, LibraryNotWritable
from index.operations.archive import BLOCK, ArchiveWriter
from index.operations.checking import find_flaw
from index.operations.results import BackedUp
from index.operations.room import file_size, require_space
from index.storage.catalog import Catalog

if TYPE_CHECKING:
    from pathlib import Path

    from index.operations.results import Watch
    from index.storage.store import FolderStore

FORMAT = "pincite backup"
VERSION = 1
CATALOG = "catalog.db"
ORIGINALS = "originals/"


def back_up(store: FolderStore, path: Path, *, force: bool = False, progress: Watch | None = None) -> BackedUp:
    """Write the catalog, and the files in the library's own folder, to `path`. A restore rebuilds the indexes.

    The copy is checked in full before the file takes its name. Raises ArchiveExists, ArchiveNotWritable, NoRoom, and
    LibraryDamaged if the library itself is damaged, so that no useless backup replaces an older one.
    """
    began = time.monotonic()
    with ArchiveWriter(path, FORMAT, VERSION, force=force) as archive:
        files = _originals(store.folder / "uploads")
        catalog_bytes = sum(file_size(store.folder / name) for name in ("catalog.db", "catalog.db-wal"))
        require_space(archive.folder, 2 * catalog_bytes + sum(map(file_size, files)))
        copy = archive.folder / CATALOG
        try:
            store.catalog.database.copy_to(copy, progress and (lambda done, of: progress("copying", done, of)))
        except LibraryNotWritable as error:  # the library is only read, so the copy could not be written
            raise ArchiveNotWritable(f"{path} cannot be written: its disk is full or not writable.") from error
        totals, made_with = _check_copy(copy, store, progress)
        with copy.open("rb") as file, archive.part(CATALOG) as part:
            size = file_size(copy)
            while block := file.read(BLOCK):
                part.write(block)
                if progress:
                    progress("packing", part.size, size)
        originals = sum(_pack(archive, number, file) for number, file in enumerate(files, 1))
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        archive.add_facts(made_at=made_at, made_with=made_with, **totals)
    return BackedUp(
        str(path), file_size(path), totals["documents"], totals["passages"], originals, time.monotonic() - began
    )


def _check_copy(copy: Path, store: FolderStore, progress: Watch | None) -> tuple[dict[str, int], str]:
    """Check the copy, and return its totals and fingerprint. Raises LibraryDamaged."""
    with closing(Catalog(copy.parent)) as catalog:
        if flaw := find_flaw(catalog, progress):
            raise store.catalog.database.damaged(flaw)
        return catalog.totals(), catalog.fingerprint()


def _originals(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _pack(archive: ArchiveWriter, number: int, path: Path) -> bool:
    """Write a file as a part, and return whether it still existed."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file, archive.part(f"{ORIGINALS}{number:06}", name=path.name) as part:
        while block := file.read(BLOCK):
            part.write(block)
    return True
