"""Parsing processes that can be made to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.parsing import pool
from tests.parsing import misbehaving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def flawed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Parsing processes obey the commands in a file; none is left behind."""
    monkeypatch.setattr(pool, "PROGRAM", misbehaving.PROGRAM)
    yield
    pool.close_idle()
