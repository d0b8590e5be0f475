"""Many clients at once get no errors and no wrong citations; work ends when its client disconnects."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from index.library.library import Library
from index.server.http import create_app
from index.server.http.service import CHECKS
from index.server.job_queue import Jobs
from index.server.uploads import Uploads
from index.settings import Settings
from tests.answers.model_server import acquaint, playing
from tests.fakes import IDEAS, FakeEncoder
from tests.hosted import hosted
from tests.nightly import length
from tests.service.crowd import add, ask_at_once, changing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from index.records import Answer, Check, Statement
    from tests.answers.model_server import Player

CLIENTS = 20
SUBJECTS = [line.split()[0] for line in IDEAS]
QUESTIONS = [f"What of the {subject} and the harbour in winter?" for subject in SUBJECTS[: length(5, 10)]]
PASSING = "In winter the ship and the whale were in the harbour, wrote physician number {}, and the comet above it."


class EndlessLibrary(Library):
    """A library whose answer never ends while a client reads it."""

    abandoned: threading.Event

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """Yield words without an answer, and set `abandoned` once the stream is closed."""
        try:
            while not self.abandoned.wait(0.01):
                yield "word "
        finally:
            self.abandoned.set()


@contextmanager
def serving(library: Library, settings: Settings) -> Iterator[str]:
    """Serve a library over HTTP; yields the address."""
    uploads = Uploads(library.folder / "uploads", settings)
    jobs = Jobs(library, settings, uploads)
    try:
        with hosted(create_app(library, settings, jobs)) as url:
            yield url
    finally:
        jobs.close()


@pytest.fixture(scope="module")
def closed_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of thirty documents, each about two subjects. Tests use copies of it."""
    folder = tmp_path_factory.mktemp("crowd")
    sources = folder / "sources"
    sources.mkdir()
    for subject, neighbour in zip(SUBJECTS, [*SUBJECTS[1:], SUBJECTS[0]], strict=True):
        text = f"In the harbour the {subject} came before the {neighbour}.\n\nIn winter nobody saw the {subject}.\n"
        (sources / f"{subject}.txt").write_text(text * 3)
    with Library.open(folder / "library", _settings(), encoder=FakeEncoder()) as library:
        assert not library.add(sources).failed
    return folder / "library"


@pytest.fixture
def folder(closed_library: Path, tmp_path: Path) -> Path:
    """A copy of that library."""
    return shutil.copytree(closed_library, tmp_path / "library")


def test_questions_are_answered_while_files_change(folder: Path) -> None:
    """Every question is answered, every citation is its document's words, and no removed document is cited."""
    with Library.open(folder, _settings(), encoder=FakeEncoder()) as library, serving(library, _settings()) as url:
        with changing(url, PASSING) as changes:
            account = ask_at_once(url, QUESTIONS, clients=CLIENTS, changes=changes)
        assert account.troubles == []
        assert changes.troubles == []
        assert len(account.milliseconds) == CLIENTS * len(QUESTIONS)
        assert account.citations > len(account.milliseconds) / 2
        assert changes.added > 0
        assert len(library.documents()) == len(SUBJECTS)
        assert library.verify().mismatches == ()


def test_simultaneous_uploads_are_all_added(folder: Path) -> None:
    """Each of twenty simultaneous uploads is added and can be read."""
    with Library.open(folder, _settings(), encoder=FakeEncoder()) as library, serving(library, _settings()) as url:

        def upload(number: int) -> None:
            with httpx.Client(base_url=url, timeout=60) as client:
                jobs[number] = add(client, {f"note {number}.txt": PASSING.format(number).encode()})

        jobs: dict[int, dict[str, Any]] = {}
        threads = [threading.Thread(target=upload, args=[number]) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [jobs[number]["files"][0]["stage"] for number in range(CLIENTS)] == ["added"] * CLIENTS
        texts = {library.document(f"note {number}.txt").text for number in range(CLIENTS)}
        assert texts == {PASSING.format(number) for number in range(CLIENTS)}


def test_disconnect_ends_the_answer(folder: Path) -> None:
    """A client that disconnects in the middle of an answer ends the work on it."""
    with (
        EndlessLibrary.open(folder, _settings(), encoder=FakeEncoder()) as library,
        serving(library, _settings()) as url,
    ):
        library.abandoned = threading.Event()
        with httpx.Client(base_url=url, timeout=60) as client, _stream_answer(client, "quote") as answer:
            lines = answer.iter_lines()
            for _ in range(3):
                assert any("word" in line for line in lines)
            assert not library.abandoned.is_set()
        assert library.abandoned.wait(10)


class CheckingLibrary(Library):
    """A library whose checks never end while a client waits, and which signals their start and end."""

    started_checks: threading.Semaphore
    abandoned: threading.Semaphore

    def check_stream(self, text: str, **options: Any) -> Generator[Statement | Check, None, None]:
        """Check the first sentence again and again."""
        self.started_checks.release()
        try:
            while True:
                yield from islice(super().check_stream(text, **options), 1)
                threading.Event().wait(0.01)
        finally:
            self.abandoned.release()


@contextmanager
def _serving_checks(folder: Path) -> Iterator[tuple[str, CheckingLibrary]]:
    with (
        CheckingLibrary.open(folder, _settings(), encoder=FakeEncoder()) as library,
        serving(library, _settings()) as url,
    ):
        library.started_checks, library.abandoned = threading.Semaphore(0), threading.Semaphore(0)
        yield url, library


def _mcp_check(text: str) -> dict[str, Any]:
    parameters = {"name": "check", "arguments": {"text": text}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/check", {"text": "The whale came before the comet."}),
        ("/mcp", _mcp_check("The whale came before the comet.")),
    ],
    ids=["HTTP", "MCP"],
)
def test_disconnect_ends_the_check(folder: Path, path: str, body: dict[str, Any]) -> None:
    """A client that disconnects ends its check over HTTP and over MCP, and frees the slot for the next one."""
    with _serving_checks(folder) as (url, library):
        for _ in range(CHECKS + 1):
            connection = _send_without_reading(url, path, body)
            assert library.started_checks.acquire(timeout=30)
            connection.close()
            assert library.abandoned.acquire(timeout=30)


def test_checks_do_not_delay_questions(folder: Path) -> None:
    """Questions are answered while one client has many texts checked, of which only one is checked at a time.

    The other slot for checks stays free for other clients.
    """
    with _serving_checks(folder) as (url, library):
        connections = [
            _send_without_reading(url, "/v1/check", {"text": "The whale came before the comet."}) for _ in range(8)
        ]
        assert library.started_checks.acquire(timeout=30)
        for question in QUESTIONS[:5]:
            assert httpx.post(f"{url}/v1/ask", json={"question": question}, timeout=60).status_code == 200
        assert not library.started_checks.acquire(blocking=False)
        for connection in reversed(connections):
            connection.close()
        assert library.abandoned.acquire(timeout=30)


def _send_without_reading(url: str, path: str, body: dict[str, Any]) -> HTTPConnection:
    """Send a request without reading the response, and return the connection."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection.request("POST", path, json.dumps(body), headers)
    return connection


def test_disconnect_ends_the_request_to_the_model(folder: Path) -> None:
    """A client that disconnects also ends the request to the language model, which would otherwise go on writing."""

    def write_endlessly(player: Player) -> None:
        player.begin()
        while not player.server.over.wait(0.02):
            player.say("The whale came before the comet. ")

    with playing(write_endlessly) as stage:
        acquaint(stage)
        settings = _settings(llm_url=stage.url, llm_model="m")
        with (
            Library.open(folder, settings, encoder=FakeEncoder()) as library,
            serving(library, settings) as url,
            httpx.Client(base_url=url, timeout=60) as client,
        ):
            with _stream_answer(client, "model") as answer:
                assert any("whale" in line for line in answer.iter_lines())
                assert not stage.left.is_set()
            assert stage.left.wait(10)


@contextmanager
def _stream_answer(client: httpx.Client, writer: str) -> Iterator[httpx.Response]:
    """Stream an answer."""
    body = {"question": "What of the whale and the harbour?", "writer": writer}
    with client.stream("POST", "/v1/ask", json=body, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        yield answer


def _settings(**changes: Any) -> Settings:
    return Settings(passage_tokens=32, bar=0, **changes)
