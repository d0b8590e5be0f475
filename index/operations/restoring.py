"""Restores a library from a backup: into a new folder, or over a library in use. The backup is checked first."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryDamaged, LibraryExists, LibraryNotWritable
from index.operations.backing_up import CATALOG, FORMAT, ORIGINALS, VERSION
from index.operations.checking import find_flaw, find_header_flaw
from index.operations.reading import ArchiveReader
from index.operations.results import Restored
from index.operations.room import file_size, require_space, sync_to_disk
from index.storage.catalog import Catalog
from index.storage.files import NOT_WRITABLE_HINT
from index.storage.locking import WriterLock
from index.storage.upkeep import WRITER_PATIENCE

if TYPE_CHECKING:
    from index.operations.results import Watch

_STAGING = "restoring"
_LOCKS = ("writer.lock", "writer.json")
_LOG = ("catalog.db-wal", "catalog.db-shm")
_FILE_RECORDS = ("queue.db", "queue.db-wal", "queue.db-shm", "files.db", "files.db-wal", "files.db-shm")
"""The library's records of files, which are wrong for an older state of it."""


def restore(file: Path, folder: Path, *, force: bool = False, progress: Watch | None = None) -> Restored:
    """Create a library from a backup; with `force`, replace the existing one.

    A library in use is replaced in one transaction: other processes see the old one, then the new one. Existing files
    are not changed before the whole backup was checked, and new files are removed after an error. Raises BadArchive,
    LibraryExists, LibraryTooNew, LibraryLocked, NoRoom, LibraryNotWritable.

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


def _replace(archive: ArchiveReader, folder: Path, progress: Watch | None) -> tuple[dict[str, int], int]:
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
        if name in ("", ".", "..") or "\0" in name or Path(name).name != name:
            raise archive.bad(f"a file in it has the invalid name {name[:60]!r}")
        names[part] = name
    if len(set(names.values())) < len(names):
        raise archive.bad("two files in it have the same name")
    return names


def _check_catalog(archive: ArchiveReader, staged: Path, progress: Watch | None) -> dict[str, int]:
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


def _publish(staged: Path, folder: Path, files: dict[Path, Path], progress: Watch | None) -> None:
    """Move everything to its final path. The new catalog's replacement is the moment at which the library changes.

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


def _replace_catalog(staged: Path, folder: Path, progress: Watch | None) -> None:
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


def _replace_in_transaction(staged: Path, folder: Path, progress: Watch | None) -> None:
    """Replace the old catalog's contents in one transaction. Raises LibraryDamaged if it cannot be opened."""
    if not file_size(folder / CATALOG):
        raise LibraryDamaged(str(folder), "it is missing")
    with closing(Catalog(folder)) as old, closing(Catalog(staged)) as new:
        with suppress(LibraryDamaged), new.database.writing() as connection:
            # A new generation tells readers that know the old generation that the contents have changed.
            generation = max(old.generation(), new.generation()) + 1
            connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        old.database.replace_with(new.database, progress and (lambda done, of: progress("replacing", done, of)))
