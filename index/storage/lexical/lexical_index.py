"""The lexical index: a tantivy index on disk that is kept in step with the catalog."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage.files import NOT_WRITABLE_HINT, Stamp, write_atomically
from index.storage.lexical.queries import ALL, Queries, View, schema
from index.storage.lexical.tantivy_files import (
    MANAGED,
    MERGE_THREAD,
    META,
    WRITER_LOCK,
    Soundness,
    crc,
    merge_due,
    read_meta,
    sweep,
)
from index.text.words import terms, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.storage.catalog.catalog import Catalog
    from index.storage.lexical.tantivy_files import Meta


# The folder of a lexical index: the content of its last commit, and whether its files belong to that commit.

MANIFEST = "manifest.json"
_REWRITTEN = (MANIFEST, META, MANAGED)
"""The files that are rewritten. The manifest is copied first, so that the others are at least as new."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of one commit. `opstamp` is tantivy's count of operations at that commit."""

    stamp: Stamp
    opstamp: int
    passages: int
    frame: int
    """CRC-32 of the fields and how they are indexed."""

    def to_json(self) -> str:
        """Return one line of JSON with a checksum."""
        fields = asdict(self)
        return json.dumps({**fields, "crc": crc(fields)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        """Return the manifest in the output of `to_json`. Raises ValueError for anything else."""
        fields = json.loads(text)
        try:
            checksum = fields.pop("crc")
            if checksum != crc(fields):
                raise ValueError("the manifest is damaged")
            stamp = Stamp.from_json(json.dumps(fields["stamp"]))
            return cls(stamp, *(int(fields[name]) for name in ("opstamp", "passages", "frame")))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class State:
    """The present content of the folder."""

    stamp: Stamp
    certain: bool
    """Whether the content is what the stamp says. If not, a commit came after the stamp, and there may be more."""
    files: tuple[str, ...]
    """The files that are searched, those of the smallest segment last."""
    alive: tuple[int, ...]
    """Passages of each segment."""
    dead: int
    """The number of removed passages whose segments were not rewritten since."""

    @property
    def passages(self) -> int:
        """The number of passages that can be found."""
        return sum(self.alive)


class Folder:
    """The folder of an index: `manifest.json` says what was committed, tantivy's `meta.json` says in which files.

    A merge replaces segments but does not change their content. So the manifest counts passages and lists no files. If
    the writer died after a commit and before it wrote the manifest, tantivy's `opstamp` is higher than the manifest's.
    The folder then contains what the manifest says, and perhaps more. Catching up from there repairs it, because each
    document is deleted before it is added.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def identity(self) -> tuple[int, ...]:
        """Return numbers that differ between two states of the folder."""
        return (*_identity(self.path / MANIFEST), *_identity(self.path / META))

    def is_signed(self) -> bool:
        """Return whether there is a manifest."""
        return (self.path / MANIFEST).exists()

    def state(self) -> State:
        """Return the content. Raises ValueError or OSError if the index cannot be updated from there."""
        manifest = Manifest.from_json((self.path / MANIFEST).read_bytes())  # before meta.json, which is at least as new
        return _state(manifest, read_meta(self.path))

    def alive(self) -> tuple[int, ...]:
        """Return the passages of each segment, whatever the manifest says. Raises ValueError or OSError."""
        return read_meta(self.path).alive

    def sign(self, stamp: Stamp) -> None:
        """Write the manifest of the last commit."""
        meta = read_meta(self.path)
        manifest = Manifest(stamp, meta.opstamp, sum(meta.alive), meta.schema_crc)
        write_atomically(self.path / MANIFEST, manifest.to_json().encode())

    def sweep(self) -> None:
        """Remove files that belong to no segment. Call only while holding tantivy's writer lock."""
        sweep(self.path, keep=MANIFEST)

    def clear(self) -> None:
        """Remove all files but tantivy's locks. The manifest goes first: without it, the others are ignored."""
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / MANIFEST).unlink(missing_ok=True)
        for path in self.path.iterdir():
            if path.suffix != ".lock":
                path.unlink(missing_ok=True)

    def take(self, other: Path) -> None:
        """Replace the content with the files of another folder. The manifest comes last: it validates the others."""
        self.clear()
        names = sorted((path.name for path in other.iterdir() if path.suffix != ".lock"), key=MANIFEST.__eq__)
        for name in names:
            (other / name).replace(self.path / name)


def shadow(folder: Path, place: Path) -> None:
    """Make the empty folder `place` hold the index of the read-only `folder`: tantivy locks every folder that it reads.

    Files that never change are linked, the others are copied: writing in `place` changes nothing in `folder`. If
    `folder` cannot be read, the index is empty.
    """
    with suppress(OSError):
        for name in _REWRITTEN:
            shutil.copyfile(folder / name, place / name)
        for path in folder.iterdir():
            if not path.name.startswith(".") and path.name not in _REWRITTEN:
                (place / path.name).symlink_to(path)


def _state(manifest: Manifest, meta: Meta) -> State:
    if meta.schema_crc != manifest.frame:
        raise ValueError("the fields differ from those of the manifest")
    if meta.opstamp < manifest.opstamp:
        raise ValueError("the segments are older than the manifest")
    certain, alive = meta.opstamp == manifest.opstamp, meta.alive
    if certain and sum(alive) != manifest.passages:
        raise ValueError(f"there are {sum(alive)} passages of {manifest.passages}")
    files = tuple(name for segment in meta.segments for name in segment.files)
    return State(manifest.stamp, certain, files, alive, sum(segment.total for segment in meta.segments) - sum(alive))


def _identity(path: Path) -> tuple[int, int]:
    """Return numbers that differ between two versions of a file; (0, 0) if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)


# The writer of an index. It stays open while tantivy merges, and yields to another process that wants to write.

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


# The index itself.

FORMAT = 4
_SLICE = 50_000
"""Passages between two commits of a long update: after a crash, at most this many are indexed again."""
_TRIES = 10
_TRANSIENT = ("LockFailure", "os error 24", "os error 13", "os error 30")
"""Parts of tantivy's error messages that are not about damaged files: a lock is held, too many files are open, a
permission is missing, the disk is read-only."""
_BROKEN = (OSError, ValueError, KeyError, TypeError)


class LexicalIndex(Queries):
    """BM25 over terms, and words in their order for phrases that must occur verbatim.

    A question reads the state that was opened last. It never waits for a write, a commit or a merge. Only the holder of
    the library's lock catches the folder up; all others reopen it when it has changed. A damaged folder
    is rebuilt from the catalog.
    """

    def __init__(self, folder: Path, library: str) -> None:
        super().__init__()
        self._folder = Folder(folder)
        self._library = library
        self._soundness = Soundness(folder)
        self._writer = IndexWriter(self._folder)
        self._opening = threading.Lock()
        self._writing = threading.Lock()
        self._index: Any = None
        self._seen: tuple[int, ...] = ()
        self._refused: tuple[int, ...] = ()
        self._purged: tuple[tuple[int, ...], int] = ((), 0)
        self._suspect = False

    @property
    def usable(self) -> bool:
        """Whether an index is open, of this generation or an earlier one."""
        return self._view is not None

    @property
    def generation(self) -> int | None:
        """The generation of the open index; None if none is open."""
        view = self._view
        return view.generation if view is not None else None

    @property
    def saved_generation(self) -> int | None:
        """The generation of the folder; None if the folder cannot be continued."""
        try:
            stamp = self._folder.state().stamp
        except _BROKEN:
            return None
        return stamp.generation if stamp.fits(self._library, FORMAT, stamp.generation) else None

    @property
    def tombstones(self) -> float:
        """The share of removed passages in the folder, 0 to 1. They take space until their segment is rewritten."""
        try:
            state = self._folder.state()
        except _BROKEN:
            return 0.0
        return state.dead / max(state.dead + state.passages, 1)

    def reload(self, generation: int) -> bool:
        """Open the folder again if it has changed. Return whether it exists, undamaged, with this generation."""
        if self._soundness.broken:
            self._view = None
            return False
        if self._folder.identity() != self._seen and self._opening.acquire(blocking=self._view is None):
            try:
                self._open(generation)
            finally:
                self._opening.release()
        view = self._view
        current = view is not None and view.certain and view.generation == generation
        return current and self._folder.is_signed()  # an open index can be searched even after its files were deleted

    def behind(self, catalog: Catalog) -> int:
        """Return the number of passages to index before the folder agrees with the catalog."""
        generation = catalog.generation()
        state = self._state(generation)
        return sum(document.passages for document in catalog.added_since(state.stamp.generation if state else 0))

    def catch_up(self, catalog: Catalog, *, most: int = ALL) -> bool:
        """Index about `most` passages towards the state of the catalog. Return whether the folder then agrees with it.

        Call only while holding the library's lock. Raises LibraryNotWritable if the disk cannot be written,
        and LibraryLocked if another process does not stop merging.
        """
        with self._writing, self._translated():
            target = catalog.generation()
            state = self._write_on(catalog, self._state(target) or self._begin(target), target, most)
            done = state.certain and state.stamp.generation == target
            if done and self._suspect and state.passages != catalog.totals()["passages"]:
                # A writer committed documents and died; then an older catalog was restored, which does not have them.
                state = self._write_on(catalog, self._begin(target), target, ALL)
            self._suspect = self._suspect and not done
            return done

    def take_over(self, folder: Path) -> None:
        """Replace this index with the closed one in another folder. Call only while holding the library's lock."""
        with self._writing, self._translated():
            self._writer.take(folder)
            self._soundness.forget()

    def rest(self) -> None:
        """Close the writer as soon as its merges have ended."""
        self._writer.rest()

    def close(self, patience: float = 0.0) -> None:
        """Close the writer; wait at most `patience` seconds for merges."""
        self._writer.close(patience)

    def _open(self, generation: int) -> None:
        """Open the folder if it is sound. If it is not, as during a write, the open index stays."""
        import tantivy

        for _ in range(_TRIES):
            seen = self._folder.identity()
            state = self._state(generation)
            view = self._view
            if state is not None and view and state.stamp.generation < view.generation <= generation:
                return  # it is being rebuilt, and is still older than the open index
            if state is not None:
                try:
                    if self._index is None:
                        self._index = tantivy.Index.open(str(self._folder.path))
                        self._index.config_reader("manual")
                    self._index.reload()
                    searcher = self._index.searcher()
                except _BROKEN as error:
                    self._index = searcher = None
                    if self._folder.identity() == seen and not any(message in str(error) for message in _TRANSIENT):
                        self._refused = seen
                if self._folder.identity() == seen and searcher and searcher.num_docs == state.passages:
                    self._view = View(searcher, state.stamp.generation, state.certain)
                    self._seen = seen
                    return
            if self._folder.identity() == seen:
                return

    def _state(self, generation: int) -> State | None:
        """Return the content of the folder; None if it cannot be continued."""
        for _ in range(_TRIES):  # a merge that ends meanwhile deletes files
            seen = self._folder.identity()
            try:
                state = self._folder.state()
                self._soundness.examine(state.files)
            except _BROKEN:
                if self._folder.identity() == seen:
                    return None
                continue
            sound = not self._soundness.broken and seen != self._refused
            return state if sound and state.stamp.fits(self._library, FORMAT, generation) else None
        return None

    def _begin(self, target: int) -> State:
        """Replace the content of the folder with an empty index."""
        self._writer.begin(schema())
        self._soundness.forget()
        self._sign(0, target)
        return self._folder.state()

    def _write_on(self, catalog: Catalog, state: State, target: int, most: int) -> State:
        """Commit the documents that were added and removed, slice by slice."""
        while most > 0 and not (state.certain and state.stamp.generation == target):
            since = state.stamp.generation
            until = min(catalog.generation_after(since, min(most, _SLICE)), target)
            removed = catalog.removed_since(max(since, self._purged_until()))
            if removed is None:
                state = self._begin(target)
                continue
            self._suspect = self._suspect or not state.certain
            stale = removed if state.certain else removed + catalog.added_since(since)
            added = catalog.texts(catalog.added_since(since, until=until))
            self._writer.write((document.number for document in stale), added)
            self._sign(until, target)
            state = self._folder.state()
            most -= _SLICE
        return state

    def _sign(self, generation: int, purged: int) -> None:
        """Write the manifest, and remember up to which generation removals were carried out."""
        self._folder.sign(Stamp(self._library, FORMAT, generation))
        self._purged = self._folder.identity()[:2], purged

    def _purged_until(self) -> int:
        """Return the generation up to which removals were carried out; 0 if another process wrote since."""
        identity, generation = self._purged
        return generation if identity == self._folder.identity()[:2] else 0

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Drop the writer after an error, and turn tantivy's errors into LibraryNotWritable."""
        try:
            yield
        except BaseException as error:
            self._writer.drop()
            if not isinstance(error, (OSError, ValueError, RuntimeError)):
                raise
            raise LibraryNotWritable(
                f"The index {self._folder.path} cannot be written: {error}.", NOT_WRITABLE_HINT
            ) from error
