"""Documents and answers as the page of a static site reads them. Nothing here has a path of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.wire import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.records import Answer, Citation, Document, DocumentInfo, Hit
    from index.records.table import Table

Json = dict[str, Any]


def document_record(info: DocumentInfo) -> Json:
    """Return what a list of documents shows of a document."""
    shown = redacted(info)
    return {
        "id": shown.id,
        "name": shown.name,
        "title": shown.title,
        "source": shown.source,
        "author": shown.author,
        "date": shown.date,
        "characters": shown.characters,
        "notes": shown.health,
    }


def document_text(document: Document) -> Json:
    """Return a document's text, its landmarks (kind, start, label and level) and its tables."""
    return {
        "text": document.text,
        "landmarks": [(mark.kind, mark.start, mark.label, mark.level) for mark in document.landmarks],
        "tables": [_table(table) for table in document.tables],
    }


def _table(table: Table) -> Json:
    """Return a table; each of its cells is start, end, row and column."""
    return {
        "start": table.start,
        "end": table.end,
        "caption": table.caption,
        "naming": table.naming,
        "number": table.number,
        "headerRows": table.header_rows,
        "columns": table.columns,
        "rows": table.rows,
        "columnNumbers": table.column_numbers,
        "rowNumbers": table.row_numbers,
        "cells": table.cells,
        "labels": table.labels,
    }


def answer_record(answer: Answer, places: Mapping[str, int]) -> Json:
    """Return an answer. `places` gives each document's place on the site by its id."""
    shown = redacted(answer)
    return {
        "question": shown.question,
        "status": shown.status,
        "match": shown.match,
        "statements": [{"text": said.text, "markers": said.markers} for said in shown.statements],
        "citations": [_citation(citation, places) for citation in shown.citations],
        "passages": [_passage(hit, places) for hit in shown.hits],
        "notes": shown.notes,
    }


def _citation(citation: Citation, places: Mapping[str, int]) -> Json:
    return {
        "marker": citation.marker,
        "document": places[citation.document.id],
        "start": citation.start,
        "end": citation.end,
        "place": citation.location.label,
    }


def _passage(hit: Hit, places: Mapping[str, int]) -> Json:
    return {
        "document": places[hit.document.id],
        "start": hit.passage.start,
        "end": hit.passage.end,
        "pin": hit.pin,
        "place": hit.location.label,
    }
