"""Quantities: a number with what it counts, whether two are equal, and the spellings of units."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

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
"""Units by lower-case spelling. `index.verification.quantities` converts those that are multiples of one another."""
