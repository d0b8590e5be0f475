"""Files that appear whole, and stamps."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import LibraryNotWritable
from index.storage.files import Stamp, file_crc, write_atomically

if TYPE_CHECKING:
    from pathlib import Path


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(), st.integers())
def test_a_stamp_survives_json(library: str, form: int, generation: int) -> None:
    """A stamp that was written says the same when it is read."""
    stamp = Stamp(library, form, generation)
    assert Stamp.from_json(stamp.to_json()) == stamp


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "5", "{}", '{"library": "a", "format": "x", "generation": 1}', b"\xff"]
)
def test_what_is_no_stamp_is_refused(text: str | bytes) -> None:
    """Anything but a stamp is a ValueError, which makes the cache worthless rather than the program stop."""
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
def test_which_caches_fit(library: str, form: int, generation: int, fits: bool) -> None:
    """A cache serves the library, the format and the history that it was built from."""
    assert Stamp("a", 1, 7).fits(library, form, generation) is fits


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """The parts become one file, and nothing else is left in the folder."""
    write_atomically(tmp_path / "x", b"one ", memoryview(b"two"))
    assert (tmp_path / "x").read_bytes() == b"one two"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert file_crc(tmp_path / "x") == zlib.crc32(b"one two")


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    """Where the file cannot be written, the error is ours, and names the file."""
    (tmp_path / "x").mkdir()
    with pytest.raises(LibraryNotWritable, match=f"{tmp_path}/x cannot be written"):
        write_atomically(tmp_path / "x", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever goes wrong midway, the old file stays and the half-written one goes."""
    (tmp_path / "x").write_bytes(b"old")
    broken: Any = object()
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "x", b"new", broken)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
