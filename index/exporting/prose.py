"""Exports answers and citations as plain text.

Plain text has no escape. Our own marks are recognised by their place: a marker begins a line, and text from outside has
no line breaks, so it cannot begin one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.exporting.describing import Entry
    from index.exporting.outlining import Line, Outline

INDENT = "    "


def citation(entry: Entry) -> str:
    """Return quote, reference and link, one a line."""
    return f"“{entry.quote}”\n{entry.reference}\n{entry.link}\n"


def answer(outline: Outline) -> str:
    """Return the question, the statements with their markers, and the sources with theirs."""
    sources = [f"[{entry.marker}] {_indented(entry)}" for entry in outline.entries]
    return numbered(outline, "Sources", sources)


def numbered(outline: Outline, heading: str, sources: Sequence[str]) -> str:
    """Return question and statements, and below a heading the sources in any style."""
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
