"""Turns: one thread works at a time, in order, and gives way between two steps."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from index.server.job_queue import IdleThread, Turns
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


class StoppedError(Exception):
    """Raised by a check."""


def never() -> None:
    """A check that lets the wait go on."""


def stop() -> None:
    """A check that ends the wait."""
    raise StoppedError


def started(work: Callable[[], object]) -> threading.Thread:
    """Run work in a thread."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_workers_alternate_when_they_give_way() -> None:
    """A long job delays a short one by one step only."""
    turns, steps = Turns(), []
    waiting = threading.Event()

    def work(name: str) -> None:
        with turns.held(never):
            for step in range(3):
                steps.append(f"{name}{step}")
                if name == "a" and not step:
                    waiting.wait(10)
                turns.give_way(never)

    first = started(lambda: work("a"))
    wait_until(lambda: steps == ["a0"])
    second = started(lambda: work("b"))
    wait_until(lambda: len(turns._waiting) == 1)
    waiting.set()
    first.join(10)
    second.join(10)
    assert steps == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_wait_ends_with_the_error_of_its_check() -> None:
    """The turn stays with the thread that has it, and others still get it."""
    turns = Turns()
    with turns.held(never):
        errors: list[BaseException] = []

        def wait() -> None:
            try:
                with turns.held(stop):
                    pass
            except StoppedError as error:
                errors.append(error)

        started(wait).join(10)
        assert len(errors) == 1
    with turns.held(stop):  # nobody waits, so nothing is checked
        pass


def test_cancelled_worker_that_gave_way_does_not_wait_for_its_turn() -> None:
    """Otherwise, whoever has the turn and waits for that worker's end would wait forever."""
    turns = Turns()
    gave_way, cancelled = threading.Event(), threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise StoppedError

    def work() -> None:
        with turns.held(never):
            gave_way.wait(10)
            with pytest.raises(StoppedError):
                turns.give_way(check)

    worker = started(work)
    wait_until(lambda: turns._holder != 0)
    threading.Timer(0.3, gave_way.set).start()
    with turns.held(never):
        cancelled.set()
        worker.join(10)
        assert not worker.is_alive()
        assert turns._holder == threading.get_ident()


def test_idle_thread_exists_only_while_there_is_work() -> None:
    """Calls run in order, an error does not end the thread, and an idle library costs none."""
    thread, gate = IdleThread("test"), threading.Event()
    done: list[int] = []

    def fail() -> None:
        raise StoppedError

    for call in (lambda: gate.wait(10), fail, lambda: done.append(1), lambda: done.append(2)):
        thread.submit(call)
    gate.set()
    thread.join()
    assert done == [1, 2]
    thread.submit(lambda: done.append(3))
    thread.join()
    assert done == [1, 2, 3]
    wait_until(lambda: "test" not in {one.name for one in threading.enumerate()})
