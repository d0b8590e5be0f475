"""Shared fixtures: a library with a fake encoder, source files, the program, and the real encoder, loaded once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

from index.library.library import Library
from index.settings import Settings
from tests.command_line import Run, running
from tests.fakes import FakeEncoder
from tests.nightly import SWITCH, is_nightly
from tests.skips import pytest_make_collect_report as pytest_make_collect_report
from tests.skips import pytest_runtest_makereport as pytest_runtest_makereport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.encoders.encoder import SentenceTransformerEncoder

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch and FAISS are loaded: the workers share the cores

FIRST = ("attack", "faults")
"""Folders whose tests run first, because they are the longest; at the end, one worker would wait for the other."""
MEMORY = Path("/dev/shm")
"""A file system in memory: a library was made there in 66 ms and on a disk in 306 ms, most of them waiting for it."""
MEMORY_NEEDED = 4 * 2**30
"""Bytes that have to be free in it, many times what a run leaves there; containers often have 64 MB in all."""
MOST_EXAMPLES = 30
"""Examples of a property in the default run, unless its test says otherwise; the nightly run has Hypothesis's 100."""


class Write(Protocol):
    """Writes a file and gives its path."""

    def __call__(self, name: str, text: str | bytes) -> Path: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `tests.nightly` describes."""
    parser.addoption("--nightly", action="store_true", help="run the tests that are too long for every day, too")


def pytest_configure(config: pytest.Config) -> None:
    """Set the nightly switch before modules are collected, and the number of examples of a property.

    Hypothesis has a profile of its own for CI; ours keep its settings except for the number of examples.
    """
    keep_files_in_memory()
    ignore_settings_of_the_user()
    if config.getoption("--nightly"):
        os.environ[SWITCH] = "true"
    usual = hypothesis.settings.get_profile("ci" if os.environ.get("CI") else "default")
    hypothesis.settings.register_profile("everyday", usual, deadline=None, max_examples=MOST_EXAMPLES)
    hypothesis.settings.register_profile("nightly", usual, deadline=None)
    hypothesis.settings.load_profile("nightly" if is_nightly() else "everyday")


def keep_files_in_memory() -> None:
    """Let `tmp_path` be in memory if there is room, unless PYTEST_DEBUG_TEMPROOT names another folder."""
    if not os.access(MEMORY, os.W_OK | os.X_OK) or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free >= MEMORY_NEEDED:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def settings_of_the_user() -> list[str]:
    """Return the environment variables of Pincite but PINCITE_PLUGINS, which says what is tested."""
    return [name for name in os.environ if name.startswith("PINCITE_") and name != "PINCITE_PLUGINS"]


def ignore_settings_of_the_user() -> None:
    """Keep the user's settings away from what is made for a whole module or session, too."""
    for name in settings_of_the_user():
        del os.environ[name]
    os.environ["PINCITE_CONFIG"] = ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the long folders first, and leave out the tests that are marked `nightly`, unless this is the nightly run."""
    items.sort(key=lambda item: item.path.parent.name not in FIRST)
    if is_nightly():
        return
    left_out = [item for item in items if item.get_closest_marker("nightly")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep each test away from the user's own library, environment variables and configuration file."""
    for name in settings_of_the_user():
        monkeypatch.delenv(name)
    monkeypatch.setenv("PINCITE_CONFIG", "")
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path_factory.getbasetemp() / "default-library"))


@pytest.fixture
def encoder() -> FakeEncoder:
    """The fake encoder, which records what it encoded."""
    return FakeEncoder()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file into the test's folder of sources."""

    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def library(tmp_path: Path, encoder: FakeEncoder) -> Iterator[Library]:
    """An empty library with the fake encoder and the shortest passages that are allowed."""
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        yield library


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoder: FakeEncoder
) -> Run:
    """The program, with a library of this test."""
    return running(capsys, monkeypatch, tmp_path, encoder)


@pytest.fixture(scope="session")
def real_encoder() -> Any:
    """The default encoder in float32, loaded once; for tests marked `model`."""
    from index.encoders.encoder import SentenceTransformerEncoder

    encoder: SentenceTransformerEncoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    return encoder
