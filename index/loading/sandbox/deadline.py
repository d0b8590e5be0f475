"""A time limit that begins again with each step of a long work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Deadline:
    """Calls a function after some seconds, unless it is cancelled; `renew` starts the seconds again."""

    def __init__(self, seconds: float, expire: Callable[[], None]) -> None:
        self._seconds = seconds
        self._expire = expire
        self._timer = self._started()

    def renew(self) -> None:
        """Start the seconds again."""
        self._timer.cancel()
        self._timer = self._started()

    def cancel(self) -> None:
        """Never call the function."""
        self._timer.cancel()

    def _started(self) -> threading.Timer:
        timer = threading.Timer(self._seconds, self._expire)
        timer.daemon = True
        timer.start()
        return timer
