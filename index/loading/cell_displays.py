"""Tells how the cells of a workbook are displayed: by their number formats, or by the words that the file keeps.

    displays = Displays(data, "costs.xlsx")
    rows = displays.rows("Costs")   # for each row of the sheet, from the first one, displays by the index of the column

Workbooks of Excel since 2007 (xlsx, xlsm) have formats and errors, OpenDocument (ods) has words; others have nothing.
What cannot be read is left out, and the reader of the workbook shows the values of those cells as they are.
"""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from index.errors import DamagedFile
from index.loading.number_formats import NumberFormat, number_format
from index.loading.open_displays import OpenDisplays
from index.loading.xml_stream import events, whole
from index.loading.zip_parts import ZipParts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Display = NumberFormat | str
    """The format of a cell with a value, or its words."""
    Row = Mapping[int, Display] | Mapping[int, str]
    """Displays by the index of the column, from 0."""

_WORKBOOK, _STYLES, _OPEN_DOCUMENT = "xl/workbook.xml", "xl/styles.xml", "content.xml"
_LAST_COLUMN = 16_384
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)", 39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    48: "##0.0E+0",
}  # fmt: skip
"""Formats by their numbers (ECMA-376, 18.8.30), without those whose currency depends on the reader's place."""
_TEXTS = frozenset({"s", "str", "inlineStr"})


class Displays:
    """Reads the displays of the sheets of a workbook, one row after the other."""

    def __init__(self, data: bytes, name: str) -> None:
        self._parts: ZipParts | None = None
        self._sheets: Mapping[str, str] = {}
        self._formats: Mapping[str, NumberFormat] = {}
        self._open: OpenDisplays | None = None
        try:
            self._find(ZipParts(data, name))
        except DamagedFile:
            return

    def _find(self, parts: ZipParts) -> None:
        if _OPEN_DOCUMENT in parts:
            self._open = OpenDisplays(parts.chunks(_OPEN_DOCUMENT))
        elif _WORKBOOK in parts:
            self._sheets, self._formats, self._parts = _sheets(parts), _formats(parts), parts

    def rows(self, sheet: str) -> Iterator[Row]:
        """Yield the displays of each row of a sheet, and empty rows without end after the last one.

        The sheets of a workbook must be asked for in its order.
        """
        below = 0
        for first, copies, row in self._found(sheet):
            for _ in range(below, first):
                yield {}
            for _ in range(max(below, first), first + copies):
                yield row
            below = max(below, first + copies)
        while True:
            yield {}

    def _found(self, sheet: str) -> Iterator[tuple[int, int, Row]]:
        """Yield the index of the first of some rows alike, their number, and the displays of each."""
        try:
            if self._open:
                yield from self._open.rows(sheet)
            elif self._parts and sheet in self._sheets:
                for number, row in _rows(self._parts.chunks(self._sheets[sheet]), self._formats):
                    yield number, 1, row
        except DamagedFile:
            return


def _sheets(parts: ZipParts) -> dict[str, str]:
    """Return the part of each sheet of an Excel workbook by its name."""
    links = events(parts.chunks("xl/_rels/workbook.xml.rels"), ("Relationship",))
    targets = {link.get("Id", ""): link.get("Target", "") for _, link, _ in links}
    found: dict[str, str] = {}
    for _, sheet, _ in events(parts.chunks(_WORKBOOK), ("sheet",)):
        key = next((value for name, value in sheet.items() if name.rpartition(":")[2] == "id"), "")
        target = targets.get(key, "")
        found[sheet.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return found


def _formats(parts: ZipParts) -> dict[str, NumberFormat]:
    """Return the formats of an Excel workbook that change something, by the numbers of their styles of cells."""
    if _STYLES not in parts:
        return {}
    codes: dict[str, str] = {str(number): code for number, code in _BUILT_IN.items()}
    numbers: list[str] = []
    styles_of_cells = False
    for name, attributes, _ in events(parts.chunks(_STYLES), ("numFmt", "cellStyleXfs", "cellXfs", "xf", "dxfs")):
        if name == "dxfs":  # the styles of conditions come after those of cells, and have formats of their own
            break
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and styles_of_cells:
            numbers.append(attributes.get("numFmtId", "0"))
        elif name != "xf":
            styles_of_cells = name == "cellXfs"
    found = {str(n): number_format(codes.get(number, "")) for n, number in enumerate(numbers)}
    return {style: known for style, known in found.items() if any(known.numbers) or known.changes_texts}


def _rows(chunks: Iterable[bytes], formats: Mapping[str, NumberFormat]) -> Iterator[tuple[int, Row]]:
    """Yield the number of each row of a sheet of Excel, from 0, and its displays."""
    row: dict[int, Display] = {}
    number = column = -1
    kind = ""
    for name, attributes, text in events(chunks, ("row", "c"), ("v",), _is_error):
        if name == "row":
            if row:
                yield number, row
            row, column = {}, -1
            number = whole(attributes.get("r", ""), number + 2) - 1
        elif name == "c":
            kind = attributes.get("t", "n")
            column = _column(attributes["r"].rstrip("0123456789")) if "r" in attributes else column + 1
            display = formats.get(attributes.get("s", "0"))
            if display and (kind == "n" or (kind in _TEXTS and display.changes_texts)):
                row[column] = display
        elif kind == "e" and text and text.startswith("#"):
            row[column] = text
    if row:
        yield number, row


def _is_error(attributes: Mapping[str, str]) -> bool:
    return attributes.get("t") == "e"


@lru_cache(_LAST_COLUMN)
def _column(letters: str) -> int:
    """Return the index of a column by its letters; -1 if it has none."""
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
