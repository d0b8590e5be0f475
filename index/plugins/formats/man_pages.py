"""Parses manual pages in the macros `man` and `mdoc`: prose without macros, headings, lists of options, examples.

Other files that a page includes are never read, and no macro that it defines is run.

kreuzberg 4.10 does not read them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from index.loading.draft import Draft, source_lines
from index.plugins.formats.manuscript import Manuscript
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.loading.draft import Content
    from index.records.file_kinds import Head

_ENCLOSING = {
    "Op": ("[", "]"), "Oo": ("[", ""), "Oc": ("]", ""), "Qq": ("“", "”"), "Dq": ("“", "”"), "Sq": ("‘", "’"),
    "Pq": ("(", ")"), "Bq": ("[", "]"), "Brq": ("{", "}"), "Aq": ("<", ">"), "Ql": ("‘", "’"), "Qo": ("“", ""),
    "Qc": ("”", ""), "Do": ("“", ""), "Dc": ("”", ""), "So": ("‘", ""), "Sc": ("’", ""), "Po": ("(", ""),
    "Pc": (")", ""), "Bo": ("[", ""), "Bc": ("]", ""), "Ao": ("<", ""), "Ac": (">", ""), "Bro": ("{", ""),
    "Brc": ("}", ""),
}  # fmt: skip
_OPENING = frozenset({"Oo", "Qo", "Do", "So", "Po", "Bo", "Ao", "Bro"})
_CLOSING_MACROS = frozenset({"Oc", "Qc", "Dc", "Sc", "Pc", "Bc", "Ac", "Brc"})
_PLAIN = frozenset(
    "Ar Cm Em Ic Li Pa Sy Va Vt Ev Er Ad An Fa Fd Fn Ft In Lk Mt Ms No Nd Tn Ux Bx Fx Nx Ox Dx St At Bsx Cd Dv Dl D1 Lb"
    " Rv Ex Sx Tg Xo Xc Rs Re %A %B %D %I %J %N %O %P %Q %R %T %U %V Fo Fc Bf Ef Bk Ek Eo Ec Hf".split()
)
CALLABLE = frozenset({*_ENCLOSING, *_PLAIN, "Fl", "Nm", "Xr", "Ns", "Ap", "Pf", "Os", "Sm", "Aq"})
_SYSTEMS = {
    "Ux": "UNIX", "Bx": "BSD", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD", "Dx": "DragonFly", "At": "AT&T UNIX",
}  # fmt: skip
_CLOSING = frozenset(".,:;)]?!")
_UNSEEN = frozenset({"Os", "Sm", "Tg", "Bk", "Ek", "Bf", "Ef", "Rs", "Re", "Rv", "Ex", "Xo", "Xc", "Hf", "Lb"})
_JOINED = "\0"
"""Joins the words around it without a blank."""


def sentence(given: Sequence[str], name: str) -> str:
    """Return what a line of macros and words prints; `name` is the name of the page's program."""
    if given and given[0] in _UNSEEN:
        return ""
    parts: list[str] = []
    ends: list[str] = []
    macro = ""
    for n, word in enumerate(given):
        if word in _CLOSING:
            parts += [*reversed(ends), _JOINED + word] if n == len(given) - 1 else [_JOINED + word]
            ends = [] if n == len(given) - 1 else ends
        elif word in CALLABLE:
            following = given[n + 1] if n + 1 < len(given) else ""
            macro = word
            parts.append(_begun(word, following, name, ends))
        else:
            parts.append(
                f"-{word}" if macro == "Fl" else f"{word}{_JOINED}" if macro == "Pf" else _referred(macro, word, parts)
            )
            macro = "" if macro in {"Pf"} else macro
    text = " ".join(part for part in [*parts, *reversed(ends)] if part)
    return text.replace(f" {_JOINED}", "").replace(f"{_JOINED} ", "").replace(_JOINED, "")


def _begun(macro: str, following: str, name: str, ends: list[str]) -> str:
    """Return what a macro prints before its words; marks that close it are added to `ends`."""
    if macro in _ENCLOSING:
        opening, closing = _ENCLOSING[macro]
        if macro in _CLOSING_MACROS:
            return f"{_JOINED}{opening}"
        if closing:
            ends.append(f"{_JOINED}{closing}")
        return f"{opening}{_JOINED}"
    if macro == "Nm" and (not following or following in _CLOSING or following in CALLABLE):
        return name
    if macro == "Fl" and following == "Fl":
        return f"-{_JOINED}"
    if macro == "Nd":
        return "–"
    if macro == "Fl" and (not following or following in CALLABLE or following in _CLOSING):
        return "-"
    if macro == "Ns":
        return _JOINED
    if macro == "Ap":
        return f"{_JOINED}'{_JOINED}"
    return _SYSTEMS.get(macro, "")


def _referred(macro: str, word: str, parts: list[str]) -> str:
    """Return a word; the section after the name of another page stands in brackets."""
    if macro == "Xr" and parts and parts[-1] and word[:1].isdigit():
        return f"{_JOINED}({word})"
    return word


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
    read="index.plugins.formats.man_pages:read",
    prose=False,
    place="line",
)
