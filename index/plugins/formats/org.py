"""Parses Org: headings, paragraphs, lists, tables and notes without markup; code as listings. Drawers are left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.loading import metadata
from index.loading.draft import Draft, source_lines
from index.plugins.formats.manuscript import Manuscript
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from index.loading.draft import Content

_HEADING = re.compile(
    r"(\*+)\s+(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED|CANCELED)\s+)?(?:\[#[A-Z]\]\s+)?(.*?)(?:\s+:[\w@#%:]+:)?\s*"
)
_KEYWORD = re.compile(r"\s*#\+(\w+):\s*(.*)", re.IGNORECASE)
_BEGIN = re.compile(r"\s*#\+BEGIN_?(\w*)", re.IGNORECASE)
_END = re.compile(r"\s*#\+END", re.IGNORECASE)
_PROSE_BLOCKS = frozenset({"quote", "center", "verse", "abstract", "note", "warning", "tip"})
_UNSEEN_BLOCKS = frozenset({"comment", "export"})
_DRAWER = re.compile(r"\s*:[\w-]+:\s*$")
_DRAWER_END = re.compile(r"\s*:END:\s*$", re.IGNORECASE)
_PLANNING = re.compile(r"\s*(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):\s*[<\[]")
_ITEM = re.compile(r"(\s*)([-+]|\s\*|\d{1,4}[.)])\s+(?:\[[ X-]\]\s+)?(.*)")
_ROW = re.compile(r"\s*\|(.*?)\|?\s*$")
_RULE = re.compile(r"\s*(?:-{5,}|#(?:\s.*)?)$")
_NOTE = re.compile(r"\[fn:([^][:]*)\]\s*(.*)")
_LINK = re.compile(r"\[\[([^][]*)\](?:\[([^][]*)\])?\]")
_CALLED = re.compile(r"\[fn:([^][:]*)(?::([^][]*))?\]")
_MARKED = re.compile(r"(?<![\w*/_=~+])([*/_=~+])(?=\S)([^\n]{0,400}?\S)\1(?![\w*/_=~+])")
_FILE = re.compile(r"(?:file|https?|attachment):.*\.(?:png|jpe?g|gif|svg|webp)$", re.IGNORECASE)
_STAMP = re.compile(r"[<\[](\d{4}-\d{2}-\d{2})[^>\]]*[>\]]")


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the text of an Org file."""
    lines = source_lines(content.text.lstrip("\ufeff"))
    reader = _Reader(lines)
    reader.read()
    blocks = reader.manuscript.blocks
    if "title" not in reader.stated:
        described = metadata.describe([block.text.split("\n") for block in blocks[:8]])
        reader.stated.setdefault("title", described.title)
    date = _STAMP.sub(r"\1", reader.stated.get("date", ""))
    return Draft(blocks, reader.stated["title"], reader.stated.get("author", ""), iso_date(date))


class _Reader:
    """Reads a file line by line; blocks and drawers are read as a whole."""

    def __init__(self, lines: list[str]) -> None:
        self.manuscript = Manuscript()
        self.stated: dict[str, str] = {}
        self._lines = lines
        self._at = 0
        self._indents: list[int] = []

    def read(self) -> None:
        """Read all lines."""
        while self._at < len(self._lines):
            line, number = self._lines[self._at], self._at + 1
            self._at += 1
            if not self._is_whole(line, number):
                self._prose(line, number)
        self.manuscript.end()

    def _is_whole(self, line: str, number: int) -> bool:
        """Read what is not prose, and return whether this line begins it."""
        begin = _BEGIN.match(line)
        if begin:
            self._block(begin[1].lower(), number)
        elif _DRAWER.match(line) and not _DRAWER_END.match(line):
            self._drawer()
        elif keyword := _KEYWORD.match(line):
            self._keyword(keyword[1].lower(), plain(keyword[2]))
        elif _ROW.match(line):
            self._table(number)
        elif line.lstrip().startswith(": "):
            self._listing(number)
        else:
            return bool(_RULE.match(line) or _END.match(line) or _PLANNING.match(line) or _DRAWER_END.match(line))
        return True

    def _prose(self, line: str, number: int) -> None:
        heading, item, note = _HEADING.fullmatch(line), _ITEM.match(line), _NOTE.match(line)
        if heading:
            self._indents = []
            self.manuscript.heading(plain(heading[2]), len(heading[1]), number)
        elif not line.strip():
            self.manuscript.end()
        elif note:
            self.manuscript.end()
            self.manuscript.words(f"{note[1]} {plain(note[2])}", number)
        elif item:
            mark = item[2] if item[2][0].isdigit() else "-"
            term = item[3].replace(" :: ", ": ", 1) if mark == "-" else item[3]
            self.manuscript.item(plain(term), number, mark=mark, depth=self._depth(len(item[1])))
        else:
            self._indents = self._indents if self.manuscript.is_open else []
            self.manuscript.words(plain(line), number)

    def _depth(self, indent: int) -> int:
        """Return how many lists an item of this indent is in, from 0."""
        while self._indents and self._indents[-1] >= indent:
            self._indents.pop()
        self._indents.append(indent)
        return len(self._indents) - 1

    def _keyword(self, name: str, value: str) -> None:
        if name in {"title", "author", "date"} and value:
            self.stated[name] = one_line(f"{self.stated.get(name, '')} {value}")
        elif name == "caption":
            self.manuscript.end()
            self.manuscript.words(value, self._at)
            self.manuscript.end()

    def _block(self, kind: str, number: int) -> None:
        """Read a block: quotations are prose, all others are listings."""
        if kind in _PROSE_BLOCKS:
            self.manuscript.end()
            return
        lines = self._until(_END)
        if kind not in _UNSEEN_BLOCKS:
            self.manuscript.listing(list(enumerate(lines, number + 1)))

    def _drawer(self) -> None:
        self._until(_DRAWER_END)

    def _until(self, end: re.Pattern[str]) -> list[str]:
        """Return the lines before the end of a block; a block without an end is one line of its own."""
        start = self._at
        while self._at < len(self._lines) and not end.match(self._lines[self._at]):
            if _HEADING.fullmatch(self._lines[self._at]):
                self._at = start
                return []
            self._at += 1
        self._at += 1
        return self._lines[start : self._at - 1]

    def _table(self, number: int) -> None:
        rows = [_ROW.match(self._lines[number - 1])]
        while self._at < len(self._lines) and (row := _ROW.match(self._lines[self._at])):
            rows.append(row)
            self._at += 1
        texts = [[plain(cell) for cell in row[1].split("|")] for row in rows if row and not row[1].startswith("-")]
        self.manuscript.table(texts, number)

    def _listing(self, number: int) -> None:
        lines = [self._lines[number - 1]]
        while self._at < len(self._lines) and self._lines[self._at].lstrip().startswith(":"):
            lines.append(self._lines[self._at])
            self._at += 1
        self.manuscript.listing([(n, line.lstrip()[2:]) for n, line in enumerate(lines, number)])


def plain(text: str) -> str:
    """Return the words of a line without markup."""
    text = _LINK.sub(lambda found: found[2] or ("" if _FILE.match(found[1]) else found[1]), text)
    text = _CALLED.sub(lambda found: f" ({found[2]})" if found[2] else f"[{found[1]}]", text)
    for _ in range(2):
        text = _MARKED.sub(r"\2", text)
    return text.replace("\\\\", " ").strip() if text.endswith("\\\\") else text


FORMAT = Format(
    name="Org",
    kind="Org",
    endings="org",
    media_types="text/org",
    ending_decides="first",
    read="index.plugins.formats.org:read",
    prose=False,
    place="line",
    types="org",
)
