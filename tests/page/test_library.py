"""The Library tab and the Questions tab without a browser: their markup, and the responses of their routes."""

from __future__ import annotations

import csv
import io
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryReadOnly, PinciteError
from index.library.question_files import QuestionTable
from index.page import batch_forms, fragments, library_view
from index.page.library_view import PAGE_LENGTH, SORT_KEYS, LibraryEvents, ListQuery, findings, matching, shelf_of
from index.records import Citation, DocumentInfo, Location, Receipt, Row, Statement, texts
from index.records.document import Arrival, FileState
from index.records.file_kinds import FORMATS
from index.server.job_queue import Jobs
from index.server.jobs import Job
from index.server.uploads import Uploads
from index.settings import Settings
from tests.cases import cases
from tests.hosted import wait_until
from tests.libraries import filled_library
from tests.page.conftest import ASKED_BY_THE_PAGE, ATTACK, running_routes, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.testclient import TestClient

    from index.library.library import Library
    from index.records.document import FileStage, State
    from tests.conftest import Write

IMAGES = "3 pages without text, as images: run text recognition to have them read."


def make_info(name: str, **changes: Any) -> DocumentInfo:
    """Return a document with this title."""
    info = DocumentInfo(name.encode().hex().ljust(64, "0"), f"/papers/{name}.txt", name, "", "", "text/plain", 99, 0, 1)
    return replace(info, **changes)


def names(documents: Sequence[DocumentInfo]) -> list[str]:
    """Return the names of the documents."""
    return [info.name for info in documents]


# The list

SNOW = make_info("Cholera", author="John Snow", date="1855", media_type="application/pdf", pages=162, passages=214)
THOREAU = make_info("walden", author="Thoreau", date="1854", passages=184, notes=("Left out of passages: a head.",))
ANONYMOUS = make_info("Apology", date="1999-07", passages=402, notes=(IMAGES,))
DOCUMENTS = [SNOW, THOREAU, ANONYMOUS]


@cases(
    ("column", "falling", "expected"),
    [
        pytest.param("name", False, ["Apology", "Cholera", "walden"], id="names, capital or not"),
        pytest.param("name", True, ["walden", "Cholera", "Apology"], id="names, falling"),
        pytest.param("author", False, ["Cholera", "walden", "Apology"], id="an unknown author is last"),
        pytest.param("author", True, ["walden", "Cholera", "Apology"],
             id="an unknown author is last when falling, too"),
        pytest.param("date", False, ["walden", "Cholera", "Apology"], id="dates of any precision"),
        pytest.param("passages", True, ["Apology", "Cholera", "walden"], id="numbers as numbers"),
        pytest.param("pages", False, ["Cholera", "Apology", "walden"], id="without pages, by name"),
        pytest.param("health", True, ["Apology", "Cholera", "walden"], id="incomplete documents first"),
        pytest.param("drop table", False, ["Apology", "Cholera", "walden"], id="no such column"),
    ],
)  # fmt: skip
def test_list_is_sorted_by_the_chosen_column(column: str, falling: bool, expected: list[str]) -> None:
    """Every column sorts both ways, and unknown values are last."""
    assert names(shelf_of(DOCUMENTS, ListQuery(column=column, falling=falling)).rows) == expected


@cases(
    ("words", "expected"),
    [
        pytest.param("", ["Apology", "Cholera", "walden"], id="no filter"),
        pytest.param("SNOW", ["Cholera"], id="author"),
        pytest.param("185", ["Cholera", "walden"], id="part of a date"),
        pytest.param("pdf snow", ["Cholera"], id="all words in any field"),
        pytest.param("pdf thoreau", [], id="not one word of several"),
        pytest.param("walden.txt", ["walden"], id="file name"),
        pytest.param("papers", [], id="not the path, which is never shown"),
    ],
)
def test_list_is_filtered_by_words(words: str, expected: list[str]) -> None:
    """The filter searches every field that the list shows."""
    assert names(matching(DOCUMENTS, words)) == expected
    assert names(shelf_of(DOCUMENTS, ListQuery(words)).rows) == expected


def test_long_list_is_paginated() -> None:
    """Each document is on one page; a page number out of range gives the nearest page."""
    documents = [make_info(f"{n:04}") for n in range(2 * PAGE_LENGTH + 1)]
    pages = [shelf_of(documents, ListQuery(page=page)) for page in (1, 2, 3)]
    assert [name for page in pages for name in names(page.rows)] == names(documents)
    assert [(page.first, len(page.rows), page.pages) for page in pages] == [
        (1, PAGE_LENGTH, 3),
        (PAGE_LENGTH + 1, PAGE_LENGTH, 3),
        (2 * PAGE_LENGTH + 1, 1, 3),
    ]
    assert shelf_of(documents, ListQuery(page=9)).wish.page == 3
    assert shelf_of(documents, ListQuery(page=-9)).wish.page == 1


def test_list_shows_all_that_is_known_of_a_document() -> None:
    """A column that no document fills would waste space; an empty list invites the reader to add documents.

    The order is in `aria-sort`, and clicking the same column reverses it. Problems have a remedy.
    """
    assert shelf_of([make_info("a")], ListQuery()).columns == ("name", "format", "passages", "health")
    assert shelf_of(DOCUMENTS, ListQuery()).columns == tuple(SORT_KEYS)
    empty = shelf_of([], ListQuery())
    assert (empty.pages, empty.matched) == (1, 0)
    assert "Nothing here yet" in text_of(library_view.shelf(empty))
    html = library_view.shelf(shelf_of(DOCUMENTS, ListQuery(column="date")))
    assert re.findall(r'aria-sort="(\w+)"><button[^>]*data-column="(\w+)" data-falling="(\w*)"', html)[2:4] == [
        ("ascending", "date", "yes"),
        ("none", "format", ""),
    ]
    assert 'aria-sort="descending"><button' in library_view.shelf(shelf_of(DOCUMENTS, ListQuery(falling=True)))
    row = library_view.shelf(shelf_of([ANONYMOUS], ListQuery())).split("<tbody")[1]
    assert "Apology Apology.txt 1999-07 Text 402 3 pages without text" in text_of(row)
    assert "ocrmypdf in.pdf out.pdf" in text_of(row)
    row = library_view.shelf(shelf_of([SNOW], ListQuery())).split("<tbody")[1]
    health = "Complete : how it was read, Cholera PDF · text layer"
    assert f"Cholera Cholera.txt John Snow 1855 PDF 162 214 {health} Remove Cholera" in text_of(row)


@cases(
    ("note", "brief", "remedy"),
    [
        pytest.param(IMAGES, "3 pages without text", "ocrmypdf", id="scanned pages"),
        pytest.param("2 pages without text, as images. Install tesseract.", "2 pages without text", "add it again",
             id="no engine"),
        pytest.param("1 page not recognised: it is upside down.", "1 page not recognised", "scan them again",
             id="faint"),
        pytest.param("3 pages with text that may be broken. See above.", "3 pages in doubt", "add it again",
             id="doubt"),
        pytest.param("1 page could not be read.", "1 page unreadable", "save it", id="broken pages"),
        pytest.param("One character could not be read as UTF-8 and stand as \ufffd.", "One character unreadable",
             "Save the file as UTF-8", id="broken letters"),
        pytest.param("Left out of passages: a table of contents.", "", "", id="a remark without a remedy"),
    ],
)  # fmt: skip
def test_note_about_missing_text_has_a_remedy(note: str, brief: str, remedy: str) -> None:
    """A note that only reports something has none."""
    (finding,) = findings([note])
    assert (finding.note, finding.brief) == (note, brief)
    assert remedy in finding.remedy
    assert bool(finding.remedy) == bool(brief)


# Uploads


def repeated(stage: FileStage, number: int) -> list[FileStage]:
    """Return the same stage for several files."""
    return [stage] * number


def begin(job: Job, *files: FileState) -> None:
    """Start a job with files in these states."""
    job.set_arrivals([Arrival(file.name, Path(file.source), file.source, 1) for file in files], lambda: None)
    job.begin()
    job.set_files(dict(enumerate(files)))


def make_job(*stages: FileStage, state: State = "working", **changes: Any) -> Job:
    """Return a job whose files are in these stages."""
    job = Job("add", len(stages))
    begin(job, *(FileState(f"{n}.txt", f"/in/{n}.txt", stage, **changes) for n, stage in enumerate(stages)))
    if state != "working":
        job.finish(state, receipt=Receipt(passages=1234, seconds=2.0))
    return job


def test_job_shows_the_stage_of_each_file() -> None:
    """Stages are in words, progress is shown, and waiting files can be cancelled. A long document can be asked already.

    File names of other visitors stay private until the files are in the library.
    """
    html = library_view.jobs([make_job("added", "encoding", "waiting", passages=3, of_passages=8, part=0.5)], [])
    assert "0.txt Added · 3 passages 1.txt Encoding, 3 of 8 passages 2.txt Waiting Cancel 2.txt" in text_of(html)
    assert text_of(html).endswith("Cancel all")
    assert '<progress data-key="part" max="1" value="0.50" aria-label="1.txt">' in html
    assert re.findall(r'data-act="cancel" data-job="\w+" data-file="(\d)"', html) == ["2"]
    html = library_view.jobs([make_job("encoding", passages=400, of_passages=1420, ready=312, document="ab" * 32)], [])
    assert "0.txt 312 of 1,420 passages read; you can ask now Ask about it : 0.txt" in text_of(html)
    assert 'href="./?in=abababababab"' in html
    html = library_view.jobs([], [make_job("added", "waiting"), make_job("waiting")])
    assert "Somebody else is adding 3 files; 1 done" in text_of(html)
    assert "0.txt" not in html
    assert "cancel" not in html


def test_failed_file_is_shown_with_its_remedy() -> None:
    """The announcement counts it, too, and names few files of each outcome; the others are counted."""
    html = library_view.jobs([make_job("failed", "added", state="done", reason="It is locked.", hint="Unlock it.")], [])
    assert "It is locked. Unlock it." in text_of(html)
    assert "1,234 passages in 2.0 s" in text_of(html)
    html = library_view.jobs([make_job(*repeated("added", 7), *repeated("failed", 2), state="done")], [])
    listed = "Not added: 7.txt, 8.txt. Added: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt, 2 more."
    assert f'data-tell="7 added, 2 not added. {listed}"' in html


def test_long_job_shows_active_and_failed_files_first() -> None:
    """Working and failed files are shown, then the next ones; the rest is counted."""
    job = make_job(*repeated("added", 40), "failed", "encoding", *repeated("waiting", 58))
    html = library_view.jobs([job], [])
    visible_fragment = re.findall(r"<bdi>(\d+)\.txt</bdi></span>\s*<span class=\"p-how\"", html)
    assert visible_fragment == ["40", "41", *map(str, range(42, 52))]
    assert "Others: 48 waiting, 40 added." in text_of(html)
    ended = library_view.jobs([make_job(*repeated("added", 40), "failed", state="done")], [])
    assert re.search(r"1 not added 40.txt Not added 40 added 0.txt Added 1.txt Added", text_of(ended))
    assert "Others" not in text_of(ended)


@cases(
    ("seconds", "label"),
    [(0.2, "5 s"), (12, "10 s"), (61, "60 s"), (100, "2 min"), (3000, "50 min"), (7300, "2 h")],
)
def test_remaining_time_is_rounded(seconds: float, label: str) -> None:
    """More digits would suggest a precision that an estimate does not have."""
    assert library_view.duration(seconds) == label


def hostile_job() -> Job:
    """Return a failed job whose files have names that hold an attack."""
    job = Job("add", 1)
    begin(job, FileState(ATTACK, f"/in/{ATTACK}", "failed", reason=ATTACK, hint=ATTACK, notes=(ATTACK,)))
    job.finish("failed", error=PinciteError(ATTACK, ATTACK))
    return job


HOSTILE = make_info(ATTACK, source=f"/papers/{ATTACK}", author=ATTACK, date=ATTACK, media_type=ATTACK, notes=(ATTACK,))
HOSTILE_ROW = Row(ATTACK, "answered", ATTACK, ATTACK, ATTACK, ATTACK, 0.5, ATTACK)


@cases(
    "html",
    [
        pytest.param(lambda: library_view.shelf(shelf_of([HOSTILE], ListQuery("img"))), id="list"),
        pytest.param(lambda: library_view.shelf(shelf_of([SNOW], ListQuery(ATTACK))), id="filter"),
        pytest.param(lambda: library_view.jobs([hostile_job()], []), id="uploads"),
        pytest.param(lambda: library_view.removed(HOSTILE), id="receipt"),
        pytest.param(lambda: batch_forms.rows([HOSTILE_ROW], [ATTACK]), id="answers"),
        pytest.param(lambda: batch_forms.rows([Row(ATTACK, "failed", error=ATTACK)], []), id="failed answers"),
        pytest.param(lambda: batch_forms.choices([HOSTILE], []), id="choices"),
        pytest.param(lambda: batch_forms.questions_markup(QuestionTable((ATTACK,), (ATTACK,), ((ATTACK,),))),
             id="questions"),
        pytest.param(lambda: batch_forms.batch_form(Settings(llm_url="http://x", llm_model=ATTACK)), id="model"),
        pytest.param(lambda: library_view.keeping(Settings(allow_folders=(Path(ATTACK),))), id="folders"),
    ],
)  # fmt: skip
def test_every_text_from_outside_is_escaped(html: Callable[[], str]) -> None:
    """Escaping covers text and attributes, wherever a text is inserted."""
    markup = html()
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup


def test_only_what_is_allowed_is_offered(tmp_path: Path) -> None:
    """A read-only library says so; an attempt to add gets an error that does not name the folder."""
    settings = Settings(allow_urls=True, allow_folders=(tmp_path,))
    head = library_view.adding(settings, read_only=True)
    assert text_of(head) == "Library This library is read-only: you can search it, but not change it."
    assert f"Add {FORMATS}, up to" in library_view.adding(settings)
    assert "<form" not in library_view.keeping(settings, read_only=True)
    message = text_of(fragments.problem(LibraryReadOnly("/srv/library")))
    assert message == f"{texts.FAILED} The library is read-only. You can search it, but not change it."
    assert "<form" not in library_view.keeping(Settings())
    assert 'data-send="links"' in library_view.keeping(Settings(allow_urls=True))
    html = library_view.keeping(Settings(allow_folders=(tmp_path,)))
    assert 'data-send="folders"' in html
    assert f'value="{tmp_path}"' in html


# Answers

TREATY = make_info("Treaty")
ANSWERED = Row(
    "Who?", "answered", "The king. [1]", "The king.", "Treaty", "p. 3", 0.987, "verbatim",
    statements=(Statement("The king.", (1,), "verbatim"),),
    citations=(Citation(1, TREATY, Location("3"), 4, 13, "The king."),),
)  # fmt: skip
NEAREST = Citation(0, make_info("Oil"), Location(), 7, 9, "Nearest words.")
ROWS = (
    ANSWERED,
    Row("=1+1", "abstained", quote="Nearest words.", document="Oil", confidence=0.2, nearest=NEAREST),
    Row("x" * 9, "failed", error="Too long. Ask a shorter one."),
)


def test_answer_table_links_questions_numbers_and_sources() -> None:
    """An abstention shows the nearest words, whose document is a link, too; a failure shows the reason."""
    html = batch_forms.rows(ROWS, ["a" * 64])
    assert text_of(html).startswith("Who? (shows the whole answer) The king. [1] The king. Treaty p. 3 Strong match")
    assert f"{texts.NO_ANSWER} Nearest: Nearest words. Oil" in text_of(html)
    assert "Not answered Too long. Ask a shorter one." in text_of(html)
    assert f'href="./?q=Who%3F&amp;in={"a" * 12}"' in html.replace("%2C", ",")
    assert 'href="./?q=%3D1%2B1"' in batch_forms.rows(ROWS[1:2], [])
    html = batch_forms.rows(ROWS, [])
    opens = f'href="d/{TREATY.id}/4-13" data-act="source" data-document="{TREATY.id}" data-start="4" data-end="13"'
    assert f'<a class="p-cite" {opens} aria-label="Source 1: Treaty, p. 3">[1]</a>' in html
    assert f'<a class="p-t-source" {opens}><bdi>Treaty</bdi></a>' in html
    assert f'href="d/{NEAREST.document.id}/7-9"' in html
    doubtful = Statement("The queen.", (1,), "contradicted", "*queen*")
    html = batch_forms.rows([replace(ANSWERED, statements=(doubtful,))], [])
    assert "(" in text_of(html)
    assert 'class="p-cite"' in html


def test_batch_shows_progress_and_a_summary() -> None:
    """While it runs it shows progress; at its end it shows counts and downloads."""
    job = Job("batch", 4)
    assert "4 questions, waiting for others" in text_of(batch_forms.batches_markup([job]))
    job.begin()
    for row in ROWS:
        job.add_row(row)
    html = batch_forms.batches_markup([job])
    assert 'max="4" value="3" aria-label="Asking 4 questions"' in html
    assert "Download" not in html
    job.finish("done")
    html = batch_forms.batches_markup([job])
    assert 'data-tell="4 questions: 1 answered, 1 without an answer, 1 failed"' in html
    assert re.findall(r'href="(page/[^"]+)"', html) == [
        f"page/batches/{job.id}/answers{form}" for form in (".xlsx", ".csv", ".md", ".jsonl")
    ]


def test_document_chooser_lists_chosen_documents_first() -> None:
    """Chosen documents stay listed and checked whatever the filter; long lists are cut and counted."""
    html = batch_forms.choices([SNOW], [SNOW, *(make_info(f"{n:02}") for n in range(20))])
    assert html.count("checked") == 1
    assert text_of(html).startswith("Cholera · John Snow · 1855 00 01")
    assert "and 8 more documents" in text_of(html)


# The routes


SOURCES = {"treaty.txt": "The king signed the treaty.", "oil.md": "# Oil\n\nThe price of oil fell."}


@contextmanager
def running_site(folder: Path) -> Iterator[tuple[TestClient, Library]]:
    """Open the page's routes over two documents."""
    with (
        filled_library(folder / "site", SOURCES) as library,
        running_routes(library, Settings(max_batch_questions=3)) as client,
    ):
        yield client, library


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the page's routes over two documents, which no test changes."""
    with running_site(tmp_path_factory.mktemp("site")) as (client, _):
        yield client


def visible_fragment(site: TestClient, path: str, **query: str) -> str:
    """Return the text of a fragment as a reader sees it."""
    return text_of(site.get(f"/page/{path}", params=query).text)


@contextmanager
def events_of(library: Library, folder: Path) -> Iterator[LibraryEvents]:
    """Yield the events of the tab, with jobs of their own."""
    settings = Settings(passage_tokens=32)
    jobs = Jobs(library, settings, Uploads(folder / "uploads", settings))
    yield LibraryEvents(library, settings, jobs)
    jobs.close()


def test_documents_route_filters_and_sorts(site: TestClient) -> None:
    """An invalid page number is refused."""
    assert "2 documents" in visible_fragment(site, "documents")
    text = visible_fragment(site, "documents", words="oil", column="passages", falling="yes")
    assert "1 with “oil”" in text
    assert "treaty.txt" not in text
    assert site.get("/page/documents?page=x").status_code == 422


def test_only_the_page_can_remove_a_document(tmp_path: Path) -> None:
    """A form on another site is refused; removing a document twice gives a message."""
    with running_site(tmp_path) as (site, library):
        identity = library.find("treaty.txt").id
        assert site.delete(f"/page/documents/{identity}").status_code == 403
        assert "Removed treaty.txt 1 passage" in text_of(
            site.delete(f"/page/documents/{identity}", headers=ASKED_BY_THE_PAGE).text
        )
        again = site.delete(f"/page/documents/{identity}", headers=ASKED_BY_THE_PAGE)
        assert texts.FAILED in again.text
        assert names(library.documents()) == ["Oil"]


def test_state_route_shows_whether_the_library_has_changed(tmp_path: Path, write: Write) -> None:
    """The response is small enough to poll every few seconds."""
    with running_site(tmp_path) as (site, library):
        before = site.get("/page/state").json()
        assert site.get("/page/state").json() == before
        library.add(write("new.txt", "The comet fell into the desert."))
        assert site.get("/page/state").json()["generation"] != before["generation"]
        assert before["known"] == []
        assert not before["working"]


@pytest.mark.parametrize(
    ("path", "values", "messages"),
    [
        ("links", {"address": "https://example.org/"}, ("is not allowed here", "PINCITE_ALLOW_URLS")),
        ("folders", {"folder": "/etc"}, ("is not allowed here", "PINCITE_ALLOW_FOLDERS")),
        ("batches", {"questions": " \n "}, ("There is no question.",)),
        ("batches", {"questions": "a\nb\nc\nd"}, ("PINCITE_MAX_BATCH_QUESTIONS",)),
    ],
    ids=["an address", "a folder", "no question", "too many questions"],
)
def test_what_is_not_allowed_is_refused(
    site: TestClient, path: str, values: dict[str, str], messages: Sequence[str]
) -> None:
    """The refusal does not depend on the hidden controls, and says what to do about it."""
    response = site.post(f"/page/{path}", data=values, headers=ASKED_BY_THE_PAGE)
    for message in messages:
        assert message in response.text
    assert "X-Job" not in response.headers


def run_batch(site: TestClient, text: str, **values: Any) -> str:
    """Ask a batch of questions, wait until it is done, and return the job's id."""
    response = site.post("/page/batches", data={"questions": text, **values}, headers=ASKED_BY_THE_PAGE)
    job = response.headers["X-Job"]
    wait_until(lambda: "Download" in visible_fragment(site, "batches", mine=job))
    return job


def test_batch_of_questions_becomes_a_table(site: TestClient) -> None:
    """The rows and each download hold the answers, and no cell can be run as a formula."""
    oil = next(info["id"] for info in site.get("/v1/documents").json()["documents"] if info["source"] == "oil.md")
    job = run_batch(site, "Who signed the treaty?\n\n =1+1 \n" + "x" * 2001)
    assert "The king signed the treaty. [1]" in visible_fragment(site, f"batches/{job}/rows")
    assert "Who signed" not in visible_fragment(site, f"batches/{job}/rows", begin="1")
    csv_file = site.get(f"/page/batches/{job}/answers.csv")
    assert csv_file.headers["content-disposition"] == 'attachment; filename="who-signed-the-treaty-and-2-more.csv"'
    rows = list(csv.DictReader(io.StringIO(csv_file.content.decode("utf-8-sig"), newline="")))
    assert [(row["question"][:9], row["status"]) for row in rows] == [
        ("Who signe", "answered"),
        ("'=1+1", "abstained"),
        ("xxxxxxxxx", "failed"),
    ]
    lines = site.get(f"/page/batches/{job}/answers.jsonl").text.splitlines()
    assert json.loads(lines[0])["document"] == "treaty.txt"
    assert site.get(f"/page/batches/{job}/answers.md").text.startswith("| question | status |")
    narrowed = run_batch(site, "Who signed the treaty?", documents=[oil])
    assert "No answer" in visible_fragment(site, f"batches/{narrowed}/rows")
    assert f"in={oil[:12]}" in site.get(f"/page/batches/{narrowed}/rows").text


@pytest.mark.parametrize(
    ("name", "data", "expected", "reason"),
    [
        pytest.param("q.txt", b"\xef\xbb\xbfWho?\r\n\r\nWhen?", "Who?\nWhen?", "", id="lines"),
        pytest.param("q.csv", b'id,question\n1,"Who, then?"\n2,When?', "Who, then?\nWhen?", "", id="table"),
        pytest.param("q.jsonl", b'{"question": "Who\\n or when?"}', "Who or when?", "", id="records"),
        pytest.param("q.pdf", b"Who?", "", "q.pdf is not a .csv, .xlsx, .jsonl, .txt file.", id="another format"),
        pytest.param("q.txt", b"\xff\xfe\x00", "", "The file must be UTF-8 text.", id="no text"),
        pytest.param("q.txt", b"", "", "q.txt contains no questions.", id="empty"),
        pytest.param("q.jsonl", b"{}", "", "q.jsonl, line 1: there is no question.", id="no question in it"),
    ],
)
def test_questions_are_read_from_a_file(site: TestClient, name: str, data: bytes, expected: str, reason: str) -> None:
    """They are listed one per line, to be reviewed before they are asked, or the reason is shown in their place."""
    html = site.post("/page/questions", params={"name": name}, content=data, headers=ASKED_BY_THE_PAGE).text
    if reason:
        assert reason in text_of(html)
        assert "p-read" not in html
    else:
        assert re.sub(r' data-table="[^"]*"', "", html) == f'<template id="p-read">{expected}</template>\n'


@pytest.mark.parametrize("path", ["batches/unknown/answers.csv", "batches/unknown/answers.exe"])
def test_unknown_batch_or_table_format_is_not_found(site: TestClient, path: str) -> None:
    """The job may be one of another server, and the format may not exist."""
    assert site.get(f"/page/{path}").status_code == 404


def test_unexpected_error_is_logged_but_not_shown(
    site: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader learns that something failed and that the log has the details."""

    def fail(*_: object, **__: object) -> str:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(library_view, "shelf", fail)
    response = site.get("/page/documents")
    assert response.status_code == 500
    assert "/srv/secret" not in response.text
    assert "The server’s log has the details." in response.text
    assert "/srv/secret" in caplog.text


def test_one_waiting_file_can_be_cancelled(library: Library, tmp_path: Path) -> None:
    """The other files of the job are added."""
    with events_of(library, tmp_path) as events:
        with library.parts.store.writing():  # no file is begun before the lock is released
            files = [events.jobs.uploads.receive(f"{n}.txt", [b"The clock struck %d." % n]) for n in range(20)]
            job = events.jobs.find(events.upload(files))
            events.cancel(job.id, 19)
        wait_until(lambda: job.state == "done")
        assert "19.txt" not in {info.name for info in library.documents()}
        assert len(library.documents()) == 19
        assert events.state([job.id])["known"] == [job.id]


def test_browser_learns_of_its_job_until_it_sees_the_report(library: Library, tmp_path: Path) -> None:
    """Even if the job has ended. Other browsers, and requests without a cookie, do not learn of it."""
    with events_of(library, tmp_path) as events:
        job = events.upload([events.jobs.uploads.receive("horse.txt", [b"The horse ran."])], browser="hers")
        wait_until(lambda: events.jobs.find(job).state == "done")
        assert events.state([], "another's")["begun"] == events.state([])["begun"] == []
        for browser, unseen in (("another's", [job]), ("", [job]), ("hers", [])):
            assert "horse.txt" in events.watched([job], browser)
            assert events.state([], "hers")["begun"] == unseen


def test_tab_polls_while_jobs_run(library: Library, tmp_path: Path) -> None:
    """It shows its own uploads in full and others as a count, and polls slowly when all jobs have ended."""
    with events_of(library, tmp_path) as events:
        with library.parts.store.writing():  # no job ends before the lock is released
            receive = events.jobs.uploads.receive
            files = [receive(f"{name}.txt", [f"The {name} sang.".encode()]) for name in ("horse", "whale")]
            mine, theirs = (events.upload([file]) for file in files)
            state = events.state([mine])
            assert (state["working"], state["others"]) == (True, True)
            assert "whale" not in events.watched([mine])
            assert "Somebody else is adding 1 file" in events.watched([mine])
        wait_until(lambda: events.jobs.find(theirs).state == "done")
        state = events.state([mine])
        assert (state["working"], state["others"], state["known"]) == (False, False, [mine])
        assert "Somebody else" not in events.watched([mine])
