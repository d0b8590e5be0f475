"""Sandbox processes that can be made to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.loading.sandbox import pool
from tests.sandbox import misbehaving_worker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def misbehaving_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sandbox processes obey the commands in a file, and none is left at the end."""
    monkeypatch.setattr(pool, "PROGRAM", misbehaving_worker.PROGRAM)
    yield
    pool.close_idle()
