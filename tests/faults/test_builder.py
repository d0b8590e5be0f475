"""The builder of a large library's dense index, a program of its own, is killed, starved and left alone."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from index.encoders.encoder import normalised
from index.storage.catalog.catalog import Catalog
from index.storage.dense.dense_index import DenseIndex
from index.storage.dense.index_state import APPROXIMATE_FROM
from tests.faults.conftest import fill
from tests.nightly import length
from tests.storage.factories import put_vectors

if TYPE_CHECKING:
    from pathlib import Path

SEED = 11
ROUNDS = length(2, 8)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library just large enough, in vectors of eight numbers, which no test touches."""
    path = tmp_path_factory.mktemp("filled")
    fill_library(path)
    return path


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of that library."""
    return shutil.copytree(filled, tmp_path / "library")


def fill_library(path: Path) -> None:
    """The catalog alone."""
    catalog = Catalog(path)
    catalog.create()
    chance = np.random.default_rng(SEED)
    put_vectors(catalog, normalised(chance.normal(size=(APPROXIMATE_FROM, 8)).astype(np.float32)))
    catalog.close()


def builder(folder: Path) -> subprocess.Popen[bytes]:
    """As a store starts it."""
    return subprocess.Popen([sys.executable, "-m", "index.storage.dense.builder", str(folder)])


def check(folder: Path, *, built: bool) -> None:
    """The index holds every passage, and has a base exactly where one was put in place."""
    catalog = Catalog(folder)
    index = DenseIndex(folder, catalog)
    index._builder.start = lambda: None  # type: ignore[method-assign]
    index.catch_up()
    assert len(index) == APPROXIMATE_FROM
    assert index.ids() == set(range(1, APPROXIMATE_FROM + 1))
    assert (index.base is not None) == built
    index.close()
    catalog.close()


def test_killed_at_any_instant(folder: Path) -> None:
    """Whenever it is killed, there is no base or a whole one, and the next builder sweeps what it left."""
    chance = random.Random(SEED)
    begun = time.monotonic()
    assert builder(folder).wait() == 0
    whole = time.monotonic() - begun
    (folder / "dense.ivf").unlink()
    for _ in range(ROUNDS):
        process = builder(folder)
        time.sleep(chance.uniform(0.2, 1.0) * whole)  # the instant is what is tried
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        assert killed or (folder / "dense.ivf").exists()
        check(folder, built=(folder / "dense.ivf").exists())
        (folder / "dense.ivf").unlink(missing_ok=True)
    (folder / "dense.ivf.1.part").write_bytes(b"left")
    assert builder(folder).wait() == 0
    check(folder, built=True)
    assert not list(folder.glob("*.part"))


def test_two_at_once(folder: Path) -> None:
    """Of two builders that are started together at least one builds, and neither gets in the other's way."""
    both = [builder(folder), builder(folder)]
    assert sorted(process.wait() for process in both) in ([0, 0], [0, 3])
    check(folder, built=True)


def test_a_full_disk(small_disk: Path, folder: Path) -> None:
    """It ends, says so by its exit code, and leaves nothing behind."""
    catalog = folder / "catalog.db"
    folder = small_disk / "library"
    folder.mkdir()
    (folder / "catalog.db").symlink_to(catalog)
    fill(small_disk, leave=300_000)
    assert builder(folder).wait() == 1
    assert {path.name for path in folder.iterdir()} <= {"catalog.db", "dense.lock"}
    check(folder, built=False)


def test_a_library_that_goes(folder: Path) -> None:
    """Where there is no library, it ends with an error and makes none."""
    (folder / "catalog.db").unlink()
    assert builder(folder).wait() == 1
    assert not (folder / "dense.ivf").exists()
    assert not (folder / "catalog.db").exists()
