"""A job that runs in a thread of its own while any number of threads wait for its end."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class BackgroundJob:
    """Runs `work` once in a daemon thread. Every thread that waits for it gets its error."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._error: BaseException | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True, name="pincite-dense")
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the work has ended, well or not."""
        return not self._thread.is_alive()

    def wait(self, seconds: float | None, *, raising: bool = True) -> None:
        """Wait until the work has ended, at most `seconds`; raise its error unless `raising` is false."""
        self._thread.join(seconds)
        if raising and self.ended and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # the waiting threads raise it
            self._error = error
