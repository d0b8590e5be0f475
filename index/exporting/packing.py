"""Makes an evidence pack: an answer with everything that another person needs to check it, in one file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from index.exporting.context import QuoteContext, context_in
from index.exporting.evidence import FORMAT, HUMAN_PART, MACHINE_PART, VERSION, Pack, QuoteEvidence
from index.exporting.linking import deep_link, web_address
from index.exporting.outlining import make_outline
from index.exporting.readable import render_evidence
from index.records import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from index.records import Citation

FENCE = "```json " + FORMAT
"""Opens the machine part of a `.md`. No text from outside can begin a line, so none can forge it."""
_SURROGATES = re.compile("[\ud800-\udfff]")


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
    """Return the packed answer, as far as the pack has it."""
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
