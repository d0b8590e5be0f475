"""Jobs, receipts, problems and the state of the service, as they leave the library."""

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from index.records import CellStatus, Status
from index.records.document import FileStage, Kind, State
from index.schema.answer_schema import Citation, Statement, Words
from index.schema.document_schema import Reading
from index.schema.hit_schema import Reference
from index.schema.redaction import Confidence, Schema, Share

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
            "ready": 64,
            "document": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "how": "",
        }
    ],
    "done": 0,
    "total": 1,
    "passages_per_second": 61.5,
    "seconds_left": 4.5,
    "receipt": None,
    "problem": None,
    "rows": [],
    "matrix": None,
}


class Failure(Schema):
    """A file that could not be read."""

    source: str
    """The file."""
    reason: str
    """Why it could not be read."""
    hint: str
    """What to do about it."""


class Note(Schema):
    """Something the reader should know about a file that was added all the same."""

    source: str
    """The file."""
    text: str
    """What was left out or repaired."""


class ReadAs(Schema):
    """How a file was read."""

    source: str
    """The file."""
    words: str
    """For people: `PDF · 3 of 12 pages recognised by tesseract 5.5 · 2 tables · German`."""
    reading: Reading
    """The same as data."""


class Renamed(Schema):
    """A file that has a new name or place."""

    source: str
    """Its name now."""
    before: str
    """Its name before."""


class Receipt(Schema):
    """The result of adding or removing, file by file: each file is in exactly one of the lists."""

    added: list[str]
    """New documents, by source."""
    replaced: list[str]
    """Documents that replaced an older version."""
    renamed: list[Renamed]
    """Documents that have a new name, and are otherwise unchanged."""
    unchanged: list[str]
    """Documents that were there already, byte for byte."""
    removed: list[str]
    """Documents that were removed, from the catalog and from every index."""
    failed: list[Failure]
    """Files that could not be read."""
    opened: list[str]
    """Archives and mailboxes, which are no documents: the documents in them are in the other lists."""
    notes: list[Note]
    """Notes on the other files."""
    read: list[ReadAs]
    """How each file that was added, or replaced an older version, was read."""
    passages: int
    """Passages added."""
    encoded: int
    """The number of these passages that had to be encoded; the others were known."""
    seconds: float
    """How long it took."""


class Health(Schema):
    """The state of the server."""

    status: Literal["ok"]
    """Always `ok`: a server that is not ready returns a problem instead."""


class Mistake(Schema):
    """One mistake of a request."""

    pointer: str
    """The place of the mistake: a JSON pointer into the body (`#/limit`), or a parameter (`query: start`)."""
    detail: str
    """What is wrong there."""


class Problem(Schema):
    """What is wrong, and what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pincite:problem:document-not-found",
                    "title": "Document not found",
                    "status": 404,
                    "detail": "No document of this library is called 'treaty.pdf'.",
                    "hint": "List the documents: GET /v1/documents",
                    "request_id": "5d41402abc4b2a76b9719d911017c592",
                }
            ]
        },
    )

    type: str
    """A stable name of the kind of problem for programs, or `about:blank` if the status is sufficient."""
    title: str
    """The kind of problem in words."""
    status: int = Field(ge=400, le=599)
    """The status of the response."""
    detail: str
    """What is wrong in this case."""
    hint: str = ""
    """What to do; may be empty."""
    request_id: str
    """The id of the request in the server's log."""
    mistakes: list[Mistake] = Field(default=[])
    """The mistakes of an invalid request."""


class File(Schema):
    """A file that is being added to the library."""

    name: str
    """Its name, for people."""
    source: str
    """The name of its file, or its web address."""
    stage: FileStage
    """Its stage."""
    passages: int
    """Passages encoded so far."""
    of_passages: int
    """The number of passages to encode; 0 until it is known."""
    part: Share
    """The finished share of the work on it."""
    reason: str
    """Why it failed; empty if it did not fail."""
    hint: str
    """What to do about it."""
    notes: list[str]
    """What was left out or repaired when it was read."""
    ready: int
    """Passages that can be asked: of a long document, its first ones while the others are encoded."""
    document: str
    """The id of its document, as soon as some of it can be asked; empty until then."""
    how: str
    """How it was read, in words: `PDF · text layer · 2 tables · English`; empty until it is added."""


class Row(Schema):
    """The outcome of one question of a batch."""

    question: str
    """The question as asked."""
    status: Literal[Status, "failed"]
    """The outcome, as in `/v1/ask`; or `failed`."""
    answer: str
    """The statements with their markers; empty unless the question is answered. Statements that the
    documents do not support are marked."""
    quote: str
    """The words of the first citation; without an answer, the nearest words. With the status `unsure`, these may be an
    answer. `document` and `location` belong to the same words."""
    document: str
    """The document that holds these words."""
    location: str
    """The place of these words."""
    confidence: Share
    """How well the passages match the question. It is not the probability that the answer is right."""
    verdict: str
    """The verdict of the first statement; empty unless the question is answered."""
    error: str
    """Why the question failed, and what to do."""
    note: str
    """Notes for the reader, as in the `notes` of `/v1/ask`."""
    statements: list[Statement]
    """The statements of `answer`."""
    citations: list[Citation]
    """Every citation of the answer or possible answer, by marker."""
    nearest: Words | None
    """Without citations: the nearest words."""


class MatrixCell(Schema):
    """What one document says about one question."""

    status: CellStatus
    """The outcome of asking this document alone: `answered`, `unsure`, `abstained` (no mention), or `failed`."""
    citation: Words | None
    """The best sentence; null unless the status is `answered` or `unsure`."""
    nearest: Words | None
    """If the document speaks of the subject without an answer: the nearest words."""
    confidence: Confidence
    """How well the passages match the question. It is not the probability that the answer is right."""
    error: str
    """Why the question failed, and what to do."""


class MatrixRow(Schema):
    """A row of a matrix."""

    document: Reference
    """The document."""
    cells: list[MatrixCell]
    """Its cells, in the order of the questions."""


class Matrix(Schema):
    """Documents by questions."""

    questions: list[str]
    """The questions, each once."""
    rows: list[MatrixRow]
    """The finished rows, in the order of the documents' names."""


class Job(Schema):
    """Work that takes a while: files to be added, a batch of questions, or a matrix of documents and questions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_JOB]})

    id: str
    """The id of the job; it is valid as long as the server runs."""
    kind: Kind
    """`add`: files are added. `batch`: questions are answered. `matrix`: each document is asked each question."""
    state: State
    """`done` means that the job has finished; single files or questions may have failed all the same."""
    files: list[File]
    """The files of a job that adds."""
    done: int
    """Files, questions or cells that are finished."""
    total: int
    """Files, questions or cells in all."""
    passages_per_second: float | None
    """The rate of encoding; null until it is known."""
    seconds_left: float | None
    """The estimated time left; null if it is unknown."""
    receipt: Receipt | None
    """The receipt of a job that adds; null until the job is over."""
    problem: Problem | None
    """Why the whole job failed."""
    rows: list[Row]
    """The rows of a batch so far. Events leave them out; `table.csv` has them as a table."""
    matrix: Matrix | None
    """The rows of a matrix so far. Events leave them out; null for other jobs."""
