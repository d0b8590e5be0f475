"""What the library holds and what is done to it, as responses: documents, receipts, jobs, numbers."""

from typing import Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from index.api.described import Described, Offset, Share
from index.api.problems import Problem

_EXAMPLE: JsonDict = {
    "id": "3f0b5c2a9d1e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd",
    "source": "cholera.pdf",
    "title": "On the Mode of Communication of Cholera",
    "author": "John Snow",
    "date": "1855",
    "media_type": "application/pdf",
    "characters": 345210,
    "pages": 162,
    "passages": 402,
    "notes": [],
    "claimed": False,
}


class Document(Described):
    """A document without its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    """SHA-256 of the file's bytes, in hexadecimal: the name under which all routes know it."""
    source: str
    """The name of its file, or the address it came from. Where on the server a file is kept is never told."""
    title: str
    """What the format or the text states; empty where neither does. The same holds for `author` and `date`."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    """What kind of file it was read from."""
    characters: int
    """Code points of its text."""
    pages: int
    """How many pages the format has; 0 where it has none."""
    passages: int
    """Into how many passages it is cut."""
    notes: list[str]
    """Its health: what was left out or repaired in reading it."""
    claimed: bool
    """Whether a portable library brought it, and nobody here has read the file that it says to be of."""


class Documents(Described):
    """A page of the list of documents."""

    documents: list[Document]
    """In the order of their names."""
    next: str | None
    """What to give as `cursor` for the documents after these; null where there are none."""
    total: int
    """How many documents the whole list has."""


class Text(Described):
    """A part of a document's text."""

    document_id: str
    """Whose."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where it ends; the character there is not part of it."""
    characters: int
    """Code points of the whole text."""
    text: str
    """The words, to the letter."""


class Failure(Described):
    """A file that could not be read."""

    source: str
    """Which."""
    reason: str
    """Why."""
    hint: str
    """What to do about it."""


class Note(Described):
    """Something to know of a file that was added all the same."""

    source: str
    """Which."""
    text: str
    """What was left out or repaired."""


class Renamed(Described):
    """A file that has another name than before."""

    source: str
    """Which."""
    before: str
    """What it was called."""


class Receipt(Described):
    """What adding or removing did, file by file: each stands in exactly one of the lists."""

    added: list[str]
    """New documents, by source."""
    replaced: list[str]
    """Documents that took the place of an older version."""
    renamed: list[Renamed]
    """What is known by another name now, and is otherwise as it was."""
    unchanged: list[str]
    """What was there already, byte for byte."""
    removed: list[str]
    """What is gone, from the catalog and from every index."""
    failed: list[Failure]
    """What could not be read."""
    notes: list[Note]
    """What to know of the others."""
    passages: int
    """Passages added."""
    encoded: int
    """Those of them that had to be encoded; the others were known."""
    seconds: float
    """How long it took."""


class File(Described):
    """A file on its way into the library."""

    name: str
    """What to call it."""
    source: str
    """The name of its file, or the address it came from."""
    stage: Literal["waiting", "reading", "encoding", "added", "replaced", "unchanged", "failed", "cancelled"]
    """How far it is."""
    passages: int
    """Passages encoded so far."""
    of_passages: int
    """Of how many; 0 while that is not known."""
    part: Share
    """How far that is in all."""
    reason: str
    """Why it failed; empty where it did not."""
    hint: str
    """What to do about it."""
    notes: list[str]
    """What was left out or repaired in reading it."""


class Row(Described):
    """What became of one question of a batch."""

    question: str
    """As it was asked."""
    status: Literal["answered", "unsure", "abstained", "failed"]
    """What became of it, as in `/v1/ask`; or `failed`."""
    answer: str
    """The statements with their markers; empty unless the question is answered. What the documents do not bear out says
    so."""
    quote: str
    """The first citation's words; where there is no answer, those that came nearest, which may be one where the status
    is `unsure`. The same holds for the next two."""
    document: str
    """Whose they are."""
    location: str
    """Where they stand."""
    confidence: Share
    """How well what was found matches the question. It is not the chance that the answer is right."""
    verdict: str
    """The first statement's; empty unless the question is answered."""
    error: str
    """Why the question failed, and what to do."""
    note: str
    """What the reader should know beside the answer, as the `notes` of `/v1/ask`."""


class Job(Described):
    """Work that takes a while: files to be added, or a batch of questions."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
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
            ]
        }
    )

    id: str
    """The name under which the routes know it, as long as the server runs."""
    kind: Literal["add", "batch"]
    """Files to be added, or questions to be answered."""
    state: Literal["waiting", "working", "done", "cancelled", "failed"]
    """`done` says that it came to its end; single files or questions may have failed all the same."""
    files: list[File]
    """Of a job that adds."""
    done: int
    """Files or questions that are finished."""
    total: int
    """Files or questions in all."""
    passages_per_second: float | None
    """How quickly passages are encoded; null while that is not known."""
    seconds_left: float | None
    """How long it will take; null while that is not known."""
    receipt: Receipt | None
    """What a job that adds did; null until it is over."""
    problem: Problem | None
    """Why the whole job failed."""
    rows: list[Row]
    """What a batch has brought so far; events leave it out, and `table.csv` has it as a table."""


class Stats(Described):
    """The library in numbers."""

    documents: int
    """Documents."""
    passages: int
    """Passages."""
    sentences: int
    """Sentences."""
    characters: int
    """Code points of all texts."""
    bytes: int
    """What it takes on disk."""
    made_with: str
    """Encoder, its revision, and chunking; empty while nothing has been added."""
    generation: int
    """How many changes it has seen."""
    media_types: dict[str, int]
    """How many documents there are of each kind of file."""
    notes: list[str]
    """What either index lacks, and whether the library is read-only."""


class Health(Described):
    """Whether the server can do its work."""

    status: Literal["ok"]
    """It can."""
