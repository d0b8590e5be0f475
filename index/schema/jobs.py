"""Jobs: files that are being added, and batches of questions."""

from typing import Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from index.records import Status
from index.schema.base import Schema, Share
from index.schema.receipts import Receipt
from index.schema.service import Problem
from index.serving.states import FileStage, Kind, State

_JOB: JsonDict = {
    "id": "9c1f0d3e5b7a4c21",
    "kind": "add",
    "state": "working",
    "files": [
        {
            "name": "cholera.pdf",
            "source": "cholera.pdf",
            "stage": "encoding",
            "passages": 128,
            "of_passages": 402,
            "part": 0.45,
            "reason": "",
            "hint": "",
            "notes": [],
        }
    ],
    "done": 0,
    "total": 1,
    "passages_per_second": 61.5,
    "seconds_left": 4.5,
    "receipt": None,
    "problem": None,
    "rows": [],
}


class File(Schema):
    """A file on its way into the library."""

    name: str
    """Its name, for people."""
    source: str
    """The name of its file, or the address it came from."""
    stage: FileStage
    """How far it is."""
    passages: int
    """Passages encoded so far."""
    of_passages: int
    """The number of passages to encode; 0 while it is not known."""
    part: Share
    """The share of the work on it that is done."""
    reason: str
    """Why it failed; empty where it did not."""
    hint: str
    """What to do about it."""
    notes: list[str]
    """What was left out or repaired in reading it."""


class Row(Schema):
    """The outcome of one question of a batch."""

    question: str
    """As it was asked."""
    status: Literal[Status, "failed"]
    """The outcome, as in `/v1/ask`; or `failed`."""
    answer: str
    """The statements with their markers; empty unless the question is answered. A statement that the documents do not
    support says so."""
    quote: str
    """The first citation's words. Where there is no answer, the words that came nearest; they may be an answer where
    the status is `unsure`. The same holds for the next two."""
    document: str
    """The document that holds these words."""
    location: str
    """The place of these words."""
    confidence: Share
    """How well what was found matches the question. It is not the chance that the answer is right."""
    verdict: str
    """The first statement's; empty unless the question is answered."""
    error: str
    """Why the question failed, and what to do."""
    note: str
    """Notes for the reader, as the `notes` of `/v1/ask`."""


class Job(Schema):
    """Work that takes a while: files to be added, or a batch of questions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_JOB]})

    id: str
    """The name under which the routes know it, as long as the server runs."""
    kind: Kind
    """Files to be added, or questions to be answered."""
    state: State
    """`done` says that it came to its end; single files or questions may have failed all the same."""
    files: list[File]
    """The files of a job that adds."""
    done: int
    """Files or questions that are finished."""
    total: int
    """Files or questions in all."""
    passages_per_second: float | None
    """The rate of encoding; null while it is not known."""
    seconds_left: float | None
    """The time that is left; null while it is not known."""
    receipt: Receipt | None
    """The receipt of a job that adds; null until the job is over."""
    problem: Problem | None
    """Why the whole job failed."""
    rows: list[Row]
    """The rows of a batch so far. Events leave them out; `table.csv` has them as a table."""
