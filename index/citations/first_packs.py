"""Evidence packs of version 1: their fields, and the human part that version 1 rendered."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from index.citations.evidence_pack import Pack, QuoteEvidence, answer_of, render_evidence
from index.citations.readable import abstention, make_outline
from index.records import Statement, Verdict, Writer
from index.text.sentences import one_line

_Old = Literal["quoted", "supported", "number differs", "negation differs", "name differs", "not found"]
_VERDICTS: dict[_Old, Verdict] = {"quoted": "verbatim", "supported": "supported", "not found": "unverified"}
"""The current verdict for each one of version 1; verdicts that are missing here become contradictions."""


@dataclass(frozen=True, slots=True)
class StatementOne:
    """A statement in version 1."""

    text: str
    markers: tuple[int, ...]
    verdict: _Old
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PackOne:
    """The fields of `Pack` in version 1."""

    made_at: str
    question: str
    status: Literal["answered", "abstained"]
    confidence: float
    bar: float
    writer: Writer
    searched: tuple[int, int]
    statements: tuple[StatementOne, ...]
    evidence: tuple[QuoteEvidence, ...]
    settings: dict[str, str]
    notes: tuple[str, ...]


def upgrade(old: PackOne) -> Pack:
    """Return the same pack with the verdicts of the current version."""
    kept = {field.name: getattr(old, field.name) for field in fields(old) if field.name != "statements"}
    return Pack(**kept, statements=tuple(map(_statement_of_version_one, old.statements)))


def human_part_of_version_one(old: PackOne) -> str:
    """Return the human part that version 1 rendered."""
    pack = upgrade(old)
    answer = answer_of(pack)
    outline = make_outline(answer, {evidence.citation.marker: evidence.context for evidence in pack.evidence})
    lines = tuple(
        replace(
            line, text=_text(statement), markers=statement.markers, remark=_remark(statement), beside=(), beside_as=""
        )
        for line, statement in zip(outline.lines, old.statements, strict=True)
    )
    caution = abstention(answer) if old.status == "abstained" else ""
    return render_evidence(pack, replace(outline, lines=lines, notes=tuple(map(one_line, old.notes)), caution=caution))


def _statement_of_version_one(old: StatementOne) -> Statement:
    detail = old.detail if old.verdict in ("quoted", "supported") else old.detail or f"{old.verdict.capitalize()}."
    return Statement(old.text, old.markers, _VERDICTS.get(old.verdict, "contradicted"), detail)


def _text(old: StatementOne) -> str:
    return f"“{one_line(old.text)}”" if old.verdict == "quoted" else one_line(old.text)


def _remark(old: StatementOne) -> str:
    if old.verdict in ("quoted", "supported"):
        return ""
    return ": ".join(part for part in (old.verdict, one_line(old.detail)) if part)
