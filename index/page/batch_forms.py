"""The Questions tab: a plain form that starts a batch or a matrix, and their growing tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from index.errors import BatchError
from index.library.question_files import INPUTS, QuestionTable, joined, questions_in, without_breaks
from index.page.answer_view import place, without_mark
from index.page.fragments import render
from index.page.library_view import duration, matching
from index.records import texts
from index.records.document import UNDER_WAY
from index.records.remarks import remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.errors import PinciteError
    from index.library.library import Library
    from index.records import Citation, DocumentInfo, Matrix, Row, Statement
    from index.server.job_queue import Jobs
    from index.server.jobs import Job
    from index.settings import Settings

FORMS = ((".xlsx", "Excel"), (".csv", "CSV"), (".md", "Markdown"), (".jsonl", "JSONL"))
"""Download formats of a table, with their display names."""
CHOICES = 12
"""Documents offered at a time."""
_PREFIX = 12
"""Characters of a document's id that identify it in a URL."""
ROWS = 100
"""Rows returned per request."""
MATRIX_ROWS = 10
"""Rows of a matrix returned per request: each has a cell for every question."""
MANY_QUESTIONS = 6
"""A matrix with more questions than this is printed as a list, because its columns would be too narrow on paper."""
_RANKS = {"answered": 0, "unsure": 1, "abstained": 2, "failed": 3}
"""The order of cells when a reader sorts by a question: mentions first."""
_STATUSES = {"answered": "answered", "unsure": texts.NOT_SURE, "abstained": "without an answer", "failed": "failed"}
_CELL_STATUSES = {
    "answered": "with a quotation",
    "unsure": texts.NOT_SURE,
    "abstained": "without a mention",
    "failed": "failed",
}


def batch_form(settings: Settings) -> str:
    """Return the form, and the elements that batch.js fills."""
    model = settings.llm_model if settings.llm_url else ""
    cells = settings.max_matrix_cells
    return render("batch_form.html", inputs=INPUTS, most=settings.max_batch_questions, cells=cells, model=model)


def questions_markup(table: QuestionTable) -> str:
    """Return questions for the text box, one a line, and the whole table if it has other columns."""
    text = "\n".join(map(without_breaks, table.questions))
    return render("questions.html", text=text, table=table.to_json() if table.columns else "")


def choices(chosen: Sequence[DocumentInfo], matching: Sequence[DocumentInfo]) -> str:
    """Return the documents to choose from: the chosen ones, then the first matching ones."""
    others = [info for info in matching if info not in chosen]
    return render("choices.html", chosen=list(chosen), found=others[:CHOICES], more=max(0, len(others) - CHOICES))


def batches_markup(jobs: Iterable[Job]) -> str:
    """Return a reader's batches and matrices, newest first, without rows."""
    return render("batches.html", batches=[_batch(job) for job in jobs], forms=FORMS)


def rows(rows: Sequence[Row], documents: Sequence[str], begin: int = 0) -> str:
    """Return rows of the table from number `begin`. Each question links to its answer from the same documents."""
    within = ",".join(identity[:_PREFIX] for identity in documents)

    def address(question: str) -> str:
        return urlencode({"q": question, **({"in": within} if within else {})})

    shown = [(row, _statements(row), _source(row)) for row in rows]
    return render("batch_rows.html", rows=shown, address=address, begin=begin, **_HELPERS)


def _statements(row: Row) -> list[tuple[Statement, str, list[Citation]]]:
    """Return each statement with its remark, as for words that were recognised, and the citations of its numbers."""
    by_marker: Mapping[int, Citation] = {citation.marker: citation for citation in row.citations}
    return [
        (
            statement,
            remark(statement, row.citations),
            [by_marker[marker] for marker in statement.markers if marker in by_marker],
        )
        for statement in row.statements
    ]


def _source(row: Row) -> Citation | None:
    return next(iter(row.citations), row.nearest)


def _place(citation: Citation) -> str:
    return place(citation.document, citation.location)


_HELPERS: dict[str, Any] = {"place_of": _place, "without_mark": without_mark}
"""Functions for the templates of both tables."""


def matrix_rows(matrix: Matrix, begin: int) -> str:
    """Return some rows of a matrix, from number `begin`."""
    some = matrix.rows[begin:][:MATRIX_ROWS]
    return render("matrix_rows.html", rows=some, questions=matrix.questions, begin=begin, ranks=_RANKS, **_HELPERS)


@dataclass(frozen=True, slots=True)
class _BatchView:
    """The values of a batch or a matrix for its template."""

    id: str
    kind: str
    state: str
    running: bool
    done: int
    total: int
    ready: int
    """The number of finished rows."""
    questions: tuple[str, ...]
    heading: str
    numbers: str
    say: str
    error: PinciteError | None
    many: bool


def _batch(job: Job) -> _BatchView:
    running = job.state in UNDER_WAY
    is_matrix = job.kind == "matrix"
    asked = texts.count(len(job.questions) if is_matrix else job.total, "question")
    if is_matrix:
        asked = f"{asked} to {texts.count(job.total // max(1, len(job.questions)), 'document')}"
    heading = {
        "waiting": f"{asked}, waiting for others",
        "working": f"Asking {asked}",
        "cancelled": f"{asked}, cancelled",
        "failed": f"{asked}, not all answered",
    }.get(job.state, asked)
    numbers = _progress(job) if running else _summary(job)
    return _BatchView(
        id=job.id,
        kind=job.kind,
        state=job.state,
        running=running,
        done=job.done,
        total=job.total,
        ready=len(job.matrix) if is_matrix else len(job.rows),
        questions=job.questions if is_matrix else (),
        heading=heading,
        numbers=numbers,
        say=heading if running else f"{heading}: {numbers}",
        error=job.error,
        many=len(job.questions) > MANY_QUESTIONS,
    )


def _progress(job: Job) -> str:
    left = f" · about {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    return f"{job.done:,} of {job.total:,}{left}"


def _summary(job: Job) -> str:
    """Return a summary such as `8 answered, 2 not sure, 3 without an answer, 1 failed`."""
    if job.kind == "matrix":
        return _counted([cell.status for row in job.matrix for cell in row.cells], _CELL_STATUSES)
    return _counted([row.status for row in job.rows], _STATUSES)


def _counted(statuses: Sequence[str], names: Mapping[str, str]) -> str:
    counted = [f"{statuses.count(status):,} {name}" for status, name in names.items() if status in statuses]
    return ", ".join(counted) or "none asked"


@dataclass(frozen=True, slots=True)
class BatchForm:
    """The fields of the form."""

    text: str
    """One question per line."""
    documents: tuple[str, ...] = ()
    """Ids of the documents to search; empty for all."""
    kind: str = "batch"
    """`matrix` for a matrix."""
    writer: str = ""
    """`model` if the language model writes the answers."""
    tables: tuple[str, ...] = ()
    """The tables that the lines were loaded from, as JSON: each line gets the cells of its row."""


@dataclass(frozen=True, slots=True)
class BatchEvents:
    """The actions of the Questions tab. Errors are raised; `replying` shows them."""

    library: Library
    jobs: Jobs
    settings: Settings

    def read(self, name: str, data: bytes) -> str:
        """Return the questions of a file, one per line, so that the reader can edit them. Raises BatchError.

        The form sends the table back, so it may fill at most half of a request.
        """
        table = questions_in(name, data, self.settings.max_batch_questions)
        if table.columns and len(quote_plus(table.to_json())) > self.settings.max_body_megabytes * 500_000:
            raise BatchError(f"{name} has too much text beside the questions.", "Remove columns that you do not need.")
        return questions_markup(table)

    def start(self, form: BatchForm, client: str = "") -> str:
        """Start a batch or a matrix; return the job's id. Raises BatchError without a question."""
        lines = [line.strip() for line in form.text.splitlines() if line.strip()]
        if not lines:
            raise BatchError("There is no question.", "Write one question per line, or load them from a file.")
        documents = form.documents or None
        if form.kind == "matrix":
            return self.jobs.matrix(lines, documents, client).id
        table = joined(map(QuestionTable.from_json, form.tables)).matched(lines)
        return self.jobs.batch(table, documents, "model" if form.writer == "model" else "quote", client).id

    def choices(self, words: str, chosen: Sequence[str]) -> str:
        """Return the documents to choose from: the chosen ones, and some that match the words."""
        documents = self.library.documents()
        return choices([info for info in documents if info.id in chosen], matching(documents, words))

    def watched(self, mine: Sequence[str]) -> str:
        """Return the batches and matrices of one browser, without their rows."""
        return batches_markup(job for job in self.jobs.recent() if job.kind != "add" and job.id in mine)

    def rows(self, identity: str, begin: int) -> str:
        """Return some rows of a batch or a matrix, starting at `begin`."""
        job, begin = self.jobs.find(identity), max(0, begin)
        if job.kind == "matrix":
            return matrix_rows(job.matrix, begin)
        return rows(job.rows[begin:][:ROWS], job.documents, begin)
