"""The folder that is written: it is filled beside its place, and replaces an earlier publication at the end."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from index.backup.archive import sync_to_disk
from index.errors import FolderNotOurs, PublishError
from index.publish import manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNFINISHED = ".{}.unfinished"
_REPLACED = ".{}.replaced"
_LOCK = ".lock"
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
_HINT = "Check the folder's permissions and the free space of its disk; an earlier publication is still complete."


def require_replaceable(folder: Path) -> None:
    """Raise FolderNotOurs unless a folder is absent, empty, or exactly what an earlier publication wrote."""
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise FolderNotOurs(str(folder), "it is not a folder")
    present = set(manifest.files_in(folder))
    if not present and not any(folder.iterdir()):
        return
    try:
        earlier = manifest.read(folder)
    except PublishError as error:
        raise FolderNotOurs(str(folder), "it is not empty, and no publication") from error
    if foreign := sorted(present - earlier.files.keys() - {manifest.NAME}):
        raise FolderNotOurs(str(folder), f"{foreign[0]} was not written by a publication")
    if changed := manifest.check(folder, earlier, below=("",)):
        raise FolderNotOurs(str(folder), changed[0].what.rstrip("."))


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder to fill; at the end of the block, it takes the place of `folder`.

    After an error or a kill, the earlier publication is still there; the unfinished folder has no manifest, so it can
    be neither served nor pushed, and the next run removes it. Raises FolderNotOurs, and PublishError if another
    process writes the same folder, or if the disk is full or not writable.
    """
    unfinished = folder.with_name(_UNFINISHED.format(folder.name))
    try:
        with _locked(folder):
            _restore_interrupted(folder)
            require_replaceable(folder)
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            try:
                yield unfinished
                _settle(unfinished)
                require_replaceable(folder)  # again: it took a while
                _swap(unfinished, folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise PublishError(f"The folder {folder} cannot be written: {error}.", _HINT) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f".{folder.name}{_LOCK}"), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise PublishError(f"Another process is writing {folder}.", "Wait until it has finished.") from error
    try:
        yield
    finally:
        os.unlink(lock.lock_file)  # noqa: PTH108 - the lock knows its path as a string
        lock.release()


def _swap(new: Path, folder: Path) -> None:
    """Put the new folder in place. A kill between the two steps is repaired by the next run."""
    replaced = folder.with_name(_REPLACED.format(folder.name))
    shutil.rmtree(replaced, ignore_errors=True)
    if folder.exists():
        folder.rename(replaced)
    new.rename(folder)
    sync_to_disk(folder.parent)
    shutil.rmtree(replaced, ignore_errors=True)


def _restore_interrupted(folder: Path) -> None:
    """Put an earlier publication back if a run was killed between the two steps of the exchange."""
    replaced = folder.with_name(_REPLACED.format(folder.name))
    if replaced.is_dir() and not folder.exists():
        replaced.rename(folder)


def _settle(folder: Path) -> None:
    """Force everything to the disk, readable for all: the program runs as another user than the publisher."""
    folder.chmod(_FOLDER_MODE)
    for path in folder.rglob("*"):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        sync_to_disk(path)
