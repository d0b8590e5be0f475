"""The builder of a large library's dense index, a separate program, survives kills, full disks and a second builder."""

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
from index.storage.dense.builder import APPROXIMATE_FROM
from index.storage.dense.dense_index import DenseIndex
from tests.faults.disks import fill_disk
from tests.nightly import length
from tests.storage.factories import put_vectors

if TYPE_CHECKING:
    from pathlib import Path

SEED = 11
ROUNDS = length(1, 8)


@pytest.fixture(scope="module")
def large_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library just large enough for the builder, with vectors of eight numbers. Tests use copies of it."""
    path = tmp_path_factory.mktemp("filled")
    make_large_library(path)
    return path


@pytest.fixture
def folder(large_library: Path, tmp_path: Path) -> Path:
    """A copy of the large library."""
    return shutil.copytree(large_library, tmp_path / "library")


def make_large_library(path: Path) -> None:
    """Write a catalog with as many vectors as the builder needs, without any index."""
    catalog = Catalog(path)
    catalog.create()
    generator = np.random.default_rng(SEED)
    put_vectors(catalog, normalised(generator.normal(size=(APPROXIMATE_FROM, 8)).astype(np.float32)))
    catalog.close()


def start_builder(folder: Path) -> subprocess.Popen[bytes]:
    """Start the builder as a store does."""
    return subprocess.Popen([sys.executable, "-m", "index.storage.dense.builder", str(folder)])


def check_index(folder: Path, *, built: bool) -> None:
    """Check that the index holds every passage, and has a base exactly if the builder published one."""
    catalog = Catalog(folder)
    index = DenseIndex(folder, catalog)
    index._builder.start = lambda: None  # type: ignore[method-assign]
    index.catch_up()
    assert len(index) == APPROXIMATE_FROM
    assert index.ids() == set(range(1, APPROXIMATE_FROM + 1))
    assert (index.base is not None) == built
    index.close()
    catalog.close()


def test_killed_builder_leaves_no_base_or_a_whole_one(folder: Path) -> None:
    """After a kill at any time there is no base or a whole one, and the next builder removes partial files."""
    generator = random.Random(SEED)
    started = time.monotonic()
    assert start_builder(folder).wait() == 0
    full_seconds = time.monotonic() - started
    (folder / "dense.ivf").unlink()
    for _ in range(ROUNDS):
        process = start_builder(folder)
        time.sleep(generator.uniform(0.2, 1.0) * full_seconds)  # kills at different times are the point of this test
        process.send_signal(signal.SIGKILL)
        killed = process.wait() == -signal.SIGKILL
        assert killed or (folder / "dense.ivf").exists()
        check_index(folder, built=(folder / "dense.ivf").exists())
        (folder / "dense.ivf").unlink(missing_ok=True)
    (folder / "dense.ivf.1.part").write_bytes(b"left")
    assert start_builder(folder).wait() == 0
    check_index(folder, built=True)
    assert not list(folder.glob("*.part"))


def test_two_builders_at_once_build_one_index(folder: Path) -> None:
    """Of two builders that start together at least one builds the index, and neither disturbs the other."""
    builders = [start_builder(folder), start_builder(folder)]
    assert sorted(process.wait() for process in builders) in ([0, 0], [0, 3])
    check_index(folder, built=True)


def test_builder_fails_cleanly_on_a_full_disk(small_disk: Path, folder: Path) -> None:
    """On a full disk the builder exits with 1 and leaves no partial files behind."""
    catalog = folder / "catalog.db"
    folder = small_disk / "library"
    folder.mkdir()
    (folder / "catalog.db").symlink_to(catalog)
    fill_disk(small_disk, leave=300_000)
    assert start_builder(folder).wait() == 1
    assert {path.name for path in folder.iterdir()} <= {"catalog.db", "dense.lock"}
    check_index(folder, built=False)


def test_builder_makes_no_library_where_none_is(folder: Path) -> None:
    """Without a catalog the builder exits with 1 and creates no files."""
    (folder / "catalog.db").unlink()
    assert start_builder(folder).wait() == 1
    assert not (folder / "dense.ivf").exists()
    assert not (folder / "catalog.db").exists()
