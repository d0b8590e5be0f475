"""Backs a library up to one file, and restores it into a new folder or over a library in use."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.backup.archive import BLOCK, ArchiveWriter, file_size, require_space, sync_to_disk
from index.backup.archive_reader import ArchiveReader, find_flaw, find_header_flaw
from index.errors import ArchiveNotWritable, LibraryDamaged, LibraryExists, LibraryNotWritable
from index.records.report import BackedUp, Restored
from index.storage.catalog.catalog import Catalog
from index.storage.files import NOT_WRITABLE_HINT, WriterLock
from index.storage.upkeep import WRITER_PATIENCE

if TYPE_CHECKING:
    from index.records.report import OperationProgress
    from index.storage.store import FolderStore

FORMAT = "pincite backup"
VERSION = 1
CATALOG = "catalog.db"
ORIGINALS = "originals/"
_STAGING = "restoring"
_LOCKS = ("writer.lock", "writer.json")
_LOG = ("catalog.db-wal", "catalog.db-shm")
_FILE_RECORDS = ("queue.db", "queue.db-wal", "queue.db-shm", "files.db", "files.db-wal", "files.db-shm")
"""The library's records of the files that it read. A restored library is older, so they would be wrong."""


def back_up(
    store: FolderStore, path: Path, *, force: bool = False, progress: OperationProgress | None = None
) -> BackedUp:
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


def _check_copy(copy: Path, store: FolderStore, progress: OperationProgress | None) -> tuple[dict[str, int], str]:
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


def restore(file: Path, folder: Path, *, force: bool = False, progress: OperationProgress | None = None) -> Restored:
    """Create a library from a backup; with `force`, replace the existing one.

    A library in use is replaced in one transaction: other processes see the old one, then the new one. Existing files
    are not changed before the whole backup has been checked, and new files are removed after an error. Raises
    BadArchive, LibraryExists, LibraryTooNew, LibraryLocked, NoRoom, LibraryNotWritable.

    A backup is trusted: its hashes reveal damage, not its author, so restore only your own backups. Use
    `import-library` for files from somebody else.
    """
    began = time.monotonic()
    existed = folder.exists()
    if folder.is_dir() and _in_use(folder) and not force:
        raise LibraryExists(str(folder))
    with ArchiveReader(file, FORMAT, VERSION, progress) as archive:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with WriterLock(folder).held(patience=WRITER_PATIENCE):
                if _in_use(folder) and not force:  # another process was faster
                    raise LibraryExists(str(folder))
                totals, originals = _replace(archive, folder, progress)
        except OSError as error:
            raise LibraryNotWritable(f"The folder {folder} cannot be written: {error}.", NOT_WRITABLE_HINT) from error
        finally:
            _clear(folder, existed=existed)
        made_at = str(archive.fact("made_at", str))
    seconds = time.monotonic() - began
    return Restored(str(folder), totals["documents"], totals["passages"], originals, made_at, seconds)


def _in_use(folder: Path) -> bool:
    """Return whether the folder holds anything but locks and the remains of a killed `restore`."""
    if (folder / _STAGING).exists() and not (folder / CATALOG).exists():
        return False
    return any(path.name not in (*_LOCKS, _STAGING) for path in folder.iterdir())


def _clear(folder: Path, *, existed: bool) -> None:
    """Remove temporary files, and the folder if it is new and there is no library in it."""
    shutil.rmtree(folder / _STAGING, ignore_errors=True)
    with suppress(OSError):
        if not _in_use(folder):
            for name in _LOCKS:
                (folder / name).unlink(missing_ok=True)
            if not existed:
                folder.rmdir()


def _replace(archive: ArchiveReader, folder: Path, progress: OperationProgress | None) -> tuple[dict[str, int], int]:
    """Unpack into a staging folder, check, and then replace the library. Returns the totals and number of originals."""
    names = _original_names(archive)
    staged = folder / _STAGING
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    unpacked = sum(archive.size(name) for name in archive.parts)
    require_space(folder, unpacked + archive.size(CATALOG) * (folder / CATALOG).exists())
    archive.copy(CATALOG, staged / CATALOG)
    totals = _check_catalog(archive, staged, progress)
    files: dict[Path, Path] = {}
    for number, (part, name) in enumerate(names.items()):
        files[staged / f"{number}.original"] = folder / "uploads" / name
        archive.copy(part, staged / f"{number}.original")
    _publish(staged, folder, files, progress)
    for name in _FILE_RECORDS:
        (folder / name).unlink(missing_ok=True)
    return totals, len(names)


def _original_names(archive: ArchiveReader) -> dict[str, str]:
    """Return the file name of each original, by its part. Raises BadArchive for names that are paths or not unique."""
    names: dict[str, str] = {}
    for part, facts in archive.parts.items():
        if part == CATALOG:
            continue
        name = facts.get("name")
        number = part.removeprefix(ORIGINALS)
        if not part.startswith(ORIGINALS) or not number.isdecimal() or not isinstance(name, str):
            raise archive.bad(f"it has an unknown part {part[:60]!r}")
        if name in ("", ".", "..") or {"\0", "\\"} & set(name) or Path(name).name != name:
            raise archive.bad(f"a file in it has the invalid name {name[:60]!r}")
        names[part] = name
    if len(set(names.values())) < len(names):
        raise archive.bad("two files in it have the same name")
    return names


def _check_catalog(archive: ArchiveReader, staged: Path, progress: OperationProgress | None) -> dict[str, int]:
    """Check the catalog, give it a new library id, and return its totals.

    The new id keeps caches of another state of the library from being used.
    """
    if flaw := find_header_flaw(staged / CATALOG):
        raise archive.bad(f"its catalog cannot be used: {flaw}")
    with closing(Catalog(staged)) as catalog:
        try:
            flaw = find_flaw(catalog, progress)
            totals = catalog.totals()
        except LibraryDamaged as error:
            flaw = error.detail
        if flaw:
            raise archive.bad(f"its catalog cannot be used: {flaw}")
        if any(archive.fact(name, int) != number for name, number in totals.items()):
            raise archive.bad("its catalog does not match its manifest")
        with catalog.database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'library'", (uuid.uuid4().hex,))
    return totals


def _publish(staged: Path, folder: Path, files: dict[Path, Path], progress: OperationProgress | None) -> None:
    """Move everything to its final path. The library changes at the moment when the new catalog replaces the old one.

    Originals are found by their hashes, so a file that arrives early, or is removed late, does no harm.
    """
    new_files = {file: path for file, path in files.items() if not path.exists()}
    try:
        for file, path in new_files.items():
            path.parent.mkdir(exist_ok=True)
            file.rename(path)
        _replace_catalog(staged, folder, progress)
    except BaseException:
        for path in new_files.values():
            path.unlink(missing_ok=True)
        with suppress(OSError):
            (folder / "uploads").rmdir()
        raise
    for file, path in files.items():
        if file not in new_files:
            file.replace(path)
    for path in _files(folder / "uploads") - set(files.values()):
        path.unlink()


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def _replace_catalog(staged: Path, folder: Path, progress: OperationProgress | None) -> None:
    """Replace the catalog. At every instant, the folder holds the old library or the new one."""
    try:
        _replace_in_transaction(staged, folder, progress)
    except LibraryDamaged:
        # The old catalog cannot be opened, so nobody uses it. Its log is moved first: it must never be applied to the
        # new catalog.
        for name in _LOG:
            if (folder / name).exists():
                (folder / name).replace(staged / f"old-{name}")
        sync_to_disk(staged / CATALOG)
        (staged / CATALOG).replace(folder / CATALOG)
        sync_to_disk(folder)


def _replace_in_transaction(staged: Path, folder: Path, progress: OperationProgress | None) -> None:
    """Replace the old catalog's contents in one transaction. Raises LibraryDamaged if it cannot be opened."""
    if not file_size(folder / CATALOG):
        raise LibraryDamaged(str(folder), "it is missing")
    with closing(Catalog(folder)) as old, closing(Catalog(staged)) as new:
        with suppress(LibraryDamaged), new.database.writing() as connection:
            # A new generation tells readers that know the old generation that the contents have changed.
            generation = max(old.generation(), new.generation()) + 1
            connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        old.database.replace_with(new.database, progress and (lambda done, of: progress("replacing", done, of)))
