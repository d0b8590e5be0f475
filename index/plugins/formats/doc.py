"""Reads Word documents of the older kind (.doc), by [MS-DOC]: the text is in pieces, and styles tell the headings."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from index.errors import PasswordRequired, UnsupportedFormat
from index.loading.compound_files import CompoundFile
from index.loading.draft import Draft, paragraph
from index.loading.grid import Outline, grid
from index.records.file_kinds import Format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.draft import Block, Content

_STREAM = "WordDocument"
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_MARKS_OF_WORD = (0xA5EC, 0xA5DC)
_WORD_97 = 0x00C1
_CLX, _PARAGRAPHS = 0x01A2, 0x0102
"""Where the header states the places of the piece table and of the paragraphs' properties."""
_LENGTHS = 0x004C
"""Where it states the lengths of the parts of the text: main text, footnotes, headers, nothing, comments, endnotes, and
text boxes."""
_READ_PARTS = (0, 1, 4, 5)
_COMPRESSED = 0x40000000
_PAGE = 512
_ROW_END = 0x2417
"""The property of the mark that ends a row of a table."""
_OPERANDS = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_LAST_HEADING = 9
_FIELD = re.compile("\x13[^\x13\x14\x15]*\x14?|\x15")
_MARKS = str.maketrans(
    {"\x0b": "\n", "\x1e": "-", "\x1f": None, "\xa0": " ", **dict.fromkeys("\x00\x01\x02\x03\x04\x05\x08", None)}
)
_PARAGRAPH_END = re.compile("[\r\x07\x0c]")
_MOST_TEXT = 100_000_000


class _Paragraph(NamedTuple):
    """The properties of a paragraph."""

    style: int
    ends_row: bool


class _Piece(NamedTuple):
    """A run of characters, and where its bytes are."""

    start: int
    end: int
    offset: int
    width: int


def read(content: Content, name: str) -> Draft:
    """Return the draft of a document: its main text, its notes, and its text boxes.

    Headers, footers and comments are left out.
    """
    with CompoundFile(content.data, name) as file:
        stream = file.read(_STREAM)
        try:
            blocks = list(_blocks(file, stream, name))
        except (struct.error, IndexError, ValueError) as error:
            raise file.damaged(error) from error
        title, author = file.properties()
    return Draft(blocks, title, author)


def _blocks(file: CompoundFile, stream: bytes, name: str) -> Iterator[Block]:
    mark, version, flags = _short(stream, 0), _short(stream, 2), _short(stream, 10)
    if mark not in _MARKS_OF_WORD:
        raise ValueError("it has no text")
    if version < _WORD_97:
        raise UnsupportedFormat(f"{name} is a document of Word 95 or older.", "Save it as .docx or PDF, and add that.")
    if flags & _ENCRYPTED:
        raise PasswordRequired(f"{name} is a Word document locked with a password.")
    table = file.read("1Table" if flags & _SECOND_TABLE else "0Table")
    pieces = list(_pieces(stream, table))
    text = _text(stream, pieces)
    styles = _Styles(stream, table)
    main, notes, headers, _, *others = struct.unpack_from("<7I", stream, _LENGTHS)
    for part, (start, end) in enumerate(pairwise(accumulate((main, notes, headers, *others), initial=0))):
        if part in _READ_PARTS:
            yield from _read(text, start, end, pieces, styles)


def _pieces(stream: bytes, table: bytes) -> Iterator[_Piece]:
    """Yield the pieces of the text, in order."""
    at, length = struct.unpack_from("<II", stream, _CLX)
    end = at + length
    while at < end and table[at] == 1:
        at += 3 + _short(table, at + 1)
    if table[at] != 2:
        raise ValueError("it has no table of pieces")
    count = (struct.unpack_from("<I", table, at + 1)[0] - 4) // 12
    starts = struct.unpack_from(f"<{count + 1}I", table, at + 5)
    for n in range(count):
        offset = struct.unpack_from("<I", table, at + 5 + 4 * (count + 1) + 8 * n + 2)[0]
        narrow = bool(offset & _COMPRESSED)
        place = (offset & ~_COMPRESSED) // 2 if narrow else offset
        if not starts[n] <= starts[n + 1] <= _MOST_TEXT:
            raise ValueError("its pieces are out of order")
        yield _Piece(starts[n], starts[n + 1], place, 1 if narrow else 2)


def _text(stream: bytes, pieces: list[_Piece]) -> str:
    """Return the text of all pieces; a character beyond the basic plane stays two, so that positions hold."""
    found = []
    for piece in pieces:
        data = stream[piece.offset : piece.offset + (piece.end - piece.start) * piece.width]
        if piece.width == 1:
            found.append(data.decode("cp1252", "replace"))
        else:
            found.append("".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data[: len(data) // 2 * 2]))))
    return "".join(found)


class _Styles:
    """The properties of the paragraphs, by the offsets of their ends in the stream."""

    def __init__(self, stream: bytes, table: bytes) -> None:
        at, length = struct.unpack_from("<II", stream, _PARAGRAPHS)
        count = max(0, (length - 4) // 8)
        numbers = struct.unpack_from(f"<{count}I", table, at + 4 * (count + 1))
        self._starts: list[int] = []
        self._found: list[_Paragraph] = []
        for number in numbers:
            self._add_page(stream[number % 0x400000 * _PAGE :][:_PAGE])

    def of(self, offset: int) -> _Paragraph:
        """Return the properties of the paragraph that the character at an offset belongs to."""
        at = bisect_right(self._starts, offset) - 1
        return self._found[at] if at >= 0 else _Paragraph(0, False)

    def _add_page(self, page: bytes) -> None:
        if len(page) < _PAGE:
            return
        count = page[-1]
        offsets = struct.unpack_from(f"<{count + 1}I", page)
        for n in range(count):
            at = page[4 * (count + 1) + 13 * n] * 2
            if not self._starts or offsets[n] >= self._starts[-1]:
                self._starts.append(offsets[n])
                self._found.append(_properties(page, at) if at else _Paragraph(0, False))


def _properties(page: bytes, at: int) -> _Paragraph:
    size = page[at] * 2 - 1 if page[at] else page[at + 1] * 2
    start = at + (1 if page[at] else 2)
    data = page[start : start + size]
    return _Paragraph(_short(data, 0), any(number == _ROW_END and data[at] for number, at in _settings(data)))


def _settings(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each property of a paragraph, and the offset of its value."""
    at = 2
    while at + 3 <= len(data):
        number = _short(data, at)
        kind = number >> 13
        yield number, at + 2
        at += 2 + (_OPERANDS[kind] if kind in _OPERANDS else 1 + data[at + 2])


def _read(text: str, start: int, end: int, pieces: list[_Piece], styles: _Styles) -> Iterator[Block]:
    """Yield the paragraphs and the tables of a part of the text."""
    row: list[str] = []
    table: list[list[str]] = []
    cell: list[str] = []
    at = start
    for mark in _PARAGRAPH_END.finditer(text, start, end):
        words, at_end = _clean(text[at : mark.start()]), mark.group() == "\x07"
        found = styles.of(_offset(pieces, mark.start()))
        at = mark.end()
        if at_end and found.ends_row:
            table.append(row)
            row, cell = [], []
        elif at_end:
            row.append(" ".join([*cell, words]).strip())
            cell = []
        elif row or (table and _in_row(text, at, end)):
            cell.append(words)
        else:
            yield from _table(table)
            table = []
            yield paragraph(words, found.style if 1 <= found.style <= _LAST_HEADING else 0)
    yield from _table([*table, row] if row else table)
    yield paragraph(_clean(text[at:end]))


def _in_row(text: str, at: int, end: int) -> bool:
    """Return whether the paragraph that ends here is the first one of a cell: cell marks have no paragraph between."""
    following = _PARAGRAPH_END.search(text, at, end)
    return following is not None and following.group() == "\x07"


def _table(found: list[list[str]]) -> Iterator[Block]:
    if any(any(row) for row in found):
        yield grid(found, Outline(forms=True))


def _offset(pieces: list[_Piece], position: int) -> int:
    at = max(0, bisect_right([piece.start for piece in pieces], position) - 1)
    piece = pieces[at]
    return piece.offset + (position - piece.start) * piece.width


def _clean(words: str) -> str:
    """Return the words that are shown: results of fields without their instructions, and no marks of pictures."""
    while (shown := _FIELD.sub("", words)) != words:
        words = shown
    return words.translate(_MARKS).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _short(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<H", data, at)[0])


DOC = "application/msword"
FORMAT = Format(
    name="Word 97",
    kind="Word",
    endings="doc",
    media_types=DOC,
    called="a Word document",
    looks_at="ole2",
    recognise=lambda head, _: DOC if head.stream == "worddocument" else None,
    read="index.plugins.formats.doc:read",
)
