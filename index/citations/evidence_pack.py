"""Evidence packs: an answer with everything that another person needs to check it, in one file.

A pack is a `.zip` of two files, or one `.md` with the same contents. `evidence.md` is for people. `evidence.json` is
for programs, in this format:

    format            "pincite-evidence"
    version           2; it grows if a program for the older version would misread the newer one. Version 1 had
                      other verdicts and no `unsure`; it can still be read
    readable_sha256   SHA-256 of evidence.md as UTF-8, which shows whether it was changed afterwards
    …                 the fields of `Pack` by name, records as objects, tuples as lists

Offsets count the code points of the text that Pincite reads from the file with the SHA-256 `citation.document.id`.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from index.citations.links import QuoteContext, context_in, deep_link, web_address
from index.citations.readable import escape_markdown, make_outline
from index.records import Answer, Citation, Statement, Status, Writer
from index.records.remarks import recognition
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from index.citations.entries import Entry
    from index.citations.readable import Outline

FORMAT = "pincite-evidence"
VERSION = 3
MACHINE_PART = "evidence.json"
HUMAN_PART = "evidence.md"

Fault = Literal[
    "document missing",
    "document claimed",
    "another document",
    "quote not there",
    "context differs",
    "described otherwise",
    "statement not quoted",
]
_HOW_TO_CHECK = (
    "Each document is named by the SHA-256 of its file. In a library that holds the same files, Pincite checks that "
    "every quote stands in its document at the characters given here, counted in Unicode code points from 0."
)
FENCE = "```json " + FORMAT
"""Opens the machine part of a `.md`. No text from outside can begin a line, so none can forge it."""
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class QuoteEvidence:
    """A citation with the context of its quote, and the link to it."""

    citation: Citation
    context: QuoteContext
    link: str


@dataclass(frozen=True, slots=True)
class Pack:
    """An answer with everything needed to check it in another copy of the library."""

    made_at: str
    """ISO 8601, with the offset from UTC."""
    question: str
    status: Status
    confidence: float
    bar: float
    writer: Writer
    searched: tuple[int, int]
    """The numbers of passages and documents that were searched."""
    statements: tuple[Statement, ...]
    evidence: tuple[QuoteEvidence, ...]
    settings: dict[str, str]
    """What else the answer depended on, such as encoder and version, as stated by the maker of the pack."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackFinding:
    """Something in a pack that does not hold in this library."""

    fault: Fault
    marker: int
    """The marker of the citation; for a statement, its first marker, or 0 without one."""
    document: str
    """The document's name in the pack; empty for a statement."""
    quote: str
    """The quote or the statement, as in the pack."""
    what: str
    """The fault, in a sentence."""


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
        remark = f" *({escape_markdown(line.remark)})*" if line.remark else ""
        beside = f" {line.beside_as}{_markers(line.beside)}" if line.beside else ""
        yield f"{escape_markdown(line.text)}{_markers(line.markers)}{remark}{beside}"
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
        yield escape_markdown(note)
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
        "Headers": " · ".join(entry.location.headers),
        "Words": recognition(entry.location),
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
    return escape_markdown(one_line(text))


def pack(
    answer: Answer, contexts: Mapping[int, QuoteContext], settings_facts: Mapping[str, str], made_at: datetime
) -> bytes:
    """Return a `.zip` of the machine part `evidence.json` and the human part `evidence.md`; equal input, equal bytes.

    `contexts` holds, by marker, the characters right before and after each quote; a missing one is taken from the
    passage found. `made_at` must have a time zone.
    """
    human, machine = _parts(answer, contexts, settings_facts, made_at)
    date_time = (max(made_at.year, 1980), made_at.month, made_at.day, made_at.hour, made_at.minute, made_at.second)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in ((HUMAN_PART, human), (MACHINE_PART, machine)):
            info = zipfile.ZipInfo(name, date_time)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, text.encode())
    return buffer.getvalue()


def pack_markdown(
    answer: Answer, contexts: Mapping[int, QuoteContext], settings_facts: Mapping[str, str], made_at: datetime
) -> str:
    """Return the same as one `.md`: the human part, and below it the machine part in a code block."""
    human, machine = _parts(answer, contexts, settings_facts, made_at)
    return f"{human}\n{FENCE}\n{machine}\n```\n"


def _parts(
    answer: Answer, contexts: Mapping[int, QuoteContext], settings_facts: Mapping[str, str], made_at: datetime
) -> tuple[str, str]:
    if made_at.tzinfo is None:
        raise ValueError("made_at has no time zone")
    contexts = {
        citation.marker: contexts.get(citation.marker) or context_in(citation, answer.hits)
        for citation in answer.citations
    }
    packed = Pack(
        made_at=made_at.isoformat(timespec="seconds"),
        question=answer.question,
        status=answer.status,
        confidence=answer.confidence,
        bar=answer.bar,
        writer=answer.writer,
        searched=answer.searched,
        statements=answer.statements,
        evidence=tuple(_evidence(citation, contexts[citation.marker]) for citation in answer.citations),
        settings=dict(settings_facts),
        notes=answer.notes,
    )
    human = human_part_of(packed)
    head = {"format": FORMAT, "version": VERSION, "readable_sha256": digest(human)}
    return human, _json(head | asdict(packed))


def human_part_of(packed: Pack) -> str:
    """Return the human part that belongs to a machine part. If its form changes, VERSION must change."""
    return render_evidence(
        packed,
        make_outline(answer_of(packed), {evidence.citation.marker: evidence.context for evidence in packed.evidence}),
    )


def answer_of(packed: Pack) -> Answer:
    """Return the answer in a pack. It has no hits and no timings, because a pack does not hold them."""
    return Answer(
        question=packed.question,
        status=packed.status,
        confidence=packed.confidence,
        bar=packed.bar,
        statements=packed.statements,
        citations=tuple(evidence.citation for evidence in packed.evidence),
        hits=(),
        searched=packed.searched,
        writer=packed.writer,
        timings_ms={},
        notes=packed.notes,
    )


def _json(fields: dict[str, Any]) -> str:
    """Encode as ASCII, with escaped characters, so that no editor reorders, joins or normalises a quote.

    A lone surrogate, which a question may contain but no document does, becomes U+FFFD, as in the human part.
    """
    whole = json.loads(_SURROGATES.sub("\ufffd", json.dumps(fields, ensure_ascii=False)))
    return json.dumps(whole, ensure_ascii=True, indent=2)


def _evidence(citation: Citation, context: QuoteContext) -> QuoteEvidence:
    """Return the evidence without the password that an address may contain."""
    source = web_address(citation.document.source) or citation.document.source
    shared = replace(citation, document=replace(citation.document, source=source))
    return QuoteEvidence(shared, context, deep_link(citation, context))


def digest(human: str) -> str:
    """Return the SHA-256 of the human part; line ends do not matter."""
    return hashlib.sha256("\n".join(human.split("\r\n")).encode()).hexdigest()
