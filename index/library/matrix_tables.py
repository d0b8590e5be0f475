"""Matrices as files: CSV, Markdown, JSON Lines and workbooks, each with every quotation and its link."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

from index.citations.entries import deep_link
from index.library.answer_tables import (
    DOWNLOADS,
    citation_cells,
    cited,
    escape_formula,
    escaped,
    markdown_citation,
    web_only,
)
from index.library.question_tables import distinct, one_line
from index.library.workbooks import Cell, Sheet, workbook
from index.records.remarks import AS_RECOGNISED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.library.answer_tables import Link
    from index.records import DocumentInfo, Matrix, MatrixCell

NO_MENTION = "no mention"
NOT_SURE = "not sure"
"""Precedes words that may be an answer."""
ABOUT = ("document", "author", "date")
FORMS = DOWNLOADS
_DOCUMENT_WIDTH, _AUTHOR_WIDTH, _DATE_WIDTH, _QUESTION_WIDTH = 34, 20, 11, 48
_CITED = (
    "document",
    "question",
    "status",
    "marker",
    "title",
    "author",
    "date",
    "location",
    "start",
    "end",
    "quote",
    "link",
)
_CITED_WIDTHS = (34, 36, 11, 8, 34, 20, 11, 24, 8, 8, 70, 40)


def cell_words(cell: MatrixCell) -> str:
    """Return what a cell says in one line, without the source: a quotation, `no mention`, or why there is neither."""
    if cell.status == "failed":
        return f"not answered: {cell.error}"
    if cell.citation is None:
        return NO_MENTION
    location = cell.citation.location
    quote = f"“{one_line(location.quoted(cell.citation.quote))}”"
    quote += f" ({AS_RECOGNISED})" if location.recognised is not None else ""
    return f"{NOT_SURE}: {quote}" if cell.status == "unsure" else quote


def matrix_table(matrix: Matrix, form: str, link: Link = deep_link) -> bytes:
    """Return a matrix as a file; `form` is one of FORMS."""
    return _WRITERS[form](matrix, link)


def _about(info: DocumentInfo) -> tuple[str, ...]:
    return info.name, info.author, info.date


def _headings(matrix: Matrix) -> tuple[str, ...]:
    return (*ABOUT, *distinct([one_line(question) for question in matrix.questions], ABOUT))


def _with_source(cell: MatrixCell, link: Link) -> str:
    """Return a cell with its place and its link, as a reader of plain text needs it."""
    if cell.citation is None:
        return cell_words(cell)
    place = cell.citation.location.label
    return f"{cell_words(cell)} {f'({place}) ' if place else ''}<{link(cell.citation)}>"


def _as_csv(matrix: Matrix, link: Link) -> bytes:
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(map(escape_formula, _headings(matrix)))
    for row in matrix:
        cells = (_with_source(cell, link) for cell in row.cells)
        writer.writerow(map(escape_formula, (*_about(row.document), *cells)))
    return text.getvalue().encode("utf-8", "replace")


def _as_markdown(matrix: Matrix, link: Link) -> bytes:
    lines = [_markdown_line(map(escaped, _headings(matrix))), "|" + "---|" * len(_headings(matrix))]
    notes: list[str] = []
    for row in matrix:
        cells = list(map(escaped, _about(row.document)))
        for cell in row.cells:
            mark = ""
            if cell.citation is not None:
                unnumbered = replace(cell.citation, marker=0)
                notes.append(f"[^{len(notes) + 1}]: {markdown_citation(unnumbered, link)}")
                mark = f" [^{len(notes)}]"
            cells.append(escaped(cell_words(cell)) + mark)
        lines.append(_markdown_line(cells))
    return "\n".join([*lines, "", *notes, ""]).encode("utf-8", "replace")


def _markdown_line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _as_json_lines(matrix: Matrix, link: Link) -> bytes:
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in _records(matrix, link)).encode(
        "utf-8", "replace"
    )


def _records(matrix: Matrix, link: Link) -> Iterator[dict[str, Any]]:
    """Yield a record for each cell, row by row."""
    for row in matrix:
        about = {"document": row.document.name, "document_id": row.document.id, "date": row.document.date}
        for question, cell in zip(matrix.questions, row.cells, strict=True):
            found = cited(cell.citation, link) if cell.citation else None
            nearest = cited(cell.nearest, link) if cell.nearest else None
            yield {
                **about,
                "question": question,
                "status": cell.status,
                "confidence": round(cell.confidence, 4),
                "citation": found,
                "nearest": nearest,
                "error": cell.error,
            }


def _as_workbook(matrix: Matrix, link: Link) -> bytes:
    """Return a workbook: a sheet of numbered quotations, each linked to its words, and one of the citations in full."""
    quotes: list[list[Cell]] = []
    citations: list[list[Cell]] = []
    for row in matrix:
        line = [Cell(text) for text in _about(row.document)]
        for question, cell in zip(matrix.questions, row.cells, strict=True):
            if cell.citation is None:
                line.append(Cell(cell_words(cell), quiet=True))
                continue
            number = len(citations) + 1
            before = (row.document.name, question, NOT_SURE if cell.status == "unsure" else "answered")
            citations.append(citation_cells(before, replace(cell.citation, marker=number), link))
            address = web_only(link(cell.citation)) or f"#Citations!A{number + 1}"
            line.append(Cell(f"{cell_words(cell)} [{number}]", address))
        quotes.append(line)
    widths = [_DOCUMENT_WIDTH, _AUTHOR_WIDTH, _DATE_WIDTH, *(_QUESTION_WIDTH for _ in matrix.questions)]
    head = (*ABOUT, *matrix.questions)
    return workbook([Sheet("Matrix", head, quotes, widths), Sheet("Citations", _CITED, citations, _CITED_WIDTHS)])


_WRITERS: dict[str, Callable[[Matrix, Link], bytes]] = {
    ".csv": _as_csv,
    ".jsonl": _as_json_lines,
    ".md": _as_markdown,
    ".xlsx": _as_workbook,
}
