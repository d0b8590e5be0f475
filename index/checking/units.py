"""Units and currencies, each with its usual spellings."""

from __future__ import annotations

import re

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
UNITS = {
    spelling: unit
    for unit, spellings in (line.split(": ") for line in _SPELLINGS.strip().splitlines())
    for spelling in spellings.split()
}
"""Units by lower-case spelling. `index.checking.quantity` converts those that are multiples of one another."""
MONEY_BEFORE = re.compile(r"(?:\b(?:US|USD|A|AU|C|CA|NZ|HK|S) ?)?([$€£¥])[ -]?$|\b(USD|EUR|GBP|JPY) $", re.IGNORECASE)
MONEY = {"$": "$", "€": "€", "£": "£", "¥": "¥", "usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
