"""Evidence packs for tests, and functions that take them apart and change them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from index.citations.entries import QuoteContext
from index.citations.evidence_pack import Pack, QuoteEvidence, pack
from tests.citations.factories import QUOTE, TEXT, answer, citation

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Answer, Document

AT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
CONTEXT = {1: QuoteContext(TEXT[: QUOTE.start], TEXT[QUOTE.end :])}
FACTS = {"encoder": "all-MiniLM-L6-v2"}


def make_pack(packed: Answer | None = None) -> bytes:
    """Return a pack of an answer, which is about the pump by default."""
    return pack(packed or answer(citation()), CONTEXT, FACTS, AT)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """Return an archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, str]:
    """Return the files of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def machine_part(data: bytes) -> dict[str, Any]:
    """Return the part of a pack that programs read."""
    fields: dict[str, Any] = json.loads(unzipped(data)["evidence.json"])
    return fields


def changed(data: bytes, **fields: Any) -> bytes:
    """Return the pack with these fields changed in its machine part."""
    return zipped({**unzipped(data), "evidence.json": json.dumps(machine_part(data) | fields)})


def forged(**fields: Any) -> Pack:
    """Return a pack with these fields changed in its only piece of evidence."""
    packed, evidence = answer(citation()), replace(QuoteEvidence(citation(), CONTEXT[1], ""), **fields)
    names = ("question", "status", "confidence", "bar", "writer", "searched", "statements", "notes")
    copied: dict[str, Any] = {name: getattr(packed, name) for name in names}
    return Pack(made_at=AT.isoformat(), evidence=(evidence,), settings={}, **copied)


def library_of(*documents: Document) -> Callable[[str], Document | None]:
    """Return a lookup in a library of these documents."""
    return {document.id: document for document in documents}.get


def without_surrogates(text: str) -> str:
    """Replace lone surrogates, because they cannot be stored."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
