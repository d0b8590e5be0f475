"""Generated requests are answered as the OpenAPI description says; `tests.http.fuzz` sends more of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tests.http.fuzz import fuzz, library_served, report
from tests.nightly import is_nightly, length

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CASES = length(40, 20)
LEAST_CASES = length(40, 500)


def test_generated_requests_are_answered_as_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Valid requests are accepted, invalid ones refused, nothing fails, and every response matches its schema."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.root.manager, "disable", logging.ERROR)
    with library_served(tmp_path) as address:
        tallies = fuzz(address, CASES, brief=not is_nightly())
    summary = "\n".join(report(tallies))
    assert not any(tally.failures or tally.broken for tally in tallies.values()), summary
    assert sum(tally.cases for tally in tallies.values()) >= LEAST_CASES, summary
