"""Turns for long work in threads: one at a time, in order of arrival, for all libraries of a server."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHECK_SECONDS = 0.2


class Turns:
    """Lets one thread work at a time. A thread gives way between two steps, and then comes after all that wait."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()
        self._taken = False

    @contextmanager
    def held(self, check: Callable[[], None]) -> Iterator[None]:
        """Wait for the turn, and work in it. `check` is called while waiting; its error ends the wait."""
        self._take(check)
        try:
            yield
        finally:
            self._give_back()

    def give_way(self, check: Callable[[], None]) -> None:
        """Let those who wait work first. Call only while holding the turn; it is held again afterwards.

        An error of `check` also takes effect only when the turn is held again, so that `held` can give it back.
        """
        with self._changed:
            if not self._waiting:
                return
        self._give_back()
        try:
            self._take(check)
        except BaseException:
            self._take(lambda: None)
            raise

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
            self._changed.wait_for(lambda: not self._taken and self._waiting[0] is ticket, _CHECK_SECONDS)
            if self._taken or self._waiting[0] is not ticket:
                return False
            self._waiting.popleft()
            self._taken = True
            return True

    def _give_back(self) -> None:
        with self._changed:
            self._taken = False
            self._changed.notify_all()
