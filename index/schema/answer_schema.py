"""Answers and checked texts: statements, each with a verdict and with citations of the exact words."""

from typing import Any

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from index.records import Status, Verdict, Writer
from index.schema.hit_schema import REFERENCE, Hit, Location, Reference
from index.schema.redaction import Confidence, Offset, Schema, Share

_QUOTE = "Nearly all the deaths had taken place near the Broad Street pump."
_CITATION: JsonDict = {
    "marker": 1,
    "document": REFERENCE,
    "location": {"page": "39", "heading": "", "paragraph": 2, "label": "p. 39, ¶ 2"},
    "start": 80412,
    "end": 80473,
    "quote": _QUOTE,
}
_VERBATIM: JsonDict = {
    "text": _QUOTE,
    "markers": [1],
    "verdict": "verbatim",
    "detail": "",
    "nearest": None,
    "is_claim": True,
}
_UNVERIFIED: JsonDict = {
    "text": "The mayor secretly closed the pump.",
    "markers": [],
    "verdict": "unverified",
    "detail": "not in the source: *mayor*, *secretly*, *closed*",
    "nearest": 1,
    "is_claim": True,
}
_SILENT: JsonDict = {
    "text": "Why?",
    "markers": [],
    "verdict": "unverified",
    "detail": "Not checked: a question states nothing.",
    "nearest": None,
    "is_claim": False,
}
_ANSWER: JsonDict = {
    "question": "Where did most of the deaths occur?",
    "asked": "",
    "status": "answered",
    "confidence": 0.93,
    "bar": 0.6,
    "writer": "quote",
    "statements": [_VERBATIM],
    "citations": [_CITATION],
    "hits": [],
    "searched": {"passages": 412, "documents": 3},
    "notes": [],
    "timings_ms": {"encode": 4.1, "search": 2.3, "evidence": 1.2},
}
_CHECK: JsonDict = {
    "summary": "1 of 2 sentences supported, 1 not verified; 1 states nothing",
    "supported": 1,
    "claims": 2,
    "statements": [_VERBATIM, _UNVERIFIED, _SILENT],
    "citations": [_CITATION],
    "notes": [],
}


class Statement(Schema):
    """A sentence of an answer, or of a text that was checked."""

    text: str
    """Its words, without markers."""
    markers: list[int]
    """The citations that decide its verdict: those that support it or may do so, or, if it is contradicted, the one
    that says otherwise. Empty if it is unverified."""
    verdict: Verdict
    """`verbatim`: its words are in a source, and their context agrees. `supported`: a source says every part of it.
    `perhaps`: a source may say it, compare the two. `contradicted`: a source says otherwise. `unverified`: the
    documents do not seem to say it."""
    detail: str
    """The reason in words: what differs, what is not in the source, or why the sentence could not be checked. Quoted
    words are between asterisks."""
    nearest: int | None
    """The citation whose words are nearest to an unverified sentence; it does not support the sentence. Null if nothing
    is near."""
    is_claim: bool
    """False if the sentence states nothing, as a question or a heading; then it was not checked."""


class Citation(Schema):
    """A numbered reference to the exact words."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CITATION]})

    marker: int = Field(ge=1)
    """Its number, which statements refer to."""
    document: Reference
    """The document that holds the words."""
    location: Location
    """The place of the words."""
    start: Offset
    """Where they begin."""
    end: Offset
    """Where they end."""
    quote: str
    """The exact words of the document's text from `start` to `end`."""


class Words(Schema):
    """Exact words of a document, without a number."""

    document: Reference
    """The document that holds the words."""
    location: Location
    """The place of the words."""
    start: Offset
    """Where they begin."""
    end: Offset
    """Where they end."""
    quote: str
    """The exact words of the document's text from `start` to `end`."""


class Searched(Schema):
    """How much was searched."""

    passages: int
    """The number of passages."""
    documents: int
    """The number of documents."""

    @model_validator(mode="before")
    @classmethod
    def _from_record(cls, value: Any) -> Any:
        """Return the pair of numbers of a record as named fields; other values stay as they are."""
        return dict(zip(cls.model_fields, value, strict=True)) if isinstance(value, tuple) else value


class Answer(Schema):
    """The documents' answer to a question, or the finding that they have none."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ANSWER]})

    question: str
    """The question that was answered, without white space around it. It stands alone: a follow-up is completed."""
    asked: str = ""
    """The reader's own words, if `after` completed them to `question`; empty if nothing was changed."""
    status: Status
    """`answered`; `unsure`: the statements are the nearest sentences, which may hold an answer; `abstained`: no answer
    was found in the documents, and the first hit is only the nearest passage."""
    confidence: Confidence
    """How well the passages match the question. It is not the probability that the answer is right."""
    bar: Share
    """The minimum confidence for an answer."""
    writer: Writer
    """The author of the statements' words: the documents (`quote`), or a language model."""
    statements: list[Statement]
    """In reading order; empty if the status is `abstained`."""
    citations: list[Citation]
    """By marker, from 1."""
    hits: list[Hit]
    """The passages that were found, best first."""
    searched: Searched
    """How many passages and documents were searched."""
    notes: list[str]
    """Notes for the reader: how the question was understood, which of its words no passage mentions (these are between
    asterisks), what could not be searched, and what went wrong with the model."""
    timings_ms: dict[str, float]
    """The time of each step, in milliseconds."""


class Piece(Schema):
    """Words that a model has just written; none of them has been checked."""

    text: str
    """The next words: append them to the earlier pieces."""


class Checked(Schema):
    """A text, compared with the documents sentence by sentence."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CHECK]})

    summary: str
    """In a line."""
    supported: int = Field(ge=0)
    """The number of statements that the documents support: those that are `verbatim` or `supported`."""
    claims: int = Field(ge=0)
    """The number of statements that state something."""
    statements: list[Statement]
    """All sentences, in order, each with its verdict. Sentences that state nothing are included, but not checked."""
    citations: list[Citation]
    """The words that support a statement, contradict it, or are nearest to it; by marker, from 1."""
    notes: list[str]
    """What could not be searched. If there is a note, `unverified` means less."""
