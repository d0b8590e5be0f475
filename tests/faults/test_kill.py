"""Kill it at any instant: the library is some committed state, and the next run of the same goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import Helper
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import kill_rounds
from tests.nightly import length

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20261125
ROUNDS = length(1, 4)
"""Of each operation; `python -m benchmarks.faults` does more."""


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"remove"}))
def test_kills(name: str, tmp_path: Path) -> None:
    """Whole documents, agreeing indexes, nothing lost that was reported, whatever was killed and when."""
    tally = kill_rounds(OPERATIONS[name], Arena(tmp_path), ROUNDS, SEED)
    assert tally.rounds == ROUNDS
    assert tally.faults == []


def test_kills_hit(tmp_path: Path) -> None:
    """The same of removals, at instants of which many come in the middle, or nothing would be shown by it."""
    tally = kill_rounds(OPERATIONS["remove"], Arena(tmp_path), 4, SEED)
    assert tally.faults == []
    assert tally.hits > 1
    assert len(tally.states) > 1


def test_kill_before_anything_is_stored(tmp_path: Path) -> None:
    """Killed as soon as the folder is there, the library opens as an empty one, or as one that is whole."""
    arena = Arena(tmp_path)
    texts = arena.write(range(2), 1)
    helper = Helper("adder", str(arena.library), "[]")
    assert helper.hear() == "begun"
    helper.kill()
    arena.fill(texts)
    with arena.opened() as library:
        assert {info.source for info in library.documents()} == set(texts)
        assert library.problems() == []
