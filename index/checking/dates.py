"""Parses months and numeric dates. Years and days of a written date are parsed as ordinary numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from index.checking.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.wording import Word

_MONTHS = {
    name: number
    for number, name in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
_SHORT = {name[:3]: number for name, number in _MONTHS.items() if name != "may"} | {"sept": 9}
"""Counts as a month only next to a number."""
_AMBIGUOUS = frozenset(("may", "march"))
_BEFORE_MONTH = frozenset("in of since until by during from to last this early late mid next between and".split())
_ISO = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?!\d)")


def parse_month(words: Sequence[Word], i: int) -> Quantity | None:
    """Return the month at word `i`, if it is one. "May" and "march" need further evidence."""
    word = words[i]
    near = (*words[max(0, i - 1) : i], *words[i + 1 : i + 2])
    numbered = any(neighbour.text[0].isdecimal() for neighbour in near)
    number = _MONTHS.get(word.plain, 0) or (_SHORT.get(word.plain, 0) if numbered else 0)
    if word.plain in _AMBIGUOUS:
        named = word.text[0].isupper() and (numbered or (i > 0 and words[i - 1].plain in _BEFORE_MONTH))
        number = number if named else 0
    return Quantity(Fraction(number), "calendar", word.start, word.end) if number else None


def date_in_digits(text: str, start: int) -> list[Quantity]:
    """Return the parts of a date such as `2020-05-05`. The order of day and month in `05/06/2020` stays open."""
    found, units = _ISO.match(text, start), ("", "calendar", "")
    if not found:
        found, units = _SLASHED.match(text, start), ("dated", "dated", "")
    if not found:
        return []
    return [Quantity(Fraction(part), unit, *found.span()) for part, unit in zip(found.groups(), units, strict=True)]
