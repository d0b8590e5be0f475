"""Numbers are written as number formats say, or not at all."""

from __future__ import annotations

import random

from index.loading.number_formats import number_format
from tests.cases import cases

ACCOUNTING = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'
EUROS = '_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-;_-* "-"??\\ "€"_-;_-@_-'
WRITTEN: list[tuple[str, float, str]] = [
    ("0", 12.5, "13"),
    ("0", 2.5, "3"),
    ("0.00", 1.005, "1.01"),
    ("0.00", -12, "-12.00"),
    ("#,##0", 9467, "9,467"),
    ("#,##0", -1234567.4, "-1,234,567"),
    ("#,##0.00", 1e15, "1,000,000,000,000,000.00"),
    ("0%", 0.25, "25%"),
    ("0.0 %", 0.1234, "12.3 %"),
    ("0.00%", -0.005, "-0.50%"),
    ("#,##0_);(#,##0)", -94, "(94)"),
    ("#,##0_);[Red](#,##0)", 94, "94"),
    ("#,##0_);(#,##0)", -0.3, "(0)"),
    (ACCOUNTING, 94, "$94.00"),
    (ACCOUNTING, -1094, "$(1,094.00)"),
    (ACCOUNTING, 0, "$-"),
    (EUROS, -3, "-3.00 €"),
    ("[$€-407]#,##0.00", 1234.5, "€1,234.50"),
    ("#,##0.00 [$€-de-DE]", 1234.5, "1,234.50 €"),
    ("#,##0\\ [$€-x-euro2]", 5, "5 €"),
    ("[$USD] 0", 5, "USD 5"),
    ("$#,##0", -5, "-$5"),
    ("£0.00", 3.2, "£3.20"),
    ('0.0,,"M"', 12_345_678, "12.3M"),
    ("#,##0,", 1_234_567, "1,235"),
    ("#,##0,.0", 1_234_567, "1,234.6"),
    ("0.00E+00", 12345, "1.23E+04"),
    ("0.00E-00", 0.000123, "1.23E-04"),
    ("0.0E+0", 9.96, "1.0E+1"),
    ("##0.0E+0", 12345, "12.3E+3"),
    ("0.00E+00", 0, "0.00E+00"),
    ("0.##", 1.5, "1.5"),
    ("0.00##", 1.5, "1.50"),
    ("#", 0, ""),
    (".00", 0.5, ".50"),
    ("0000", 42, "0042"),
    ("0,000", 42, "0,042"),
    ("000-00-0000", 123456789, "123-45-6789"),
    ("?0.0", 5, "5.0"),
    ('0 "kg"', 5, "5 kg"),
    ("0\\ \\k\\g", 5, "5 kg"),
    ('0" ; "0', 12, "1 ; 2"),
    ('General" units"', 12.5, "12.5 units"),
    ('0;-0;"none"', 0, "none"),
    ("0;-0;;@", 0, ""),
    ('"Yes";"Yes";"No"', 1, "Yes"),
    ('[>=1000]0.0,"K";0', 1234, "1.2K"),
    ('[>=1000]0.0,"K";0', 12, "12"),
    ('[=1]"one";[=2]"two";0', 2, "two"),
    ("0.00", 0.1 + 0.2, "0.30"),
    ("0", 1e20, "100000000000000000000"),
    ("[Color 12]0", 5, "5"),
]
"""Formats, numbers and what a reader sees. Excel rounds the 15 digits that it keeps, halves away from zero."""
UNKNOWN: list[tuple[str, float]] = [
    ("", 5),
    ("General", float("nan")),
    ("0", float("inf")),
    ("0", 1e21),
    ("0", -0.3),
    ("# ?/?", 0.5),
    ("# ?/8", 0.5),
    ("yyyy-mm-dd", 5),
    ("[h]:mm", 5),
    ("[$-F800]0", 5),
    ("[$-D00041E]0", 5),
    ("[DBNum1]0", 5),
    ("@", 5),
    (";;;", 5),
    ("0;", -5),
    ("0.0.0", 5),
    ("0%0", 5),
    ("0 kg", 5),
    ('0"kg', 5),
    ("0\\", 5),
    ("[0", 5),
    ("0E+0E+0", 5),
    ("0.0E+", 5),
    ("00.0E+0", 5),
    ("0%E+0", 5),
    ("#,##0E+0", 5),
    ("0:00", 5),
    ("0;0;0;0;0", 5),
    ('[>=1000]0.0,"K";0', -5),
    ("0;[<5]0", 4),
    ("0" * 300, 5),
    (f"0.{'0' * 31}", 5),
]
"""Formats that cannot be followed to the letter, and numbers that they would hide or whose minus is not certain."""


@cases(("code", "value", "expected"), WRITTEN)
def test_numbers_are_written_as_formats_say(code: str, value: float, expected: str) -> None:
    """Sections, places of digits, thousands, scales, percentages, currencies, brackets, exponents and words."""
    assert number_format(code).number(value) == expected


@cases(("code", "value"), UNKNOWN)
def test_a_format_that_cannot_be_followed_gives_nothing(code: str, value: float) -> None:
    """The number then stays as it is, and is never another one."""
    assert number_format(code).number(value) is None


def test_a_section_for_texts_has_words_around_them() -> None:
    """A section without words, as the accounting formats have, changes nothing."""
    assert number_format('0;0;0;"Dr "@').text("Varde") == "Dr Varde"
    assert number_format('"Dr "@').text("Varde") == "Dr Varde"
    assert not number_format(ACCOUNTING).changes_texts
    assert number_format("0").text("Varde") == "Varde"


def test_any_format_whatever_gives_digits_of_the_number_or_nothing() -> None:
    """No code raises an error, and the plain ones keep the value: read back, it differs by rounding only."""
    chance = random.Random(20261129)
    pieces = ["0", "#", "?", ",", ".", "%", ";", "@", "E+", "E-", '"x"', '"', "\\", "\\-", "_", "_(", "*", "* ",
              "[Red]", "[$€-407]", "[$", "]", "[>5]", "[<=-1]", "(", ")", "-", "$", " ", "/", ":", "General", "y", "m",
              "h", "é", "\0", "\n", "٣", "€", "0.00", "#,##0"]  # fmt: skip
    values = [0, 1, -1, 0.5, -1234567.891, 99.995, 1e-9, 1e20, -1e300, 5e-324, float("nan"), float("inf")]
    written = 0
    for _ in range(4000):
        found = number_format("".join(chance.choices(pieces, k=chance.randint(1, 9))))
        for value in values:
            shown = found.number(value)
            assert shown is None or shown == shown.strip()
            assert shown or not value or shown is None
            written += shown is not None
        found.text("words")
    assert written > 1000


@cases("places", range(6))
def test_written_numbers_are_the_rounded_ones(places: int) -> None:
    """With commas removed, the words are the number again, rounded to the digits of the format."""
    chance = random.Random(places)
    code = number_format(f"#,##0{'.' * bool(places)}{'0' * places};(#,##0{'.' * bool(places)}{'0' * places})")
    for _ in range(300):
        value = chance.uniform(-1, 1) * 10 ** chance.randint(0, 9)
        shown = code.number(value)
        assert shown is not None
        assert abs(float(shown.strip("()").replace(",", "")) - abs(value)) <= 0.5 * 10**-places + abs(value) * 5e-15
        assert shown.startswith("(") == (value < 0)
