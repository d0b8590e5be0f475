"""Fixtures for tests of evidence packs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from index.citations.evidence_pack import read_pack
from tests.citations.packs import make_pack

if TYPE_CHECKING:
    from pathlib import Path

    from index.citations.evidence_pack import Pack


class SavePack(Protocol):
    """Saves a pack and returns its path."""

    def __call__(self, data: bytes | str) -> Path: ...


@pytest.fixture
def save_pack(tmp_path: Path) -> SavePack:
    """Return a function that saves a pack and returns its path."""

    def save_pack(data: bytes | str) -> Path:
        path = tmp_path / "some.pack"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return save_pack


@pytest.fixture
def pack_read(save_pack: SavePack) -> Pack:
    """A pack that was saved and read again."""
    return read_pack(save_pack(make_pack()))
