"""Evidence packs for tests, and what is done to them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from index.citations.evidence_pack import Pack, QuoteEvidence, pack
from index.citations.links import QuoteContext
from tests.citations.factories import QUOTE, TEXT, answer, citation

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Answer, Document

AT = datetime(2026, 11, 25, 15, 30, tzinfo=UTC)
CONTEXT = {1: QuoteContext(TEXT[: QUOTE.start], TEXT[QUOTE.end :])}
FACTS = {"encoder": "all-MiniLM-L6-v2"}


def made(of: Answer | None = None) -> bytes:
    """A pack of an answer, by default of the one about the pump."""
    return pack(of or answer(citation()), CONTEXT, FACTS, AT)


def zipped(parts: dict[str, str | bytes]) -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def unzipped(data: bytes) -> dict[str, str]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def machine_part(data: bytes) -> dict[str, Any]:
    """What programs read of a pack."""
    fields: dict[str, Any] = json.loads(unzipped(data)["evidence.json"])
    return fields


def changed(data: bytes, **fields: Any) -> bytes:
    """The pack with other fields in its machine part."""
    return zipped({**unzipped(data), "evidence.json": json.dumps(machine_part(data) | fields)})


def forged(**fields: Any) -> Pack:
    """A pack whose one piece of evidence has other fields than it should."""
    whole, true = answer(citation()), QuoteEvidence(citation(), CONTEXT[1], "")
    return Pack(
        made_at=AT.isoformat(),
        question=whole.question,
        status=whole.status,
        confidence=whole.confidence,
        bar=whole.bar,
        writer=whole.writer,
        searched=whole.searched,
        statements=whole.statements,
        evidence=(replace(true, **fields),),
        settings={},
        notes=(),
    )


def library_of(*documents: Document) -> Callable[[str], Document | None]:
    """A library that holds these."""
    return {document.id: document for document in documents}.get


def whole(text: str) -> str:
    """Halves of characters cannot be stored."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)
