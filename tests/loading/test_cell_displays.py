"""The cells of a workbook are quoted as a reader sees them: with their formats and errors."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from index.loading.number_formats import Displays
from index.loading.xml_parts import events
from tests.loading.office import bytes_of, ods, workbook
from tests.loading.tables import quotation, told

REAL = Path(__file__).parents[3] / "shared" / "files"
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
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(buffer, "w") as made:
        for name in archive.namelist():
            text = archive.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            made.writestr(name, text)
    return buffer.getvalue()


def test_cells_are_quoted_as_a_reader_sees_them() -> None:
    """Thousands, percentages, brackets, currencies and errors; what cannot be followed stays as it is."""
    document = load_bytes(formatted(), source="/costs.xlsx")
    assert told(document) == [
        "A2 | Item | Tea", "B2 | Sales · Tea | 9,467", "C2 | Share · Tea | 25.0%", "D2 | Loss · Tea | (94)",
        "E2 | Price · Tea | € 3.20", "F2 | Half · Tea | 0.5", "G2 | Error · Tea | #DIV/0!", "H2 | True · Tea | TRUE",
    ]  # fmt: skip


def test_formats_stand_in_the_right_rows_and_columns() -> None:
    """Empty rows and columns before a table move no format."""
    made = workbook(("A", [["", ""], [], ["", "", "Item", "Share"], ["", "", "Tea", 0.5]]), ("B", [["x", 0.5]]))
    made["A"]["D4"].number_format = "0%"
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert quotation(document, "50%") == "Share · Tea"
    assert document.text.endswith("x | 0.5")


def test_headers_are_told_with_currencies_and_percentages() -> None:
    """Formatted values are still numbers below words."""
    rows: list[list[Any]] = [["Item", "Price", "Share"], ["Tea", -3.2, 0.5], ["Rum", 9, 0.25]]
    made = workbook(("Costs", rows))
    for row in made["Costs"].iter_rows(2, 3):
        row[1].number_format, row[2].number_format = '_("$"* #,##0.00_);_("$"* (#,##0.00)', "0%"
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert quotation(document, "$(3.20)") == "Price · Tea"
    assert quotation(document, "25%") == "Share · Rum"


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


def test_a_hidden_zero_is_empty_and_other_hidden_numbers_are_not() -> None:
    """A sheet without styles, or with the general format, shows its zeros."""
    made = workbook(("Sheet1", [["a", 0, 0, 5], ["b", 7, 7, 7]]))
    made["Sheet1"]["C1"].number_format = "0;-0;;@"
    made["Sheet1"]["D1"].number_format = ";;;"
    assert load_bytes(bytes_of(made), source="/a.xlsx").text == "a | 0 |  | 5\nb | 7 | 7 | 7"


def test_numbers_of_open_documents_have_the_words_of_the_file() -> None:
    """Repeated rows and cells, comments and numbers that were too wide are understood."""
    number = '<table:table-cell office:value-type="{}" office:value="{}"{}>{}<text:p>{}</text:p></table:table-cell>'
    cells = (
        number.format("percentage", "0.25", "", "<office:annotation><text:p>A note</text:p></office:annotation>", "25%")
        + number.format("currency", "3.2", ' table:number-columns-repeated="2"', "", "3,20 €")
        + number.format("float", "5", "", "", "###")
    )
    row = f'<table:table-row table:number-rows-repeated="2">{cells}</table:table-row>'
    data = changed(ods(["a", "b", "c", "d"]), "content.xml", "</table:table>", f"{row}</table:table>")
    assert load_bytes(data, source="/a.ods").text.endswith("25% | 3,20 € | 3,20 € | 5\n25% | 3,20 € | 3,20 € | 5")


def test_sheets_of_open_documents_do_not_share_their_words() -> None:
    """Sheets without numbers are passed over."""
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


@pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real files is not beside the repository")
def test_a_real_report_is_quoted_with_thousands_and_brackets() -> None:
    """The half-year report of a food company."""
    name = "2023-half-year-analyses-by-segment.xlsx"
    document = load_bytes((REAL / name).read_bytes(), source=f"/{name}")
    assert "Zone EUR | 9,467 | 1,570 | 1,373 | (197) | (5) | (140) | (414)" in document.text
    assert "Impairment of goodwill and non-commercialized intangible assets | (16) | —" in document.text
    assert quotation(document, "9,467") == "January–June 2023, Sales (a) · Zone EUR"
