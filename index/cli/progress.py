"""How far long work is: a bar where standard error is a terminal, elsewhere a line every ten seconds."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from index.cli.printing import console, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import ProgressColumn, TaskID

    from index.evaluate.running import AskedCallback
    from index.operations import Watch
    from index.records import Progress as Moment
    from index.records import ProgressCallback

EVERY_SECONDS = 10.0
"""How long a log stays silent at most while work goes on."""
_NAME = 32
"""How many characters of a file's name are shown."""
_MINUTE, _HOUR = 60, 3600


class Display(Protocol):
    """What shows progress."""

    def show(self, task: str, what: str, done: float, total: int, rate: str = "") -> None:
        """Of a task, what is being done now, how much is done, and of how much; the last task shown is under way."""
        ...


class Bars:
    """A bar for each task."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[str, TaskID] = {}

    def show(self, task: str, what: str, done: float, total: int, rate: str = "") -> None:
        """Move its bar."""
        if task not in self._tasks:
            self._tasks[task] = self._bar.add_task("", total=total, rate="")
        self._bar.update(self._tasks[task], description=escape(what), total=total, completed=done, rate=rate)


class ProgressLines:
    """A line every EVERY_SECONDS, from a thread: it also comes while one step takes long.

    With `resting`, there may be nothing to do for days: then a line comes only when something was shown since the last.
    """

    def __init__(self, unit: str, *, resting: bool = False) -> None:
        self._unit = unit
        self._resting = resting
        self._due = not resting
        self._state: tuple[str, float, int, str] | None = None
        self._tasks: dict[str, float] = {}
        self._began = time.monotonic()
        self._task_began = self._began
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pincite-progress", daemon=True)

    def __enter__(self) -> ProgressLines:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def show(self, task: str, what: str, done: float, total: int, rate: str = "") -> None:
        """Remember it for the next line."""
        self._task_began = self._tasks.setdefault(task, time.monotonic())
        self._state = (what, done, total, rate)
        self._due = True

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            if not self._due:
                continue
            self._due = not self._resting
            try:
                typer.echo(printable(self._line()), err=True)
            except (OSError, ValueError):  # nobody reads standard error any more: that is no reason to stop the work
                return

    def _line(self) -> str:
        now = time.monotonic()
        if self._state is None:
            return f"starting; {duration(now - self._began)} so far"
        what, done, total, rate = self._state
        parts = [f"{what}: {int(done):,} of {total:,} {self._unit}".rstrip()] if total else [what]
        parts += [rate] if rate else []
        spent = now - self._task_began
        if 0 < done < total:
            parts.append(f"about {duration(spent * (total - done) / done)} left")
        return f"{', '.join(parts)}; {duration(now - self._began)} so far"


def duration(seconds: float) -> str:
    """A time as a person would say it."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if seconds < _HOUR else f"{minutes // _MINUTE} h {minutes % _MINUTE} min"


@contextmanager
def files(*, shown: bool) -> Iterator[ProgressCallback | None]:
    """For work on files: how many are done, how many passages, at which rate."""
    with _display(shown, "files", MofNCompleteColumn(), TextColumn("{task.fields[rate]}")) as display:
        yield _files_shown(display) if display else None


@contextmanager
def watching(*, shown: bool) -> Iterator[ProgressCallback | None]:
    """For folders that are watched: lines while there is something to do. On a terminal the changes are enough."""
    if not shown or console(stderr=True).is_terminal:
        yield None
        return
    with ProgressLines("files", resting=True) as lines:
        yield _files_shown(lines)


@contextmanager
def steps(*, shown: bool) -> Iterator[Watch | None]:
    """For work in several steps, each with a unit of its own."""
    with _display(shown, "", TaskProgressColumn()) as display:
        if display is None:
            yield None
            return

        def watch(what: str, done: int, total: int) -> None:
            display.show(what, what, done, total)

        yield watch


@contextmanager
def questions(*, shown: bool) -> Iterator[tuple[ProgressCallback | None, AskedCallback | None]]:
    """For questions that are asked one after the other, after documents were perhaps indexed."""
    with _display(shown, "", MofNCompleteColumn()) as display:
        if display is None:
            yield None, None
            return

        def asked(mode: str, done: int, total: int) -> None:
            what = f"asking, {mode}" if mode else "asking"
            display.show(what, what, done, total)

        yield _files_shown(display, "indexing"), asked


@contextmanager
def work(what: str, *, shown: bool) -> Iterator[None]:
    """For work that does not say how far it is: only that it goes on."""
    err = console(stderr=True)
    if not shown:
        yield
    elif err.is_terminal:
        with err.status(what):
            yield
    else:
        with ProgressLines("") as lines:
            lines.show(what, what, 0, 0)
            yield


@contextmanager
def _display(shown: bool, unit: str, *columns: ProgressColumn) -> Iterator[Display | None]:
    err = console(stderr=True)
    if not shown:
        yield None
    elif err.is_terminal:
        described = TextColumn("{task.description}")
        with Progress(described, BarColumn(), *columns, TimeRemainingColumn(), console=err, transient=True) as bar:
            yield Bars(bar)
    else:
        with ProgressLines(unit) as lines:
            yield lines


def _files_shown(display: Display, task: str = "") -> ProgressCallback:
    rate = _Rate()

    def report(moment: Moment) -> None:
        if moment.stage == "settled":  # the next moment counts it
            return
        name = printable(Path(moment.source).name[:_NAME])
        done = float(moment.files_done)
        if moment.of_passages:
            done += moment.passages / moment.of_passages
        display.show(task, task or f"{moment.stage} {name}".rstrip(), done, moment.files, rate.after(moment))

    return report


class _Rate:
    """Passages so far, and passages a second over the whole run."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._finished = 0
        self._current = 0

    def after(self, moment: Moment) -> str:
        if moment.stage == "encoding":
            if moment.passages < self._current:
                self._finished += self._current
            self._current = moment.passages
        passages = self._finished + self._current
        speed = passages / max(time.monotonic() - self._began, 0.001)
        return f"{passages:,} passages, {speed:.0f} passages/s" if passages else ""
