"""The SQLite database: connections, transactions and translated errors. Only this module imports sqlite3."""

from __future__ import annotations

import queue
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import LibraryDamaged, LibraryLocked, LibraryNotWritable, LibraryReadOnly, PinciteError
from index.storage.files import NOT_WRITABLE_HINT, is_read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Connection = sqlite3.Connection

# Write-ahead log: readers never wait for the writer. FULL: committed data survives a power cut.
# Secure delete: the words of a removed document do not stay in the file. Size limit: a log that grew during one large
# change is truncated afterwards.
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",
    f"journal_size_limit = {64 << 20}",
)
BUSY_SECONDS = 30.0
"""Timeout of a transaction that waits for another program's transaction."""
_LOG_SECONDS = 5.0
"""Timeout for readers when the log is truncated."""
_STEP_PAGES = 4096
"""Pages that are copied between two progress reports."""
_UNUSABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR)


class _Immutable(sqlite3.Connection):
    """A connection to a file that SQLite assumes to be constant: it takes no locks and detects no changes."""

    file: tuple[int, int, int] = (0, 0, 0)
    """The file's identity when it was opened."""


class Database:
    """One SQLite file. Each use borrows a connection from a pool, so two threads never use one connection at a time.

    A file in a read-only folder is opened as immutable, because SQLite cannot create its lock and log files there.
    If another program changes the file nevertheless, results that were read meanwhile are rejected.
    """

    def __init__(self, path: Path, *, immutable: bool = False) -> None:
        """Open a file; with `immutable`, as if its folder were read-only."""
        self._path = path
        self._folder = str(path.parent)
        self.read_only = immutable or is_read_only(path.parent)
        self._pool: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._closed = False
        self._fixed = threading.local()

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self._path

    def close(self) -> None:
        """Close every connection; the last one merges the log into the file, which can then be copied alone.

        A connection in use is closed when its user returns it.
        """
        self._closed = True
        while True:
            try:
                self._pool.get_nowait().close()
            except queue.Empty:
                return

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a query."""
        with self.reading() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for several queries in a row."""
        fixed: Connection | None = getattr(self._fixed, "connection", None)
        if fixed is not None:
            with self._translated():
                yield fixed
            return
        with self._translated():
            connection = self._borrowed()
            try:
                yield connection
            finally:
                self._pool.put(connection)
                if self._closed:
                    self.close()
                if not self._is_current(connection):  # the results, or an error, may mix the old and the new file
                    raise LibraryLocked(self._folder, "another program")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Within this context, the thread reads one consistent state, whatever others commit."""
        if getattr(self._fixed, "connection", None) is not None:
            yield
            return
        with self.reading() as connection:
            connection.execute("BEGIN")
            self._fixed.connection = connection
            try:
                yield
            finally:
                self._fixed.connection = None
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection within a write transaction. Raises LibraryReadOnly if the folder is read-only."""
        if self.read_only:
            raise LibraryReadOnly(self._folder)
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    # The file as a whole

    def copy_to(self, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
        """Copy a snapshot into a new file, which is complete in itself; readers and writers go on."""
        with self.snapshot(), self.reading() as connection, self._translated():
            connection.execute("SELECT count(*) FROM sqlite_schema")  # the first read fixes the snapshot
            target = sqlite3.connect(path, isolation_level=None)
            try:
                for pragma in ("journal_mode = OFF", "synchronous = OFF"):  # the caller syncs the finished file
                    target.execute(f"PRAGMA {pragma}")
                _copy(connection, target, progress)
            finally:
                target.close()

    def vacuum_into(self, path: Path) -> None:
        """Copy the database into a new file without the space of deleted rows."""
        with self.reading() as connection:
            connection.execute("VACUUM INTO ?", [str(path)])

    def replace_with(self, other: Database, progress: Callable[[int, int], None] | None = None) -> None:
        """Replace all contents with those of another database, in one transaction.

        Every connection of every process sees the old or the new contents. A kill before the end leaves the old ones.
        """
        with other.reading() as source, self.reading() as target:
            try:
                _copy(source, target, progress)
            finally:
                self.truncate_log()

    def truncate_log(self) -> bool:
        """Merge the log into the file and free its space; return whether that worked: a long reader may prevent it."""
        with self.reading() as connection:
            connection.execute(f"PRAGMA busy_timeout = {_LOG_SECONDS * 1000:.0f}")
            try:
                return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.OperationalError:  # usually a full disk: committed data stays in the log
                return False
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")

    def damaged(self, detail: str) -> LibraryDamaged:
        """Return the error for damaged contents."""
        return LibraryDamaged(self._folder, detail)

    def _borrowed(self) -> Connection:
        """Return a connection from the pool, or a new one."""
        while True:
            try:
                connection = self._pool.get_nowait()
            except queue.Empty:
                return self._connect_immutably() if self.read_only else self._connect()
            if self._is_current(connection):
                return connection
            connection.close()

    def _is_current(self, connection: Connection) -> bool:
        """Return whether the connection reads the file that is there now."""
        return not isinstance(connection, _Immutable) or connection.file == _identity(self._path)

    def _connect_immutably(self) -> Connection:
        """Open the file as immutable. Raises LibraryNotWritable if the log holds changes that the file lacks."""
        file = _identity(self._path)
        if _identity(self._path.with_name(f"{self._path.name}-wal"))[1]:
            raise LibraryNotWritable(
                f"The library {self._folder} is read-only here, and its last changes are not in {self._path.name} yet: "
                "another program has it open, or was killed.",
                "End that program, or run `pincite doctor` once where the folder is writable.",
            )
        address = f"{self._path.absolute().as_uri()}?immutable=1"
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, factory=_Immutable
        )
        connection.file = file
        connection.execute("PRAGMA temp_store = MEMORY")  # temporary files may be impossible, too
        return connection

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
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # absent if Python could not decode a text
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return LibraryLocked(self._folder, "another program")
        if code in _UNUSABLE:
            message = f"The library {self._folder} cannot be used: {error}."
            return LibraryNotWritable(message, NOT_WRITABLE_HINT)
        return self.damaged(str(error))


def _identity(path: Path) -> tuple[int, int, int]:
    """Return values that distinguish two versions of a file: inode, size, time of the last change."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_size, status.st_mtime_ns)


def _copy(source: Connection, target: Connection, progress: Callable[[int, int], None] | None) -> None:
    def report(_: int, remaining: int, total: int) -> None:
        if progress:
            progress(total - remaining, total)

    source.backup(target, pages=_STEP_PAGES, progress=report)
