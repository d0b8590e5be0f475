"""Numbers are written as number formats say, or not at all."""

from __future__ import annotations

import random
from typing import Any

import pytest

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from index.loading.number_formats import Displays, number_format
from index.loading.xml_parts import events
from tests.cases import cases
from tests.loading.archives import repacked
from tests.loading.office import bytes_of, ods, workbook
from tests.loading.tables import quotation, told
from tests.skips import FILES, NEEDS_FILES

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


# The cells of a workbook are quoted as a reader sees them: with their formats and errors


FORMATTED = [
    ("Sales", "#,##0", 9467.0),
    ("Share", "0.0%", 0.25),
    ("Loss", "#,##0_);(#,##0)", -94.0),
    ("Price", "[$€-407] #,##0.00", 3.2),
    ("Half", "# ?/?", 0.5),
]


def formatted() -> bytes:
    """Build a workbook with a table of formatted numbers, an error and a truth."""
    made = workbook(("Costs", [["Item", *(name for name, _, _ in FORMATTED), "Error", "True"], ["Tea"]]))
    sheet = made["Costs"]
    for column, (_, code, value) in enumerate(FORMATTED, 2):
        sheet.cell(2, column, value).number_format = code
    sheet.cell(2, 7, "#DIV/0!").data_type = "e"
    sheet.cell(2, 8, True)
    return bytes_of(made)


def changed(data: bytes, part: str, old: str, new: str) -> bytes:
    """Change a part of a package."""
    made = repacked(data, lambda name, text: text.replace(old.encode(), new.encode()) if name == part else text)
    assert made != repacked(data, lambda _, text: text)
    return made


def test_cells_are_quoted_as_a_reader_sees_them() -> None:
    """Thousands, percentages, brackets, currencies and errors; what cannot be followed stays as it is."""
    document = load_bytes(formatted(), source="/costs.xlsx")
    assert told(document) == [
        "A2 | Item | Tea", "B2 | Sales · Tea | 9,467", "C2 | Share · Tea | 25.0%", "D2 | Loss · Tea | (94)",
        "E2 | Price · Tea | € 3.20", "F2 | Half · Tea | 0.5", "G2 | Error · Tea | #DIV/0!", "H2 | True · Tea | TRUE",
    ]  # fmt: skip


def test_formats_stand_in_the_right_rows_and_columns() -> None:
    """Empty rows and columns before a table move no format; formatted values are numbers below words."""
    made = workbook(("A", [["", ""], [], ["", "", "Item", "Share"], ["", "", "Tea", 0.5]]), ("B", [["x", 0.5]]))
    made["A"]["D4"].number_format = "0%"
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert quotation(document, "50%") == "Share · Tea"
    assert document.text.endswith("x | 0.5")
    rows: list[list[Any]] = [["Item", "Price", "Share"], ["Tea", -3.2, 0.5], ["Rum", 9, 0.25]]
    made = workbook(("Costs", rows))
    for row in made["Costs"].iter_rows(2, 3):
        row[1].number_format, row[2].number_format = '_("$"* #,##0.00_);_("$"* (#,##0.00)', "0%"
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert quotation(document, "$(3.20)") == "Price · Tea"
    assert quotation(document, "25%") == "Share · Rum"
    made = workbook(("Sheet1", [["a", 0, 0, 5], ["b", 7, 7, 7]]))
    made["Sheet1"]["C1"].number_format = "0;-0;;@"
    made["Sheet1"]["D1"].number_format = ";;;"
    assert load_bytes(bytes_of(made), source="/a.xlsx").text == "a | 0 |  | 5\nb | 7 | 7 | 7"


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/styles.xml", "<cellXfs", "<cellXfs <"),
        ("xl/styles.xml", "<styleSheet", "<!DOCTYPE a [<!ENTITY b 'c'>]><styleSheet"),
        ("xl/styles.xml", "formatCode=", "code="),
        ("xl/worksheets/sheet1.xml", ' s="', ' s="9'),
    ],
    ids=["damaged styles", "a type with entities", "no codes", "styles that are not there"],
)
def test_damaged_formats_leave_values_as_they_are(part: str, old: str, new: str) -> None:
    """Whatever is wrong with them, the workbook is read."""
    data = changed(formatted(), part, old, new)
    next(Displays(data, "a.xlsx").rows("Costs"))
    document = load_bytes(data, source="/a.xlsx")
    assert quotation(document, "Tea") == "Item"
    assert any(words in document.text for words in ("9467", "9,467"))


def test_numbers_of_open_documents_have_the_words_of_the_file() -> None:
    """Repeated rows, comments, numbers that were too wide; sheets do not share their words."""
    number = '<table:table-cell office:value-type="{}" office:value="{}"{}>{}<text:p>{}</text:p></table:table-cell>'
    cells = (
        number.format("percentage", "0.25", "", "<office:annotation><text:p>A note</text:p></office:annotation>", "25%")
        + number.format("currency", "3.2", ' table:number-columns-repeated="2"', "", "3,20 €")
        + number.format("float", "5", "", "", "###")
    )
    row = f'<table:table-row table:number-rows-repeated="2">{cells}</table:table-row>'
    data = changed(ods(["a", "b", "c", "d"]), "content.xml", "</table:table>", f"{row}</table:table>")
    assert load_bytes(data, source="/a.ods").text.endswith("25% | 3,20 € | 3,20 € | 5\n25% | 3,20 € | 3,20 € | 5")
    table = '<table:table table:name="{}"><table:table-row>{}</table:table-row></table:table>'
    cell = '<table:table-cell office:value-type="float" office:value="1"><text:p>{}</text:p></table:table-cell>'
    text = '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
    sheets = table.format("B", text) + table.format("C", cell.format("1.00") + text)
    data = changed(ods(["a"]), "content.xml", "</table:table>", f"</table:table>{sheets}")
    displays = Displays(data, "a.ods")
    found = {name: next(displays.rows(name)) for name in ("Harbours", "B", "C", "D")}
    assert found == {"Harbours": {}, "B": {}, "C": {0: "1.00"}, "D": {}}


def test_xml_with_a_declared_type_or_damage_is_refused() -> None:
    """Entities could grow without end."""
    for text in (b"<!DOCTYPE a><a/>", b"<a>", b"<?xml version='1.0' encoding='none'?><a/>"):
        with pytest.raises(DamagedFile):
            list(events([text], ("a",)))


@NEEDS_FILES
def test_a_real_report_is_quoted_with_thousands_and_brackets() -> None:
    """The half-year report of a food company."""
    name = "2023-half-year-analyses-by-segment.xlsx"
    document = load_bytes((FILES / name).read_bytes(), source=f"/{name}")
    assert "Zone EUR | 9,467 | 1,570 | 1,373 | (197) | (5) | (140) | (414)" in document.text
    assert "Impairment of goodwill and non-commercialized intangible assets | (16) | —" in document.text
    assert quotation(document, "9,467") == "January–June 2023, Sales (a) · Zone EUR"
