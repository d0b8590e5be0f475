"""Requests made up from the service's own description are answered as it says; `tests.http.fuzz` makes more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.http.fuzz import fuzz, library_served, report
from tests.nightly import is_nightly, length

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CASES = length(60, 20)
ENOUGH = length(60, 500)


def test_the_service_is_as_it_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right requests are taken, wrong ones refused, nothing fails, and every response has the form it has to have."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.root.manager, "disable", logging.ERROR)
    with library_served(tmp_path) as address:
        tallies = fuzz(address, CASES, brief=not is_nightly())
    told = "\n".join(report(tallies))
    assert not any(tally.failures or tally.broken for tally in tallies.values()), told
    assert sum(tally.cases for tally in tallies.values()) >= ENOUGH, told
