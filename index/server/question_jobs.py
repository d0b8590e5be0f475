"""The tasks of jobs that ask: the questions of a batch, one after the other, and the cells of a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.library import batches
from index.records import Answer
from index.server.file_jobs import without_folders
from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.errors import PinciteError
    from index.library.library import Library
    from index.records import Writer
    from index.server.job import Job


class _AskingTask:
    """A task that changes nothing. `between` is called between two questions, so that another client's can run."""

    def __init__(
        self, library: Library, job: Job, documents: Sequence[str] | None, between: Callable[[], None]
    ) -> None:
        self._library = library
        self._job = job
        self._documents = documents
        self._between = between

    def fail(self, error: PinciteError) -> None:
        """Do nothing: finished rows are kept."""

    def release(self) -> None:
        """Do nothing: questions hold no files."""

    def receipt(self) -> None:
        """Return None: questions do not change the library."""

    def _in_words(self, error: PinciteError) -> str:
        return without_folders(str(error), self._library)


class BatchTask(_AskingTask):
    """Answers the questions of one job. A question that fails becomes a row with its error."""

    def __init__(
        self, library: Library, job: Job, documents: Sequence[str] | None, between: Callable[[], None], writer: Writer
    ) -> None:
        super().__init__(library, job, documents, between)
        self._writer = writer

    def run(self) -> None:
        """Answer all questions. Raises JobCancelled."""
        for n, question in enumerate(self._job.questions):
            if n:
                self._between()
            self._job.check()
            self._job.add_row(batches.answer_row(question, self._ask, self._in_words))

    def _ask(self, question: str) -> Answer:
        """Ask like `Library.ask`, but stop waiting for a language model once the job is cancelled."""
        item: str | Answer = ""
        for piece in self._library.ask_stream(question, documents=self._documents, writer=self._writer):
            self._job.check()
            item = piece
        assert isinstance(item, Answer)
        return redacted(item)


class MatrixTask(_AskingTask):
    """Asks each document each question. A cell that fails holds its error; documents removed meanwhile are left out."""

    def run(self) -> None:
        """Fill the matrix, one document after the other. Raises JobCancelled."""
        present = {info.id for info in self._library.documents()}
        rows = self._library.matrix_rows(
            self._job.questions,
            documents=[document for document in self._documents or () if document in present],
            before_cell=self._before_cell,
            in_words=self._in_words,
        )
        for row in rows:
            self._job.add_matrix_row(redacted(row))

    def _before_cell(self) -> None:
        """Count the cells before this one, and let others take their turn."""
        self._job.count_cell()
        self._between()
        self._job.check()
