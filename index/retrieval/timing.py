"""Measures the time of each stage of a search."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StageTimer:
    """The milliseconds of each stage; of a parallel stage, only the time that it takes longer than the others."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Measure the time spent inside."""
        start = time.perf_counter()
        yield
        spent = (time.perf_counter() - start) * 1000
        self.milliseconds[stage] = round(self.milliseconds.get(stage, 0.0) + spent, 3)
