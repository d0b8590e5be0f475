"""The Library tab and the Questions tab without a browser: what they show, and what their routes answer."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from index.errors import LibraryReadOnly, PinciteError
from index.library.batches import Row
from index.page import create_app, forms, fragments, library_view
from index.page.library_list import COLUMNS, PAGE_LENGTH, LibraryEvents, ListQuery, matching, shelf
from index.page.library_view import findings
from index.records import DocumentInfo, Receipt
from index.records.document import Arrival, FileState
from index.server.job import Job
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.cases import cases
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.library.library import Library
    from index.records.document import FileStage, State
    from tests.conftest import Write

ATTACK = "<img src=x onerror=alert(1)> \"quoted\" 'too' & ${alert(1)}"
IMAGES = "3 pages without text, as images: run text recognition to have them read."
ASKED_BY_THE_PAGE = {"X-Pincite": "page"}


def an_info(name: str, **changes: Any) -> DocumentInfo:
    """A document of that title."""
    info = DocumentInfo(name.encode().hex().ljust(64, "0"), f"/papers/{name}.txt", name, "", "", "text/plain", 99, 0, 1)
    return replace(info, **changes)


def names(documents: Sequence[DocumentInfo]) -> list[str]:
    """What they are called."""
    return [info.name for info in documents]


def text_of(html: str) -> str:
    """What a reader sees of markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# The list

SNOW = an_info("Cholera", author="John Snow", date="1855", media_type="application/pdf", pages=162, passages=214)
THOREAU = an_info("walden", author="Thoreau", date="1854", passages=184, notes=("Left out of passages: a head.",))
ANONYMOUS = an_info("Apology", date="1999-07", passages=402, notes=(IMAGES,))
DOCUMENTS = [SNOW, THOREAU, ANONYMOUS]


@pytest.mark.parametrize(
    ("column", "falling", "expected"),
    [
        pytest.param("name", False, ["Apology", "Cholera", "walden"], id="names, capital or not"),
        pytest.param("name", True, ["walden", "Cholera", "Apology"], id="names, falling"),
        pytest.param("author", False, ["Cholera", "walden", "Apology"], id="an unknown author comes last"),
        pytest.param("author", True, ["walden", "Cholera", "Apology"], id="and last also when falling"),
        pytest.param("date", False, ["walden", "Cholera", "Apology"], id="dates of any precision"),
        pytest.param("passages", True, ["Apology", "Cholera", "walden"], id="numbers as numbers"),
        pytest.param("pages", False, ["Cholera", "Apology", "walden"], id="without pages, by name"),
        pytest.param("health", True, ["Apology", "Cholera", "walden"], id="what lacks something first"),
        pytest.param("drop table", False, ["Apology", "Cholera", "walden"], id="no such column"),
    ],
)
def test_the_list_is_sorted(column: str, falling: bool, expected: list[str]) -> None:
    """By each of its columns, either way; what is not known comes last."""
    assert names(shelf(DOCUMENTS, ListQuery(column=column, falling=falling)).rows) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param("", ["Apology", "Cholera", "walden"], id="nothing asked"),
        pytest.param("SNOW", ["Cholera"], id="author"),
        pytest.param("185", ["Cholera", "walden"], id="part of a date"),
        pytest.param("pdf snow", ["Cholera"], id="all words, wherever each stands"),
        pytest.param("pdf thoreau", [], id="not one word of several"),
        pytest.param("walden.txt", ["walden"], id="file name"),
        pytest.param("papers", [], id="not the path, which nobody is shown"),
    ],
)
def test_the_list_is_searched(words: str, expected: list[str]) -> None:
    """By whatever it says of a document."""
    assert names(matching(DOCUMENTS, words)) == expected
    assert names(shelf(DOCUMENTS, ListQuery(words)).rows) == expected


def test_a_long_list_is_cut() -> None:
    """Each document is on one page; a page that does not exist is the nearest that does."""
    documents = [an_info(f"{n:04}") for n in range(2 * PAGE_LENGTH + 1)]
    pages = [shelf(documents, ListQuery(page=page)) for page in (1, 2, 3)]
    assert [name for page in pages for name in names(page.rows)] == names(documents)
    assert [(page.first, len(page.rows), page.pages) for page in pages] == [
        (1, PAGE_LENGTH, 3),
        (PAGE_LENGTH + 1, PAGE_LENGTH, 3),
        (2 * PAGE_LENGTH + 1, 1, 3),
    ]
    assert shelf(documents, ListQuery(page=9)).wish.page == 3
    assert shelf(documents, ListQuery(page=-9)).wish.page == 1


def test_an_empty_list_has_one_page() -> None:
    """And invites to fill it."""
    empty = shelf([], ListQuery())
    assert (empty.pages, empty.matched) == (1, 0)
    assert "Nothing here yet" in text_of(library_view.shelf(empty))


def test_what_no_document_states_has_no_column() -> None:
    """A column without a word would only be a gap."""
    assert shelf([an_info("a")], ListQuery()).columns == ("name", "format", "passages", "health")
    assert shelf(DOCUMENTS, ListQuery()).columns == tuple(COLUMNS)


def test_the_table_says_how_it_is_sorted() -> None:
    """To the eye and to those who listen; the same column again turns it round."""
    html = library_view.shelf(shelf(DOCUMENTS, ListQuery(column="date")))
    assert re.findall(r'aria-sort="(\w+)"><button[^>]*data-column="(\w+)" data-falling="(\w*)"', html)[2:4] == [
        ("ascending", "date", "yes"),
        ("none", "format", ""),
    ]
    assert 'aria-sort="descending"><button' in library_view.shelf(shelf(DOCUMENTS, ListQuery(falling=True)))


def test_a_document_is_shown_with_what_is_known_of_it() -> None:
    """Title with file name, author, date, format, pages, passages; its health with a remedy."""
    row = library_view.shelf(shelf([ANONYMOUS], ListQuery())).split("<tbody")[1]
    assert "Apology Apology.txt 1999-07 Text 402 3 pages without text" in text_of(row)
    assert "ocrmypdf in.pdf out.pdf" in text_of(row)
    row = library_view.shelf(shelf([SNOW], ListQuery())).split("<tbody")[1]
    assert "Cholera Cholera.txt John Snow 1855 PDF 162 214 Complete Remove Cholera" in text_of(row)


@pytest.mark.parametrize(
    ("note", "brief", "remedy"),
    [
        pytest.param(IMAGES, "3 pages without text", "ocrmypdf", id="scanned pages"),
        pytest.param("1 page could not be read.", "1 page unreadable", "save it", id="broken pages"),
        pytest.param(
            "One character could not be read as UTF-8 and stand as \ufffd.",
            "One character unreadable",
            "Save the file as UTF-8",
            id="broken letters",
        ),
        pytest.param("Left out of passages: a table of contents.", "", "", id="only told"),
    ],
)
def test_a_note_that_something_is_missing_has_a_remedy(note: str, brief: str, remedy: str) -> None:
    """What was merely done says so, and asks for nothing."""
    (finding,) = findings([note])
    assert (finding.note, finding.brief) == (note, brief)
    assert remedy in finding.remedy
    assert bool(finding.remedy) == bool(brief)


# Uploads


def some(stage: FileStage, number: int) -> list[FileStage]:
    """Several files of the same stage."""
    return [stage] * number


def begin(job: Job, *files: FileState) -> None:
    """Let a job begin, and its files come that far."""
    job.set_arrivals([Arrival(file.name, Path(file.source), file.source, 1) for file in files], lambda: None)
    job.begin()
    job.set_files(dict(enumerate(files)))


def a_job(*stages: FileStage, state: State = "working", **changes: Any) -> Job:
    """A job whose files have come that far."""
    job = Job("add", len(stages))
    begin(job, *(FileState(f"{n}.txt", f"/in/{n}.txt", stage, **changes) for n, stage in enumerate(stages)))
    if state != "working":
        job.finish(state, receipt=Receipt(passages=1234, seconds=2.0))
    return job


def test_each_file_says_what_is_being_done_to_it() -> None:
    """Stages in words, progress where there is some, and a way out for those that wait."""
    html = library_view.jobs([a_job("added", "encoding", "waiting", passages=3, of_passages=8, part=0.5)], [])
    assert "0.txt Added · 3 passages 1.txt Encoding, 3 of 8 passages 2.txt Waiting Cancel 2.txt" in text_of(html)
    assert text_of(html).endswith("Cancel all")
    assert '<progress data-key="part" max="1" value="0.50" aria-label="1.txt">' in html
    assert re.findall(r'data-act="cancel" data-job="\w+" data-file="(\d)"', html) == ["2"]


def test_a_failed_file_is_told_with_its_remedy() -> None:
    """And is counted in what is announced."""
    html = library_view.jobs([a_job("failed", "added", state="done", reason="It is locked.", hint="Unlock it.")], [])
    assert "It is locked. Unlock it." in text_of(html)
    assert 'data-tell="Done. Added: 1. Not added: 1."' in html
    assert "1,234 passages in 2.0 s" in text_of(html)


def test_of_many_files_those_are_shown_that_matter() -> None:
    """Those at work and those that failed, then the next ones; the rest is a number, and nothing is left out."""
    job = a_job(*some("added", 40), "failed", "encoding", *some("waiting", 58))
    html = library_view.jobs([job], [])
    shown = re.findall(r"<bdi>(\d+)\.txt</bdi></span>\s*<span class=\"p-how\"", html)
    assert shown == ["40", "41", *map(str, range(42, 52))]
    assert "Others: Waiting: 48. Added: 40." in text_of(html)
    ended = library_view.jobs([a_job(*some("added", 40), "failed", state="done")], [])
    assert "40.txt Not added" in text_of(ended)
    assert "Others: Added: 40." in text_of(ended)


def test_others_are_told_of_without_their_files() -> None:
    """What somebody else adds is theirs until it is there."""
    html = library_view.jobs([], [a_job("added", "waiting"), a_job("waiting")])
    assert "Somebody else is adding 3 files; 1 done" in text_of(html)
    assert "0.txt" not in html
    assert "cancel" not in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "5 s"), (12, "10 s"), (61, "60 s"), (100, "2 min"), (3000, "50 min"), (7300, "2 h")],
)
def test_time_left_is_as_precise_as_an_estimate(seconds: float, words: str) -> None:
    """No digits that nobody can know."""
    assert library_view.duration(seconds) == words


def hostile_job() -> Job:
    """A job that failed, with files that are called what nobody should call them."""
    job = Job("add", 1)
    begin(job, FileState(ATTACK, f"/in/{ATTACK}", "failed", reason=ATTACK, hint=ATTACK, notes=(ATTACK,)))
    job.finish("failed", error=PinciteError(ATTACK, ATTACK))
    return job


HOSTILE = an_info(ATTACK, source=f"/papers/{ATTACK}", author=ATTACK, date=ATTACK, media_type=ATTACK, notes=(ATTACK,))
HOSTILE_ROW = Row(ATTACK, "answered", ATTACK, ATTACK, ATTACK, ATTACK, 0.5, ATTACK)


@cases(
    "html",
    [
        pytest.param(lambda: library_view.shelf(shelf([HOSTILE], ListQuery("img"))), id="list"),
        pytest.param(lambda: library_view.shelf(shelf([SNOW], ListQuery(ATTACK))), id="filter"),
        pytest.param(lambda: library_view.jobs([hostile_job()], []), id="uploads"),
        pytest.param(lambda: library_view.removed(HOSTILE), id="receipt"),
        pytest.param(lambda: forms.rows([HOSTILE_ROW], [ATTACK]), id="answers"),
        pytest.param(lambda: forms.rows([Row(ATTACK, "failed", error=ATTACK)], []), id="failed answers"),
        pytest.param(lambda: forms.choices([HOSTILE], []), id="choices"),
        pytest.param(lambda: forms.questions_markup([ATTACK]), id="questions"),
        pytest.param(lambda: forms.batch_form(Settings(llm_url="http://x", llm_model=ATTACK)), id="model"),
        pytest.param(lambda: library_view.keeping(Settings(allow_folders=(Path(ATTACK),))), id="folders"),
    ],
)
def test_every_word_from_outside_is_escaped(html: Callable[[], str]) -> None:
    """In text and in attributes alike, wherever it stands."""
    markup = html()
    assert "<img" not in markup
    assert "&lt;img src=x onerror=alert(1)&gt;" in markup


def test_a_library_that_takes_no_changes_offers_no_way_to_add(tmp_path: Path) -> None:
    """It says so instead; whoever asks for it all the same is told without the name of a folder."""
    settings = Settings(allow_urls=True, allow_folders=(tmp_path,))
    head = library_view.adding(settings, read_only=True)
    assert text_of(head) == "Library This library is read-only: you can search it, but not change it."
    assert "Add PDF" in library_view.adding(settings)
    assert "<form" not in library_view.keeping(settings, read_only=True)
    told = text_of(fragments.problem(LibraryReadOnly("/srv/library")))
    assert told == "That did not work The library is read-only. You can search it, but not change it."


def test_other_ways_to_add_are_there_where_they_are_allowed(tmp_path: Path) -> None:
    """What the operator has not allowed is not even offered."""
    assert "<form" not in library_view.keeping(Settings())
    assert 'data-send="links"' in library_view.keeping(Settings(allow_urls=True))
    html = library_view.keeping(Settings(allow_folders=(tmp_path,)))
    assert 'data-send="folders"' in html
    assert f'value="{tmp_path}"' in html


# Answers

ROWS = (
    Row("Who?", "answered", "The king. [1]", "The king.", "Treaty", "p. 3", 0.987, "verbatim"),
    Row("=1+1", "abstained", quote="Nearest words.", document="Oil", confidence=0.2),
    Row("x" * 9, "failed", error="Too long. Ask a shorter one."),
)


def test_answers_are_a_table_whose_questions_lead_to_them() -> None:
    """What has no answer says so, with what came nearest; what failed says why."""
    html = forms.rows(ROWS, ["a" * 64])
    assert text_of(html).startswith("Who? (opens in a new tab) The king. [1] The king. Treaty p. 3 0.99")
    assert "No answer in this library Nearest: Nearest words. Oil 0.20" in text_of(html)
    assert "Not answered Too long. Ask a shorter one." in text_of(html)
    assert f'href="./?q=Who%3F&amp;in={"a" * 12}"' in html.replace("%2C", ",")
    assert 'href="./?q=%3D1%2B1"' in forms.rows(ROWS[1:2], [])


def test_a_batch_sums_up() -> None:
    """How far it is, then what came of it."""
    job = Job("batch", 4)
    assert "4 questions, waiting for others" in text_of(forms.batches_markup([job]))
    job.begin()
    for row in ROWS:
        job.add_row(row)
    html = forms.batches_markup([job])
    assert 'max="4" value="3" aria-label="Asking 4 questions"' in html
    assert "Download" not in html
    job.finish("done")
    html = forms.batches_markup([job])
    assert 'data-tell="4 questions: 1 answered, 1 without an answer, 1 failed"' in html
    assert re.findall(r'href="(page/[^"]+)"', html) == [
        f"page/batches/{job.id}/answers{form}" for form in (".csv", ".md", ".jsonl")
    ]


def test_documents_to_search_in_keep_those_chosen() -> None:
    """They come first and are checked, whatever is looked for; of many others, the rest is a number."""
    html = forms.choices([SNOW], [SNOW, *(an_info(f"{n:02}") for n in range(20))])
    assert html.count("checked") == 1
    assert text_of(html).startswith("Cholera · John Snow · 1855 00 01")
    assert "and 8 more documents" in text_of(html)


# The routes


@pytest.fixture
def site(library: Library, write: Write) -> Iterator[TestClient]:
    """A page over two documents."""
    oil = write("oil.md", "# Oil\n\nThe price of oil fell.")
    library.add([write("treaty.txt", "The king signed the treaty."), oil])
    with TestClient(create_app(library, Settings(max_batch_questions=3))) as client:
        yield client


def shown(site: TestClient, path: str, **query: str) -> str:
    """A fragment, as a reader sees it."""
    return text_of(site.get(f"/page/{path}", params=query).text)


def test_the_list_is_a_fragment(site: TestClient) -> None:
    """Filtered and sorted as its query says; a page number that is none is refused."""
    assert "2 documents" in shown(site, "documents")
    found = shown(site, "documents", words="oil", column="passages", falling="yes")
    assert "1 with “oil”" in found
    assert "treaty.txt" not in found
    assert site.get("/page/documents?page=x").status_code == 422


def test_a_document_is_removed_by_the_page_alone(site: TestClient, library: Library) -> None:
    """A form on another site cannot; what is gone already is a message."""
    identity = library.find("treaty.txt").id
    assert site.delete(f"/page/documents/{identity}").status_code == 403
    assert "Removed treaty.txt 1 passage" in text_of(
        site.delete(f"/page/documents/{identity}", headers=ASKED_BY_THE_PAGE).text
    )
    again = site.delete(f"/page/documents/{identity}", headers=ASKED_BY_THE_PAGE)
    assert "That did not work" in again.text
    assert names(library.documents()) == ["Oil"]


def test_the_state_tells_whether_anything_has_changed(site: TestClient, library: Library, write: Write) -> None:
    """So little that it can be asked every few seconds."""
    before = site.get("/page/state").json()
    assert site.get("/page/state").json() == before
    library.add(write("new.txt", "The comet fell into the desert."))
    assert site.get("/page/state").json()["generation"] != before["generation"]
    assert before["known"] == []
    assert not before["working"]


@pytest.mark.parametrize(
    ("path", "values", "setting"),
    [
        ("links", {"address": "https://example.org/"}, "PINCITE_ALLOW_URLS"),
        ("folders", {"folder": "/etc"}, "PINCITE_ALLOW_FOLDERS"),
    ],
)
def test_what_is_not_allowed_is_refused(site: TestClient, path: str, values: dict[str, str], setting: str) -> None:
    """Also to those who ask without the control that is not there."""
    response = site.post(f"/page/{path}", data=values, headers=ASKED_BY_THE_PAGE)
    assert "is not allowed here" in response.text
    assert setting in response.text
    assert "X-Job" not in response.headers


def batch(site: TestClient, text: str, **values: Any) -> str:
    """Ask, and wait for the end; the job's id."""
    response = site.post("/page/batches", data={"questions": text, **values}, headers=ASKED_BY_THE_PAGE)
    job = response.headers["X-Job"]
    wait_until(lambda: "Download" in shown(site, "batches", mine=job))
    return job


def test_questions_become_a_table(site: TestClient, library: Library) -> None:
    """In its rows, and as a file of each form; a cell is no formula."""
    oil = library.find("Oil").id
    job = batch(site, "Who signed the treaty?\n\n =1+1 \n" + "x" * 2001)
    assert "The king signed the treaty. [1]" in shown(site, f"batches/{job}/rows")
    assert "Who signed" not in shown(site, f"batches/{job}/rows", begin="1")
    csv_file = site.get(f"/page/batches/{job}/answers.csv")
    assert csv_file.headers["content-disposition"] == 'attachment; filename="answers.csv"'
    rows = list(csv.DictReader(io.StringIO(csv_file.content.decode("utf-8-sig"), newline="")))
    assert [(row["question"][:9], row["status"]) for row in rows] == [
        ("Who signe", "answered"),
        ("'=1+1", "abstained"),
        ("xxxxxxxxx", "failed"),
    ]
    lines = site.get(f"/page/batches/{job}/answers.jsonl").text.splitlines()
    assert json.loads(lines[0])["document"] == "treaty.txt"
    assert site.get(f"/page/batches/{job}/answers.md").text.startswith("| question | status |")
    narrowed = batch(site, "Who signed the treaty?", documents=[oil])
    assert "No answer" in shown(site, f"batches/{narrowed}/rows")
    assert f"in={oil[:12]}" in site.get(f"/page/batches/{narrowed}/rows").text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(" \n ", "There is no question.", id="none"),
        pytest.param("a\nb\nc\nd", "PINCITE_MAX_BATCH_QUESTIONS", id="too many"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(site: TestClient, text: str, said: str) -> None:
    """With what to do about it."""
    response = site.post("/page/batches", data={"questions": text}, headers=ASKED_BY_THE_PAGE)
    assert said in response.text
    assert "X-Job" not in response.headers


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        pytest.param("q.txt", b"\xef\xbb\xbfWho?\r\n\r\nWhen?", "Who?\nWhen?", id="lines"),
        pytest.param("q.csv", b'id,question\n1,"Who, then?"\n2,When?', "Who, then?\nWhen?", id="table"),
        pytest.param("q.jsonl", b'{"question": "Who\\n or when?"}', "Who or when?", id="records"),
    ],
)
def test_a_file_gives_its_questions(site: TestClient, name: str, data: bytes, expected: str) -> None:
    """One a line, to be looked through before they are asked."""
    html = site.post("/page/questions", params={"name": name}, content=data, headers=ASKED_BY_THE_PAGE).text
    assert html == f'<template id="p-read">{expected}</template>\n'


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        pytest.param("q.pdf", b"Who?", "q.pdf is not a .csv, .jsonl, .txt file.", id="another format"),
        pytest.param("q.txt", b"\xff\xfe\x00", "The file must be UTF-8 text.", id="no text"),
        pytest.param("q.txt", b"", "q.txt contains no questions.", id="empty"),
        pytest.param("q.jsonl", b"{}", "q.jsonl, line 1: there is no question.", id="no question in it"),
    ],
)
def test_a_file_without_questions_says_why(site: TestClient, name: str, data: bytes, said: str) -> None:
    """In place of the questions."""
    html = site.post("/page/questions", params={"name": name}, content=data, headers=ASKED_BY_THE_PAGE).text
    assert said in text_of(html)
    assert "p-read" not in html


@pytest.mark.parametrize("path", ["batches/nobody/answers.csv", "batches/nobody/answers.exe"])
def test_a_table_that_is_not_there_is_not_found(site: TestClient, path: str) -> None:
    """A job of another server, or a form that nobody knows."""
    assert site.get(f"/page/{path}").status_code == 404


def test_what_was_not_foreseen_is_logged_and_not_told(
    site: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reader learns that it went wrong, and where the reason stands."""

    def fail(*_: object) -> str:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(library_view, "shelf", fail)
    response = site.get("/page/documents")
    assert response.status_code == 500
    assert "/srv/secret" not in response.text
    assert "The server’s log has the details." in response.text
    assert "/srv/secret" in caplog.text


def test_one_of_several_files_can_be_left_out(library: Library, tmp_path: Path) -> None:
    """While it waits; the others are added."""
    settings = Settings(passage_tokens=32)
    jobs = Jobs(library, settings, Uploads(tmp_path / "uploads", settings))
    keeping = LibraryEvents(library, settings, jobs)
    with library._store.writing():  # nothing begins before it is let go
        files = [jobs.uploads.receive(f"{n}.txt", [b"The clock struck %d." % n]) for n in range(20)]
        job = jobs.find(keeping.upload(files))
        keeping.cancel(job.id, 19)
    wait_until(lambda: job.state == "done")
    assert "19.txt" not in {info.name for info in library.documents()}
    assert len(library.documents()) == 19
    assert keeping.state([job.id])["known"] == [job.id]
    jobs.close()


def test_the_tab_watches_by_jobs(library: Library, tmp_path: Path) -> None:
    """Own uploads in full, those of others as a number; when all has ended, nothing is asked for again soon."""
    settings = Settings(passage_tokens=32)
    jobs = Jobs(library, settings, Uploads(tmp_path / "uploads", settings))
    keeping = LibraryEvents(library, settings, jobs)
    with library._store.writing():  # nothing ends before it is let go
        files = [jobs.uploads.receive(f"{name}.txt", [f"The {name} sang.".encode()]) for name in ("horse", "whale")]
        mine, theirs = (keeping.upload([file]) for file in files)
        state = keeping.state([mine])
        assert (state["working"], state["others"]) == (True, True)
        assert "whale" not in keeping.watched([mine])
        assert "Somebody else is adding 1 file" in keeping.watched([mine])
    wait_until(lambda: jobs.find(theirs).state == "done")
    state = keeping.state([mine])
    assert (state["working"], state["others"], state["known"]) == (False, False, [mine])
    assert "Somebody else" not in keeping.watched([mine])
    jobs.close()
