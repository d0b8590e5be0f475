"""The control words of Rich Text that stand for characters, those that begin no text, and its names for encodings."""

from __future__ import annotations

import codecs

CHARACTERS = {
    "line": "\n", "tab": "\t", "emdash": "\u2014", "endash": "\u2013", "emspace": " ", "enspace": " ", "qmspace": " ",
    "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
    "lbr": "\n", "softline": "\n",
}  # fmt: skip
SKIPPED = frozenset(
    "colortbl pict object objdata header headerl headerr headerf footer footerl footerr footerf fldinst annotation"
    " atnauthor atnid atndate listtable listoverridetable revtbl rsidtbl generator themedata colorschememapping"
    " latentstyles datastore xmlnstbl filetbl bkmkstart bkmkend xe tc rxe txe upr ftnsep ftnsepc aftnsep aftnsepc"
    " subject keywords comment doccomm operator company manager category hlinkbase revtim printim buptim template"
    " background nonshppict nonesttables pntxta pntxtb".split()
)
"""Destinations whose text is no text of the document."""
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "cp936", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
    254: "cp437", 255: "cp850",
}  # fmt: skip
_PAGES = {65001: "utf-8", 10000: "mac_roman", 10007: "mac_cyrillic", 10029: "mac_latin2", 708: "iso8859-6"}


def encoding_of_charset(number: int) -> str:
    """Return the encoding of a typeface with this character set; "" if it is that of the document."""
    return _CHARSETS.get(number, "")


def encoding_of_page(number: int) -> str:
    """Return the encoding of a code page; Western European for one that does not exist."""
    name = _PAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name
