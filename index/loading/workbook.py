"""Reads workbooks (xlsx, xlsm, xlsb, xls, ods): the tables and lines of each sheet, with the names of their cells.

python-calamine gives the values of cells, and dates where the cells are formatted as dates; `number_formats` tells how
a reader sees the other numbers, and errors.
"""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
import zlib
from bisect import bisect_right
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from index.errors import DamagedFile, PasswordRequired, TooLarge
from index.loading import metadata
from index.loading.compound_files import SIGNATURE, CompoundFile
from index.loading.draft import Block, Draft, paragraph
from index.loading.grid import Merged, Outline, grid, kind
from index.loading.number_formats import Displays, general
from index.loading.xml_parts import RELATED, OfficePackage, whole
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Rows = Sequence[Sequence[str]]
    """Rows of different lengths; "" for a cell without words."""
    from collections.abc import Mapping, Sequence

    from index.loading.draft import Content
    from index.loading.number_formats import Display, Row


# Measures the sheets of an Excel workbook (xlsx, xls) before they are loaded: cells, and the places between them.
#
# calamine keeps each place between the first and the last cell of a sheet in memory, and aborts where that is not
# enough.

_SHEET = re.compile(r"xl[/\\]worksheets[/\\][^/\\]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
"""A cell with content: one without ends with its first tag."""
_WORKBOOKS = ("Workbook", "Book", "WORKBOOK", "BOOK")
"""Names of the stream with the sheets."""
_END, _LOCK, _SEVERAL = 0x000A, 0x002F, 0x00BD
_RECORDS = frozenset({0x0003, 0x0004, 0x0005, 0x0006, 0x007E, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E})
"""Records of cells with content, of the versions of Excel up to 2003."""
_CHUNK = 1 << 22
_MAX_TAG_CHARACTERS = 200


class Extent(NamedTuple):
    """The size of a sheet."""

    cells: int
    """Number of cells with content."""
    rows: int
    """Number of the last row."""
    columns: int
    """Number of the last column."""


def extents(data: bytes, name: str) -> list[Extent]:
    """Return the extent of each sheet of an xlsx or xls file; those of xlsx that cannot be read are left out.

    Raises DamagedFile for an xls file that is no compound file, PasswordRequired for one that is locked.
    """
    if data.startswith(SIGNATURE):
        return _extents_of_older(data, name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [_extent(archive.open(info)) for info in archive.infolist() if _SHEET.fullmatch(info.filename)]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, NotImplementedError):
        return []


def _extents_of_older(data: bytes, name: str) -> list[Extent]:
    """Return the extent of each sheet of an xls file, by the records of its cells. Raises as `extents` does."""
    with CompoundFile(data, name) as file:
        file.check_chains()
        stream = next(filter(None, map(file.read, _WORKBOOKS)), b"")
        if not stream:
            raise file.damaged("it has no workbook")
    found: list[Extent] = []
    at = cells = rows = columns = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == _LOCK:
            raise PasswordRequired(f"{name} is a workbook locked with a password.")
        if kind == _END:
            found.append(Extent(cells, rows, columns))
            cells = rows = columns = 0
        elif kind in _RECORDS and len(body) >= 4:
            row, first = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, length - 2)[0] if kind == _SEVERAL and len(body) == length else first
            cells, rows, columns = cells + last - first + 1, max(rows, row + 1), max(columns, last + 1)
    return [*found, Extent(cells, rows, columns)]


def _extent(source: IO[bytes]) -> Extent:
    cells = last = 0
    names: set[bytes] = set()
    rest = b""
    while chunk := source.read(_CHUNK):
        text = rest + chunk
        end = 0
        for match in _CELL.finditer(text):
            names.add(match[1])
            last = max(last, int(match[2]))
            cells += 1
            end = match.end()
        rest = text[max(end, len(text) - _MAX_TAG_CHARACTERS) :]
    return Extent(cells, last, max(map(_number, names), default=0))


def _number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


# Divides the rows of a sheet into tables and single lines: titles above a table, notes below it, tables side by
# side.
#
# A blank row ends a table, unless the rows after it are the values of the headers before it. A blank column does not
# end one, unless the cells beside it are plainly another table.

_GAP = 2
"""Blank rows within a table, at most."""
_LIST_ROWS, _LIST_LENGTH = 4, 60
"""Rows of a list in one column, at least, and the mean length of its words, at most; fewer and longer ones are text."""
_SAMPLE = 200
_HALF = 0.5


class Region(NamedTuple):
    """Some rows of a sheet, and its first and last column, from 0: a table, or a line if it has only one cell."""

    rows: tuple[int, ...]
    left: int
    right: int


def divide(rows: Rows) -> Iterator[Region]:
    """Yield the tables and lines of a sheet, from the top; of tables side by side, the left one first."""
    for group in _groups(rows):
        yield from _divided(rows, group)


def _filled(row: Sequence[str]) -> list[int]:
    return [column for column, words in enumerate(row) if words]


def _groups(rows: Rows) -> list[list[int]]:
    """Return the numbers of the rows between blank rows; a run that continues a table is in one group with it."""
    groups: list[list[int]] = []
    for is_filled, numbers in groupby(range(len(rows)), key=lambda n: any(rows[n])):
        run = list(numbers)
        if is_filled and groups and run[0] - groups[-1][-1] <= _GAP + 1 and _continues(rows, groups[-1], run):
            groups[-1] += run
        elif is_filled:
            groups.append(run)
    return groups


def _continues(rows: Rows, group: Sequence[int], run: Sequence[int]) -> bool:
    """Return whether a run of rows has values for the table above it, perhaps after a line that names them."""
    if len(_filled(rows[group[-1]])) < 2:
        return False
    first = next((n for n in run[:2] if len(_filled(rows[n])) > 1), None)
    if first is None:
        return False
    columns, above = _filled(rows[first]), {column for n in group[-_SAMPLE:] for column in _filled(rows[n])}
    has_values = any(kind(rows[first][column]) == "number" for column in columns[1:])
    return has_values and columns[-1] <= max(above) and columns[0] >= min(0, *above)


def _divided(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield the lines above the table of a group, the table or tables, and the lines below."""
    several = [n for n, number in enumerate(group) if len(_filled(rows[number])) > 1]
    if not several:
        yield from _column(rows, group)
        return
    first, last = several[0], several[-1] + 1
    if first and _is_spanner(rows, group[first - 1], group[first]):
        first -= 1
    yield from _lines(rows, group[:first])
    yield from _side_by_side(rows, group[first:last])
    yield from _lines(rows, group[last:])


def _lines(rows: Rows, numbers: Sequence[int]) -> Iterator[Region]:
    for number in numbers:
        (column,) = _filled(rows[number])
        yield Region((number,), column, column)


def _column(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield rows with one cell each: a list if they are many and short, else lines."""
    columns = {_filled(rows[number])[0] for number in group}
    length = sum(len("".join(rows[number])) for number in group) / len(group)
    if len(columns) == 1 and len(group) >= _LIST_ROWS and length <= _LIST_LENGTH:
        yield _region(rows, group, min(columns), max(columns))
    else:
        yield from _lines(rows, group)


def _is_spanner(rows: Rows, number: int, below: int) -> bool:
    """Return whether the only cell of a row heads some columns of the headers below it, and not the whole table."""
    (column,) = _filled(rows[number])
    under = _filled(rows[below])
    return column > 0 and under[0] <= column and not any(kind(rows[below][n]) == "number" for n in under)


def _region(rows: Rows, numbers: Sequence[int], left: int, right: int) -> Region:
    kept = [number for number in numbers if any(rows[number][left : right + 1])]
    return Region(tuple(kept), left, right)


def _side_by_side(rows: Rows, group: Sequence[int]) -> Iterator[Region]:
    """Yield the tables of some rows, which blank columns may separate."""
    columns = sorted({column for number in group for column in _filled(rows[number])})
    parts: list[Region] = []
    for _, run in groupby(enumerate(columns), key=lambda place: place[1] - place[0]):
        found = [column for _, column in run]
        part = _region(rows, group, found[0], found[-1])
        if parts and not _is_apart(rows, parts[-1], part):
            part = _region(rows, group, parts.pop().left, part.right)
        parts.append(part)
    if len(parts) == 1:
        yield parts[0]
        return
    for part in parts:
        within = [[*row[part.left : part.right + 1]] for row in rows[part.rows[0] : part.rows[-1] + 1]]
        for inner in divide(within):
            numbers = tuple(part.rows[0] + number for number in inner.rows)
            yield Region(numbers, part.left + inner.left, part.left + inner.right)


def _is_apart(rows: Rows, left: Region, right: Region) -> bool:
    """Return whether cells on the right are a table of their own.

    They have names of rows, and other rows than the cells on the left or the same headers.
    """
    if min(left.right - left.left, right.right - right.left) < 1:
        return False
    names = [words for number in right.rows[1:_SAMPLE] if (words := _at(rows[number], right.left))]
    named = sum(kind(words) == "word" for words in names) > _HALF * len(names)
    differs = (left.rows[0], left.rows[-1]) != (right.rows[0], right.rows[-1])
    return named and (differs or _first_row(rows, left) == _first_row(rows, right))


def _first_row(rows: Rows, part: Region) -> list[str]:
    """Return the first row of a table that has several cells: the one below its title."""
    cells = ([*rows[number][part.left : part.right + 1]] for number in part.rows)
    return next((row for row in cells if sum(map(bool, row)) > 1), [])


def _at(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


_MAX_CELLS = 500_000
"""Cells with words in a workbook: more need more memory than the settings allow by default."""
_MAX_PLACES = 10_000_000
"""Places between the first and the last cell of a sheet: calamine keeps each of them in memory."""
_UNFIT = "its parts do not fit together"
_UNTOLD = frozenset({"Cannot detect file format"})
"""What calamine says of a workbook that it has recognised, and cannot follow."""
_TOO_MANY_HINT = "Save the sheets that matter as files of their own, or as CSV, and add those."
_NAMELESS = re.compile(
    r"(?:sheet|tabelle|feuil|feuille|hoja|foglio|planilha|blad|ark|arkusz|лист|工作表|シート)\s*\d*", re.IGNORECASE
)
"""Names that programs give to new sheets: they are no headings."""
_MIDNIGHT = datetime.time()
_DAY = 86_400


def read(content: Content, name: str) -> Draft:
    """Return the sheets of a workbook as places.

    Raises:
        PasswordRequired: the workbook is encrypted.
        DamagedFile: a part is missing, truncated or not what it should be.
        TooLarge: it has more cells than can be read.

    """
    import python_calamine

    _check(content.data, name)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content.data)) as workbook:
            return _Reader(content.data, name).draft(workbook)
    except python_calamine.PasswordError as error:
        raise PasswordRequired(f"{name} is a workbook locked with a password.") from error
    except (python_calamine.CalamineError, OSError, ValueError, IndexError, OverflowError, TypeError) as error:
        raise _damaged(name, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # calamine's own error is no subclass of Exception
            raise _damaged(name, _UNFIT) from None
        raise


def _check(data: bytes, name: str) -> None:
    """Raise TooLarge for a file with too many cells, PasswordRequired for a locked ods file, DamagedFile for some."""
    for cells, rows, columns in extents(data, name):
        if cells > _MAX_CELLS or rows * columns > _MAX_PLACES:
            what = f"a sheet with {cells:,} cells in {rows:,} rows and {columns:,} columns"
            raise TooLarge(f"{name} has {what}.", _TOO_MANY_HINT)
    if metadata.is_locked(data):
        raise PasswordRequired(f"{name} is a workbook locked with a password.")


def _damaged(name: str, error: BaseException | str) -> DamagedFile:
    reason = str(error) or type(error).__name__
    return DamagedFile(f"{name} is a workbook that cannot be opened: {_UNFIT if reason in _UNTOLD else reason}.")


class _Reader:
    """Reads the sheets of a workbook, and counts their cells."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._displays = Displays(data, name)
        self._texts = _texts_of_shapes(data, name)
        self._cells = 0

    def draft(self, workbook: Any) -> Draft:
        """Return the draft of a workbook. Raises TooLarge."""
        blocks: list[Block] = []
        hidden: list[str] = []
        for sheet in workbook.sheets_metadata:
            if not _is_worksheet(sheet):
                continue
            found = self._sheet(workbook.get_sheet_by_name(sheet.name))
            blocks += found
            if found and _is_hidden(sheet):
                hidden.append(f"“{one_line(sheet.name)}”")
        title, author, date = metadata.of_package(self._data)
        notes = (f"Hidden sheets are read, too: {', '.join(hidden)}.",) if hidden else ()
        return Draft(blocks, title, author, date, notes)

    def _sheet(self, sheet: Any) -> list[Block]:
        """Return the blocks of a sheet; its name is a heading, unless a program gave it. An empty sheet has none.

        The texts of its shapes come after its cells.
        """
        name = one_line(sheet.name)
        blocks = [*self._cells_of(sheet, name), *map(paragraph, self._texts.get(sheet.name, ()))]
        if not blocks:
            return []
        place = (0, f"Sheet “{name}”", 1)
        if not _NAMELESS.fullmatch(name):
            return [Block(name, 1, places=(place,)), *blocks]
        return [replace(blocks[0], places=(place,)), *blocks[1:]]

    def _cells_of(self, sheet: Any, name: str) -> Iterator[Block]:
        if sheet.start is None:
            return
        if (sheet.end[0] + 1) * sheet.width > _MAX_PLACES:
            raise self._too_large(f"a sheet with {sheet.end[0] + 1:,} rows and {sheet.width:,} columns")
        left = sheet.start[1]
        displays = self._displays.rows(sheet.name)
        rows = [self._row(values, row, left) for values, row in zip(sheet.iter_rows(), displays, strict=False)]
        merged = [
            Merged(top, first - left, bottom, last - left)
            for (top, first), (bottom, last) in sheet.merged_cell_ranges or ()
            if (bottom, last) > (top, first) and first >= left and top < len(rows)
        ]
        yield from _blocks(rows, merged, left, name)

    def _row(self, values: Sequence[Any], displays: Row, left: int) -> list[str]:
        """Return the words of a row whose first value is in the column with the index `left`."""
        row = [
            displayed(value, display) if (display := displays.get(column)) else shown(value) if value != "" else ""
            for column, value in enumerate(values, left)
        ]
        while row and not row[-1]:
            row.pop()
        self._cells += len(row) - row.count("")
        if self._cells > _MAX_CELLS:
            raise self._too_large(f"more than {_MAX_CELLS:,} cells")
        return row

    def _too_large(self, what: str) -> TooLarge:
        return TooLarge(f"{self._name} has {what}.", _TOO_MANY_HINT)


def _texts_of_shapes(data: bytes, name: str) -> dict[str, list[str]]:
    """Return the texts of the shapes on each sheet of an Excel workbook, such as text boxes, by the sheet's name.

    Workbooks of other formats have none, and what cannot be read is left out: the cells are what matters.
    """
    found: dict[str, list[str]] = {}
    with suppress(DamagedFile), OfficePackage(data, name) as package:
        main = package.main()
        for sheet in package.root(main).iter("{*}sheet"):
            part = package.target(main, sheet.get(f"{RELATED}id", ""))
            for drawing in package.related(part, "drawing"):
                found.setdefault(sheet.get("name", ""), []).extend(_texts_of_drawing(package.root(drawing)))
    return found


def _texts_of_drawing(root: Any) -> list[str]:
    """Return the paragraphs in the shapes of a drawing, by the rows and columns of the cells in which they begin."""
    found: list[tuple[int, int, str]] = []
    for anchor in root:
        row, column = (whole(anchor.findtext(f"{{*}}from/{{*}}{name}"), 0) for name in ("row", "col"))
        lines = anchor.iterfind(".//{*}sp/{*}txBody/{*}p")
        found += [(row, column, "".join(text.text or "" for text in line.iter("{*}t")).strip()) for line in lines]
    return [text for _, _, text in sorted(found, key=itemgetter(0, 1)) if text]


def _is_worksheet(sheet: Any) -> bool:
    from python_calamine import SheetTypeEnum

    return bool(sheet.typ == SheetTypeEnum.WorkSheet)


def _is_hidden(sheet: Any) -> bool:
    from python_calamine import SheetVisibleEnum

    return bool(sheet.visible != SheetVisibleEnum.Visible)


def shown(value: Any) -> str:
    """Return a value as a reader sees it: 12 for 12.0, dates by ISO 8601, durations in hours, minutes and seconds."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return general(value)
    if isinstance(value, datetime.datetime):
        return _moment(value)
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    if isinstance(value, datetime.time):
        return value.isoformat("seconds" if value.second else "minutes")
    return one_line(str(value))


def displayed(value: Any, display: Display) -> str:
    """Return a value as its format or the words of its cell show it; where they do not, as `shown` does."""
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    if isinstance(display, str):
        return one_line(display) if is_number or value == "" else shown(value)
    if is_number and (written := display.number(value)) is not None:
        return written
    return one_line(display.text(value)) if isinstance(value, str) and value else shown(value)


def _moment(value: datetime.datetime) -> str:
    if value.time() == _MIDNIGHT:
        return value.date().isoformat()
    return value.isoformat(" ", "seconds" if value.second else "minutes")


def _duration(value: datetime.timedelta) -> str:
    seconds = round(value.total_seconds())
    minutes, rest = divmod(abs(seconds), 60)
    return f"{'-' if seconds < 0 else ''}{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _blocks(rows: Sequence[Sequence[str]], merged: Sequence[Merged], left: int, name: str) -> Iterator[Block]:
    """Yield the blocks of a sheet whose first column has the index `left` in the file."""
    title, end = "", -2
    for region in divide(rows):
        words = [[*rows[n][region.left : region.right + 1]] for n in region.rows]
        if len(region.rows) == 1 and region.left == region.right:
            title = words[0][0] if region.rows[0] != end + 1 else ""  # directly below a table, it is a note
            yield paragraph(words[0][0])
            continue
        yield _table(words, region, merged, Outline("sheet", title or name, column_numbers=_numbers(region, left)))
        title, end = "", region.rows[-1]


def _numbers(region: Region, left: int) -> range:
    return range(left + region.left + 1, left + region.right + 2)


def _table(words: list[list[str]], region: Region, merged: Sequence[Merged], known: Outline) -> Block:
    """Return the table of a region; columns without words and places under a merged cell leave no gap in its text."""
    width = region.right - region.left + 1
    rows: list[list[str | None]] = [[*row] for row in words]
    places = {number: n for n, number in enumerate(region.rows)}
    within = [inner for cell in merged if (inner := _within(cell, region, places))]
    used = {column for row in words for column, text in enumerate(row) if text}
    for column in set(range(width)) - used:
        for row in rows:
            row[column : column + 1] = [None] * len(row[column : column + 1])
    for cell in within:
        for column in range(cell.left + 1, min(cell.right + 1, len(rows[cell.top]))):
            rows[cell.top][column] = rows[cell.top][column] or None
    numbers = [number + 1 for number in region.rows]
    outline = Outline(
        known.naming, known.caption, merged=within, row_numbers=numbers, column_numbers=known.column_numbers
    )
    return grid(rows, outline)


def _within(cell: Merged, region: Region, places: Mapping[int, int]) -> Merged | None:
    """Return a merged cell in the rows and columns of a region; None if it begins elsewhere.

    `places` has the place in the region of each of its rows.
    """
    if cell.top not in places or not region.left <= cell.left <= region.right:
        return None
    bottom = bisect_right(region.rows, cell.bottom) - 1
    return Merged(places[cell.top], cell.left - region.left, bottom, min(cell.right, region.right) - region.left)
