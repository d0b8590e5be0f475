"""The tabs that are plain forms: Check, and Questions."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse

from index.citations.readable import count, environment
from index.errors import BatchError, PinciteError
from index.library import batches
from index.library.batches import INPUTS
from index.page.answer_view import place
from index.page.fragments import html, render
from index.page.library_list import matching
from index.page.library_view import duration
from index.page.routes import fragment, require_page_header
from index.records import Check, remarks
from index.records.document import UNDER_WAY
from index.schema.redaction import redacted
from index.server.http.service import Service, ServiceDependency
from index.server.limits import stream_result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fastapi import FastAPI

    from index.library.batches import Row
    from index.library.library import Library
    from index.records import Citation, DocumentInfo, Statement, Verdict
    from index.server.job import Job
    from index.server.job_queue import Jobs
    from index.settings import Settings

_LEADS: dict[Verdict, str] = {
    "verbatim": "In the source",
    "supported": "In the source",
    "contradicted": "The source says",
    "unverified": "Nearest words",
}
"""The label before the words of a citation."""
_MAX_FIELDS = 4
_BYTES_PER_CHARACTER = 12
"""Size of a four-byte character in a form. Longer forms are cut before parsing, which would take seconds."""
FORMS = ((".csv", "CSV"), (".md", "Markdown"), (".jsonl", "JSONL"))
"""Download formats of the table, with their display names."""
CHOICES = 12
"""Documents offered at a time."""
_PREFIX = 12
"""Characters of a document's id that identify it in a URL."""
_environment = environment(Path(__file__).parent / "templates")
ROWS = 100
"""Rows returned per request."""


def check_form(settings: Settings) -> str:
    """Return the form, the meaning of the verdicts, and the element for the result."""
    verdicts = [(verdict, name, remarks.PROVEN[verdict]) for verdict, name in remarks.NAMES.items()]
    return render("check_form.html", most=settings.max_text_characters, verdicts=verdicts)


def check(checked: Check) -> str:
    """Return every sentence with its verdict, in order."""
    citations = {citation.marker: citation for citation in checked.citations}
    return render("checked.html", check=checked, rows=[_row(statement, citations) for statement in checked.statements])


def _row(statement: Statement, citations: dict[int, Citation]) -> dict[str, Any]:
    markers = statement.markers if statement.nearest is None else (statement.nearest,)
    return {
        "mark": statement.verdict if statement.is_claim else "unchecked",
        "name": remarks.verdict_name(statement),
        "proven": remarks.PROVEN[statement.verdict] if statement.is_claim else "",
        "text": statement.text,
        "reason": remarks.reason(statement),
        "lead": _LEADS[statement.verdict],
        "words": [_words(citations[marker], statement.text) for marker in markers],
    }


def _words(cited: Citation, claim: str) -> dict[str, Any]:
    """Return the words of a source and their location; words equal to the claim are not repeated."""
    info = cited.document
    return {
        "citation": cited,
        "is_longer": " ".join(cited.quote.split()) != claim,
        "name": info.name,
        "stated": [part for part in (info.author, info.date, place(info, cited.location)) if part],
    }


class CheckTab:
    """The Check tab. It needs no Gradio events: it is a plain form."""

    @staticmethod
    def lay_out(settings: Settings) -> None:
        """Create the form in the current tab."""
        html(check_form(settings), "check-form")


def add_checks(app: FastAPI) -> None:
    """Add the route of the form below `/page/`. The work stops if the reader leaves."""

    async def check(request: Request, service: ServiceDependency) -> HTMLResponse:
        form = await request.body()
        gone = threading.Event()

        def work() -> HTMLResponse:
            text = _text(form, _BYTES_PER_CHARACTER * service.settings.max_text_characters)
            return fragment(lambda: _checked(service, text, gone))

        return await service.run(request, service.checks, work, gone.set)

    guarded = [Depends(require_page_header)]
    app.add_api_route("/page/check", check, methods=["POST"], dependencies=guarded, include_in_schema=False)


def _text(form: bytes, most: int) -> str:
    """Return the text in a form; one that is far too long is cut to just over the limit."""
    form = form[: len("text=") + most + _BYTES_PER_CHARACTER]
    try:
        fields = parse_qs(form.decode("latin-1"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"The form has more than {_MAX_FIELDS} fields.") from error
    return "".join(fields.get("text", [])[:1])


def _checked(service: Service, text: str, gone: threading.Event) -> str:
    """Return the checked text as HTML. Raises TooMany, and the errors of `Library.check`."""
    settings = service.settings
    if not text.strip():
        raise PinciteError("There is no text to check.", "Paste one, such as a draft or an assistant's answer.")
    service.require_at_most("characters", len(text), settings.max_text_characters, "PINCITE_MAX_TEXT_CHARACTERS")
    stream = service.library.check_stream(text, most_sentences=settings.max_check_sentences)
    return check(redacted(stream_result(stream, Check, gone.is_set)))


def batch_form(settings: Settings) -> str:
    """Return the form, and the elements that batch.js fills."""
    model = settings.llm_model if settings.llm_url else ""
    return _render("batch_form.html", inputs=INPUTS, most=settings.max_batch_questions, model=model)


def questions_markup(lines: Iterable[str]) -> str:
    """Return questions for the text box."""
    return _render("questions.html", text="\n".join(lines))


def choices(chosen: Sequence[DocumentInfo], matching: Sequence[DocumentInfo]) -> str:
    """Return the documents to choose from: the chosen ones, then the first matching ones."""
    others = [info for info in matching if info not in chosen]
    return _render("choices.html", chosen=list(chosen), found=others[:CHOICES], more=max(0, len(others) - CHOICES))


def batches_markup(jobs: Iterable[Job]) -> str:
    """Return a reader's batches, newest first, without rows."""
    return _render("batches.html", batches=[_batch(job) for job in jobs], forms=FORMS)


def rows(rows: Sequence[Row], documents: Sequence[str]) -> str:
    """Return rows of the table. Each question links to its answer from the same documents."""
    within = ",".join(identity[:_PREFIX] for identity in documents)

    def address(question: str) -> str:
        return urlencode({"q": question, **({"in": within} if within else {})})

    return _render("batch_rows.html", rows=rows, address=address)


@dataclass(frozen=True, slots=True)
class _BatchView:
    """The values of a batch for its template."""

    id: str
    state: str
    running: bool
    done: int
    total: int
    heading: str
    numbers: str
    say: str
    error: PinciteError | None


def _batch(job: Job) -> _BatchView:
    running = job.state in UNDER_WAY
    asked = count(job.total, "question")
    heading = {
        "waiting": f"{asked}, waiting for others",
        "working": f"Asking {asked}",
        "cancelled": f"{asked}, cancelled",
        "failed": f"{asked}, not all answered",
    }.get(job.state, asked)
    numbers = _progress(job) if running else _summary(job.rows)
    return _BatchView(
        id=job.id,
        state=job.state,
        running=running,
        done=job.done,
        total=job.total,
        heading=heading,
        numbers=numbers,
        say=heading if running else f"{heading}: {numbers}",
        error=job.error,
    )


def _progress(job: Job) -> str:
    left = f" · about {duration(job.seconds_left)} left" if job.seconds_left is not None else ""
    return f"{job.done:,} of {job.total:,}{left}"


def _summary(rows: Sequence[Row]) -> str:
    """Return a summary such as `8 answered, 2 not sure, 3 without an answer, 1 failed`."""
    statuses = [row.status for row in rows]
    names = {
        "answered": "answered",
        "unsure": "not sure",
        "abstained": "without an answer",
        "failed": "failed",
    }
    counted = [f"{statuses.count(status):,} {name}" for status, name in names.items() if status in statuses]
    return ", ".join(counted) or "none asked"


def _render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)


@dataclass(frozen=True, slots=True)
class BatchEvents:
    """The actions of the Questions tab. Errors are raised; `replying` shows them."""

    library: Library
    jobs: Jobs
    max_questions: int
    """Maximum questions of one batch."""

    def read(self, name: str, data: bytes) -> str:
        """Return the questions of a file, one per line, so that the reader can edit them. Raises BatchError."""
        questions = batches.questions_in(name, data, self.max_questions)
        return questions_markup(" ".join(question.split()) for question in questions)

    def start(self, text: str, documents: Sequence[str], *, model: bool = False, client: str = "") -> str:
        """Start a batch from a text with one question per line; return the job's id. Raises BatchError without one."""
        questions = [line.strip() for line in text.splitlines() if line.strip()]
        if not questions:
            raise BatchError("There is no question.", "Write one question per line, or load them from a file.")
        return self.jobs.batch(questions, documents or None, "model" if model else "quote", client).id

    def choices(self, words: str, chosen: Sequence[str]) -> str:
        """Return the documents to choose from: the chosen ones, and some that match the words."""
        documents = self.library.documents()
        return choices([info for info in documents if info.id in chosen], matching(documents, words))

    def watched(self, mine: Sequence[str]) -> str:
        """Return the batches of one browser, without their rows."""
        return batches_markup(job for job in self.jobs.recent() if job.kind == "batch" and job.id in mine)

    def rows(self, identity: str, begin: int) -> str:
        """Return some rows of a batch, starting at `begin`."""
        job = self.jobs.find(identity)
        return rows(job.rows[max(0, begin) :][:ROWS], job.documents)

    def table(self, identity: str, form: str) -> str:
        """Return all rows as the text of a file. Raises PinciteError for an unknown format."""
        if form not in batches.OUTPUTS:
            raise PinciteError(f"{form} is not a format of tables.", f"Use one of {', '.join(batches.OUTPUTS)}.")
        return batches.table(self.jobs.find(identity).rows, form)
