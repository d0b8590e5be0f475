"""Stage times of a search."""

from __future__ import annotations

from index.search.fusion import StageTimer


def test_repeated_stage_adds_up_its_time() -> None:
    """A search that has to look deeper spends more time on the same stages."""
    timer = StageTimer()
    with timer.measure("dense"):
        pass
    timer.milliseconds["dense"] = 1000.0
    with timer.measure("dense"):
        pass
    assert timer.milliseconds["dense"] >= 1000.0
