"""What happens on the Questions tab: many questions, answered as a job, and the table that comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index import batching
from index.errors import BatchError, PinciteError
from index.web import showing_batch
from index.web.shelf import matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.library import Library
    from index.serving import Jobs

ROWS = 100
"""How many rows are given at a time."""


@dataclass(frozen=True, slots=True)
class Questioning:
    """The events of the Questions tab. What goes wrong is raised; `replying` shows it."""

    library: Library
    jobs: Jobs
    most: int
    """Questions of one batch."""

    def read(self, name: str, data: bytes) -> str:
        """The questions of a file, one a line, to look through before they are asked. Raises BatchError."""
        questions = batching.questions_in(name, data, self.most)
        return showing_batch.questions(" ".join(question.split()) for question in questions)

    def begin(self, text: str, documents: Sequence[str], *, model: bool = False, client: str = "") -> str:
        """Ask the questions of a text, one a line; the job's id. Raises BatchError where there is none."""
        questions = [line.strip() for line in text.splitlines() if line.strip()]
        if not questions:
            raise BatchError("There is no question.", "Write one a line, or take them from a file.")
        return self.jobs.batch(questions, documents or None, "model" if model else "quote", client).id

    def choices(self, words: str, chosen: Sequence[str]) -> str:
        """Documents to search in: those chosen, and some of those that have these words."""
        documents = self.library.documents()
        return showing_batch.choices([info for info in documents if info.id in chosen], matching(documents, words))

    def watched(self, mine: Sequence[str]) -> str:
        """The batches of one browser, without their rows."""
        return showing_batch.batches(job for job in self.jobs.recent() if job.kind == "batch" and job.id in mine)

    def rows(self, identity: str, begin: int) -> str:
        """Some rows of a batch, from that one on."""
        job = self.jobs.find(identity)
        return showing_batch.rows(job.rows[max(0, begin) :][:ROWS], job.documents)

    def table(self, identity: str, form: str) -> str:
        """All rows, as a file of that form. Raises PinciteError where there is no such form."""
        if form not in batching.OUTPUTS:
            raise PinciteError(f"{form} is none of {', '.join(batching.OUTPUTS)}.", "Ask for one of these.")
        return batching.table(self.jobs.find(identity).rows, form)
