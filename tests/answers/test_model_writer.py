"""The model writer: it streams what a server sends, and otherwise ends in time with one clear error."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from index.answers.writer import model_writer as writer_module
from index.answers.writer.endpoint import DIALECTS, Connection, Dialect, ReplyError
from index.answers.writer.model_writer import ModelWriter
from index.answers.writer.prompts import Source
from index.errors import WriterError
from tests.answers.model_server import (
    chunk,
    playing,
    sends_events,
    sends_forever,
    sends_parts,
    sends_status,
    sends_texts,
)
from tests.cases import cases

if TYPE_CHECKING:
    from tests.answers.model_server import Play, Player

QUESTION = "Who signed it?"
SOURCES = [Source(1, "The book of kings", "p. 3", "The king signed it. The ship left.")]
ANSWER = ["The king ", "signed it", " [1]."]
KEY = "sk-very-secret-0123456789"
LONG_TIMEOUT, SHORT_TIMEOUT = 15.0, 0.4
"""The timeouts in seconds of a writer that gets an answer, and of one that gets none."""
MAX_SECONDS = 15.0
"""Everything must end within so many seconds, however busy the machine is."""
TOKENS = 50


def writer(url: str, *, key: str = "", timeout: float = LONG_TIMEOUT, model: str = "m") -> ModelWriter:
    """Return a writer of short answers, whose model is known to mark its thoughts."""
    model_writer = ModelWriter(url, model, key, timeout_seconds=timeout, budget_tokens=2000, max_answer_tokens=TOKENS)
    DIALECTS.set(model_writer._url, model, Dialect(marks_thoughts=True))
    return model_writer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr(writer_module, "PAUSES", (0.0, 0.0))


def failure(model_writer: ModelWriter) -> tuple[list[str], WriterError]:
    """Return the pieces that a writer yields before it fails, and its error; a late failure is a timeout."""
    pieces: list[str] = []
    with pytest.raises(WriterError) as raised:
        pieces.extend(model_writer.stream(QUESTION, SOURCES))
    return pieces, raised.value


_sends_answer = sends_parts(
    *(f"data: {json.dumps(chunk({'content': text}))}\n\n" for text in (None, "", *ANSWER)),
    f"data: {json.dumps(chunk({}, 'stop'))}\n\ndata: [DONE]\n\n",
)


def test_request_has_the_model_the_prompt_and_a_limit() -> None:
    """One request is sent: temperature 0, streamed, and without information about the user."""
    with playing(_sends_answer) as stage:
        assert list(writer(stage.url, model="llama").stream(QUESTION, SOURCES)) == ANSWER
    (request,) = stage.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["user-agent"] == "pincite"
    messages = request.body.pop("messages")
    assert request.body == {"model": "llama", "max_tokens": TOKENS, "temperature": 0, "stream": True}
    assert "The ship left." in messages[1]["content"]
    assert messages[1]["content"].endswith(QUESTION)


def test_redirect_is_not_followed() -> None:
    """Key and words of the documents are sent to the configured address only; the error has the whole target."""
    with playing(_sends_answer) as elsewhere:
        target = elsewhere.url.replace("127.0.0.1", "localhost")
        for status in (301, 302, 303, 307, 308):
            location = f"{target.replace('//', f'//name:{KEY}@')}/models?key={KEY}"
            with playing(sends_status(status, location=location)) as stage:
                pieces, error = failure(writer(stage.url, key=KEY))
            assert (pieces, error.reason, len(stage.requests)) == ([], "redirected", 1)
            assert f"redirects to {target}/models, and redirects are not followed" in error.message
            assert KEY not in str(error)
            assert "PINCITE_LLM_URL" in error.hint
        assert elsewhere.requests == []
    with playing(sends_status(307, location="/v2/chat/completions")) as stage:
        pieces, error = failure(writer(stage.url))
    assert (pieces, error.reason, len(stage.requests)) == ([], "redirected", 1)
    assert f"redirects to http://127.0.0.1:{stage.server_port}/v2/chat/completions" in error.message


PATHS = {
    **dict.fromkeys(("", "/", "/v1", "/v1/"), "/v1/chat/completions"),
    "/openai/v1": "/openai/v1/chat/completions",
    "/v4/chat/completions": "/v4/chat/completions",
}


@cases("path", PATHS)
def test_address_is_completed_to_the_chat_endpoint(path: str) -> None:
    """The address may be given in full or in part, and in capitals."""
    with playing(_sends_answer) as stage:
        url = f"HTTP://127.0.0.1:{stage.server_port}{path}"
        assert list(writer(url).stream(QUESTION, SOURCES)) == ANSWER
    assert stage.requests[0].path == PATHS[path]


def test_piece_is_yielded_before_the_next_is_written() -> None:
    """The server writes its second piece only after the client has read the first."""
    first_read = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king ")
        player.say("signed it." if first_read.wait(MAX_SECONDS) else "the client did not read", finish="stop")

    with playing(play) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES)
        assert next(pieces) == "The king "
        first_read.set()
        assert list(pieces) == ["signed it."]


def test_slow_reader_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that arrived in time are kept for a reader that takes longer than the timeout."""
    with playing(_sends_answer) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES)
        read = [next(pieces)]
        assert _all_writers_end()
        after_the_deadline = time.monotonic() + 2 * LONG_TIMEOUT
        monkeypatch.setattr(writer_module, "time", SimpleNamespace(monotonic=lambda: after_the_deadline))
        assert [*read, *pieces] == ANSWER


def test_concurrent_questions_get_their_own_answers() -> None:
    """Forty questions in eight threads share one writer."""

    def play(player: Player) -> None:
        player.begin()
        player.say(player.request_body["messages"][1]["content"][-3:], finish="stop")

    with playing(play) as stage, ThreadPoolExecutor(8) as pool:
        model_writer = writer(stage.url)
        questions = [f"Who was no. {n:03}" for n in range(40)]
        answers = pool.map(lambda question: "".join(model_writer.stream(question, SOURCES)), questions)
        assert list(answers) == [question[-3:] for question in questions]


# Failures, grouped by the reason that the error must name.


def _sends_piece_and(*events: object) -> Play:
    """Return a play that sends one piece, and then these events."""
    return sends_events(chunk({"content": ANSWER[0]}), *events)


def _sends_raw(*parts: str | bytes) -> Play:
    """Return a play that sends this data instead of an HTTP response."""

    def play(player: Player) -> None:
        for part in parts:
            player.send(part)

    return play


def _sends_piece_then(*steps: Play) -> Play:
    """Return a play that sends one piece, and then takes these steps."""

    def play(player: Player) -> None:
        player.begin()
        player.say(ANSWER[0])
        for step in steps:
            step(player)

    return play


def _resets_connection(player: Player) -> None:
    player.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    player.connection.close()


def _false_compression(player: Player) -> None:
    player.begin(content_encoding="gzip")
    player.send("no gzip")


def _sends_only_headers(player: Player) -> None:
    player.begin()
    player.hang()


def _sends_headers_slowly(player: Player) -> None:
    player.send("HTTP/1.1 200 OK\r\nx-head: ")
    player.repeat("x", 0.02)


REFUSED: dict[str, tuple[Play, str]] = {
    "bad parameters": (sends_status(422, '{"detail": [{"loc": ["body", "n"], "msg": "odd"}]}'), "body.n: odd"),
    "too many": (sends_status(429, "slow down", "text/plain"), "HTTP status 429: slow down."),
    "an error without words": (sends_status(500), "HTTP status 500."),
    "an error that is not UTF-8": (sends_status(400, b"\xff\xfe\x00nope", "text/plain"), "nope"),
    "an error in odd JSON": (sends_status(400, '[1, "two"]'), "two"),
    "an error in deep JSON": (sends_status(400, "[" * 100_000), "HTTP status 400: [[["),
    "an error without end": (sends_forever("x" * 65536, status=500, kind="text/plain"), "HTTP status 500: xxx"),
    "a redirect without a target": (sends_status(302), "HTTP status 302."),
    "an error event of TGI": (_sends_piece_and({"error": "overloaded", "error_type": "x"}), "error: overloaded."),
}
MALFORMED: dict[str, Play] = {
    "a page without end": sends_forever("<p>" * 20_000 + "\n", kind="text/html"),
    "bytes": sends_parts(bytes(range(256)) * 9, kind="application/octet-stream"),
    "no JSON": sends_parts("data: well, well\n\n"),
    "deep JSON": sends_parts(f"data: {'[' * 100_000}\n\n"),
    "a line without end": sends_forever("data: " + "x" * 65536),
    "an event that is no object": _sends_piece_and([1, 2]),
    "null": _sends_piece_and(None),
    "no choices": _sends_piece_and({"choices": 7}),
    "a choice that is no object": _sends_piece_and({"choices": ["a"]}),
    "choices as an object": _sends_piece_and({"choices": {"a": 1}}),
    "no delta": _sends_piece_and({"choices": [{"delta": "a"}]}),
    "no text": _sends_piece_and(chunk({"content": ["a"]})),
    "a number": _sends_piece_and(chunk({"content": 7})),
    "another protocol": _sends_raw("220 mail.example.org ESMTP\r\n\r\n"),
    "a false compression": _false_compression,
}
EMPTY: dict[str, Play] = {
    "blanks": sends_texts(" ", "\n"),
    "nothing, and closing words": sends_texts("<think>Well</think>", ""),
}
CUT_SHORT: dict[str, Play] = {
    "it is reset": _sends_piece_then(_resets_connection),
    "a line of it does not end": _sends_piece_then(lambda player: player.repeat("x" * 65536)),
    "its chunks stop": _sends_raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "ffff\r\ndata: x"),
    "it is shorter than it says": _sends_raw("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", ": ping\n"),
    "it thinks to the end": sends_texts("<think>Well, ", finish="length"),
}
TOO_SLOW: dict[str, Play] = {
    "it accepts and hangs": lambda player: player.hang(),
    "it hangs after the head": _sends_only_headers,
    "it hangs after a piece": _sends_piece_then(lambda player: player.hang()),
    "its head trickles": _sends_headers_slowly,
    "its pings trickle": sends_forever(": ping\n\n", pause=0.02),
    "an event trickles": _sends_piece_then(lambda player: player.repeat("x", 0.02)),
    "its error trickles": sends_forever("x", pause=0.02, status=503, kind="text/plain"),
    "its pieces trickle": sends_forever(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.02),
}


@cases(("play", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal_is_passed_on(play: Play, words: str) -> None:
    """The server's message is part of the error; a temporary error is retried twice."""
    with playing(play) as stage:
        _, error = failure(writer(stage.url))
    assert error.reason == "refused"
    assert words in error.message
    assert len(error.message) < 500
    assert len(stage.requests) == (3 if any(f"status {status}" in words for status in (429, 500)) else 1)


@cases(
    ("reason", "play"),
    [
        pytest.param(reason, play, id=name)
        for reason, plays in (("malformed", MALFORMED), ("empty", EMPTY), ("cut short", CUT_SHORT))
        for name, play in plays.items()
    ],
)
def test_response_that_is_no_whole_answer_is_an_error(reason: str, play: Play) -> None:
    """It is rejected before it fills the memory; an answer that breaks off, or would never end, is no whole one."""
    with playing(play) as stage:
        pieces, error = failure(writer(stage.url))
    assert error.reason == reason
    assert len("".join(pieces)) <= 16 * TOKENS
    assert reason != "malformed" or pieces in ([], ANSWER[:1])
    assert reason != "empty" or "".join(pieces).strip() == ""
    assert stage.sent < 50_000_000


def test_timeout_covers_the_whole_answer() -> None:
    """One deadline covers all parts of the exchange, however busy the server looks; then the client disconnects."""
    with ThreadPoolExecutor(len(TOO_SLOW)) as pool:
        outcomes = dict(zip(TOO_SLOW, pool.map(_outcome_of_a_slow_server, TOO_SLOW.values()), strict=True))
    assert outcomes == dict.fromkeys(TOO_SLOW, ("timeout", True))
    assert _all_writers_end()


def _outcome_of_a_slow_server(play: Play) -> tuple[str, bool]:
    """Return the reason of the error, and whether the client disconnected."""
    with playing(play) as stage:
        _, error = failure(writer(stage.url, timeout=SHORT_TIMEOUT))
        disconnected = play is _sends_headers_slowly or stage.left.wait(
            MAX_SECONDS
        )  # the headers are read to their end first
        return error.reason, disconnected


def _all_writers_end() -> bool:
    """Return whether every thread of a writer ends in time."""
    until = time.monotonic() + MAX_SECONDS
    while time.monotonic() < until:
        if not any(thread.name == "pincite-writer" for thread in threading.enumerate()):
            return True
        time.sleep(0.02)
    return False


SERVER = """
import json, socket, time
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
connection, _ = listening.accept()
connection.recv(65536)
connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\n\\r\\n")
while True:
    connection.sendall(b'data: {"choices": [{"delta": {"content": "x"}}]}\\n\\n')
    time.sleep(0.01)
"""


def test_answer_of_a_killed_server_is_cut_short() -> None:
    """The words of a server that is killed while it writes are kept, and the error says that they are not all."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdout is not None
        pieces = writer(f"http://127.0.0.1:{int(server.stdout.readline())}").stream(QUESTION, SOURCES)
        assert [next(pieces), next(pieces)] == ["x", "x"]
        server.send_signal(signal.SIGKILL)
        with pytest.raises(WriterError) as raised:
            list(pieces)
    assert raised.value.reason == "cut short"


def test_missing_server_is_unreachable() -> None:
    """So is one that closes the connection without an answer, and one without encryption at an https address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    _, error = failure(writer(f"http://127.0.0.1:{port}"))
    assert error.reason == "unreachable"
    assert f"m at 127.0.0.1:{port}, could not be reached" in error.message
    assert "PINCITE_LLM_URL" in error.hint
    for play in (_sends_raw(), _resets_connection):
        with playing(play) as stage:
            assert failure(writer(stage.url))[1].reason == "unreachable"
    with playing(_sends_answer) as stage:
        assert failure(writer(stage.url.replace("http", "https")))[1].reason == "unreachable"


INVALID_ADDRESSES = ["", "llama", "localhost:11434", "//host/v1", "http://", "http://:80/v1", "http://host:port/v1"]
INVALID_ADDRESSES += ["http://[::1/v1", "ftp://host/v1", "file:///etc/passwd"]


@cases("url", INVALID_ADDRESSES)
def test_invalid_address_is_refused_before_a_request(url: str) -> None:
    """The constructor raises the error, so nothing is sent."""
    with pytest.raises(WriterError) as raised:
        writer(url)
    assert raised.value.reason == "unreachable"


def test_closing_the_stream_disconnects() -> None:
    """The client disconnects at once, whether the server is writing or silent."""
    forever = sends_forever(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.01)
    for play in (forever, _sends_piece_then(lambda player: player.hang())):
        with playing(play) as stage:
            pieces = writer(stage.url).stream(QUESTION, SOURCES)
            next(pieces)
            pieces.close()  # type: ignore[attr-defined]
            assert stage.left.wait(MAX_SECONDS)
    assert _all_writers_end()


def test_beats_wake_a_reader_while_the_server_is_silent() -> None:
    """The reader gets empty pieces, and the words that follow are not lost."""
    resume = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king ")
        player.say("signed it." if resume.wait(MAX_SECONDS) else "no beat came", finish="stop")

    with playing(play) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES, beat_seconds=0.01)
        while next(pieces) != "The king ":
            pass
        assert next(pieces) == ""
        resume.set()
        assert "".join(pieces) == "signed it."


def test_aborted_connection_sends_no_request() -> None:
    """Once nobody waits for the answer, neither the first request nor a retry is sent."""
    connection = Connection()
    connection.abort()
    with pytest.raises(ReplyError) as raised:
        connection.check()
    assert raised.value.reason == "timeout"


# Secrets of the user and of the machine.


SECRETS = (
    "OPENAI_API_KEY",
    "OPENAI_ADMIN_KEY",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_WEBHOOK_SECRET",
    "HF_TOKEN",
)
ENVIRONMENT = {
    **dict.fromkeys(SECRETS, "of-the-user"),
    "OPENAI_BASE_URL": "http://127.0.0.1:9/of-the-user",
    "OPENAI_CUSTOM_HEADERS": "Authorization: of-the-user\nX-Tenant: of-the-user",
    "OPENAI_LOG": "debug",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "NETRC": "/dev/null",
}
HEADERS = {"host", "accept", "content-type", "content-length", "user-agent", "accept-encoding"}


def test_key_is_sent_only_as_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server gets the given key; without one, no key of the environment is sent."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with playing(_sends_answer) as stage:
        list(writer(stage.url, key=f" {KEY}\n").stream(QUESTION, SOURCES))
        list(writer(stage.url).stream(QUESTION, SOURCES))
        list(writer(stage.url.replace("//", "//me:word@")).stream(QUESTION, SOURCES))
    first, second, third = (request.headers for request in stage.requests)
    assert first["authorization"] == f"Bearer {KEY}"
    assert third["authorization"] == "Basic bWU6d29yZA=="
    assert set(second) == HEADERS
    assert "of-the-user" not in str(stage.requests)


def test_client_does_not_read_the_environment() -> None:
    """A process of its own shows that the import of the client does not read it either."""
    program = (
        "import sys; from index.answers.writer.model_writer import ModelWriter\n"
        "writer = ModelWriter(sys.argv[1], 'm', timeout_seconds=30, budget_tokens=900, max_answer_tokens=9)\n"
        "print(''.join(writer.stream('Who signed it?', [])))"
    )
    with playing(_sends_answer) as stage:
        run = subprocess.run(
            [sys.executable, "-c", program, stage.url],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **ENVIRONMENT},
        )
    assert (run.stdout, run.stderr) == ("The king signed it [1].\n", "")
    assert set(stage.requests[0].headers) == HEADERS


def test_key_is_in_no_error_traceback_or_log(caplog: pytest.LogCaptureFixture) -> None:
    """The server may even repeat the key."""
    caplog.set_level(logging.DEBUG)
    refused = sends_status(401, json.dumps({"error": f"The key {KEY} is wrong, {KEY}!"}))
    for play in (
        refused,
        _sends_piece_and({"error": f"no credit for {KEY}"}),
        _sends_piece_and(f"{KEY}"),
        _sends_raw(f"Bearer {KEY}\r\n"),
        _sends_answer,
    ):
        with playing(play) as stage:
            model_writer = writer(stage.url.replace("//", "//user:password@"), key=KEY)
            try:
                list(model_writer.stream(QUESTION, SOURCES))
            except WriterError as error:
                shown = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error)) + model_writer.name
                assert KEY not in shown
                assert "password" not in shown
    assert "HTTP" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(model_writer) + json.dumps(stage.requests[0].body)


@pytest.mark.parametrize("key", ["sk-\nx: y", "sk-ключ", "sk\x00"])
def test_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """The error does not repeat the key."""
    with pytest.raises(WriterError) as raised:
        writer("http://127.0.0.1", key=key)
    assert raised.value.reason == "refused"
    assert key not in str(raised.value)
