"""Measures the sheets of an Excel workbook before they are loaded: their cells, and the places between them.

calamine keeps each place between the first and the last cell of a sheet in memory, and aborts where that is not enough.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO, NamedTuple

_SHEET = re.compile(r"xl[/\\]worksheets[/\\][^/\\]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
"""A cell with content: one without ends with its first tag."""
_CHUNK = 1 << 22
_LONGEST_TAG = 200


class Extent(NamedTuple):
    """The size of a sheet."""

    cells: int
    """Number of cells with content."""
    rows: int
    """Number of the last row."""
    columns: int
    """Number of the last column."""


def extents(data: bytes) -> list[Extent]:
    """Return the extent of each sheet of an xlsx file; those that cannot be read are left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [_extent(archive.open(info)) for info in archive.infolist() if _SHEET.fullmatch(info.filename)]
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, NotImplementedError):
        return []


def _extent(source: IO[bytes]) -> Extent:
    cells = last = 0
    names: set[bytes] = set()
    rest = b""
    while chunk := source.read(_CHUNK):
        text = rest + chunk
        end = 0
        for found in _CELL.finditer(text):
            names.add(found[1])
            last = max(last, int(found[2]))
            cells += 1
            end = found.end()
        rest = text[max(end, len(text) - _LONGEST_TAG) :]
    return Extent(cells, last, max(map(_number, names), default=0))


def _number(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number
