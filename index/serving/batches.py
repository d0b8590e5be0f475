"""A batch of questions, answered one after the other."""

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


class Batch:
    """One job's questions. A question that fails is a row that says so."""

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
        """What happens between two questions: others may have a turn."""

    def run(self) -> None:
        """Answer all of them. Raises Stopped."""
        for n, question in enumerate(self._questions):
            if n:
                self._between()
            self._job.check()
            self._job.answered(batching.asked(question, self._ask))

    def fail(self, error: PinciteError) -> None:
        """Nothing: the rows that there are stay."""

    def release(self) -> None:
        """Nothing is held."""

    def receipt(self) -> None:
        """The library is as it was."""

    def _ask(self, question: str) -> Answer:
        """As `Library.ask` does; a model that is still writing is not waited for where the job is to end."""
        said: str | Answer = ""
        for piece in self._library.ask_stream(question, documents=self._documents, writer=self._writer):
            self._job.check()
            said = piece
        assert isinstance(said, Answer)
        return said
