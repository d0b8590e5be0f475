"""Reads evidence packs of every version, and checks them against a library.

Nothing is unpacked to the disk. Two entries are read into memory by name. The size limit holds for the unpacked bytes,
not for the size that the archive states.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.citations.evidence_pack import (
    FENCE,
    FORMAT,
    HUMAN_PART,
    MACHINE_PART,
    VERSION,
    Pack,
    PackFinding,
    QuoteEvidence,
    digest,
    human_part_of,
)
from index.citations.first_packs import PackOne, human_part_of_version_one, upgrade
from index.citations.links import locate
from index.errors import BadPack
from index.records import Location, Span, Statement
from index.records.remarks import recognition
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pydantic import TypeAdapter

    from index.citations.evidence_pack import Fault
    from index.records import Citation, Document

LARGEST = 16 << 20
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
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadPack(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(data) > LARGEST:
        raise BadPack(f"{path.name} is too large for an evidence pack: more than {LARGEST >> 20} megabytes.")
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
        data = entry.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise BadPack(f"{part} in {name} unpacks to more than {LARGEST >> 20} megabytes. This looks like a zip bomb.")
    return data


def _fenced(data: bytes, name: str) -> tuple[bytes, bytes]:
    lines = data.replace(b"\r\n", b"\n")
    human, fence, rest = lines.rpartition(f"\n{FENCE}\n".encode())
    machine, closed, _ = rest.partition(b"\n```")
    if not fence or not closed:
        raise BadPack(f"{name} is not an evidence pack: neither an archive nor Markdown with {FORMAT} in it.")
    return human, machine


def _pack(human: bytes, machine: bytes, name: str) -> Pack:
    from pydantic import ValidationError

    try:
        head: _Head = _adapter(_Head).validate_json(machine, strict=True)
        if head.format != FORMAT:
            raise BadPack(f"{name} is not an evidence pack: its format is {head.format[:40]!r}.")
        if head.version > VERSION:
            raise BadPack(f"{name} was made by a newer Pincite.", "Upgrade Pincite: pip install --upgrade pincite")
        pack, render_human_part = _parse(machine, head.version)
        text = human.decode()
        changed = digest(text) != head.readable_sha256
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][:8])
        raise BadPack(f"The {MACHINE_PART} of {name} is invalid: {place} {first['msg']}.") from error
    except UnicodeDecodeError as error:
        raise BadPack(f"The {HUMAN_PART} of {name} is not UTF-8 text.") from error
    if changed:
        raise BadPack(f"The {HUMAN_PART} of {name} was changed after it was packed.")
    if contradiction := _contradiction(pack):
        raise BadPack(f"The {MACHINE_PART} of {name} contradicts itself: {contradiction}.")
    if digest(text) != digest(render_human_part()):
        raise BadPack(f"The {HUMAN_PART} of {name} differs from its {MACHINE_PART}.")
    return pack


def _parse(machine: bytes, version: int) -> tuple[Pack, Callable[[], str]]:
    """Return the pack, and the function that renders its human part in its version."""
    if version == 1:
        old: PackOne = _adapter(PackOne).validate_json(machine, strict=True)
        return upgrade(old), lambda: human_part_of_version_one(old)
    pack: Pack = _adapter(Pack).validate_json(machine, strict=True)
    return pack, lambda: human_part_of(pack)


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


@cache
def _adapter(record: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(record)


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
    if packed == Location(packed.page, packed.heading, packed.paragraph):  # as in all packs of earlier versions
        here = Location(here.page, here.heading, here.paragraph)
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
