"""Progress of long commands: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import re
import shutil
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from index.cli import progress
from index.library.library import Library
from index.records import Progress
from tests.cases import cases
from tests.cli.conftest import make_library
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.command_line import Run

RLO = "\u202e"
ENOUGH = 60.0
"""Seconds after which a test gives up."""


@pytest.fixture
def frequent_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print a line every hundredth of a second."""
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.01)


class StandardError:
    """Standard error, read until a pattern appears in it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.text = ""

    def until(self, pattern: str) -> str:
        """Wait for a pattern, and return all that was printed by then."""
        give_up = time.monotonic() + ENOUGH
        while not re.search(pattern, self.text) and time.monotonic() < give_up:
            time.sleep(0.005)
            self.text += self._capsys.readouterr().err
        assert re.search(pattern, self.text), self.text
        return self.text


@pytest.fixture
def standard_error(capsys: pytest.CaptureFixture[str]) -> StandardError:
    """Standard error of this test."""
    return StandardError(capsys)


def test_terminal_shows_a_progress_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The bar has the file, a count and a rate; a file name cannot send control characters."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with progress.file_progress(shown=True) as report:
        assert report is not None
        for n in (5, 10, 3):
            report(Progress(f"/x/evil [/red]{RLO}.md", "encoding", 1, 3, n, 10))
        report(Progress("", "done", 3, 3, 0, 0))
    err = capsys.readouterr().err
    assert "passages/s" in err
    assert RLO not in err


def test_pipe_gets_progress_lines(frequent_lines: None, standard_error: StandardError) -> None:
    """A line has files, passages and their rate; lines appear also while one step takes long."""
    with progress.file_progress(shown=True) as report:
        assert report is not None
        standard_error.until(r"^starting; \d s so far\n")
        report(Progress(f"/x/evil{RLO}.md", "encoding", 10, 40, 30, 60))
        line = r"encoding evil\.md: 10 of 40 files, 30 passages, \d+ passages/s; \d+ s so far\n"
        standard_error.until(f"(?:{line}){{3}}")
    assert RLO not in standard_error.text


def test_time_left_is_shown_once_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A steady task has a time left after some seconds; one that stands still loses it."""
    seconds = {"now": 0.0}
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: seconds["now"]))
    lines = progress.ProgressLines("files")
    for n in range(1, 21):
        seconds["now"] += 1
        lines.show("", "reading", n, 40)
    assert lines._line() == "reading: 20 of 40 files, about 19 s left; 20 s so far"
    seconds["now"] += 60
    assert "left" not in lines._line()


def test_short_command_prints_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    """A command of less than ten seconds prints no line; with `--quiet` none does."""
    with progress.file_progress(shown=True) as report:
        assert report is not None
        report(Progress("/x/a.md", "reading", 0, 1, 0, 0))
    assert progress.EVERY_SECONDS == 10
    with progress.file_progress(shown=False) as report:
        assert report is None
    assert capsys.readouterr().err == ""


def test_idle_watch_prints_no_progress(frequent_lines: None, standard_error: StandardError) -> None:
    """A line follows each change once, and idle time adds none."""
    with progress.watch_progress(shown=True) as report:
        assert report is not None
        time.sleep(0.1)
        report(Progress("/x/a.md", "reading", 0, 1, 0, 0))
        standard_error.until("reading a.md: 0 of 1 files")
        time.sleep(0.1)
        report(Progress("/x/b.md", "reading", 0, 1, 0, 0))
        standard_error.until("reading b.md")
    assert len(standard_error.text.splitlines()) == 2


def test_closed_standard_error_is_ignored(frequent_lines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work goes on if standard error is closed."""
    refused = threading.Event()

    def refuse(*_: object, **__: object) -> None:
        refused.set()
        raise BrokenPipeError

    monkeypatch.setattr("typer.echo", refuse)
    with progress.work_progress("comparing", shown=True):
        assert refused.wait(ENOUGH)


@cases(("seconds", "text"), [(5, "5 s"), (150, "2 min"), (3600, "1 h 0 min"), (3 * 3600 + 240, "3 h 4 min")])
def test_duration_uses_suitable_units(seconds: float, text: str) -> None:
    """A duration is printed in units that suit its length."""
    assert progress.duration(seconds) == text


# Every long command


@pytest.fixture
def slow(
    frequent_lines: None, standard_error: StandardError, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[type, str], None]]:
    """Make a method wait, at its end, until a line of progress was printed."""

    def wait(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def waiting(*arguments: object, **options: object) -> object:
            result = real(*arguments, **options)
            standard_error.until("so far")
            return result

        monkeypatch.setattr(owner, name, staticmethod(waiting) if name == "restore" else waiting)

    yield wait
    assert "so far" in standard_error.text


COMMANDS: list[tuple[str, Sequence[str]]] = [
    ("sync", ["sync", "SOURCES"]), ("sync", ["sync", "--dry-run", "SOURCES"]), ("verify", ["verify"]),
    ("backup", ["backup", "b.zip"]), ("restore", ["restore", "there.zip", "--library", "new"]),
    ("compact", ["compact"]), ("rebuild", ["rebuild"]), ("export_library", ["export-library", "e.zip"]),
    ("recall", ["stats", "--recall"]), ("coverage", ["coverage", "whale"]), ("check", ["check", "draft.txt"]),
    ("ask", ["ask", "--batch", "q.txt", "-o", "a.csv"]), ("ask", ["ask", "--batch", "q.txt"]),
    ("search", ["eval", "q.jsonl"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def made_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source, the library of it, and a backup."""
    folder = tmp_path_factory.mktemp("progress")
    with Library.open(make_library(folder, {"sea.md": "A whale swam by."}), encoder=FakeEncoder()) as library:
        library.backup(folder / "there.zip")
    return folder


@pytest.mark.parametrize(
    ("method", "arguments"),
    COMMANDS,
    ids=lambda argument: argument if isinstance(argument, str) else " ".join(argument),
)
def test_each_long_command_prints_progress(
    run: Run,
    made_before: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    slow: Callable[[type, str], None],
    method: str,
    arguments: Sequence[str],
) -> None:
    """A line appears on standard error during the work, although that is not a terminal."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(made_before, tmp_path, dirs_exist_ok=True)
    (tmp_path / "q.txt").write_text("Who swam?\n")
    (tmp_path / "q.jsonl").write_text('{"question": "Who swam?", "document": "sea.md", "quote": "A whale"}\n')
    (tmp_path / "draft.txt").write_text("A whale swam by.")
    slow(Library, method)
    outcome = run(*[str(tmp_path / "sources") if argument == "SOURCES" else argument for argument in arguments])
    assert outcome.code == 0
