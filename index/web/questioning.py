"""The actions of the Questions tab: start a batch, follow it, and download its table."""

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
"""Rows returned per request."""


@dataclass(frozen=True, slots=True)
class BatchEvents:
    """The actions of the Questions tab. Errors are raised; `replying` shows them."""

    library: Library
    jobs: Jobs
    max_questions: int
    """Maximum questions of one batch."""

    def read(self, name: str, data: bytes) -> str:
        """Return the questions of a file, one per line, so that the reader can edit them. Raises BatchError."""
        questions = batching.questions_in(name, data, self.max_questions)
        return showing_batch.questions(" ".join(question.split()) for question in questions)

    def start(self, text: str, documents: Sequence[str], *, model: bool = False, client: str = "") -> str:
        """Start a batch from a text with one question per line; return the job's id. Raises BatchError without one."""
        questions = [line.strip() for line in text.splitlines() if line.strip()]
        if not questions:
            raise BatchError("There is no question.", "Write one question per line, or load them from a file.")
        return self.jobs.batch(questions, documents or None, "model" if model else "quote", client).id

    def choices(self, words: str, chosen: Sequence[str]) -> str:
        """Return the documents to choose from: the chosen ones, and some that match the words."""
        documents = self.library.documents()
        return showing_batch.choices([info for info in documents if info.id in chosen], matching(documents, words))

    def watched(self, mine: Sequence[str]) -> str:
        """Return the batches of one browser, without their rows."""
        return showing_batch.batches(job for job in self.jobs.recent() if job.kind == "batch" and job.id in mine)

    def rows(self, identity: str, begin: int) -> str:
        """Return some rows of a batch, starting at `begin`."""
        job = self.jobs.find(identity)
        return showing_batch.rows(job.rows[max(0, begin) :][:ROWS], job.documents)

    def table(self, identity: str, form: str) -> str:
        """Return all rows as the text of a file. Raises PinciteError for an unknown format."""
        if form not in batching.OUTPUTS:
            raise PinciteError(f"{form} is not a format of tables.", f"Use one of {', '.join(batching.OUTPUTS)}.")
        return batching.table(self.jobs.find(identity).rows, form)
