"""Packs on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from index.citations.pack_verification import read_pack
from tests.citations.packs import made

if TYPE_CHECKING:
    from pathlib import Path

    from index.citations.evidence_pack import Pack


class Keep(Protocol):
    """Writes a pack and gives its path."""

    def __call__(self, data: bytes | str) -> Path: ...


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Write a pack to the disk."""

    def keep(data: bytes | str) -> Path:
        path = tmp_path / "some.pack"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return keep


@pytest.fixture
def read(keep: Keep) -> Pack:
    """A pack that came from elsewhere."""
    return read_pack(keep(made()))
