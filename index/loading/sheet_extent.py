"""Measures the sheets of an Excel workbook (xlsx, xls) before they are loaded: cells, and the places between them.

calamine keeps each place between the first and the last cell of a sheet in memory, and aborts where that is not enough.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import IO, NamedTuple

from index.errors import PasswordRequired
from index.loading.ole2.compound_file import SIGNATURE, CompoundFile

_SHEET = re.compile(r"xl[/\\]worksheets[/\\][^/\\]+\.xml", re.IGNORECASE)
_CELL = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
"""A cell with content: one without ends with its first tag."""
_WORKBOOKS = ("Workbook", "Book", "WORKBOOK", "BOOK")
"""Names of the stream with the sheets."""
_END, _LOCK, _SEVERAL = 0x000A, 0x002F, 0x00BD
_RECORDS = frozenset({0x0003, 0x0004, 0x0005, 0x0006, 0x007E, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E})
"""Records of cells with content, of the versions of Excel up to 2003."""
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
