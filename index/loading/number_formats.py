"""Writes numbers as the number formats of a workbook say, such as `#,##0.00 "kg";[Red](0)`.

Numbers are written in English: commas between thousands, a point before decimals. A format that cannot be followed to
the letter gives None, and never another number: dates, fractions, digits of other scripts.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from index.loading.format_sections import Numeral, Section, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_LARGEST = 1e21
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
        if not abs(value) < _LARGEST:
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
    return " ".join(f"{_whole(numeral, whole.lstrip('0'))}{_decimals(numeral, decimals)}".split())


def _whole(numeral: Numeral, digits: str) -> str:
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
