"""Sandbox processes that can be made to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.loading.sandbox import pool
from tests.sandbox import misbehaving_worker

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def idle_processes() -> Iterator[None]:
    """Tests of a module share the pool of sandbox processes, and none is left at the end."""
    yield
    pool.close_idle()


@pytest.fixture
def misbehaving_sandbox(monkeypatch: pytest.MonkeyPatch, idle_processes: None) -> None:
    """Sandbox processes obey the commands in a file."""
    monkeypatch.setattr(pool, "PROGRAM", misbehaving_worker.PROGRAM)
