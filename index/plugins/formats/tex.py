"""Parses TeX and LaTeX: prose without commands, headings, lists, tables, footnotes; mathematics and code as listings.

Other files that it includes are never read. Macros without arguments that the file defines are replaced by their words.

kreuzberg 4.10 loses words of real files.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from index.loading.draft import Draft, source_lines
from index.plugins.formats.manuscript import Manuscript
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from index.loading.draft import Block, Content
    from index.records.file_kinds import Head

_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
CODE = frozenset({"verbatim", "verbatim*", "Verbatim", "BVerbatim", "lstlisting", "minted", "alltt", "tcblisting"})
"""Environments that hold code, in which a per cent sign begins no comment."""
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def without_comments(source: str) -> str:
    """Return the source without comments; a line that is only a comment does not end a paragraph."""
    lines: list[str] = []
    code = ""
    for line in source_lines(source):
        if code:
            code = "" if f"\\end{{{code}}}" in line else code
            lines.append(line)
            continue
        shown = _COMMENT.sub(r"\1", line)
        lines.append(shown if shown.strip() or not line.strip() else r"\relax")
        code = next((name for name in CODE if f"\\begin{{{name}}}" in shown and f"\\end{{{name}}}" not in shown), "")
    return "\n".join(lines)


def closing_braces(text: str) -> dict[int, int]:
    """Return the position of the closing brace of each opening one that has one."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closing[opened.pop()] = brace.start()
    return closing


_ACCENTS = {
    "'": "\u0301", "`": "\u0300", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328", "d": "\u0323", "b": "\u0331",
    "r": "\u030a", "t": "\u0361",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "i", "j": "j", "dh": "ð", "th": "þ", "S": "§", "P": "¶", "copyright": "©", "pounds": "£", "euro": "€",
    "texteuro": "€", "dots": "…", "ldots": "…", "cdots": "…", "textellipsis": "…", "textendash": "–",
    "textemdash": "—", "textquoteleft": "‘", "textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”",
    "textbackslash": " ", "textasciitilde": "~", "textasciicircum": "^", "textbar": "|", "textless": "<",
    "textgreater": ">", "textdegree": "°", "textregistered": "®", "texttrademark": "™", "textbullet": "•",
    "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "XeTeX": "XeTeX", "quad": " ", "qquad": " ", "newline": " ",
    "linebreak": " ", "par": " ", "guillemotleft": "«", "guillemotright": "»", "og": "«", "fg": "»", "glqq": "„",
    "grqq": "“", "flqq": "«", "frqq": "»", "slash": "/", "hyp": "-", "and": ",", "thinspace": " ", "enspace": " ",
}  # fmt: skip
_SYMBOLS = {
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "approx": "≈", "sim": "∼", "simeq": "≃",
    "equiv": "≡", "times": "×", "cdot": "·", "pm": "±", "mp": "∓", "div": "÷", "ast": "*", "infty": "∞",
    "partial": "∂", "nabla": "∇", "sum": "∑", "prod": "∏", "int": "∫", "sqrt": "√", "in": "∈", "notin": "∉",
    "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "cup": "∪", "cap": "∩", "emptyset": "∅", "forall": "∀",
    "exists": "∃", "neg": "¬", "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨", "to": "→", "rightarrow": "→",
    "leftarrow": "←", "Rightarrow": "⇒", "Leftarrow": "⇐", "leftrightarrow": "↔", "Leftrightarrow": "⇔",
    "mapsto": "↦", "propto": "∝", "ll": "≪", "gg": "≫", "perp": "⊥", "parallel": "∥", "angle": "∠", "circ": "∘",
    "oplus": "⊕", "otimes": "⊗", "ell": "ℓ", "hbar": "ℏ", "Re": "ℜ", "Im": "ℑ", "prime": "′", "langle": "⟨",
    "rangle": "⟩", "lbrace": "{", "rbrace": "}", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|", "degree": "°",
    "varepsilon": "ε", "vartheta": "ϑ", "varphi": "φ", "varsigma": "ς", "varrho": "ϱ",
}  # fmt: skip
_NAMED = frozenset(
    "log ln exp sin cos tan arcsin arccos arctan sinh cosh tanh min max sup inf lim det dim ker gcd arg deg Pr"
    " mod".split()
)
"""Commands whose name is what is printed."""
_ARGUMENT = r"\s*\{([^{}]*)\}"
_CITED = re.compile(
    r"\\(?:no)?(?:cite|citep|citet|citeauthor|citeyear|parencite|textcite|autocite|footcite)\*?(?:\[[^][]*\])*"
    + _ARGUMENT
)
_REFERRED = re.compile(r"\\(?:ref|eqref|pageref|autoref|cref|Cref|nameref|vref)\*?" + _ARGUMENT)
_LINKED = re.compile(r"\\href\s*\{[^{}]*\}")
_DROPPED = re.compile(
    r"\\(?:label|[A-Za-z]*index[A-Za-z]*|vspace|hspace|includegraphics|bibliographystyle|bibliography|addbibresource|pagestyle"
    r"|thispagestyle|thanks|input|include|color|textcolor|hypertarget|phantom|vskip|hskip|fontsize|selectlanguage"
    r"|begin|end|documentclass|documentstyle|setcounter|addtocounter|pagenumbering|glsreset|rule|cline|cmidrule|multirow|todo|usepackage"
    r"|RequirePackage|newcolumntype|graphicspath|markboth|markright|addcontentsline|resizebox|scalebox)"
    r"\*?(?:\s*\[[^][]*\]|\s*\([^()]*\))*(?:\{[^{}]*\})?"
)
_FRACTION = re.compile(r"\\[dtc]?frac" + _ARGUMENT + _ARGUMENT)
_ACCENT = re.compile(
    r"""\\(?:(['`^"~=.])\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))|([uvHckdbrt])(?:\s*\{\s*\\?([A-Za-z])\s*\}|\s+([A-Za-z])))"""
)
_COMMAND = re.compile(r"\\([A-Za-z@]+)\*?[ \t]*(\{\})?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PUNCTUATION = ((re.compile(r"---"), "—"), (re.compile(r"--"), "–"), (re.compile("``"), "“"), (re.compile("''"), "”"))
_SHOWN = "%&_#${}\\~`'-"
_KEPT = {ord(character): chr(0xE001 + n) for n, character in enumerate(_SHOWN)}
_RESTORED = {0xE001 + n: character for n, character in enumerate(_SHOWN)}
"""Escaped characters are letters of the private area until all markup is gone."""
_LEFT_OVER = re.compile(r"[{}$]")
_BLANKS = re.compile(r"[ \t\n]+")


def plain(tex: str, *, math: bool = False) -> str:
    """Return the words of some TeX on one line. In mathematics, `_` and `^` stay, and letters stay apart."""
    text = _CITED.sub(lambda found: f" [{found[1]}]", tex)
    text = _REFERRED.sub(lambda found: found[1], text)
    text = _DROPPED.sub("", _LINKED.sub("", text))
    text = _ACCENT.sub(_accented, _FRACTION.sub(r"\1/\2", text))
    text = _COMMAND.sub(_command, text)
    text = _ESCAPED.sub(_escaped, text)
    for mark, character in () if math else _PUNCTUATION:
        text = mark.sub(character, text)
    text = _LEFT_OVER.sub("", text.replace("~", " "))
    return _BLANKS.sub(" ", text.translate(_RESTORED)).strip()


def kept(text: str) -> str:
    """Return code in such a form that `plain` leaves it as it is."""
    return text.translate(_KEPT)


def _accented(found: re.Match[str]) -> str:
    mark, letter = found[1] or found[4], found[2] or found[3] or found[5] or found[6]
    return unicodedata.normalize("NFC", letter + _ACCENTS[mark])


def _command(found: re.Match[str]) -> str:
    """Return what a command prints, if it is known; the words in its braces follow it in any case."""
    name = found[1]
    if name in _LETTERS:
        return _LETTERS[name]
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    if name in _NAMED:
        return f"{name} "
    return greek(name)


def greek(name: str) -> str:
    """Return the Greek letter that a command names; "" if it names none."""
    size = "CAPITAL" if name[0].isupper() else "SMALL"
    spelled = "LAMDA" if name.lower() == "lambda" else name.upper()
    try:
        return unicodedata.lookup(f"GREEK {size} LETTER {spelled}")
    except KeyError:
        return ""


def _escaped(found: re.Match[str]) -> str:
    character = found[1]
    if character in "%&_#${}":
        return character.translate(_KEPT)
    return " " if character in "\\ ,;:>~\n" else ""


TEX = "text/x-tex"
_FIRST_COMMAND = re.compile(r"^[ \t]*\\(?:documentclass|documentstyle|begin\{document\})", re.MULTILINE)
_PACKAGES = (".sty", ".cls")
_MATH = frozenset({"equation", "align", "gather", "multline", "eqnarray", "displaymath", "math", "flalign", "alignat"})
_TABLES = frozenset({"tabular", "tabularx", "tabulary", "longtable", "supertabular", "array", "tblr"})
_UNSEEN = frozenset({"tikzpicture", "comment", "filecontents", "pspicture", "CCSXML", "picture", "forest"})
_WHOLE = CODE | _MATH | _TABLES | _UNSEEN
"""Environments that are read as a whole, up to their end."""
_LISTS = {"itemize": "-", "enumerate": "{}.", "description": "-", "thebibliography": "-"}
_SIZED = frozenset({"minipage", "multicols", "wrapfigure", "adjustbox", "thebibliography", "list", "subfigure"})
"""Environments whose first argument is a measure."""
_LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
    "subparagraph": 6,
}
_TOKEN = re.compile(
    r"(?P<newline>\n[ \t]*(?:\n\s*)?)|\\(?P<heading>part|chapter|(?:sub){0,2}section|(?:sub)?paragraph)\b\*?"
    r"|\\(?P<edge>begin|end)[ \t]*\{(?P<environment>[^{}\n]{1,60})\}|\\(?P<item>item|bibitem)\b"
    r"|\\(?P<aside>footnote|footnotetext|caption|title|author|date|abstract)\b\*?"
    r"|\\(?P<define>newcommand|renewcommand|providecommand|def|newenvironment|renewenvironment|DeclareMathOperator"
    r"|newtheorem|setlength|addtolength|newglossaryentry|newacronym|hypersetup|lstset|tikzset|geometry|definecolor)\b\*?"
    r"|\\(?P<par>par|maketitle|tableofcontents|newpage|clearpage|bigskip|medskip|smallskip)\b"
    r"|(?P<math>\$\$|\\\[)|\\verb\*?(?P<mark>[^A-Za-z\s*])"
)
_CLOSES = {"$$": "$$", "\\[": "\\]"}
_LONGEST_MACRO, _LONGEST_ARGUMENT, _LONGEST_RUN = 200, 20_000, 100_000
_OPTION = re.compile(r"[ \t]*\n?[ \t]*\[([^][]*)\]")
_OPENING = re.compile(r"\s*\{")
_MACRO = re.compile(r"\s*\{?\s*\\([A-Za-z]+)\s*\}?")
_USED = re.compile(r"\\([A-Za-z]+)(?:\{\}| )?")
_ROW = re.compile(r"\\\\\*?(?:\[[^][]*\])?|\\tabularnewline\b|\\cr\b")
_RULE = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|centering)\b")
_SPANNING = re.compile(r"\\multi(?:column|row)\s*\{[^{}]*\}\s*\{[^{}]*\}")
_COLUMN = re.compile(r"(?<!\\)&")
_DOCUMENT = re.compile(r"\\begin\s*\{document\}")
_MOST_GROUPS = 6


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the text of a TeX file; of a LaTeX document, its body with the title, author and date that it states."""
    reader = _Reader(content.text)
    blocks = reader.read()
    return Draft(blocks, reader.stated("title"), reader.stated("author"), iso_date(reader.stated("date")))


class _Reader:
    """Reads the file from its first token to its last, without recursion."""

    def __init__(self, source: str) -> None:
        self._text = without_comments(source)
        self._starts = list(accumulate((len(line) + 1 for line in self._text.split("\n")), initial=0))
        self._closing = closing_braces(self._text)
        self._manuscript = Manuscript()
        self._line: list[str] = []
        self._number = 1
        self._item: tuple[str, int] | None = None
        self._lists: list[tuple[str, int]] = []
        self._macros: dict[str, str] = {}
        self._stated: dict[str, str] = {}
        self._endless: set[str] = set()
        self._shown = _DOCUMENT.search(self._text) is None
        """Whether the words belong to the document: before its beginning there are settings."""

    def stated(self, name: str) -> str:
        """Return the title, the author or the date as the file states it."""
        return self._stated.get(name, "")

    def read(self) -> list[Block]:
        """Return the blocks of the file."""
        at = 0
        while found := _TOKEN.search(self._text, at):
            self._add(self._text[at : found.start()], at)
            at = max(found.end(), self._token(found))
        self._add(self._text[at:], at)
        self._end()
        return self._manuscript.blocks

    def _token(self, found: re.Match[str]) -> int:
        """Handle a token, and return where the text goes on."""
        kind = found.lastgroup or ""
        at = found.end()
        if kind == "newline":
            self._break(found)
            return at
        if kind == "environment":
            return self._environment(found["edge"], found["environment"], at)
        if kind == "heading":
            words, at = self._argument(at)
            self._end()
            if self._shown:
                self._manuscript.heading(self._plain(words), _LEVELS[found["heading"]], self._number_at(found.start()))
            return at
        handlers = {"item": self._new_item, "aside": self._aside, "define": self._define, "math": self._display}
        if kind in handlers:
            return handlers[kind](found)
        if kind == "mark":
            end = self._text.find(found["mark"], at, at + 300)
            self._add(kept(self._text[at:end]), at)
            return end + 1
        self._end()
        return at

    def _break(self, found: re.Match[str]) -> None:
        """End the line, and the paragraph at a blank line."""
        self._flush()
        if found[0].count("\n") > 1:
            self._manuscript.end()

    def _add(self, run: str, at: int) -> None:
        if run and self._shown:
            self._number = self._number if self._line else self._number_at(at)
            self._line.append(run[:_LONGEST_RUN])

    def _flush(self) -> None:
        words, self._line = self._plain("".join(self._line)), []
        item, self._item = self._item, None
        if item and words:
            self._manuscript.item(words, self._number, mark=item[0], depth=item[1])
        elif item:
            self._item = item
        else:
            self._manuscript.words(words, self._number)

    def _end(self) -> None:
        self._flush()
        self._manuscript.end()

    def _plain(self, tex: str) -> str:
        return plain(_USED.sub(lambda found: self._macros.get(found[1], found[0]), tex))

    def _number_at(self, at: int) -> int:
        return bisect_right(self._starts, at)

    def _argument(self, at: int) -> tuple[str, int]:
        """Return the next argument in braces and where it ends; options before it are left out."""
        while option := _OPTION.match(self._text, at):
            at = option.end()
        opening = _OPENING.match(self._text, at)
        if not opening:
            return "", at
        end = self._closing.get(opening.end() - 1, -1)
        if not 0 <= end - opening.end() <= _LONGEST_ARGUMENT:
            return "", opening.end()
        return self._text[opening.end() : end], end + 1

    def _environment(self, edge: str, name: str, at: int) -> int:
        base = name.rstrip("*")
        if edge == "begin" and (name in _WHOLE or base in _WHOLE) and name not in self._endless:
            end = self._text.find(f"\\end{{{name}}}", at)
            if end >= 0:
                self._whole(base, at, end)
                return end + len(name) + 6
            self._endless.add(name)
        self._end()
        if edge == "end":
            self._lists = self._lists[:-1] if base in _LISTS else self._lists
            return len(self._text) if name == "document" else at
        return self._begin(base, at)

    def _begin(self, name: str, at: int) -> int:
        if name == "document":
            self._shown = True
        elif name in _LISTS:
            self._lists.append((_LISTS[name], 0))
        elif name == "abstract" and self._shown:
            self._manuscript.heading("Abstract", _LEVELS["section"], self._number_at(at))
        if option := _OPTION.match(self._text, at):
            at = option.end()
        return self._argument(at)[1] if name in _SIZED else at

    def _whole(self, name: str, at: int, end: int) -> None:
        """Add the content of an environment that is code, mathematics or a table."""
        if not self._shown or name in _UNSEEN:
            return
        self._end()
        first = self._number_at(at)
        lines = list(enumerate(self._text[at:end].split("\n"), first))
        if name in CODE or f"{name}*" in CODE:
            self._manuscript.listing(lines[1:] if len(lines) > 1 else lines)
        elif name in _MATH:
            self._manuscript.listing([(number, self._formula(line)) for number, line in lines])
        else:
            body = self._argument(at)[1] if name != "tabularx" else self._argument(self._argument(at)[1])[1]
            self._manuscript.table(self._rows(self._text[min(body, end) : end]), first)

    def _formula(self, line: str) -> str:
        return plain(_USED.sub(lambda found: self._macros.get(found[1], found[0]), line.replace("&", " ")), math=True)

    def _rows(self, body: str) -> list[list[str]]:
        rows = (_RULE.sub("", _SPANNING.sub("", row)) for row in _ROW.split(body))
        return [[self._plain(cell) for cell in _COLUMN.split(row)] for row in rows if row.strip()]

    def _new_item(self, found: re.Match[str]) -> int:
        self._flush()
        at = found.end()
        mark, count = self._lists[-1] if self._lists else ("-", 0)
        if self._lists:
            self._lists[-1] = (mark, count + 1)
        self._item = (mark.format(count + 1), max(0, len(self._lists) - 1))
        option = _OPTION.match(self._text, at)
        if found["item"] == "bibitem":
            key, at = self._argument(at)
            self._add(f"[{kept(key)}] ", at)
        elif option:
            at = option.end()
            self._add(f"{option[1]} ", at)
        return at

    def _aside(self, found: re.Match[str]) -> int:
        """Take a note, a caption, or a field of the title out of the text around it."""
        argument, at = self._argument(found.end())
        kind, words = found["aside"], self._plain(argument.replace("\\and", ", ").replace("\\\\", " "))
        number = self._number_at(found.start())
        if kind in {"title", "author", "date"}:
            self._stated.setdefault(kind, one_line(words).replace(" ,", ","))
        elif self._shown and kind.startswith("footnote"):
            self._manuscript.note(words, number)
        elif self._shown:
            self._end()
            self._manuscript.words(words, number)
            self._manuscript.end()
        return at

    def _define(self, found: re.Match[str]) -> int:
        """Skip a definition; a macro without arguments is remembered with its words."""
        at = found.end()
        named = _MACRO.match(self._text, at)
        at = named.end() if named else at
        simple = bool(named and found["define"] in {"newcommand", "renewcommand", "providecommand", "def"})
        for _ in range(_MOST_GROUPS):
            if option := _OPTION.match(self._text, at):
                simple, at = False, option.end()
                continue
            argument, end = self._argument(at)
            if end == at:
                break
            at = end
            if simple and named and len(argument) <= _LONGEST_MACRO and "#" not in argument:
                self._macros[named[1]] = kept(self._plain(argument)[:_LONGEST_MACRO])
            if named and found["define"] != "newenvironment":
                break
        return at

    def _display(self, found: re.Match[str]) -> int:
        """Add displayed mathematics as a listing."""
        at, opening = found.end(), found["math"]
        end = self._text.find(_CLOSES[opening], at) if opening not in self._endless else -1
        if not 0 <= end - at <= _LONGEST_ARGUMENT:
            self._endless.add(opening)
            return at
        self._end()
        if self._shown:
            lines = enumerate(self._text[at:end].split("\n"), self._number_at(at))
            self._manuscript.listing([(number, self._formula(line)) for number, line in lines])
        return end + len(_CLOSES[opening])


def _recognise(head: Head, suffix: str) -> str:
    return TEX if suffix not in _PACKAGES and _FIRST_COMMAND.search(head.beginning) else ""


FORMAT = Format(
    name="TeX",
    kind="TeX",
    endings="tex ltx sty cls",
    media_types=f"{TEX} application/x-tex",
    looks_at="text",
    rank=50,
    recognise=_recognise,
    ending_decides="last",
    read="index.plugins.formats.tex:read",
    prose=False,
    place="line",
)
