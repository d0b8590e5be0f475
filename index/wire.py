"""Records as the JSON that every face speaks. Offsets are code points into the document's text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.records import (
        Answer,
        Check,
        Citation,
        CoverageReport,
        Document,
        DocumentInfo,
        Found,
        Hit,
        Location,
        Queue,
        Recall,
        Receipt,
        Span,
        Stats,
        Verification,
        Why,
    )

Json = dict[str, Any]
_DECIMALS = 6


def found(result: Found) -> Json:
    """A search: the question, its hits, and where the time went."""
    return {
        "question": result.question,
        "hits": [hit(each) for each in result.hits],
        "notes": list(result.notes),
        "timings_ms": result.timings_ms,
    }


def hit(each: Hit) -> Json:
    """A passage, its place, its pin, why it was found, and its copies, each a hit of its own."""
    return {
        "score": round(each.score, _DECIMALS),
        "document": reference(each.document),
        "location": location(each.location),
        "start": each.passage.start,
        "end": each.passage.end,
        "text": each.passage.text,
        "pin": span(each, each.pin),
        "runner_up": span(each, each.runner_up) if each.runner_up else None,
        "why": why(each.why),
        "also": [hit(copy) for copy in each.also],
    }


def why(each: Why) -> Json:
    """Every reason, by the names of `Why`: null where a side was not asked, or did not propose the passage."""
    return {
        name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in asdict(each).items()
    }


def coverage(question: str, report: CoverageReport) -> Json:
    """What each document has to say: its best hit, or null."""
    documents = [{"document": reference(row.document), "hit": hit(row.hit) if row.hit else None} for row in report]
    return {"question": question.strip(), "documents": documents, "notes": list(report.notes)}


def span(each: Hit, place: Span) -> Json:
    """A sentence of a hit's passage."""
    return {"start": place.start, "end": place.end, "text": each.words(place)}


def answer(each: Answer) -> Json:
    """An answer with its numbered sources, or the nearest passages where there is none."""
    return {
        "question": each.question,
        "status": each.status,
        "confidence": round(each.confidence, 4),
        "bar": each.bar,
        "writer": each.writer,
        "statements": [asdict(statement) for statement in each.statements],
        "citations": [citation(one) for one in each.citations],
        "hits": [hit(one) for one in each.hits],
        "searched": {"passages": each.searched[0], "documents": each.searched[1]},
        "notes": list(each.notes),
        "timings_ms": each.timings_ms,
    }


def check(each: Check) -> Json:
    """A text, sentence by sentence, with what supports or contradicts it, or comes nearest to it."""
    return {
        "summary": each.summary,
        "supported": each.supported,
        "claims": each.claims,
        "statements": [asdict(statement) for statement in each.statements],
        "citations": [citation(one) for one in each.citations],
        "notes": list(each.notes),
    }


def citation(each: Citation) -> Json:
    """A numbered reference to the exact words."""
    return {
        "marker": each.marker,
        "document": reference(each.document),
        "location": location(each.location),
        "start": each.start,
        "end": each.end,
        "quote": each.quote,
    }


def reference(info: DocumentInfo) -> Json:
    """What a citation says of a document, and whether its words are only an import's claim."""
    names = ("id", "title", "source", "author", "date", "claimed")
    return {name: getattr(info, name) for name in names}


def location(place: Location) -> Json:
    """Page, headings, paragraph, and all of it in one line."""
    return {**asdict(place), "label": place.label}


def document_info(info: DocumentInfo) -> Json:
    """A document without its text."""
    return asdict(info)


def document(each: Document) -> Json:
    """A document with its text, the one that all offsets refer to, and its landmarks."""
    return asdict(each)


def receipt(each: Receipt) -> Json:
    """What was done, file by file."""
    return asdict(each)


def queue(each: Queue) -> Json:
    """What is still to be added, and what could not be."""
    return asdict(each)


def stats(each: Stats) -> Json:
    """A library in numbers."""
    return asdict(each)


def recall(each: Recall) -> Json:
    """How much of what is nearest a search finds."""
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(each).items()}


def verification(each: Verification) -> Json:
    """What was proved."""
    return asdict(each)
