"""Tables with columns of their own, and matrices, through the page's routes: what is sent comes back."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from index.page import batch_forms
from index.records import Citation, DocumentInfo, Location, Matrix, MatrixCell, MatrixRow
from index.settings import Settings
from tests.hosted import wait_until
from tests.libraries import filled_library
from tests.page.conftest import ASKED_BY_THE_PAGE, ATTACK, running_routes, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

SIGNED, FELL = "Who signed the treaty?", "When did the price of oil fall?"
SETTINGS = Settings(passage_tokens=32, max_batch_questions=10, max_matrix_cells=6, max_body_megabytes=1)


FILES = {"treaty.txt": "The king signed the treaty in the harbour.", "oil.txt": "The price of oil fell in summer."}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The routes of a page over two documents."""
    with (
        filled_library(tmp_path_factory.mktemp("matrix"), FILES, SETTINGS) as library,
        running_routes(library, SETTINGS) as client,
    ):
        yield client


def start(site: TestClient, **fields: Any) -> str:
    """Send the form, wait until the job is done, and return its id."""
    response = site.post("/page/batches", data=fields, headers=ASKED_BY_THE_PAGE)
    assert response.text == ""
    job: str = response.headers["X-Job"]
    wait_until(lambda: "Download" in site.get("/page/batches", params={"mine": job}).text)
    return job


def loaded(site: TestClient, name: str, data: bytes) -> tuple[str, str]:
    """Load a file of questions; return the lines of the box, and the table that the form sends back."""
    html = site.post("/page/questions", params={"name": name}, content=data, headers=ASKED_BY_THE_PAGE).text
    found = re.fullmatch(r'<template id="p-read" data-table="([^"]*)">(.*)</template>\n', html, re.DOTALL)
    assert found is not None, html
    return unescape(found[2]), unescape(found[1])


def test_own_columns_survive_editing(site: TestClient) -> None:
    """The reader edits, removes and adds questions; each line keeps the cells of its row, in the order of the file."""
    data = f'\ufeffid;question;topic\n7;{SIGNED};"a;b"\n;;\n8;{FELL};=x\n9;Who else?;c\n'.encode()
    text, table = loaded(site, "q.csv", data)
    assert text == f"{SIGNED}\n{FELL}\nWho else?"
    edited = f"{SIGNED}\nIn which season did the price of oil fall?\n\nA new one?"
    job = start(site, questions=edited, table=table)
    rows = list(csv.reader(io.StringIO(site.get(f"/page/batches/{job}/answers.csv").content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["id", "topic", "question"]
    assert [row[:2] for row in rows[1:]] == [["7", "a;b"], ["8", "'=x"], ["9", "c"]]
    assert rows[1][-1].startswith(
        "[1] treaty.txt, ¶ 1: “The king signed the treaty in the harbour.” <http://127.0.0.1/d/"
    )
    book = load_workbook(io.BytesIO(site.get(f"/page/batches/{job}/answers.xlsx").content))
    assert book["Answers"]["B3"].value == "=x"
    assert book["Answers"]["B3"].data_type == "s"


def test_two_files_are_one_table(site: TestClient) -> None:
    """Their columns are joined; lines that were typed have no cells."""
    first, one = loaded(site, "a.csv", f"id,question\n1,{SIGNED}\n".encode())
    second, two = loaded(site, "b.jsonl", json.dumps({"question": FELL, "n": 2}).encode())
    job = start(site, questions=f"{first}\n{second}\nTyped?", table=[one, two])
    lines = map(json.loads, site.get(f"/page/batches/{job}/answers.jsonl").text.splitlines())
    assert [(line["id"], line["n"]) for line in lines] == [("1", None), (None, 2), (None, None)]


def test_damaged_or_too_large_table_is_refused(site: TestClient) -> None:
    """The table must fit into the form that sends it back."""
    response = site.post("/page/batches", data={"questions": "Who?", "table": "[]"}, headers=ASKED_BY_THE_PAGE)
    assert "The table of the questions is damaged. Load its file again." in text_of(response.text)
    data = f"question,text\nWho?,{'ж' * 90_000}\n".encode()
    html = site.post("/page/questions", params={"name": "q.csv"}, content=data, headers=ASKED_BY_THE_PAGE).text
    assert "q.csv has too much text beside the questions. Remove columns that you do not need." in text_of(html)


def test_matrix_grows_by_documents_and_is_downloaded(site: TestClient) -> None:
    """Each cell is a link to the words; the files are named by the first question."""
    job = start(site, questions=f"{SIGNED}\n{FELL}", kind="matrix")
    shown = site.get("/page/batches", params={"mine": job}).text
    assert "2 questions to 2 documents 2 with a quotation, 2 without a mention" in text_of(shown)
    assert f'data-job="{job}" data-state="done" data-rows="2"' in shown
    rows = site.get(f"/page/batches/{job}/rows").text
    assert text_of(rows) == (
        f"oil.txt {SIGNED} no mention {FELL} The price of oil fell in summer. ¶ 1 "
        f"treaty.txt {SIGNED} The king signed the treaty in the harbour. ¶ 1 {FELL} no mention"
    )
    assert text_of(site.get(f"/page/batches/{job}/rows", params={"begin": 1}).text).startswith("treaty.txt")
    response = site.get(f"/page/batches/{job}/answers.xlsx")
    assert response.headers["content-disposition"] == 'attachment; filename="who-signed-the-treaty-and-1-more.xlsx"'
    page = load_workbook(io.BytesIO(response.content))["Matrix"]
    assert page["D3"].hyperlink.target.startswith("http://127.0.0.1/d/")
    assert site.get(f"/page/batches/{job}/answers.csv").content.startswith(b"\xef\xbb\xbfdocument,author,date,")
    one = next(info for info in site.get("/v1/documents").json()["documents"] if info["source"] == "oil.txt")
    job = start(site, questions=FELL, kind="matrix", documents=[one["id"]])
    assert "treaty" not in site.get(f"/page/batches/{job}/rows").text


def test_matrix_that_is_too_large_names_the_limit(site: TestClient) -> None:
    """The number of cells, how it comes about, and the setting."""
    fields = {"questions": "\n".join(f"Question {n}?" for n in range(4)), "kind": "matrix"}
    text = text_of(site.post("/page/batches", data=fields, headers=ASKED_BY_THE_PAGE).text)
    assert "8 cells (documents × questions: 2 × 4) are too many: at most 6 are allowed at once." in text
    assert "PINCITE_MAX_MATRIX_CELLS" in text


HOSTILE = DocumentInfo("a" * 64, f"/{ATTACK}", ATTACK, ATTACK, ATTACK, "text/plain", 9, 0, 1)
WORDS = Citation(1, HOSTILE, Location(heading=ATTACK), 1, 9, ATTACK)


@pytest.mark.parametrize(
    "cell",
    [
        MatrixCell("answered", WORDS),
        MatrixCell("unsure", WORDS),
        MatrixCell("abstained", nearest=WORDS),
        MatrixCell("failed", error=ATTACK),
    ],
    ids=lambda cell: cell.status,
)
def test_every_text_of_a_matrix_is_escaped(cell: MatrixCell) -> None:
    """In each kind of cell; a doubtful one is marked in words."""
    html = batch_forms.matrix_rows(Matrix((ATTACK,), (MatrixRow(HOSTILE, (cell,)),)), 0)
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert ("Not sure" in html) == (cell.status == "unsure")
