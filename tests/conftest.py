"""What tests share: a library with a readable encoder, files to put into it, the real encoder once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

import hypothesis
import pytest

from index.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.running import Run, running

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from index.encoding import SentenceTransformerEncoder

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch and FAISS are loaded: the workers share the cores

hypothesis.settings.register_profile("unhurried", hypothesis.settings.get_profile("default"), deadline=None)
if not os.environ.get("CI"):  # where it is set, Hypothesis has a profile of its own, which is unhurried, too
    hypothesis.settings.load_profile("unhurried")

MANDATORY = ("faults", "browser", "server")
"""Tests of these kinds prove what the README promises: where CI sets `CI=true`, skipping one of them is a failure."""
FOLDERS = ("faults", "browser", "service")
"""Where no module as a whole may be skipped."""
EXCUSED = "shared data"
"""A reason that begins so is accepted: the file is not part of this repository."""


class Write(Protocol):
    """Writes a file and gives its path."""

    def __call__(self, name: str, text: str | bytes) -> Path: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """See MANDATORY."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and any(item.get_closest_marker(m) for m in MANDATORY):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(EXCUSED) and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped where CI=true: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module: then none of its tests is there to be marked."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and collector.path.parent.name in FOLDERS:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped where CI=true: {report.longrepr}"
    return report


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
    from index.encoding import SentenceTransformerEncoder

    encoder: SentenceTransformerEncoder = SentenceTransformerEncoder(device="cpu", precision="float32")
    return encoder
