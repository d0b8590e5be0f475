"""Opens a library folder: its catalog, and the folder of its word index."""

from __future__ import annotations

import logging
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryDamaged, LibraryNotFound, LibraryNotWritable, SettingsError
from index.records import Problem
from index.scratch import scratch_folder
from index.storage.catalog import Catalog
from index.storage.lexical import shadow
from index.storage.locking import WriterLock
from index.storage.upkeep import WRITER_PATIENCE

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

NAME = "lexical"
_CACHES = ("dense.faiss", "dense.ivf", NAME)
_log = logging.getLogger(__name__)


def open_catalog(folder: Path, lock: WriterLock, *, create: bool) -> Catalog:
    """Open the catalog of the library in a folder; with `create`, create it if it does not exist.

    Creating takes the lock, so that two processes do not both create a catalog. Raises LibraryNotFound,
    LibraryDamaged, LibraryNotWritable.
    """
    _check_folder(folder, create=create)
    path = folder / "catalog.db"
    if not path.exists() or not path.stat().st_size:
        if any((folder / name).exists() for name in _CACHES):
            raise LibraryDamaged(str(folder), "it is empty" if path.exists() else "it is missing")
        if not create:
            raise LibraryNotFound(str(folder))
    catalog = Catalog(folder)
    if catalog.blank and not create:
        catalog.close()
        raise LibraryNotFound(str(folder))
    if catalog.blank:
        with lock.held(patience=WRITER_PATIENCE):
            catalog.create()
    return catalog


def _check_folder(folder: Path, *, create: bool) -> None:
    if not create and not folder.is_dir():
        raise LibraryNotFound(str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        hint = "Choose another folder with --library or PINCITE_LIBRARY."
        raise LibraryNotWritable(f"The library folder {folder} cannot be created: {error}.", hint) from error


class LexicalFolder:
    """The folder of the word index: in the library's folder, or a temporary folder if that is read-only."""

    def __init__(self, folder: Path, lock: WriterLock, *, read_only: bool) -> None:
        """`lock` is the library's writer lock."""
        self._folder = folder
        self._numbers = count()
        self._scratch: TemporaryDirectory[str] | None = None
        self.lock = lock
        """The right to write the word index."""
        self.problems: list[Problem] = []
        """Why no temporary folder could be created; without one, only a complete index can be read."""
        if read_only:
            self._use_temporary_folder()

    def path(self) -> Path:
        """Return the folder of the index. A temporary folder is filled with what the library's own holds now."""
        own = self._folder / NAME
        if self._scratch is None:
            return own
        folder = Path(self._scratch.name) / f"{NAME}-{next(self._numbers)}"
        folder.mkdir()
        shadow(own, folder)
        return folder

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._scratch is not None:
            self._scratch.cleanup()

    def _use_temporary_folder(self) -> None:
        try:
            self._scratch = scratch_folder()
        except SettingsError as error:
            self.problems.append(Problem(error.message, error.hint))
            _log.warning("The word index of a read-only library cannot be read: %s", error)
        else:
            self.lock = WriterLock(Path(self._scratch.name))
