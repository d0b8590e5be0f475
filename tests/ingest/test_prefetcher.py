"""Work is done ahead, in order, by several workers, and never too much of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from index.ingest import pipeline
from index.ingest.pipeline import Prefetcher

if TYPE_CHECKING:
    from collections.abc import Callable


class PrefetchWorker:
    """Works as it is told."""

    def __init__(self, work: Callable[[int], int]) -> None:
        self.work = work
        self.stopped = self.closed = False

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


def test_results_come_in_order() -> None:
    """Though the first item is ready last."""
    others = threading.Semaphore(0)

    def work(item: int) -> int:
        if item == 0:
            for _ in range(9):
                assert others.acquire(timeout=30)
        else:
            others.release()
        return item * item

    with Prefetcher(range(10), [PrefetchWorker(work), PrefetchWorker(work)], lambda _: 0) as results:
        assert [results.take() for _ in range(10)] == [n * n for n in range(10)]


@pytest.mark.parametrize(("name", "most"), [("MOST_RESULTS", 4), ("MOST_WEIGHT", 40)])
def test_no_more_is_begun_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    """Each result weighs ten: while four wait, the workers pause until one is taken; in the end all work is done."""
    monkeypatch.setattr(pipeline, name, most)
    begun: list[int] = []
    fourth, fifth = threading.Event(), threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if len(begun) == 4:
            fourth.set()
        if len(begun) > 4:
            fifth.set()
        return item

    with Prefetcher(range(20), [PrefetchWorker(work)], lambda _: 10) as results:
        assert fourth.wait(30)
        assert not fifth.wait(0.2)
        assert begun == [0, 1, 2, 3]
        assert [results.take() for _ in range(20)] == list(range(20))


def test_a_result_heavier_than_all_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is handed over; whoever takes never waits for room."""
    monkeypatch.setattr(pipeline, "MOST_WEIGHT", 1)
    with Prefetcher(range(5), [PrefetchWorker(abs), PrefetchWorker(abs)], lambda _: 1000) as results:
        assert [results.take() for _ in range(5)] == list(range(5))


def test_an_error_is_raised_in_its_turn() -> None:
    """After the results before it, where it is taken."""

    def work(item: int) -> int:
        if item == 2:
            raise LookupError("two")
        return item

    with Prefetcher(range(4), [PrefetchWorker(work)], lambda _: 0) as results:
        assert [results.take(), results.take()] == [0, 1]
        with pytest.raises(LookupError, match="two"):
            results.take()
        assert results.take() == 3


def test_who_has_all_stops_nobody() -> None:
    """Hands that are through are only closed: what they hold is as good as new."""
    workers = [PrefetchWorker(abs), PrefetchWorker(abs)]
    with Prefetcher(range(10), workers, lambda _: 0) as results:
        assert [results.take() for _ in range(10)] == list(range(10))
    assert [(worker.stopped, worker.closed) for worker in workers] == [(False, True)] * 2


def test_whoever_leaves_ends_the_work() -> None:
    """Hands are told to stop what they do, nothing new is begun, and when it is over they are closed."""
    released, second = threading.Event(), threading.Event()
    begun: list[int] = []

    class Stoppable(PrefetchWorker):
        def stop(self) -> None:
            super().stop()
            released.set()

    def work(item: int) -> int:
        begun.append(item)
        if item == 1:
            second.set()
            assert released.wait(30)
        return item

    worker = Stoppable(work)
    with Prefetcher(range(100), [worker], lambda _: 0) as results:
        results.take()
        assert second.wait(30)
    assert begun == [0, 1]
    assert (worker.stopped, worker.closed) == (True, True)
    assert not [thread for thread in threading.enumerate() if thread.name == "pincite-reader"]
