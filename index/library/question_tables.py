"""Tables of questions, read from files, with the columns that a reader has beside the questions."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from index.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

INPUTS = (".csv", ".xlsx", ".jsonl", ".txt")
_UTF8 = "The file must be UTF-8 text."
_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""The characters at which `str.splitlines` splits."""
MAX_LINES, MAX_VALUES = 10, 200
"""Limits per question, with room for empty lines and for commas in sentences."""
_DELIMITERS = ",;\t"
"""A spreadsheet writes CSV with semicolons in countries that write 0,5 for a half."""
_NAME = "question"


@dataclass(frozen=True, slots=True)
class QuestionTable:
    """Questions, each with the cells of the other columns."""

    questions: tuple[str, ...]
    columns: tuple[str, ...] = ()
    """The names of the other columns, all different, in the order of the file."""
    cells: tuple[tuple[Any, ...], ...] = ()
    """For each question its cells, one for each column: texts, and in JSON Lines any JSON value. None for a gap."""

    def __post_init__(self) -> None:
        if len(self.cells) != len(self.questions):
            object.__setattr__(self, "cells", tuple(() for _ in self.questions))

    @classmethod
    def of(cls, questions: Iterable[str]) -> QuestionTable:
        """Return a table of questions alone, without the blank ones."""
        return cls(tuple(question.strip() for question in questions if question.strip()))

    def matched(self, lines: Sequence[str]) -> QuestionTable:
        """Return a table of these questions, each with the cells of its row here.

        Lines are matched to rows by their order. A line that was edited keeps its row, if the lines around it do; one
        that was moved finds its row by its words. All others have no cells.
        """
        rows: dict[int, int] = {}
        mine = [one_line(question) for question in self.questions]
        for tag, start, stop, begin, end in SequenceMatcher(None, mine, lines, autojunk=False).get_opcodes():
            if tag == "equal" or (tag == "replace" and stop - start == end - begin):
                rows.update(zip(range(begin, end), range(start, stop), strict=True))
        free = {mine[row]: row for row in reversed(range(len(mine))) if row not in rows.values()}
        for number, line in enumerate(lines):
            if line in free and (number not in rows or mine[rows[number]] != line):
                rows[number] = free.pop(line)
        empty = (None,) * len(self.columns)
        cells = tuple(self.cells[rows[number]] if number in rows else empty for number in range(len(lines)))
        return QuestionTable(tuple(lines), self.columns, cells)

    def to_json(self) -> str:
        """Return the table as JSON; `from_json` reads it back."""
        return json.dumps([self.questions, self.columns, self.cells], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> QuestionTable:
        """Return the table in a text of `to_json`. Raises BatchError if it is not one."""
        try:
            questions, columns, cells = json.loads(text, parse_constant=str)
            table = cls(tuple(map(str, questions)), tuple(map(str, columns)), tuple(map(tuple, cells)))
        except (ValueError, TypeError, RecursionError) as error:
            raise BatchError("The table of the questions is damaged.", "Load its file again.") from error
        widths = {len(row) for row in table.cells}
        if len(set(table.columns)) != len(table.columns) or widths - {len(table.columns)}:
            raise BatchError("The table of the questions is damaged.", "Load its file again.")
        return table


def joined(tables: Iterable[QuestionTable]) -> QuestionTable:
    """Return several tables as one, below each other; columns of one name are one column."""
    tables = list(tables)
    columns = tuple(dict.fromkeys(name for table in tables for name in table.columns))
    cells = [
        tuple(dict(zip(table.columns, row, strict=True)).get(name) for name in columns)
        for table in tables
        for row in table.cells
    ]
    return QuestionTable(tuple(q for table in tables for q in table.questions), columns, tuple(cells))


def one_line(question: str) -> str:
    """Return a question without line breaks, as the page shows it."""
    return " ".join(question.split())


def read_questions(path: Path) -> QuestionTable:
    """Return the questions of a .txt (one a line), .csv or .xlsx (column `question`, else the first) or .jsonl file.

    Raises BatchError if the file cannot be read or holds no question.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchError(f"{path} cannot be read: {error}.", _UTF8) from error
    return questions_in(str(path), data)


def questions_in(name: str, data: bytes, most: int = 0) -> QuestionTable:
    """Return the questions in the bytes of a file with that name, like `read_questions`. Empty rows are left out.

    Raises BatchError before parsing if the file is far too large for `most` questions, because a few megabytes of
    commas become gigabytes of cells. 0 means no limit.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in INPUTS:
        raise BatchError(f"{name} is not a {', '.join(INPUTS)} file.", "Name a file with one of these extensions.")
    if suffix == ".xlsx":
        from index.library.workbooks import read_rows

        table = _from_rows(read_rows(name, data, most * MAX_LINES, MAX_VALUES if most else 0))
    else:
        table = _READERS[suffix](name, _text(name, data, most))
    if not table.questions:
        raise BatchError(f"{name} contains no questions.", "Write one question per line.")
    return table


def _text(name: str, data: bytes, most: int) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BatchError(f"{name} cannot be read: {error}.", _UTF8) from error
    for unit, marks, limit in (("lines", _LINE_BREAKS, MAX_LINES), ("values", ",;\t[{", MAX_VALUES)):
        if most and sum(map(text.count, marks)) > most * limit:
            raise BatchError(f"{name} has too many {unit} for {most} questions.", "Split it, or remove columns.")
    return text


def _from_lines(_: str, text: str) -> QuestionTable:
    return QuestionTable.of(text.splitlines())


def _from_csv(_: str, text: str) -> QuestionTable:
    lines = text.splitlines(keepends=True)
    stated = ""
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == len("sep=;"):
        stated = lines.pop(0)[len("sep=")]  # Excel states the separator so
    tables = {mark: _parsed(lines, mark) for mark in stated or _DELIMITERS}
    return _from_rows(tables[_delimiter(tables)])


def _parsed(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if delimiter != _DELIMITERS[0]:
            return []
        hint = "Close all quotation marks, or use a .txt file."
        raise BatchError(f"The table cannot be read: {error}.", hint) from error


def _delimiter(tables: Mapping[str, list[list[str]]]) -> str:
    """Return the separator: the one whose first row names the questions, else one that makes equal rows."""
    for mark, rows in tables.items():
        if rows and any(cell.strip().lower() == _NAME for cell in rows[0]):
            return mark
    for mark, rows in tables.items():
        widths = {len(row) for row in rows if row}
        if len(widths) == 1 and widths.pop() > 1:
            return mark
    return next(iter(tables))


def _from_rows(rows: Sequence[Sequence[Any]]) -> QuestionTable:
    """Return the table in rows of cells: the first row names the columns if one of them is `question`."""
    rows = [row for row in rows if any(str(cell if cell is not None else "").strip() for cell in row)]
    names = [str(cell if cell is not None else "").strip() for cell in rows[0]] if rows else []
    lowered = [name.lower() for name in names]
    at = lowered.index(_NAME) if _NAME in lowered else 0
    body = rows[1:] if _NAME in lowered else rows
    width = max(map(len, rows), default=1)
    others = [n for n in range(width) if n != at]
    headed = dict(enumerate(names)) if _NAME in lowered else {}
    columns = distinct([headed.get(n, "") or f"column {n + 1}" for n in others])
    found = [(_cell(row, at), tuple(row[n] if n < len(row) else None for n in others)) for row in body]
    asked = [(str(question).strip(), cells) for question, cells in found if str(question or "").strip()]
    return QuestionTable(tuple(question for question, _ in asked), columns, tuple(cells for _, cells in asked))


def _cell(row: Sequence[Any], at: int) -> Any:
    return row[at] if at < len(row) else None


def _from_json(name: str, text: str) -> QuestionTable:
    records = [_record(name, n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    columns = tuple(dict.fromkeys(key for record in records for key in record if key != _NAME))
    asked = [(str(record[_NAME]).strip(), tuple(map(record.get, columns))) for record in records]
    asked = [(question, cells) for question, cells in asked if question]
    return QuestionTable(tuple(question for question, _ in asked), columns, tuple(cells for _, cells in asked))


def _record(name: str, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line, parse_constant=str)
        if not isinstance(record, dict) or _NAME not in record:
            raise ValueError(_NAME)
    except (ValueError, RecursionError) as error:
        problem = f"{PurePath(name).name}, line {number}: there is no question."
        raise BatchError(problem, "Fix that line and try again.") from error
    return {
        key: str(value) if isinstance(value, float) and math.isinf(value) else value for key, value in record.items()
    }


_READERS: dict[str, Callable[[str, str], QuestionTable]] = {
    ".txt": _from_lines,
    ".csv": _from_csv,
    ".jsonl": _from_json,
}


def distinct(names: Sequence[str], taken: Iterable[str] = (), mark: str = "") -> tuple[str, ...]:
    """Return the names, changed where one is `taken` or comes again: `answer (yours)` with a mark, `id (2)` without."""
    used = set(taken)
    result: list[str] = []
    for name in names:
        fresh = name
        if name in used and mark:
            fresh = f"{name} ({mark})"
        number = 2
        while fresh in used or (fresh in names[len(result) + 1 :] and fresh != name):
            fresh, number = f"{name} ({f'{mark} {number}'.strip()})", number + 1
        used.add(fresh)
        result.append(fresh)
    return tuple(result)


def padded(cells: Sequence[Any], width: int) -> tuple[Any, ...]:
    """Return as many cells as there are columns."""
    return tuple(cell for cell, _ in zip_longest(cells[:width], range(width)))
