"""Backs a library up to one file, restores it into a new folder or over a library in use, and copies it to a folder."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.backup.archive import ArchiveReader, ArchiveWriter, blocks_of, file_size, require_space, sync_to_disk
from index.errors import ArchiveNotWritable, LibraryDamaged, LibraryError, LibraryExists, LibraryNotWritable
from index.records.report import BackedUp, Restored
from index.storage import tables
from index.storage.catalog.catalog import Catalog
from index.storage.files import NOT_WRITABLE_HINT, WriterLock
from index.storage.store import WRITER_PATIENCE, FolderStore
from index.views.library_map import Maps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records.report import OperationProgress

CATALOG = "catalog.db"
ORIGINALS = "originals/"
_HEADER = b"SQLite format 3\0"
_RESTORING, _COPYING = "restoring", "copying"
"""Folders for unfinished work."""
_LEFT_BY_A_WRITER = ("*.lock", ".*.lock", "writer.json")
"""Locks, and the name of their holder."""
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
    with ArchiveWriter(path, "backup", force=force) as archive:
        files = _originals(store.folder / "uploads")
        catalog_bytes = sum(file_size(store.folder / name) for name in ("catalog.db", "catalog.db-wal"))
        require_space(archive.folder, 2 * catalog_bytes + sum(map(file_size, files)))
        copy = archive.folder / CATALOG
        try:
            store.catalog.database.copy_to(copy, progress and (lambda done, of: progress("copying", done, of)))
        except LibraryNotWritable as error:  # the library is only read, so the copy could not be written
            raise ArchiveNotWritable(f"{path} cannot be written: its disk is full or not writable.") from error
        with closing(Catalog(copy.parent)) as catalog:
            if flaw := _find_flaw(catalog, progress):
                raise store.catalog.database.damaged(flaw)
            totals = archive.describe_library(catalog)
        size = file_size(copy)
        with copy.open("rb") as file:
            archive.add(CATALOG, blocks_of(file.read, progress and (lambda done: progress("packing", done, size))))
        originals = sum(_pack(archive, number, file) for number, file in enumerate(files, 1))
    return BackedUp(
        str(path), file_size(path), totals["documents"], totals["passages"], originals, time.monotonic() - began
    )


def _originals(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _pack(archive: ArchiveWriter, number: int, path: Path) -> bool:
    """Write a file as a part, and return whether it still existed."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        archive.add(f"{ORIGINALS}{number:06}", blocks_of(file.read), name=path.name)
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
    with ArchiveReader(file, "backup", progress) as archive:
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
    if (folder / _RESTORING).exists() and not (folder / CATALOG).exists():
        return False
    return any(path.name not in (*_LOCKS, _RESTORING) for path in folder.iterdir())


def _clear(folder: Path, *, existed: bool) -> None:
    """Remove temporary files, and the folder if it is new and there is no library in it."""
    shutil.rmtree(folder / _RESTORING, ignore_errors=True)
    with suppress(OSError):
        if not _in_use(folder):
            for name in _LOCKS:
                (folder / name).unlink(missing_ok=True)
            if not existed:
                folder.rmdir()


def _replace(archive: ArchiveReader, folder: Path, progress: OperationProgress | None) -> tuple[dict[str, int], int]:
    """Unpack into a staging folder, check, and then replace the library. Returns the totals and number of originals."""
    names = _original_names(archive)
    staged = folder / _RESTORING
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    if CATALOG not in archive.parts:
        raise archive.bad(f"it has no {CATALOG}")
    replaced = archive.parts[CATALOG]["bytes"] if (folder / CATALOG).exists() else 0
    require_space(folder, archive.unpacked_bytes + replaced)
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
    """Check the catalog, give it a new library id, and return its totals."""
    if flaw := _find_header_flaw(staged / CATALOG):
        raise archive.bad(f"its catalog cannot be used: {flaw}")
    with closing(Catalog(staged)) as catalog:
        try:
            flaw = _find_flaw(catalog, progress)
            totals = catalog.totals()
        except LibraryDamaged as error:
            flaw = error.detail
        if flaw:
            raise archive.bad(f"its catalog cannot be used: {flaw}")
        if not archive.states(totals):
            raise archive.bad("its catalog does not match its manifest")
        _renew_identity(catalog)
    return totals


def _renew_identity(catalog: Catalog) -> None:
    """Give a catalog a new library id, so that caches of another state of the library do not fit it."""
    with catalog.database.writing() as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'library'", (uuid.uuid4().hex,))


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
    staged = folder / _COPYING
    staged.mkdir(parents=True)
    require_space(folder, 3 * file_size(store.catalog.database.path))  # the snapshot, the catalog, the indexes
    store.catalog.database.copy_to(staged / "catalog.db", progress and (lambda n, of: progress("copying", n, of)))
    with closing(Catalog(staged)) as catalog:
        if flaw := _find_flaw(catalog, progress):
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
    _renew_identity(catalog)


def _build_indexes(folder: Path) -> None:
    with closing(FolderStore(folder, create=False)) as store:
        with store.writing():
            store.index()
        store.wait_for_dense()
        Maps(store.catalog, folder).newest(wait=True)
    for path in {path for pattern in _LEFT_BY_A_WRITER for path in folder.rglob(pattern)}:
        path.unlink()


def _find_header_flaw(path: Path) -> str:
    """Return why a file's header is not a catalog's; empty if it is."""
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_HEADER):
        return "it is not a database"
    if int.from_bytes(header[68:72]) != tables.APPLICATION_ID:
        return "it is a database of another program"
    return "" if int.from_bytes(header[60:64]) else "it is empty"


def _find_flaw(catalog: Catalog, progress: OperationProgress | None = None) -> str:
    """Return the first flaw of a catalog; empty if there is none.

    A library has no triggers and no views: they would run foreign code in our transactions.
    """
    try:
        if catalog.database.rows("SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1"):
            return "it contains triggers or views"
        found = catalog.database.rows("PRAGMA integrity_check(1)")[0][0]
        if found != "ok":
            return str(found)
        numbers = catalog.database.rows("SELECT number FROM documents ORDER BY number")
        for done, (number,) in enumerate(numbers, 1):
            catalog.passages_of(number)
            if progress:
                progress("checking", done, len(numbers))
        catalog.documents()
        catalog.removals_from()
        if not catalog.library_id or catalog.generation() < 0 or (numbers and not catalog.fingerprint()):
            return "it lacks its id, generation or fingerprint"
    except LibraryDamaged as error:
        return error.detail
    return ""
