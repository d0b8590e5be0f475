"""Renders the human part of an evidence pack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.exporting.markdown import escaped
from index.loading.composing import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.exporting.describing import Entry
    from index.exporting.evidence import Pack, QuoteEvidence
    from index.exporting.outlining import Outline

_HOW_TO_CHECK = (
    "Each document is named by the SHA-256 of its file. In a library that holds the same files, Pincite checks that "
    "every quote stands in its document at the characters given here, counted in Unicode code points from 0."
)


def render_evidence(pack: Pack, outline: Outline) -> str:
    """Return Markdown: question, answer, each quote with its context and location, and the settings."""
    return "\n\n".join(_blocks(pack, outline)) + "\n"


def _blocks(pack: Pack, outline: Outline) -> Iterator[str]:
    yield "# Evidence"
    yield f"Question: {_words(pack.question)}"
    yield "## Answer"
    if outline.caution:
        yield outline.caution
    for line in outline.lines:
        remark = f" *({escaped(line.remark)})*" if line.remark else ""
        beside = f" {line.beside_as}{_markers(line.beside)}" if line.beside else ""
        yield f"{escaped(line.text)}{_markers(line.markers)}{remark}{beside}"
    for evidence, entry in zip(pack.evidence, outline.entries, strict=True):
        yield f"## Quote {entry.marker}"
        yield f"> {_quoted(evidence)}"
        yield _facts(_quote_facts(evidence, entry))
    yield "## How this was made"
    passages, documents = pack.searched
    yield _facts(
        {
            "Date": pack.made_at,
            "Searched": f"{passages:,} passages of {documents:,} documents",
            "Confidence": f"{pack.confidence:.0%}; from {pack.bar:.0%} on an answer is given",
            "Written by": "quoting the documents" if pack.writer == "quote" else "a language model, then checked",
            **pack.settings,
        }
    )
    for note in outline.notes:
        yield escaped(note)
    yield "## How to check it"
    yield _HOW_TO_CHECK


def _markers(markers: Iterable[int]) -> str:
    return "".join(f" **[{marker}]**" for marker in markers)


def _quoted(evidence: QuoteEvidence) -> str:
    """Return the quote in bold within its context."""
    quote = _words(evidence.citation.quote)
    parts = (_words(evidence.context.before), f"**{quote}**" if quote else "", _words(evidence.context.after))
    return " ".join(part for part in parts if part)


def _quote_facts(evidence: QuoteEvidence, entry: Entry) -> dict[str, str]:
    citation, info = evidence.citation, evidence.citation.document
    return {
        "Title": entry.title,
        "Author": entry.author,
        "Date": entry.date,
        "Place": entry.location.label,
        "Source": info.source,
        "SHA-256": info.id,
        "Characters": f"{citation.start} to {citation.end} of {info.characters}",
        "Link": evidence.link,
    }


def _facts(facts: dict[str, str]) -> str:
    """Return a list of facts without the unknown ones."""
    return "\n".join(f"- {_words(name)}: {_value(name, value)}" for name, value in facts.items() if value)


def _value(name: str, value: str) -> str:
    return f"<{value}>" if name == "Link" else _words(value)


def _words(text: str) -> str:
    return escaped(one_line(text))
