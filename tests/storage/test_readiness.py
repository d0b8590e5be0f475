"""Notes about a missing index in every interface, and their effect on the confidence."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from index.encoders.pretrained import DEFAULT_NAME
from index.library import batches
from index.library.library import Library
from index.page import create_app
from index.search.confidence import NAMES, confidence
from index.search.retriever import UNSEEN
from index.server import http
from index.server.job_queue import Jobs
from index.server.mcp.tools import tools
from index.server.uploads import Uploads
from index.settings import Settings
from index.storage import store as store_module
from index.storage.protocol import PASSAGES_PER_SECOND, Readiness
from tests.fakes import FakeEncoder
from tests.faults.arena import clear
from tests.hosted import wait_until
from tests.lost_index import without_words
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.command_line import Run
    from tests.conftest import Write

TREATY = "# The treaty\n\nThe king signed the treaty in winter.\n\nBread was dear.\n"
WHALES = "# Whales\n\nA whale swam by the harbour.\n\nNobody saw a comet.\n"
QUESTION = "Who signed the treaty?"
MISSING = "The word index is missing"
SETTINGS = Settings(passage_tokens=32)

# Notes


@pytest.mark.parametrize(
    ("readiness", "notes"),
    [
        pytest.param(Readiness(), (), id="empty"),
        pytest.param(Readiness(100), (), id="complete"),
        pytest.param(
            Readiness(100, lacks_words=100),
            (
                "The word index is missing: search uses meaning only, so exact words, names and numbers may be missed, "
                "and the confidence is less reliable. It is being built, which takes about a second; then ask again.",
            ),
            id="no words",
        ),
        pytest.param(
            Readiness(10**6, lacks_words=4 * 10**5),
            (
                "The word index lacks 400,000 of 1,000,000 passages: search finds them by meaning only, and the "
                "confidence is less reliable. It is being built, which takes about 2 minutes; then ask again.",
            ),
            id="some words",
        ),
        pytest.param(
            Readiness(1000, lacks_words=3, hindrance="busy"),
            (
                "The word index lacks 3 of 1,000 passages: search finds them by meaning only. It is completed when "
                "the running change to the library has ended.",
            ),
            id="a few words, and a writer",
        ),
        pytest.param(
            Readiness(9, lacks_words=9, hindrance="not writable"),
            (
                "The word index is missing: search uses meaning only, so exact words, names and numbers may be missed, "
                "and the confidence is less reliable. It cannot be completed, because the disk is not writable: see "
                "`pincite doctor`.",
            ),
            id="no words, and none to come",
        ),
        pytest.param(
            Readiness(9, lacks_vectors=9),
            ("The vector index is missing: search uses words only. It is being completed; ask again in a moment.",),
            id="no vectors",
        ),
        pytest.param(
            Readiness(9, lacks_vectors=2),
            (
                "The vector index lacks 2 of 9 passages: search finds them by words only. It is being completed; ask "
                "again in a moment.",
            ),
            id="some vectors",
        ),
    ],
)
def test_notes_describe_a_missing_index(readiness: Readiness, notes: tuple[str, ...]) -> None:
    """The note says which index is missing, how much of it, what that means, and when it will be complete."""
    assert readiness.notes == notes
    for seconds, words in ((100, "about 2 minutes"), (60, "about 60 seconds")):
        passages = seconds * PASSAGES_PER_SECOND
        assert words in Readiness(passages, passages).notes[0]


@pytest.mark.parametrize(
    ("readiness", "ready"),
    [
        (Readiness(), True),
        (Readiness(1000, 50, 50), True),
        (Readiness(1000, 51, 0), False),
        (Readiness(1000, 0, 51), False),
        (Readiness(1, 1, 0), False),
    ],
)
def test_library_is_ready_with_95_percent_of_each_index(readiness: Readiness, ready: bool) -> None:
    """One passage in twenty may be missing from an index."""
    assert readiness.ready == ready


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(0, 1))))
def test_missing_word_index_never_raises_confidence(signals: dict[str, float]) -> None:
    """The same signals never give more confidence than with both indexes."""
    for encoder in (f"{DEFAULT_NAME}@1", "other@1"):
        assert 0 < confidence(signals, encoder, has_words=False) <= confidence(signals, encoder)
    assert confidence({}, DEFAULT_NAME, has_words=False) == 0


def test_missing_word_index_lowers_a_doubtful_answer_below_the_bar() -> None:
    """Cosines that suffice with both indexes do not suffice without the word index."""
    signals = {**dict.fromkeys(NAMES, 0.0), "sentence": 0.75, "passage": 0.75}
    assert confidence(signals, f"{DEFAULT_NAME}@1", has_words=False) < 0.55 < confidence(signals, f"{DEFAULT_NAME}@1")


# Library


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed library with two documents, which no test changes."""
    folder = tmp_path_factory.mktemp("readiness")
    for name, text in (("treaty.md", TREATY), ("whales.md", WHALES)):
        (folder / name).write_text(text)
    with Library.open(folder / "library", SETTINGS, encoder=FakeEncoder()) as library:
        library.add([folder / "treaty.md", folder / "whales.md"])
        assert library.ask(QUESTION).status == "answered"
    return folder / "library"


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    return shutil.copytree(template, tmp_path / "library")


@pytest.fixture
def without_word_index(folder: Path) -> Iterator[tuple[Library, threading.Event]]:
    """The library without its word index, and an event that lets the rebuilding continue."""
    with without_words(folder) as resume, Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        yield library, resume
        resume.set()


def test_every_result_notes_a_missing_word_index(without_word_index: tuple[Library, threading.Event]) -> None:
    """Search, answer, coverage, check and batch row have the note until the index is complete."""
    library, resume = without_word_index
    answer = library.ask(QUESTION)
    assert answer.hits[0].quote == "The king signed the treaty in winter."
    assert answer.notes[0].startswith(MISSING)
    assert library.search(QUESTION).notes[0].startswith(MISSING)
    assert library.search(QUESTION, mode="lexical").notes[0].startswith(MISSING)
    assert library.search(QUESTION, mode="dense").notes == ()
    assert library.coverage(QUESTION).notes[0].startswith(MISSING)
    checked = library.check("A zeppelin crossed the desert slowly.")
    assert checked.notes[0].startswith(MISSING)
    assert checked.statements[0].verdict == "unverified"
    assert checked.statements[0].detail.endswith("Not all passages could be searched in full.")
    assert batches.answer_row(QUESTION, library.ask).note.startswith(MISSING)
    assert library.stats().notes[0].startswith(MISSING)
    resume.set()
    wait_until(lambda: library.readiness().ready)
    answer = library.ask(QUESTION)
    assert (answer.status, answer.notes) == ("answered", ())
    assert library.check("A zeppelin crossed the desert slowly.").notes == ()
    assert library.stats().notes == ()


def test_quotation_marks_and_minus_are_noted_as_ignored(without_word_index: tuple[Library, threading.Event]) -> None:
    """Only the word index can apply quotation marks and minus signs."""
    library, resume = without_word_index
    for question in ('"the king" treaty', "treaty -king"):
        assert library.search(question).notes[-1] == UNSEEN
    resume.set()
    wait_until(lambda: library.readiness().ready)
    assert library.search('"the king" treaty').notes == ()


def test_first_question_waits_for_a_small_index(folder: Path) -> None:
    """Building a small index takes less time than reading a note, so the first question after the loss is answered in
    full.
    """
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        answer = library.ask(QUESTION)
    assert (answer.status, answer.notes) == ("answered", ())


@pytest.mark.parametrize("passages", [6, 10**6])
def test_question_waits_for_an_index_only_if_it_takes_seconds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, passages: int
) -> None:
    """A question waits for an index that will be complete soon; otherwise it has a note."""
    monkeypatch.setattr(store_module, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(store_module, "READER_PATIENCE", 60.0)
    monkeypatch.setattr(store_module, "PASSAGES_PER_SECOND", 6 / passages)  # as if it were that large
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert bool(library.ask(QUESTION).notes) == (passages > 6)


def test_note_counts_passages_that_a_writer_has_not_indexed(folder: Path) -> None:
    """The answer says how many passages could not be searched by their words."""
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        store = library.parts.store
        with store.writing():
            put(store.catalog, a_document("The comet came back.", source="/comet"))
            notes: list[str] = []
            thread = threading.Thread(target=lambda: notes.extend(library.search(QUESTION).notes))
            thread.start()
            thread.join(60)
            store.index()
        assert notes
        assert notes[0].startswith("The word index lacks 1 of ")
        assert "running change" in notes[0]
        assert library.search(QUESTION).notes == ()


def test_index_deleted_under_a_reader_is_rebuilt(folder: Path) -> None:
    """The reader continues with the open index, so no answer is worse; the next one has a new index."""
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert library.ask(QUESTION).status == "answered"
        clear(folder / "lexical")
        assert library.ask(QUESTION).notes == ()
        assert (folder / "lexical" / "manifest.json").exists()


# Interfaces


def test_service_is_ready_only_with_both_indexes(without_word_index: tuple[Library, threading.Event]) -> None:
    """`/readyz` names the missing index until it is complete, and every answer over HTTP has the note meanwhile."""
    library, resume = without_word_index
    with TestClient(create_app(library, SETTINGS), base_url="http://127.0.0.1") as client:
        wait_until(lambda: "starting up" not in client.get("/readyz").text)
        not_ready = client.get("/readyz")
        assert not_ready.status_code == 503
        assert not_ready.json()["detail"].startswith(MISSING)
        question_body = {"question": QUESTION}
        assert client.post("/v1/ask", json=question_body).json()["notes"][0].startswith(MISSING)
        assert client.post("/v1/search", json=question_body).json()["notes"][0].startswith(MISSING)
        assert client.post("/v1/coverage", json=question_body).json()["notes"][0].startswith(MISSING)
        text_body = {"text": "A zeppelin crossed the desert slowly."}
        assert client.post("/v1/check", json=text_body).json()["notes"][0].startswith(MISSING)
        assert MISSING in client.get("/page/coverage", params={"q": QUESTION}).text
        job = client.post("/v1/batch", json={"questions": [QUESTION]}).headers["location"]
        wait_until(lambda: client.get(job).json()["state"] == "done")
        assert client.get(job).json()["rows"][0]["note"].startswith(MISSING)
        assert client.get("/v1/stats").json()["notes"][0].startswith(MISSING)
        resume.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/ask", json=question_body).json()["notes"] == []
        assert client.get("/readyz").json() == {"status": "ok"}


def test_service_stops_being_ready_when_an_index_is_damaged(folder: Path) -> None:
    """`/readyz` answers 503 from the detection of the damage until the index is rebuilt."""
    with (
        Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library,
        closing(Uploads(folder / "uploads", SETTINGS)) as uploads,
        closing(Jobs(library, SETTINGS, uploads)) as jobs,
        TestClient(http.create_app(library, SETTINGS, jobs), base_url="http://127.0.0.1") as client,
    ):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        with without_words(folder) as resume:
            word_index = library.parts.store.__dict__["_lexical"]
            word_index.__dict__["_soundness"].broken = True  # as the background verification does
            assert client.get("/readyz").json()["detail"].startswith(MISSING)
            assert client.get("/readyz").status_code == 503
            resume.set()
            wait_until(lambda: client.get("/readyz").status_code == 200)


def test_mcp_tools_report_a_missing_word_index(without_word_index: tuple[Library, threading.Event]) -> None:
    """The note is in the structured content and in the text."""
    library, _ = without_word_index
    tools_by_name = {tool.name: tool for tool in tools(library, SETTINGS)}
    arguments_of: dict[str, dict[str, Any]] = {
        "ask": {"question": QUESTION},
        "search": {"question": QUESTION},
        "check": {"text": "A zeppelin crossed the desert slowly."},
    }
    for name, arguments in arguments_of.items():
        result = tools_by_name[name].work(tools_by_name[name].takes.model_validate(arguments), lambda: False)
        assert result.content["notes"][0].startswith(MISSING)
        assert MISSING in result.text


def test_command_line_prints_the_note_on_standard_error(run: Run, write: Write, tmp_path: Path) -> None:
    """Standard output contains only the result, so it can be piped."""
    run("add", write("treaty.md", TREATY))
    text = write("draft.txt", "A zeppelin crossed the desert slowly.")
    for command in (["ask", QUESTION], ["search", QUESTION], ["coverage", QUESTION], ["check", text]):
        with without_words(tmp_path / "library") as resume, pytest.MonkeyPatch.context() as patched:
            patched.setattr(Library, "close", _resuming_first(Library.close, resume))
            result = run(*command)
        assert result.err.startswith(f"note: {MISSING}"), command
        assert MISSING not in result.out


def _resuming_first(close: Callable[[Library], None], resume: threading.Event) -> Callable[[Library], None]:
    """Closing a library waits for the step in progress, so let it finish first."""

    def close_after_resuming(library: Library) -> None:
        resume.set()
        close(library)

    return close_after_resuming


def test_doctor_waits_for_an_index_in_the_making(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that is being built is not a contradiction: it is checked when it is complete."""
    monkeypatch.setattr(store_module, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(store_module, "READER_PATIENCE", 0.0)
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert library.problems() == []
        assert library.stats().notes == ()
