"""Workbooks are read sheet by sheet, and each cell is told by its name and headers."""

from __future__ import annotations

import datetime
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import DamagedFile, PasswordRequired, TooLarge
from index.loading import workbook as workbook_module
from index.loading.loader import load_bytes
from index.loading.workbook import Extent, divide, extents, shown
from tests.cases import cases
from tests.loading.archives import repacked
from tests.loading.office import XLS, bytes_of, ods, workbook
from tests.loading.tables import places, quotation, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openpyxl import Workbook

    from index.records import Document


def read(*sheets: tuple[str, Iterable[Sequence[Any]]]) -> Document:
    """Load a workbook of these sheets."""
    return load_bytes(bytes_of(workbook(*sheets)), source="/costs.xlsx")


SHIPS: list[list[Any]] = [["Harbour", "Ships"], ["Hull", 12.0], ["Leith", 7.5]]


def test_sheets_are_places_and_their_cells_have_names() -> None:
    """Each sheet is a place with a heading, its table has the names of cells, and the title is a paragraph."""
    document = read(("Costs", [["In pounds"], [], ["Item", "2022", "2023"], ["Tea", 3.2, 4]]), ("Ships", SHIPS))
    assert document.text == (
        "Costs\n\nIn pounds\n\nItem | 2022 | 2023\nTea | 3.2 | 4\n\nShips\n\nHarbour | Ships\nHull | 12\nLeith | 7.5"
    )
    assert places(document) == ["Sheet “Costs”", "Sheet “Ships”"]
    assert told(document) == [
        "A4 | Item | Tea", "B4 | 2022 · Tea | 3.2", "C4 | 2023 · Tea | 4",
        "A2 | Harbour | Hull", "B2 | Ships · Hull | 12", "A3 | Harbour | Leith", "B3 | Ships · Leith | 7.5",
    ]  # fmt: skip
    assert [table.caption for table in document.tables] == ["In pounds", "Ships"]
    assert document.reading.tables == 2


def test_names_of_sheets_and_hidden_sheets() -> None:
    """`Sheet1` is a place, but no word of the text; the receipt names hidden sheets."""
    document = read(("Sheet1", SHIPS))
    assert document.text.startswith("Harbour | Ships")
    assert places(document) == ["Sheet “Sheet1”"]
    made = workbook(("Shown", SHIPS), ("Drafts", SHIPS), ("Empty", []))
    made["Drafts"].sheet_state = "veryHidden"
    made["Empty"].sheet_state = "hidden"
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert document.notes == ("Hidden sheets are read, too: “Drafts”.",)
    assert places(document) == ["Sheet “Shown”", "Sheet “Drafts”"]


def test_merged_headers_and_blank_columns_are_understood() -> None:
    """A merged header stands for its columns; a column without words leaves no gap in the text."""
    made = workbook(
        ("Data", [["", "won", "", "", "lost"], ["Team", "home", "away", "", "away"], ["Blues", 1, 2, None, 3]])
    )
    made["Data"].merge_cells("B1:C1")
    made["Data"].insert_rows(1, 3)
    made["Data"].merged_cells.ranges.clear()
    made["Data"].merge_cells("B4:C4")
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert told(document) == [
        "A6 | Team | Blues", "B6 | won, home · Blues | 1", "C6 | won, away · Blues | 2", "E6 | lost, away · Blues | 3"
    ]  # fmt: skip
    assert "Blues | 1 | 2 | 3" in document.text


def test_tables_side_by_side_have_their_own_places_and_captions() -> None:
    """A note below is a paragraph, and no caption of the next table; the line above each names it."""
    left_and_right: list[list[Any]] = [
        ["Team", "Cups", None, "Team", "Cups"],
        ["Blues", 1, None, "Kings", 2],
        ["Stars", 3, None, "Ducks", 4],
    ]
    document = read(("Data", [*left_and_right, ["(a) since 1967"], [], ["Town", "Ships"], ["Hull", 5]]))
    assert [table.caption for table in document.tables] == ["Data", "Data", "Data"]
    assert quotation(document, "4") == "Cups · Ducks"
    assert "\n\n(a) since 1967\n\n" in document.text
    assert "E3 | Cups · Ducks | 4" in told(document)
    head, names = ["Name", "Score", None, "Name", "Score"], [["Ann", 1, None, "Ann", 3], ["Ben", 2, None, "Ben", 4]]
    document = read(("Marks", [["Drama", None, None, "Music"], head, *names]))
    assert [table.caption for table in document.tables] == ["Drama", "Music"]
    assert quotation(document, "4") == "Score · Ben"


VALUES = {
    "a whole number": (12.0, "12"),
    "a fraction": (0.1 + 0.2, "0.3"),
    "a large number": (123456789012345.0, "123456789012345"),
    "a day": (datetime.datetime(2020, 1, 5), "2020-01-05"),
    "a date": (datetime.date(2020, 1, 5), "2020-01-05"),
    "a moment": (datetime.datetime(2020, 1, 5, 14, 30), "2020-01-05 14:30"),
    "a moment with seconds": (datetime.datetime(2020, 1, 5, 14, 30, 7), "2020-01-05 14:30:07"),
    "a time": (datetime.time(9, 5), "09:05"),
    "a duration": (datetime.timedelta(hours=30, minutes=1), "30:01:00"),
    "less than nothing": (datetime.timedelta(minutes=-90), "-1:30:00"),
    "a truth": (True, "TRUE"),
    "words": ("two\nlines", "two lines"),
}


@cases(("value", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_are_shown_as_a_reader_sees_them(value: object, expected: str) -> None:
    """Numbers have no noise, dates are ISO 8601, durations are hours, minutes and seconds."""
    assert shown(value) == expected


def test_dates_and_properties_of_a_workbook_are_read() -> None:
    """A cell that is formatted as a date is one; the date of a template, years before, is left out."""
    document = read(
        ("Data", [["Ship", "Built"], ["Tern", datetime.date(1911, 5, 1)], ["Skua", datetime.date(1912, 5, 1)]])
    )
    assert quotation(document, "1911-05-01") == "Built · Tern"
    made = workbook(("Data", SHIPS))
    made.properties.title, made.properties.creator = "Ships of the north", "K. Varde"
    made.properties.created, made.properties.modified = datetime.datetime(2021, 5, 1), datetime.datetime(2022, 5, 1)
    document = load_bytes(bytes_of(made), source="/a.xlsx")
    assert (document.title, document.author) == ("Ships of the north", "K. Varde")
    assert read(("Data", SHIPS)).author == ""  # openpyxl is no author


def test_older_and_open_workbooks_are_read() -> None:
    """They give what those in xlsx give, templates too."""
    document = load_bytes(XLS, source="/a.xls")
    assert document.media_type == "application/vnd.ms-excel"
    assert told(document) == [
        "A2 | Harbour | Hull", "B2 | Ships · Hull | 12", "C2 | Opened · Hull | 1978-09-22",
        "A3 | Harbour | Leith", "B3 | Ships · Leith | 7.5", "C3 | Opened · Leith | 1911-05-01",
    ]  # fmt: skip
    opened = load_bytes(ods(["Harbour", "Town", "Sea"], ["Hull", "Kingston", "North"]), source="/a.ods")
    assert opened.media_type == "application/vnd.oasis.opendocument.spreadsheet"
    assert quotation(opened, "Kingston") == "Town · Hull"
    made = ods(("Harbour", "Ships"), ("Hull", "twelve"))
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    template = repacked(made, lambda name, part: kind + b"-template" if name == "mimetype" else part)
    assert load_bytes(template, source="a.ots").text == load_bytes(made, source="a.ods").text


def test_damaged_and_locked_workbooks_are_reported() -> None:
    """A sheet that is no XML, a circular chain of sectors, and an encrypted ods file."""
    sound = bytes_of(workbook(("Data", SHIPS)))
    broken = repacked(sound, lambda name, part: b"<worksheet" if "sheet1" in name else part)
    with pytest.raises(DamagedFile, match="cannot be opened"):
        load_bytes(broken, source="/a.xlsx")
    fat = 512 * (1 + int.from_bytes(XLS[76:80], "little"))
    circular = XLS[: fat + 8] + (0).to_bytes(4, "little") + XLS[fat + 12 :]
    with pytest.raises(DamagedFile, match="circular"):
        load_bytes(circular, source="/a.xls")
    with pytest.raises(PasswordRequired, match=r"a\.ods"):
        load_bytes(ods(["a"], manifest="<manifest><encryption-data/></manifest>"), source="/a.ods")


def test_a_workbook_with_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The count covers all sheets, and one sheet is refused before it is loaded."""
    monkeypatch.setattr(workbook_module, "_MAX_CELLS", 9)
    with pytest.raises(TooLarge, match="more than 9 cells"):
        read(("One", SHIPS), ("Two", SHIPS))
    with pytest.raises(TooLarge, match="a sheet with 12 cells"):
        read(("One", [*SHIPS, *SHIPS]))


def test_far_cells_are_refused_before_they_take_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader would keep each of the 17 billion places between two cells; older workbooks tell them, too."""
    made = workbook(("Data", SHIPS))
    made["Data"]["XFD1048576"] = "far"
    data = bytes_of(made)
    assert extents(data, "a.xlsx") == [Extent(7, 1_048_576, 16_384)]
    with pytest.raises(TooLarge, match="1,048,576 rows"):
        load_bytes(data, source="/a.xlsx")
    assert extents(XLS, "a.xls")[1] == Extent(9, 3, 3)
    monkeypatch.setattr(workbook_module, "_MAX_PLACES", 8)
    with pytest.raises(TooLarge, match="9 cells in 3 rows and 3 columns"):
        load_bytes(XLS, source="/a.xls")


DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"


def text_box(row: int, words: str) -> str:
    """Return the markup of a text box that begins in a row, from 0."""
    place = f"<x:from><x:col>3</x:col><x:row>{row}</x:row></x:from>"
    text = f"<x:txBody><a:p/><a:p><a:r><a:t>{words}</a:t></a:r></a:p><a:p><a:r><a:t>End</a:t></a:r></a:p></x:txBody>"
    return f"<x:twoCellAnchor>{place}<x:sp>{text}</x:sp></x:twoCellAnchor>"


def with_drawing(made: Workbook, drawing: str) -> bytes:
    """Return a workbook with a drawing on its second sheet."""
    out = io.BytesIO(bytes_of(made))
    with zipfile.ZipFile(out, "a") as archive:
        link = f"<Relationship Id='rId1' Type='{RELATIONS}/drawing' Target='/xl/drawings/drawing1.xml'/>"
        archive.writestr("xl/worksheets/_rels/sheet2.xml.rels", f"<Relationships>{link}</Relationships>")
        archive.writestr("xl/drawings/drawing1.xml", drawing)
    return out.getvalue()


RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def test_texts_of_shapes_come_after_the_cells_of_their_sheet() -> None:
    """From the top, also on a sheet without cells; a damaged drawing is left out."""
    boxes = text_box(9, "Ships that left") + text_box(2, "All in 1911")
    drawing = f"<x:wsDr xmlns:x='{DRAWING}/spreadsheetDrawing' xmlns:a='{DRAWING}/main'>{boxes}</x:wsDr>"
    for rows, before in ((SHIPS, "Notes\n\n" + read(("Sheet1", SHIPS)).text), ((), "Notes")):
        made = workbook(("Sheet1", [["Tern"]]), ("Notes", rows), ("Sheet3", [["Gull"]]))
        document = load_bytes(with_drawing(made, drawing), source="a.xlsx")
        assert document.text == f"Tern\n\n{before}\n\nAll in 1911\n\nEnd\n\nShips that left\n\nEnd\n\nGull"
    assert "Notes" in load_bytes(with_drawing(workbook(("A", SHIPS), ("Notes", SHIPS)), "<x"), source="a.xlsx").text


# The rows of a sheet are divided into tables and single lines


SHEETS = {
    "a title, a table and a note": ("Cups|\nTeam|Cups\nBlues|1\nNote: won|", ["1 A", "2-3 A-B", "4 A"]),
    "a blank row ends a table": ("Team|Cups\nBlues|1\n\nTown|Port\nHull|yes", ["1-2 A-B", "4-5 A-B"]),
    "values after a blank row continue it": ("Team|Cups\n\nBlues|1\nFlyers|2\n\nTotal|3", ["1-6 A-B"]),
    "values under a line of their own continue it": ("Team|Cups\nBlues|1\n\nWest\nKings|2", ["1-5 A-B"]),
    "a header after a blank row begins a table": ("Team|Cups\nBlues|1\n\nTeam|Cups\nKings|2", ["1-2 A-B", "4-5 A-B"]),
    "many blank rows end a table": ("Team|Cups\nBlues|1\n\n\n\nTotal|3", ["1-2 A-B", "6-6 A-B"]),
    "a spanner belongs to its table": ("|2023|\n|won|lost\nBlues|1|2", ["1-3 A-C"]),
    "lines": ("All human beings are born free and equal.\nThey have reason.", ["1 A", "2 A"]),
    "a list": ("Hull\nLeith\nLerwick\nOban", ["1-4 A-A"]),
    "a blank column within a table": ("Team|Cups||Page\nBlues|1||4\nKings|2||5", ["1-3 A-D"]),
    "a gap between numbers": ("|won|lost||drawn|void\nBlues|1|2||3|4\nKings|5|6||7|8", ["1-3 A-F"]),
    "tables side by side": ("Team|Cups||Team|Cups\nBlues|1||Kings|2\nStars|3||Ducks|4", ["1-3 A-B", "1-3 D-E"]),
    "tables with titles side by side": (
        "Cups|||Goals|\nTeam|Cups||Team|Cups\nBlues|1||Kings|2", ["1 A", "2-3 A-B", "1 D", "2-3 D-E"],
    ),
    "tables of different heights": (
        "Team|Cups||Town|Port\nBlues|1||Hull|yes\nStars|3||Oban|no\n|||Leith|no", ["1-3 A-B", "1-4 D-E"],
    ),
    "nothing": ("\n\n", []),
}  # fmt: skip


@cases(("text", "expected"), SHEETS.values(), ids=SHEETS.keys())
def test_a_sheet_is_divided_into_tables_and_lines(text: str, expected: list[str]) -> None:
    """Blank rows and columns separate, unless the cells beyond them belong to the same table."""
    found = []
    for rows, left, right in divide([line.split("|") for line in text.split("\n")]):
        first, last = "ABCDEF"[left], "ABCDEF"[right]
        lone = len(rows) == 1 and left == right
        found.append(f"{rows[0] + 1} {first}" if lone else f"{rows[0] + 1}-{rows[-1] + 1} {first}-{last}")
    assert found == expected
