"""What happens on the Library tab, whoever asks for it: Gradio's drop zone, or library.js by `page_routes`.

What goes wrong is raised; each caller shows it where it belongs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from index.serving import disclosing, fetch, folder_arrivals
from index.serving.states import UNDER_WAY
from index.web import showing_library
from index.web.shelf import shelf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library import Library
    from index.serving import Arrival, Jobs
    from index.settings import Settings
    from index.web.shelf import Wish


@dataclass(frozen=True, slots=True)
class Keeping:
    """The events of the Library tab."""

    library: Library
    settings: Settings
    jobs: Jobs
    begun: dict[str, str] = field(default_factory=dict)
    """By the ids of jobs, the browsers whose uploads they add: Gradio's client may lose the event that tells the id."""

    def shelf(self, wish: Wish) -> str:
        """The list, or the part of it that is wished for."""
        found = shelf(self.library.documents(), wish)
        return showing_library.shelf(replace(found, rows=tuple(map(disclosing.info, found.rows))))

    def state(self, mine: Sequence[str], browser: str = "") -> dict[str, object]:
        """What a page that is open asks every few seconds: whether anything has changed, and how soon to ask again."""
        recent = self.jobs.recent()
        seen = hashlib.sha256(" ".join(f"{job.id}:{job.version}" for job in recent).encode())
        working = [job.id for job in recent if job.state in UNDER_WAY]
        return {
            "generation": self.library.generation(),
            "jobs": seen.hexdigest()[:16],
            "known": [job.id for job in recent if job.id in mine],
            "begun": [identity for identity in working if browser and self.begun.get(identity) == browser],
            "working": any(identity in mine for identity in working),
            "others": any(identity not in mine for identity in working),
        }

    def watched(self, mine: Sequence[str]) -> str:
        """The uploads of one browser, and that there are others."""
        recent = [job for job in self.jobs.recent() if job.kind == "add"]
        own = [job for job in recent if job.id in mine]
        others = [job for job in recent if job.id not in mine and job.state in UNDER_WAY]
        return showing_library.jobs(own, others)

    def cancel(self, identity: str, file: int | None = None) -> str:
        """A job, or one file of it that has not been begun, is not wanted any more; nothing to show."""
        self.jobs.find(identity).cancel(file)
        return ""

    def upload(self, files: Sequence[Arrival], client: str = "", browser: str = "") -> str:
        """Files that the page's drop zone has received, to be added; the job's id."""
        job = self.jobs.add(files, client)
        for old in self.begun.keys() - {each.id for each in self.jobs.recent()}:
            self.begun.pop(old, None)
        self.begun[job.id] = browser
        return job.id

    def link(self, address: str, client: str = "") -> str:
        """A page or file from the web, fetched and to be added; the job's id."""
        self.jobs.require_writable()
        return self.jobs.add([fetch(address, self.settings, self.jobs.uploads)], client).id

    def folder(self, path: str, client: str = "") -> str:
        """A folder of the server, to be added; the job's id."""
        return self.jobs.add(folder_arrivals(path, self.settings), client).id

    def remove(self, identity: str) -> str:
        """A document out of the library, and its uploaded file with it."""
        info = self.library.find(identity)
        self.jobs.remove(info.id)
        return showing_library.removed(disclosing.info(info))
