"""Tables of answers, with the reader's columns before ours, and matrices, as CSV, Markdown, JSON Lines and workbooks.

Every quotation has its link.
"""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any, Protocol

from index.citations.entries import deep_link, reference
from index.library.question_files import Sheet, SheetCell, distinct, padded, without_breaks, workbook
from index.records import texts
from index.records.remarks import AS_RECOGNISED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.library.question_files import QuestionTable
    from index.records import Citation, DocumentInfo, Matrix, MatrixCell, Row

    Link = Callable[[Citation], str]
    """Returns the address of the words of a citation."""

COLUMNS = (
    "question",
    "status",
    "answer",
    "quote",
    "document",
    "location",
    "confidence",
    "verdict",
    "error",
    "note",
    "link",
    "citations",
)
"""Our columns. `link` leads to `quote`; `citations` has every citation in full."""
OUTPUTS = (".csv", ".jsonl", ".md")
"""Formats that can be written row by row."""
DOWNLOADS = (*OUTPUTS, ".xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The first characters of a formula."""
_WIDTHS = {"question": 36, "answer": 60, "quote": 50, "document": 30, "citations": 60, "status": 11, "confidence": 11}
_WIDTH = 20
_CITED = ("question", "marker", "document", "author", "date", "location", "start", "end", "quote", "link")
_CITED_WIDTHS = (36, 8, 30, 20, 11, 24, 8, 8, 70, 40)
ABOUT = ("document", "author", "date")
_DOCUMENT_WIDTH, _AUTHOR_WIDTH, _DATE_WIDTH, _QUESTION_WIDTH = 34, 20, 11, 48
_MATRIX_CITED = (
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
_MATRIX_CITED_WIDTHS = (34, 36, 11, 8, 34, 20, 11, 24, 8, 8, 70, 40)


class TextWriter(Protocol):
    """A text stream that a table is written to."""

    def write(self, text: str, /) -> object:
        """Write whole rows."""
        ...

    def flush(self) -> object:
        """Make the written rows visible to readers."""
        ...


def escape_formula(words: str) -> str:
    """Return the text, with an apostrophe before it if it would be a formula."""
    return f"'{words}" if words.startswith(_FORMULA) else words


def unescape_formula(cell: str) -> str:
    """Reverse `escape_formula`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def page_link(base: str) -> Link:
    """Return the function that links a citation to its words on the Pincite page with this address."""
    return lambda citation: f"{base.rstrip('/')}/d/{citation.document.id}/{citation.start}-{citation.end}"


def cited(citation: Citation, link: Link) -> dict[str, Any]:
    """Return a citation in full, as JSON: its marker, its document, its place, its words, and the link to them."""
    info = citation.document
    return {
        "marker": citation.marker,
        "document": info.name,
        "document_id": info.id,
        "author": info.author,
        "date": info.date,
        "location": citation.location.label,
        "headers": list(citation.location.headers),
        "recognised": citation.location.recognised,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "link": link(citation),
    }


def described(citation: Citation) -> str:
    """Return a citation on one line: `[1] Snow, Cholera (1855), p. 39: “Nearly all the deaths …”`."""
    mark = f"[{citation.marker}] " if citation.marker else ""
    words = without_breaks(citation.location.quoted(citation.quote))
    return f"{mark}{reference(citation.document, citation.location)}: “{words}”"


def full_text(citation: Citation, link: Link) -> str:
    """Return a citation on one line, with the link to its words."""
    return f"{described(citation)} <{link(citation)}>"


def markdown_citation(citation: Citation, link: Link) -> str:
    """Return a citation with its link, for a cell of Markdown."""
    return f"{escaped(described(citation))} <{link(citation)}>"


def values(row: Row, link: Link = deep_link) -> dict[str, Any]:
    """Return the cells of a row by column; `citations` as a list for JSON."""
    shown = next(iter(row.citations), row.nearest)
    cells = {name: getattr(row, name) for name in COLUMNS[:-2]}
    return {**cells, "link": link(shown) if shown else "", "citations": [cited(one, link) for one in row.citations]}


def text_values(row: Row, link: Link = deep_link) -> dict[str, str]:
    """Return the cells of a row by column, as texts; each citation is a line."""
    cells = {name: str(value) for name, value in values(row, link).items()}
    return {**cells, "citations": "\n".join(full_text(one, link) for one in row.citations)}


def markdown_values(row: Row, link: Link = deep_link) -> dict[str, str]:
    """Return the cells of a row by column, as Markdown on one line."""
    cells = text_values(row, link)
    address = cells["link"]
    shown = {name: escaped(value) for name, value in cells.items()}
    citations = "<br>".join(markdown_citation(one, link) for one in row.citations)
    return {**shown, "link": address and f"<{address}>", "citations": citations}


def own_names(columns: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the reader's columns beside ours: `answer (yours)` if we have an `answer`, too."""
    return distinct(columns, COLUMNS, "yours")


def in_text(value: Any) -> str:
    """Return the cell of a reader as text; lists and objects as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class TableWriter:
    """Writes rows to a text file, which readers can read at any time. `form` is one of OUTPUTS."""

    def __init__(self, file: TextWriter, form: str, columns: Sequence[str] = (), link: Link = deep_link) -> None:
        self._file = file
        self._form = form
        self._own = own_names(columns)
        self._link = link
        self._csv = csv.writer(file)

    @property
    def header(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*self._own, *COLUMNS)

    def head(self) -> None:
        """Write the names of the columns; JSON Lines have none."""
        if self._form == ".csv":
            self._csv.writerow([escape_formula(name) for name in self.header])
        elif self._form == ".md":
            self._file.write("| " + " | ".join(map(escaped, self.header)) + " |\n|" + "---|" * len(self.header) + "\n")

    def write(self, row: Row, cells: Sequence[Any] = ()) -> None:
        """Write a row, after the reader's cells."""
        self.write_cells(cells, _VALUES[self._form](row, self._link))

    def write_cells(self, cells: Sequence[Any], ours: Mapping[str, Any]) -> None:
        """Write a row that has been written before, or that `write` has made ready."""
        cells = padded(cells, len(self._own))
        if self._form == ".jsonl":
            line = dict(zip(self._own, cells, strict=True)) | {name: ours[name] for name in COLUMNS}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        elif self._form == ".csv":
            texts = [*map(in_text, cells), *(str(ours[name]) for name in COLUMNS)]
            self._csv.writerow(map(escape_formula, texts))
        else:
            line_cells = [*(escaped(in_text(cell)) for cell in cells), *(ours[name] for name in COLUMNS)]
            self._file.write("| " + " | ".join(line_cells) + " |\n")
        self._file.flush()

    def written(self, cells: Sequence[Any]) -> list[Any]:
        """Return the reader's cells as this file holds them."""
        cells = padded(cells, len(self._own))
        return list(cells) if self._form == ".jsonl" else [in_text(cell) for cell in cells]


def escaped(value: str) -> str:
    """Return a value as one line of Markdown with all markup escaped."""
    return without_breaks("".join(f"\\{mark}" if mark in "\\`*_{}[]<>()#|!~&" else mark for mark in value))


_VALUES: dict[str, Callable[[Row, Link], Mapping[str, Any]]] = {
    ".csv": text_values,
    ".jsonl": values,
    ".md": markdown_values,
}


def table(rows: Sequence[Row], form: str, own: QuestionTable | None = None, link: Link = deep_link) -> bytes:
    """Return the rows as a file; `form` is one of DOWNLOADS. `own` has the reader's columns for the first rows."""
    if form == ".xlsx":
        return _workbook(rows, own, link)
    text = StringIO(newline="")
    writer = TableWriter(text, form, own.columns if own else (), link)
    writer.head()
    for n, row in enumerate(rows):
        writer.write(row, own.cells[n] if own and n < len(own.cells) else ())
    return text.getvalue().encode("utf-8", "replace")


def _workbook(rows: Sequence[Row], own: QuestionTable | None, link: Link) -> bytes:
    columns = own_names(own.columns if own else ())
    body = [
        [*(_sheet_cell(cell) for cell in padded(own.cells[n] if own else (), len(columns))), *_cells(row, link)]
        for n, row in enumerate(rows)
    ]
    head = (*columns, *COLUMNS)
    cited_rows = [citation_cells((row.question,), citation, link) for row in rows for citation in row.citations]
    return workbook(
        [
            Sheet("Answers", head, body, [_WIDTHS.get(name, _WIDTH) for name in head]),
            Sheet("Citations", _CITED, cited_rows, _CITED_WIDTHS),
        ]
    )


def _sheet_cell(value: Any) -> SheetCell:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return SheetCell(value if is_number else in_text(value))


def _cells(row: Row, link: Link) -> Iterable[SheetCell]:
    values = text_values(row, link)
    for name in COLUMNS:
        if name == "confidence":
            yield SheetCell(row.confidence)
        else:
            yield SheetCell(values[name], web_only(values["link"]) if name in ("quote", "link") else "")


def web_only(address: str) -> str:
    """Return the address if a program can open it, else nothing."""
    return address if address.startswith(("http://", "https://")) else ""


def citation_cells(before: Sequence[str], citation: Citation, link: Link) -> list[SheetCell]:
    """Return a citation in full as the cells of a row, after some others."""
    full = cited(citation, link)
    address = web_only(full["link"])
    names = ("marker", "document", "author", "date", "location", "start", "end", "quote", "link")
    return [*map(SheetCell, before), *(SheetCell(full[name], address if name == "link" else "") for name in names)]


def cell_words(cell: MatrixCell) -> str:
    """Return what a cell says in one line, without the source: a quotation, `no mention`, or why there is neither."""
    if cell.status == "failed":
        return f"{texts.NOT_ANSWERED}: {cell.error}"
    if cell.citation is None:
        return texts.NO_MENTION
    location = cell.citation.location
    quote = f"“{without_breaks(location.quoted(cell.citation.quote))}”"
    quote += f" ({AS_RECOGNISED})" if location.recognised is not None else ""
    return f"{texts.NOT_SURE}: {quote}" if cell.status == "unsure" else quote


def matrix_table(matrix: Matrix, form: str, link: Link = deep_link) -> bytes:
    """Return a matrix as a file; `form` is one of DOWNLOADS."""
    return _MATRIX_WRITERS[form](matrix, link)


def _about(info: DocumentInfo) -> tuple[str, ...]:
    return info.name, info.author, info.date


def _headings(matrix: Matrix) -> tuple[str, ...]:
    return (*ABOUT, *distinct([without_breaks(question) for question in matrix.questions], ABOUT))


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
    quotes: list[list[SheetCell]] = []
    citations: list[list[SheetCell]] = []
    for row in matrix:
        line = [SheetCell(text) for text in _about(row.document)]
        for question, cell in zip(matrix.questions, row.cells, strict=True):
            if cell.citation is None:
                line.append(SheetCell(cell_words(cell), quiet=True))
                continue
            number = len(citations) + 1
            before = (row.document.name, question, texts.NOT_SURE if cell.status == "unsure" else "answered")
            citations.append(citation_cells(before, replace(cell.citation, marker=number), link))
            address = web_only(link(cell.citation)) or f"#Citations!A{number + 1}"
            line.append(SheetCell(f"{cell_words(cell)} [{number}]", address))
        quotes.append(line)
    widths = [_DOCUMENT_WIDTH, _AUTHOR_WIDTH, _DATE_WIDTH, *(_QUESTION_WIDTH for _ in matrix.questions)]
    head = (*ABOUT, *matrix.questions)
    return workbook(
        [Sheet("Matrix", head, quotes, widths), Sheet("Citations", _MATRIX_CITED, citations, _MATRIX_CITED_WIDTHS)]
    )


_MATRIX_WRITERS: dict[str, Callable[[Matrix, Link], bytes]] = {
    ".csv": _as_csv,
    ".jsonl": _as_json_lines,
    ".md": _as_markdown,
    ".xlsx": _as_workbook,
}
