"""An answer as every readable form tells it: the question, its statements or that there is none, and its sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.exporting.context import Context, context_in
from index.exporting.describing import Entry, described, nearest
from index.loading.composing import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records import Answer, Statement


@dataclass(frozen=True, slots=True)
class Line:
    """A statement, fit for one line."""

    text: str
    markers: tuple[int, ...]
    remark: str
    """What a reader must know of it: that nothing supports it, or what differs; empty where all is well."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An answer, its words from outside made fit for one line each."""

    question: str
    lines: tuple[Line, ...]
    entries: tuple[Entry, ...]
    abstention: str
    """That there is no answer, and how far one was; empty where there is one."""
    nearest: Entry | None
    """What came nearest, where there is no answer."""


def outlined(answer: Answer, contexts: Mapping[int, Context] | None = None) -> Outline:
    """The answer in outline. `contexts`, by marker, is what stands around the quotes; else the passages tell it."""
    contexts = contexts or {}
    entries = tuple(
        described(citation, contexts.get(citation.marker) or context_in(citation, answer.hits))
        for citation in answer.citations
    )
    abstained = answer.status == "abstained"
    return Outline(
        question=one_line(answer.question),
        lines=tuple(_line(statement) for statement in answer.statements),
        entries=entries,
        abstention=_abstention(answer) if abstained else "",
        nearest=nearest(answer.hits[0]) if abstained and answer.hits else None,
    )


def _line(statement: Statement) -> Line:
    text, detail = one_line(statement.text), one_line(statement.detail)
    if statement.verdict == "quoted":
        return Line(f"“{text}”", statement.markers, "")
    remark = "" if statement.verdict == "supported" else statement.verdict
    return Line(text, statement.markers, ": ".join(part for part in (remark, remark and detail) if part))


def _abstention(answer: Answer) -> str:
    passages, documents = answer.searched
    bar = f", from {answer.bar:.0%} on an answer is given" if answer.confidence < answer.bar else ""
    return (
        f"The documents hold no answer: nothing in {passages:,} passages of {documents:,} documents supports one "
        f"(confidence {answer.confidence:.0%}{bar})."
    )
