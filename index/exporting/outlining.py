"""Outlines an answer for every readable form: question, statements or their absence, notes, sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from index.exporting.context import QuoteContext, context_in
from index.exporting.describing import Entry, described, nearest_entry
from index.loading.composing import one_line
from index.remarks import plain, remark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records import Answer, Statement

_UNSURE = "This may be it. The documents do not clearly answer the question"


@dataclass(frozen=True, slots=True)
class Line:
    """A statement as a single line."""

    text: str
    markers: tuple[int, ...]
    """The markers of its evidence."""
    remark: str
    """What a reader must know about it: that nothing supports it, or what differs; empty if it is supported."""
    beside: tuple[int, ...] = ()
    """The markers of quotes that do not support it: they contradict it, or come nearest."""
    beside_as: Literal["", "see", "nearest"] = ""
    """The label of these quotes."""


@dataclass(frozen=True, slots=True)
class Outline:
    """An answer, with all text from outside as single lines."""

    question: str
    lines: tuple[Line, ...]
    entries: tuple[Entry, ...]
    caution: str
    """That there is no answer, or that it is unsure, and the confidence; empty for a clear answer."""
    nearest: Entry | None
    """The nearest text if there is no answer."""
    notes: tuple[str, ...]
    """Notes for the reader."""


def make_outline(answer: Answer, contexts: Mapping[int, QuoteContext] | None = None) -> Outline:
    """Return the outline of an answer. `contexts`, by marker, surround the quotes; by default the passages do."""
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
    """Return the line of a statement; `quotes` if the statements are quotations and not a model's sentences."""
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
    """Return the sentence that says that there is no answer, and the confidence."""
    passages, documents = answer.searched
    return (
        f"The documents hold no answer: nothing in {passages:,} passages of {documents:,} documents supports one"
        f"{_distance(answer)}."
    )


def _distance(answer: Answer) -> str:
    bar = f", from {answer.bar:.0%} on an answer is given" if answer.confidence < answer.bar else ""
    return f" (confidence {answer.confidence:.0%}{bar})"
