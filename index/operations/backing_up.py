"""A library to one file, as it is at one moment, while others read and write it."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from index.errors import ArchiveNotWritable, LibraryNotWritable
from index.operations.archive import BLOCK, ArchiveWriter
from index.operations.checking import flaw_of
from index.operations.results import BackedUp
from index.operations.room import demand_room, size_of
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
    """Write the catalog, and the files that arrived in the library's own folder. The indexes are made again from it.

    The copy is read through before the file takes its name. Raises ArchiveExists, ArchiveNotWritable, NoRoom, and
    LibraryDamaged where the library itself is unsound: no older backup is replaced by a useless one.
    """
    began = time.monotonic()
    with ArchiveWriter(path, FORMAT, VERSION, force=force) as archive:
        files = _originals(store.folder / "uploads")
        weight = sum(size_of(store.folder / name) for name in ("catalog.db", "catalog.db-wal"))
        demand_room(archive.folder, 2 * weight + sum(map(size_of, files)))
        copy = archive.folder / CATALOG
        try:
            store.catalog.database.copy_to(copy, progress and (lambda done, of: progress("copying", done, of)))
        except LibraryNotWritable as error:  # the library is only read: it is the copy that finds no room
            raise ArchiveNotWritable(f"{path} cannot be written: its disk is full, or takes no file.") from error
        totals, made_with = _examined(copy, store, progress)
        with copy.open("rb") as file, archive.part(CATALOG) as part:
            size = size_of(copy)
            while block := file.read(BLOCK):
                part.write(block)
                if progress:
                    progress("packing", part.size, size)
        originals = sum(_packed(archive, number, each) for number, each in enumerate(files, 1))
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        archive.state(made_at=made_at, made_with=made_with, **totals)
    return BackedUp(
        str(path), size_of(path), totals["documents"], totals["passages"], originals, time.monotonic() - began
    )


def _examined(copy: Path, store: FolderStore, progress: Watch | None) -> tuple[dict[str, int], str]:
    """What the copy holds. Raises LibraryDamaged where it is unsound."""
    with closing(Catalog(copy.parent)) as catalog:
        if flaw := flaw_of(catalog, progress):
            raise store.catalog.database.damaged(flaw)
        return catalog.totals(), catalog.fingerprint()


def _originals(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _packed(archive: ArchiveWriter, number: int, path: Path) -> bool:
    """Whether the file was still there."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file, archive.part(f"{ORIGINALS}{number:06}", name=path.name) as part:
        while block := file.read(BLOCK):
            part.write(block)
    return True
