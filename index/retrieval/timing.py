"""Where the time of a search goes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StageTimer:
    """Milliseconds spent on each stage; on what goes on beside another one, those by which it lasted longer."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Time what is done inside."""
        start = time.perf_counter()
        yield
        spent = (time.perf_counter() - start) * 1000
        self.milliseconds[stage] = round(self.milliseconds.get(stage, 0.0) + spent, 3)
