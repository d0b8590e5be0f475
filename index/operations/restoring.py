"""A library from a backup: into a new folder, or over a library that may be in use. All of it is checked first."""

from __future__ import annotations

import shutil
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryDamaged, LibraryExists, LibraryNotWritable
from index.operations.backing_up import CATALOG, FORMAT, ORIGINALS, VERSION
from index.operations.checking import flaw_of, flaw_of_file
from index.operations.reading import ArchiveReader
from index.operations.results import Restored
from index.operations.room import demand_room, force_out, size_of
from index.storage.catalog import Catalog
from index.storage.files import NOT_WRITABLE_HINT
from index.storage.locking import WriterLock
from index.storage.upkeep import WRITER_PATIENCE

if TYPE_CHECKING:
    from index.operations.results import Watch

_STAGING = "restoring"
_LOCKS = ("writer.lock", "writer.json")
_LOG = ("catalog.db-wal", "catalog.db-shm")
_HINTS = ("queue.db", "queue.db-wal", "queue.db-shm", "files.db", "files.db-wal", "files.db-shm")
"""What the library noted of files, which is not true of an older state of it."""


def restore(file: Path, folder: Path, *, force: bool = False, progress: Watch | None = None) -> Restored:
    """Make a library from a backup; with `force`, in place of the one that is there.

    A library that is in use is replaced in one transaction: other processes see the old one, then the new one. Until
    everything of the file has been checked, nothing of the folder is touched, and what was made is removed if anything
    goes wrong. Raises BadArchive, LibraryExists, LibraryTooNew, LibraryLocked, NoRoom, LibraryNotWritable.

    A backup is believed: its hashes tell that it is damaged, and not who made it, so restore only what is your own.
    What somebody else gives you is for `import-library`.
    """
    began = time.monotonic()
    existed = folder.exists()
    if folder.is_dir() and _in_use(folder) and not force:
        raise LibraryExists(str(folder))
    with ArchiveReader(file, FORMAT, VERSION, progress) as archive:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with WriterLock(folder).held(patience=WRITER_PATIENCE):
                if _in_use(folder) and not force:  # somebody was quicker
                    raise LibraryExists(str(folder))
                totals, originals = _replace(archive, folder, progress)
        except OSError as error:
            raise LibraryNotWritable(f"The folder {folder} takes no library: {error}.", NOT_WRITABLE_HINT) from error
        finally:
            _clear(folder, existed=existed)
        made_at = str(archive.fact("made_at", str))
    seconds = time.monotonic() - began
    return Restored(str(folder), totals["documents"], totals["passages"], originals, made_at, seconds)


def _in_use(folder: Path) -> bool:
    """Whether there is anything in the folder that is not a lock or left by a `restore` that was killed."""
    if (folder / _STAGING).exists() and not (folder / CATALOG).exists():
        return False
    return any(path.name not in (*_LOCKS, _STAGING) for path in folder.iterdir())


def _clear(folder: Path, *, existed: bool) -> None:
    """Nothing of what was made on the way stays; of a folder that is no library, not even the folder."""
    shutil.rmtree(folder / _STAGING, ignore_errors=True)
    with suppress(OSError):
        if not _in_use(folder):
            for name in _LOCKS:
                (folder / name).unlink(missing_ok=True)
            if not existed:
                folder.rmdir()


def _replace(archive: ArchiveReader, folder: Path, progress: Watch | None) -> tuple[dict[str, int], int]:
    """Unpack beside, check, and only then change what is there. Gives totals and how many originals there are."""
    names = _originals(archive)
    staged = folder / _STAGING
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    taken = sum(archive.size(name) for name in archive.parts)
    demand_room(folder, taken + archive.size(CATALOG) * (folder / CATALOG).exists())
    archive.copy(CATALOG, staged / CATALOG)
    totals = _checked(archive, staged, progress)
    files: dict[Path, Path] = {}
    for number, (part, name) in enumerate(names.items()):
        files[staged / f"{number}.original"] = folder / "uploads" / name
        archive.copy(part, staged / f"{number}.original")
    _publish(staged, folder, files, progress)
    for name in _HINTS:
        (folder / name).unlink(missing_ok=True)
    return totals, len(names)


def _originals(archive: ArchiveReader) -> dict[str, str]:
    """What each original is called, by its part. Raises BadArchive for a name that would lead elsewhere."""
    names: dict[str, str] = {}
    for part, facts in archive.parts.items():
        if part == CATALOG:
            continue
        name = facts.get("name")
        number = part.removeprefix(ORIGINALS)
        if not part.startswith(ORIGINALS) or not number.isdecimal() or not isinstance(name, str):
            raise archive.bad(f"nobody knows what {part[:60]!r} in it is")
        if name in ("", ".", "..") or "\0" in name or Path(name).name != name:
            raise archive.bad(f"a file in it is called {name[:60]!r}")
        names[part] = name
    if len(set(names.values())) < len(names):
        raise archive.bad("two files in it have one name")
    return names


def _checked(archive: ArchiveReader, staged: Path, progress: Watch | None) -> dict[str, int]:
    """The catalog's totals. It gets an id of its own: what was made from another state of it is never taken for its."""
    if flaw := flaw_of_file(staged / CATALOG):
        raise archive.bad(f"its catalog cannot be used: {flaw}")
    with closing(Catalog(staged)) as catalog:
        try:
            flaw = flaw_of(catalog, progress)
            totals = catalog.totals()
        except LibraryDamaged as error:
            flaw = error.detail
        if flaw:
            raise archive.bad(f"its catalog cannot be used: {flaw}")
        if any(archive.fact(name, int) != number for name, number in totals.items()):
            raise archive.bad("its catalog does not hold what its manifest says")
        with catalog.database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'library'", (uuid.uuid4().hex,))
    return totals


def _publish(staged: Path, folder: Path, files: dict[Path, Path], progress: Watch | None) -> None:
    """Put everything in its place. The old library is there until the new catalog is, and then the new one is.

    What a document was read from is found by its hash: a file that comes too early, or stays too long, is not missed.
    """
    before = {file: place for file, place in files.items() if not place.exists()}
    try:
        for file, place in before.items():
            place.parent.mkdir(exist_ok=True)
            file.rename(place)
        _replace_catalog(staged, folder, progress)
    except BaseException:
        for place in before.values():
            place.unlink(missing_ok=True)
        with suppress(OSError):
            (folder / "uploads").rmdir()
        raise
    for file, place in files.items():
        if file not in before:
            file.replace(place)
    for path in _files(folder / "uploads") - set(files.values()):
        path.unlink()


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.iterdir() if path.is_file()} if folder.is_dir() else set()


def _replace_catalog(staged: Path, folder: Path, progress: Watch | None) -> None:
    """The instant before which there is the old library, and after which there is the new one."""
    try:
        _become(staged, folder, progress)
    except LibraryDamaged:
        # It cannot be opened, so nobody uses it. Its log goes first, which must never be taken for the new one's.
        for name in _LOG:
            if (folder / name).exists():
                (folder / name).replace(staged / f"old-{name}")
        force_out(staged / CATALOG)
        (staged / CATALOG).replace(folder / CATALOG)
        force_out(folder)


def _become(staged: Path, folder: Path, progress: Watch | None) -> None:
    """In one transaction of the catalog that is there. Raises LibraryDamaged where there is none that can be opened."""
    if not size_of(folder / CATALOG):
        raise LibraryDamaged(str(folder), "it is missing")
    with closing(Catalog(folder)) as old, closing(Catalog(staged)) as new:
        with suppress(LibraryDamaged), new.database.writing() as connection:
            # Who knows the number of changes of what there was before does not take this for the same.
            generation = max(old.generation(), new.generation()) + 1
            connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        old.database.replace_with(new.database, progress and (lambda done, of: progress("replacing", done, of)))
