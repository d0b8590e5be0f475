"""Kill the writer at any instant: the library is some committed state, and the next `add` goes on from there."""

from __future__ import annotations

import json
import random
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.loading import load
from tests.faults.adder import open_library
from tests.faults.conftest import Helper, check_committed, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 100
SEED = 20261125
INSTANTS = 20
CHANGES = 8


def canonical(paths: list[str], tmp_path: Path) -> dict[str, list[str]]:
    """What each file says, as the library should hold it."""
    return {path: [load(Path(path), max_bytes=10**6).text] for path in paths}


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the adder takes when nobody kills it."""
    folder = tmp_path_factory.mktemp("measured")
    paths = write_files(folder / "sources", FILES)
    helper = Helper("adder", str(folder / "library"), json.dumps([["add", *paths]]))
    assert helper.hear() == "begun"
    began = time.monotonic()
    assert helper.hear() == "done"
    took = time.monotonic() - began
    assert helper.end() == 0
    return took


def kill_after(helper: Helper, delay: float) -> None:
    """Let it begin, wait, and kill it."""
    assert helper.hear() == "begun"
    threading.Event().wait(delay)
    helper.kill()


def instants(count: int) -> Iterator[float]:
    """Shares of the whole run, spread over it and a little beyond its end, at random within their part."""
    chance = random.Random(SEED)
    for n in range(count):
        yield (n + chance.random()) / count * 1.05


def test_kills_while_adding(tmp_path: Path, seconds: float) -> None:
    """At each of twenty instants of an `add` of a hundred files: whole documents, agreeing indexes, and it goes on."""
    paths = write_files(tmp_path / "sources", FILES)
    texts = canonical(paths, tmp_path)
    states = []
    for n, share in enumerate(instants(INSTANTS)):
        folder = tmp_path / f"library {n}"
        kill_after(Helper("adder", str(folder), json.dumps([["add", *paths]])), share * seconds)
        with open_library(folder) as library:
            states.append(len(check_committed(library, texts)))
            receipt = library.add(paths)
            assert len(receipt.added) == FILES - states[-1]
            assert len(library.documents()) == FILES
            assert library.verify().mismatches == ()
        shutil.rmtree(folder)
    print(f"seed {SEED}: of {FILES} documents there were {states}")  # noqa: T201 - so that a failure can be repeated
    assert min(states) < FILES // 2
    assert len(set(states)) > 3


def test_kills_while_replacing_and_removing(tmp_path: Path, seconds: float) -> None:
    """Each document is its old version, its new one, or gone; never a mixture, never twice."""
    folder, count = tmp_path / "library", 40
    paths = write_files(tmp_path / "sources", count)
    texts = canonical(paths, tmp_path)
    with open_library(folder) as library:
        library.add(paths)
    for n, share in enumerate(instants(CHANGES)):
        write_files(tmp_path / "sources", count, version=n + 2)
        for path, new in canonical(paths, tmp_path).items():
            texts[path] = [*texts[path][-1:], *new]
        commands = [["add", *paths[:20]], ["remove", *paths[20:30]], ["add", *paths[30:]]]
        kill_after(Helper("adder", str(folder), json.dumps(commands)), share * seconds * 0.7)
        with open_library(folder) as library:
            sources = check_committed(library, texts)
            assert {*paths[:20], *paths[30:]} <= sources
            library.add(paths)
            assert check_committed(library, {path: text[-1:] for path, text in texts.items()}) == set(paths)
            assert library.verify().mismatches == ()


def test_kill_before_anything_is_stored(tmp_path: Path) -> None:
    """Killed as soon as the folder is there, the library opens as an empty one."""
    paths = write_files(tmp_path / "sources", 2)
    kill_after(Helper("adder", str(tmp_path / "library"), json.dumps([["add", *paths]])), 0)
    with open_library(tmp_path / "library") as library:
        assert library.problems() == []
        assert len(library.add(paths).added) + len(library.documents()) >= 2
