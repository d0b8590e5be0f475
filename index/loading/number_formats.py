"""Writes numbers as the number formats of a workbook say, such as `#,##0.00 "kg";[Red](0)`.

Numbers are written in English: commas between thousands, a point before decimals. A format that cannot be followed to
the letter gives None, and never another number: dates, fractions, digits of other scripts.

The only library, ssf, is of 2020 and needs seven packages; without this module, a reader sees `0.125` where the sheet
shows `12.5%`.
"""

from __future__ import annotations

import operator
import posixpath
import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from index.errors import DamagedFile
from index.loading.xml_parts import ZipParts, events, whole
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


# Parses the sections of a number format of a workbook: for positive numbers, negative ones, zero and texts.
#
# #,##0.00 "kg";[Red](#,##0.00 "kg");"none";@

_MAX_FORMAT_CHARACTERS = 255
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
_MAX_DECIMALS = 30
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
    if len(code) > _MAX_FORMAT_CHARACTERS:
        return
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or ""
        if kind == "end":
            yield _section(tokens)
            tokens = []
        else:
            tokens.append(_Token(kind, match[kind]))
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
        if token.kind == "bracket" and (match := _CONDITION.fullmatch(token.text)):
            condition = (match[1], float(match[2]))
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
    if (match := _CURRENCY.fullmatch(text)) and not _OF_CLOCKS.fullmatch(text):
        return match[1]
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
    if len(numeral.decimals) > _MAX_DECIMALS or any("/" in place or ":" in place for place in words):
        raise _Unknown
    if numeral.exponent and (
        numeral.grouped or numeral.shift or "".join(numeral.whole) not in ("0", "#", "##0") or not numeral.exponent[1:]
    ):
        raise _Unknown


_MAX_NUMBER = 1e21
"""Numbers from here on stay as they are."""
_WHOLE = 1e15
"""Whole numbers below have no more digits than are kept."""
_DIGITS_ABOVE_ZERO = frozenset("123456789")
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
_TESTS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, "=": operator.eq, "<>": operator.ne, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How cells show numbers and texts."""

    numbers: tuple[Section | None, ...] = ()
    """The sections for numbers; None for one that cannot be followed."""
    words: Section | None = None
    """The section for texts."""
    conditional: bool = False
    """Whether conditions choose the section, and not the sign."""

    @property
    def changes_texts(self) -> bool:
        """Whether texts are shown with words before or after them."""
        return bool(self.words and (self.words.before + self.words.after).strip())

    def number(self, value: float) -> str | None:
        """Return a number as a reader sees it; None if that is not known. Zero may be hidden, other numbers never."""
        if not abs(value) < _MAX_NUMBER:
            return None
        section, signed = self._choice(value)
        if section is None or section.has_text:
            return None
        written = _written(section, abs(value)).strip()
        if not (signed and value < 0):
            return written if written or not value else None
        return f"-{written}" if _is_above_zero(section, written) else None

    def text(self, words: str) -> str:
        """Return a text as a reader sees it."""
        return f"{self.words.before}{words}{self.words.after}".strip() if self.words else words

    def _choice(self, value: float) -> tuple[Section | None, bool]:
        """Return the section for a number, and whether the number's minus is written before it."""
        if self.conditional:
            return self._of_condition(value), False
        count = len(self.numbers)
        if count < 2 or value > 0 or (value == 0 and count < 3):
            return (self.numbers[0] if self.numbers else None), count < 2
        return self.numbers[1 if value < 0 else 2], False

    def _of_condition(self, value: float) -> Section | None:
        """Return the first section whose condition holds; None below zero, where it is not clear how a minus is shown.

        A section without a condition between others is for numbers below zero.
        """
        if value < 0 or not self.numbers[0] or not self.numbers[0].condition:
            return None
        *tested, last = self.numbers
        for section in tested:
            if section is None or (section.condition and _holds(section.condition, value)):
                return section
        return last if last and (not last.condition or _holds(last.condition, value)) else None


def _holds(condition: tuple[str, float], value: float) -> bool:
    return _TESTS[condition[0]](value, condition[1])


@lru_cache(2048)
def number_format(code: str) -> NumberFormat:
    """Return the number format of a code, whatever it is."""
    found = list(sections(code)) if code else []
    words = found.pop() if found and (len(found) == 4 or (found[-1] and found[-1].has_text)) else None
    if len(found) > 3:
        return NumberFormat()
    conditional = any(section and section.condition for section in found)
    return NumberFormat(tuple(found), words if words and words.has_text else None, conditional)


def _is_above_zero(section: Section, written: str) -> bool:
    """Return whether a number is not rounded to zero: whether a minus is shown then, differs between programs."""
    return not written.isascii() or section.numeral is None or not _DIGITS_ABOVE_ZERO.isdisjoint(written)


def _written(section: Section, value: float) -> str:
    """Return a number of 0 or more in a section."""
    numeral = section.numeral
    if section.general:
        return f"{section.before}{general(value)}{section.after}"
    if numeral is None:
        return section.before
    if numeral.plain and not (numeral.shift or numeral.exponent) and value < _WHOLE and value == int(value):
        digits = f"{int(value):,}" if numeral.grouped else str(int(value))
        return f"{section.before}{digits}{numeral.zeros}{section.after}"
    exact = _EXACT.create_decimal(f"{value:.15g}").scaleb(numeral.shift, _EXACT)
    if numeral.exponent:
        return f"{section.before}{_scientific(numeral, exact)}{section.after}"
    return f"{section.before}{_fixed(numeral, exact)}{section.after}"


def general(value: float) -> str:
    """Return a number without the noise of binary fractions: spreadsheets keep 15 digits, too."""
    if abs(value) < _WHOLE and value == int(value):
        return str(int(value))
    return f"{value:.15g}"


def _fixed(numeral: Numeral, exact: Decimal) -> str:
    rounded = exact.quantize(numeral.unit, context=_EXACT)
    if numeral.plain:
        return f"{rounded:,f}" if numeral.grouped else f"{rounded:f}"
    whole, _, decimals = f"{rounded:f}".partition(".")
    return " ".join(f"{_whole_digits(numeral, whole.lstrip('0'))}{_decimals(numeral, decimals)}".split())


def _whole_digits(numeral: Numeral, digits: str) -> str:
    """Return the digits before the point in their places, with the literal words between them."""
    if numeral.grouped:
        return _grouped(_padded(numeral.whole, digits))
    places = numeral.whole
    count = sum(map(len, filter(_is_place, places)))
    lead, rest = digits[: max(0, len(digits) - count)], digits[-count:] if count else ""
    missing = count - len(rest)
    written: list[str] = []
    for place in places:
        if not _is_place(place):
            written.append(place[1:])
            continue
        if missing > 0:
            written.append(_absent(place))
            missing -= 1
        else:
            written.append(lead + rest[0])
            lead, rest = "", rest[1:]
    return "".join(written) if count else digits


def _is_place(place: str) -> bool:
    return place in ("0", "#", "?")


def _absent(place: str) -> str:
    return {"0": "0", "?": " "}.get(place, "")


def _padded(places: Sequence[str], digits: str) -> str:
    return "".join(map(_absent, places[: max(0, len(places) - len(digits))])) + digits


def _grouped(digits: str) -> str:
    """Return digits with a comma before each third from the right; blanks before them stay blanks."""
    solid = digits.lstrip()
    first = len(solid) % 3
    groups = [solid[:first], *(solid[n : n + 3] for n in range(first, len(solid), 3))]
    return " " * (len(digits) - len(solid)) + ",".join(filter(None, groups))


def _decimals(numeral: Numeral, digits: str) -> str:
    """Return the point and the digits after it; zeros at the end are written where the format has a 0."""
    shown = len(digits.rstrip("0"))
    written, position = ["." if numeral.point else ""], 0
    for place in numeral.decimals:
        if not _is_place(place):
            written.append(place[1:])
            continue
        written.append(digits[position] if position < shown else _absent(place))
        position += 1
    return "".join(written)


def _scientific(numeral: Numeral, exact: Decimal) -> str:
    power = exact.adjusted() if exact else 0
    step = sum(map(_is_place, numeral.whole))
    power -= power % step
    mantissa = exact.scaleb(-power, _EXACT).quantize(numeral.unit, context=_EXACT)
    if mantissa >= 10**step:
        mantissa, power = mantissa.scaleb(-step, _EXACT), power + step
    sign = "-" if power < 0 else "+" if numeral.exponent.startswith("+") else ""
    return f"{_fixed(numeral, mantissa)}E{sign}{abs(power):0{len(numeral.exponent) - 1}}"


# Tells how the numbers of a workbook of OpenDocument (ods) are displayed: the file keeps the words.

_LAST_COLUMN = 16_384
_NUMBERS = frozenset({"float", "percentage", "currency"})
_BEGINS = ("table", "table-row", "table-cell", "covered-table-cell", "annotation")


class _Row(NamedTuple):
    """Rows of a sheet that are alike."""

    sheet: str
    first: int
    """The index of the first of them."""
    copies: int
    words: Mapping[int, str]
    """The words of cells with numbers by the index of the column."""


class OpenDisplays:
    """Reads the words of numbers, sheet by sheet, in one pass."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._left = _open_rows(chunks)
        self._next: _Row | None = None

    def rows(self, sheet: str) -> Iterator[tuple[int, int, Mapping[int, str]]]:
        """Yield the first row of some that are alike, their number, and the words in each of them.

        Sheets must be asked for in their order. Raises DamagedFile.
        """
        found = self._next or next(self._left, None)
        while found and found.sheet != sheet:
            found = next(self._left, None)
        while found and found.sheet == sheet:
            yield found[1:]
            found = next(self._left, None)
        self._next = found


def _open_rows(chunks: Iterable[bytes]) -> Iterator[_Row]:
    """Yield the rows of all sheets with numbers; each sheet begins with a row that stands for none."""
    sheet, within, end, copies = "", False, 0, 0
    row = _Cells()
    for name, attributes, text in events(chunks, _BEGINS, ("p", "annotation")):
        if name in ("table", "table-row"):
            if row.words:
                yield _Row(sheet, end, copies, row.words)
            row, end, copies = _Cells(), end + copies, 0
        if name == "table":
            sheet, end = attributes.get("table:name", ""), 0
            yield _Row(sheet, 0, 0, {})
        elif name == "table-row":
            copies = whole(attributes.get("table:number-rows-repeated"), 1)
        elif name == "annotation":
            within = text is None
        elif text is None:
            row.begin(attributes)
        elif not within:
            row.add(text)
    if row.words:
        yield _Row(sheet, end, copies, row.words)


class _Cells:
    """Collects the words of the numbers in a row."""

    def __init__(self) -> None:
        self.words: dict[int, str] = {}
        self._cells = range(0)
        self._is_number = False

    def begin(self, attributes: Mapping[str, str]) -> None:
        """Begin a cell, which may stand for several."""
        first = self._cells.stop
        copies = whole(attributes.get("table:number-columns-repeated"), 1)
        self._cells = range(first, min(first + copies, _LAST_COLUMN))
        self._is_number = attributes.get("office:value-type") in _NUMBERS

    def add(self, words: str) -> None:
        """Add the words of the current cell, if it has a number; `###` stands for one that was too wide."""
        if self._is_number and words.strip("# "):
            self.words.update(dict.fromkeys(self._cells, words))
        self._is_number = False


# Tells how the cells of a workbook are displayed: by their number formats, or by the words that the file keeps.
#
#     displays = Displays(data, "costs.xlsx")
#     rows = displays.rows("Costs")   # for each row of the sheet, from the first one, displays by index of column
#
# Workbooks of Excel since 2007 (xlsx, xlsm) have formats and errors, OpenDocument (ods) has words; others have nothing.
# What cannot be read is left out, and the reader of the workbook shows the values of those cells as they are.

if TYPE_CHECKING:
    Display = NumberFormat | str
    """The format of a cell with a value, or its words."""
    Row = Mapping[int, Display] | Mapping[int, str]
    """Displays by the index of the column, from 0."""


_WORKBOOK, _STYLES, _OPEN_DOCUMENT = "xl/workbook.xml", "xl/styles.xml", "content.xml"
_BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 37: "#,##0_);(#,##0)",
    38: "#,##0_);(#,##0)", 39: "#,##0.00_);(#,##0.00)", 40: "#,##0.00_);(#,##0.00)",
    41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    48: "##0.0E+0",
}  # fmt: skip
"""Formats by their numbers (ECMA-376, 18.8.30), without those whose currency depends on the reader's place."""
_TEXTS = frozenset({"s", "str", "inlineStr"})


class Displays:
    """Reads the displays of the sheets of a workbook, one row after the other."""

    def __init__(self, data: bytes, name: str) -> None:
        self._parts: ZipParts | None = None
        self._sheets: Mapping[str, str] = {}
        self._formats: Mapping[str, NumberFormat] = {}
        self._open: OpenDisplays | None = None
        try:
            self._find(ZipParts(data, name))
        except DamagedFile:
            return

    def _find(self, parts: ZipParts) -> None:
        if _OPEN_DOCUMENT in parts:
            self._open = OpenDisplays(parts.chunks(_OPEN_DOCUMENT))
        elif _WORKBOOK in parts:
            self._sheets, self._formats, self._parts = _sheets(parts), _formats(parts), parts

    def rows(self, sheet: str) -> Iterator[Row]:
        """Yield the displays of each row of a sheet, and empty rows without end after the last one.

        The sheets of a workbook must be asked for in its order.
        """
        below = 0
        for first, copies, row in self._found(sheet):
            for _ in range(below, first):
                yield {}
            for _ in range(max(below, first), first + copies):
                yield row
            below = max(below, first + copies)
        while True:
            yield {}

    def _found(self, sheet: str) -> Iterator[tuple[int, int, Row]]:
        """Yield the index of the first of some rows alike, their number, and the displays of each."""
        try:
            if self._open:
                yield from self._open.rows(sheet)
            elif self._parts and sheet in self._sheets:
                for number, row in _rows(self._parts.chunks(self._sheets[sheet]), self._formats):
                    yield number, 1, row
        except DamagedFile:
            return


def _sheets(parts: ZipParts) -> dict[str, str]:
    """Return the part of each sheet of an Excel workbook by its name."""
    links = events(parts.chunks("xl/_rels/workbook.xml.rels"), ("Relationship",))
    targets = {link.get("Id", ""): link.get("Target", "") for _, link, _ in links}
    found: dict[str, str] = {}
    for _, sheet, _ in events(parts.chunks(_WORKBOOK), ("sheet",)):
        key = next((value for name, value in sheet.items() if name.rpartition(":")[2] == "id"), "")
        target = targets.get(key, "")
        found[sheet.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return found


def _formats(parts: ZipParts) -> dict[str, NumberFormat]:
    """Return the formats of an Excel workbook that change something, by the numbers of their styles of cells."""
    if _STYLES not in parts:
        return {}
    codes: dict[str, str] = {str(number): code for number, code in _BUILT_IN.items()}
    numbers: list[str] = []
    styles_of_cells = False
    for name, attributes, _ in events(parts.chunks(_STYLES), ("numFmt", "cellStyleXfs", "cellXfs", "xf", "dxfs")):
        if name == "dxfs":  # the styles of conditions come after those of cells, and have formats of their own
            break
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "xf" and styles_of_cells:
            numbers.append(attributes.get("numFmtId", "0"))
        elif name != "xf":
            styles_of_cells = name == "cellXfs"
    found = {str(n): number_format(codes.get(number, "")) for n, number in enumerate(numbers)}
    return {style: known for style, known in found.items() if any(known.numbers) or known.changes_texts}


def _rows(chunks: Iterable[bytes], formats: Mapping[str, NumberFormat]) -> Iterator[tuple[int, Row]]:
    """Yield the number of each row of a sheet of Excel, from 0, and its displays."""
    row: dict[int, Display] = {}
    number = column = -1
    kind = ""
    for name, attributes, text in events(chunks, ("row", "c"), ("v",), _is_error):
        if name == "row":
            if row:
                yield number, row
            row, column = {}, -1
            number = whole(attributes.get("r", ""), number + 2) - 1
        elif name == "c":
            kind = attributes.get("t", "n")
            column = _column(attributes["r"].rstrip("0123456789")) if "r" in attributes else column + 1
            display = formats.get(attributes.get("s", "0"))
            if display and (kind == "n" or (kind in _TEXTS and display.changes_texts)):
                row[column] = display
        elif kind == "e" and text and text.startswith("#"):
            row[column] = text
    if row:
        yield number, row


def _is_error(attributes: Mapping[str, str]) -> bool:
    return attributes.get("t") == "e"


@lru_cache(_LAST_COLUMN)
def _column(letters: str) -> int:
    """Return the index of a column by its letters; -1 if it has none."""
    number = 0
    for letter in letters[:4].upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
