"""Extracts the numbers of a sentence with their units, however they are written."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from index.verification.numerals import parse_numeral
from index.verification.quantities import MONEY, MONEY_BEFORE, UNITS, Quantity
from index.verification.wording import normalise, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.numerals import Numeral
    from index.verification.wording import Word

MOST = 4000
"""The longest text that is read, in characters. index.text.sentences makes no longer sentence."""
_NOTE = re.compile(r"(?:(?<=[.,;:!?)\"'”’])|(?<=[^\W\d_]{3})|(?<=\d{4}))(?:\[\d{1,3}\])+")
"""Matches footnote numbers, as in `in 1968,[1]`, but not `x[1]`."""
MONTHS = {
    name: number
    for number, name in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
_SHORT = {name[:3]: number for name, number in MONTHS.items() if name != "may"} | {"sept": 9}
"""Counts as a month only next to a number."""
_AMBIGUOUS = frozenset(("may", "march"))
_BEFORE_MONTH = frozenset("in of since until by during from to last this early late mid next between and".split())
_ISO = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?!\d)")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?!\d)")
_ENGLISH = re.IGNORECASE | re.ASCII
"""Without ASCII, `fıve` would match, which no table has."""
_LASTING = "minute|hour|day|week|month|year|decade|century|mile|kilometre|kilometer|litre|liter|pound|tonne|ton"
_PART = re.compile(
    rf"(?:(half)|(?:an? |one |(three) )?(quarters?|thirds?)|two (thirds?)) (?:of )?an? ({_LASTING})\b", _ENGLISH
)
_MONEY_SCALES = {"m": 10**6, "b": 10**9, "k": 10**3}
_LETTER = re.compile(r" ([mbk])\b")
_UNIT = re.compile(
    r"(?:[ -]?(?:US )?)(?:° ?[CF]?\b|(?P<percent>%|per ?cent\b)|(?P<word>[^\W\d_]{1,12})\b)", re.IGNORECASE
)
_CODE_LETTERS = frozenset("DGHSW")
"""Capital letters that form a code directly after digits, although in lower case they are units: `5G`."""
_CLOCK = re.compile(r":([0-5]\d)(?!\d)(?: ?([ap])m\b)?", re.IGNORECASE)
_INSIDE = re.compile(r"[^\W\d_][^\W_]*[-_.]?$|[^\W\d_]\d+/$")
_PREFIX = re.compile(r"\b(?:mid|pre|post|late|early|circa|ca|under|over|sub|aged?|top|non|the)-$", re.IGNORECASE)
_BEFORE_PRONOUN = frozenset("the this that no any every each which another only".split())
_AFTER_PRONOUN = frozenset("of another can may must might should would could has is was who that s to".split())
_MINUS = re.compile(r"(?:^|[\s(])-$|\bminus $", re.IGNORECASE)
_RANGE = re.compile(r" ?-{1,2} ?| to | and | or ", re.IGNORECASE)
YEARS = range(1000, 2200)
"""Numbers without a unit that are more often years than amounts."""


def parse_month(words: Sequence[Word], i: int) -> Quantity | None:
    """Return the month at word `i`, if it is one. "May" and "march" need further evidence."""
    word = words[i]
    near = (*words[max(0, i - 1) : i], *words[i + 1 : i + 2])
    numbered = any(neighbour.text[0].isdecimal() for neighbour in near)
    number = MONTHS.get(word.plain, 0) or (_SHORT.get(word.plain, 0) if numbered else 0)
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


_COUNTS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)
} | {"a": 1, "an": 1, "twenty": 20, "hundred": 100, "thousand": 1000}
_COUNT = rf"(?:\d{{1,4}}|{'|'.join(sorted(_COUNTS, key=len, reverse=True))})"
_RATIO = re.compile(rf"({_COUNT}) (?:in|out of) (?:every )?({_COUNT})\b(?: (\w+))?", _ENGLISH)
_AND_A_HALF = re.compile(rf"({_COUNT}) ({_LASTING})s? and a half\b", _ENGLISH)
_FORTNIGHT = re.compile(rf"(?:({_COUNT}) )?fortnights?\b", _ENGLISH)


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


def without_notes(text: str) -> str:
    """Return the normalised text without footnote numbers; a text beyond MOST is truncated."""
    return _NOTE.sub("", normalise(text[:MOST]))


def read_quantities(text: str) -> tuple[Quantity, ...]:
    """Return the numbers of a text in order; their offsets are those of the text `without_notes`."""
    known = without_notes(text)
    return quantities(known, words(known))


def quantities(text: str, words: Sequence[Word]) -> tuple[Quantity, ...]:
    """Return the numbers of a normalised text in order. Parts of names such as `COVID-19` do not count."""
    found: list[Quantity] = []
    done, before = 0, None
    for i, word in enumerate(words):
        if word.start < done:
            continue
        number: Numeral | None = None
        new = date_in_digits(text, word.start)
        if named := parse_month(words, i) or parse_phrase(text, word.start):
            new = [named]
        elif not new and not _in_code(text, word) and (number := parse_numeral(text, words, i)):
            new = _quantities_at(text, words, i, number)
            if before and number and new and (joint := _RANGE.fullmatch(text, done, number.start)):
                found[-1], new = _range_ends(found[-1], new[0], before, number, joint[0].strip())
        if new:
            found += new
            done, before = new[-1].end, number
    return tuple(found)


def _in_code(text: str, word: Word) -> bool:
    """Whether a number is part of a name (`IL-6`, `v2`) or of a longer code (`1.2.3`)."""
    if not word.text[0].isdecimal():
        return False
    before = text[max(0, word.start - 20) : word.start]
    return bool(_INSIDE.search(before)) and not _PREFIX.search(before)


def _quantities_at(text: str, words: Sequence[Word], i: int, number: Numeral) -> list[Quantity]:
    """Return a numeral with its unit; nothing if letters after its digits make it a code."""
    ranged = i > 0 and words[i - 1].text[-1].isdecimal()
    minus = not ranged and _MINUS.search(text[max(0, number.start - 6) : number.start])
    value = -number.value if minus else number.value
    read = Quantity(value, "", number.start, number.end, _is_firm(text, words, i, number))
    if number.kind != "cardinal":
        return [replace(read, unit=number.kind)]
    if clock := _CLOCK.match(text, number.end):
        hours = value + Fraction(int(clock[1]), 60) + 12 * (clock[2] in ("p", "P") and value < 12)
        return [replace(read, value=hours, unit="clock", end=clock.end())]
    if money := MONEY_BEFORE.search(text[max(0, number.start - 8) : number.start]):
        letter = _LETTER.match(text, number.end)
        scale = _MONEY_SCALES.get(number.suffix.casefold() or (letter[1] if letter else ""), 1)
        unit = MONEY[(money[1] or money[2]).casefold()]
        return [replace(read, value=value * scale, unit=unit, start=number.start - len(money[0]))]
    if number.suffix == "k":
        return [replace(read, value=value * 1000)]
    if number.suffix:
        unit = UNITS.get(number.suffix.casefold(), "")
        return [replace(read, unit=unit)] if unit and number.suffix not in _CODE_LETTERS else []
    return [_with_unit(text, read)]


def _with_unit(text: str, read: Quantity) -> Quantity:
    found = _UNIT.match(text, read.end)
    if not found:
        return read
    unit = "%" if found["percent"] else UNITS.get(found["word"].casefold(), "") if found["word"] else "degree"
    if unit not in ("am", "pm"):
        return replace(read, unit=unit, end=found.end()) if unit else read
    if read.value > 12:
        return read
    return replace(read, value=read.value + 12 * (unit == "pm" and read.value < 12), unit="clock", end=found.end())


def _is_firm(text: str, words: Sequence[Word], i: int, number: Numeral) -> bool:
    """Whether "one" is a number and "first" a rank; both words have other uses."""
    before = words[i - 1].plain if i else ""
    after = next((word.plain for word in words[i + 1 : i + 3] if word.start >= number.end), "")
    mark = text[number.end : number.end + 1]
    if words[i].plain == "one" and number.value == 1:
        ends = mark in ("", ".", ",", ";", "'")
        return not (ends or before in _BEFORE_PRONOUN or after in _AFTER_PRONOUN)
    if number.kind == "ordinal" and not words[i].text[0].isdecimal():
        return not (before in ("at", "per") or (i == 0 and mark == ",") or after == "of")
    return True


def _range_ends(
    left: Quantity, right: Quantity, before: Numeral, number: Numeral, joint: str
) -> tuple[Quantity, list[Quantity]]:
    """Return the two ends of a range. One may take its scale or century from the other: `5-10 million`, `1914-18`."""
    if number.scale > 1 and before.scale == 1 and left.value < 1000 and joint not in ("and", "or"):
        return replace(left, value=left.value * number.scale), [right]
    if joint in ("-", "--") and left.value in YEARS and left.value % 100 < right.value < 100:
        return left, [replace(right, value=right.value + left.value // 100 * 100)]
    return left, [right]
