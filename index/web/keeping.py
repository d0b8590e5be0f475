"""The actions of the Library tab, called by Gradio's drop zone and by the routes for library.js.

Errors are raised; the callers show them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from index.schema.redaction import redacted
from index.serving import fetch, folder_arrivals
from index.serving.states import UNDER_WAY
from index.web import showing_library
from index.web.shelf import shelf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library import Library
    from index.serving import Arrival, Jobs
    from index.settings import Settings
    from index.web.shelf import ListQuery


@dataclass(frozen=True, slots=True)
class LibraryEvents:
    """The actions of the Library tab."""

    library: Library
    settings: Settings
    jobs: Jobs
    job_browsers: dict[str, str] = field(default_factory=dict)
    """The browser of each upload job, by job id: Gradio's client may lose the event that returns the id."""

    def shelf(self, query: ListQuery) -> str:
        """Return the requested part of the list of documents."""
        found = shelf(self.library.documents(), query)
        return showing_library.shelf(replace(found, rows=tuple(map(redacted, found.rows))))

    def state(self, mine: Sequence[str], browser: str = "") -> dict[str, object]:
        """Return the state that an open page polls every few seconds: what has changed, and whether jobs run."""
        recent = self.jobs.recent()
        seen = hashlib.sha256(" ".join(f"{job.id}:{job.version}" for job in recent).encode())
        working = [job.id for job in recent if job.state in UNDER_WAY]
        return {
            "generation": self.library.generation(),
            "jobs": seen.hexdigest()[:16],
            "known": [job.id for job in recent if job.id in mine],
            "begun": [identity for identity in working if browser and self.job_browsers.get(identity) == browser],
            "working": any(identity in mine for identity in working),
            "others": any(identity not in mine for identity in working),
        }

    def watched(self, mine: Sequence[str]) -> str:
        """Return the uploads of one browser, and the number of others."""
        recent = [job for job in self.jobs.recent() if job.kind == "add"]
        own = [job for job in recent if job.id in mine]
        others = [job for job in recent if job.id not in mine and job.state in UNDER_WAY]
        return showing_library.jobs(own, others)

    def cancel(self, identity: str, file: int | None = None) -> str:
        """Cancel a job, or one waiting file of it. Returns empty HTML."""
        self.jobs.find(identity).cancel(file)
        return ""

    def upload(self, files: Sequence[Arrival], client: str = "", browser: str = "") -> str:
        """Add files from the drop zone, and return the job's id."""
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
        return showing_library.removed(redacted(info))
