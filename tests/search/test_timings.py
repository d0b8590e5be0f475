"""Where the time of a search goes."""

from __future__ import annotations

from index.search.fusion import StageTimer


def test_a_stage_that_comes_again_adds_up() -> None:
    """A search that has to look deeper spends more on the same stages, and says so."""
    timer = StageTimer()
    with timer.measure("dense"):
        pass
    timer.milliseconds["dense"] = 1000.0
    with timer.measure("dense"):
        pass
    assert timer.milliseconds["dense"] >= 1000.0
