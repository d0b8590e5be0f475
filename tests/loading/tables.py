"""What a reader is told of a document: its headings and places, and the names, headers and words of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.records import Document


def told(document: Document) -> list[str]:
    """Return each cell below the headers as `B7 | Price · Tea | 3.20`."""
    return [
        f"{table.name(cell)} | {' · '.join(table.headers(cell))} | {document.text[cell.start : cell.end]}"
        for table in document.tables
        for cell in table.cells
        if cell.row >= table.header_rows
    ]


def quotation(document: Document, words: str) -> str:
    """Return the headers of the only cell with these words, joined."""
    ((table, cell),) = [(t, c) for t in document.tables for c in t.cells if document.text[c.start : c.end] == words]
    return " · ".join(table.headers(cell))


def places(document: Document) -> list[str]:
    """Return the names of the places of a document, in order."""
    return [mark.label for mark in document.landmarks if mark.kind == "place"]


def headings(document: Document) -> list[tuple[int, str]]:
    """Return level and label of each heading."""
    return [(mark.level, mark.label) for mark in document.landmarks if mark.kind == "heading"]
