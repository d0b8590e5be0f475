"""What is still to be added, and what became of each file: a convenience beside the catalog, which may go at any time.

A file that was settled is known by its size, its times and its place on the disk, so that it need not be read again to
learn that it is unchanged. What is in the library is for the catalog to say: nothing here is trusted without it.
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
TOGETHER = 500
"""Files whose states are written in one transaction."""
SETTLING_NS = 2_000_000_000
"""A file that was changed so recently may change again within the same tick of its system's clock."""
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


class Remembered(NamedTuple):
    """What became of a file as long as it has that stamp: its SHA-256, or why it could not be read."""

    stamp: str
    identity: str
    reason: str
    hint: str


class Worklist:
    """The states of files by their absolute paths. Where its own file is damaged or cannot be written, it is empty."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._pending: list[tuple[str, ...]] = []
        self._database = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what was noted, and let go of the file."""
        self.flush()
        if self._database:
            self._database.close()

    def queue(self, paths: Iterable[str | Path]) -> None:
        """Note that these files are to be added, in this order."""
        place = time.time_ns()
        rows = ((str(path), place + n) for n, path in enumerate(paths) if _is_text(path))
        self._write(_QUEUE, rows)

    def settle(self, path: str, stamp: str, identity: str) -> None:
        """Note that a file is in the library; it then had this stamp and this SHA-256."""
        self._note(_SETTLED, stamp, identity, "", "", path)

    def fail(self, path: str, reason: str, hint: str, stamp: str = "") -> None:
        """Note why a file could not be added; with a stamp, that it would fail again as long as it has that."""
        self._note(_FAILED, stamp, "", reason, hint, path)

    def flush(self) -> None:
        """Write what was noted."""
        pending, self._pending = self._pending, []
        if pending:
            self._write(_SETTLE, [row for row in pending if _is_text(row[-1])])

    def identity(self, path: str, stamp: str) -> str:
        """The SHA-256 of a file that has not been touched since it was settled; empty where that is not certain."""
        if not stamp:
            return ""
        rows = self._rows("SELECT identity FROM files WHERE path = ? AND stamp = ?", [path, stamp])
        return str(rows[0][0]) if rows else ""

    def remembered(self, paths: Sequence[str]) -> dict[str, Remembered]:
        """All that is known of these files, where it is known as of which stamp."""
        found: dict[str, Remembered] = {}
        asked = [path for path in paths if _is_text(path)]
        for start in range(0, len(asked), TOGETHER):
            some = asked[start : start + TOGETHER]
            query = """SELECT path, stamp, identity, reason, hint FROM files
                       WHERE stamp != '' AND path IN (SELECT value FROM json_each(?))"""
            found.update((row[0], Remembered(*map(str, row[1:]))) for row in self._rows(query, [json.dumps(some)]))
        return found

    def waiting(self) -> list[str]:
        """The files that are still to be added, in order."""
        query = "SELECT path FROM files WHERE state = ? AND state != 'settled' ORDER BY place"
        return [str(row[0]) for row in self._rows(query, [_WAITING])]

    def failed(self) -> list[Failure]:
        """The files that could not be added, and why."""
        query = "SELECT path, reason, hint FROM files WHERE state = ? AND state != 'settled' ORDER BY path"
        return [Failure(*map(str, row)) for row in self._rows(query, [_FAILED])]

    def forget(self) -> None:
        """Wait for nothing, and remember no failure."""
        self._pending.clear()
        self._write("DELETE FROM files WHERE state != ?", [(_SETTLED,)])

    def _note(self, *row: str) -> None:
        self._pending.append(row)
        if len(self._pending) >= TOGETHER:
            self.flush()

    def _rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        if self._database:
            with self._forgiving():
                found = self._database.rows(query, values)
        return found

    def _write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        if self._database:
            with self._forgiving(), self._database.writing() as connection:
                connection.executemany(statement, rows)

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        """Around each use: should it fail, go on without, for the work matters and not the note of it."""
        try:
            yield
        except LibraryError:
            if self._database:
                self._database.close()
            self._database = None

    def _open(self, *, again: bool = False) -> Database | None:
        """The file, made anew where it is damaged or of another version; None where that cannot be."""
        database = Database(self._path)
        try:
            version = _prepare(database)
        except LibraryDamaged:
            version = -1
        except LibraryError:  # a folder that takes no changes, or a program that holds the file
            database.close()
            return None
        if version in (0, VERSION):
            return database
        database.close()
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(FILE + end).unlink(missing_ok=True)
        return None if again else self._open(again=True)


def _prepare(database: Database) -> int:
    """Make the table where there is none; the version that was found."""
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
    """Size, times and place on the disk: what changes when a file does. Empty where it cannot be relied upon.

    The time of the last change of its state cannot be set back by programs, as that of its contents can.
    """
    try:
        state = path.stat()
    except (OSError, ValueError):
        return ""
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) < SETTLING_NS:
        return ""
    return f"{state.st_size}:{state.st_mtime_ns}:{state.st_ctime_ns}:{state.st_ino}"


def absolute(path: str | Path) -> str:
    """A path as the worklist keeps it."""
    return os.path.abspath(path)  # noqa: PTH100 - as a string: there may be very many


def _is_text(path: object) -> bool:
    """Whether SQLite can keep it: a name that is not text cannot be added anyway."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
