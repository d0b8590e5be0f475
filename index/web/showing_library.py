"""The Library tab as markup: what can be added, how far it is, what is there, and what was removed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.markup import count, environment
from index.serving.states import UNDER_WAY
from index.web.health import findings
from index.web.naming import file_name, format_name
from index.web.rendering import READ_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.records import DocumentInfo
    from index.serving import FileState, Job
    from index.settings import Settings
    from index.web.shelf import Shelf

ROWS = 12
"""How many files of one upload are shown while it runs before the rest becomes a number."""
REPORTED = 100
"""How many are shown once it has ended: those that failed first."""
FEW = 8
"""A list up to this long needs no search."""
_HEADINGS = {
    "name": "Document",
    "author": "Author",
    "date": "Date",
    "format": "Format",
    "pages": "Pages",
    "passages": "Passages",
    "health": "Health",
}
_AT_WORK = ("reading", "encoding")
_STAGES = {
    "waiting": "Waiting",
    "reading": "Reading",
    "encoding": "Encoding",
    "added": "Added",
    "replaced": "Replaced",
    "unchanged": "Already here",
    "failed": "Not added",
    "cancelled": "Cancelled",
}
"""In the order in which a summary names them."""
_MINUTE = 60


def adding(settings: Settings, *, read_only: bool = False) -> str:
    """What can be added, above the drop zone; or that nothing can."""
    return _render("library_head.html", megabytes=settings.max_file_megabytes, read_only=READ_ONLY if read_only else "")


def keeping(settings: Settings, *, read_only: bool = False) -> str:
    """Below the drop zone: other ways to add, as far as they are allowed, and the places that library.js fills."""
    return _render(
        "keeping.html",
        urls=settings.allow_urls and not read_only,
        folders=() if read_only else settings.allow_folders,
        headings=_HEADINGS,
        few=FEW,
        megabytes=settings.max_file_megabytes,
    )


def begun(job: str) -> str:
    """Nothing to see: the mark of an upload that has become a job."""
    return _render("begun.html", job=job)


def removal_dialog() -> str:
    """The question before a document is removed."""
    return _render("removal.html")


def shelf(shelf: Shelf) -> str:
    """The list, or the part of it that was asked for."""
    return _render("shelf.html", shelf=shelf, wish=shelf.wish, headings=_HEADINGS, numbers=("pages", "passages"))


def removed(info: DocumentInfo) -> str:
    """That a document was removed, and what went with it."""
    return _render("removed.html", info=info)


def jobs(own: Iterable[Job], others: Sequence[Job]) -> str:
    """A reader's own uploads, newest first, and that others add something, too, without saying what."""
    waiting = sum(job.total for job in others)
    done = sum(job.done for job in others)
    return _render("uploads.html", jobs=[_job(job) for job in own], others=waiting, others_done=done)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A job as its template wants it."""

    id: str
    state: str
    running: bool
    done: int
    total: int
    heading: str
    numbers: str
    say: str
    """What a screen reader hears when it changes: once at the beginning and once at the end."""
    files: dict[int, FileState]
    """By their places in the job."""
    rest: str
    """What became of the files that are not shown."""
    job: Job


def _job(job: Job) -> _Shown:
    running, files = job.state in UNDER_WAY, job.files
    shown = _worth_showing(files, ROWS if running else REPORTED, ended=not running)
    heading = _heading(job)
    summary = summed_up(files)
    return _Shown(
        id=job.id,
        state=job.state,
        running=running,
        done=job.done,
        total=job.total,
        heading=heading,
        numbers=progress(job) if running else _seconds_of(job),
        say=heading if running else f"{heading}. {summary}",
        files={n: files[n] for n in shown},
        rest=summed_up([file for n, file in enumerate(files) if n not in shown]),
        job=job,
    )


def _heading(job: Job) -> str:
    files = count(job.total, "file")
    if job.state == "waiting":
        return f"{files} waiting for other uploads"
    return {"working": f"Adding {files}", "done": "Done", "cancelled": "Cancelled"}.get(job.state, "That did not work")


def summed_up(files: Iterable[FileState]) -> str:
    """`Added: 3. Not added: 1.`"""
    stages = [file.stage for file in files]
    return " ".join(f"{name}: {stages.count(stage):,}." for stage, name in _STAGES.items() if stage in stages)


def progress(job: Job) -> str:
    """`3 of 12 · 84 passages a second · about 20 s left`."""
    parts = [f"{job.done:,} of {job.total:,}"]
    if job.passages_per_second:
        parts.append(f"{job.passages_per_second:,.0f} passages a second")
    if job.seconds_left is not None:
        parts.append(f"about {duration(job.seconds_left)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """As precise as an estimate is: `5 s`, `40 s`, `3 min`, `2 h`."""
    if seconds < 1.5 * _MINUTE:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < 1.5 * _MINUTE else f"{round(minutes / _MINUTE)} h"


def _seconds_of(job: Job) -> str:
    if job.receipt is None or not job.receipt.passages:
        return ""
    return f"{count(job.receipt.passages, 'passage')} in {job.receipt.seconds:.1f} s"


def _worth_showing(files: Sequence[FileState], most: int, *, ended: bool) -> list[int]:
    """The places of all files where they are few; else of those at work, those that need somebody, the next ones."""
    if len(files) <= ROWS:
        return list(range(len(files)))
    busy = [n for n, file in enumerate(files) if file.stage in _AT_WORK]
    needy = [n for n, file in enumerate(files) if file.stage == "failed" or _lacks(file)]
    next_up = [] if ended else [n for n, file in enumerate(files) if file.stage == "waiting"]
    return sorted([*busy, *needy, *next_up][:most])


def _lacks(file: FileState) -> bool:
    return any(finding.brief for finding in findings(file.notes))


def _stage(file: FileState) -> str:
    """`Encoding, 12 of 40 passages`."""
    name = _STAGES[file.stage]
    if file.stage == "encoding" and file.of_passages:
        return f"{name}, {file.passages:,} of {count(file.of_passages, 'passage')}"
    if file.stage in ("added", "replaced") and file.passages:
        return f"{name} · {count(file.passages, 'passage')}"
    return name


_environment = environment(Path(__file__).parent / "templates")
_environment.filters.update(file_name=file_name, format_name=format_name, findings=findings, stage=_stage)
_environment.globals.update(at_work=_AT_WORK)


def _render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)
