"""What a reader is told where an index is missing, by every face; and that confidence knows of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from index.encoders.pretrained import DEFAULT_NAME
from index.library import batches
from index.library.library import Library
from index.page import create_app
from index.search.retriever import UNSEEN
from index.search.signals import NAMES, confidence
from index.server.mcp.tools import tools
from index.settings import Settings
from index.storage import upkeep
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

# In words


@pytest.mark.parametrize(
    ("readiness", "said"),
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
def test_what_is_missing_is_said_in_words(readiness: Readiness, said: tuple[str, ...]) -> None:
    """Which index, how much of it, what that means, and when it will be there."""
    assert readiness.notes == said


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
def test_a_few_passages_make_no_difference(readiness: Readiness, ready: bool) -> None:
    """One in twenty may be on its way."""
    assert readiness.ready == ready


def test_a_large_index_takes_minutes() -> None:
    """So long that nobody waits for it."""
    seconds = 100 * PASSAGES_PER_SECOND
    assert "about 2 minutes" in Readiness(seconds, seconds).notes[0]
    assert "about 60 seconds" in Readiness(60 * PASSAGES_PER_SECOND, 60 * PASSAGES_PER_SECOND).notes[0]


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, st.floats(0, 1))))
def test_without_words_nothing_is_surer(signals: dict[str, float]) -> None:
    """The same signals never give more confidence than with both indexes."""
    for encoder in (f"{DEFAULT_NAME}@1", "other@1"):
        assert 0 < confidence(signals, encoder, has_words=False) <= confidence(signals, encoder)
    assert confidence({}, DEFAULT_NAME, has_words=False) == 0


def test_without_words_a_doubtful_answer_is_none() -> None:
    """Cosines that would do with both indexes do not without the word index."""
    signals = {**dict.fromkeys(NAMES, 0.0), "sentence": 0.75, "passage": 0.75}
    assert confidence(signals, f"{DEFAULT_NAME}@1", has_words=False) < 0.6 < confidence(signals, f"{DEFAULT_NAME}@1")


# In a library


@pytest.fixture
def folder(tmp_path: Path, write: Write) -> Path:
    """A library, closed."""
    path = tmp_path / "library"
    with Library.open(path, SETTINGS, encoder=FakeEncoder()) as library:
        library.add([write("treaty.md", TREATY), write("whales.md", WHALES)])
        assert library.ask(QUESTION).status == "answered"
    return path


@pytest.fixture
def lost(folder: Path) -> Iterator[tuple[Library, threading.Event]]:
    """The library without its word index, and what lets a new one be made."""
    with without_words(folder) as going_on, Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        yield library, going_on
        going_on.set()


def test_every_answer_says_so(lost: tuple[Library, threading.Event]) -> None:
    """A search, an answer, the coverage, a text that is checked and a row of a batch; until the index is there."""
    library, going_on = lost
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
    going_on.set()
    wait_until(lambda: library.readiness().ready)
    answer = library.ask(QUESTION)
    assert (answer.status, answer.notes) == ("answered", ())
    assert library.check("A zeppelin crossed the desert slowly.").notes == ()
    assert library.stats().notes == ()


def test_words_that_have_to_be_there_are_not_passed_over_in_silence(lost: tuple[Library, threading.Event]) -> None:
    """What quotation marks and minus signs ask for, only the word index knows."""
    library, going_on = lost
    for question in ('"the king" treaty', "treaty -king"):
        assert library.search(question).notes[-1] == UNSEEN
    going_on.set()
    wait_until(lambda: library.readiness().ready)
    assert library.search('"the king" treaty').notes == ()


def test_a_small_index_is_waited_for(folder: Path) -> None:
    """It takes less time than reading a note about it: the first question after the loss is answered in full."""
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        answer = library.ask(QUESTION)
    assert (answer.status, answer.notes) == ("answered", ())


@pytest.mark.parametrize("passages", [6, 10**6])
def test_a_question_waits_for_seconds_not_for_minutes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, passages: int
) -> None:
    """An index that is made in the background is waited for where it will soon be there; else the note tells."""
    monkeypatch.setattr(upkeep, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 60.0)
    monkeypatch.setattr(upkeep, "PASSAGES_PER_SECOND", 6 / passages)  # as if it were so large
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert bool(library.ask(QUESTION).notes) == (passages > 6)


def test_a_writer_that_has_not_indexed_yet_is_told_of(folder: Path) -> None:
    """An answer says how many passages it could not look for by their words."""
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        store = library.__dict__["_store"]
        with store.writing():
            put(store.catalog, a_document("The comet came back.", source="/comet"))
            notes: list[str] = []
            asking = threading.Thread(target=lambda: notes.extend(library.search(QUESTION).notes))
            asking.start()
            asking.join(60)
            store.index()
        assert notes
        assert notes[0].startswith("The word index lacks 1 of ")
        assert "running change" in notes[0]
        assert library.search(QUESTION).notes == ()


def test_an_index_that_was_deleted_under_a_reader_is_made_again(folder: Path) -> None:
    """What is open is searched on, so that no answer is the poorer; for the next one there is a new index."""
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert library.ask(QUESTION).status == "answered"
        clear(folder / "lexical")
        assert library.ask(QUESTION).notes == ()
        assert (folder / "lexical" / "manifest.json").exists()


# Faces


def test_the_service_is_ready_with_both_indexes(lost: tuple[Library, threading.Event]) -> None:
    """`/readyz` names what is missing, and says when it is there; every answer over HTTP has the note meanwhile."""
    library, going_on = lost
    with TestClient(create_app(library, SETTINGS), base_url="http://127.0.0.1") as client:
        wait_until(lambda: "starting up" not in client.get("/readyz").text)
        waiting = client.get("/readyz")
        assert waiting.status_code == 503
        assert waiting.json()["detail"].startswith(MISSING)
        asked = {"question": QUESTION}
        assert client.post("/v1/ask", json=asked).json()["notes"][0].startswith(MISSING)
        assert client.post("/v1/search", json=asked).json()["notes"][0].startswith(MISSING)
        assert client.post("/v1/coverage", json=asked).json()["notes"][0].startswith(MISSING)
        text = {"text": "A zeppelin crossed the desert slowly."}
        assert client.post("/v1/check", json=text).json()["notes"][0].startswith(MISSING)
        assert MISSING in client.get("/page/coverage", params={"q": QUESTION}).text
        job = client.post("/v1/batch", json={"questions": [QUESTION]}).headers["location"]
        wait_until(lambda: client.get(job).json()["state"] == "done")
        assert client.get(job).json()["rows"][0]["note"].startswith(MISSING)
        assert client.get("/v1/stats").json()["notes"][0].startswith(MISSING)
        going_on.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/ask", json=asked).json()["notes"] == []
        assert client.get("/readyz").json() == {"status": "ok"}


def test_the_service_is_not_ready_where_an_index_is_lost(folder: Path) -> None:
    """It was; then the index turned out to be damaged."""
    with (
        Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library,
        TestClient(create_app(library, SETTINGS), base_url="http://127.0.0.1") as client,
    ):
        wait_until(lambda: client.get("/readyz").status_code == 200)
        with without_words(folder) as going_on:
            words = library.__dict__["_store"].__dict__["_lexical"]
            words.__dict__["_soundness"].broken = True  # as what reads the files in the background finds out
            assert client.get("/readyz").json()["detail"].startswith(MISSING)
            assert client.get("/readyz").status_code == 503
            going_on.set()
            wait_until(lambda: client.get("/readyz").status_code == 200)


def test_assistants_are_told(lost: tuple[Library, threading.Event]) -> None:
    """In what programs read, and in what is read aloud."""
    library, _ = lost
    offered = {tool.name: tool for tool in tools(library, SETTINGS)}
    asked: dict[str, dict[str, Any]] = {
        "ask": {"question": QUESTION},
        "search": {"question": QUESTION},
        "check": {"text": "A zeppelin crossed the desert slowly."},
    }
    for name, arguments in asked.items():
        result = offered[name].work(offered[name].takes.model_validate(arguments), lambda: False)
        assert result.content["notes"][0].startswith(MISSING)
        assert MISSING in result.text


def test_the_command_line_tells(run: Run, write: Write, tmp_path: Path) -> None:
    """On standard error, so that what is piped on is the result alone."""
    run("add", write("treaty.md", TREATY))
    text = write("draft.txt", "A zeppelin crossed the desert slowly.")
    for command in (["ask", QUESTION], ["search", QUESTION], ["coverage", QUESTION], ["check", text]):
        with without_words(tmp_path / "library") as going_on, pytest.MonkeyPatch.context() as patched:
            patched.setattr(Library, "close", _going_on_first(Library.close, going_on))
            done = run(*command)
        assert done.err.startswith(f"note: {MISSING}"), command
        assert MISSING not in done.out


def _going_on_first(close: Callable[[Library], None], going_on: threading.Event) -> Callable[[Library], None]:
    """Closing a library waits for the step that is under way: let it be done."""

    def closing(library: Library) -> None:
        going_on.set()
        close(library)

    return closing


def test_the_doctor_waits_for_the_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is being made is no contradiction: it is examined when it is there."""
    monkeypatch.setattr(upkeep, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 0.0)
    clear(folder / "lexical")
    with Library.open(folder, SETTINGS, encoder=FakeEncoder()) as library:
        assert library.problems() == []
        assert library.stats().notes == ()
