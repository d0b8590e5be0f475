"""Tells how the numbers of a workbook of OpenDocument (ods) are displayed: the file keeps the words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from index.loading.xml_stream import events, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LAST_COLUMN = 16_384
_NUMBERS = frozenset({"float", "percentage", "currency"})
_BEGINS = ("table", "table-row", "table-cell", "covered-table-cell", "annotation")


class _Row(NamedTuple):
    """Rows of a sheet that are alike."""

    sheet: str
    first: int
    """The index of the first of them."""
    copies: int
    words: Mapping[int, str]
    """The words of cells with numbers by the index of the column."""


class OpenDisplays:
    """Reads the words of numbers, sheet by sheet, in one pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._left = _rows(chunks)
        self._next: _Row | None = None

    def rows(self, sheet: str) -> Iterator[tuple[int, int, Mapping[int, str]]]:
        """Yield the first row of some that are alike, their number, and the words in each of them.

        Sheets must be asked for in their order. Raises DamagedFile.
        """
        found = self._next or next(self._left, None)
        while found and found.sheet != sheet:
            found = next(self._left, None)
        while found and found.sheet == sheet:
            yield found[1:]
            found = next(self._left, None)
        self._next = found


def _rows(chunks: Iterable[bytes]) -> Iterator[_Row]:
    """Yield the rows of all sheets with numbers; each sheet begins with a row that stands for none."""
    sheet, within, end, copies = "", False, 0, 0
    row = _Cells()
    for name, attributes, text in events(chunks, _BEGINS, ("p", "annotation")):
        if name in ("table", "table-row"):
            if row.words:
                yield _Row(sheet, end, copies, row.words)
            row, end, copies = _Cells(), end + copies, 0
        if name == "table":
            sheet, end = attributes.get("table:name", ""), 0
            yield _Row(sheet, 0, 0, {})
        elif name == "table-row":
            copies = whole(attributes.get("table:number-rows-repeated"), 1)
        elif name == "annotation":
            within = text is None
        elif text is None:
            row.begin(attributes)
        elif not within:
            row.add(text)
    if row.words:
        yield _Row(sheet, end, copies, row.words)


class _Cells:
    """Collects the words of the numbers in a row."""

    def __init__(self) -> None:
        self.words: dict[int, str] = {}
        self._cells = range(0)
        self._is_number = False

    def begin(self, attributes: Mapping[str, str]) -> None:
        """Begin a cell, which may stand for several."""
        first = self._cells.stop
        copies = whole(attributes.get("table:number-columns-repeated"), 1)
        self._cells = range(first, min(first + copies, _LAST_COLUMN))
        self._is_number = attributes.get("office:value-type") in _NUMBERS

    def add(self, words: str) -> None:
        """Add the words of the current cell, if it has a number; `###` stands for one that was too wide."""
        if self._is_number and words.strip("# "):
            self.words.update(dict.fromkeys(self._cells, words))
        self._is_number = False
