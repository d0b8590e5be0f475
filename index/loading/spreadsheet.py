"""Reads workbooks (xlsx, xlsm, xlsb, xls, ods): the tables and lines of each sheet, with the names of their cells.

python-calamine gives the values of cells, and dates where the cells are formatted as dates; `cell_displays` tells how
a reader sees the other numbers, and errors.
"""

from __future__ import annotations

import datetime
import io
import re
from bisect import bisect_right
from contextlib import suppress
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired, TooLarge
from index.loading import core_properties
from index.loading.cell_displays import Displays
from index.loading.content import Block, Draft, paragraph
from index.loading.grid import Merged, Outline, grid
from index.loading.number_formats import general
from index.loading.office_package import RELATED, OfficePackage
from index.loading.sheet_extent import extents
from index.loading.sheet_regions import divide
from index.loading.xml_stream import whole
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.loading.cell_displays import Display, Row
    from index.loading.content import Content
    from index.loading.sheet_regions import Region

_MOST_CELLS = 500_000
"""Cells with words in a workbook: more need more memory than the settings allow by default."""
_MOST_PLACES = 10_000_000
"""Places between the first and the last cell of a sheet: calamine keeps each of them in memory."""
_UNFIT = "its parts do not fit together"
_UNTOLD = frozenset({"Cannot detect file format"})
"""What calamine says of a workbook that it has recognised, and cannot follow."""
_TOO_MANY = "Save the sheets that matter as files of their own, or as CSV, and add those."
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
        if cells > _MOST_CELLS or rows * columns > _MOST_PLACES:
            what = f"a sheet with {cells:,} cells in {rows:,} rows and {columns:,} columns"
            raise TooLarge(f"{name} has {what}.", _TOO_MANY)
    if core_properties.is_locked(data):
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
        title, author, date = core_properties.of_package(self._data)
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
        if (sheet.end[0] + 1) * sheet.width > _MOST_PLACES:
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
        if self._cells > _MOST_CELLS:
            raise self._too_large(f"more than {_MOST_CELLS:,} cells")
        return row

    def _too_large(self, what: str) -> TooLarge:
        return TooLarge(f"{self._name} has {what}.", _TOO_MANY)


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
