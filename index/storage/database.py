"""SQLite: connections, transactions, and its errors made ours. The only door to sqlite3."""

from __future__ import annotations

import queue
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import LibraryDamaged, LibraryLocked, LibraryNotWritable, PinciteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Connection = sqlite3.Connection

# Write-ahead log: readers never wait for the writer. FULL: what was committed survives a power cut.
# Secure delete: the words of a removed document do not linger in the file.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
BUSY_SECONDS = 30.0
"""How long a transaction waits for another program's."""
_UNUSABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)


class Database:
    """One SQLite file. Each use borrows a connection from a pool, so that no two threads share one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = str(path.parent)
        self._pool: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._closed = False

    def close(self) -> None:
        """Close every connection; the last one folds the log into the file, which then can be copied alone.

        A connection in use is closed by its user, when it is given back.
        """
        self._closed = True
        while True:
            try:
                self._pool.get_nowait().close()
            except queue.Empty:
                return

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows that a query brings."""
        with self.reading() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection, for several queries in a row."""
        with self._translated():
            try:
                connection = self._pool.get_nowait()
            except queue.Empty:
                connection = self._connect()
            try:
                yield connection
            finally:
                self._pool.put(connection)
                if self._closed:
                    self.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is stored, or nothing."""
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def damaged(self, detail: str) -> LibraryDamaged:
        """The error for contents that cannot be right."""
        return LibraryDamaged(self._folder, detail)

    def _connect(self) -> Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise self._operational(error) from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise self.damaged(str(error)) from error

    def _operational(self, error: sqlite3.OperationalError) -> PinciteError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # none where Python could not decode a text
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return LibraryLocked(self._folder, "another program")
        if code in _UNUSABLE:
            hint = "Check the folder's permissions and the free space of its disk; what was committed is safe."
            return LibraryNotWritable(f"The library {self._folder} cannot be used as it is: {error}.", hint)
        return self.damaged(str(error))
