"""Vectors wait between encoding and storing, few in memory and many in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryNotWritable
from index.ingest import pipeline
from index.ingest.pipeline import VectorBuffer
from index.storage.tables import PackedVectors

if TYPE_CHECKING:
    from pathlib import Path

VECTORS = [PackedVectors(bytes([n]) * 16, bytes([n]) * 8, bytes([n]) * n) for n in range(10)]


@pytest.mark.parametrize("room", [pytest.param(10**6, id="in memory"), pytest.param(1, id="in a file")])
def test_what_is_put_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """By its key, in any order, also after more was put; sentence vectors may be none."""
    monkeypatch.setattr(pipeline, "IN_MEMORY", room)
    with VectorBuffer(tmp_path) as vectors:
        vectors.put(VECTORS[:4])
        assert vectors[VECTORS[2].key] == VECTORS[2]
        vectors.put(VECTORS[4:])
        assert (VECTORS[7].key in vectors, b"other" in vectors) == (True, False)
        found = vectors.sequence([each.key for each in reversed(VECTORS)])
        assert list(found) == VECTORS[::-1]
        assert (len(found), list(found[:2])) == (10, [VECTORS[9], VECTORS[8]])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is an error that names the folder."""

    class Full:
        def __init__(self, **stated: Any) -> None:
            pass

        def seek(self, place: int) -> None:
            pass

        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", Full)
    with VectorBuffer(tmp_path) as vectors, pytest.raises(LibraryNotWritable, match="No space left"):
        vectors.put(VECTORS)
