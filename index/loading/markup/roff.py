r"""The words of roff, in which manual pages are written: escapes such as `\fB`, and the arguments of macros."""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "em": "—", "en": "–", "hy": "-", "bu": "•", "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "aq": "'", "dq": '"',
    "co": "©", "rg": "®", "tm": "™", "ss": "ß", "->": "→", "<-": "←", "mu": "×", "di": "÷", "+-": "±", "<=": "≤",
    ">=": "≥", "!=": "≠", "==": "≡", "~=": "≈", "de": "°", "sc": "§", "pl": "+", "mi": "-", "ha": "^", "ti": "~",
    "rs": "\\", "at": "@", "sh": "#", "Do": "$", "Eu": "€", "Po": "£", "fm": "′", "bv": "|", "ba": "|", "sl": "/",
    "ul": "_", "ga": "`", "aa": "´", "la": "⟨", "ra": "⟩", "lB": "[", "rB": "]", "lC": "{", "rC": "}", "if": "∞",
    "mc": "µ", "14": "¼", "12": "½", "34": "¾", "Fo": "«", "Fc": "»", "Bq": "„", "bq": "‚", "AE": "Æ", "ae": "æ",
    "/O": "Ø", "/o": "ø", "/L": "Ł", "/l": "ł", "oe": "œ", "OE": "Œ", "r!": "¡", "r?": "¿", "no": "¬", "sq": "□",
    "ci": "○", "OK": "✓", "dg": "†", "dd": "‡", "*m": "μ", "pd": "∂", "Lq": "“", "Rq": "”",
}  # fmt: skip
_MARKS = {
    "'": "\u0301",
    "`": "\u0300",
    "^": "\u0302",
    ":": "\u0308",
    "~": "\u0303",
    ",": "\u0327",
    "o": "\u030a",
    "v": "\u030c",
}
_ESCAPE = re.compile(
    r"\\(?:\((.{2})|\[([^]\n]{1,40})\]|\*(?:\((.{2})|\[([^]\n]{1,40})\]|(.))|[fFmM](?:\(..|\[[^]\n]{0,60}\]|.)"
    r"|[gknY](?:[-+]?\(..|[-+]?\[[^]\n]{0,60}\]|.)|s(?:[-+]?(?:\(..|\[[^]\n]{0,60}\]|'[^'\n]{0,60}'|\d))"
    r"|[bACDhHlLNoRSvVwxXZ]'[^'\n]{0,200}'|\".*|(.))"
)
_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"?|((?:\\.|[^\s"\\])(?:\\.|[^\s\\])*)')
_UNICODE = re.compile(r"u([0-9A-F]{4,6})(?:_.*)?")
_BLANKS = {
    "e": "\\",
    "-": "-",
    "~": " ",
    "0": " ",
    " ": " ",
    "t": " ",
    "'": "´",
    "`": "`",
    "\\": "\\",
    ".": ".",
    "_": "_",
}
_STRINGS = {"lq": "“", "rq": "”", "Tm": "™", "R": "®", 'L"': "“", 'R"': "”", "Aq": "'"}


def words(line: str) -> str:
    """Return the characters that a line prints."""
    return _ESCAPE.sub(_printed, line) if "\\" in line else line


def _printed(found: re.Match[str]) -> str:
    named = found[1] or found[2]
    if named:
        return _glyph(named)
    string = found[3] or found[4] or found[5]
    if string:
        return _STRINGS.get(string, "")
    return _BLANKS.get(found[6] or "", "")


def _glyph(name: str) -> str:
    """Return a character by its name: `em`, `u2014`, `'e`, `char233`."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    code = _UNICODE.fullmatch(name)
    if code and int(code[1], 16) < 0x110000:
        return chr(int(code[1], 16))
    if len(name) == 2 and name[0] in _MARKS and name[1].isalpha():
        return unicodedata.normalize("NFC", name[1] + _MARKS[name[0]])
    return ""


def arguments(rest: str) -> list[str]:
    """Return the arguments of a macro, still with escapes: words, or words in quotation marks."""
    rest = rest.partition('\\"')[0]
    return [(found[1] or "").replace('""', '"') if found[2] is None else found[2] for found in _ARGUMENT.finditer(rest)]
