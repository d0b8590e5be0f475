"""The writer of an index. It stays open while tantivy merges, and yields to another process that wants to write."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import LibraryLocked
from index.storage.lexical.tantivy_files import MERGE_THREAD, WRITER_LOCK, merge_due
from index.text.words import terms, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.storage.lexical.lexical_index import Folder

HEAP_BYTES = 50_000_000
_WANTED = ".wanted"
"""The name of the file by which a process asks another process to close its writer."""
_PATIENCE = 2.0
"""Seconds to wait for another writer to close."""
_POLL_SECONDS = 0.02
_MAX_MERGE_SECONDS = 600.0
"""The longest time that merges may take: on a full disk they never end."""
_NICE = 10
_NO_PASSAGE = (0, 0, "", "")
"""An entry that belongs to no document, because document numbers begin at one."""


class IndexWriter:
    """The only writer of this process for an index.

    Tantivy merges in threads of the writer. Closing the writer would wait for them, and dropping it would lose their
    work. So after a change the writer stays open until its merges have ended, without holding the library's lock.
    Another process that wants to write creates a file, and this writer then closes at once. The next writer starts the
    merge again.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._wanted = folder.path / _WANTED
        self._lock = threading.RLock()
        self._writer: Any = None
        self._watcher: threading.Thread | None = None

    def write(self, removed: Iterable[int], passages: Iterable[tuple[int, int, str, str]]) -> None:
        """Remove the passages of the documents with these numbers, add passages, and commit.

        A passage is its id, its document, its text, and words of other places that it can be found by.

        Raises LibraryLocked if another writer does not close, and OSError or ValueError if the disk is full.
        """
        import tantivy

        with self._lock:
            try:
                self._open()
                for number in removed:
                    self._writer.delete_documents_by_term("document", number)
                for identity, number, text, context, words in _entries(passages):
                    document = tantivy.Document()
                    document.add_integer("id", identity)
                    document.add_integer("document", number)
                    document.add_text("text", text)
                    document.add_text("context", context)
                    document.add_text("words", words)
                    self._writer.add_document(document)
                self._writer.commit()
            except BaseException:
                self._writer = None  # no local variable: the traceback would keep it, and with it tantivy's lock
                raise

    def begin(self, schema: Any) -> None:
        """Replace the content of the folder with an empty index."""
        import tantivy

        with self._exclusive():
            self._folder.clear()
            tantivy.Index(schema, path=str(self._folder.path)).config_reader("manual")

    def take(self, other: Path) -> None:
        """Replace the content of the folder with the index of another folder."""
        with self._exclusive():
            self._folder.take(other)

    def rest(self) -> None:
        """Close the writer as soon as no merge is under way."""
        with self._lock:
            if self._writer is None:
                return
            if not self._merging():
                self._finish()
            elif self._watcher is None or not self._watcher.is_alive():
                self._watcher = threading.Thread(target=self._watch_merges, name="lexical-merges", daemon=True)
                self._watcher.start()

    def close(self, patience: float) -> None:
        """Close the writer when its merges have ended, or after `patience` seconds: an unfinished merge is lost."""
        self.rest()
        watcher = self._watcher
        if watcher is not None:
            watcher.join(patience)
        self.drop()

    def drop(self) -> None:
        """Close the writer at once. A merge that is under way is lost."""
        with self._lock:
            self._writer = None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold tantivy's writer lock: no process has a writer on the folder."""
        with self._lock:
            self._writer = None
            self._folder.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder.path / WRITER_LOCK)
            self._retry(lambda: lock.acquire(timeout=0))
            try:
                yield
            finally:
                lock.release()

    def _open(self) -> None:
        """Open the writer unless it is open."""
        import tantivy

        if self._writer is not None:
            return
        with self._exclusive():
            self._folder.sweep()
        index = tantivy.Index.open(str(self._folder.path))
        index.config_reader("manual")

        def open_writer() -> None:
            self._writer = index.writer(HEAP_BYTES, 1)
            self._folder.sweep()
            _lower_merge_priority()

        self._retry(open_writer)

    def _retry(self, attempt: Callable[[], object]) -> None:
        """Retry until `attempt` gets tantivy's lock, and ask its holder to close. Raises LibraryLocked."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                attempt()
            except (Timeout, ValueError) as error:
                if not isinstance(error, Timeout) and "LockBusy" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise LibraryLocked(
                        str(self._folder.path), "another program, which is merging the index"
                    ) from error
                self._wanted.touch()
                time.sleep(_POLL_SECONDS)
            else:
                self._wanted.unlink(missing_ok=True)
                return

    def _watch_merges(self) -> None:
        """Close the writer when its merges have ended or another process wants to write."""
        deadline = time.monotonic() + _MAX_MERGE_SECONDS
        while True:
            time.sleep(_POLL_SECONDS)
            with self._lock:
                if self._wanted.exists() or time.monotonic() > deadline:
                    self._writer = None
                elif not self._merging():
                    self._finish()
                if self._writer is None:
                    self._watcher = None  # the next writer needs another thread
                    return

    def _finish(self) -> None:
        """Close the writer after it has deleted files that a merge replaced, so that the folder stays as it is."""
        if self._writer is not None:
            with suppress(ValueError):
                self._writer.wait_merging_threads()
            self._writer = None

    def _merging(self) -> bool:
        try:
            return merge_due(self._folder.alive())
        except (OSError, ValueError):
            return False


def _lower_merge_priority() -> None:
    """Give the merge threads a low priority, on systems that list the threads of a process."""
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            if (task / "comm").read_text().startswith(MERGE_THREAD):
                os.setpriority(os.PRIO_PROCESS, int(task.name), _NICE)


def _entries(passages: Iterable[tuple[int, int, str, str]]) -> Iterator[tuple[int, int, str, str, str]]:
    """Yield the id, document, terms, terms with those of both neighbours in the document, and words of each passage."""
    before = current = _NO_PASSAGE
    for identity, number, text, more in chain(passages, [(0, 0, "", "")]):
        after = (identity, number, " ".join((*terms(text), *terms(more))), " ".join(words(text)))
        if current is not _NO_PASSAGE:
            near = [terms for _, document, terms, _ in (before, current, after) if document == current[1]]
            yield current[0], current[1], current[2], " ".join(near), current[3]
        before, current = current, after
