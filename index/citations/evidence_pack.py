"""Evidence packs: an answer in one file, with all that another person needs to check it; and this check.

A pack is a `.zip` of two files, or one `.md` with the same contents. `evidence.md` is for people. `evidence.json` is
for programs, in this format:

    format            "pincite-evidence"
    version           3; it grows if a program for the older version would misread the newer one
    readable_sha256   SHA-256 of evidence.md as UTF-8, which shows whether it was changed afterwards
    …                 the fields of `Pack` by name, records as objects, tuples as lists

Offsets count the code points of the text that Pincite reads from the file with the SHA-256 `citation.document.id`.

To check a pack, nothing is unpacked to the disk. Two entries are read into memory by name. The size limit holds for the
unpacked bytes, not for the size that the archive states.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from index.citations.entries import QuoteContext, context_in, deep_link, locate, web_address
from index.citations.readable import escape_markdown, make_outline
from index.errors import BadPack
from index.records import Answer, Citation, Span, Statement, Status, Writer
from index.records.document import from_json
from index.records.remarks import recognition
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from index.citations.entries import Entry
    from index.citations.readable import Outline
    from index.records import Document

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


MAX_PACK_BYTES = 16 << 20
"""The largest size of a pack, and of each of its unpacked parts, in bytes."""
_ENTRIES = 16
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


@dataclass(frozen=True, slots=True)
class _Head:
    format: str
    version: int
    readable_sha256: str = ""


def read_pack(path: str | Path) -> Pack:
    """Return the pack in a `.zip` or `.md`. Raises BadPack if it is not a pack, is damaged, or was changed."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PACK_BYTES + 1)
    except OSError as error:
        raise BadPack(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > MAX_PACK_BYTES:
        raise BadPack(f"{path.name} is too large for an evidence pack: more than {MAX_PACK_BYTES >> 20} megabytes.")
    human, machine = _unzipped(data, path.name) if data.startswith(b"PK") else _fenced(data, path.name)
    return _pack(human, machine, path.name)


def _unzipped(data: bytes, name: str) -> tuple[bytes, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.namelist()
            if len(entries) > _ENTRIES or any(entries.count(part) != 1 for part in (HUMAN_PART, MACHINE_PART)):
                raise BadPack(f"{name} is an archive, but not of one {MACHINE_PART} and one {HUMAN_PART}.")
            return _entry(archive, HUMAN_PART, name), _entry(archive, MACHINE_PART, name)
    except _BROKEN as error:
        raise BadPack(f"{name} is an archive that cannot be read: {error}.") from error


def _entry(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    with archive.open(part) as entry:
        data = entry.read(MAX_PACK_BYTES + 1)
    if len(data) > MAX_PACK_BYTES:
        raise BadPack(
            f"{part} in {name} unpacks to more than {MAX_PACK_BYTES >> 20} megabytes. This looks like a zip bomb."
        )
    return data


def _fenced(data: bytes, name: str) -> tuple[bytes, bytes]:
    lines = data.replace(b"\r\n", b"\n")
    human, fence, rest = lines.rpartition(f"\n{FENCE}\n".encode())
    machine, closed, _ = rest.partition(b"\n```")
    if not fence or not closed:
        raise BadPack(f"{name} is not an evidence pack: neither an archive nor Markdown with {FORMAT} in it.")
    return human, machine


def _pack(human: bytes, machine: bytes, name: str) -> Pack:
    try:
        text = human.decode()
    except UnicodeDecodeError as error:
        raise BadPack(f"The {HUMAN_PART} of {name} is not UTF-8 text.") from error
    try:
        head: _Head = from_json(_Head, machine)
        if head.format != FORMAT:
            raise BadPack(f"{name} is not an evidence pack: its format is {head.format[:40]!r}.")
        if head.version > VERSION:
            raise BadPack(f"{name} was made by a newer Pincite.", "Upgrade Pincite: pip install --upgrade pincite")
        pack: Pack = from_json(Pack, machine)
    except ValueError as error:
        raise BadPack(f"The {MACHINE_PART} of {name} is invalid: {error}.") from error
    if digest(text) != head.readable_sha256:
        raise BadPack(f"The {HUMAN_PART} of {name} was changed after it was packed.")
    if contradiction := _contradiction(pack):
        raise BadPack(f"The {MACHINE_PART} of {name} contradicts itself: {contradiction}.")
    if digest(text) != digest(human_part_of(pack)):
        raise BadPack(f"The {HUMAN_PART} of {name} differs from its {MACHINE_PART}.")
    return pack


def _contradiction(pack: Pack) -> str:
    markers = [evidence.citation.marker for evidence in pack.evidence]
    if len(set(markers)) != len(markers) or any(marker < 1 for marker in markers):
        return "its citation numbers are not unique and positive"
    for statement in pack.statements:
        beside = () if statement.nearest is None else (statement.nearest,)
        if not {*statement.markers, *beside} <= set(markers):
            return "a statement cites a missing citation"
    for evidence in pack.evidence:
        citation = evidence.citation
        if not 0 <= citation.start <= citation.end or citation.end - citation.start != len(citation.quote):
            return f"quote {citation.marker} is not as long as its span"
    return ""


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
    is_unchanged = document.text[start:end] == citation.quote
    if document.id != document_id:
        place = "It contains the quote anyway." if is_unchanged else _elsewhere(citation, document)
        yield _finding("another document", citation, f"Its SHA-256 is {document.id}, not {document_id}. {place}")
        return
    if not is_unchanged:
        detail = f"Characters {start} to {end} of the document differ from the quote. {_elsewhere(citation, document)}"
        yield _finding("quote not there", citation, detail)
        return
    before, after = evidence.context.before, evidence.context.after
    if not (document.text.endswith(before, 0, start) and document.text.startswith(after, end)):
        yield _finding("context differs", citation, "The text around the quote differs from the pack.")
    for name, value, packed in _descriptions(citation, document):
        if packed != value:
            yield _finding(
                "described otherwise", citation, f"Its {name} is {value!r} here, and {packed!r} in the pack."
            )


def _descriptions(citation: Citation, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield the description of a quote: each name with its value here and in the pack."""
    info, packed = citation.document, citation.location
    here = locate(document, Span(citation.start, citation.end))
    if _is_headed(citation, document):
        here = replace(here, headers=packed.headers)
    yield "title", document.title, info.title
    yield "author", document.author, info.author
    yield "date", document.date, info.date
    yield "place", here.label, packed.label
    yield "headers", " · ".join(here.headers), " · ".join(packed.headers)
    yield "way of reading", recognition(here), recognition(packed)


def _is_headed(citation: Citation, document: Document) -> bool:
    """Whether the headers in the pack are those of the cell, perhaps in the words by which a question named its row."""
    found = ((table, table.cell_at(citation.start, citation.end)) for table in document.tables)
    headers = citation.location.headers
    return any(cell is not None and table.is_headed(cell, headers, document.text) for table, cell in found)


def _elsewhere(citation: Citation, document: Document) -> str:
    at = document.text.find(citation.quote)
    if at < 0:
        return "The document does not contain the quote."
    return f"The quote stands at {at} to {at + len(citation.quote)}."


def _statement(pack: Pack, statement: Statement) -> Iterator[PackFinding]:
    """Yield a finding if a statement that is marked as a quotation is not part of one of its quotes."""
    if pack.writer != "quote" or statement.verdict != "verbatim":
        return
    words = one_line(statement.text).strip("… ")
    cited = [evidence.citation for evidence in pack.evidence if evidence.citation.marker in statement.markers]
    if not any(words in one_line(citation.location.quoted(citation.quote)) for citation in cited):
        marker = statement.markers[0] if statement.markers else 0
        detail = "The statement is marked as a quotation, but none of its quotes contains it."
        yield PackFinding("statement not quoted", marker, "", statement.text, detail)


def _finding(fault: Fault, citation: Citation, detail: str) -> PackFinding:
    return PackFinding(fault, citation.marker, citation.document.name, citation.quote, detail)
