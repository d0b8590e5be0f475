r"""Parses Rich Text (RTF): paragraphs, headings, tables and footnotes, what its `info` group states, and wrapped HTML.

Our own reader, measured against striprtf 0.0.35: that one drops footnotes and the levels of headings, fails for a bare
`\u` or `\bin`, and takes a second for 80 kB of unclosed fields, and four times as long for twice as much.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from index.errors import PasswordRequired
from index.loading import metadata
from index.loading.draft import Block, Draft, paragraph
from index.loading.grid import grid
from index.loading.metadata import person
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from index.loading.draft import Content
    from index.records.file_kinds import Head

RTF = "application/rtf"
_TAR_MARK = slice(257, 262), b"ustar"
_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,9})?[ ]?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|([^\\{}\r\n\0]+)|[\r\n\0]+|\\",
    re.DOTALL,
)
_HEADING = re.compile(r"heading ([1-9])\b", re.IGNORECASE)
_ENCRYPTED = re.compile(rb"\\\*\\(?:passwordhash|writereservhash)\b.{0,400}\\encrypt", re.DOTALL)
_HEAD_BLOCKS = 8
_MAX_DEPTH = 10_000
_KINDS = frozenset({"footnote", "title", "author", "creatim", "fonttbl", "stylesheet", "listtext", "pntext"})
"""Destinations that are read, but are not text of the paragraph in which they are."""

_CHARACTERS = {
    "line": "\n", "tab": "\t", "emdash": "\u2014", "endash": "\u2013", "emspace": " ", "enspace": " ", "qmspace": " ",
    "bullet": "\u2022", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c", "rdblquote": "\u201d",
    "lbr": "\n", "softline": "\n",
}  # fmt: skip
_SKIPPED = frozenset(
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


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds until the group ends."""

    encoding: str = "cp1252"
    kind: str = ""
    """One of `_KINDS`; empty for the text of the document."""
    skipped: bool = False
    """Nothing in it is read: a picture, a header, a deleted word."""
    hidden: bool = False
    """It is Rich Text beside the HTML that it wraps."""
    stand_ins: int = 1
    r"""The number of characters after `\u` that stand for it in old programs."""


@dataclass(slots=True)
class _Paragraph:
    """The paragraph that is being read."""

    words: list[str] = field(default_factory=list)
    style: int = 0
    level: int = 0
    in_table: bool = False

    @property
    def text(self) -> str:
        return "".join(self.words)


def read(content: Content, name: str) -> Draft:
    """Return the paragraphs of a Rich Text document. Raises PasswordRequired if it is encrypted."""
    if _ENCRYPTED.search(content.data[:4096]):
        raise PasswordRequired(f"{name} is a Rich Text document locked with a password.")
    reader = _Reader()
    found = reader.read(content.data)
    head = [line for block in found[:_HEAD_BLOCKS] for line in block.text.split("\n")]
    author = person(reader.stated.get("author", "")) or metadata.author_of(head)
    return Draft(
        found,
        title=reader.stated.get("title", ""),
        author=author,
        date=metadata.date_of(head, author) or reader.date(),
    )


def blocks(data: bytes) -> list[Block]:
    """Return the paragraphs of some Rich Text."""
    return _Reader().read(data)


def wrapped_html(data: bytes) -> str:
    """Return the HTML that Outlook wrapped in Rich Text ([MS-OXRTFEX]); empty if there is none."""
    if b"\\fromhtml" not in data[:1000]:
        return ""
    reader = _HtmlReader()
    reader.read(data)
    return "".join(reader.pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Reader:
    """Reads the file from its first token to its last; a group is an entry of a stack, without recursion."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self.stated: dict[str, str] = {}
        self._page = "cp1252"
        self._group = _Group()
        self._stack: list[_Group] = []
        self._font = 0
        self._fonts: dict[int, str] = {}
        self._style = 0
        self._levels: dict[int, int] = {}
        self._paragraph = _Paragraph()
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._notes: list[str] = []
        self._aside: list[str] = []
        self._bytes = bytearray()
        self._left_out = 0
        self._created: dict[str, int] = {}

    def read(self, data: bytes) -> list[Block]:
        """Read all tokens, and return the blocks that have words."""
        at = 0
        while found := _TOKEN.match(data, at):
            at = found.end()
            word, number, code, symbol, brace, run = found.groups()
            if code or run:
                self._characters(bytes([int(code, 16)]) if code else run)
                continue
            self._decode()
            self._left_out = 0
            if brace:
                self._brace(brace)
            elif word == b"bin":
                at += max(0, int(number or 0))
            elif word:
                self._word(word.decode("ascii"), int(number) if number else None)
            elif symbol:
                self._symbol(symbol.decode("latin-1"))
        self._decode()
        self._end_paragraph()
        self._end_table()
        return [block for block in self._blocks if block.text]

    def date(self) -> str:
        """Return the date of creation; "" if the file does not state it."""
        year, month, day = (self._created.get(part, 0) for part in ("yr", "mo", "dy"))
        return iso_date(f"{year:04}-{month:02}-{day:02}")

    def _characters(self, characters: bytes) -> None:
        """Collect bytes: a character of some encodings has two, the second of which may look like a letter."""
        kept = characters[self._left_out :]
        self._left_out -= len(characters) - len(kept)
        self._bytes += kept

    def _decode(self) -> None:
        if self._bytes:
            self._add(self._bytes.decode(self._group.encoding, "replace"))
            self._bytes.clear()

    def _add(self, text: str) -> None:
        if self._group.skipped:
            return
        (self._aside if self._group.kind else self._paragraph.words).append(text)
        if self._group.kind == "stylesheet" and text.endswith(";"):
            found = _HEADING.search(self._aside_text())
            self._levels.update({self._style: int(found[1])} if found else {})

    def _aside_text(self) -> str:
        text = one_line("".join(self._aside))
        self._aside = []
        return text

    def _brace(self, brace: bytes) -> None:
        if brace == b"{" and len(self._stack) < _MAX_DEPTH:
            self._stack.append(self._group)
        elif brace == b"}" and self._stack:
            kind, self._group = self._group.kind, self._stack.pop()
            if kind and kind != self._group.kind:
                self._end_aside(kind, self._aside_text())

    def _end_aside(self, kind: str, text: str) -> None:
        if kind == "footnote" and text:
            self._notes.append(text)
        elif kind in {"title", "author"} and text:
            self.stated.setdefault(kind, text)
        elif kind in {"listtext", "pntext"} and text and not self._paragraph.text.strip():
            self._paragraph.words.append(f"{text if any(map(str.isalnum, text)) else '-'} ")

    def _word(self, word: str, number: int | None) -> None:
        if word in _SKIPPED or (word in {"v", "deleted"} and number != 0):
            self._group = replace(self._group, skipped=True)
        elif word in {"v", "deleted", "shptxt", "ud"}:
            self._group = replace(self._group, skipped=False)
        elif word in _KINDS and not (self._group.skipped and word != "footnote"):
            self._group = replace(self._group, kind=word, skipped=False)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word == "u" and number is not None:
            self._add(chr(number % 0x10000))
            self._left_out = self._group.stand_ins
        elif word == "uc":
            self._group = replace(self._group, stand_ins=max(0, min(number or 0, 8)))
        else:
            self._encoding(word, number or 0)

    def _encoding(self, word: str, number: int) -> None:
        """Follow a control word that chooses an encoding; pass on any other."""
        if word == "ansicpg":
            self._page = _encoding_of_page(number)
            self._group = replace(self._group, encoding=self._page)
        elif word == "f":
            self._font = number
            self._group = replace(self._group, encoding=self._fonts.get(number) or self._page)
        elif word == "plain":
            self._group = replace(self._group, encoding=self._page)
        elif word == "fcharset" and self._group.kind == "fonttbl":
            self._fonts[self._font] = _encoding_of_charset(number)
        elif word in {"yr", "mo", "dy"} and self._group.kind == "creatim":
            self._created[word] = number
        elif word == "s" and self._group.kind == "stylesheet":
            self._style = number
        elif not self._group.skipped and not self._group.kind:
            self._layout(word, number)

    def _layout(self, word: str, number: int) -> None:
        """Follow a control word that begins, describes or ends a paragraph or a part of a table."""
        if word == "pard":
            self._paragraph = _Paragraph(self._paragraph.words)
        elif word == "s":
            self._paragraph.style = number
        elif word == "outlinelevel":
            self._paragraph.level = number + 1 if 0 <= number < 9 else 0
        elif word == "intbl":
            self._paragraph.in_table = True
        elif word in {"cell", "nestcell"}:
            self._cells.append(self._paragraph.text)
            self._paragraph.words = []
        elif word in {"row", "nestrow"}:
            self._rows.append(self._cells)
            self._cells = []
        elif word in {"par", "sect", "page"}:
            if self._paragraph.in_table:
                self._paragraph.words.append("\n")
            else:
                self._end_paragraph()

    def _end_paragraph(self) -> None:
        text, self._paragraph.words = self._paragraph.text, []
        if text.strip():
            self._end_table()
            level = self._paragraph.level or self._levels.get(self._paragraph.style, 0)
            self._blocks.append(paragraph(one_line(text) if level else text, level))
        self._blocks += map(paragraph, self._notes)
        self._notes = []

    def _end_table(self) -> None:
        rows = [*self._rows, self._cells] if self._cells else self._rows
        if rows:
            self._blocks.append(grid(rows))
        self._rows, self._cells = [], []

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._group = replace(self._group, skipped=True)
        elif symbol in "\r\n":
            self._layout("par", 0)
        elif symbol in "{}\\":
            self._add(symbol)
        else:
            self._add({"~": " ", "_": "\u2011"}.get(symbol, ""))


class _HtmlReader(_Reader):
    r"""Reads the HTML in Rich Text: its tags are in groups that begin with `\*\htmltag`, its words between these."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def _add(self, text: str) -> None:
        if not (self._group.skipped or self._group.hidden or self._group.kind):
            self.pieces.append(text)

    def _word(self, word: str, number: int | None) -> None:
        if word == "htmltag":
            self._group = replace(self._group, skipped=False)
        elif word == "htmlrtf":
            self._group = replace(self._group, hidden=number != 0)
        elif word not in {"v", "deleted"}:
            super()._word(word, number)

    def _layout(self, word: str, number: int) -> None:  # noqa: ARG002 - no number matters here
        self._add({"par": "\n", "row": "\n", "cell": "\t"}.get(word, ""))


def _encoding_of_charset(number: int) -> str:
    """Return the encoding of a typeface with this character set; "" if it is that of the document."""
    return _CHARSETS.get(number, "")


def _encoding_of_page(number: int) -> str:
    """Return the encoding of a code page; Western European for one that does not exist."""
    name = _PAGES.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def _recognise(head: Head, suffix: str) -> str:  # noqa: ARG001 - every recogniser has this signature
    place, mark = _TAR_MARK
    return RTF if head.data.startswith(b"{\\rtf") and head.data[place] != mark else ""


FORMAT = Format(
    name="Rich Text",
    kind="Rich text",
    endings="rtf",
    media_types=f"{RTF} text/rtf",
    called="a Rich Text document",
    looks_at="bytes",
    recognise=_recognise,
    read="index.plugins.formats.rtf:read",
)
