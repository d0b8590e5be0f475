"""Renders the Questions tab: the form, the progress, and the table of answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from index.batching import INPUTS
from index.markup import count, environment
from index.serving.states import UNDER_WAY
from index.web.showing_library import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.batching import Row
    from index.errors import PinciteError
    from index.records import DocumentInfo
    from index.serving import Job
    from index.settings import Settings

FORMS = ((".csv", "CSV"), (".md", "Markdown"), (".jsonl", "JSONL"))
"""Download formats of the table, with their display names."""
CHOICES = 12
"""Documents offered at a time."""
_PREFIX = 12
"""Characters of a document's id that identify it in a URL."""


def form(settings: Settings) -> str:
    """Return the form, and the elements that batch.js fills."""
    model = settings.llm_model if settings.llm_url else ""
    return _render("batch_form.html", inputs=INPUTS, most=settings.max_batch_questions, model=model)


def questions(lines: Iterable[str]) -> str:
    """Return questions for the text box."""
    return _render("questions.html", text="\n".join(lines))


def choices(chosen: Sequence[DocumentInfo], matching: Sequence[DocumentInfo]) -> str:
    """Return the documents to choose from: the chosen ones, then the first matching ones."""
    others = [info for info in matching if info not in chosen]
    return _render("choices.html", chosen=list(chosen), found=others[:CHOICES], more=max(0, len(others) - CHOICES))


def batches(jobs: Iterable[Job]) -> str:
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


_environment = environment(Path(__file__).parent / "templates")


def _render(template: str, **values: Any) -> str:
    return _environment.get_template(template).render(**values)
