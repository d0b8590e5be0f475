"""Shows progress: a bar if standard error is a terminal, otherwise a line every ten seconds."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn
from rich.text import Text

from index.cli.printing import console, printable
from index.server.jobs import Forecast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task, TaskID

    from index.records import Progress as ProgressRecord
    from index.records import ProgressCallback
    from index.records.report import OperationProgress

    AskedCallback = Callable[[str, int, int], None]
    """Receives a search mode, the number of questions asked in it, and the number of all."""

EVERY_SECONDS = 10.0
"""Seconds between two lines of progress in a log."""
_NAME = 32
"""Characters of a file's name that are shown."""
_MINUTE, _HOUR = 60, 3600


class Display(Protocol):
    """Shows the progress of tasks."""

    def show(self, task: str, step: str, done: float, total: int, rate: str = "") -> None:
        """Show the current step of a task and how much of `total` is done; the last task shown is the running one."""
        ...


class TimeLeft(ProgressColumn):
    """Shows the time left of a task, if its forecasts hold."""

    def render(self, task: Task) -> Text:
        """Return the time in words, or nothing."""
        left = task.fields["forecast"].seconds_left
        return Text("" if left is None else f"about {duration(left)} left")


class Bars:
    """Shows one bar per task."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}
        self._forecasts: dict[str, Forecast] = {}

    def show(self, task: str, step: str, done: float, total: int, rate: str = "") -> None:
        """Update the bar of a task."""
        if task not in self._tasks:
            self._forecasts[task] = Forecast(time.monotonic)
            self._tasks[task] = self._bar.add_task("", total=total, rate="", forecast=self._forecasts[task])
        self._forecasts[task].update(_seconds_left(self._forecasts[task], done, total))
        self._bar.update(self._tasks[task], description=escape(step), total=total, completed=done, rate=rate)


class ProgressLines:
    """Prints a line every EVERY_SECONDS from a thread, so that a long step is reported, too.

    With `resting`, a line is printed only if `show` was called since the last one: a watcher may idle for days.
    """

    def __init__(self, unit: str, *, resting: bool = False) -> None:
        self._unit = unit
        self._resting = resting
        self._due = not resting
        self._state: tuple[str, float, int, str] | None = None
        self._forecasts: dict[str, Forecast] = {}
        self._forecast = Forecast(time.monotonic)
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-progress", daemon=True)

    def __enter__(self) -> ProgressLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def show(self, task: str, step: str, done: float, total: int, rate: str = "") -> None:
        """Store the progress for the next line."""
        self._forecast = self._forecasts.setdefault(task, Forecast(time.monotonic))
        self._forecast.update(_seconds_left(self._forecast, done, total))
        self._state = (step, done, total, rate)
        self._due = True

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            if not self._due:
                continue
            self._due = not self._resting
            try:
                typer.echo(printable(self._line()), err=True)
            except (OSError, ValueError):  # standard error was closed, which must not stop the work
                return

    def _line(self) -> str:
        now = time.monotonic()
        if self._state is None:
            return f"starting; {duration(now - self._began)} so far"
        step, done, total, rate = self._state
        parts = [f"{step}: {int(done):,} of {total:,} {self._unit}".rstrip()] if total else [step]
        parts += [rate] if rate else []
        left = self._forecast.seconds_left
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return f"{', '.join(parts)}; {duration(now - self._began)} so far"


def _seconds_left(forecast: Forecast, done: float, total: int) -> float | None:
    """Return the seconds left at the mean speed of a task; None if it is not under way."""
    return forecast.seconds * (total - done) / done if 0 < done < total else None


def duration(seconds: float) -> str:
    """Return a time in words, such as `3 min` or `2 h 5 min`."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if seconds < _HOUR else f"{minutes // _MINUTE} h {minutes % _MINUTE} min"


@contextmanager
def file_progress(*, shown: bool) -> Iterator[ProgressCallback | None]:
    """Show progress over files: how many are done, with the passages and their rate."""
    with _display(shown, "files", MofNCompleteColumn(), TextColumn("{task.fields[rate]}")) as display:
        yield _file_callback(display) if display else None


@contextmanager
def watch_progress(*, shown: bool) -> Iterator[ProgressCallback | None]:
    """Show progress while folders are watched: lines in a log, nothing on a terminal, which shows the changes."""
    if not shown or console(stderr=True).is_terminal:
        yield None
        return
    with ProgressLines("files", resting=True) as lines:
        yield _file_callback(lines)


@contextmanager
def step_progress(*, shown: bool) -> Iterator[OperationProgress | None]:
    """Show progress over several steps, each with its own unit."""
    with _display(shown, "", TaskProgressColumn()) as display:
        if display is None:
            yield None
            return

        def watch(step: str, done: int, total: int) -> None:
            display.show(step, step, done, total)

        yield watch


@contextmanager
def question_progress(*, shown: bool) -> Iterator[tuple[ProgressCallback | None, AskedCallback | None]]:
    """Show progress over a series of questions, and over the indexing that may precede it."""
    with _display(shown, "", MofNCompleteColumn()) as display:
        if display is None:
            yield None, None
            return

        def asked(mode: str, done: int, total: int) -> None:
            step = f"asking, {mode}" if mode else "asking"
            display.show(step, step, done, total)

        yield _file_callback(display, "indexing"), asked


@contextmanager
def work_progress(label: str, *, shown: bool) -> Iterator[None]:
    """Show that work without a known length is running."""
    err = console(stderr=True)
    if not shown:
        yield
    elif err.is_terminal:
        with err.status(label):
            yield
    else:
        with ProgressLines("") as lines:
            lines.show(label, label, 0, 0)
            yield


@contextmanager
def _display(shown: bool, unit: str, *columns: ProgressColumn) -> Iterator[Display | None]:
    err = console(stderr=True)
    if not shown:
        yield None
    elif err.is_terminal:
        described = TextColumn("{task.description}")
        with Progress(described, BarColumn(), *columns, TimeLeft(), console=err, transient=True) as bar:
            yield Bars(bar)
    else:
        with ProgressLines(unit) as lines:
            yield lines


def _file_callback(display: Display, task: str = "") -> ProgressCallback:
    rate = _Rate()

    def report(progress: ProgressRecord) -> None:
        if progress.stage == "settled":  # the next record counts it
            return
        name = printable(Path(progress.source).name[:_NAME])
        done = float(progress.files_done)
        if progress.of_passages:
            done += progress.passages / progress.of_passages
        step = f"{progress.stage} {name}".rstrip()
        if progress.of_pages:
            step = f"recognising page {progress.page:,} of {progress.of_pages:,} of {name}"
            done += (progress.page - 1) / progress.of_pages
        display.show(task, task or step, done, progress.files, rate.updated(progress))

    return report


class _Rate:
    """Counts passages, and passages per second over the whole run."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._finished = 0
        self._current = 0

    def updated(self, progress: ProgressRecord) -> str:
        if progress.stage == "encoding":
            if progress.passages < self._current:
                self._finished += self._current
            self._current = progress.passages
        passages = self._finished + self._current
        speed = passages / max(time.monotonic() - self._began, 0.001)
        return f"{passages:,} passages, {speed:.0f} passages/s" if passages else ""
