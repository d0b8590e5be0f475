"""Fixtures for files that are added, synced and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that `write` writes into."""
    path = tmp_path / "sources"
    path.mkdir()
    return path


@pytest.fixture
def settled_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, instead of two seconds after they were written."""
    monkeypatch.setattr("index.ingest.plan.SETTLING_NS", -(10**12))
    monkeypatch.setattr("index.ingest.queue.SETTLING_NS", -(10**12))
