"""What is told of long work while it goes on: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from index.cli import progress
from index.library.library import Library
from index.records import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

RLO = "\u202e"
ENOUGH = 60.0
"""Seconds after which a test gives up."""


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line every hundredth of a second."""
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.01)


class Heard:
    """What standard error had, read until it has what is waited for."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.text = ""

    def until(self, pattern: str) -> str:
        """All that was heard, as soon as it has this."""
        give_up = time.monotonic() + ENOUGH
        while not re.search(pattern, self.text) and time.monotonic() < give_up:
            time.sleep(0.005)
            self.text += self._capsys.readouterr().err
        assert re.search(pattern, self.text), self.text
        return self.text


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> Heard:
    """Standard error as it comes."""
    return Heard(capsys)


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With file, count and rate; names cannot steer the terminal."""
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


def test_elsewhere_a_line_comes_now_and_then(often: None, heard: Heard) -> None:
    """Files done of how many, passages and their rate, the time left; also while one step takes long."""
    with progress.file_progress(shown=True) as report:
        assert report is not None
        heard.until(r"^starting; \d s so far\n")
        report(Progress(f"/x/evil{RLO}.md", "encoding", 10, 40, 30, 60))
        line = r"encoding evil\.md: 10 of 40 files, 30 passages, \d+ passages/s, about .+ left; \d+ s so far\n"
        heard.until(f"(?:{line}){{3}}")
    assert RLO not in heard.text


def test_a_quick_command_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """What ends within ten seconds leaves no line; with `--quiet` nothing does."""
    with progress.file_progress(shown=True) as report:
        assert report is not None
        report(Progress("/x/a.md", "reading", 0, 1, 0, 0))
    assert progress.EVERY_SECONDS == 10
    with progress.file_progress(shown=False) as report:
        assert report is None
    assert capsys.readouterr().err == ""


def test_a_watch_is_silent_while_nothing_happens(often: None, heard: Heard) -> None:
    """A line comes after something was done, once, and not for the days after it."""
    with progress.watch_progress(shown=True) as report:
        assert report is not None
        time.sleep(0.1)
        report(Progress("/x/a.md", "reading", 0, 1, 0, 0))
        heard.until("reading a.md: 0 of 1 files")
        time.sleep(0.1)
        report(Progress("/x/b.md", "reading", 0, 1, 0, 0))
        heard.until("reading b.md")
    assert len(heard.text.splitlines()) == 2


def test_nobody_who_reads_is_no_error(often: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error may be closed while the work goes on."""
    refused = threading.Event()

    def refuse(*_: object, **__: object) -> None:
        refused.set()
        raise BrokenPipeError

    monkeypatch.setattr("typer.echo", refuse)
    with progress.work_progress("comparing", shown=True):
        assert refused.wait(ENOUGH)


@pytest.mark.parametrize(
    ("seconds", "said"), [(5, "5 s"), (150, "2 min"), (3600, "1 h 0 min"), (3 * 3600 + 240, "3 h 4 min")]
)
def test_how_long(seconds: float, said: str) -> None:
    """In units that a person would use."""
    assert progress.duration(seconds) == said


# Every long command


@pytest.fixture
def slow(often: None, heard: Heard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type, str], None]]:
    """Makes a method wait, at its end, until a line of progress came."""

    def wait(owner: type, name: str) -> None:
        real = getattr(owner, name)

        def waiting(*arguments: object, **options: object) -> object:
            result = real(*arguments, **options)
            heard.until("so far")
            return result

        monkeypatch.setattr(owner, name, staticmethod(waiting) if name == "restore" else waiting)

    yield wait
    assert "so far" in heard.text


COMMANDS: list[tuple[str, Sequence[str]]] = [
    ("sync", ["sync", "SOURCES"]),
    ("sync", ["sync", "--dry-run", "SOURCES"]),
    ("verify", ["verify"]),
    ("backup", ["backup", "b.zip"]),
    ("restore", ["restore", "there.zip", "--library", "new"]),
    ("compact", ["compact"]),
    ("rebuild", ["rebuild"]),
    ("export_library", ["export-library", "e.zip"]),
    ("recall", ["stats", "--recall"]),
    ("coverage", ["coverage", "whale"]),
    ("check", ["check", "draft.txt"]),
    ("ask", ["ask", "--batch", "q.txt", "-o", "a.csv"]),
    ("ask", ["ask", "--batch", "q.txt"]),
    ("search", ["eval", "q.jsonl"]),
]


@pytest.mark.parametrize(
    ("method", "arguments"), COMMANDS, ids=lambda each: each if isinstance(each, str) else " ".join(each)
)
def test_every_long_command_says_that_it_goes_on(
    run: Run,
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    slow: Callable[[type, str], None],
    method: str,
    arguments: Sequence[str],
) -> None:
    """A line on standard error while it is at work, though that is no terminal."""
    monkeypatch.chdir(tmp_path)
    run("add", write("sea.md", "A whale swam by."))
    run("backup", "there.zip")
    (tmp_path / "q.txt").write_text("Who swam?\n")
    (tmp_path / "q.jsonl").write_text('{"question": "Who swam?", "document": "sea.md", "quote": "A whale"}\n')
    (tmp_path / "draft.txt").write_text("A whale swam by.")
    slow(Library, method)
    outcome = run(*[str(tmp_path / "sources") if each == "SOURCES" else each for each in arguments])
    assert outcome.code == 0
