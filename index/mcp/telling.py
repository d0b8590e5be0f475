"""Results as text, for clients that show it and for models that read it: markers first, then the words they stand for.

No text of a document has a line break here, so none can pass for a marker or for a line of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.exporting import cite, export
from index.loading.composing import one_line
from index.records import CLAIMED, Citation
from index.remarks import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Answer, Check, DocumentInfo, Found, Hit, Location, Span, Statement


def found(each: Found) -> str:
    """The passages, each with its pin as a quotation, its place, its link and what stands around it."""
    if not each.hits:
        return _lines([f"Nothing was found for: {one_line(each.question)}", *map(plain, each.notes)])
    blocks = [
        f"[{number}] {cite(pinned(hit, number), 'text').rstrip()}\nPassage {hit.passage.start}-{hit.passage.end} of "
        f"document {hit.document.id}: {one_line(hit.passage.text)}"
        for number, hit in enumerate(each.hits, 1)
    ]
    return _lines([f"Passages for: {one_line(each.question)}", *map(plain, each.notes), *_apart(blocks)])


def answer(each: Answer) -> str:
    """The statements with their markers, or that there are none, the notes, and the sources."""
    return export(each, "text").rstrip()


def check(each: Check) -> str:
    """Each sentence with its markers and its verdict; then the sources."""
    sources = [f"[{citation.marker}] {cite(citation, 'text').rstrip()}" for citation in each.citations]
    return _lines([each.summary, *map(plain, each.notes), "", *map(_judged, each.statements), *_apart(sources)])


def text(info: DocumentInfo, span: Span, location: Location, words: str) -> str:
    """Which part of which document it is; below a blank line, its words as they are."""
    where = f", {one_line(location.label)}" if location.label else ""
    head = f"{one_line(info.name)}{where}: characters {span.start}-{span.end} of {info.characters}, document {info.id}"
    return "\n".join([head, *([CLAIMED] if info.claimed else []), "", words])


def pinned(hit: Hit, marker: int = 0) -> Citation:
    """A hit's pin as a citation."""
    return Citation(marker, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote)


def _judged(statement: Statement) -> str:
    markers = "".join(f"[{marker}]" for marker in statement.markers if statement.is_supported) or "[-]"
    decided = "".join(f", see [{marker}]" for marker in statement.markers if not statement.is_supported)
    nearest = "" if statement.nearest is None else f", nearest [{statement.nearest}]"
    detail = f" ({one_line(plain(statement.detail))})" if statement.detail else ""
    return f"{markers} {statement.verdict}{decided}{nearest}{detail}: {one_line(statement.text)}"


def _apart(blocks: Iterable[str]) -> list[str]:
    return [f"\n{block}" for block in blocks]


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)
