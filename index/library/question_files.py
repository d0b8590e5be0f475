"""Tables of questions, read from files with the reader's other columns, and workbooks (.xlsx), read and written.

Only this module imports openpyxl.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain, islice, zip_longest
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from index.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

INPUTS = (".csv", ".xlsx", ".jsonl", ".txt")
_UTF8 = "The file must be UTF-8 text."
_LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""The characters at which `str.splitlines` splits."""
MAX_LINES, MAX_VALUES = 10, 200
"""Limits per question, with room for empty lines and for commas in sentences."""
_DELIMITERS = ",;\t"
"""A spreadsheet writes CSV with semicolons in countries that write 0,5 for a half."""
_NAME = "question"
MAX_CELL_CHARACTERS = 32_767
"""The most characters of a cell; Excel repairs, that is cuts, a longer one."""
MAX_SHEET_LINKS = 65_530
"""The most hyperlinks of a sheet."""
_MAX_LINK_CHARACTERS = 2_079
"""The most characters of the address of a hyperlink."""
_CUT = " …"
MAX_UNPACKED_BYTES = 100_000_000
"""The most bytes of an unpacked workbook. `zipfile` unpacks no part beyond its stated size."""
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
)
_ILLEGAL = {code: "" for code in (*range(0x20), 0xFFFE, 0xFFFF) if code not in (0x09, 0x0A, 0x0D)}
"""Characters that XML 1.0 does not allow."""
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


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
        mine = [without_breaks(question) for question in self.questions]
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


def without_breaks(question: str) -> str:
    """Return a question or a quotation on one line, with its characters as they are."""
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


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell to be written."""

    value: str | float | int
    link: str = ""
    """An address, or a place in the workbook such as `#Citations!A2`; empty for none."""
    quiet: bool = False
    """Whether it is shown in grey."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to be written: its first row and first column stay in view."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[SheetCell]]
    widths: Sequence[int]
    """The width of each column, in characters."""


def clean(text: str) -> str:
    """Return the text as a cell can hold it: without control characters, and cut to the longest that Excel reads."""
    text = text.translate(_ILLEGAL).translate(_SURROGATES)
    units = text.encode("utf-16-le")
    if len(units) // 2 <= MAX_CELL_CHARACTERS:
        return text
    return units[: 2 * (MAX_CELL_CHARACTERS - len(_CUT))].decode("utf-16-le", "ignore") + _CUT


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """Return a workbook. No text becomes a formula, and each text is cleaned by `clean`."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _write(book.create_sheet(sheet.title), sheet)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _write(page: Worksheet, sheet: Sheet) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    wrapped = Alignment(wrap_text=True, vertical="top")
    bold, linked, quiet = Font(bold=True), Font(color="1D5B79", underline="single"), Font(color="6B6862")
    links = 0
    for number, row in enumerate(chain([[SheetCell(name) for name in sheet.head]], sheet.rows), 1):
        for column, cell in enumerate(row, 1):
            place = page.cell(number, column)
            place.value = (clean(cell.value) or None) if isinstance(cell.value, str) else cell.value
            if isinstance(place.value, str):
                place.data_type = "s"  # never a formula, an error or a number
                place.quotePrefix = place.value.startswith(("=", "+", "-", "@"))
            place.alignment = wrapped
            if 0 < len(cell.link) <= _MAX_LINK_CHARACTERS and links < MAX_SHEET_LINKS:
                links += 1
                _link(place, cell.link)
                place.font = linked
            elif number == 1 or cell.quiet:
                place.font = bold if number == 1 else quiet
    for column, width in enumerate(sheet.widths, 1):
        page.column_dimensions[get_column_letter(column)].width = width
    page.freeze_panes = "B2"
    page.print_title_rows, page.print_title_cols = "1:1", "A:A"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth, page.page_setup.fitToHeight = 1, 0
    page.sheet_properties.pageSetUpPr.fitToPage = True


def _link(place: Any, link: str) -> None:
    from openpyxl.worksheet.hyperlink import Hyperlink

    inner = link.startswith("#")
    place.hyperlink = Hyperlink(
        ref=place.coordinate, target=None if inner else link, location=link[1:] if inner else None
    )


def read_rows(name: str, data: bytes, most_rows: int = 0, most_columns: int = 0) -> list[list[Any]]:
    """Return the rows of the first sheet, each cell as text, number or None; formulas as their last result.

    0 means no limit. Raises BatchError for a file that is no workbook, has more rows or columns, or unpacks to more
    than MAX_UNPACKED_BYTES bytes.
    """
    _check_size(name, data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that do not concern the cells
            rows = list(_rows(data, most_rows + 1 if most_rows else None, most_columns + 1 if most_columns else None))
    except (*_DAMAGED, SyntaxError) as error:  # ElementTree's error of broken XML is a SyntaxError
        raise BatchError(f"{name} is not a workbook that can be read.", "Save it again as .xlsx or .csv.") from error
    too_wide = most_columns and any(len(row) > most_columns for row in rows)
    if (most_rows and len(rows) > most_rows) or too_wide:
        raise BatchError(f"{name} has too many {'columns' if too_wide else 'rows'}.", "Split it, or remove columns.")
    return rows


def _check_size(name: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except _DAMAGED as error:
        raise BatchError(f"{name} is not a workbook that can be read.", "Save it again as .xlsx or .csv.") from error
    if unpacked > MAX_UNPACKED_BYTES:
        raise BatchError(
            f"{name} would unpack to {unpacked / 1e6:,.0f} megabytes.", "Copy the questions to a .csv file."
        )


def _rows(data: bytes, most_rows: int | None, most_columns: int | None) -> Iterator[list[Any]]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        page = book.worksheets[0]
        page.reset_dimensions()  # some programs state wrong ones
        for row in islice(page.iter_rows(max_col=most_columns, values_only=True), most_rows):
            cells = [_plain(value) for value in row]
            while cells and cells[-1] is None:
                cells.pop()
            yield cells
    finally:
        book.close()


def _plain(value: Any) -> str | int | float | None:
    """Return a value as text or number: `2020-12-05` for a date at midnight."""
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (int, float, str, type(None))):
        return str(value)
    return None if value == "" else value
