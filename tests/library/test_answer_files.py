"""Matrices and tables of answers as files: every quotation with its link, and nothing that a program would run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from index.library.answer_files import ANSWER_COLUMNS, DOWNLOADS, matrix_table, table
from index.library.question_files import QuestionTable
from index.records import Citation, DocumentInfo, Location, Matrix, MatrixCell, MatrixRow, Row

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SEA = DocumentInfo("a" * 64, "/sea.txt", "=Sea|", "Ann\x00 Dee", "1855", "text/plain", 99, 0, 1)
RIVER = DocumentInfo("b" * 64, "https://e.org/river", "River", "", "", "text/html", 99, 0, 1)
QUOTE = Citation(1, SEA, Location(page="3"), 5, 20, "A whale\n| swam <b>.")
SECOND = Citation(2, RIVER, Location(heading="Banks"), 1, 9, "=It rose.")
SILENCE = MatrixCell("abstained")
SURE, UNSURE = MatrixCell("answered", QUOTE, confidence=0.9), MatrixCell("unsure", SECOND, confidence=0.3)
MATRIX = Matrix(
    ("=What swam?", "Who?", "document"),
    (
        MatrixRow(SEA, (SURE, MatrixCell("abstained", nearest=QUOTE), SILENCE)),
        MatrixRow(RIVER, (UNSURE, MatrixCell("failed", error="Too long."), SILENCE)),
    ),
)
ANSWERED = Row(
    "What swam?", "answered", "A whale swam. [1] It rose. [2]", QUOTE.quote, "=Sea|", "p. 3", 0.9, "verbatim",
    citations=(QUOTE, SECOND),
)  # fmt: skip
SILENT = Row("Who?", "abstained", quote="=It rose.", document="River", nearest=replace(SECOND, marker=0))
OWN = QuestionTable(("What swam?", "Who?"), ("id", "quote", "=n"), ((7, "mine", "=1"), (8, None, ["x"])))


def here(citation: Citation) -> str:
    """Return an address on a server."""
    return f"http://pincite.test/d/{citation.document.id}#{citation.start}-{citation.end}"


LINK, SECOND_LINK = here(QUOTE), here(SECOND)
FULL = f"[1] Ann Dee, =Sea| (1855), p. 3: “A whale | swam <b>.” <{LINK}>"


def sheets(data: bytes) -> list[Worksheet]:
    """Return the sheets of a workbook."""
    pages: list[Worksheet] = load_workbook(io.BytesIO(data)).worksheets
    return pages


def values(page: Worksheet) -> list[list[Any]]:
    """Return the values of a sheet."""
    return [[cell.value for cell in row] for row in page.iter_rows()]


def test_table_as_csv_has_every_citation_in_full() -> None:
    """The reader's columns come first; each citation has marker, document, location, quote and link."""
    first, second = csv.DictReader(io.StringIO(table([ANSWERED, SILENT], ".csv", OWN, here).decode(), newline=""))
    assert tuple(first) == ("id", "quote (yours)", "'=n", *ANSWER_COLUMNS)
    assert (first["id"], first["quote (yours)"], first["'=n"]) == ("7", "mine", "'=1")
    assert (second["id"], second["quote (yours)"], second["'=n"]) == ("8", "", '["x"]')
    assert first["citations"] == f"{FULL}\n[2] River, § Banks: “=It rose.” <{SECOND_LINK}>"
    assert (first["link"], second["link"]) == (LINK, SECOND_LINK)
    assert (second["citations"], second["quote"]) == ("", "'=It rose.")


def test_table_as_json_lines_has_typed_cells_and_citations() -> None:
    """Own values keep their types."""
    first, second = map(json.loads, table([ANSWERED, SILENT], ".jsonl", OWN, here).splitlines())
    assert (first["id"], first["quote (yours)"], second["quote (yours)"], second["=n"]) == (7, "mine", None, ["x"])
    described = {"document": "River", "document_id": "b" * 64, "author": "", "date": "", "location": "§ Banks"}
    words: dict[str, Any] = {
        "headers": [],
        "recognised": None,
        "start": 1,
        "end": 9,
        "quote": "=It rose.",
        "link": SECOND_LINK,
    }
    assert first["citations"][1] == {"marker": 2, **described, **words}
    assert second["citations"] == []


def test_table_as_markdown_has_links_that_work() -> None:
    """All else is escaped, and each row is one line."""
    head, rule, first, second = table([ANSWERED, SILENT], ".md", OWN, here).decode().splitlines()
    columns = rule.count("|")
    assert [line.replace("\\|", "").count("|") for line in (head, first, second)] == [columns] * 3
    assert first.count("<http") == 3
    assert f"<br>\\[2\\] River, § Banks: “=It rose.” <{SECOND_LINK}> |" in first
    assert "<b>" not in first.replace("<br>", "")


def test_table_as_workbook_has_a_sheet_of_citations() -> None:
    """Own numbers stay numbers, and no text is a formula."""
    answers, citations = sheets(table([ANSWERED, SILENT], ".xlsx", OWN, here))
    head, first, _ = values(answers)
    assert head[:3] == ["id", "quote (yours)", "=n"]
    assert first[:3] == [7, "mine", "=1"]
    assert first[3:7] == [ANSWERED.question, ANSWERED.status, ANSWERED.answer, QUOTE.quote]
    full = f"{FULL}\n[2] River, § Banks: “=It rose.” <{SECOND_LINK}>"
    assert first[7:] == ["=Sea|", "p. 3", 0.9, "verbatim", None, None, LINK, full]
    assert {cell.data_type for row in (*answers.iter_rows(), *citations.iter_rows()) for cell in row} <= {"s", "n"}
    assert values(citations)[2] == [
        "What swam?", 2, "River", None, None, "§ Banks", 1, 9, "=It rose.", SECOND_LINK,
    ]  # fmt: skip
    assert citations["J3"].hyperlink.target == SECOND_LINK


def test_unfinished_table_has_its_first_rows() -> None:
    """A cancelled batch has fewer rows than the reader's table."""
    for rows in ([ANSWERED], []):
        ids = ["7"] * len(rows)
        assert [row["id"] for row in csv.DictReader(io.StringIO(table(rows, ".csv", OWN, here).decode()))] == ids
        assert [str(json.loads(line)["id"]) for line in table(rows, ".jsonl", OWN, here).splitlines()] == ids
        assert len(table(rows, ".md", OWN, here).decode().splitlines()) == 2 + len(rows)
        answers, _ = sheets(table(rows, ".xlsx", OWN, here))
        assert [str(row[0]) for row in values(answers)[1:]] == ids


def test_matrix_as_csv_has_a_row_for_each_document() -> None:
    """Each cell has quote, place and link, or says why there is none."""
    head, sea, river = csv.reader(io.StringIO(matrix_table(MATRIX, ".csv", here).decode(), newline=""))
    assert head == ["document", "author", "date", "'=What swam?", "Who?", "document (2)"]
    assert sea[3:] == [f"“A whale | swam <b>.” (p. 3) <{LINK}>", "no mention", "no mention"]
    assert river[3:] == [f"not sure: “=It rose.” (§ Banks) <{SECOND_LINK}>", "not answered: Too long.", "no mention"]
    assert sea[0] == "'=Sea|"


def test_matrix_as_json_lines_has_a_record_for_each_cell() -> None:
    """With the whole citation, the nearest words, and the error."""
    cells = [json.loads(line) for line in matrix_table(MATRIX, ".jsonl", here).splitlines()]
    assert [cell["status"] for cell in cells] == ["answered", "abstained", "abstained", "unsure", "failed", "abstained"]
    assert cells[0]["citation"]["link"] == LINK
    assert cells[1]["nearest"]["quote"] == QUOTE.quote
    assert (cells[1]["citation"], cells[4]["error"]) == (None, "Too long.")


def test_matrix_as_markdown_has_footnotes() -> None:
    """Each quotation has one, with reference and link."""
    lines = matrix_table(MATRIX, ".md", here).decode().splitlines()
    assert lines[1].count("|") == 7
    assert [line.replace("\\|", "").count("|") for line in lines[:4]] == [7] * 4
    assert lines[2].endswith("| “A whale \\| swam \\<b\\>.” [^1] | no mention | no mention |")
    assert lines[-1] == f"[^2]: River, § Banks: “=It rose.” <{SECOND_LINK}>"


def test_matrix_as_workbook_links_each_quotation() -> None:
    """A sheet of quotations, whose head and first column stay in view, and one of the citations in full.

    A file on a disk has no address that a program opens, so without a server it links to its own citations.
    """
    page, citations = sheets(matrix_table(MATRIX, ".xlsx", here))
    assert (page.title, citations.title) == ("Matrix", "Citations")
    assert values(page)[0] == ["document", "author", "date", "=What swam?", "Who?", "document"]
    assert values(page)[1] == ["=Sea|", "Ann Dee", "1855", "“A whale | swam <b>.” [1]", "no mention", "no mention"]
    assert values(page)[2][3:5] == ["not sure: “=It rose.” [2]", "not answered: Too long."]
    assert page["D2"].hyperlink.target == LINK
    assert (page.freeze_panes, page["D2"].alignment.wrap_text) == ("B2", True)
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value} == {"s"}
    assert len(values(citations)) == 3
    assert values(citations)[1][:3] == ["=Sea|", "=What swam?", "answered"]
    assert "A whale\n| swam <b>." in values(citations)[1]
    page, citations = sheets(matrix_table(MATRIX, ".xlsx"))
    assert page["D2"].hyperlink.location == "Citations!A2"
    assert citations["A2"].value == "=Sea|"
    assert page["D3"].hyperlink.target == "https://e.org/river#:~:text=%3DIt%20rose%2E"


@pytest.mark.parametrize("form", DOWNLOADS)
def test_empty_matrix_is_a_file(form: str) -> None:
    """Of a job that was cancelled at once."""
    data = matrix_table(Matrix(("Who?",), ()), form)
    assert isinstance(data, bytes)
    if form == ".xlsx":
        assert values(sheets(data)[0]) == [["document", "author", "date", "Who?"]]
