"""The task of a job that answers a batch of questions, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index import batching
from index.records import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.errors import PinciteError
    from index.library import Library
    from index.records import Writer
    from index.serving.job import Job


class BatchTask:
    """Answers the questions of one job. A question that fails becomes a row with its error."""

    def __init__(
        self,
        library: Library,
        job: Job,
        questions: Sequence[str],
        documents: Sequence[str] | None,
        writer: Writer,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._library = library
        self._job = job
        self._questions = questions
        self._documents = documents
        self._writer = writer
        self._between = between
        """Called between two questions, so that another client's batch can run."""

    def run(self) -> None:
        """Answer all questions. Raises JobCancelled."""
        for n, question in enumerate(self._questions):
            if n:
                self._between()
            self._job.check()
            self._job.add_row(batching.answer_row(question, self._ask))

    def fail(self, error: PinciteError) -> None:
        """Do nothing: finished rows are kept."""

    def release(self) -> None:
        """Do nothing: a batch holds no files."""

    def receipt(self) -> None:
        """Return None: a batch does not change the library."""

    def _ask(self, question: str) -> Answer:
        """Ask like `Library.ask`, but stop waiting for a language model once the job is cancelled."""
        item: str | Answer = ""
        for piece in self._library.ask_stream(question, documents=self._documents, writer=self._writer):
            self._job.check()
            item = piece
        assert isinstance(item, Answer)
        return item
