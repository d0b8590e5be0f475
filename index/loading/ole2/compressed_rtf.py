"""Rich Text in Outlook's messages: its compression ([MS-OXRTFCP]), and HTML that is wrapped in it ([MS-OXRTFEX])."""

from __future__ import annotations

import re
import struct

_HEAD = struct.Struct("<IIII")
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_WINDOW = 4096
_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u"
    b"\\tab\\tx"
)
"""What the window of the compression begins with, by the specification."""
_MOST = 50_000_000
_TOKEN = re.compile(r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\")
_CHARACTERS = {"par": "\n", "line": "\n", "tab": "\t", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
               "bullet": "•", "endash": "–", "emdash": "—", "cell": "\t", "row": "\n"}  # fmt: skip
_NO_TEXT = frozenset(
    {"fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "generator", "themedata", "htmltag"}
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
                piece = [window[(start + n) % _WINDOW] for n in range(0)]
                for n in range(length):
                    byte = window[(start + n) % _WINDOW]
                    piece.append(byte)
                    window[write % _WINDOW] = byte
                    write += 1
                found += bytes(piece)
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
    """Return the text of Rich Text, or the HTML in it: its tags are in groups that begin with `\\*\\htmltag`."""
    pieces: list[str] = []
    stack: list[tuple[bool, bool]] = []
    silent = hidden = False
    page = _code_page(rtf)
    skip = 0
    for found in _TOKEN.finditer(rtf):
        word, number, code, symbol, brace, text = found.groups()
        if brace == "{":
            stack.append((silent, hidden))
        elif brace == "}":
            silent, hidden = stack.pop() if stack else (False, False)
        elif word == "htmlrtf":
            hidden = number != "0"
        elif word == "htmltag":
            silent = not wrapped
        elif word in _NO_TEXT or symbol == "*":
            silent = True
        elif silent or (hidden and wrapped):
            continue
        elif word == "u" and number:
            pieces.append(chr(int(number) % 0x10000))
            skip = 1
        elif word in _CHARACTERS:
            pieces.append(_CHARACTERS[word])
        elif code or text or symbol:
            piece = bytes([int(code, 16)]).decode(page, "replace") if code else text or (symbol if symbol in "\\{}" else {"~": "\xa0", "_": "-"}.get(symbol, ""))
            pieces.append(piece[skip:] if skip and (code or text) else piece)
            skip = 0
    return "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _code_page(rtf: str) -> str:
    found = re.search(r"\\ansicpg(\d+)", rtf[:1000])
    try:
        "".encode(page := f"cp{found.group(1)}" if found else "cp1252")
    except LookupError:
        return "cp1252"
    return page
