"""Reads and writes Excel workbooks (.xlsx). Only this module imports openpyxl."""

from __future__ import annotations

import datetime
import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from index.errors import BatchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

LONGEST = 32_767
"""The most characters of a cell; Excel repairs, that is cuts, a longer one."""
MOST_LINKS = 65_530
"""The most hyperlinks of a sheet."""
_LONGEST_LINK = 2_079
"""The most characters of the address of a hyperlink."""
_CUT = " …"
UNPACKED_LIMIT = 100_000_000
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
class Cell:
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
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[int]
    """The width of each column, in characters."""


def clean(text: str) -> str:
    """Return the text as a cell can hold it: without control characters, and cut to the longest that Excel reads."""
    text = text.translate(_ILLEGAL).translate(_SURROGATES)
    units = text.encode("utf-16-le")
    if len(units) // 2 <= LONGEST:
        return text
    return units[: 2 * (LONGEST - len(_CUT))].decode("utf-16-le", "ignore") + _CUT


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
    for number, row in enumerate(chain([[Cell(name) for name in sheet.head]], sheet.rows), 1):
        for column, cell in enumerate(row, 1):
            place = page.cell(number, column)
            place.value = (clean(cell.value) or None) if isinstance(cell.value, str) else cell.value
            if isinstance(place.value, str):
                place.data_type = "s"  # never a formula, an error or a number
                place.quotePrefix = place.value.startswith(("=", "+", "-", "@"))
            place.alignment = wrapped
            if 0 < len(cell.link) <= _LONGEST_LINK and links < MOST_LINKS:
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
    than UNPACKED_LIMIT bytes.
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
    if unpacked > UNPACKED_LIMIT:
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
