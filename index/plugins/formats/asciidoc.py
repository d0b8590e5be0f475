"""Parses AsciiDoc: headings, paragraphs, lists, tables and notes without markup; code as listings.

Other files that a document includes are never read, and passages for other programs are left out.

kreuzberg 4.10 wants to download a reader for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.loading.draft import Draft, source_lines
from index.loading.grid import Outline
from index.plugins.formats.manuscript import Manuscript
from index.records.file_kinds import Format
from index.text.dates import iso_date

if TYPE_CHECKING:
    from index.loading.draft import Content

_FOOTNOTE = re.compile(r"\s?footnote(?:ref)?:\w*\[([^][]{0,2000})\]")
_LINK = re.compile(r"(?:link:|xref:|mailto:|(?<![\w/])(?=https?://|ftp://))([^\s\[\]]{1,500})\[([^][]{0,500})\]")
_REFERENCE = re.compile(r"<<([^<>,]{1,200})(?:,([^<>]{1,400}))?>>")
_MACRO = re.compile(
    r"(?<![\w:])(image|icon|kbd|btn|menu|pass|stem|latexmath|asciimath|indexterm|anchor):[^\s\[\]]{0,200}\[([^][]{0,500})\]"
)
_SHOWN_MACROS = frozenset({"kbd", "btn", "menu", "stem", "latexmath", "asciimath"})
_INDEX = re.compile(r"\(\(\([^()]{0,200}\)\)\)|\[\[[^][]{0,200}\]\]|\[\[\[([^][]{0,200})\]\]\]")
_SHOWN_INDEX = re.compile(r"\(\(([^()]{0,200})\)\)")
_ROLE = re.compile(r"\[[.#%][\w.#%-]{1,80}\](?=[*_`#])")
_DOUBLED = re.compile(r"(\*\*|__|``|##|\+\+\+?)(?=\S)(.{0,400}?\S)\1")
_MARKED = re.compile(r"(?<![\w*_`#+])([*_`#+])(?=\S)(.{0,400}?\S)\1(?![\w*_`#+])")
_RAISED = re.compile(r"[\^~](\S{1,60}?)[\^~]")
_ATTRIBUTE_NAME = re.compile(r"\{([\w-]{1,60})\}")
_BREAK = re.compile(r" \+$")
_ESCAPE = re.compile(r"\\(?=[*_`#\[{<])")
_SIGNS = (("(C)", "©"), ("(R)", "®"), ("(TM)", "™"), ("...", "…"), ("->", "→"), ("=>", "⇒"), (" -- ", " — "))
_BUILT_IN = {
    "nbsp": " ",
    "zwsp": "",
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "apos": "'",
    "quot": '"',
    "plus": "+",
    "sp": " ",
    "empty": "",
}
_LONGEST_VALUE = 300


class Words:
    """Removes markup, and knows the attributes that the document has defined so far."""

    def __init__(self) -> None:
        self._attributes = dict(_BUILT_IN)

    def define(self, name: str, value: str) -> None:
        """Define an attribute, which `{name}` stands for from here on."""
        self._attributes[name.lower()] = value[:_LONGEST_VALUE]

    def of(self, text: str) -> tuple[str, list[str]]:
        """Return the words of a line, and those of its footnotes."""
        notes = [self._plain(note) for note in _FOOTNOTE.findall(text)]
        return self._plain(_FOOTNOTE.sub("", text)), [note for note in notes if note]

    def _plain(self, text: str) -> str:
        text = _BREAK.sub("", text)
        text = _ATTRIBUTE_NAME.sub(lambda found: self._attributes.get(found[1].lower(), found[0]), text)
        text = _INDEX.sub(lambda found: f"[{found[1]}]" if found[1] else "", text)
        text = _LINK.sub(_linked, _SHOWN_INDEX.sub(r"\1", text))
        text = _REFERENCE.sub(lambda found: (found[2] or found[1]).strip(), text)
        text = _MACRO.sub(lambda found: found[2] if found[1] in _SHOWN_MACROS else "", text)
        text = _ROLE.sub("", text)
        for marks in (_DOUBLED, _MARKED, _MARKED):
            text = marks.sub(r"\2", text)
        text = _ESCAPE.sub("", _RAISED.sub(r"\1", text))
        for sign, character in _SIGNS:
            text = text.replace(sign, character)
        return text.strip()


def _linked(found: re.Match[str]) -> str:
    """Return the words of a link, else its address."""
    words = found[2].split(",")[0].rstrip("^").strip('"')
    return words or found[1]


_HEADING = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+=+)?\s*")
_DELIMITER = re.compile(r"(-{4,}|\.{4,}|/{4,}|\+{4,}|={4,}|\*{4,}|_{4,}|--|```.*|~~~.*)\s*")
_TABLE = re.compile(r"[|,:!]={3,}\s*")
_ATTRIBUTE = re.compile(r":(!?[\w][\w-]*!?):\s*(.*)")
_BLOCK_LINE = re.compile(r"\[.*\]\s*$")
_BLOCK_MACRO = re.compile(r"(\w[\w-]*)::(\S*)\[(.*)\]\s*$")
_BLOCK_TITLE = re.compile(r"\.([^\s.].*)")
_UNDERLINE = re.compile(r"(=+|-+|~+|\^+)\s*")
_UNDERLINES = "=-~^"
_ITEM = re.compile(r"\s*(?:(\*{1,6}|-|\.{1,6}|\d{1,4}\.|[a-zA-Z]\.|<\.>|<\d+>)\s+)(?:\[[ x*]\]\s+)?(\S.*)")
_TERM = re.compile(r"(\S.{0,200}?)(:{2,4}|;;)(?:\s+(.*))?$")
_REVISION = re.compile(r"(?:v[^,:\s]*,?\s*)?([^:;]*)(?:[:;].*)?")
_AUTHOR = re.compile(r"([^\W\d_][\w.'’-]*(?:\s+[\w.'’-]+){0,3})\s*(?:<[^>]*>)?(?:;.*)?$")
_CELL = re.compile(r"(?:^|(?<=\s))(?:(\d+)\*|\d*\.?\d*\+)?[<^>.]*[aehlmdsv]?(?<!\\)\|")
_IGNORED = re.compile(r"//(?!/).*|'''+\s*|<<<+\s*|\+\s*|(?:if|ifn)def::.*|ifeval::.*|endif::.*|include::.*|toc::.*")


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the text of an AsciiDoc file, with the title, author and date of its header."""
    reader = _Reader(source_lines(content.text.lstrip("\ufeff")))
    reader.read()
    return Draft(reader.manuscript.blocks, reader.title, reader.author, reader.date)


class _Reader:
    """Reads a file line by line; delimited blocks are read as a whole."""

    def __init__(self, lines: list[str]) -> None:
        self.manuscript = Manuscript()
        self.title = ""
        self.author = ""
        self.date = ""
        self._words = Words()
        self._counts: dict[str, int] = {}
        self._lines = lines
        self._at = 0

    def read(self) -> None:
        """Read all lines."""
        while self._at < len(self._lines):
            line, number = self._lines[self._at].rstrip(), self._at + 1
            self._at += 1
            if not self._is_structure(line, number):
                self._prose(line, number)
        self.manuscript.end()

    def _is_structure(self, line: str, number: int) -> bool:
        """Read what is not prose, and return whether this line begins it."""
        if _IGNORED.fullmatch(line) or (_BLOCK_LINE.match(line) and not line.startswith("[[[")):
            return True
        attribute = _ATTRIBUTE.fullmatch(line)
        delimiter = _DELIMITER.fullmatch(line)
        macro = _BLOCK_MACRO.match(line)
        if attribute:
            self._attribute(attribute[1], attribute[2])
        elif self._is_underlined(line):
            self._at += 1
            self._heading(line, 1 + _UNDERLINES.index(self._lines[self._at - 1][0]), number)
        elif delimiter:
            self._block(delimiter[1], number)
        elif _TABLE.fullmatch(line):
            self._table(line.strip(), number)
        elif macro and macro[1] in {"image", "video", "audio"}:
            self._caption(macro[3].split(",")[0].split("=")[-1].strip('"'), number)
        elif not macro:
            return False
        return True

    def _prose(self, line: str, number: int) -> None:
        heading, item, term = _HEADING.fullmatch(line), _ITEM.fullmatch(line), _TERM.fullmatch(line)
        title = _BLOCK_TITLE.fullmatch(line)
        if heading and not self.manuscript.is_open:
            self._heading(heading[2], len(heading[1]), number)
        elif not line.strip():
            self.manuscript.end()
        elif item:
            self._item(item, number)
        elif term:
            self.manuscript.end()
            self.manuscript.item(f"{self._plain(term[1], number)}: {self._plain(term[3] or '', number)}", number)
        elif title and not self.manuscript.is_open:
            self._caption(title[1], number)
        else:
            self.manuscript.words(self._plain(line, number), number)

    def _item(self, item: re.Match[str], number: int) -> None:
        mark = item[1]
        depth = len(mark) - 1 if set(mark) <= {"*"} or set(mark) <= {"."} else 0
        self._counts = self._counts if self.manuscript.is_open else {}
        self._counts[mark[0] * (depth + 1)] = count = self._counts.get(mark[0] * (depth + 1), 0) + 1
        shown = "-" if mark[0] in "*-" else f"{count}."
        self.manuscript.item(self._plain(item[2], number), number, mark=shown, depth=depth)

    def _plain(self, text: str, number: int) -> str:
        """Return the words of a line; its footnotes follow the paragraph."""
        words, notes = self._words.of(text)
        for note in notes:
            self.manuscript.note(note, number)
        return words

    def _caption(self, text: str, number: int) -> None:
        """Add a caption, unless the picture repeats the title above it."""
        self.manuscript.end()
        words = self._plain(text, number)
        if not self.manuscript.blocks or self.manuscript.blocks[-1].text != words:
            self.manuscript.words(words, number)
        self.manuscript.end()

    def _is_underlined(self, line: str) -> bool:
        """Return whether the next line is as long as this one and underlines it."""
        if self._at >= len(self._lines) or self.manuscript.is_open or not line[:1].isalnum():
            return False
        rule = _UNDERLINE.fullmatch(self._lines[self._at])
        return bool(rule and len(line) > 1 and abs(len(rule[1]) - len(line)) <= 2)

    def _heading(self, text: str, level: int, number: int) -> None:
        words = self._plain(text, number)
        if level == 1 and not self.title and not self.manuscript.blocks:
            self.title = words
        self.manuscript.heading(words, level, number)
        if self.title == words and len(self.manuscript.blocks) == 1:
            self._header()

    def _header(self) -> None:
        """Read the lines of author and revision below the title of the document."""
        for field in ("author", "date"):
            line = self._lines[self._at] if self._at < len(self._lines) else ""
            if not line.strip() or line.startswith((":", "//", "=")):
                return
            author, revision = _AUTHOR.fullmatch(line), _REVISION.fullmatch(line)
            if field == "author" and author:
                self.author = self.author or author[1]
            elif field == "date" and revision:
                self.date = self.date or iso_date(revision[1].strip())
            else:
                return
            self._at += 1

    def _attribute(self, name: str, value: str) -> None:
        words, _ = self._words.of(value)
        self._words.define(name.strip("!"), words)
        if name in {"author", "authors"}:
            self.author = words
        elif name in {"revdate", "docdate", "date"}:
            self.date = iso_date(words)
        elif name == "doctitle":
            self.title = words

    def _block(self, delimiter: str, number: int) -> None:
        """Read a delimited block: code is a listing, a comment is left out, and any other holds prose."""
        self.manuscript.end()
        if delimiter[0] in "=*_" or delimiter == "--":
            return
        end = delimiter[:3] if delimiter[0] in "`~" else delimiter
        lines: list[str] = []
        while self._at < len(self._lines) and self._lines[self._at].rstrip() != end:
            lines.append(self._lines[self._at])
            self._at += 1
        self._at += 1
        if delimiter[0] not in "/+":
            self.manuscript.listing(list(enumerate(lines, number + 1)))

    def _table(self, delimiter: str, number: int) -> None:
        """Read a table: the first line with cells, or with a blank line below it, says how many columns there are."""
        lines: list[str] = []
        while self._at < len(self._lines) and self._lines[self._at].strip() != delimiter:
            lines.append(self._lines[self._at])
            self._at += 1
        self._at += 1
        separated = delimiter[0] == ","
        rows: list[list[str]] = []
        for line in filter(str.strip, lines):
            cells = line.split(",") if separated else _cells(line)
            if not cells and rows:
                rows[-1][-1] += f" {line.strip()}"
            rows += [cells] if cells else []
        width = next((len(row) for row in rows if row), 1)
        texts = [self._words.of(cell)[0] for row in rows for cell in row]
        headed = len(lines) > 1 and not lines[1].strip()
        grid_rows = (
            [texts[at : at + width] for at in range(0, len(texts), width)] if width > 1 else [[text] for text in texts]
        )
        self.manuscript.table(grid_rows, number, Outline(header_rows=1 if headed else None))


def _cells(line: str) -> list[str]:
    """Return the cells that begin in a line of a table."""
    marks = list(_CELL.finditer(line))
    ends = [*(mark.start() for mark in marks[1:]), len(line)][: len(marks)]
    return [line[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)]


FORMAT = Format(
    name="AsciiDoc",
    kind="AsciiDoc",
    endings="adoc asciidoc asc",
    media_types="text/asciidoc",
    ending_decides="last",
    read="index.plugins.formats.asciidoc:read",
    prose=False,
    place="line",
)
