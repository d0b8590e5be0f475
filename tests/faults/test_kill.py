"""After a kill at any time the library is a committed state, and the same operation can finish."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.arena import Arena
from tests.faults.conftest import HelperProcess
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import kill_rounds
from tests.nightly import length

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20261125
ROUNDS = length(1, 4)
"""Rounds of each operation; `python -m benchmarks.faults` does more."""


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"remove"}))
def test_killed_operation_leaves_a_committed_state(name: str, tmp_path: Path) -> None:
    """After a kill documents are whole, indexes agree, and nothing that was reported is lost."""
    tally = kill_rounds(OPERATIONS[name], Arena(tmp_path), ROUNDS, SEED)
    assert tally.rounds == ROUNDS
    assert tally.faults == []


def test_kills_interrupt_removals_at_different_states(tmp_path: Path) -> None:
    """Kills of removals come in the middle of the operation, and leave different committed states."""
    tally = kill_rounds(OPERATIONS["remove"], Arena(tmp_path), 4, SEED)
    assert tally.faults == []
    assert tally.hits > 1
    assert len(tally.states) > 1


def test_kill_before_the_first_commit_leaves_a_usable_library(tmp_path: Path) -> None:
    """A library whose writer was killed before it stored anything opens, and files can be added."""
    arena = Arena(tmp_path)
    texts = arena.write(range(2), 1)
    helper = HelperProcess("adder", str(arena.library), "[]")
    assert helper.read_line() == "begun"
    helper.kill()
    arena.fill(texts)
    with arena.open_library() as library:
        assert {info.source for info in library.documents()} == set(texts)
        assert library.problems() == []
