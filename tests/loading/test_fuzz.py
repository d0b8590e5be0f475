"""Damaged and hostile files become a document or a refusal with a reason, within limits of time and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.loading.confined import BareReader, SandboxReader
from tests.loading.fuzz import cases, corpus, fuzz
from tests.loading.hostile import HOSTILE
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = length(75, 150)
SEED = 6
SIZE = 30
"""About 3 % of the size in the nightly run, `python -m tests.loading.fuzz --hostile 1000`."""
CRASHING = {"PDF, form that draws itself"}
"""Files that crash pdfium, and with it the process that uses it."""


@pytest.fixture(scope="module")
def reader() -> Iterator[BareReader]:
    """One child process for all files, which is started again whenever a file ends it."""
    with BareReader(seconds=60) as bare_reader:
        yield bare_reader


def test_damaged_files_become_documents_or_refusals(reader: BareReader) -> None:
    """Each damaged file becomes a document in canonical form, or is refused with a reason."""
    outcomes = list(fuzz(cases(CASES, SEED, corpus(real=False)), reader))
    assert [f"{case}: {outcome}" for case, outcome in outcomes if not outcome.is_acceptable] == []
    fates = {outcome.fate for _, outcome in outcomes}
    assert fates == {"document", "refused"}


@pytest.mark.parametrize("description", sorted(HOSTILE.keys() - CRASHING))
def test_hostile_files_stay_within_time_and_memory(reader: BareReader, description: str) -> None:
    """The loaders alone survive each hostile file, within limits of time and memory."""
    name, make = HOSTILE[description]
    outcome = reader.read(make(SIZE), name)
    assert outcome.is_acceptable, outcome


@pytest.mark.parametrize("description", sorted(CRASHING))
def test_sandbox_survives_a_file_that_crashes_pdfium(description: str, tmp_path: Path) -> None:
    """In the sandbox that `add` uses, the file is a failure, and the next file is read."""
    name, make = HOSTILE[description]
    with SandboxReader(tmp_path, seconds=20, megabytes=300) as reader:
        outcome = reader.read(make(SIZE), name)
        assert outcome.fate == "limit", outcome
        assert reader.read(b"The Arctic Tern was moored.", "a.txt").fate == "document"
