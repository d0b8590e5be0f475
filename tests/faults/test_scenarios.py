"""Bad disks, damaged files, wrong clocks and concurrent processes: each fault a few times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.disks import NoDiskError
from tests.faults.scenarios import SCENARIOS
from tests.nightly import length

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20261125
ROUNDS = {
    "full disk": length(2, 6),
    "read-only disk": length(1, 3),
    "damaged catalog": length(12, 60),
    "damaged caches": length(3, 12),
    "clock going back": length(1, 2),
    "two writers": 2,
    "reader meanwhile": length(1, 5),
}


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_library_survives_the_fault(name: str, tmp_path: Path) -> None:
    """Committed data stays and agrees, what is impossible is refused with a reason, and afterwards everything works."""
    try:
        tally = SCENARIOS[name](tmp_path, ROUNDS[name], SEED)
    except NoDiskError:
        pytest.skip("no disk can be mounted here: that requires root")
    assert tally.faults == []
    assert tally.hits > 0, "the fault never took effect"
