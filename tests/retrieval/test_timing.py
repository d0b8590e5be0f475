"""Where the time of a search goes."""

from __future__ import annotations

from index.retrieval.timing import Clock


def test_a_stage_that_comes_again_adds_up() -> None:
    """A search that has to look deeper spends more on the same stages, and says so."""
    clock = Clock()
    with clock.timing("dense"):
        pass
    clock.milliseconds["dense"] = 1000.0
    with clock.timing("dense"):
        pass
    assert clock.milliseconds["dense"] >= 1000.0
