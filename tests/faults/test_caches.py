"""Damage to either index is repaired in silence, and never changes an answer."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.adder import open_library
from tests.faults.arena import clear
from tests.faults.conftest import write_files
from tests.nightly import is_nightly

if TYPE_CHECKING:
    from index.library.library import Library

SEED = 7
QUESTIONS = ("Ship7 left harbourtwo", "Who was Captain33?", "Ship55 in winter", "harbourthree Captain70")
"""Each with a clear order of its best hits: where many passages are equally good, any of them may be shown."""


def answers(library: Library) -> list[tuple[str, int, Any, str]]:
    """All that matters of the hits; what a question scores on each side belongs to it."""
    return [
        (question, hit.passage.id, pytest.approx(hit.score, abs=1e-5), hit.quote)
        for question in QUESTIONS
        for hit in library.search(question, limit=2)
    ]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library large enough for its dense index to be on disk, closed."""
    folder = tmp_path_factory.mktemp("sound")
    with open_library(folder / "library") as library:
        library.add(write_files(folder / "sources", 100))
    assert (folder / "library" / "dense.faiss").exists()
    return folder / "library"


def damages(data: bytes) -> dict[str, bytes]:
    """Ways in which a file can go wrong."""
    chance = random.Random(SEED)
    at = chance.randrange(len(data)) if data else 0
    return {
        "emptied": b"",
        "cut in half": data[: len(data) // 2],
        "a bit flipped": data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :] if data else b"x",
        "overwritten": bytes(chance.randrange(256) for _ in range(min(len(data), 4000))),
    }


def test_every_file_of_both_indexes(sound: Path, tmp_path: Path) -> None:
    """Whichever file is damaged, the library opens, answers as before, and finds nothing wrong with itself.

    Each file is damaged in one way; in the nightly run in each way.
    """
    with open_library(sound) as library:
        before = answers(library)
    assert len(before) == 2 * len(QUESTIONS)
    names = [path.relative_to(sound) for path in sorted(sound.rglob("*")) if path.is_file()]
    caches = [name for name in names if name.parts[0] == "lexical" or name.name == "dense.faiss"]
    assert len(caches) > 5
    for number, name in enumerate(caches):
        kinds = list(damages((sound / name).read_bytes()).items())
        for damage, data in kinds if is_nightly() else [kinds[number % len(kinds)]]:
            copy = tmp_path / "copy"
            shutil.copytree(sound, copy)
            (copy / name).write_bytes(data)
            with open_library(copy) as library:
                assert answers(library) == before, f"{name} {damage}"
                assert library.problems() == [], f"{name} {damage}"
            clear(copy)


def test_files_of_two_states_are_not_mixed(sound: Path, tmp_path: Path) -> None:
    """A lexical folder in which one file is of another state of the same library is made again."""
    copy = tmp_path / "copy"
    shutil.copytree(sound, copy)
    with open_library(copy) as library:
        library.add(write_files(tmp_path / "more", 3, version=9))
        before = answers(library)
    shutil.copy(sound / "lexical" / "meta.json", copy / "lexical" / "meta.json")
    with open_library(copy) as library:
        assert answers(library) == before
        assert library.problems() == []


def test_what_a_dead_writer_left_of_a_removal(sound: Path, tmp_path: Path) -> None:
    """A list of deleted passages that was written and never committed is in nobody's way."""
    folders = [Path(shutil.copytree(sound, tmp_path / name)) for name in ("dead", "next")]
    with open_library(folders[0]) as library:
        source = library.documents()[7].source
        library.remove(source)
    there = {path.name for path in (folders[1] / "lexical").iterdir()}
    left = [path for path in (folders[0] / "lexical").glob("*.del") if path.name not in there]
    assert left
    for path in left:
        shutil.copy(path, folders[1] / "lexical")
    with open_library(folders[1]) as library:
        library.remove(source)
        assert library.problems() == []
        assert source not in {hit.document.source for hit in library.search("Ship7", mode="lexical", limit=100)}
