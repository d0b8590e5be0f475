"""Parses numbers that are phrases: `two in five`, `a quarter of an hour`, `a year and a half`, `a fortnight`."""

from __future__ import annotations

import re
from fractions import Fraction

from index.checking.quantity import Quantity
from index.checking.units import UNITS

_COUNTS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"a": 1, "an": 1, "twenty": 20, "hundred": 100, "thousand": 1000}
_COUNT = rf"(?:\d{{1,4}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_LASTING = "minute|hour|day|week|month|year|decade|century|mile|kilometre|kilometer|litre|liter|pound|tonne|ton"
_RATIO = re.compile(rf"({_COUNT}) (?:in|out of) (?:every )?({_COUNT})\b(?: (\w+))?", re.IGNORECASE)
_PART = re.compile(
    rf"(?:(half)|(?:an? |one |(three) )?(quarters?|thirds?)|two (thirds?)) (?:of )?an? ({_LASTING})\b", re.IGNORECASE
)
_AND_A_HALF = re.compile(rf"({_COUNT}) ({_LASTING})s? and a half\b", re.IGNORECASE)
_FORTNIGHT = re.compile(rf"(?:({_COUNT}) )?fortnights?\b", re.IGNORECASE)


def parse_phrase(text: str, start: int) -> Quantity | None:
    """Return the number that a phrase at an offset of a normalised text states; None if there is none."""
    for pattern, meaning in _MEANINGS:
        if (found := pattern.match(text, start)) and (read := meaning(found)):
            return Quantity(read[0], read[1], start, read[2])
    return None


def _ratio(found: re.Match[str]) -> tuple[Fraction, str, int] | None:
    """Parse `two in five`, but not `two in five minutes`."""
    part, whole, following = _count(found[1]), _count(found[2]), (found[3] or "").casefold()
    if found[1].casefold() in ("a", "an") or not 0 < part < whole or following in UNITS:
        return None
    return Fraction(part, whole), "fraction", found.end(2)


def _part(found: re.Match[str]) -> tuple[Fraction, str, int]:
    if found[1]:
        value = Fraction(1, 2)
    elif found[4]:
        value = Fraction(2, 3)
    else:
        value = Fraction(3 if found[2] else 1, 4 if found[3].casefold().startswith("quarter") else 3)
    return value, UNITS[found[5].casefold()], found.end()


def _and_a_half(found: re.Match[str]) -> tuple[Fraction, str, int]:
    return _count(found[1]) + Fraction(1, 2), UNITS[found[2].casefold()], found.end()


def _fortnight(found: re.Match[str]) -> tuple[Fraction, str, int]:
    return Fraction(2 * _count(found[1] or "one")), "week", found.end()


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else _COUNTS[word.casefold()]


_MEANINGS = ((_PART, _part), (_AND_A_HALF, _and_a_half), (_FORTNIGHT, _fortnight), (_RATIO, _ratio))
