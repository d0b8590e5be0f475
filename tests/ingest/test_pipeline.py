"""Prefetching: work is done ahead by several workers, in order, and within limits."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryNotWritable
from index.ingest import pipeline
from index.ingest.pipeline import Prefetcher, VectorBuffer
from index.storage.tables import PackedVectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class PrefetchWorker:
    """A worker that calls a function and records that it was stopped or closed."""

    def __init__(self, work: Callable[[int], int]) -> None:
        self.work = work
        self.stopped = self.closed = False

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


def test_prefetched_results_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one is first, although its item is ready last; workers that have finished are closed, not stopped."""
    finished_items = threading.Semaphore(0)

    def work(item: int) -> int:
        if item == 0:
            for _ in range(9):
                assert finished_items.acquire(timeout=30)
        else:
            finished_items.release()
        return item * item

    with Prefetcher(range(10), [PrefetchWorker(work), PrefetchWorker(work)], lambda _: 0) as results:
        assert [results.take() for _ in range(10)] == [n * n for n in range(10)]
    workers = [PrefetchWorker(abs), PrefetchWorker(abs)]
    with Prefetcher(range(10), workers, lambda _: 0) as results:
        assert [results.take() for _ in range(10)] == list(range(10))
    assert [(worker.stopped, worker.closed) for worker in workers] == [(False, True)] * 2
    monkeypatch.setattr(pipeline, "MOST_WEIGHT", 1)
    with Prefetcher(range(5), [PrefetchWorker(abs), PrefetchWorker(abs)], lambda _: 1000) as results:
        assert [results.take() for _ in range(5)] == list(range(5))


@pytest.mark.parametrize(("name", "limit"), [("MOST_RESULTS", 4), ("MOST_WEIGHT", 40)])
def test_prefetcher_pauses_while_its_buffer_is_full(monkeypatch: pytest.MonkeyPatch, name: str, limit: int) -> None:
    """Each result weighs 10: workers pause while four are in the buffer, and in the end all work is done."""
    monkeypatch.setattr(pipeline, name, limit)
    started: list[int] = []
    fourth, fifth = threading.Event(), threading.Event()

    def work(item: int) -> int:
        started.append(item)
        if len(started) == 4:
            fourth.set()
        if len(started) > 4:
            fifth.set()
        return item

    with Prefetcher(range(20), [PrefetchWorker(work)], lambda _: 10) as results:
        assert fourth.wait(30)
        assert not fifth.wait(0.2)
        assert started == [0, 1, 2, 3]
        assert [results.take() for _ in range(20)] == list(range(20))


def test_error_of_a_worker_is_raised_in_its_turn() -> None:
    """The error is raised where its result would be taken, after the results before it."""

    def work(item: int) -> int:
        if item == 2:
            raise LookupError("two")
        return item

    with Prefetcher(range(4), [PrefetchWorker(work)], lambda _: 0) as results:
        assert [results.take(), results.take()] == [0, 1]
        with pytest.raises(LookupError, match="two"):
            results.take()
        assert results.take() == 3


def test_leaving_the_prefetcher_stops_its_workers() -> None:
    """Workers are stopped, start nothing new, and are closed afterwards."""
    released, second = threading.Event(), threading.Event()
    started: list[int] = []

    class Stoppable(PrefetchWorker):
        def stop(self) -> None:
            super().stop()
            released.set()

    def work(item: int) -> int:
        started.append(item)
        if item == 1:
            second.set()
            assert released.wait(30)
        return item

    worker = Stoppable(work)
    with Prefetcher(range(100), [worker], lambda _: 0) as results:
        results.take()
        assert second.wait(30)
    assert started == [0, 1]
    assert (worker.stopped, worker.closed) == (True, True)
    assert not [thread for thread in threading.enumerate() if thread.name == "pincite-reader"]


# Vectors are buffered between encoding and storing: few in memory, many in a file


VECTORS = [PackedVectors(bytes([n]) * 16, bytes([n]) * 8, bytes([n]) * n) for n in range(10)]


@pytest.mark.parametrize("room", [pytest.param(10**6, id="in memory"), pytest.param(1, id="in a file")])
def test_buffered_vectors_are_found_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Vectors are found in any order, even after more were added; sentence vectors may be absent."""
    monkeypatch.setattr(pipeline, "IN_MEMORY", room)
    with VectorBuffer(tmp_path) as vectors:
        vectors.put(VECTORS[:4])
        assert vectors[VECTORS[2].key] == VECTORS[2]
        vectors.put(VECTORS[4:])
        assert (VECTORS[7].key in vectors, b"other" in vectors) == (True, False)
        sequence = vectors.sequence([vector.key for vector in reversed(VECTORS)])
        assert list(sequence) == VECTORS[::-1]
        assert (len(sequence), list(sequence[:2])) == (10, [VECTORS[9], VECTORS[8]])
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_an_error_that_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error quotes the reason of the system."""

    class FullFile:
        """A file on a full disk."""

        def __init__(self, **options: Any) -> None:
            pass

        def seek(self, place: int) -> None:
            pass

        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", FullFile)
    with VectorBuffer(tmp_path) as vectors, pytest.raises(LibraryNotWritable, match="No space left"):
        vectors.put(VECTORS)
