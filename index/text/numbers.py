"""Numbers in words or digits, with what they count: reads them in a text, and compares two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from index.text.dates import MONTHS, SHORT_MONTHS
from index.text.wording import normalise, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.text.wording import Word

_LOOSE = frozenset(("", "ordinal", "fraction", "dated"))
"""Units that may count anything: `the 5th of May` equals `5 May`."""
_STRICT = frozenset(("calendar", "decade", "indefinite"))
"""Units that equal only themselves: a month, the nineties, hundreds."""
_COINED = frozenset("$€")
_TWINS = ({"pound", "£"}, {"cent", "%"})
_SCALES: tuple[dict[str, int], ...] = (
    {"ms": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000},
    {"month": 1, "year": 12, "decade": 120, "century": 1200},
    {"nm": 1, "µm": 1000, "mm": 10**6, "cm": 10**7, "m": 10**9, "km": 10**12},
    {"ng": 1, "µg": 1000, "mg": 10**6, "g": 10**9, "kg": 10**12, "tonne": 10**15},
    {"µl": 1, "ml": 1000, "l": 10**6},
    {"Hz": 1, "kHz": 1000, "MHz": 10**6, "GHz": 10**9},
    {"W": 1, "kW": 1000, "MW": 10**6},
)
"""Units that are fixed multiples of one another."""
_SPELLINGS = """
%: percent pct percentage
$: dollar dollars usd
€: euro euros eur
£: sterling gbp
¥: yen jpy
pound: pound pounds lb lbs
cent: cent cents
times: times x ×
kg: kg kgs kilogram kilograms kilogramme kilogrammes kilo kilos
g: g gram grams gramme grammes
mg: mg milligram milligrams
µg: μg ug mcg microgram micrograms
ng: ng nanogram nanograms
tonne: ton tons tonne tonnes
km: km kms kilometre kilometres kilometer kilometers
m: m metre metres meter meters
cm: cm centimetre centimetres centimeter centimeters
mm: mm millimetre millimetres millimeter millimeters
µm: μm um micrometre micrometres micrometer micrometers micron microns
nm: nm nanometre nanometres nanometer nanometers
mile: mile miles
foot: foot feet ft
inch: inch inches
yard: yard yards
acre: acre acres
ha: ha hectare hectares
l: l litre litres liter liters
ml: ml millilitre millilitres milliliter milliliters
µl: μl ul microlitre microlitres microliter microliters
year: year years yr yrs
month: month months
week: week weeks
decade: decade decades
century: century centuries
day: day days
hour: hour hours hr hrs h
minute: minute minutes min mins
second: second seconds sec secs s
ms: ms millisecond milliseconds
degree: degree degrees
Hz: hz hertz
kHz: khz kilohertz
MHz: mhz megahertz
GHz: ghz gigahertz
W: w watt watts
kW: kw kilowatt kilowatts
MW: mw megawatt megawatts
kB: kb kilobyte kilobytes
MB: mb megabyte megabytes
GB: gb gigabyte gigabytes
TB: tb terabyte terabytes
mph: mph
am: am
pm: pm
"""
MONEY_BEFORE = re.compile(r"(?:\b(?:US|USD|A|AU|C|CA|NZ|HK|S) ?)?([$€£¥])[ -]?$|\b(USD|EUR|GBP|JPY) $", re.IGNORECASE)
MONEY = {"$": "$", "€": "€", "£": "£", "¥": "¥", "usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a normalised text."""

    value: Fraction
    unit: str
    """`%`, `$`, `km`, …; `ordinal`, `fraction`, `calendar` for a month; empty without a unit."""
    start: int
    end: int
    firm: bool = True
    """Whether it is certainly a number: "one" may be a pronoun, "first" an adverb."""


def equal_quantities(claim: Quantity, source: Quantity) -> bool:
    """Whether the claim's number equals the source's."""
    ours, theirs = claim.value, source.value
    if {claim.unit, source.unit} == {"%", "fraction"}:
        ours, theirs = (ours, theirs * 100) if claim.unit == "%" else (ours * 100, theirs)
    elif "cent" in (claim.unit, source.unit) and _COINED & {claim.unit, source.unit}:
        ours, theirs = (ours, theirs * 100) if claim.unit == "cent" else (ours * 100, theirs)
    elif found := _converted(claim.unit, source.unit):
        ours, theirs = ours * found[0], theirs * found[1]
    elif not _alike(claim.unit, source.unit):
        return False
    return ours == theirs


def _converted(ours: str, theirs: str) -> tuple[int, int] | None:
    """Return both units as multiples of the smallest unit of their kind; None if they are equal or differ in kind."""
    return next(
        ((scale[ours], scale[theirs]) for scale in _SCALES if ours != theirs and ours in scale and theirs in scale),
        None,
    )


def _alike(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if _STRICT & {ours, theirs}:
        return {ours, theirs} == {"calendar", "dated"}
    return ours in _LOOSE or theirs in _LOOSE or {ours, theirs} in _TWINS


UNITS = {
    spelling: unit
    for unit, spellings in (line.split(": ") for line in _SPELLINGS.strip().splitlines())
    for spelling in spellings.split()
}
"""Units by lower-case spelling."""


NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
"""The numbers below twenty."""
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
ONE_WORD = {f"{word}fold": number for word, number in (NUMBER_WORDS | _TENS).items()} | {"twice": 2, "thrice": 3}
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
    **{word: "zueh"[(number > 0) + (number > 9)] for word, number in NUMBER_WORDS.items()},
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
_HALF_MORE = re.compile(r"[ -]and[ -]a[ -]half\b", re.IGNORECASE)


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
        return NumberWords(Fraction(NUMBER_WORDS.get(run[0], 1), _FRACTIONS[run[1]]), "fraction", 2)
    if (year := _YEAR.match(letters)) and NUMBER_WORDS[run[0]] >= _EARLIEST:
        return NumberWords(Fraction(100 * NUMBER_WORDS[run[0]] + _value(run[1 : year.end()])), "cardinal", year.end())
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
            current += (NUMBER_WORDS | _TENS).get(word, 0)
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
    if half := _HALF_MORE.match(text, number.end):
        number = replace(number, value=number.value + Fraction(1, 2), end=half.end())
    for word in words[i : i + 12]:
        if word.start < number.end:
            continue
        scale = SCALES.get(word.plain)
        if not scale or text[number.end : word.start] not in (" ", "-", ""):
            break
        number = replace(number, value=number.value * scale, end=word.end, scale=number.scale * scale)
    return number


MOST = 4000
"""The longest text that is read, in characters. index.text.sentences makes no longer sentence."""
_NOTE = re.compile(r"(?:(?<=[.,;:!?)\"'”’])|(?<=[^\W\d_]{3})|(?<=\d{4}))(?:\[\d{1,3}\])+")
"""Matches footnote numbers, as in `in 1968,[1]`, but not `x[1]`."""
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
    number = MONTHS.get(word.plain, 0) or (SHORT_MONTHS.get(word.plain, 0) if numbered else 0)
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


_COUNTS = {word: number for word, number in NUMBER_WORDS.items() if 1 <= number <= 12} | {
    "a": 1,
    "an": 1,
    "twenty": 20,
    "hundred": 100,
    "thousand": 1000,
}
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
