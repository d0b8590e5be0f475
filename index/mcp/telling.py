"""Results as text, for clients that show it and for models that read it: each marker, then the words that it cites.

The words of a document have no line breaks here, so they cannot pass for a marker or for a line of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.exporting import cite, export
from index.loading.composing import one_line
from index.records import CLAIMED
from index.remarks import plain
from index.schema.assistants import pin_citation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.records import Answer, Check, DocumentInfo, Found, Location, Span, Statement


def found(result: Found) -> str:
    """Return the passages, each with its pin as a quotation, its place, its link and its context."""
    if not result.hits:
        return _lines([f"Nothing was found for: {one_line(result.question)}", *map(plain, result.notes)])
    blocks = [
        f"[{number}] {cite(pin_citation(hit, number), 'text').rstrip()}\n"
        f"Passage {hit.passage.start}-{hit.passage.end} of document {hit.document.id}: {one_line(hit.passage.text)}"
        for number, hit in enumerate(result.hits, 1)
    ]
    return _lines([f"Passages for: {one_line(result.question)}", *map(plain, result.notes), *_apart(blocks)])


def answer(result: Answer) -> str:
    """Return the statements with their markers, or the abstention; then the notes and the sources."""
    return export(result, "text").rstrip()


def check(result: Check) -> str:
    """Return each sentence with its markers and its verdict; then the sources."""
    sources = [f"[{citation.marker}] {cite(citation, 'text').rstrip()}" for citation in result.citations]
    return _lines([result.summary, *map(plain, result.notes), "", *map(_judged, result.statements), *_apart(sources)])


def text(info: DocumentInfo, span: Span, location: Location, words: str) -> str:
    """Return a line that names the document and the part; below a blank line, the exact words."""
    where = f", {one_line(location.label)}" if location.label else ""
    head = f"{one_line(info.name)}{where}: characters {span.start}-{span.end} of {info.characters}, document {info.id}"
    return "\n".join([head, *([CLAIMED] if info.claimed else []), "", words])


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
