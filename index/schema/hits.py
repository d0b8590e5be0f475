"""Passages that were found for a question: hits, searches, and the coverage of a question."""

from typing import Any, Self

from pydantic import model_validator

from index import records
from index.schema.base import Offset, Rounded, Schema, Score
from index.schema.documents import Location, Reference


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
        passage, other = value.passage, value.runner_up
        return {
            "score": value.score,
            "document": value.document,
            "location": value.location,
            "start": passage.start,
            "end": passage.end,
            "text": passage.text,
            "pin": _quote(value, value.pin),
            "runner_up": _quote(value, other) if other else None,
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


def _quote(hit: records.Hit, span: records.Span) -> dict[str, Any]:
    return {"start": span.start, "end": span.end, "text": hit.words(span)}
