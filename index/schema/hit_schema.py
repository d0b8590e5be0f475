"""Documents and hits as they leave the library."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from index import records
from index.schema.redaction import Offset, Rounded, Schema, Score

REFERENCE: JsonDict = {
    "id": "3f0b5c2a9d1e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd",
    "title": "On the Mode of Communication of Cholera",
    "source": "cholera.pdf",
    "author": "John Snow",
    "date": "1855",
    "claimed": False,
}
"""The document of all examples."""
_DOCUMENT: JsonDict = {
    **REFERENCE,
    "media_type": "application/pdf",
    "characters": 345210,
    "pages": 162,
    "passages": 402,
    "notes": [],
}


class Reference(Schema):
    """A document, as a citation names it."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes and tools know the document by it."""
    title: str
    """The title that the format or the text states; empty where neither does. The same holds for `author` and
    `date`."""
    source: str
    """The name of its file, or the address it came from. The server never tells where it keeps a file."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    claimed: bool
    """Whether a portable library brought its words, and nobody here has compared them with the file."""


class Location(Schema):
    """The place of some words, as a reader would name it."""

    page: str
    """The label of the page; empty where the format has none."""
    heading: str
    """The headings above, outermost first, joined by ` > `."""
    paragraph: int = Field(ge=0)
    """Counted from 1 below the nearest page or heading; 0 where the document has no paragraphs."""
    label: str
    """All of it in one line, for a citation: `p. 3, § Trade, ¶ 2`."""


class Document(Schema):
    """A document without its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOCUMENT]})

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes know the document by it."""
    source: str
    """The name of its file, or the address it came from. The server never tells where it keeps a file."""
    title: str
    """The title that the format or the text states; empty where neither does. The same holds for `author` and
    `date`."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    """The format of its file."""
    characters: int
    """Code points of its text."""
    pages: int
    """The number of pages; 0 where the format has none."""
    passages: int
    """The number of passages that it is cut into."""
    notes: list[str]
    """The document's health: what was left out or repaired in reading it."""
    claimed: bool
    """Whether a portable library brought it, and nobody here has read the file that it claims to be from."""


class Documents(Schema):
    """A page of the list of documents."""

    documents: list[Document]
    """In the order of their names."""
    next: str | None
    """The `cursor` for the next page; null on the last page."""
    total: int
    """The number of documents in the whole list."""


class Text(Schema):
    """A part of a document's text."""

    document_id: str
    """The id of the document."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where the part ends; the character there is not part of it."""
    characters: int
    """Code points of the whole text."""
    text: str
    """The exact words."""


class Excerpt(Schema):
    """A part of a document's text, with its place."""

    document: Reference
    """The document."""
    location: Location
    """Where the part begins."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where the part ends; the character there is not part of it."""
    text: str
    """The exact words from `start` to `end`."""
    characters: int
    """Code points of the whole text."""
    next: int | None
    """Where to read on; null where the document ends."""


class Stats(Schema):
    """The library in numbers."""

    documents: int
    """The number of documents."""
    passages: int
    """The number of passages."""
    sentences: int
    """The number of sentences."""
    characters: int
    """Code points of all texts."""
    bytes: int
    """Its size on disk."""
    made_with: str
    """Encoder, its revision, and chunking; empty while nothing has been added."""
    generation: int
    """The number of changes since it was made."""
    media_types: dict[str, int]
    """The number of documents of each format."""
    notes: list[str]
    """Data that either index lacks, and whether the library is read-only."""


class Quote(Schema):
    """A sentence of a document."""

    start: Offset
    """Where it begins."""
    end: Offset
    """Where it ends; the character there is not part of it."""
    text: str
    """The exact words from `start` to `end`."""


class Why(Schema):
    """The reasons why a passage is a hit."""

    dense: Rounded | None
    """Cosine of question and passage; null where that side was not asked."""
    dense_rank: int | None
    """Its rank among the candidates by meaning, from 1; null where it was not among them."""
    lexical: Rounded | None
    """BM25 score; 0 where no word of the question occurs near, null where that side was not asked."""
    lexical_rank: int | None
    """Its rank among the candidates by words, from 1; null where it was not among them."""
    fused: Rounded
    """Both sides' scores, each as a share of the best, weighted; in [0, 1]."""
    evidence: Rounded
    """How strongly the best sentence speaks to the question."""
    verbatim: bool
    """Whether it comes first because it holds the question word for word."""
    reranked: Rounded | None
    """The reranker's score, in [0, 1]; null where there is no reranker."""
    matched_terms: list[str]
    """The question's words that occur in the passage."""
    pin_terms: list[str]
    """Those of them that occur in the pin, the rarest first."""
    nearest_words: list[str]
    """The words of the pin that are nearest to the question in meaning; only where `explain` asks for them."""


class Hit(Schema):
    """A passage that was found."""

    score: Score
    """Higher is better; comparable among the hits of one question."""
    document: Reference
    """The document that holds the passage."""
    location: Location
    """The place of the pin."""
    start: Offset
    """Where the passage begins."""
    end: Offset
    """Where the passage ends."""
    text: str
    """The exact words of the passage."""
    pin: Quote
    """The sentence that carries the evidence."""
    runner_up: Quote | None
    """The second-best sentence of the passage; null where there is no other."""
    why: Why
    """The reasons."""
    also: list["Hit"]
    """Further passages that say the same in nearly the same words, best first."""

    @model_validator(mode="before")
    @classmethod
    def _from_record(cls, value: Any) -> Any:
        """A record has a passage and two spans in the place of some fields; all else it has by the same name."""
        if not isinstance(value, records.Hit):
            return value
        passage = value.passage
        pin, *others = [{"start": span.start, "end": span.end, "text": text} for span, text in value.pins()]
        return {
            "score": value.score,
            "document": value.document,
            "location": value.location,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "pin": pin,
            "runner_up": others[0] if others else None,
            "why": value.why,
            "also": value.also,
        }


class Found(Schema):
    """The result of a search."""

    question: str
    """As it was asked, without white space around it."""
    hits: list[Hit]
    """Best first."""
    notes: list[str]
    """Notes for the reader: how the question was understood, and what could not be searched."""
    timings_ms: dict[str, float]
    """The time of each step, in milliseconds."""


class Covered(Schema):
    """A document's best passage for a question."""

    document: Reference
    """The document."""
    hit: Hit | None
    """Its best passage; null where no sentence of it speaks to the question. Absence is a finding, too."""


class Coverage(Schema):
    """Each document's best passage for a question."""

    question: str
    """As it was asked, without white space around it."""
    documents: list[Covered]
    """All documents. Those that speak to the question come first, the best of them foremost."""
    notes: list[str]
    """Notes for the reader: what could not be searched."""

    @classmethod
    def of(cls, question: str, report: records.CoverageReport) -> Self:
        """Return the coverage; a report does not know its question."""
        return cls.model_validate({"question": question.strip(), "documents": report.rows, "notes": report.notes})
