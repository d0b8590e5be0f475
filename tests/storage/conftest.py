"""Fixtures for the storage tests: an empty catalog and its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.storage import store as store_module
from index.storage.catalog.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the catalog."""
    path = tmp_path / "library"
    path.mkdir()
    return path


@pytest.fixture
def catalog(folder: Path) -> Iterator[Catalog]:
    """A new, empty catalog, closed after the test."""
    catalog = Catalog(folder)
    catalog.create()
    yield catalog
    catalog.close()


@pytest.fixture
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader waits for the vectors however busy the machine is; test_dense_large tests that it need not."""
    monkeypatch.setattr(store_module, "PATIENCE", 30.0)
