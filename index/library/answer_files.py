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
    from index.records import Citation, DocumentInfo, Matrix, MatrixCell, MatrixRow, Row

    Link = Callable[[Citation], str]
    """Returns the address of the words of a citation."""

ROW_COLUMNS = (
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
)
"""Our columns that are fields of a `Row`."""
ANSWER_COLUMNS = (*ROW_COLUMNS, "link", "citations")
"""All our columns. `link` leads to `quote`; `citations` has every citation in full."""
OUTPUTS = (".csv", ".jsonl", ".md")
"""Formats that can be written row by row."""
DOWNLOADS = (*OUTPUTS, ".xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The first characters of a formula."""
_WIDTHS = {"question": 36, "answer": 60, "quote": 50, "document": 30, "citations": 60, "status": 11, "confidence": 11}
_WIDTH = 20
_CITATION_WIDTHS = {
    "marker": 8,
    "document": 30,
    "author": 20,
    "date": 11,
    "location": 24,
    "start": 8,
    "end": 8,
    "quote": 70,
    "link": 40,
}
"""The columns of a sheet of citations, after those that say which answer cites them."""
ABOUT = ("document", "author", "date")
_ABOUT_WIDTHS, _QUESTION_WIDTH = (34, 20, 11), 48


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
    cells = {name: getattr(row, name) for name in ROW_COLUMNS}
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
    return distinct(columns, ANSWER_COLUMNS, "yours")


def in_text(value: Any) -> str:
    """Return the cell of a reader as text; lists and objects as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class LineWriter:
    """Writes a table to a text file, which readers can read at any time. `form` is one of OUTPUTS."""

    def __init__(self, file: TextWriter, form: str, names: Sequence[str]) -> None:
        self._file = file
        self._form = form
        self._names = names
        self._csv = csv.writer(file)

    def head(self) -> None:
        """Write the names of the columns; JSON Lines have none."""
        if self._form != ".jsonl":
            self.write([escaped(name) for name in self._names] if self._form == ".md" else self._names)
        if self._form == ".md":
            self._file.write("|" + "---|" * len(self._names) + "\n")

    def write(self, cells: Sequence[Any]) -> None:
        """Write a row, of which a cell for Markdown is Markdown."""
        if self._form == ".jsonl":
            self._file.write(json.dumps(dict(zip(self._names, cells, strict=True)), ensure_ascii=False) + "\n")
        elif self._form == ".csv":
            self._csv.writerow([escape_formula(in_text(cell)) for cell in cells])
        else:
            self._file.write(f"| {' | '.join(cells)} |\n")
        self._file.flush()


class TableWriter:
    """Writes the rows of answers as `LineWriter` does, each after the reader's cells."""

    def __init__(self, file: TextWriter, form: str, columns: Sequence[str] = (), link: Link = deep_link) -> None:
        own = own_names(columns)
        self._lines = LineWriter(file, form, (*own, *ANSWER_COLUMNS))
        self._form = form
        self._width = len(own)
        self._link = link
        self.head = self._lines.head

    def write(self, row: Row, cells: Sequence[Any] = ()) -> None:
        """Write a row."""
        self.write_cells(cells, _VALUES[self._form](row, self._link))

    def write_cells(self, cells: Sequence[Any], ours: Mapping[str, Any]) -> None:
        """Write a row that has been written before, or that `write` has made ready."""
        cells = self.written(cells)
        own = map(escaped, cells) if self._form == ".md" else cells
        self._lines.write([*own, *(ours[name] for name in ANSWER_COLUMNS)])

    def written(self, cells: Sequence[Any]) -> list[Any]:
        """Return the reader's cells as this file holds them."""
        cells = padded(cells, self._width)
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
    head = (*columns, *ANSWER_COLUMNS)
    cited_rows = [_citation_cells((row.question,), citation, link) for row in rows for citation in row.citations]
    answers = Sheet("Answers", head, body, [_WIDTHS.get(name, _WIDTH) for name in head])
    return workbook([answers, _citations({"question": 36}, cited_rows)])


def _citations(widths: Mapping[str, int], rows: Sequence[Sequence[SheetCell]]) -> Sheet:
    """Return a sheet of citations in full, after columns of these widths."""
    names = (*widths, *("title" if name in widths else name for name in _CITATION_WIDTHS))
    return Sheet("Citations", names, rows, [*widths.values(), *_CITATION_WIDTHS.values()])


def _sheet_cell(value: Any) -> SheetCell:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return SheetCell(value if is_number else in_text(value))


def _cells(row: Row, link: Link) -> Iterable[SheetCell]:
    values = text_values(row, link)
    for name in ANSWER_COLUMNS:
        if name == "confidence":
            yield SheetCell(row.confidence)
        else:
            yield SheetCell(values[name], web_only(values["link"]) if name in ("quote", "link") else "")


def web_only(address: str) -> str:
    """Return the address if a program can open it, else nothing."""
    return address if address.startswith(("http://", "https://")) else ""


def _citation_cells(before: Sequence[str], citation: Citation, link: Link) -> list[SheetCell]:
    """Return a citation in full as the cells of a row, after some others."""
    full = cited(citation, link)
    address = web_only(full["link"])
    cells = (SheetCell(full[name], address if name == "link" else "") for name in _CITATION_WIDTHS)
    return [*map(SheetCell, before), *cells]


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
    if form == ".xlsx":
        return _matrix_workbook(matrix, link)
    text, notes = StringIO(newline=""), list[str]()
    lines = LineWriter(text, form, _RECORD if form == ".jsonl" else _headings(matrix))
    lines.head()
    for row in matrix:
        if form == ".jsonl":
            for record in _records(matrix.questions, row, link):
                lines.write(record)
        elif form == ".csv":
            lines.write([*_about(row.document), *(_with_source(cell, link) for cell in row.cells)])
        else:
            lines.write([*map(escaped, _about(row.document)), *(_with_note(cell, notes, link) for cell in row.cells)])
    text.write("".join(f"{line}\n" for line in ("", *notes)) if form == ".md" else "")
    return text.getvalue().encode("utf-8", "replace")


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


def _with_note(cell: MatrixCell, notes: list[str], link: Link) -> str:
    """Return a cell as Markdown, and add the note on its source."""
    if cell.citation is None:
        return escaped(cell_words(cell))
    notes.append(f"[^{len(notes) + 1}]: {markdown_citation(replace(cell.citation, marker=0), link)}")
    return f"{escaped(cell_words(cell))} [^{len(notes)}]"


_RECORD = ("document", "document_id", "date", "question", "status", "confidence", "citation", "nearest", "error")


def _records(questions: Sequence[str], row: MatrixRow, link: Link) -> Iterator[tuple[Any, ...]]:
    """Yield the values of a record for each cell of a row."""
    about = row.document.name, row.document.id, row.document.date
    for question, cell in zip(questions, row.cells, strict=True):
        citations = (cited(one, link) if one else None for one in (cell.citation, cell.nearest))
        yield *about, question, cell.status, round(cell.confidence, 4), *citations, cell.error


def _matrix_workbook(matrix: Matrix, link: Link) -> bytes:
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
            citations.append(_citation_cells(before, replace(cell.citation, marker=number), link))
            address = web_only(link(cell.citation)) or f"#Citations!A{number + 1}"
            line.append(SheetCell(f"{cell_words(cell)} [{number}]", address))
        quotes.append(line)
    head, widths = (*ABOUT, *matrix.questions), (*_ABOUT_WIDTHS, *(_QUESTION_WIDTH for _ in matrix.questions))
    cited_by = {"document": 34, "question": 36, "status": 11}
    return workbook([Sheet("Matrix", head, quotes, widths), _citations(cited_by, citations)])
