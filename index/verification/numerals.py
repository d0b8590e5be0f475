"""Parses numerals in digits or words: their value and their end."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.wording import Word

_SMALL = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {word: 10 * n for n, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
SCALES = {
    "hundred": 100,
    "thousand": 10**3,
    "million": 10**6,
    "mn": 10**6,
    "billion": 10**9,
    "bn": 10**9,
    "trillion": 10**12,
    "tn": 10**12,
    "dozen": 12,
}
"""Words that multiply the number before them."""
SCALES_PLURAL = {f"{word}s": number for word, number in SCALES.items() if len(word) > 2} | {"tens": 10}
"""Words for an indefinite number: `dozens`."""
DECADES = {f"{word[:-1]}ies": 1900 + number for word, number in _TENS.items()}
"""Decades in words: `nineties` means the 1990s."""
ONE_WORD = {f"{word}fold": number for word, number in (_SMALL | _TENS).items()} | {"twice": 2, "thrice": 3}
"""Words for a multiple: `twice`, `tenfold`."""
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth".split(),
        1,
    )
} | {f"{word[:-1]}ieth": number for word, number in _TENS.items()}
_PARTS = {word: number for word, number in _ORDINALS.items() if 3 <= number <= 10}
_FRACTIONS = _PARTS | {f"{word}s": number for word, number in _PARTS.items()} | {"quarter": 4, "quarters": 4}

# Each word becomes one letter, so that a regular expression can parse numbers: z zero, u below ten, e below twenty,
# t tens, h hundred, s a larger scale, d dozen, & and, a a, o an ordinal, p an ordinal that also names a part,
# P a word that only names a part, f a word that may follow a part.
_LETTERS = {
    **{word: "zueh"[(number > 0) + (number > 9)] for word, number in _SMALL.items()},
    **dict.fromkeys(_TENS, "t"),
    **dict.fromkeys(SCALES, "s"),
    **dict.fromkeys(_ORDINALS, "o"),
    **dict.fromkeys(_FRACTIONS, "P"),
    **dict.fromkeys(_PARTS, "p"),
    "hundred": "h",
    "dozen": "d",
    "and": "&",
    "a": "a",
    "an": "a",
    **dict.fromkeys("of but or in at by from to as than while when less more smaller larger lower higher".split(), "f"),
}
_BELOW_100 = "(?:tu?|e|u)"
_GROUP = f"(?:(?:{_BELOW_100}|a)?h(?:&?{_BELOW_100})?|{_BELOW_100})"
_CARDINAL = re.compile(f"z|(?:{_GROUP}|a(?=[sd]))?(?:s+(?:&?{_GROUP})?)*d?")
_YEAR = re.compile("e(?:tu?|e)(?![hsd])")
_FRACTION = re.compile("[eu][pP]|a[pP](?=[f&]|$)")
_ORDINAL_WORD = re.compile("(?<=[hst])&?[op]|(?<!.)[op]")
_EARLIEST = 15
"""The first number that can begin a year in two parts, such as `fifteen twenty`."""
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
class NumberWords:
    """A number in words at the beginning of a sequence of words."""

    value: Fraction
    kind: Literal["cardinal", "ordinal", "fraction", "indefinite"]
    words: int
    """The number of words it consists of."""
    scale: int = 1


def parse_number_words(run: Sequence[str]) -> NumberWords | None:
    """Return the number at the beginning of these lower-case words; None if there is none."""
    letters = "".join(_LETTERS.get(word, "-") for word in run)
    if _FRACTION.match(letters):
        return NumberWords(Fraction(_SMALL.get(run[0], 1), _FRACTIONS[run[1]]), "fraction", 2)
    if (year := _YEAR.match(letters)) and _SMALL[run[0]] >= _EARLIEST:
        return NumberWords(Fraction(100 * _SMALL[run[0]] + _value(run[1 : year.end()])), "cardinal", year.end())
    cardinal = _CARDINAL.match(letters)
    length = cardinal.end() if cardinal else 0
    if ordinal := _ORDINAL_WORD.match(letters, length):
        return NumberWords(Fraction(_value(run[:length]) + _ORDINALS[run[ordinal.end() - 1]]), "ordinal", ordinal.end())
    if not length:
        return None
    kind: Literal["cardinal", "indefinite"] = "indefinite" if letters[0] in "hsd" else "cardinal"  # several hundred
    return NumberWords(Fraction(_value(run[:length])), kind, length, SCALES.get(run[length - 1], 1))


def _value(run: Sequence[str]) -> int:
    total = current = 0
    for word in run:
        scale = SCALES.get(word)
        if scale is None:
            current += (_SMALL | _TENS).get(word, 0)
        elif scale <= 100:
            current = max(current, 1) * scale
        else:
            total, current = (total * scale if total and not current else total + max(current, 1) * scale), 0
    return total + current


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
    if (below := _BELOW.match(text, number.end)) and int(below[1]):
        return replace(number, value=number.value / int(below[1]), kind="fraction", end=below.end())
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
