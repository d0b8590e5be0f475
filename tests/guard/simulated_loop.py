"""An event loop with a simulated clock: time passes when nothing else can happen, so that no test waits for it."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """A selector that advances the clock where it would wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready, after the time until the next timer has passed on the simulated clock."""
        assert timeout is not None, "Nothing can happen any more."
        self.now += max(0.0, timeout)
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is its selector's."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Return the simulated time."""
        return self._simulated.now


def run_simulated(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine on a simulated loop and return its result."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
