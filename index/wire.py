"""Records as the JSON that every face speaks. Offsets are code points into the document's text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.records import Document, DocumentInfo, Found, Hit, Location, Receipt, Stats, Verification

Json = dict[str, Any]


def found(result: Found) -> Json:
    """A search: the question, its hits, and where the time went."""
    return {
        "question": result.question,
        "hits": [hit(each) for each in result.hits],
        "timings_ms": result.timings_ms,
    }


def hit(each: Hit) -> Json:
    """A passage, its place, its pin, and why it was found."""
    return {
        "score": round(each.score, 6),
        "document": reference(each.document),
        "location": location(each.location),
        "start": each.passage.start,
        "end": each.passage.end,
        "text": each.passage.text,
        "pin": {"start": each.pin.start, "end": each.pin.end, "text": each.quote},
        "why": asdict(each.why),
    }


def reference(info: DocumentInfo) -> Json:
    """What a citation says of a document."""
    return {"id": info.id, "title": info.title, "source": info.source, "author": info.author, "date": info.date}


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


def stats(each: Stats) -> Json:
    """A library in numbers."""
    return asdict(each)


def verification(each: Verification) -> Json:
    """What was proved."""
    return asdict(each)
