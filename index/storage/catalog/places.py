"""Documents as they are read: their text, and what stands where in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from index.records import Document, Landmark, Location
from index.storage.catalog.passages import Passages
from index.storage.catalog.rows import LISTED, Excerpt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import LandmarkKind, Span
    from index.storage.catalog.rows import PassageRow
    from index.storage.database import Connection


class Places(Passages):
    """Texts, and the pages, headings and paragraphs in them."""

    def document(self, number: int) -> Document | None:
        """A whole document, its text put together from its passages."""
        with self._database.snapshot():
            info = self.infos([number]).get(number)
            if info is None:
                return None
            text = "".join(row.passage.text + gap for row, gap in self._document_rows(number))
            marks = self._database.rows(
                "SELECT kind, start, label, level FROM landmarks WHERE document = ? ORDER BY start, place", [number]
            )
        landmarks = tuple(Landmark(*mark) for mark in marks)
        stated = (info.id, info.source, info.title, info.author, info.date, info.media_type)
        return Document(*stated, text, landmarks, info.notes)

    def rows_around(self, number: int, span: Span) -> list[tuple[PassageRow, str]]:
        """The passages of a document that hold a span, in order, each with the white space after it."""
        begins = "(SELECT max(ordinal) FROM passages WHERE document = ? AND start <= ?)"
        condition = f"p.document = ? AND p.start < ? AND p.ordinal >= coalesce({begins}, 0)"
        return self._passage_rows(condition, [number, max(span.end, span.start + 1), number, span.start])

    def excerpt(self, number: int, span: Span) -> Excerpt:
        """The part of a document's text that has a span, and what else stands in the same passages."""
        rows = self.rows_around(number, span)
        start, text = rows[0][0].passage.start if rows else 0, "".join(row.passage.text + gap for row, gap in rows)
        marks = self._database.rows(
            """SELECT kind, start, label, level FROM landmarks WHERE document = ?
               AND kind IN ('page', 'heading', 'paragraph') AND start BETWEEN ? AND ? ORDER BY start, place""",
            [number, start, start + len(text)],
        )
        return Excerpt(start, text, tuple(Landmark(*mark) for mark in marks))

    def locate(self, number: int, start: int) -> Location:
        """Page, path of headings and paragraph of the place `start` in a document."""
        with self._database.reading() as connection:
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

    def headings(self, numbers: Sequence[int]) -> dict[str, list[str]]:
        """The headings of these documents, in order, by the document's id."""
        found: dict[str, list[str]] = {}
        query = f"""SELECT d.id, l.label FROM landmarks l JOIN documents d ON d.number = l.document
                    WHERE l.kind = 'heading' AND l.document IN {LISTED} ORDER BY l.document, l.start, l.place"""
        for identity, label in self._database.rows(query, [json.dumps(list(numbers))]):
            found.setdefault(identity, []).append(label)
        return found

    def pages_begun(self, number: int, at: int) -> int:
        """How many pages of a document begin at that place or before it."""
        query = "SELECT count(*) FROM landmarks WHERE document = ? AND kind = 'page' AND start <= ?"
        return int(self._database.rows(query, [number, at])[0][0])


def _last(connection: Connection, number: int, kind: LandmarkKind, start: int, below_level: int = 0) -> Landmark | None:
    """The last landmark of a kind at or before `start`; with `below_level`, only one of a lower level before it."""
    row = connection.execute(
        """SELECT kind, start, label, level FROM landmarks
           WHERE document = ? AND kind = ? AND start <= ? AND (? = 0 OR level < ?)
           ORDER BY start DESC, place DESC LIMIT 1""",
        (number, kind, start, below_level, below_level),
    ).fetchone()
    return Landmark(*row) if row else None
