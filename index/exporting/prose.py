"""Answers and citations as plain text.

Plain text knows no escape. What is ours can be told by its place: a marker stands where a line begins, and no text from
outside has a line break to begin a line with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.exporting.describing import Entry
    from index.exporting.outlining import Line, Outline

INDENT = "    "


def citation(entry: Entry) -> str:
    """Quote, reference and link, a line each."""
    return f"“{entry.quote}”\n{entry.reference}\n{entry.link}\n"


def answer(outline: Outline) -> str:
    """The question, the statements with their markers before them, the sources with theirs."""
    sources = [f"[{entry.marker}] {_indented(entry)}" for entry in outline.entries]
    return numbered(outline, "Sources", sources)


def numbered(outline: Outline, heading: str, sources: Sequence[str]) -> str:
    """Question and statements, and below a heading the sources, in whatever style."""
    lines = [outline.caution] if outline.caution else []
    lines += map(_statement, outline.lines)
    lines += [f"Note: {note}" for note in outline.notes]
    if outline.nearest:
        lines.append(f"Nearest: {_indented(outline.nearest)}")
    listed = [f"{heading}\n", *sources] if sources else []
    return "\n".join([f"Question: {outline.question}\n", *lines, *(["", *listed] if listed else [])]) + "\n"


def _statement(line: Line) -> str:
    beside = f"; {line.beside_as} {_markers(line.beside)}" if line.beside else ""
    remark = f" ({line.remark}{beside})" if line.remark else ""
    return f"{_markers(line.markers) or '[-]'} {line.text}{remark}"


def _markers(markers: Iterable[int]) -> str:
    return "".join(f"[{marker}]" for marker in markers)


def _indented(entry: Entry) -> str:
    return f"{entry.reference}\n{INDENT}“{entry.quote}”\n{INDENT}{entry.link}"
