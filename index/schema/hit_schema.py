"""Hits, and the documents and places that they name, as they leave the library."""

from typing import Any, Self

from pydantic import Field, model_validator
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
    "private": False,
}
"""The document of all examples."""


class Reference(Schema):
    """A document as named in a citation."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes and tools identify the document by it."""
    title: str
    """The title that the format or the text states; empty if neither does. The same holds for `author` and `date`."""
    source: str
    """The name of its file, or its web address. The server never reveals where it keeps a file."""
    author: str
    """On one line, as stated in the document."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    claimed: bool
    """Whether a portable library brought its words, and nobody here has compared them with the file."""
    private: bool
    """Whether you added it to your private library in a demo, where nobody else can see it."""


class Location(Schema):
    """The place of some words, in the terms that a reader uses."""

    page: str
    """The label of the page; empty if the format has no pages."""
    heading: str
    """The path of headings above the words, outermost first, joined by ` > `."""
    paragraph: int = Field(ge=0)
    """Counted from 1 below the nearest page or heading; 0 if the document has no paragraphs."""
    place: str = ""
    """The name of the slide, sheet, message, moment or line; empty for documents that have none."""
    cell: str = ""
    """What a reader calls the cell of a table: `B7`; empty outside a table."""
    headers: tuple[str, ...] = ()
    """The headers of the cell's column and row; empty outside a table, or if the words go beyond one cell."""
    recognised: float | None = Field(default=None, ge=0, le=1)
    """The least confidence with which a word was recognised in a picture; null for words that the file has as text."""
    label: str
    """The whole location on one line, for a citation: `p. 3, § Trade, ¶ 2`."""


class Excerpt(Schema):
    """A part of a document's text, with its place."""

    document: Reference
    """The document."""
    location: Location
    """Where the part begins."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where the part ends (exclusive)."""
    text: str
    """The exact words from `start` to `end`."""
    characters: int
    """Length of the whole text, in code points."""
    next: int | None
    """The offset where the next part begins; null at the end of the document."""


class Stats(Schema):
    """The library in numbers."""

    documents: int
    """The number of documents."""
    passages: int
    """The number of passages."""
    sentences: int
    """The number of sentences."""
    characters: int
    """Length of all texts together, in code points."""
    bytes: int
    """Its size on disk."""
    made_with: str
    """Encoder, its revision, and chunking; empty until something is added."""
    generation: int
    """The number of changes so far."""
    precisions: list[str]
    """The precisions in which the vectors were computed; all of them can be compared."""
    media_types: dict[str, int]
    """The number of documents of each format."""
    notes: list[str]
    """What the indexes lack, and whether the library is read-only."""


class Quote(Schema):
    """A sentence of a document."""

    start: Offset
    """Where it begins."""
    end: Offset
    """Where it ends (exclusive)."""
    text: str
    """The exact words from `start` to `end`."""


class Why(Schema):
    """The reasons why a passage is a hit."""

    dense: Rounded | None
    """Cosine of question and passage; null if the vector index was not searched."""
    dense_rank: int | None
    """Its rank among the candidates by meaning, from 1; null if it was not among them."""
    lexical: Rounded | None
    """BM25 score; 0 if no word of the question occurs nearby, null if the word index was not searched."""
    lexical_rank: int | None
    """Its rank among the candidates by words, from 1; null if it was not among them."""
    fused: Rounded
    """The weighted scores of both indexes, each as a share of the best score; in [0, 1]."""
    evidence: Rounded
    """How strongly the best sentence answers the question: its cosine, plus a part for the rare words it shares."""
    verbatim: bool
    """Whether the hit comes first because it holds the question word for word."""
    reranked: Rounded | None
    """The reranker's score, in [0, 1]; null without a reranker."""
    matched_terms: list[str]
    """The question's words that occur in the passage."""
    pin_terms: list[str]
    """The matched words that occur in the pin, the rarest first."""
    nearest_words: list[str]
    """The words of the pin that are nearest to the question in meaning; empty unless `explain` is true."""
    relevant: bool
    """Whether a sentence of the passage mentions the subject of the question."""


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
    """The sentence that carries the evidence, or the cell of a table that answers the question."""
    runner_up: Quote | None
    """The second-best sentence of the passage; null if there is no other."""
    why: Why
    """The reasons."""
    also: list["Hit"]
    """Further passages that say the same in nearly the same words, best first."""

    @model_validator(mode="before")
    @classmethod
    def _from_record(cls, value: Any) -> Any:
        """Return the fields of a record: it has a passage and spans in place of some fields, the others by name."""
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
    """The question as asked, without white space around it."""
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
    """Its best passage; null if no sentence of it is about the question. Absence is a finding, too."""


class Coverage(Schema):
    """Each document's best passage for a question."""

    question: str
    """The question as asked, without white space around it."""
    documents: list[Covered]
    """All documents. Those with a hit come first, the best hit at the top."""
    notes: list[str]
    """Notes for the reader: what could not be searched."""

    @classmethod
    def of(cls, question: str, report: records.CoverageReport) -> Self:
        """Return the coverage of a question; the report does not contain the question."""
        return cls.model_validate({"question": question.strip(), "documents": report.rows, "notes": report.notes})
