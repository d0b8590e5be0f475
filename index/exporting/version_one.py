"""Evidence packs of version 1 of the format: other verdicts, and another readable part. They are read for ever."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

from index.exporting.evidence import Evidence, Pack
from index.exporting.outlining import abstention, outlined
from index.exporting.packing import answer_of
from index.exporting.readable import readable
from index.loading.composing import one_line
from index.records import Statement, Verdict, Writer

_Old = Literal["quoted", "supported", "number differs", "negation differs", "name differs", "not found"]
_VERDICTS: dict[_Old, Verdict] = {
    "quoted": "verbatim",
    "supported": "supported",
    "number differs": "contradicted",
    "negation differs": "contradicted",
    "name differs": "contradicted",
    "not found": "unverified",
}


@dataclass(frozen=True, slots=True)
class StatementOne:
    """A statement, as version 1 has it."""

    text: str
    markers: tuple[int, ...]
    verdict: _Old
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PackOne:
    """The fields of `Pack`, as version 1 has them."""

    made_at: str
    question: str
    status: Literal["answered", "abstained"]
    confidence: float
    bar: float
    writer: Writer
    searched: tuple[int, int]
    statements: tuple[StatementOne, ...]
    evidence: tuple[Evidence, ...]
    settings: dict[str, str]
    notes: tuple[str, ...]


def upgraded(old: PackOne) -> Pack:
    """The same pack with the verdicts of today."""
    kept = {each.name: getattr(old, each.name) for each in fields(old) if each.name != "statements"}
    return Pack(**kept, statements=tuple(map(_statement, old.statements)))


def readable_of(old: PackOne) -> str:
    """The human part that version 1 made of it."""
    made = upgraded(old)
    answer = answer_of(made)
    outline = outlined(answer, {each.citation.marker: each.context for each in made.evidence})
    lines = tuple(
        replace(line, text=_text(each), markers=each.markers, remark=_remark(each), beside=(), beside_as="")
        for line, each in zip(outline.lines, old.statements, strict=True)
    )
    caution = abstention(answer) if old.status == "abstained" else ""
    return readable(made, replace(outline, lines=lines, notes=tuple(map(one_line, old.notes)), caution=caution))


def _statement(old: StatementOne) -> Statement:
    detail = old.detail if old.verdict in ("quoted", "supported") else old.detail or f"{old.verdict.capitalize()}."
    return Statement(old.text, old.markers, _VERDICTS[old.verdict], detail)


def _text(old: StatementOne) -> str:
    text = one_line(old.text)
    return f"“{text}”" if old.verdict == "quoted" else text


def _remark(old: StatementOne) -> str:
    if old.verdict in ("quoted", "supported"):
        return ""
    return ": ".join(part for part in (old.verdict, one_line(old.detail)) if part)
