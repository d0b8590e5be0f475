"""Atomic writes and stamps of cache files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import LibraryNotWritable
from index.storage.files import Stamp, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), st.integers())
def test_stamp_survives_json(library: str, form: int, generation: int) -> None:
    """A stamp that was written equals the stamp that is read."""
    stamp = Stamp(library, form, generation)
    assert Stamp.from_json(stamp.to_json()) == stamp


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "5", "{}", '{"library": "a", "format": "x", "generation": 1}', b"\xff"]
)
def test_invalid_stamp_raises_value_error(text: str | bytes) -> None:
    """Anything but a stamp is a ValueError: the cache is then discarded, and the program continues."""
    with pytest.raises(ValueError):
        Stamp.from_json(text)


@pytest.mark.parametrize(
    ("library", "form", "generation", "fits"),
    [
        pytest.param("a", 1, 7, True, id="same generation"),
        pytest.param("a", 1, 8, True, id="older than the catalog: can be caught up"),
        pytest.param("a", 1, 6, False, id="newer than the catalog: of another history"),
        pytest.param("b", 1, 7, False, id="another library"),
        pytest.param("a", 2, 7, False, id="another format"),
    ],
)
def test_stamp_fits_its_library_format_and_history(library: str, form: int, generation: int, fits: bool) -> None:
    """A cache is used only for the library, the format and the history that it was built from."""
    assert Stamp("a", 1, 7).fits(library, form, generation) is fits


def test_atomic_write_leaves_one_complete_file(tmp_path: Path) -> None:
    """The parts become one file, and no other file is left in the folder."""
    write_atomically(tmp_path / "x", b"one ", memoryview(b"two"))
    assert (tmp_path / "x").read_bytes() == b"one two"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_unwritable_file_raises_library_not_writable(tmp_path: Path) -> None:
    """If the file cannot be written, the error is Pincite's own and names the file."""
    (tmp_path / "x").mkdir()
    with pytest.raises(LibraryNotWritable, match=f"{tmp_path}/x cannot be written"):
        write_atomically(tmp_path / "x", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    """If a write fails midway, the old file stays and the partial one is deleted."""
    (tmp_path / "x").write_bytes(b"old")
    broken: Any = object()
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "x", b"new", broken)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
