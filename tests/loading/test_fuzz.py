"""Damaged and hostile files: a document or a refusal with a reason, in time and within memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.loading.confined import Confined, Parsing
from tests.loading.fuzz import cases, corpus, fuzz
from tests.loading.hostile import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = 150
SEED = 6
SIZE = 30
"""One part in thirty of what the hostile files have at their largest: `python -m tests.loading.fuzz --hostile`."""
BEYOND_US = {"PDF, a drawing of itself"}
"""What brings pdfium itself down, with the process that it is in."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Confined]:
    """One process for all, begun anew where a file ends it."""
    with Confined(seconds=60) as confined:
        yield confined


def test_damaged_files(reader: Confined) -> None:
    """Each of them becomes a document in canonical form, or is refused with a reason."""
    outcomes = list(fuzz(cases(CASES, SEED, corpus(real=False)), reader))
    assert [f"{case}: {outcome}" for case, outcome in outcomes if not outcome.sound] == []
    fates = {outcome.fate for _, outcome in outcomes}
    assert fates == {"document", "refused"}


@pytest.mark.parametrize("what", sorted(HOSTILE.keys() - BEYOND_US))
def test_hostile_files(reader: Confined, what: str) -> None:
    """None takes the process, much time, or memory beyond its limit, with nothing but the readers themselves."""
    name, make = HOSTILE[what]
    outcome = reader.read(make(SIZE), name)
    assert outcome.sound, outcome


@pytest.mark.parametrize("what", sorted(BEYOND_US))
def test_what_brings_a_reader_down(what: str, tmp_path: Path) -> None:
    """In the process in which `add` reads it, it is a failure, and the next file is read."""
    name, make = HOSTILE[what]
    with Parsing(tmp_path, seconds=20, megabytes=300) as reader:
        outcome = reader.read(make(SIZE), name)
        assert outcome.fate == "limit", outcome
        assert reader.read(b"The Arctic Tern was moored.", "a.txt").fate == "document"
