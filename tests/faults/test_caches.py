"""Damage to either index is repaired without a message and never changes an answer; a log of garbage is ignored."""

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
"""Questions with a clear order of their best hits. Where passages score equally, any of them may be shown."""


def answers(library: Library) -> list[tuple[str, int, Any, str]]:
    """Return the passage, score and quote of each question's hits."""
    return [
        (question, hit.passage.id, pytest.approx(hit.score, abs=1e-5), hit.quote)
        for question in QUESTIONS
        for hit in library.search(question, limit=2)
    ]


@pytest.fixture(scope="module")
def closed_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed library that is large enough to keep its dense index in a file."""
    folder = tmp_path_factory.mktemp("sound")
    with open_library(folder / "library") as library:
        library.add(write_files(folder / "sources", 100))
    assert (folder / "library" / "dense.faiss").exists()
    return folder / "library"


def damaged_variants(data: bytes) -> dict[str, bytes]:
    """Return damaged variants of a file's content by name."""
    generator = random.Random(SEED)
    position = generator.randrange(len(data)) if data else 0
    return {
        "emptied": b"",
        "cut in half": data[: len(data) // 2],
        "a bit flipped": data[:position]
        + bytes([data[position] ^ (1 << generator.randrange(8))])
        + data[position + 1 :]
        if data
        else b"x",
        "overwritten": bytes(generator.randrange(256) for _ in range(min(len(data), 4000))),
    }


def test_damage_to_any_index_file_changes_no_answer(closed_library: Path, tmp_path: Path) -> None:
    """Whichever index file is damaged, the library opens, answers as before and reports no problems.

    Each file is damaged in one way, and in the nightly run in every way.
    """
    with open_library(closed_library) as library:
        expected = answers(library)
    assert len(expected) == 2 * len(QUESTIONS)
    names = [path.relative_to(closed_library) for path in sorted(closed_library.rglob("*")) if path.is_file()]
    caches = [name for name in names if name.parts[0] == "lexical" or name.name == "dense.faiss"]
    assert len(caches) > 5
    for number, name in enumerate(caches):
        kinds = list(damaged_variants((closed_library / name).read_bytes()).items())
        for damage, data in kinds if is_nightly() else [kinds[number % len(kinds)]]:
            copy = tmp_path / "copy"
            shutil.copytree(closed_library, copy)
            (copy / name).write_bytes(data)
            with open_library(copy) as library:
                assert answers(library) == expected, f"{name} {damage}"
                assert library.problems() == [], f"{name} {damage}"
            clear(copy)


def test_lexical_index_with_files_of_two_states_is_rebuilt(closed_library: Path, tmp_path: Path) -> None:
    """A lexical index is rebuilt if one of its files is from another state of the same library."""
    copy = tmp_path / "copy"
    shutil.copytree(closed_library, copy)
    with open_library(copy) as library:
        library.add(write_files(tmp_path / "more", 3, version=9))
        expected = answers(library)
    shutil.copy(closed_library / "lexical" / "meta.json", copy / "lexical" / "meta.json")
    with open_library(copy) as library:
        assert answers(library) == expected
        assert library.problems() == []


def test_uncommitted_deletion_files_of_a_dead_writer_are_harmless(closed_library: Path, tmp_path: Path) -> None:
    """A deletion file that a dead writer wrote and never committed does not disturb the next removal."""
    folders = [Path(shutil.copytree(closed_library, tmp_path / name)) for name in ("dead", "next")]
    with open_library(folders[0]) as library:
        source = library.documents()[7].source
        library.remove(source)
    existing_names = {path.name for path in (folders[1] / "lexical").iterdir()}
    leftovers = [path for path in (folders[0] / "lexical").glob("*.del") if path.name not in existing_names]
    assert leftovers
    for path in leftovers:
        shutil.copy(path, folders[1] / "lexical")
    with open_library(folders[1]) as library:
        library.remove(source)
        assert library.problems() == []
        assert source not in {hit.document.source for hit in library.search("Ship7", mode="lexical", limit=100)}


def test_closed_library_is_complete_without_its_log(closed_library: Path, tmp_path: Path) -> None:
    """A closed library has no log, and ignores a log of garbage."""
    assert not list(closed_library.glob("catalog.db-*"))
    copy = tmp_path / "copy"
    shutil.copytree(closed_library, copy)
    (copy / "catalog.db-wal").write_bytes(b"garbage" * 1000)
    with open_library(copy) as library:
        assert len(library.documents()) == 100
        assert library.problems() == []
