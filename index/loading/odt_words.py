"""The words of an OpenDocument paragraph, the cells of its tables and its notes."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from index.loading.content import Block, paragraph
from index.loading.xml_tree import local
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_BREAKS = {"line-break": "\n", "tab": "\t", "s": " ", "soft-page-break": ""}
_APART = frozenset({"note", "annotation", "text-box", "ruby-text", "object", "table"})
"""What is read apart from the paragraph that it is anchored in, or is no part of the text."""
_MOST_REPEATED = 100
"""Empty cells and rows are stored as one with a number, which may be a million at the end of a table."""


def words(element: Any) -> str:
    """Return the words of a paragraph, without notes and text boxes."""
    return "".join(_words(element))


def _words(element: Any) -> Iterator[str]:
    from lxml import etree

    events = etree.iterwalk(element, events=("start", "end"))
    for event, inner in events:
        if event == "start":
            if inner is not element and local(inner) in _APART:
                events.skip_subtree()
                continue
            yield _BREAKS.get(local(inner), "")
            yield inner.text or ""
        elif inner is not element:
            yield inner.tail or ""


def notes_in(element: Any) -> Iterator[Block]:
    """Yield the footnotes and endnotes that are anchored in an element, each with its number."""
    for note in element.iter(f"{TEXT}note"):
        number = next((one_line(words(mark)) for mark in note.iter(f"{TEXT}note-citation")), "")
        lines = [text for body in note.iter(f"{TEXT}note-body") for part in body if (text := one_line(words(part)))]
        if lines:
            yield paragraph("\n".join([f"{number} {lines[0]}".strip(), *lines[1:]]))


def table_rows(table: Any) -> list[list[str]]:
    """Return the texts of the cells of a table; a cell that is covered by another one is empty."""
    rows: list[list[str]] = []
    for row in table.iter(f"{TABLE}table-row"):
        if next(row.iterancestors(f"{TABLE}table"), None) is not table:
            continue
        cells: list[str] = []
        for cell in row:
            if local(cell) in {"table-cell", "covered-table-cell"}:
                cells += [_cell(cell)] * _repeated(cell, "columns")
        rows += [cells] * (_repeated(row, "rows") if any(cells) else 1)
    width = max((n for row in rows for n, cell in enumerate(row, 1) if cell), default=0)
    return [row[:width] for row in rows]


def _cell(cell: Any) -> str:
    lines = (one_line(words(part)) for part in cell.iter(f"{TEXT}p", f"{TEXT}h") if not _is_apart(part, cell))
    return " ".join(filter(None, lines))


def _is_apart(part: Any, cell: Any) -> bool:
    """Return whether a paragraph of a cell belongs to a note or a text box, which are read after the table."""
    within = takewhile(lambda ancestor: ancestor is not cell, part.iterancestors())
    return any(local(ancestor) in _APART - {"table"} for ancestor in within)


def _repeated(element: Any, what: str) -> int:
    stated = element.get(f"{TABLE}number-{what}-repeated", "1")
    return max(1, min(int(stated), _MOST_REPEATED)) if stated.isdecimal() and len(stated) < 10 else 1
