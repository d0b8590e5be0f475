"""Queries for whole texts and the landmarks in them. Each public function is a method of `Catalog`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from index.records import Document, Landmark, Location
from index.storage.catalog.document_queries import infos
from index.storage.catalog.passage_queries import rows_around, rows_of
from index.storage.catalog.rows import LISTED, Excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import LandmarkKind, Span
    from index.storage.catalog.rows import WithDatabase
    from index.storage.database import Connection

_LANDMARKS = "SELECT kind, start, label, level FROM landmarks WHERE document = ?"


def document(catalog: WithDatabase, number: int) -> Document | None:
    """Return a whole document, its text put together from its passages; None if there is none."""
    with catalog.database.snapshot():
        info = infos(catalog, [number]).get(number)
        if info is None:
            return None
        text = "".join(row.passage.text + gap for row, gap in rows_of(catalog, number))
        marks = catalog.database.rows(f"{_LANDMARKS} ORDER BY start, place", [number])
    landmarks = tuple(Landmark(*mark) for mark in marks)
    stated = (info.id, info.source, info.title, info.author, info.date, info.media_type)
    return Document(*stated, text, landmarks, info.notes)


def excerpt(catalog: WithDatabase, number: int, span: Span) -> Excerpt:
    """Return the passages of a document that hold a span, as one text, with the landmarks among them."""
    rows = rows_around(catalog, number, span)
    start, text = rows[0][0].passage.start if rows else 0, "".join(row.passage.text + gap for row, gap in rows)
    # The kinds are named so that SQLite can use the index on (document, kind, start).
    among = "AND kind IN ('page', 'heading', 'paragraph') AND start BETWEEN ? AND ? ORDER BY start, place"
    marks = catalog.database.rows(f"{_LANDMARKS} {among}", [number, start, start + len(text)])
    return Excerpt(start, text, tuple(Landmark(*mark) for mark in marks))


def locate(catalog: WithDatabase, number: int, start: int) -> Location:
    """Return page, path of headings and paragraph of the offset `start` in a document."""
    with catalog.database.reading() as connection:
        page = _last(connection, number, "page", start)
        heading = _last(connection, number, "heading", start)
        path, above = [], heading
        while above:
            path.append(above.label)
            outer = above.level > 1
            above = _last(connection, number, "heading", above.start, below_level=above.level) if outer else None
        anchor = max(page.start if page else -1, heading.start if heading else -1)
        paragraph = connection.execute(
            """SELECT count(*) FROM landmarks
               WHERE document = ? AND kind = 'paragraph' AND start BETWEEN ? AND ?""",
            (number, anchor, start),
        ).fetchone()[0]
    return Location(page.label if page else "", " > ".join(reversed(path)), paragraph)


def headings(catalog: WithDatabase, numbers: Sequence[int]) -> dict[str, list[str]]:
    """Return the headings of these documents, in order, by the document's id."""
    found: dict[str, list[str]] = {}
    query = f"""SELECT d.id, l.label FROM landmarks l JOIN documents d ON d.number = l.document
                WHERE l.kind = 'heading' AND l.document IN {LISTED} ORDER BY l.document, l.start, l.place"""
    for identity, label in catalog.database.rows(query, [json.dumps(list(numbers))]):
        found.setdefault(identity, []).append(label)
    return found


def pages_begun(catalog: WithDatabase, number: int, at: int) -> int:
    """Return how many pages of a document begin at or before an offset."""
    query = "SELECT count(*) FROM landmarks WHERE document = ? AND kind = 'page' AND start <= ?"
    return int(catalog.database.rows(query, [number, at])[0][0])


def _last(connection: Connection, number: int, kind: LandmarkKind, start: int, below_level: int = 0) -> Landmark | None:
    """Return the last landmark of a kind at or before `start`; with `below_level`, only one of a lower level."""
    row = connection.execute(
        """SELECT kind, start, label, level FROM landmarks
           WHERE document = ? AND kind = ? AND start <= ? AND (? = 0 OR level < ?)
           ORDER BY start DESC, place DESC LIMIT 1""",
        (number, kind, start, below_level, below_level),
    ).fetchone()
    return Landmark(*row) if row else None
