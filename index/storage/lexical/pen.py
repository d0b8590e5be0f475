"""The writer of an index: it stays while its merges last, and makes room for whoever else wants to write."""

from __future__ import annotations

import math
import os
import threading
import time
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import LibraryLocked
from index.storage import analysis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.storage.lexical.folder import Folder

HEAP_BYTES = 50_000_000
_WANTED = ".wanted"
_LOCK = ".tantivy-writer.lock"
_PATIENCE = 2.0
_LOOK_SECONDS = 0.02
_MOST_SECONDS = 600.0
"""How long merges may take: on a disk that is full they never end."""
_NICE = 10
_LEAST_LAYER = 10_000
_LAYER = 0.75
_MERGED_AT_ONCE = 8
"""Of how many segments of about one size tantivy makes one; smaller than the least layer, all are of one size."""


class Pen:
    """The one writer that this process has on an index.

    Tantivy merges in threads of the writer: closing it would wait for them, and dropping it would waste their work. So
    between two changes the writer stays open until its merges have ended, without the library's lock. Another process
    that wants to write leaves a note, and then the writer goes at once; the next one begins the merge again.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._wanted = folder.path / _WANTED
        self._lock = threading.RLock()
        self._writer: Any = None
        self._watch: threading.Thread | None = None

    def write(self, removed: Iterable[int], passages: Iterable[tuple[int, int, str]]) -> None:
        """Commit: without the passages of these documents' numbers, with these passages (id, document, text).

        Raises LibraryLocked where another writer does not make room, OSError or ValueError where the disk is full.
        """
        import tantivy

        with self._lock:
            try:
                self._take()
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
                self._writer = None  # and never in a variable: what an error keeps would keep tantivy's lock
                raise

    def begin(self, schema: Any) -> None:
        """An empty index in place of whatever is there."""
        import tantivy

        with self._alone():
            self._folder.clear()
            tantivy.Index(schema, path=str(self._folder.path)).config_reader("manual")

    def take(self, other: Path) -> None:
        """The index of another folder in place of whatever is there."""
        with self._alone():
            self._folder.take(other)

    def rest(self) -> None:
        """Nothing is to be written for now: let go as soon as no merge is under way."""
        with self._lock:
            if self._writer is None:
                return
            if not self._merging():
                self._end()
            elif self._watch is None or not self._watch.is_alive():
                self._watch = threading.Thread(target=self._stay, name="lexical-merges", daemon=True)
                self._watch.start()

    def close(self, patience: float) -> None:
        """Let go when the merges have ended, or after so many seconds: what then is under way is lost."""
        self.rest()
        watch = self._watch
        if watch is not None:
            watch.join(patience)
        self.drop()

    def drop(self) -> None:
        """Let go at once; a merge that is under way is lost."""
        with self._lock:
            self._writer = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody has a writer on the folder."""
        with self._lock:
            self._writer = None
            self._folder.path.mkdir(parents=True, exist_ok=True)
            alone = FileLock(self._folder.path / _LOCK)
            self._patiently(lambda: alone.acquire(timeout=0))
            try:
                yield
            finally:
                alone.release()

    def _take(self) -> None:
        """Open the writer, unless it is open."""
        import tantivy

        if self._writer is not None:
            return
        with self._alone():
            self._folder.sweep()
        index = tantivy.Index.open(str(self._folder.path))
        index.config_reader("manual")

        def open_writer() -> None:
            self._writer = index.writer(HEAP_BYTES, 1)
            self._folder.sweep()
            _yielding()

        self._patiently(open_writer)

    def _patiently(self, attempt: Callable[[], object]) -> None:
        """Attempt what takes tantivy's lock, and ask whoever has it to let go."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                attempt()
            except (Timeout, ValueError) as error:
                if not isinstance(error, Timeout) and "LockBusy" not in str(error):
                    raise
                if time.monotonic() > until:
                    raise LibraryLocked(
                        str(self._folder.path), "another program, which is merging the index"
                    ) from error
                self._wanted.touch()
                time.sleep(_LOOK_SECONDS)
            else:
                self._wanted.unlink(missing_ok=True)
                return

    def _stay(self) -> None:
        """Let the writer go when its merges have ended, or somebody else wants to write."""
        until = time.monotonic() + _MOST_SECONDS
        while True:
            time.sleep(_LOOK_SECONDS)
            with self._lock:
                if self._wanted.exists() or time.monotonic() > until:
                    self._writer = None
                elif not self._merging():
                    self._end()
                if self._writer is None:
                    self._watch = None  # whoever rests from now on needs a watch of his own
                    return

    def _end(self) -> None:
        """Let go when the files that a merge replaced are gone, too: then nothing writes to the folder any more."""
        if self._writer is not None:
            with suppress(ValueError):
                self._writer.wait_merging_threads()
            self._writer = None

    def _merging(self) -> bool:
        try:
            return to_merge(self._folder.alive())
        except (OSError, ValueError):
            return False


def _yielding() -> None:
    """Let merges have what processor time is left over, where threads can be told apart."""
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            if (task / "comm").read_text().startswith("merge_thread"):
                os.setpriority(os.PRIO_PROCESS, int(task.name), _NICE)


def to_merge(alive: Sequence[int]) -> bool:
    """Whether tantivy finds something to merge among segments of so many passages: its own default policy."""
    layers: list[int] = []
    top = math.inf
    for size in sorted((math.log2(max(each, _LEAST_LAYER)) for each in alive), reverse=True):
        if size < top - _LAYER:
            top = size
            layers.append(0)
        layers[-1] += 1
    return max(layers, default=0) >= _MERGED_AT_ONCE


def _entries(passages: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str, str, str]]:
    """Id, document, terms, terms with those of both neighbours in the document, and words of each passage."""
    before, now = _NOBODY, _NOBODY
    for identity, number, text in chain(passages, [(0, 0, "")]):
        after = (identity, number, " ".join(analysis.terms(text)), " ".join(analysis.words(text)))
        if now is not _NOBODY:
            near = [each[2] for each in (before, now, after) if each[1] == now[1]]
            yield now[0], now[1], now[2], " ".join(near), now[3]
        before, now = now, after


_NOBODY = (0, 0, "", "")
"""Of no document: their numbers begin at one."""
