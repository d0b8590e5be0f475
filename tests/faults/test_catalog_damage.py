"""Damage to the catalog is never served: what can be read is right, and the rest is a clear error."""

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
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of ten documents, closed."""
    folder = tmp_path_factory.mktemp("sound")
    with open_library(folder / "library") as library:
        library.add(write_files(folder / "sources", 10))
    return folder / "library"


def damaged_copy(sound: Path, to: Path, data: bytes) -> Path:
    """The library with another catalog."""
    shutil.copytree(sound, to)
    (to / "catalog.db").write_bytes(data)
    return to


def test_flipped_bytes_never_change_a_quote(sound: Path, tmp_path: Path) -> None:
    """Eight bytes anywhere, many times: every quote that is served is in its source, or the error is one of ours."""
    chance = random.Random(SEED)
    original = (sound / "catalog.db").read_bytes()
    texts = {str(path): load(path, max_bytes=10**6).text for path in (sound.parent / "sources").iterdir()}
    served, refusals = 0, []
    for n in range(FLIPS):
        data = bytearray(original)
        for _ in range(8):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        copy = damaged_copy(sound, tmp_path / f"copy {n}", bytes(data))
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


def test_a_lost_log_loses_nothing_that_was_closed(sound: Path, tmp_path: Path) -> None:
    """After closing, the database is complete without its log."""
    assert not list(sound.glob("catalog.db-*"))
    copy = damaged_copy(sound, tmp_path / "copy", (sound / "catalog.db").read_bytes())
    (copy / "catalog.db-wal").write_bytes(b"garbage" * 1000)
    with open_library(copy) as library:
        assert len(library.documents()) == 10
        assert library.problems() == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_catalog_is_refused(sound: Path, tmp_path: Path, share: float) -> None:
    """Wherever it was cut, reading it all raises an error of ours or names the damage; nothing is made up."""
    data = (sound / "catalog.db").read_bytes()
    copy = damaged_copy(sound, tmp_path / "copy", data[: int(len(data) * share)])
    try:
        with open_library(copy) as library:
            found = library.problems()
    except LibraryError as error:
        found = [error]  # type: ignore[list-item]
    assert found
