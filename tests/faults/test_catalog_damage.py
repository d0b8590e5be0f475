"""Damage to the catalog is never served: every quote is right, or there is a clear error."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryError, PinciteError
from index.loading.loader import load
from tests.faults.adder import open_library
from tests.faults.arena import clear
from tests.faults.conftest import write_files
from tests.nightly import length

if TYPE_CHECKING:
    from pathlib import Path

SEED = 11
FLIPS = length(15, 60)


@pytest.fixture(scope="module")
def closed_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed library of ten documents."""
    folder = tmp_path_factory.mktemp("sound")
    with open_library(folder / "library") as library:
        library.add(write_files(folder / "sources", 10))
    return folder / "library"


def damaged_copy(closed_library: Path, target: Path, data: bytes) -> Path:
    """Copy the library and replace the content of its catalog."""
    shutil.copytree(closed_library, target)
    (target / "catalog.db").write_bytes(data)
    return target


def test_flipped_bytes_never_change_a_quote(closed_library: Path, tmp_path: Path) -> None:
    """After eight bits are flipped anywhere, every quote is in its source, or a LibraryError is raised."""
    generator = random.Random(SEED)
    original = (closed_library / "catalog.db").read_bytes()
    texts = {str(path): load(path, max_bytes=10**6).text for path in (closed_library.parent / "sources").iterdir()}
    served, refusals = 0, []
    for number in range(FLIPS):
        data = bytearray(original)
        for _ in range(8):
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        copy = damaged_copy(closed_library, tmp_path / f"copy {number}", bytes(data))
        try:
            with open_library(copy) as library:
                for question in ("Ship3", "captain", "winter harbour"):
                    for hit in library.search(question, limit=10):
                        assert any(hit.quote in text for text in texts.values())
                        assert hit.quote == hit.passage.text[hit.pin.start - hit.passage.start :][: len(hit.quote)]
                        served += 1
                library.problems()
                library.documents()
        except PinciteError as error:
            refusals.append(error)
        finally:
            clear(copy)
    assert served > 0
    assert refusals
    assert all(isinstance(error, LibraryError) and error.hint for error in refusals)


def test_closed_library_is_complete_without_its_log(closed_library: Path, tmp_path: Path) -> None:
    """A closed library has no log, and ignores a log of garbage."""
    assert not list(closed_library.glob("catalog.db-*"))
    copy = damaged_copy(closed_library, tmp_path / "copy", (closed_library / "catalog.db").read_bytes())
    (copy / "catalog.db-wal").write_bytes(b"garbage" * 1000)
    with open_library(copy) as library:
        assert len(library.documents()) == 10
        assert library.problems() == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_catalog_is_detected(closed_library: Path, tmp_path: Path, share: float) -> None:
    """Wherever the catalog is cut, opening it raises a LibraryError or the library reports the damage."""
    data = (closed_library / "catalog.db").read_bytes()
    copy = damaged_copy(closed_library, tmp_path / "copy", data[: int(len(data) * share)])
    try:
        with open_library(copy) as library:
            problems = library.problems()
    except LibraryError as error:
        problems = [error]  # type: ignore[list-item]
    assert problems
