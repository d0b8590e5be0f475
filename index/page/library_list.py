"""The list of documents as a visitor sees it, and the actions of the Library tab.

Errors are raised; the callers show them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from index.errors import NotUploaded
from index.page import library_view
from index.page.library_view import file_name, findings
from index.records.document import UNDER_WAY
from index.records.file_kinds import origin
from index.server.fetch import fetch
from index.server.file_jobs import folder_arrivals
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library.library import Library
    from index.records import DocumentInfo
    from index.records.document import Arrival
    from index.server.job_queue import Jobs
    from index.settings import Settings

PAGE_LENGTH = 50
"""Documents per page."""
_Key = Callable[["DocumentInfo"], str | int]
COLUMNS: dict[str, _Key] = {
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
    """One of COLUMNS; any other value means the first."""
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


def shelf(documents: Sequence[DocumentInfo], wish: ListQuery) -> DocumentPage:
    """Filter and sort the documents, and return the requested page."""
    matching = [info for info in documents if _matches(info, wish.words)]
    column = wish.column if wish.column in COLUMNS else next(iter(COLUMNS))
    ordered = _sorted(matching, COLUMNS[column], falling=wish.falling)
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
        columns=tuple(name for name, key in COLUMNS.items() if name in _ALWAYS or any(map(key, documents))),
        wish=ListQuery(wish.words, column, wish.falling, page),
    )


def matching(documents: Sequence[DocumentInfo], words: str) -> list[DocumentInfo]:
    """Return the documents whose listed fields contain all words, sorted by name."""
    return _sorted([info for info in documents if _matches(info, words)], COLUMNS["name"], falling=False)


def _matches(info: DocumentInfo, words: str) -> bool:
    if not words:
        return True
    fields = " ".join(
        (info.name, file_name(info.source), info.author, info.date, info.kind, origin(info.reading))
    ).casefold()
    return all(word in fields for word in words.casefold().split())


def _sorted(documents: Sequence[DocumentInfo], key: _Key, *, falling: bool) -> list[DocumentInfo]:
    by_name = sorted(documents, key=COLUMNS["name"])
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
        found = shelf(self.library.documents(), query)
        return library_view.shelf(replace(found, rows=tuple(map(redacted, found.rows))), demo=self.settings.demo)

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
        return library_view.jobs(own, others)

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
        return library_view.removed(redacted(info))
