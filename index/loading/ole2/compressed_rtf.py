"""Rich Text in Outlook's messages: its compression ([MS-OXRTFCP]), and HTML that is wrapped in it ([MS-OXRTFEX])."""

from __future__ import annotations

import re
import struct

_HEAD = struct.Struct("<IIII")
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window of the compression begins with, by the specification."""
_MOST = 50_000_000
_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\"
)
_CHARACTERS = {"par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
               "bullet": "•", "endash": "–", "emdash": "—", "cell": "\t", "row": "\n"}  # fmt: skip
_SYMBOLS = {"~": "\xa0", "_": "-"}
_NO_TEXT = frozenset(
    {
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "header",
        "footer",
        "generator",
        "themedata",
        "htmltag",
    }
)


def unpacked_rtf(data: bytes) -> str:
    """Return Rich Text that was compressed; of damaged data, its beginning."""
    if len(data) < _HEAD.size:
        return ""
    _, size, mark, _ = _HEAD.unpack_from(data)
    if mark == _PLAIN:
        return data[_HEAD.size : _HEAD.size + size].decode("latin-1")
    return _decompressed(data[_HEAD.size :], min(size, _MOST)).decode("latin-1") if mark == _COMPRESSED else ""


def _decompressed(data: bytes, size: int) -> bytes:
    window = bytearray(_START.ljust(_WINDOW, b" "))
    write, at, found = len(_START), 0, bytearray()
    while at < len(data) and len(found) < size:
        control, at = data[at], at + 1
        for bit in range(8):
            if control >> bit & 1:
                if at + 1 >= len(data):
                    return bytes(found[:size])
                token, at = data[at] << 8 | data[at + 1], at + 2
                start, length = token >> 4, (token & 0xF) + 2
                if start == write % _WINDOW:
                    return bytes(found[:size])
                for n in range(length):
                    byte = window[(start + n) % _WINDOW]
                    found.append(byte)
                    window[write % _WINDOW] = byte
                    write += 1
            elif at < len(data):
                byte, at = data[at], at + 1
                found.append(byte)
                window[write % _WINDOW] = byte
                write += 1
    return bytes(found[:size])


def html_of_rtf(rtf: str) -> str:
    """Return the HTML that is wrapped in Rich Text; empty if there is none."""
    return _text(rtf, wrapped=True) if "\\fromhtml" in rtf[:1000] else ""


def plain_of_rtf(rtf: str) -> str:
    """Return the words of Rich Text, a paragraph on each line."""
    return _text(rtf, wrapped=False).replace("\n", "\n\n")


def _text(rtf: str, *, wrapped: bool) -> str:
    """Return the text of Rich Text, or the HTML in it."""
    reader = _Reader(_code_page(rtf), wrapped=wrapped)
    for found in _TOKEN.finditer(rtf):
        word, number, code, symbol, brace, text = found.groups()
        if brace:
            reader.brace(brace)
        elif word:
            reader.word(word, number)
        elif symbol == "*":
            reader.silent = True
        elif code or text or symbol:
            reader.text(code, text or (symbol if symbol in "\\{}" else _SYMBOLS.get(symbol, "")) if not code else "")
    return "".join(reader.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reader:
    r"""Collects text, group by group. The HTML's tags are in groups that begin with `\*\htmltag`."""

    def __init__(self, page: str, *, wrapped: bool) -> None:
        self._page = page
        self._wrapped = wrapped
        self._groups: list[tuple[bool, bool]] = []
        self._hidden = False
        self._skip = 0
        self.silent = False
        self.pieces: list[str] = []

    def brace(self, brace: str) -> None:
        """Begin or end a group, in which a change of state holds."""
        if brace == "{":
            self._groups.append((self.silent, self._hidden))
        else:
            self.silent, self._hidden = self._groups.pop() if self._groups else (False, False)

    def word(self, word: str, number: str | None) -> None:
        """Take a control word."""
        if word == "htmlrtf":
            self._hidden = number != "0"
        elif word == "htmltag":
            self.silent = not self._wrapped
        elif word in _NO_TEXT:
            self.silent = True
        elif word == "u" and number:
            self._add(chr(int(number) % 0x10000))
            self._skip = 1
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])

    def text(self, code: str | None, text: str) -> None:
        """Take characters; the first one after a Unicode character stands for it where Unicode is unknown."""
        piece = bytes([int(code, 16)]).decode(self._page, "replace") if code else text
        self._add(piece[self._skip :])
        self._skip = 0

    def _add(self, piece: str) -> None:
        if not self.silent and not (self._hidden and self._wrapped):
            self.pieces.append(piece)


def _code_page(rtf: str) -> str:
    found = re.search(r"\\ansicpg(\d+)", rtf[:1000])
    try:
        "".encode(page := f"cp{found.group(1)}" if found else "cp1252")
    except LookupError:
        return "cp1252"
    return page
