"""Parses English number words: `two hundred and five`, `twenty-first`, `two thirds`, `nineteen eighty-four`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

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
"""`nineties`: the nineties of the last century."""
ONE_WORD = {f"{word}fold": number for word, number in (_SMALL | _TENS).items()} | {"twice": 2, "thrice": 3}
"""Multiples in one word."""
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
_ORDINAL = re.compile("(?<=[hst])&?[op]|(?<!.)[op]")
_EARLIEST = 15
"""The first century that two numbers may form a year with: `fifteen twenty`."""


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
    if ordinal := _ORDINAL.match(letters, length):
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
