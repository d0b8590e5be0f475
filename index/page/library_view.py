"""The Library tab: the forms for adding, the progress of jobs, the list of documents, removals, and their events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from index.citations.readable import environment
from index.errors import READ_ONLY, NotUploaded
from index.records import texts
from index.records.document import UNDER_WAY
from index.records.file_kinds import FORMATS, origin
from index.server.fetch import fetch
from index.server.file_jobs import folder_arrivals
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.library.library import Library
    from index.records import DocumentInfo
    from index.records.document import Arrival, FileState
    from index.server.job_queue import Jobs
    from index.server.jobs import Job
    from index.settings import Settings


_REPLACED = "and add it again under the same name: it then replaces this version."
_ADVICE = (
    (
        r"(.*) without text, as images:",
        "{} without text",
        f"For example with “ocrmypdf in.pdf out.pdf”; rename the result {_REPLACED}",
    ),
    (r"(.*) without text, as images\.", "{} without text", f"Then open Pincite again, {_REPLACED}"),
    (r"(.*pages?) with text that may be broken", "{} in doubt", f"Then open Pincite again, {_REPLACED}"),
    (
        r"(.*pages?) not recognised",
        "{} not recognised",
        f"Look at these pages; if they are faint or cut off, scan them again, {_REPLACED}",
    ),
    (
        r"(.*characters?) could not be read",
        "{} unreadable",
        f"Save the file as UTF-8 in the program that made it, {_REPLACED}",
    ),
    (
        r"(.*pages?) could not be read",
        "{} unreadable",
        f"Open the file in the program that made it, save it, {_REPLACED}",
    ),
)
"""For each kind of missing content: the start of its note, a short name, and the remedy."""
ROWS = 12
"""Files of a running upload that are shown; the rest is only counted."""
REPORTED = 100
"""Files of an ended upload that are shown, failed ones first."""
FEW = 8
"""A list of up to this length has no search box."""
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
"""Display names of the stages, in the order of a summary."""
_OUTCOMES = {stage: _STAGES[stage] for stage in ("failed", "cancelled", "added", "replaced", "unchanged")}
"""The groups of the report of an ended upload, in order."""
_GROUPED = 2
"""A report of fewer files needs no groups."""
NAMED = 5
"""Files of a group that an announcement names."""
_MINUTE = 60
_environment = environment(Path(__file__).parent / "templates")


def file_name(source: str) -> str:
    """Return the last part of a path or URL, or all of it if that is empty."""
    return PurePath(source).name or source


@dataclass(frozen=True, slots=True)
class Finding:
    """A note on a document, with its remedy."""

    note: str
    brief: str
    """A short name of the missing content; empty if nothing is missing."""
    remedy: str
    """How to fix it; empty if nothing is missing."""


def findings(notes: Sequence[str]) -> tuple[Finding, ...]:
    """Return a finding for each note, in the same order."""
    return tuple(_finding(note) for note in notes)


def _finding(note: str) -> Finding:
    for pattern, brief, remedy in _ADVICE:
        if match := re.match(pattern, note):
            return Finding(note, brief.format(match[1]), remedy)
    return Finding(note, "", "")


def adding(settings: Settings, *, read_only: bool = False) -> str:
    """Return the text above the drop zone: which files can be added, or that the library is read-only."""
    shown = f"This library {READ_ONLY}" if read_only else ""
    values = {"megabytes": settings.max_file_megabytes, "settings": settings, "formats": FORMATS}
    return _render("library_head.html", read_only=shown, **values)


def keeping(settings: Settings, *, read_only: bool = False) -> str:
    """Return the content below the drop zone: other allowed ways to add, and the elements that library.js fills."""
    return _render(
        "keeping.html",
        urls=settings.allow_urls and not (read_only or settings.demo),
        folders=() if read_only or settings.demo else settings.allow_folders,
        headings=_HEADINGS,
        few=FEW,
        megabytes=min(settings.max_file_megabytes, settings.demo_megabytes)
        if settings.demo
        else settings.max_file_megabytes,
    )


def job_mark(job: str) -> str:
    """Return the hidden mark of an upload's job."""
    return _render("begun.html", job=job)


def removal_dialog() -> str:
    """Return the dialog that confirms a removal."""
    return _render("removal.html")


def shelf(shelf: DocumentPage, *, demo: bool = False) -> str:
    """Return a page of the list. In a demo, visitors can remove only their own documents."""
    values = {"headings": _HEADINGS, "numbers": ("pages", "passages"), "demo": demo}
    return _render("shelf.html", shelf=shelf, wish=shelf.wish, **values)


def removed(info: DocumentInfo) -> str:
    """Return the report of a removal."""
    return _render("removed.html", info=info)


def jobs(own: Iterable[Job], others: Sequence[Job]) -> str:
    """Return a reader's own uploads, newest first, and the number of files that others add."""
    waiting = sum(job.total for job in others)
    done = sum(job.done for job in others)
    return _render("uploads.html", jobs=[_job(job) for job in own], others=waiting, others_done=done)


@dataclass(frozen=True, slots=True)
class _JobView:
    """The values of a job for its template."""

    id: str
    state: str
    running: bool
    done: int
    total: int
    heading: str
    numbers: str
    say: str
    """The announcement for screen readers, at the start and at the end."""
    groups: dict[str, dict[int, FileState]]
    """The shown files by index, below the heading of their group: one without a heading while the job runs."""
    rest: str
    """The summary of the files that are not shown."""
    job: Job


def _job(job: Job) -> _JobView:
    running, files = job.state in UNDER_WAY, job.files
    shown = _files_to_show(files, ROWS if running else REPORTED, ended=not running)
    heading = _heading(job)
    head = heading if job.state == "done" else f"{heading}. {summary_of(files)}"
    return _JobView(
        id=job.id,
        state=job.state,
        running=running,
        done=job.done,
        total=job.total,
        heading=heading,
        numbers=progress(job) if running else _seconds_of(job),
        say=heading if running else f"{head}. {_named(files)}".strip(),
        groups=_groups({n: files[n] for n in shown}, running=running),
        rest=summary_of([file for n, file in enumerate(files) if n not in shown]),
        job=job,
    )


def _groups(files: dict[int, FileState], *, running: bool) -> dict[str, dict[int, FileState]]:
    """Return the files of a running job as one group, and those of an ended one by their outcome."""
    if running or len(files) < _GROUPED:
        return {"": files} if files else {}
    groups = {name: {n: file for n, file in files.items() if file.stage == stage} for stage, name in _OUTCOMES.items()}
    return {f"{len(group):,} {name.lower()}": group for name, group in groups.items() if group}


def _heading(job: Job) -> str:
    files = texts.count(job.total, "file")
    if job.state == "waiting":
        return f"{files} waiting for other uploads"
    if job.state == "working":
        return f"Adding {files}"
    return summary_of(job.files) if job.state == "done" else {"cancelled": "Cancelled"}.get(job.state, texts.FAILED)


def summary_of(files: Iterable[FileState]) -> str:
    """Return a summary such as `3 added, 1 not added`."""
    stages = [file.stage for file in files]
    return ", ".join(f"{stages.count(stage):,} {name.lower()}" for stage, name in _STAGES.items() if stage in stages)


def _named(files: Sequence[FileState]) -> str:
    """Return the announcement of an ended upload: it names the files of each outcome, first those not added."""
    groups = [(name, [file.name for file in files if file.stage == stage]) for stage, name in _OUTCOMES.items()]
    return " ".join(f"{name}: {_listed(names)}." for name, names in groups if names)


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join([*names[:NAMED], *([f"{rest:,} more"] if rest > 0 else [])])


def progress(job: Job) -> str:
    """Return the progress, such as `3 of 12 · 84 passages per second · about 20 s left`."""
    parts = [f"{job.done:,} of {job.total:,}"]
    if job.passages_per_second:
        parts.append(f"{job.passages_per_second:,.0f} passages per second")
    if job.seconds_left is not None:
        parts.append(f"about {duration(job.seconds_left)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Return a rounded duration: `5 s`, `40 s`, `3 min`, `2 h`."""
    if seconds < 1.5 * _MINUTE:
        return f"{max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / _MINUTE)
    return f"{minutes} min" if minutes < 1.5 * _MINUTE else f"{round(minutes / _MINUTE)} h"


def _seconds_of(job: Job) -> str:
    if job.receipt is None or not job.receipt.passages:
        return ""
    return f"{texts.count(job.receipt.passages, 'passage')} in {job.receipt.seconds:.1f} s"


def _files_to_show(files: Sequence[FileState], most: int, *, ended: bool) -> list[int]:
    """Return the indices of the files to show: all if they are few, else active, problematic and next ones."""
    if len(files) <= ROWS:
        return list(range(len(files)))
    busy = [n for n, file in enumerate(files) if file.stage in _AT_WORK]
    needy = [n for n, file in enumerate(files) if file.stage == "failed" or _has_missing_content(file)]
    others = [n for n, file in enumerate(files) if n not in needy and (ended or file.stage == "waiting")]
    return sorted([*busy, *needy, *others][:most])


def _has_missing_content(file: FileState) -> bool:
    return any(finding.brief for finding in findings(file.notes))


def _stage(file: FileState) -> str:
    """Return a stage with its progress, such as `Encoding, 12 of 40 passages`."""
    name = _STAGES[file.stage]
    if file.stage == "encoding" and file.ready:
        return f"{file.ready:,} of {texts.count(file.of_passages, 'passage')} read; you can ask now"
    if file.stage == "encoding" and file.of_passages:
        return f"{name}, {file.passages:,} of {texts.count(file.of_passages, 'passage')}"
    if file.stage in ("added", "replaced") and file.passages:
        return f"{name} · {texts.count(file.passages, 'passage')}"
    return name


def _origin(info: DocumentInfo) -> str:
    return origin(info.reading)


_environment.filters.update(file_name=file_name, findings=findings, origin=_origin, stage=_stage)
_environment.globals.update(at_work=_AT_WORK)


def _render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)


# The list of documents as a visitor sees it, and the actions of the Library tab.
#
# Errors are raised; the callers show them.

PAGE_LENGTH = 50
"""Documents per page."""
_Key = Callable[["DocumentInfo"], str | int]
SORT_KEYS: dict[str, _Key] = {
    "name": lambda info: info.name.casefold(),
    "author": lambda info: info.author.casefold(),
    "date": lambda info: info.date,
    "format": lambda info: info.kind.casefold(),
    "pages": lambda info: info.pages,
    "passages": lambda info: info.passages,
    "health": lambda info: sum(bool(finding.brief) for finding in findings(info.health)),
}
"""Sort keys by column. An empty text or 0 means unknown and is sorted last in both directions."""
_ALWAYS = ("name", "format", "passages", "health")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The filter, order and page that a reader requests."""

    words: str = ""
    """Words that must all occur in the listed fields of a document."""
    column: str = "name"
    """One of SORT_KEYS; any other value means the first."""
    falling: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of the list, with totals."""

    rows: tuple[DocumentInfo, ...]
    first: int
    """Position of the first row among the matching documents, from 1."""
    matched: int
    documents: int
    """Number of all documents, matching or not."""
    passages: int
    pages: int
    """Number of pages, at least 1."""
    columns: tuple[str, ...]
    """The columns that are always shown, and those with a value in any document."""
    wish: ListQuery
    """The query with a valid page and column."""


def shelf_of(documents: Sequence[DocumentInfo], wish: ListQuery) -> DocumentPage:
    """Filter and sort the documents, and return the requested page."""
    matching = [info for info in documents if _matches(info, wish.words)]
    column = wish.column if wish.column in SORT_KEYS else next(iter(SORT_KEYS))
    ordered = _sorted(matching, SORT_KEYS[column], falling=wish.falling)
    pages = max(1, -(-len(ordered) // PAGE_LENGTH))
    page = min(max(1, wish.page), pages)
    start = (page - 1) * PAGE_LENGTH
    return DocumentPage(
        rows=tuple(ordered[start : start + PAGE_LENGTH]),
        first=start + 1,
        matched=len(ordered),
        documents=len(documents),
        passages=sum(info.passages for info in documents),
        pages=pages,
        columns=tuple(name for name, key in SORT_KEYS.items() if name in _ALWAYS or any(map(key, documents))),
        wish=ListQuery(wish.words, column, wish.falling, page),
    )


def matching(documents: Sequence[DocumentInfo], words: str) -> list[DocumentInfo]:
    """Return the documents whose listed fields contain all words, sorted by name."""
    return _sorted([info for info in documents if _matches(info, words)], SORT_KEYS["name"], falling=False)


def _matches(info: DocumentInfo, words: str) -> bool:
    if not words:
        return True
    fields = " ".join(
        (info.name, file_name(info.source), info.author, info.date, info.kind, origin(info.reading))
    ).casefold()
    return all(word in fields for word in words.casefold().split())


def _sorted(documents: Sequence[DocumentInfo], key: _Key, *, falling: bool) -> list[DocumentInfo]:
    by_name = sorted(documents, key=SORT_KEYS["name"])
    known = sorted((info for info in by_name if key(info)), key=key, reverse=falling)
    return known + [info for info in by_name if not key(info)]


@dataclass(frozen=True, slots=True)
class LibraryEvents:
    """The actions of the Library tab."""

    library: Library
    settings: Settings
    jobs: Jobs
    job_browsers: dict[str, str] = field(default_factory=dict)
    """Browsers that have not seen the report of their upload job yet, by job id: Gradio's client may lose the event
    that returns the id."""

    def shelf(self, query: ListQuery) -> str:
        """Return the requested part of the list of documents."""
        found = shelf_of(self.library.documents(), query)
        return shelf(replace(found, rows=tuple(map(redacted, found.rows))), demo=self.settings.demo)

    def state(self, mine: Sequence[str], browser: str = "") -> dict[str, object]:
        """Return the state that an open page polls every few seconds: what has changed, and whether jobs run.

        `begun` has the browser's jobs of which it has not seen the report, even if they have ended.
        """
        recent = self.jobs.recent()
        seen = hashlib.sha256(" ".join(f"{job.id}:{job.version}" for job in recent).encode())
        working = [job.id for job in recent if job.state in UNDER_WAY]
        return {
            "generation": self.library.generation(),
            "jobs": seen.hexdigest()[:16],
            "known": [job.id for job in recent if job.id in mine],
            "begun": [job.id for job in recent if browser and self.job_browsers.get(job.id) == browser],
            "working": any(identity in mine for identity in working),
            "others": any(identity not in mine for identity in working),
        }

    def watched(self, mine: Sequence[str], browser: str = "") -> str:
        """Return the reports of one browser's uploads, and the number of others."""
        for identity in mine:
            if self.job_browsers.get(identity) == browser:
                self.job_browsers.pop(identity, None)
        recent = [job for job in self.jobs.recent() if job.kind == "add"]
        own = [job for job in recent if job.id in mine]
        others = [job for job in recent if job.id not in mine and job.state in UNDER_WAY]
        return jobs(own, others)

    def cancel(self, identity: str, file: int | None = None) -> str:
        """Cancel a job, or one waiting file of it. Returns empty HTML."""
        self.jobs.find(identity).cancel(file)
        return ""

    def upload(self, files: Sequence[Arrival], client: str = "", browser: str = "") -> str:
        """Add files from the drop zone, and return the job's id. Raises NotUploaded without files."""
        if not files:
            raise NotUploaded
        job = self.jobs.add(files, client)
        for old in self.job_browsers.keys() - {recent.id for recent in self.jobs.recent()}:
            self.job_browsers.pop(old, None)
        self.job_browsers[job.id] = browser
        return job.id

    def link(self, address: str, client: str = "") -> str:
        """Fetch and add a page or file from the web, and return the job's id."""
        self.jobs.require_writable()
        return self.jobs.add([fetch(address, self.settings, self.jobs.uploads)], client).id

    def folder(self, path: str, client: str = "") -> str:
        """Add a folder of the server, and return the job's id."""
        return self.jobs.add(folder_arrivals(path, self.settings), client).id

    def remove(self, identity: str) -> str:
        """Remove a document and its uploaded file."""
        info = self.library.find(identity)
        self.jobs.remove(info.id)
        return removed(redacted(info))
