"""Parses the sections of a number format of a workbook: for positive numbers, negative ones, zero and texts.

#,##0.00 "kg";[Red](#,##0.00 "kg");"none";@
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LONGEST = 255
"""Characters of a format, at most; spreadsheets have the same limit."""
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_(?P<gap>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]|(?P<exponent>[Ee][+-])'
    r"|(?P<general>general)|(?P<digit>[0#?])|(?P<comma>,)|(?P<point>\.)|(?P<percent>%)|(?P<text>@)|(?P<end>;)"
    r"|(?P<bare>.)",
    re.DOTALL | re.IGNORECASE,
)
_CURRENCY = re.compile(r"\$([^-\]]*)(?:-(?:[0-9A-F]{1,4}|[a-z]{2,3}(?:-[a-z0-9]{2,8})*|x-euro\d))?", re.IGNORECASE)
"""A symbol with a place whose habits are ignored here. Longer codes ask for the digits of other scripts."""
_OF_CLOCKS = re.compile(r"\$-F[48]00", re.IGNORECASE)
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|colou?r\s?\d{1,2}", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d{1,15}(?:\.\d{1,15})?)")
_PLACES = frozenset("0#?")
_MOST_DECIMALS = 30
"""Spreadsheets allow as many."""
_BARE = frozenset("$-+(){}^&'~<>= ")
"""Characters that stand for themselves, as symbols of currencies, dashes and blanks do."""


class Numeral(NamedTuple):
    """Where the digits of a number go. A place is `0`, `#` or `?`; words between places begin with a quote mark."""

    whole: tuple[str, ...]
    decimals: tuple[str, ...]
    point: bool
    grouped: bool
    """Whether commas divide thousands."""
    shift: int
    """The power of ten by which the number is multiplied: 2 for a percentage, -3 for thousands."""
    exponent: str
    """`+` or `-` and the places of the exponent; "" for none."""

    unit: Decimal
    """The unit of the last digit after the point."""
    plain: bool
    """Whether all digits are shown, in their usual places, with one at least before the point."""

    @property
    def zeros(self) -> str:
        """The point and the digits after it of a whole number, if the numeral is plain."""
        return "." + "0" * len(self.decimals) if self.decimals else ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a format: words around a number, a text, or nothing."""

    before: str
    after: str = ""
    numeral: Numeral | None = None
    general: bool = False
    """Whether the number is written as without a format."""
    has_text: bool = False
    condition: tuple[str, float] | None = None


class _Token(NamedTuple):
    kind: str
    text: str


class _Unknown(Exception):  # noqa: N818  # it ends the parsing of a section, and no caller sees it
    """A section cannot be followed."""


def sections(code: str) -> Iterator[Section | None]:
    """Yield the sections of a format; None for one that cannot be followed to the letter."""
    if len(code) > _LONGEST:
        return
    tokens: list[_Token] = []
    for found in _TOKEN.finditer(code):
        kind = found.lastgroup or ""
        if kind == "end":
            yield _section(tokens)
            tokens = []
        else:
            tokens.append(_Token(kind, found[kind]))
    yield _section(tokens)


def _section(tokens: Sequence[_Token]) -> Section | None:
    try:
        known, condition = _known(tokens)
        return _parsed(known, condition)
    except _Unknown:
        return None


def _known(tokens: Sequence[_Token]) -> tuple[list[_Token], tuple[str, float] | None]:
    """Return tokens in which all words are `literal`, and the condition of the section."""
    condition = None
    known: list[_Token] = []
    for token in tokens:
        if token.kind == "bracket" and (found := _CONDITION.fullmatch(token.text)):
            condition = (found[1], float(found[2]))
        elif token.kind in ("quoted", "escaped", "gap", "fill", "bracket", "bare"):
            known.append(_Token("literal", _literal(token)))
        else:
            known.append(token)
    return [token for token in known if token != ("literal", "")], condition


def _literal(token: _Token) -> str:
    """Return the words that a token shows: a gap is a blank, and what fills the width of a cell is left out."""
    kind, text = token
    if kind in ("quoted", "escaped"):
        return text
    if kind in ("gap", "fill"):
        return " " if kind == "gap" else ""
    if kind == "bare":
        if text in _BARE or unicodedata.category(text) in ("Sc", "Pd", "Zs"):
            return text
        raise _Unknown
    if _COLOUR.fullmatch(text):
        return ""
    if (found := _CURRENCY.fullmatch(text)) and not _OF_CLOCKS.fullmatch(text):
        return found[1]
    raise _Unknown


def _parsed(tokens: Sequence[_Token], condition: tuple[str, float] | None) -> Section:
    kinds = [token.kind for token in tokens]
    for kind in ("text", "general"):
        if kind in kinds:
            at = kinds.index(kind)
            before, after = _words(tokens[:at]), _words(tokens[at + 1 :])
            return Section(before, after, general=kind == "general", has_text=kind == "text", condition=condition)
    solid = [n for n, kind in enumerate(kinds) if kind in ("digit", "point")]
    if "digit" not in kinds:
        return Section(_words(tokens), condition=condition)
    first, last = solid[0], solid[-1]
    end = last + 1
    while end < len(tokens) and kinds[end] == "comma":
        end += 1
    left, right = tokens[:first], tokens[end:]
    percents = sum(token.kind == "percent" for token in (*left, *right))
    numeral = _numeral(tokens[first : last + 1], 2 * percents - 3 * (end - last - 1))
    return Section(_words(left, "percent"), _words(right, "percent"), numeral, condition=condition)


def _words(tokens: Sequence[_Token], *allowed: str) -> str:
    if any(token.kind not in ("literal", *allowed) for token in tokens):
        raise _Unknown
    words = "".join(token.text for token in tokens)
    line = one_line(words)
    return f"{' ' * words[:1].isspace()}{line}{' ' * (words[-1:].isspace() and bool(line))}"


def _numeral(tokens: Sequence[_Token], shift: int) -> Numeral:
    """Return the numeral between the first and the last place of a section."""
    kinds = [token.kind for token in tokens]
    exponent = ""
    if "exponent" in kinds:
        at = kinds.index("exponent")
        exponent = tokens[at].text[1] + _words(tokens[at + 1 :], "digit")
        tokens, kinds = tokens[:at], kinds[:at]
        if set(exponent[1:]) != {"0"} or any(token.kind == "literal" for token in tokens):
            raise _Unknown
    point = kinds.index("point") if "point" in kinds else len(kinds)
    whole, scales = _whole(tokens[:point])
    decimals = _places(tokens[point + 1 :])
    grouped, places = "," in whole, tuple(place for place in whole if place != ",")
    unit = Decimal(1).scaleb(-sum(place in _PLACES for place in decimals))
    numeral = Numeral(
        places, decimals, point < len(kinds), grouped, shift - 3 * scales, exponent, unit,
        _is_plain(places, decimals, point < len(kinds)),
    )  # fmt: skip
    _check(numeral)
    return numeral


def _is_plain(whole: Sequence[str], decimals: Sequence[str], point: bool) -> bool:
    return whole[-1:] == ("0",) and set(whole[:-1]) <= {"#"} and set(decimals) <= {"0"} and point == bool(decimals)


def _whole(tokens: Sequence[_Token]) -> tuple[tuple[str, ...], int]:
    """Return the places before the point, with a comma if there is one between them, and the commas after them."""
    kept = list(tokens)
    while kept and kept[-1].kind == "comma":
        kept.pop()
    places = _places([token for token in kept if token.kind != "comma"])
    return (*places, *([","] if any(token.kind == "comma" for token in kept) else ())), len(tokens) - len(kept)


def _places(tokens: Sequence[_Token]) -> tuple[str, ...]:
    if any(token.kind not in ("digit", "literal") for token in tokens):
        raise _Unknown
    return tuple(token.text if token.kind == "digit" else f'"{token.text}' for token in tokens)


def _check(numeral: Numeral) -> None:
    """Raise _Unknown for a numeral of which it is not certain how it is shown."""
    words = [place for place in (*numeral.whole, *numeral.decimals) if place not in _PLACES]
    if numeral.grouped and any(place not in _PLACES for place in numeral.whole):
        raise _Unknown
    if len(numeral.decimals) > _MOST_DECIMALS or any("/" in place or ":" in place for place in words):
        raise _Unknown
    if numeral.exponent and (
        numeral.grouped or numeral.shift or "".join(numeral.whole) not in ("0", "#", "##0") or not numeral.exponent[1:]
    ):
        raise _Unknown
