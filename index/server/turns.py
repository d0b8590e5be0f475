"""Threads for long work: they end when there is none, and take turns, in order of arrival, for all libraries."""

from __future__ import annotations

import logging
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHECK_SECONDS = 0.2
_log = logging.getLogger(__name__)


class IdleThread:
    """Runs calls in order, one at a time, in a thread that exists only while there is something to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None

    def submit(self, call: Callable[[], object]) -> None:
        """Run a call after those before it. An error of it is logged."""
        with self._lock:
            self._calls.append(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name)
                self._thread.start()

    def join(self) -> None:
        """Wait until all calls have ended."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:
                _log.exception("A call in the thread %s failed.", self._name)

    def _next(self) -> Callable[[], object] | None:
        with self._lock:
            if self._calls:
                return self._calls.popleft()
            self._thread = None
            return None


class Turns:
    """Lets one thread work at a time. A thread gives way between two steps, and then comes after all that wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._holder = 0
        """The thread that works; 0 for none."""

    @contextmanager
    def held(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn, and work in it. `check` is called while waiting; its error ends the wait."""
        self._take(check)
        try:
            yield
        finally:
            self._give_back()

    def give_way(self, check: Callable[[], None]) -> None:
        """Let those who wait work first. Call only while holding the turn.

        It is held again afterwards, unless `check` raises an error, which must then end the work.
        """
        with self._changed:
            if not self._waiting:
                return
        self._give_back()
        self._take(check)

    def regain(self, check: Callable[[], None]) -> None:
        """Take the turn again if work that was done within it has lost it."""
        with self._changed:
            if self._holder == threading.get_ident():
                return
        self._take(check)

    def _take(self, check: Callable[[], None]) -> None:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
        try:
            while not self._is_granted(ticket):
                check()
        except BaseException:
            with self._changed:
                if ticket in self._waiting:
                    self._waiting.remove(ticket)
                self._changed.notify_all()
            raise

    def _is_granted(self, ticket: object) -> bool:
        """Wait a moment; return whether it is the ticket's turn, which is then taken."""
        with self._changed:
            self._changed.wait_for(lambda: not self._holder and self._waiting[0] is ticket, _CHECK_SECONDS)
            if self._holder or self._waiting[0] is not ticket:
                return False
            self._waiting.popleft()
            self._holder = threading.get_ident()
            return True

    def _give_back(self) -> None:
        with self._changed:
            if self._holder == threading.get_ident():  # not if its wait for another turn was ended
                self._holder = 0
                self._changed.notify_all()
