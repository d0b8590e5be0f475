"""Parses manual pages in the macros `man` and `mdoc`: prose without macros, headings, lists of options, examples.

Other files that a page includes are never read, and no macro that it defines is run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.loading.content import Draft
from index.loading.line_places import source_lines
from index.loading.markup.manuscript import Manuscript
from index.loading.markup.mdoc import CALLABLE, sentence
from index.loading.markup.roff import arguments, words
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from index.loading.content import Content
    from index.records.file_kinds import Head

MAN = "text/troff"
_LONG_HEAD = 40_000
"""A manual page may begin with its licence, or with definitions that a program wrote."""
_ROFF = re.compile(r"\ufeff?\s*(?:[.'][ \t]*(?:\\\"|#|[A-Za-z]{1,3}\b|$)|\\\"|\\$)", re.MULTILINE)
_MAN_TITLE = re.compile(r"^[.'][ \t]*(TH|Dd)\b", re.MULTILINE)
_REQUEST = re.compile(r"[.'][ \t]*(\\\"|[A-Za-z0-9]{1,16}|\\\{|\\\})?[ \t]*(.*)")
_FONTS = {"B": 1, "I": 1, "SB": 1, "SM": 1, "R": 1, "BR": 0, "BI": 0, "IB": 0, "IR": 0, "RB": 0, "RI": 0}
"""Macros of a font, and whether their arguments stay apart."""
_PARAGRAPHS = frozenset({"PP", "P", "LP", "HP", "Pp", "Lp", "sp", "RS", "RE", "EE", "br", "YS", "in", "ti"})
_LISTINGS = {"nf": "fi", "EX": "EE", "Bd": "Ed", "TS": "TE", "EQ": "EN"}
_DEFINITIONS = frozenset({"de", "de1", "am", "ig", "dei", "ami"})
_CONDITIONS = frozenset({"if", "ie", "el", "while"})
_BULLETS = frozenset({"•", "o", "-", "*", "·"})
_COMMENT = re.compile(r"(?:[.'][ \t]*\\\"|'''|\.\s*$)")


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the text of a manual page, named as it is cited: `git-add(1)`."""
    page = _Page()
    for number, line in enumerate(source_lines(content.text), 1):
        page.line(line, number)
    page.manuscript.end()
    return Draft(page.manuscript.blocks, page.title, page.author, page.date)


class _Page:
    """Reads a page line by line."""

    def __init__(self) -> None:
        self.manuscript = Manuscript()
        self.title = ""
        self.author = ""
        self.date = ""
        self._name = ""
        self._listing: list[tuple[int, str]] | None = None
        self._until = ""
        self._skip = ""
        self._is_term = False
        """Whether the next line is a term, which is described below it."""
        self._is_described = False
        """Whether the next line begins the description of a term."""
        self._lists: list[str] = []

    def line(self, line: str, number: int) -> None:
        """Read the next line."""
        if self._skip:
            self._skip = "" if re.match(rf"[.'][ \t]*{re.escape(self._skip)}\s*$", line) else self._skip
            return
        if _COMMENT.match(line):
            return
        if line.startswith((".", "'")) and (found := _REQUEST.match(line)):
            self._request(found[1] or "", found[2], number)
        else:
            self._text(words(line), number)

    def _text(self, text: str, number: int) -> None:
        if self._listing is not None:
            self._listing.append((number, text))
        elif not text.strip():
            self.manuscript.end()
        elif self._is_term:
            self._begin_item(text, number)
        elif self._is_described:
            self._is_described = False
            self.manuscript.line(text, number)
        else:
            self.manuscript.words(text, number)

    def _begin_item(self, term: str, number: int) -> None:
        """Begin an item of a list; a bullet is its mark, any other term its first words."""
        self._is_term = False
        self.manuscript.end()
        if term.strip() in _BULLETS:
            self.manuscript.item("", number, depth=max(0, len(self._lists) - 1))
        else:
            self.manuscript.words(term, number)
            self._is_described = True

    def _request(self, macro: str, rest: str, number: int) -> None:
        if macro == self._until and self._listing is not None:
            self._end_listing()
        elif macro in _DEFINITIONS:
            self._skip = next(iter(rest.split()[1:2]), ".") if macro != "ig" else rest.strip() or "."
        elif macro in _CONDITIONS or macro in {"so", "\\{", "\\}"}:
            return
        elif macro in {"TH", "Dt", "Dd"}:
            self._head(macro, rest)
        elif macro in {"SH", "SS", "Sh", "Ss"}:
            self._heading(words(" ".join(arguments(rest))), 1 if macro[1] in "Hh" else 2, number)
        elif macro in _LISTINGS and self._listing is None:
            self.manuscript.end()
            self._listing, self._until = [], _LISTINGS[macro]
        elif macro in _FONTS:
            self._text(words((" " if _FONTS[macro] else "").join(arguments(rest))), number)
        else:
            self._paragraph(macro, rest, number)

    def _paragraph(self, macro: str, rest: str, number: int) -> None:
        """Read a macro that begins a paragraph or an item, a link, or a macro of mdoc."""
        if macro in {"TP", "TQ"}:
            self._is_term = True
        elif macro == "IP":
            term = words(next(iter(arguments(rest)), ""))
            if term.strip():
                self._begin_item(term, number)
            else:
                self.manuscript.end()
        elif macro in _PARAGRAPHS:
            if macro != "br":
                self.manuscript.end()
        elif macro in {"UR", "MT", "URL"}:
            self._text(words(" ".join(arguments(rest)[:1])), number)
        elif macro in {"Bl", "El"}:
            self._lists = [*self._lists, rest] if macro == "Bl" else self._lists[:-1]
            self.manuscript.end()
        elif macro == "It":
            self._begin_item(words(sentence(arguments(rest), self._name)) or "•", number)
        elif macro in CALLABLE:
            self._mdoc(macro, arguments(rest), number)

    def _mdoc(self, macro: str, given: list[str], number: int) -> None:
        if macro == "Nm" and given and not self._name:
            self._name = words(given[0])
        text = words(sentence([macro, *given], self._name))
        if macro in {"Dl", "D1"}:
            self.manuscript.listing([(number, text)])
        else:
            self._text(text, number)

    def _head(self, macro: str, rest: str) -> None:
        """Read the title, section and date of the page."""
        given = [words(argument) for argument in arguments(rest)]
        if macro == "Dd":
            self.date = self.date or iso_date(" ".join(part for part in given if not part.startswith("$")))
        elif given and not self.title:
            section = f"({given[1]})" if len(given) > 1 and given[1] else ""
            self.title = f"{given[0].lower() if given[0].isupper() else given[0]}{section}"
            self.date = self.date or (iso_date(given[2]) if macro == "TH" and len(given) > 2 else "")

    def _heading(self, text: str, level: int, number: int) -> None:
        self._lists, self._is_term, self._is_described = [], False, False
        if self._listing is not None:
            self._end_listing()
        self.manuscript.heading(one_line(text), level, number)

    def _end_listing(self) -> None:
        lines, self._listing = self._listing or [], None
        self.manuscript.listing(lines)


def _recognise(head: Head, suffix: str) -> str:  # noqa: ARG001 - every recogniser has this signature
    """Recognise a text that begins with a request or a comment in roff, and has the title of a manual page."""
    beginning = head.text[:_LONG_HEAD].replace("\r\n", "\n")
    return MAN if _ROFF.match(beginning) and _MAN_TITLE.search(beginning) else ""


FORMAT = Format(
    name="Manual page",
    kind="Manual page",
    endings="man 1",
    media_types=MAN,
    looks_at="text",
    rank=40,
    recognise=_recognise,
    read="index.loading.markup.man_page:read",
    prose=False,
    place="line",
)
