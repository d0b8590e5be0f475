"""The words of TeX: accents, symbols and dashes as characters, without commands and braces."""

from __future__ import annotations

import re
import unicodedata

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
