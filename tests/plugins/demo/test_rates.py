"""How often visitors may do something."""

from __future__ import annotations

import pytest
from limits.storage import MemoryStorage

from index.errors import RateLimited
from index.plugins.demo.allowance import Rates
from tests.plugins.demo.conftest import demo_settings


def test_visitor_and_address_are_counted_apart() -> None:
    """A refused action is counted for neither."""
    counted = Rates(demo_settings(demo_questions=2, demo_address_share=2))
    for visitor in ("ada", "ada", "bob", "bob"):
        counted.admit("question", visitor, "192.0.2.1")
    with pytest.raises(RateLimited, match="4 per minute"):
        counted.admit("question", "cy", "192.0.2.1")
    counted.admit("question", "cy", "192.0.2.2")
    with pytest.raises(RateLimited, match="2 per minute") as caught:
        counted.admit("question", "ada", "192.0.2.2")
    assert 0 < caught.value.seconds <= 60
    counted.admit("check", "ada", "192.0.2.1")


def test_visitors_of_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise, a server would remember every visitor until it stops."""
    counted, now = Rates(demo_settings()), [1000.0]
    monkeypatch.setattr("index.plugins.demo.allowance.time.monotonic", lambda: now[0])
    for number in range(50):
        counted.admit("request", f"visitor {number}", f"192.0.2.{number}")
    now[0] += 3 * 3600
    counted.admit("request", "ada", "192.0.2.200")
    assert set(counted._seen) == {"by ada", "at 192.0.2.200"}
    storage = counted._counter.storage
    assert isinstance(storage, MemoryStorage)
    assert len(storage.events) == 2
