"""Workbooks: what is written can be read, nothing runs, and hostile files are refused."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

from index.errors import BatchError
from index.library.question_tables import questions_in
from index.library.workbooks import LONGEST, Cell, Sheet, clean, read_rows, workbook

if TYPE_CHECKING:
    from collections.abc import Sequence


def saved(*rows: Sequence[object]) -> bytes:
    """Return a workbook with these rows, made by openpyxl alone."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_written_sheet_can_be_read_and_printed() -> None:
    """Its first row and column stay in view and on every printed page; links and line breaks are kept."""
    sheet = Sheet("Answers", ("a", "b"), [[Cell("x\ny"), Cell("z", "https://e.org/#1"), Cell(3)]], (30, 20))
    page = load_workbook(io.BytesIO(workbook([sheet])))["Answers"]
    assert [[cell.value for cell in row] for row in page.iter_rows()] == [["a", "b", None], ["x\ny", "z", 3]]
    assert page["B2"].hyperlink.target == "https://e.org/#1"
    assert (page.freeze_panes, page.print_title_rows, page.print_title_cols) == ("B2", "$1:$1", "$A:$A")
    assert page.page_setup.orientation == "landscape"
    assert page["A2"].alignment.wrap_text
    assert page.column_dimensions["A"].width == 30


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "#N/A", "{=1}", "1e5", "TRUE"])
def test_text_is_text(text: str) -> None:
    """No text becomes a formula, an error, a number or a truth value, in the file or when a reader edits the cell."""
    data = workbook([Sheet("S", ("a",), [[Cell(text)]], (9,))])
    cell = load_workbook(io.BytesIO(data))["S"]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_cells_hold_what_excel_can_read() -> None:
    """Control characters go, and a long text is cut at a whole character."""
    assert clean("a\x00\x0b\ufffe\ud800b\n\tc") == "ab".replace("b", "\ufffdb\n\tc")
    cut = clean("\U0001f433" * LONGEST)
    assert len(cut.encode("utf-16-le")) // 2 <= LONGEST
    assert cut.endswith("\U0001f433 …")
    assert clean("x" * LONGEST) == "x" * LONGEST


def test_link_that_excel_refuses_is_left_out() -> None:
    """The cell stays; a link inside the workbook is one, too."""
    cells = [Cell("a", "https://e.org/" + "x" * 3000), Cell("b", "#S!A1")]
    page = load_workbook(io.BytesIO(workbook([Sheet("S", ("a", "b"), [cells], (9, 9))])))["S"]
    assert page["A2"].hyperlink is None
    assert page["B2"].hyperlink.location == "S!A1"


def test_questions_are_read_from_a_workbook() -> None:
    """Numbers stay numbers, dates are ISO, and empty rows are left out."""
    data = saved(
        ["id", "Question", "due", "at", "ok"],
        [7, "Who?", date(2020, 12, 5), time(9, 30), True],
        [None, None, None],
        [8.5, " Where? ", datetime(2020, 12, 5, 9, 30), None, None],
    )
    table = questions_in("a.xlsx", data, 100)
    assert table.questions == ("Who?", "Where?")
    assert table.columns == ("id", "due", "at", "ok")
    assert table.cells == ((7, "2020-12-05", "09:30:00", "True"), (8.5, "2020-12-05T09:30:00", None, None))


def test_formula_without_a_result_is_an_empty_cell() -> None:
    """Nothing is computed here."""
    assert questions_in("a.xlsx", saved(["question", "n"], ["Who?", "=1+1"])).cells == ((None,),)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"no workbook", saved(["question"], ["Who?"])[:-200]])
def test_damaged_workbook_is_refused(data: bytes) -> None:
    """The error says what to do."""
    with pytest.raises(BatchError, match="is not a workbook that can be read") as caught:
        questions_in("a.xlsx", data)
    assert caught.value.hint


def test_archive_without_a_sheet_is_refused() -> None:
    """A zip archive of something else, and one whose parts are no XML."""
    for parts in ({"a.txt": b"x"}, {"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        with pytest.raises(BatchError):
            read_rows("a.xlsx", file.getvalue())


def test_zip_bomb_is_refused_unread() -> None:
    """Megabytes of zeros take no memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(101_000_000))
    with pytest.raises(BatchError, match="would unpack to 101 megabytes"):
        read_rows("a.xlsx", file.getvalue())


@pytest.mark.parametrize(
    "entities",
    [
        pytest.param("".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 100}">' for n in range(1, 7)), id="a bomb"),
        pytest.param('<!ENTITY e6 SYSTEM "file:///etc/hostname">', id="a file of the server"),
    ],
)
def test_workbook_with_entities_is_refused(entities: str) -> None:
    """Nothing is expanded, and nothing outside the workbook is read."""
    source, file = zipfile.ZipFile(io.BytesIO(saved(["question"], ["Who?"]))), io.BytesIO()
    with source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            text = source.read(info).decode()
            if info.filename == "xl/worksheets/sheet1.xml":
                text = f'<!DOCTYPE s [<!ENTITY e0 "xxxxxxxxxx">{entities}]>{text}'.replace("Who?", "&e6;")
            archive.writestr(info, text)
    with pytest.raises(BatchError):
        read_rows("a.xlsx", file.getvalue())


def test_workbook_with_far_too_many_cells_is_refused() -> None:
    """By rows and by columns."""
    with pytest.raises(BatchError, match="too many rows"):
        questions_in("a.xlsx", saved(*([f"q{n}"] for n in range(30))), 2)
    with pytest.raises(BatchError, match="too many columns"):
        questions_in("a.xlsx", saved(["x"] * 300), 2)
