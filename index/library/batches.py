"""Asks many questions: those of a table, with one row for each, and those of a matrix, of each document alone."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from index.citations.entries import deep_link
from index.errors import BatchError, PinciteError, require_at_most
from index.library.answer_files import ANSWER_COLUMNS, OUTPUTS, ROW_COLUMNS, TableWriter, own_names, unescape_formula
from index.records import Answer, Citation, MatrixCell, MatrixRow, Row
from index.records.remarks import plain, remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.library.answer_files import Link, TextWriter
    from index.library.answerer import Answerer
    from index.library.question_files import QuestionTable
    from index.library.searcher import Searcher
    from index.records import DocumentInfo, Hit, Statement

    Ask = Callable[[str], Answer]
    InWords = Callable[[PinciteError], str]
    """Words the error of a question."""
    OnProgress = Callable[[int, int], None]


def stream(
    table: QuestionTable, file: TextWriter, form: str, ask: Ask, progress: OnProgress, link: Link = deep_link
) -> list[Row]:
    """Ask each question once, write its row at once, and return all rows; `form` is one of OUTPUTS."""
    writer = TableWriter(file, form, table.columns, link)
    writer.head()
    return _Filler(table, writer, [], ask).fill(progress)


def run(table: QuestionTable, output: Path, ask: Ask, progress: OnProgress, link: Link = deep_link) -> list[Row]:
    """Ask each question without an answer in the file, append each row at once, and return all rows in order.

    A failed question gets a row, too, and is asked again the next time. If the process is killed, the file keeps all
    answered rows. Raises BatchError if the file cannot be read or written.
    """
    form = output.suffix.lower()
    if form not in OUTPUTS:
        raise BatchError(f"{output} is not a {', '.join(OUTPUTS)} file.", "Name a file with one of these extensions.")
    kept = [row for row in _kept_rows(output, own_names(table.columns)) if row.ours["status"] != "failed"]
    try:
        filler = _begin(output, table, kept, ask, link)
        with output.open("a", encoding="utf-8", newline="") as file:
            filler.writer = TableWriter(file, form, table.columns, link)
            return filler.fill(progress)
    except OSError as error:
        raise BatchError(f"{output} cannot be written: {error.strerror}.", "Name another file.") from error


@dataclass(frozen=True, slots=True)
class _KeptRow:
    """A row of an earlier run, as its file holds it."""

    question: str
    own: list[Any]
    """The reader's cells, in the order of the present columns; None for a column that the file lacks."""
    ours: dict[str, Any]


class _Filler:
    """Writes the rows that are missing. Rows with the same question share one answer."""

    def __init__(self, table: QuestionTable, writer: TableWriter, kept: list[_KeptRow], ask: Ask) -> None:
        self.writer = writer
        self._table = table
        self._ask = ask
        self._kept = kept
        self._old = {row.question: row for row in kept}
        self._asked: dict[str, Row] = {}
        self._done: set[int] = set()
        """The numbers of the rows that the file has already."""

    def keep(self) -> None:
        """Write the rows of the earlier run again, except those that get other cells of the reader now."""
        places: dict[str, list[int]] = {}
        for number, question in enumerate(self._table.questions):
            places.setdefault(question, []).append(number)
        for row in self._kept:
            numbers = places.get(row.question, [])
            found = next((n for n in numbers if self.writer.written(self._table.cells[n]) == row.own), None)
            if found is not None:
                numbers.remove(found)
                self._done.add(found)
            if found is not None or row.question not in self._table.questions:
                self.writer.write_cells(row.own, row.ours)

    def fill(self, progress: OnProgress) -> list[Row]:
        """Write the missing rows, and return all rows in the order of the questions."""
        rows = []
        for number, question in enumerate(self._table.questions):
            rows.append(self._row(number, question))
            progress(number + 1, len(self._table.questions))
        return rows

    def _row(self, number: int, question: str) -> Row:
        cells = self._table.cells[number]
        if question in self._old:
            ours = self._old[question].ours
            if number not in self._done:
                self.writer.write_cells(cells, ours)
            return _row_of(question, ours)
        if question not in self._asked:
            self._asked[question] = answer_row(question, self._ask)
        self.writer.write(self._asked[question], cells)
        return self._asked[question]


def _begin(output: Path, table: QuestionTable, kept: list[_KeptRow], ask: Ask, link: Link) -> _Filler:
    """Write a table with the kept rows over the old one, which may end in the middle of a row."""
    part = output.with_name(f"{output.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = TableWriter(file, output.suffix.lower(), table.columns, link)
        writer.head()
        filler = _Filler(table, writer, kept, ask)
        filler.keep()
    part.replace(output)
    return filler


def answer_row(question: str, ask: Ask, in_words: InWords = str) -> Row:
    """Ask one question and return its row; if it fails, a row with the error `in_words`."""
    try:
        answer = ask(question)
    except PinciteError as error:
        return Row(question, "failed", error=in_words(error))
    statements = answer.statements if answer.status == "answered" else ()
    row = Row(
        question,
        answer.status,
        " ".join(statement_text(statement, answer.citations) for statement in statements),
        confidence=round(answer.confidence, 4),
        verdict=statements[0].verdict if statements else "",
        note=" ".join(map(plain, answer.notes)),
        statements=statements,
        citations=answer.citations,
        nearest=nearest_citation(answer.hits[0]) if answer.hits and not answer.citations else None,
    )
    shown = next(iter(row.citations), row.nearest)
    if shown is None:
        return row
    return replace(row, quote=shown.quote, document=shown.document.name, location=shown.location.label)


def statement_text(statement: Statement, citations: Sequence[Citation] = ()) -> str:
    """Return a statement with its source markers, and a remark if the documents do not support it.

    With the citations, a remark also says whether the words were recognised in a picture.
    """
    said = remark(statement, citations)
    marks = "".join(f" [{marker}]" for marker in statement.markers) if statement.is_supported else ""
    return f"{statement.text}{marks} ({said})" if said else f"{statement.text}{marks}"


def _kept_rows(output: Path, own: tuple[str, ...]) -> Iterator[_KeptRow]:
    """Yield the rows of an unfinished table. A Markdown table is not parsed; it is written again from the start."""
    form = output.suffix.lower()
    if not output.exists() or form == ".md":
        return
    try:
        with output.open(encoding="utf-8", newline="") as file:
            lines = csv.DictReader(file) if form == ".csv" else _json_lines(file)
            for line in lines:
                yield _kept_row(line, own, escaped=form == ".csv")
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        hint = "Name another file, or remove this one."
        raise BatchError(f"{output} already exists and is not a table of answers.", hint) from error


def _json_lines(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in lines if line.endswith("\n"))


def _kept_row(line: Mapping[str, Any], own: tuple[str, ...], *, escaped: bool) -> _KeptRow:
    """Return a row of a file. Raises KeyError if it lacks one of our columns."""

    def read(value: Any) -> Any:
        return unescape_formula(value) if escaped and isinstance(value, str) else value

    named = {read(name): read(value) for name, value in line.items()}
    ours = {name: named[name] for name in ANSWER_COLUMNS}
    ours["confidence"] = float(ours["confidence"])
    if None in ours.values():
        raise ValueError(line)
    return _KeptRow(str(ours["question"]), [named.get(name) for name in own], ours)


def _row_of(question: str, ours: Mapping[str, Any]) -> Row:
    """Return a row of an earlier run. Its citations are only in its file."""
    return Row(**{name: ours[name] for name in ROW_COLUMNS} | {"question": question})


def wanted_cells(questions: Sequence[str], documents: int, limit: int) -> tuple[str, ...]:
    """Return the questions of a matrix. Raises BatchError if there is none, TooMany if there are too many cells."""
    asked = matrix_questions(questions)
    if not asked:
        raise BatchError("There is no question.", "Write one question per line.")
    require_few_cells(documents, len(asked), limit)
    return asked


def matrix_rows(
    searcher: Searcher,
    answerer: Answerer,
    questions: Sequence[str],
    infos: Sequence[DocumentInfo],
    before_cell: Callable[[], None],
    in_words: InWords,
) -> Iterator[MatrixRow]:
    """Yield a row for each document: its best words for each question. `before_cell` is called before each cell."""
    nearest = _NearestWords(searcher, [info.id for info in infos])
    for info in infos:
        cells = []
        for question in questions:
            before_cell()
            try:
                cells.append(_cell(answerer, question, info, nearest))
            except PinciteError as error:
                cells.append(MatrixCell("failed", error=in_words(error)))
        yield MatrixRow(info, tuple(cells))


def _cell(answerer: Answerer, question: str, info: DocumentInfo, nearest: _NearestWords) -> MatrixCell:
    *_, answer = answerer.ask_stream(question, documents=[info.id])
    assert isinstance(answer, Answer)
    if answer.status == "abstained":
        return MatrixCell("abstained", nearest=nearest.of(question, info.id), confidence=answer.confidence)
    return MatrixCell(answer.status, _best(answer), confidence=answer.confidence)


class _NearestWords:
    """The nearest words of the documents that speak of a question's subject. Each question is covered once."""

    def __init__(self, searcher: Searcher, documents: Sequence[str]) -> None:
        self._searcher = searcher
        self._documents = documents
        self._covered: dict[str, dict[str, Citation]] = {}

    def of(self, question: str, document: str) -> Citation | None:
        """Return the nearest words of a document; None if no sentence of it is about the subject."""
        if question not in self._covered:
            report = self._searcher.coverage(question, self._documents)
            self._covered[question] = {row.document.id: nearest_citation(row.hit) for row in report if row.hit}
        return self._covered[question].get(document)


def matrix_questions(questions: Sequence[str]) -> tuple[str, ...]:
    """Return the questions of a matrix: without blank ones, each once."""
    return tuple(dict.fromkeys(question.strip() for question in questions if question.strip()))


def require_few_cells(documents: int, questions: int, limit: int) -> None:
    """Raise TooMany if a matrix would have more cells than allowed."""
    cells = f"cells (documents × questions: {documents:,} × {questions:,})"
    require_at_most(cells, documents * questions, limit, "PINCITE_MAX_MATRIX_CELLS")


def nearest_citation(hit: Hit) -> Citation:
    """Return the pin of a hit as a citation with the marker 0: words that answer nothing."""
    return Citation(0, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote)


def _best(answer: Answer) -> Citation:
    """Return the citation of the best sentence: the one that holds the first hit's pin, else the first."""
    citations = answer.citations
    pin = answer.hits[0].pin
    holding = (cited for cited in citations if cited.start < pin.end and pin.start < cited.end)
    return replace(next(holding, citations[0]), marker=1)
