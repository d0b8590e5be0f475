"""What readers of a server with accounts have kept, in the folder of each library: one file for each reader.

The name of the file is a hash of who the reader is, so that the folder does not list people. The file is no part of
the library: backups and exports leave it out. A change merges item by item, so two browsers lose nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from index.citations.kept import KeptItem, items_json, merge, parse_items, require_room
from index.errors import LibraryNotWritable
from index.server.principals import PRINCIPAL, Principal
from index.storage.files import NOT_WRITABLE_HINT, WriterLock, is_read_only, remove_unfinished, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from starlette.types import Scope

FOLDER = "kept"
"""The folder of these files, in that of the library."""
_PATIENCE_SECONDS = 5.0
_OWNER_ONLY = 0o700


def reader_of(scope: Scope) -> str:
    """Return the name of the file of the person who sends a request; empty for programs, and without accounts."""
    principal = scope.get(PRINCIPAL)
    if not isinstance(principal, Principal) or principal.kind == "key":
        return ""
    return reader_name(principal.kind, principal.subject)


def reader_name(kind: str, subject: str) -> str:
    """Return the name of the file of a person: `kind` is `user` or `proxy`, `subject` the provider's id of them."""
    return hashlib.sha256(f"{kind}:{subject}".encode("utf-8", "replace")).hexdigest()


class KeptStore:
    """The collections of all readers of one library."""

    def __init__(self, library: Path) -> None:
        self._folder = library / FOLDER

    @property
    def is_writable(self) -> bool:
        """Whether collections can be stored here."""
        return not is_read_only(self._folder if self._folder.exists() else self._folder.parent)

    def read(self, reader: str) -> tuple[KeptItem, ...]:
        """Return what a reader has kept. Raises BadKept if the file is damaged."""
        try:
            return parse_items(self._path(reader).read_bytes())
        except FileNotFoundError:
            return ()

    def add(self, reader: str, items: Iterable[KeptItem]) -> tuple[KeptItem, ...]:
        """Merge items into what a reader has kept, and return all of it.

        Raises BadKept if it is too much, LibraryNotWritable, or LibraryLocked; nothing is stored then.
        """
        with self._lock(reader).held(patience=_PATIENCE_SECONDS):
            merged = merge(self.read(reader), items)
            require_room(merged)
            remove_unfinished(self._path(reader))
            write_atomically(self._path(reader), items_json(merged).encode("utf-8", "replace"))
        return merged

    def forget(self, reader: str) -> None:
        """Delete everything that a reader has kept."""
        if not self._folder.exists():
            return
        with self._lock(reader).held(patience=_PATIENCE_SECONDS):
            self._path(reader).unlink(missing_ok=True)

    def _lock(self, reader: str) -> WriterLock:
        try:
            self._folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        except OSError as error:
            raise LibraryNotWritable(f"{self._folder} cannot be made: {error}.", NOT_WRITABLE_HINT) from error
        return WriterLock(self._folder, reader)

    def _path(self, reader: str) -> Path:
        return self._folder / f"{reader}.items.json"
