"""The queue of an `add`: the files still to be added, and the outcome of each. Its file may be deleted at any time.

A settled file is recognised by its size, times and inode, so it need not be read again to learn that it is unchanged.
Only the catalog says what is in the library: nothing here is trusted without it.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import LibraryDamaged, LibraryError
from index.records import Failure
from index.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import Self

FILE = "queue.db"
VERSION = 1
BATCH_FILES = 500
"""Files whose states are written in one transaction."""
SETTLING_NS = 2_000_000_000
"""A file that changed less than this ago may change again within the same tick of the file system's clock."""
OPENED = "container:"
"""What stands before the SHA-256 of a file that is no document, but whose members were added."""
_WAITING, _SETTLED, _FAILED = "waiting", "settled", "failed"
_TABLES = """
CREATE TABLE files (
    path      TEXT PRIMARY KEY,
    place     INTEGER NOT NULL,
    state     TEXT NOT NULL,
    stamp     TEXT NOT NULL DEFAULT '',
    identity  TEXT NOT NULL DEFAULT '',
    reason    TEXT NOT NULL DEFAULT '',
    hint      TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX files_state ON files (state, place) WHERE state != 'settled';
"""
_QUEUE = """INSERT INTO files (path, place, state) VALUES (?, ?, 'waiting')
            ON CONFLICT (path) DO UPDATE SET state = 'waiting', place = excluded.place"""
_SETTLE = """INSERT INTO files (place, state, stamp, identity, reason, hint, path) VALUES (0, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (path) DO UPDATE SET state = excluded.state, stamp = excluded.stamp,
             identity = excluded.identity, reason = excluded.reason, hint = excluded.hint"""


class FileOutcome(NamedTuple):
    """The outcome of a file while it has this stamp: its SHA-256, or why it could not be read."""

    stamp: str
    identity: str
    reason: str
    hint: str


class Worklist:
    """The states of files by their absolute paths. It is empty if its own file is damaged or not writable."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._pending: list[tuple[str, ...]] = []
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write pending states, and close the file."""
        self.flush()
        if self._database:
            self._database.close()

    def queue(self, paths: Iterable[str | Path]) -> None:
        """Record that these files are to be added, in this order."""
        place = time.time_ns()
        rows = ((str(path), place + n) for n, path in enumerate(paths) if _is_unicode(path))
        self._write(_QUEUE, rows)

    def settle(self, path: str, stamp: str, identity: str) -> None:
        """Record that a file is in the library, with its stamp and SHA-256 at that time."""
        self._note(_SETTLED, stamp, identity, "", "", path)

    def fail(self, path: str, reason: str, hint: str, stamp: str = "") -> None:
        """Record why a file could not be added; with a stamp, it would fail again while it has this stamp."""
        self._note(_FAILED, stamp, "", reason, hint, path)

    def flush(self) -> None:
        """Write pending states."""
        pending, self._pending = self._pending, []
        if pending:
            self._write(_SETTLE, [row for row in pending if _is_unicode(row[-1])])

    def identity(self, path: str, stamp: str) -> str:
        """Return the SHA-256 of a file that is unchanged since it was settled; empty if that is not certain."""
        if not stamp:
            return ""
        rows = self._rows("SELECT identity FROM files WHERE path = ? AND stamp = ?", [path, stamp])
        return str(rows[0][0]) if rows else ""

    def outcomes(self, paths: Sequence[str]) -> dict[str, FileOutcome]:
        """Return the recorded outcomes of these files, as far as they have a stamp."""
        found: dict[str, FileOutcome] = {}
        valid = [path for path in paths if _is_unicode(path)]
        for start in range(0, len(valid), BATCH_FILES):
            batch = valid[start : start + BATCH_FILES]
            query = """SELECT path, stamp, identity, reason, hint FROM files
                       WHERE stamp != '' AND path IN (SELECT value FROM json_each(?))"""
            found.update((row[0], FileOutcome(*map(str, row[1:]))) for row in self._rows(query, [json.dumps(batch)]))
        return found

    def waiting(self) -> list[str]:
        """Return the files that are still to be added, in order."""
        query = "SELECT path FROM files WHERE state = ? AND state != 'settled' ORDER BY place"
        return [str(row[0]) for row in self._rows(query, [_WAITING])]

    def unsettled_below(self, path: str) -> list[str]:
        """Return the members of a container that wait or failed."""
        below = path + os.sep
        query = "SELECT path FROM files WHERE state != 'settled' AND path >= ? AND path < ?"
        return [str(row[0]) for row in self._rows(query, [below, path + chr(ord(os.sep) + 1)])]

    def failed(self) -> list[Failure]:
        """Return the files that could not be added, and why."""
        query = "SELECT path, reason, hint FROM files WHERE state = ? AND state != 'settled' ORDER BY path"
        return [Failure(*map(str, row)) for row in self._rows(query, [_FAILED])]

    def drop(self, paths: Iterable[str]) -> None:
        """Forget what is recorded of files, so that they are read again if they exist."""
        self.flush()
        self._write("DELETE FROM files WHERE path = ?", [(path,) for path in paths if _is_unicode(path)])

    def forget(self) -> None:
        """Remove all waiting files and failures."""
        self._pending.clear()
        self._write("DELETE FROM files WHERE state != ?", [(_SETTLED,)])

    def _note(self, *row: str) -> None:
        self._pending.append(row)
        if len(self._pending) >= BATCH_FILES:
            self.flush()

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        if self._database:
            with self._tolerating_errors():
                found = self._database.rows(query, values)
        return found

    def _write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        if self._database:
            with self._tolerating_errors(), self._database.writing() as connection:
                connection.executemany(statement, rows)

    @contextmanager
    def _tolerating_errors(self) -> Iterator[None]:
        """Drop the database after an error, and go on without it: adding files must not fail because of it."""
        try:
            yield
        except LibraryError:
            if self._database:
                self._database.close()
            self._database = None

    def _open(self, *, again: bool = False) -> Database | None:
        """Open the file; recreate it if it is damaged or of another version. None if that is impossible."""
        database = Database(self._path)
        try:
            version = _prepare(database)
        except LibraryDamaged:
            version = -1
        except LibraryError:  # the folder is read-only, or another program locks the file
            database.close()
            return None
        if version in (0, VERSION):
            return database
        database.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)
        return None if again else self._open(again=True)


def _prepare(database: Database) -> int:
    """Create the table if it is missing, and return the version that was found."""
    if database.rows("PRAGMA user_version")[0][0] == VERSION:
        return VERSION
    with database.writing() as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
    return version


def stamp_of(path: Path) -> str:
    """Return size, times and inode of a file: they change when the file does. Empty if that is not reliable.

    Programs can set back the modification time (mtime), but not the change time (ctime).
    """
    try:
        state = path.stat()
    except (OSError, ValueError):
        return ""
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) < SETTLING_NS:
        return ""
    return f"{state.st_size}:{state.st_mtime_ns}:{state.st_ctime_ns}:{state.st_ino}"


def absolute(path: str | Path) -> str:
    """Return a path as the worklist stores it."""
    return os.path.abspath(path)  # noqa: PTH100 - a string, because there may be very many


def _is_unicode(path: object) -> bool:
    """Return whether the name is valid Unicode, as SQLite requires; other files cannot be added anyway."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
