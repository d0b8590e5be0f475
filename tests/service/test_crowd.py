"""Many at once: nobody gets an error, nobody a wrong citation; and who goes away is worked for no longer."""

from __future__ import annotations

import json
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
from tests.service.crowd import add, ask_at_once, changing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from index.records import Answer, Check, Statement
    from tests.answers.model_server import Player

CLIENTS = 20
SUBJECTS = [line.split()[0] for line in IDEAS]
QUESTIONS = [f"What of the {subject} and the harbour in winter?" for subject in SUBJECTS[:10]]
PASSING = "In winter the ship and the whale were in the harbour, wrote physician number {}, and the comet above it."


class Endless(Library):
    """A library that goes on talking for as long as somebody listens."""

    left: threading.Event

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """Words, and no answer; `left` is set once nobody wants more of them."""
        try:
            while not self.left.wait(0.01):
                yield "word "
        finally:
            self.left.set()


@contextmanager
def serving(library: Library, settings: Settings) -> Iterator[str]:
    """The service over a library."""
    uploads = Uploads(library.folder / "uploads", settings)
    jobs = Jobs(library, settings, uploads)
    try:
        with hosted(create_app(library, settings, jobs)) as url:
            yield url
    finally:
        jobs.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a library is of thirty documents, each about two things."""
    sources = tmp_path / "sources"
    sources.mkdir()
    for one, other in zip(SUBJECTS, [*SUBJECTS[1:], SUBJECTS[0]], strict=True):
        text = f"In the harbour the {one} came before the {other}.\n\nIn winter nobody saw the {one} again.\n"
        (sources / f"{one}.txt").write_text(text * 3)
    with Library.open(tmp_path / "library", _settings(), encoder=FakeEncoder()) as library:
        assert not library.add(sources).failed
    return tmp_path / "library"


def test_twenty_ask_while_files_come_and_go(folder: Path) -> None:
    """Every answer comes, every citation is its document's words, and what was removed is cited no more."""
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


def test_many_add_at_once(folder: Path) -> None:
    """Each of twenty uploads at the same time is in the library in the end, and can be read there."""
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


def test_who_goes_away_is_worked_for_no_longer(folder: Path) -> None:
    """A client that hangs up in the middle of an answer ends the work on it."""
    with Endless.open(folder, _settings(), encoder=FakeEncoder()) as library, serving(library, _settings()) as url:
        library.left = threading.Event()
        with httpx.Client(base_url=url, timeout=60) as client, _stream(client, "quote") as answer:
            lines = answer.iter_lines()
            for _ in range(3):
                assert any("word" in line for line in lines)
            assert not library.left.is_set()
        assert library.left.wait(10)


class Thorough(Library):
    """A library that checks a text for as long as somebody waits, and says when it begins and ends."""

    begun: threading.Semaphore
    left: threading.Semaphore

    def check_stream(self, text: str, **options: Any) -> Generator[Statement | Check, None, None]:
        """The same sentence again and again."""
        self.begun.release()
        try:
            while True:
                yield from islice(super().check_stream(text, **options), 1)
                threading.Event().wait(0.01)
        finally:
            self.left.release()


@contextmanager
def _thorough(folder: Path) -> Iterator[tuple[str, Thorough]]:
    with Thorough.open(folder, _settings(), encoder=FakeEncoder()) as library, serving(library, _settings()) as url:
        library.begun, library.left = threading.Semaphore(0), threading.Semaphore(0)
        yield url, library


def _mcp(text: str) -> dict[str, Any]:
    called = {"name": "check", "arguments": {"text": text}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/check", {"text": "The whale came before the comet."}), ("/mcp", _mcp("The whale came before the comet."))],
    ids=["HTTP", "MCP"],
)
def test_who_goes_away_ends_a_check(folder: Path, path: str, body: dict[str, Any]) -> None:
    """Whichever way it was asked for: what is left of the text is not looked at, and the next one's turn comes."""
    with _thorough(folder) as (url, library):
        for _ in range(CHECKS + 1):
            connection = _sent(url, path, body)
            assert library.begun.acquire(timeout=30)
            connection.close()
            assert library.left.acquire(timeout=30)


def test_checks_do_not_hold_questions_up(folder: Path) -> None:
    """Whoever asks a question while another has many texts checked is answered; and only one text is checked at a time.

    The other slot for checks is kept for others.
    """
    with _thorough(folder) as (url, library):
        connections = [_sent(url, "/v1/check", {"text": "The whale came before the comet."}) for _ in range(8)]
        assert library.begun.acquire(timeout=30)
        for question in QUESTIONS[:5]:
            assert httpx.post(f"{url}/v1/ask", json={"question": question}, timeout=60).status_code == 200
        assert not library.begun.acquire(blocking=False)
        for connection in reversed(connections):
            connection.close()
        assert library.left.acquire(timeout=30)


def _sent(url: str, path: str, body: dict[str, Any]) -> HTTPConnection:
    """A connection with a request on it, whose response nobody waits for."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    connection.request("POST", path, json.dumps(body), headers)
    return connection


def test_who_goes_away_ends_the_model_s_work(folder: Path) -> None:
    """Hanging up reaches as far as the language model, which would go on writing otherwise."""

    def play(player: Player) -> None:
        player.begin()
        while not player.server.over.wait(0.02):
            player.say("The whale came before the comet. ")

    with playing(play) as stage:
        acquaint(stage)
        settings = _settings(llm_url=stage.url, llm_model="m")
        with (
            Library.open(folder, settings, encoder=FakeEncoder()) as library,
            serving(library, settings) as url,
            httpx.Client(base_url=url, timeout=60) as client,
        ):
            with _stream(client, "model") as answer:
                assert any("whale" in line for line in answer.iter_lines())
                assert not stage.left.is_set()
            assert stage.left.wait(10)


@contextmanager
def _stream(client: httpx.Client, writer: str) -> Iterator[httpx.Response]:
    """An answer as it comes."""
    asked = {"question": "What of the whale and the harbour?", "writer": writer}
    with client.stream("POST", "/v1/ask", json=asked, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.read()
        yield answer


def _settings(**changes: Any) -> Settings:
    return Settings(passage_tokens=32, bar=0, **changes)
