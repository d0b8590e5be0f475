"""The parts of an `add` in progress: work done ahead in threads, the buffer of vectors, and the growing receipt."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, overload

from index.errors import LibraryNotWritable
from index.records import Failure, Note, ReadAs, Receipt
from index.records.file_kinds import reading_in_words
from index.storage.files import NOT_WRITABLE_HINT
from index.storage.tables import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from typing import Self

    from index.records import Document, Outcome

MOST_RESULTS = 512
MOST_WEIGHT = 8_000_000
"""No work begins while this many results wait, or results of this many characters of text."""
_POLL_SECONDS = 1.0
"""The timeout of each wait: on some systems, Ctrl-C cannot interrupt a wait without a timeout."""
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Item_contra = TypeVar("_Item_contra", contravariant=True)
_Result_co = TypeVar("_Result_co", covariant=True)
IN_MEMORY = 32_000_000
"""Bytes that are kept in memory, not in a file: the vectors of about ten thousand passages."""


class PrefetchWorker(Protocol[_Item_contra, _Result_co]):
    """The worker of one thread."""

    def work(self, item: _Item_contra) -> _Result_co:
        """Return one item's result. An error is raised again where the result is taken."""
        ...

    def stop(self) -> None:
        """Stop the running work; called from another thread."""
        ...

    def close(self) -> None:
        """Release resources after the last item."""
        ...


class PageCounts:
    """How many pages of each file are recognised so far. The threads that read files set it, and another one reads."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    def set(self, file: str, page: int, pages: int) -> None:
        """Record that the recognition of a page, counted from 1, begins."""
        self._counts[file] = page, pages

    def get(self, file: str) -> tuple[int, int]:
        """Return the page of a file that is being recognised, and the number of pages to recognise; else (0, 0)."""
        return self._counts.get(file, (0, 0))

    def remove(self, file: str) -> None:
        """Forget a file that was read."""
        self._counts.pop(file, None)


class Prefetcher(Generic[_Item, _Result]):
    """Gives items to free workers, one after the other; `take` returns their results in order."""

    def __init__(
        self,
        items: Iterable[_Item],
        workers: Sequence[PrefetchWorker[_Item, _Result]],
        memory_cost: Callable[[_Result], int],
    ) -> None:
        self._items = enumerate(items)
        self._workers = workers
        self._weigh = memory_cost
        self._done: dict[int, tuple[_Result | None, BaseException | None, int]] = {}
        self._begun = 0
        self._taken = 0
        self._weight = 0
        self._stopped = False
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name="pincite-reader", daemon=True) for worker in workers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            unfinished = self._begun > self._taken
            self._changed.notify_all()
        for worker in self._workers if unfinished else ():
            worker.stop()
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.close()

    @property
    def ready(self) -> bool:
        """Whether the next result is available now."""
        return self._taken in self._done

    def take(self, waiting: Callable[[], None] = lambda: None) -> _Result:
        """Wait for the next item's result, and return it; `waiting` is called about once a second until then.

        Call at most once per item.
        """
        while True:
            with self._changed:
                if self._taken in self._done or self._changed.wait_for(
                    lambda: self._taken in self._done, _POLL_SECONDS
                ):
                    break
            waiting()
        with self._changed:
            result, error, weight = self._done.pop(self._taken)
            self._taken += 1
            self._weight -= weight
            self._changed.notify_all()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _run(self, worker: PrefetchWorker[_Item, _Result]) -> None:
        while (following := self._next()) is not None:
            place, item = following
            done: tuple[_Result | None, BaseException | None, int]
            try:
                result = worker.work(item)
                done = (result, None, self._weigh(result))
            except BaseException as error:  # raised again by `take`
                done = (None, error, 0)
            with self._changed:
                self._done[place] = done
                self._weight += done[2]
                self._changed.notify_all()

    def _next(self) -> tuple[int, _Item] | None:
        """Wait until there is room for another result, and return the next item. The limit never blocks `take`."""
        with self._changed:
            while not self._stopped and (len(self._done) >= MOST_RESULTS or self._weight >= MOST_WEIGHT):
                self._changed.wait()
            following = None if self._stopped else next(self._items, None)
            self._begun += following is not None
            return following


class VectorBuffer:
    """Vectors by key. A long document takes only the memory of its keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder))  # noqa: SIM115 - closed on exit
        self._positions: dict[bytes, tuple[int, int, int]] = {}
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, key: bytes) -> bool:
        return key in self._positions

    def __getitem__(self, key: bytes) -> PackedVectors:
        start, middle, end = self._positions[key]
        self._file.seek(start)
        both = self._file.read(end - start)
        return PackedVectors(key, both[: middle - start], both[middle - start :])

    def put(self, vectors: Iterable[PackedVectors]) -> None:
        """Add vectors. Raises LibraryNotWritable if the disk is full or not writable."""
        try:
            self._file.seek(self._end)
            for packed in vectors:
                self._file.write(packed.vector)
                self._file.write(packed.sentences)
                middle = self._end + len(packed.vector)
                self._positions[packed.key] = (self._end, middle, middle + len(packed.sentences))
                self._end = middle + len(packed.sentences)
        except OSError as error:
            message = f"The vectors of a long document cannot be written to {self._folder}: {error}."
            raise LibraryNotWritable(message, NOT_WRITABLE_HINT) from error

    def sequence(self, keys: Sequence[bytes]) -> BufferedVectors:
        """Return the vectors of these keys as a sequence that reads each one on access."""
        return BufferedVectors(self, keys)


class BufferedVectors(Sequence[PackedVectors]):
    """Vectors in the order of their keys."""

    def __init__(self, buffer: VectorBuffer, keys: Sequence[bytes]) -> None:
        self._buffer = buffer
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, index: int) -> PackedVectors: ...
    @overload
    def __getitem__(self, index: slice) -> BufferedVectors: ...
    def __getitem__(self, index: int | slice) -> PackedVectors | BufferedVectors:
        if isinstance(index, slice):
            return BufferedVectors(self._buffer, self._keys[index])
        return self._buffer[self._keys[index]]


@dataclass(slots=True)
class ReceiptBuilder:
    """The outcomes of the files so far."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    read: list[ReadAs] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    @property
    def files(self) -> int:
        """Number of settled files."""
        return len(self.added) + len(self.replaced) + len(self.unchanged) + len(self.opened) + len(self.failed)

    def store(self, document: Document, outcome: Outcome, notes: Sequence[str], passages: int) -> ReadAs | None:
        """Note the outcome of a document, and return how it was read; None if it was there already."""
        getattr(self, outcome).append(document.source)
        self.notes.extend(Note(document.source, note) for note in notes)
        self.passages += passages
        if outcome == "unchanged":
            return None
        self.read.append(ReadAs(document.source, reading_in_words(document), document.reading))
        return self.read[-1]

    def build(self, seconds: float) -> Receipt:
        """Return the receipt."""
        return Receipt(
            added=tuple(self.added),
            replaced=tuple(self.replaced),
            unchanged=tuple(self.unchanged),
            opened=tuple(self.opened),
            removed=tuple(self.removed),
            failed=tuple(self.failed),
            notes=tuple(self.notes),
            read=tuple(self.read),
            passages=self.passages,
            encoded=self.encoded,
            seconds=seconds,
        )
