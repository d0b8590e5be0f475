"""Parses numerals in digits or words: their value and their end."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from index.checking.numberwords import DECADES, ONE_WORD, SCALES, SCALES_PLURAL, parse_number_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.wording import Word

Kind = Literal["cardinal", "ordinal", "fraction", "decade", "indefinite", "times"]

_PLAIN = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,30})(?:\.\d{1,30})?")
_ORDINAL = re.compile(r"(\d{1,9})(?:st|nd|rd|th)")
_DECADE = re.compile(r"(\d{1,3})0'?s")
_GLUED = re.compile(r"(\d{1,30}(?:\.\d{1,30})?)([^\W\d_]{1,4})")
_BARE_POINT = re.compile(r"(?:^|[\s(<>=~])\.$")
_POWER = re.compile(r"\s?[x×*·]\s?10\s?\^\s?(-?\d{1,2})(?!\d)")
_RAISED = re.compile(r"\^(-?\d{1,2})(?!\d)")
_BELOW = re.compile(r"/(\d{1,3})(?![\d/]|[.,]\d)")
_MIXED = re.compile(r" (\d)/(\d{1,2})(?![\d/])")
_AND_A_HALF = re.compile(r"[ -]and[ -]a[ -]half\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A numeral of a normalised text."""

    value: Fraction
    kind: Kind
    start: int
    end: int
    suffix: str = ""
    """Letters that follow the digits directly: `kg` of `10kg`."""
    scale: int = 1
    """The factor it was multiplied by: a million in `5 million`."""


def parse_numeral(text: str, words: Sequence[Word], i: int) -> Numeral | None:
    """Return the numeral that begins at word `i`; None if there is none."""
    word = words[i]
    if word.text[0].isdecimal():
        return _in_digits(text, words, i)
    if found := ONE_WORD.get(word.plain):
        return Numeral(Fraction(found), "times", word.start, word.end)
    if found := DECADES.get(word.plain):
        return Numeral(Fraction(found), "decade", word.start, word.end)
    if word.plain in SCALES_PLURAL:
        return _indefinite(words, i)
    if word.plain == "half":
        return _half(words, i)
    return _in_words(text, words, i)


def _indefinite(words: Sequence[Word], i: int) -> Numeral:
    """Parse `hundreds` and `hundreds of thousands`."""
    value, last = SCALES_PLURAL[words[i].plain], i
    if [word.plain for word in words[i + 1 : i + 2]] == ["of"] and i + 2 < len(words):
        more = SCALES_PLURAL.get(words[i + 2].plain)
        value, last = (value * more, i + 2) if more else (value, last)
    return Numeral(Fraction(value), "indefinite", words[i].start, words[last].end)


def _half(words: Sequence[Word], i: int) -> Numeral:
    """Parse `half` and `half a million`."""
    scale = SCALES.get(words[i + 2].plain) if i + 2 < len(words) and words[i + 1].plain == "a" else None
    if scale:
        return Numeral(Fraction(scale, 2), "cardinal", words[i].start, words[i + 2].end, scale=scale)
    return Numeral(Fraction(1, 2), "fraction", words[i].start, words[i].end)


def _in_digits(text: str, words: Sequence[Word], i: int) -> Numeral | None:
    word = words[i]
    written = word.text.casefold()
    if _PLAIN.fullmatch(written):
        bare = written.isdecimal() and bool(_BARE_POINT.search(text[max(0, word.start - 2) : word.start]))
        value = Fraction(("0." if bare else "") + written.replace(",", ""))
        return _multiplied(text, words, i, _with_power(text, Numeral(value, "cardinal", word.start, word.end)))
    if found := _ORDINAL.fullmatch(written):
        return Numeral(Fraction(found[1]), "ordinal", word.start, word.end)
    if found := _DECADE.fullmatch(written):
        decade = int(found[1]) * 10
        return Numeral(Fraction(decade if decade > 99 else 1900 + decade), "decade", word.start, word.end)
    if found := _GLUED.fullmatch(word.text):
        scale = SCALES.get(found[2].casefold(), 1)
        suffix = "" if scale > 1 else found[2]
        return Numeral(Fraction(found[1]) * scale, "cardinal", word.start, word.end, suffix, scale)
    return None


def _with_power(text: str, number: Numeral) -> Numeral:
    """Apply a power of ten or a fraction of small numbers: `1.5 x 10^6`, `10^6`, `1/2`, `2 1/2`."""
    if power := _POWER.match(text, number.end):
        return replace(number, value=number.value * Fraction(10) ** int(power[1]), end=power.end())
    if number.value == 10 and (power := _RAISED.match(text, number.end)):
        return replace(number, value=Fraction(10) ** int(power[1]), end=power.end())
    if number.value.denominator > 1 or number.value > 999:
        return number
    if (descendants := _BELOW.match(text, number.end)) and int(descendants[1]):
        return replace(number, value=number.value / int(descendants[1]), kind="fraction", end=descendants.end())
    if (mixed := _MIXED.match(text, number.end)) and int(mixed[1]) < int(mixed[2]):
        return replace(number, value=number.value + Fraction(int(mixed[1]), int(mixed[2])), end=mixed.end())
    return number


def _in_words(text: str, words: Sequence[Word], i: int) -> Numeral | None:
    run = [words[i].plain]
    for left, right in zip(words[i : i + 11], words[i + 1 : i + 12], strict=False):
        if text[left.end : right.start] not in (" ", "-"):
            break
        run.append(right.plain)
    found = parse_number_words(run)
    if found is None:
        return None
    number = Numeral(found.value, found.kind, words[i].start, words[i + found.words - 1].end, scale=found.scale)
    return _multiplied(text, words, i, number) if found.kind == "cardinal" else number


def _multiplied(text: str, words: Sequence[Word], i: int, number: Numeral) -> Numeral:
    """Apply the scale that follows a number: `3 million`, `2 and a half million`, `100 thousand million`."""
    if half := _AND_A_HALF.match(text, number.end):
        number = replace(number, value=number.value + Fraction(1, 2), end=half.end())
    for word in words[i : i + 12]:
        if word.start < number.end:
            continue
        scale = SCALES.get(word.plain)
        if not scale or text[number.end : word.start] not in (" ", "-", ""):
            break
        number = replace(number, value=number.value * scale, end=word.end, scale=number.scale * scale)
    return number
