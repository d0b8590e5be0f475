"""`pincite matrix`: its formats, its limits and exit codes, and the columns of `pincite ask --batch`."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook, load_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

RLO = "\u202e"
QUESTIONS = f"Who signed the treaty?\n\nWhat swam by the{RLO} harbour?\n"
QUOTE = "“The king signed the treaty in winter.”"
TEXTS = {"treaty.txt": "The king signed the treaty in winter.", "sea.txt": "A whale swam by the harbour."}


def test_matrix_is_printed(texts: Run, write: Write) -> None:
    """As CSV, or with --json as JSON Lines, without control characters; the counts go to standard error."""
    questions = write("q.txt", QUESTIONS)
    outcome = texts("matrix", questions)
    rows = list(csv.reader(io.StringIO(outcome.out, newline="")))
    assert rows[0] == ["document", "author", "date", "Who signed the treaty?", "What swam by the harbour?"]
    assert [row[0] for row in rows[1:]] == ["sea.txt", "treaty.txt"]
    assert rows[2][3].startswith(f"{QUOTE} (¶ 1) <pincite:")
    assert rows[1][3] == "no mention"
    assert outcome.code == 0
    assert outcome.err == "2 answered, 2 no mention\n"
    cells = [json.loads(line) for line in texts("matrix", questions, "--json", "-q").out.splitlines()]
    assert [cell["status"] for cell in cells] == ["abstained", "answered", "answered", "abstained"]


def test_matrix_is_written_as_a_workbook(texts: Run, write: Write, tmp_path: Path) -> None:
    """Only of the chosen documents; --page links each quotation to the page."""
    output = tmp_path / "m.xlsx"
    outcome = texts(
        "matrix", write("q.txt", QUESTIONS), "--out", output, "--in", "treaty.txt", "--page", "http://h:1/x/"
    )
    assert outcome.out == f"{output}: 1 answered, 1 no mention\n"
    page = load_workbook(output)["Matrix"]
    assert (page["A2"].value, page["D2"].value) == ("treaty.txt", f"{QUOTE} [1]")
    assert page["D2"].hyperlink.target.startswith("http://h:1/x/d/")
    outcome = texts("matrix", write("q.txt", QUESTIONS), "-o", tmp_path / "m.md", "--json")
    assert outcome.json == {"output": str(tmp_path / "m.md"), "answered": 2, "abstained": 2}


def test_failed_cell_and_too_large_matrix_have_their_exit_codes(
    texts: Run, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other cells are there; of a matrix that is too large, nothing is asked, and the limit is named."""
    outcome = texts("matrix", write("q.txt", f"{'x' * 5000}\nWho signed the treaty?"), "--in", "treaty.txt")
    assert outcome.code == 3
    assert QUOTE in outcome.out
    assert outcome.err == "1 answered, 1 failed\n"
    monkeypatch.setenv("PINCITE_MAX_MATRIX_CELLS", "3")
    outcome = texts("matrix", write("q.txt", QUESTIONS))
    assert outcome.code == 1
    assert "4 cells (documents × questions: 2 × 2) are too many: at most 3" in " ".join(outcome.err.split())
    assert "PINCITE_MAX_MATRIX_CELLS" in outcome.err


@pytest.mark.parametrize("name", ["m.pdf", "missing/m.csv"])
def test_file_that_cannot_be_written_is_wrong_usage(texts: Run, write: Write, tmp_path: Path, name: str) -> None:
    """The message names the option."""
    outcome = texts("matrix", write("q.txt", QUESTIONS), "--out", tmp_path / name)
    assert outcome.code == 2
    assert "--out" in outcome.err


def test_batch_of_a_workbook_gives_its_columns_back(texts: Run, tmp_path: Path) -> None:
    """They come before ours, and every citation is there in full."""
    book = Workbook()
    for row in (["id", "question", "status"], [7, "Who signed the treaty?", "=open"]):
        book.active.append(row)
    book.active["C2"].data_type = "s"
    book.save(tmp_path / "q.xlsx")
    assert texts("ask", "--batch", tmp_path / "q.xlsx", "-o", tmp_path / "t.csv").code == 0
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        (answered,) = csv.DictReader(file)
    assert list(answered)[:3] == ["id", "status (yours)", "question"]
    assert (answered["id"], answered["status (yours)"], answered["status"]) == ("7", "'=open", "answered")
    assert answered["citations"].startswith(f"[1] treaty.txt, ¶ 1: {QUOTE} <pincite:")
