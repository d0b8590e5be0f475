"""What tests share: a library with a readable encoder, files to put into it, the real encoder once."""

from __future__ import annotations

import os
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
    from pathlib import Path

    from index.encoders.encoder import SentenceTransformerEncoder

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch and FAISS are loaded: the workers share the cores

FIRST = ("attack", "faults")
"""Folders whose tests begin, for they are the longest; at the end they would keep one worker waiting for the other."""
MOST_EXAMPLES = 30
"""Examples of a property in the default run, unless its test says otherwise; the nightly run has Hypothesis's 100."""


class Write(Protocol):
    """Writes a file and gives its path."""

    def __call__(self, name: str, text: str | bytes) -> Path: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that `tests.nightly` describes."""
    parser.addoption("--nightly", action="store_true", help="run the tests that are too long for every day, too")


def pytest_configure(config: pytest.Config) -> None:
    """Make the switch known before modules are collected, and set how many examples of a property are tried.

    Hypothesis chooses a profile of its own where it sees CI; ours keep what that profile says, but for the examples.
    """
    if config.getoption("--nightly"):
        os.environ[SWITCH] = "true"
    usual = hypothesis.settings.get_profile("ci" if os.environ.get("CI") else "default")
    hypothesis.settings.register_profile("everyday", usual, deadline=None, max_examples=MOST_EXAMPLES)
    hypothesis.settings.register_profile("nightly", usual, deadline=None)
    hypothesis.settings.load_profile("nightly" if is_nightly() else "everyday")


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
    """No test reads or writes the library of whoever runs it, or reads their configuration file."""
    for name in [name for name in os.environ if name.startswith("PINCITE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PINCITE_CONFIG", "")
    monkeypatch.setenv("PINCITE_LIBRARY", str(tmp_path_factory.getbasetemp() / "default-library"))


@pytest.fixture
def encoder() -> FakeEncoder:
    """An encoder whose geometry can be read, and whose log says what it encoded."""
    return FakeEncoder()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into the test's own folder of sources."""

    def write(name: str, text: str | bytes) -> Path:
        path = tmp_path / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.fixture
def library(tmp_path: Path, encoder: FakeEncoder) -> Iterator[Library]:
    """An empty library with that encoder; passages are as short as they may be."""
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        yield library


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoder: FakeEncoder
) -> Run:
    """The program, on a library of this test."""
    return running(capsys, monkeypatch, tmp_path, encoder)


@pytest.fixture(scope="session")
def real_encoder() -> Any:
    """The default encoder in float32, loaded once; for tests marked `model`."""
    from index.encoders.encoder import SentenceTransformerEncoder

    encoder: SentenceTransformerEncoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    return encoder
