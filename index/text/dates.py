"""The names of months, and dates that are written out in four languages or in the form of ISO 8601."""

from __future__ import annotations

import re
from datetime import date

MONTHS = dict(
    zip(
        "january february march april may june july august september october november december".split(),
        range(1, 13),
        strict=True,
    )
)
"""The number of each month by its English name."""
SHORT_MONTHS = {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
GERMAN_MONTHS = "januar februar märz april mai juni juli august september oktober november dezember".split()
_FRENCH = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
_SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
_MONTH_NUMBERS = SHORT_MONTHS | MONTHS
for _names in (GERMAN_MONTHS, _FRENCH, _SPANISH):
    _MONTH_NUMBERS |= zip(_names, range(1, 13), strict=True)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_STATED = (
    r"(?:(?:first\s+)?(?:published|posted|dated?|written)(?:\s+on)?:?\s+"
    r"|arXiv:\S+\s+(?:\[[\w.-]+\]\s+)?)?"  # the stamp of arXiv: `arXiv:2103.15348v2 [cs.CV] 21 Jun 2021`
)
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_FORMS = tuple(
    re.compile(_STATED + _WEEKDAY + form + r"\.?", re.IGNORECASE)
    for form in (
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]\d\d:\d\d[\d:.]*\s*(?:Z|[+-]\d\d:?\d\d)?)?",
        rf"{_YEAR}/(?P<month>\d\d?)/(?P<day>\d\d?)",
        rf"{_YEAR}-(?P<month>\d\d)",
        rf"(?P<day>\d\d?)(?:st|nd|rd|th|\.)?\s+(?:de\s+)?(?P<month>[^\W\d_]+)\.?,?\s+(?:de\s+)?{_YEAR}",
        rf"(?P<month>[^\W\d_]+)\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<month>[^\W\d_]+)\.?,?\s+{_YEAR}",
    )
)


def iso_date(text: str) -> str:
    """Return `2020-12-05`, `2020-12` or `2020` if the text is a date and nothing else; else "".

    All-numeric forms are read only if the year comes first: 5/12/2020 is one day in London and another in Boston.
    """
    text = " ".join(text.split())
    if re.fullmatch(_YEAR, text):
        return text
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            return _iso(found.groupdict())
    return ""


def _iso(parts: dict[str, str]) -> str:
    name = parts["month"].lower()
    month = int(name) if name.isdigit() else _MONTH_NUMBERS.get(name, 0)
    day = parts.get("day")
    try:
        stated = date(int(parts["year"]), month, int(day or 1))
    except ValueError:
        return ""
    return stated.isoformat() if day else stated.isoformat()[:7]
