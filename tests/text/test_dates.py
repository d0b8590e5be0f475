"""Dates that are written out or in the form of ISO 8601."""

from __future__ import annotations

from index.text.dates import iso_date
from tests.cases import cases

DATES = {
    "2020-12-05": "2020-12-05",
    "2020-12-05T08:30:00Z": "2020-12-05",
    "2020-12-05 08:30:00 +0100": "2020-12-05",
    "2020-12": "2020-12",
    "2020": "2020",
    "5 December 2020": "2020-12-05",
    "Saturday, December 5th, 2020": "2020-12-05",
    "Published on 5 Dec. 2020": "2020-12-05",
    "December 2020": "2020-12",
    "5. Dezember 2020": "2020-12-05",
    "5 de diciembre de 2020": "2020-12-05",
    "5 décembre 2020": "2020-12-05",
    "5/12/2020": "",
    "31 February 2020": "",
    "5 Smarch 2020": "",
    "On 5 December 2020 the bees": "",
    "": "",
}


@cases(("text", "expected"), DATES.items())
def test_dates_are_read_as_precisely_as_stated(text: str, expected: str) -> None:
    """A date that could mean two days is not read."""
    assert iso_date(text) == expected
