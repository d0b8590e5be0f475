"""Tells the kind of a cell of a table from its words: a number, a band, a year, a date, words or nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from index.text.dates import GERMAN_MONTHS, MONTHS, SHORT_MONTHS

Kind = Literal["", "word", "number", "band", "year", "date"]
"""A band of numbers, such as an age of `15 - 24` or `65+`, names a class, where a number is a value."""
_NUMBER = re.compile(r"[\s+\-–−~≈<>≤≥±(]*[$€£¥#]?\s?[+\-–−]?[\d.,'’\s]*\d[\d.,'’\s]*[%‰°]?\s?[\w.%/²³$€£¥]{0,4}\)?")
_BAND = re.compile(r"(\d{1,3})\s?[-–—]\s?(\d{1,3})|\d{1,3}\s?\+")
_YEAR = re.compile(r"(?:FY|CY)?\s?(?:1[89]|20)\d\d[EAP*]?|FY\s?'?\d\d(?:/\d\d)?|(?:1[89]|20)\d\d[/–-]\d\d(?:\d\d)?")
_MONTH = rf"(?:{'|'.join((*MONTHS, *SHORT_MONTHS, *GERMAN_MONTHS, 'okt', 'dez'))})\.?"
_DATE = re.compile(
    rf"\d{{4}}-\d\d(?:-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?)?|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}"
    r"|\d{1,2}/\d{1,2}\s?[-–]\s?\d{1,2}/\d{1,2}|\d{1,2}\.\d{1,2}\.\s?[-–]\s?\d{1,2}\.\d{1,2}\.|\d{1,2}:\d\d(?::\d\d)?"
    rf"|(?:\d{{1,2}}\.?\s)?{_MONTH}(?:\s\d{{1,2}},)?[\s-](?:\d\d){{1,2}}|{_MONTH}|[QH][1-4](?:[\s/'-]?\d{{2,4}})?"
    r"|\d{4}[\s-]?[QH][1-4]",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"[-–—−*.…☐☑☒✓✔✗✘•\s]*|n/?a\.?|nil|none|null|#(?:n/a|div/0!|ref!|value!|name\?|num!|null!)", re.IGNORECASE
)
_CURRENCY = re.compile(
    r"^(?P<sign>[-–−+]?\(?[-–−+]?)(?:(?:AUD|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HUF|INR|JPY|NOK|PLN|SEK|USD)\s?"
    r"|(?:(?:A|C|HK|NZ|R|US)?\$|[€£¥₩₹₽₺]|Fr\.|kr\.?|zł|Rs\.?)\s?)(?=[-–−+(]?[\d.])"
)
"""A currency before a number: `CHF 1,200`, `-US$5`, `$(94.00)`."""
_MOSTLY_DIGITS = 0.5
_LONGEST_VALUE = 40
"""Characters of a number or date, at most."""


@lru_cache(4096)
def kind(words: str) -> Kind:
    """Return what a cell holds; "" if it holds nothing, or a dash that says so."""
    if _NOTHING.fullmatch(words):
        return ""
    if len(words) > _LONGEST_VALUE:
        return "word"
    if _YEAR.fullmatch(words):
        return "year"
    if _DATE.fullmatch(words):
        return "date"
    if (band := _BAND.fullmatch(words)) and (band[1] is None or int(band[1]) < int(band[2])):
        return "band"
    bare = _CURRENCY.sub(r"\g<sign>", words)
    if _NUMBER.fullmatch(bare) or _is_mostly_digits(bare):
        return "number"
    return "word"


def _is_mostly_digits(words: str) -> bool:
    """Return whether words begin with a number and have few letters: `98.3% n=2 (97.7%, n=3)`."""
    solid = [character for character in words if character.isalnum()]
    begins = words.lstrip("+-–−$€£¥(~<>")[:1].isdigit()
    return begins and sum(map(str.isdigit, solid)) > _MOSTLY_DIGITS * len(solid)
