"""Checks an evidence pack against a library, which need not be the one it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.exporting.evidence import PackFinding
from index.exporting.locating import locate
from index.loading.composing import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from index.exporting.evidence import Fault, Pack, QuoteEvidence
    from index.records import Citation, Document, Statement

ELLIPSIS = "…"


def verify_pack(
    pack: Pack, documents: Callable[[str], Document | None], claimed: Collection[str] = ()
) -> list[PackFinding]:
    """Return the faults of a pack; empty if every quote is in its document, word for word.

    `documents` returns the document with an id, else one with the same name, or None. Documents whose ids are `claimed`
    prove nothing: they were imported, and nobody here has read their files.
    """
    known: dict[str, Document | None] = {}
    findings: list[PackFinding] = []
    for evidence in pack.evidence:
        document_id = evidence.citation.document.id
        if document_id not in known:
            known[document_id] = documents(document_id)
        findings += _check(evidence, known[document_id])
        if (found := known[document_id]) is not None and found.id in claimed:
            detail = "The document was imported, but its file was never read here. Add the file."
            findings.append(_finding("document claimed", evidence.citation, detail))
    findings += [finding for statement in pack.statements for finding in _statement(pack, statement)]
    return findings


def _check(evidence: QuoteEvidence, document: Document | None) -> Iterator[PackFinding]:
    citation = evidence.citation
    start, end, document_id = citation.start, citation.end, citation.document.id
    if document is None:
        yield _finding("document missing", citation, f"No document here has the SHA-256 {document_id}.")
        return
    there = document.text[start:end] == citation.quote
    if document.id != document_id:
        place = "It contains the quote anyway." if there else _elsewhere(citation, document)
        yield _finding("another document", citation, f"Its SHA-256 is {document.id}, not {document_id}. {place}")
        return
    if not there:
        detail = f"Characters {start} to {end} of the document differ from the quote. {_elsewhere(citation, document)}"
        yield _finding("quote not there", citation, detail)
        return
    before, after = evidence.context.before, evidence.context.after
    if not (document.text.endswith(before, 0, start) and document.text.startswith(after, end)):
        yield _finding("context differs", citation, "The text around the quote differs from the pack.")
    for name, here, packed in _descriptions(citation, document):
        if packed != here:
            yield _finding("described otherwise", citation, f"Its {name} is {here!r} here, and {packed!r} in the pack.")


def _descriptions(citation: Citation, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield the description of a quote: each name with its value here and in the pack."""
    info = citation.document
    yield "title", document.title, info.title
    yield "author", document.author, info.author
    yield "date", document.date, info.date
    yield "place", locate(document.landmarks, citation.start).label, citation.location.label


def _elsewhere(citation: Citation, document: Document) -> str:
    at = document.text.find(citation.quote)
    if at < 0:
        return "The document does not contain the quote."
    return f"The quote stands at {at} to {at + len(citation.quote)}."


def _statement(pack: Pack, statement: Statement) -> Iterator[PackFinding]:
    """Yield a finding if a statement that is marked as a quotation is not part of one of its quotes."""
    if pack.writer != "quote" or statement.verdict != "verbatim":
        return
    words = one_line(statement.text).strip(f"{ELLIPSIS} ")
    quotes = [evidence.citation.quote for evidence in pack.evidence if evidence.citation.marker in statement.markers]
    if not any(words in one_line(quote) for quote in quotes):
        marker = statement.markers[0] if statement.markers else 0
        detail = "The statement is marked as a quotation, but none of its quotes contains it."
        yield PackFinding("statement not quoted", marker, "", statement.text, detail)


def _finding(fault: Fault, citation: Citation, detail: str) -> PackFinding:
    return PackFinding(fault, citation.marker, citation.document.name, citation.quote, detail)
