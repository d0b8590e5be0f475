"""An answer as every readable form tells it: question, statements or that there are none, notes, sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from index.exporting.context import Context, context_in
from index.exporting.describing import Entry, described, nearest_entry
from index.loading.composing import one_line
from index.remarks import plain, remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records import Answer, Statement

_UNSURE = "This may be it. The documents do not clearly answer the question"


@dataclass(frozen=True, slots=True)
class Line:
    """A statement, fit for one line."""

    text: str
    markers: tuple[int, ...]
    """Of what bears it out."""
    remark: str
    """What a reader must know of it: that nothing supports it, or what differs; empty where all is well."""
    beside: tuple[int, ...] = ()
    """The markers of words that do not bear it out: those that say otherwise, or come nearest."""
    beside_as: Literal["", "see", "nearest"] = ""
    """What to call them."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An answer, its words from outside made fit for one line each."""

    question: str
    lines: tuple[Line, ...]
    entries: tuple[Entry, ...]
    caution: str
    """That there is no answer, or that what follows may not be one, and how far one was; empty where there is one."""
    nearest: Entry | None
    """What came nearest, where there is no answer."""
    notes: tuple[str, ...]
    """What the reader should know beside it."""


def make_outline(answer: Answer, contexts: Mapping[int, Context] | None = None) -> Outline:
    """The answer in outline. `contexts`, by marker, is what stands around the quotes; else the passages tell it."""
    contexts = contexts or {}
    entries = tuple(
        described(citation, contexts.get(citation.marker) or context_in(citation, answer.hits))
        for citation in answer.citations
    )
    abstained = answer.status == "abstained"
    quotes = answer.writer == "quote"
    cautions = {"answered": "", "unsure": _UNSURE + _distance(answer) + ".", "abstained": _refusal(answer)}
    return Outline(
        question=one_line(answer.question),
        lines=tuple(_line(statement, quotes=quotes) for statement in answer.statements),
        entries=entries,
        caution=cautions[answer.status],
        nearest=nearest_entry(answer.hits[0]) if abstained and answer.hits else None,
        notes=tuple(one_line(plain(note)) for note in answer.notes),
    )


def _line(statement: Statement, *, quotes: bool) -> Line:
    """`quotes` says that the statements are quotations, not a model's sentences."""
    text = one_line(statement.text)
    if statement.is_supported:
        return Line(f"“{text}”" if quotes and statement.verdict == "verbatim" else text, statement.markers, "")
    text_of_remark = one_line(remark(statement))
    if statement.markers:
        return Line(text, (), text_of_remark, statement.markers, "see")
    if statement.nearest is not None:
        return Line(text, (), text_of_remark, (statement.nearest,), "nearest")
    return Line(text, (), text_of_remark)


def _refusal(answer: Answer) -> str:
    return abstention(answer) if answer.searched[0] else "Nothing was searched."


def abstention(answer: Answer) -> str:
    """That there is no answer, and how far one was."""
    passages, documents = answer.searched
    return (
        f"The documents hold no answer: nothing in {passages:,} passages of {documents:,} documents supports one"
        f"{_distance(answer)}."
    )


def _distance(answer: Answer) -> str:
    bar = f", from {answer.bar:.0%} on an answer is given" if answer.confidence < answer.bar else ""
    return f" (confidence {answer.confidence:.0%}{bar})"
