"""Vectors are buffered between encoding and storing: few in memory, many in a file."""

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
def test_buffered_vectors_are_found_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Vectors are found in any order, even after more were added; sentence vectors may be absent."""
    monkeypatch.setattr(pipeline, "IN_MEMORY", room)
    with VectorBuffer(tmp_path) as vectors:
        vectors.put(VECTORS[:4])
        assert vectors[VECTORS[2].key] == VECTORS[2]
        vectors.put(VECTORS[4:])
        assert (VECTORS[7].key in vectors, b"other" in vectors) == (True, False)
        sequence = vectors.sequence([vector.key for vector in reversed(VECTORS)])
        assert list(sequence) == VECTORS[::-1]
        assert (len(sequence), list(sequence[:2])) == (10, [VECTORS[9], VECTORS[8]])
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_an_error_that_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error quotes the reason of the system."""

    class FullFile:
        """A file on a full disk."""

        def __init__(self, **options: Any) -> None:
            pass

        def seek(self, place: int) -> None:
            pass

        def write(self, data: bytes) -> None:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", FullFile)
    with VectorBuffer(tmp_path) as vectors, pytest.raises(LibraryNotWritable, match="No space left"):
        vectors.put(VECTORS)
