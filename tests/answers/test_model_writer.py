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
from tests.answers.model_server import chunk, playing
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


def _sends_answer(player: Player) -> None:
    player.begin()
    player.event(chunk({"role": "assistant", "content": None}))
    player.say(*ANSWER, finish="stop")
    player.send("data: [DONE]\n\n")


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_to_another_host_is_not_followed(status: int) -> None:
    """The key and the words of the documents are sent to the configured address only."""
    with playing(_sends_answer) as elsewhere:
        target = elsewhere.url.replace("127.0.0.1", "localhost")

        def redirect(player: Player) -> None:
            player.begin(status, location=f"{target.replace('//', f'//name:{KEY}@')}/models?key={KEY}")

        with playing(redirect) as stage:
            pieces, error = failure(writer(stage.url, key=KEY))
        assert pieces == []
        assert error.reason == "redirected"
        assert f"redirects to {target}/models, and redirects are not followed" in error.message
        assert KEY not in str(error)
        assert "PINCITE_LLM_URL" in error.hint
        assert len(stage.requests) == 1
        assert elsewhere.requests == []


def test_redirect_on_the_same_host_is_not_followed() -> None:
    """The error gives the target as a whole address."""

    def redirect(player: Player) -> None:
        player.begin(307, location="/v2/chat/completions")

    with playing(redirect) as stage:
        pieces, error = failure(writer(stage.url))
    assert (pieces, error.reason, len(stage.requests)) == ([], "redirected", 1)
    assert f"redirects to http://127.0.0.1:{stage.server_port}/v2/chat/completions" in error.message


PATHS = {
    "": "/v1/chat/completions",
    "/": "/v1/chat/completions",
    "/v1": "/v1/chat/completions",
    "/v1/": "/v1/chat/completions",
    "/openai/v1": "/openai/v1/chat/completions",
    "/v4/chat/completions": "/v4/chat/completions",
}


@pytest.mark.parametrize("path", PATHS)
def test_address_is_completed_to_the_chat_endpoint(path: str) -> None:
    """The address may be given in full or in part, and in capitals."""
    with playing(_sends_answer) as stage:
        url = f"HTTP://127.0.0.1:{stage.server_port}{path}"
        assert list(writer(url).stream(QUESTION, SOURCES)) == ANSWER
    assert stage.requests[0].path == PATHS[path]


def _without_done(player: Player) -> None:
    player.begin()
    player.say(*ANSWER, finish="stop")


def _without_reason(player: Player) -> None:
    player.begin()
    player.say(*ANSWER)
    player.send("data:[DONE]\n\n")


def _without_end(player: Player) -> None:
    player.begin()
    player.say(*ANSWER, finish="stop")
    player.hang()


def _all_in_one(player: Player) -> None:
    player.begin()
    player.send(f"data:{json.dumps(chunk({'content': ''.join(ANSWER)}, 'stop'))}\n\n")


def _other_lines(player: Player) -> None:
    player.begin()
    for piece in ANSWER:
        player.send(f": ping\r\n\r\nevent: message\r\nid: 7\r\ndata: {json.dumps(chunk({'content': piece}))}\r\n\r\n")
    player.event({"choices": [], "usage": {"total_tokens": 7}})
    player.send("data: [DONE]\n\n")


def _chunked(player: Player) -> None:
    player.protocol_version = "HTTP/1.1"
    player.begin(transfer_encoding="chunked")
    for piece in (*ANSWER, None):
        event = f"data: {json.dumps(chunk({'content': piece}, None if piece else 'stop'))}\n\n".encode()
        for part in (event[:9], event[9:]):
            player.send(b"%x\r\n%b\r\n" % (len(part), part))
    player.send("0\r\n\r\n")


def _with_thoughts_in_tags(player: Player) -> None:
    player.begin()
    player.say("\n<think", ">Who was", " it? [2]</", "think>\n\nThe king ", *ANSWER[1:], finish="stop")


def _with_thoughts_in_fields(player: Player) -> None:
    player.begin()
    player.event(chunk({"reasoning_content": "Who was it? [2]"}))
    player.event(chunk({"reasoning": "Who was it? [2]", "content": ""}))
    player.say(*ANSWER, finish="stop")


STREAMS = (
    _without_done,
    _without_reason,
    _without_end,
    _all_in_one,
    _other_lines,
    _chunked,
    _with_thoughts_in_tags,
    _with_thoughts_in_fields,
)


@pytest.mark.parametrize("play", STREAMS)
def test_answer_is_read_from_each_kind_of_stream(play: Play) -> None:
    """Servers end, pad and cut a stream in different ways; the answer is the same."""
    with playing(play) as stage:
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == "".join(ANSWER)


def test_letters_sent_byte_by_byte_are_joined() -> None:
    """Line separators other than a line feed stay within the event."""
    text = "Žižka\u2028王\x85🏰 [1]."

    def play(player: Player) -> None:
        player.begin()
        event = f"data: {json.dumps(chunk({'content': text}, 'stop'), ensure_ascii=False)}\n\n"
        for byte in event.encode():
            player.send(bytes([byte]))

    with playing(play) as stage:
        assert list(writer(stage.url).stream(QUESTION, SOURCES)) == [text]


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


def test_empty_token_yields_no_piece() -> None:
    """A token without letters, such as a part of a letter, is skipped."""
    with playing(_sends_texts("", "The king", "", " signed it.", finish="stop")) as stage:
        assert list(writer(stage.url).stream(QUESTION, SOURCES)) == ["The king", " signed it."]


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


def _sends_status(status: int, body: str | bytes, kind: str = "application/json") -> Play:
    def play(player: Player) -> None:
        player.begin(status, kind)
        player.send(body)

    return play


def _sends_events(*events: object) -> Play:
    """Return a play that sends one piece, and then these events."""

    def play(player: Player) -> None:
        player.begin()
        player.say(ANSWER[0])
        for event in events:
            player.event(event)
        player.send("data: [DONE]\n\n")

    return play


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


def _sends_texts(*texts: str, finish: str) -> Play:
    def play(player: Player) -> None:
        player.begin()
        player.say(*texts, finish=finish)

    return play


def _sends_forever(data: str, *, pause: float = 0.0, status: int = 200, kind: str = "text/event-stream") -> Play:
    """Return a play that sends the same data without end."""

    def play(player: Player) -> None:
        player.begin(status, kind)
        player.repeat(data, pause)

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


EVENTS = "text/event-stream"
JSON = '{"error": {"message": "model \\"m\\" not found", "type": "invalid_request_error"}}'
PAGE = "<!doctype html><title>Welcome</title><p>data: none"
REFUSED: dict[str, tuple[Play, str]] = {
    "bad request": (_sends_status(400, JSON), 'HTTP status 400: model "m" not found.'),
    "wrong key": (_sends_status(401, '{"error": "Invalid API key"}'), "HTTP status 401: Invalid API key."),
    "no such model": (_sends_status(404, '{"message": "no model"}'), "HTTP status 404: no model."),
    "bad parameters": (_sends_status(422, '{"detail": [{"loc": ["body", "n"], "msg": "odd"}]}'), "body.n: odd"),
    "too many": (_sends_status(429, "slow down", "text/plain"), "HTTP status 429: slow down."),
    "an error without words": (_sends_status(500, ""), "HTTP status 500."),
    "an error page": (_sends_status(502, PAGE, "text/html"), "HTTP status 502."),
    "an error that is not UTF-8": (_sends_status(400, b"\xff\xfe\x00nope", "text/plain"), "nope"),
    "an error in odd JSON": (_sends_status(400, '[1, "two"]'), "two"),
    "an error in deep JSON": (_sends_status(400, "[" * 100_000), "HTTP status 400: [[["),
    "an error without end": (_sends_forever("x" * 65536, status=500, kind="text/plain"), "HTTP status 500: xxx"),
    "a redirect without a target": (_sends_status(302, ""), "HTTP status 302."),
    "an error event": (
        _sends_events({"error": {"message": "overloaded", "code": 503}}),
        "reports an error: overloaded.",
    ),
    "an error event of TGI": (_sends_events({"error": "overloaded", "error_type": "overloaded"}), "error: overloaded."),
}
MALFORMED: dict[str, Play] = {
    "a page": _sends_status(200, PAGE, "text/html"),
    "a page without end": _sends_forever("<p>" * 20_000 + "\n", kind="text/html"),
    "no events": _sends_status(200, "well, well\n\nwell\n", EVENTS),
    "bytes": _sends_status(200, bytes(range(256)) * 9, "application/octet-stream"),
    "no JSON": _sends_status(200, "data: well, well\n\n", EVENTS),
    "deep JSON": _sends_status(200, f"data: {'[' * 100_000}\n\n", EVENTS),
    "a line without end": _sends_forever("data: " + "x" * 65536),
    "an event that is no object": _sends_events([1, 2]),
    "null": _sends_events(None),
    "no choices": _sends_events({"choices": 7}),
    "a choice that is no object": _sends_events({"choices": ["a"]}),
    "choices as an object": _sends_events({"choices": {"a": 1}}),
    "no delta": _sends_events({"choices": [{"delta": "a"}]}),
    "no text": _sends_events(chunk({"content": ["a"]})),
    "a number": _sends_events(chunk({"content": 7})),
    "another protocol": _sends_raw("220 mail.example.org ESMTP\r\n\r\n"),
    "a false compression": _false_compression,
}
EMPTY: dict[str, Play] = {
    "nothing": _sends_status(200, "", EVENTS),
    "no words": _sends_texts(finish="stop"),
    "blanks": _sends_texts(" ", "\n", finish="stop"),
    "nothing, and closing words": _sends_texts("<think>Well</think>", "", finish="stop"),
    "thoughts alone": _sends_texts("<think>Well</think>\n", finish="stop"),
}
CUT_SHORT: dict[str, Play] = {
    "it stops": _sends_piece_then(),
    "it stops within an event": _sends_piece_then(lambda player: player.send('data: {"choices": [{"del')),
    "it is reset": _sends_piece_then(_resets_connection),
    "it runs out of tokens": _sends_events(chunk({}, "length")),
    "it is filtered": _sends_events(chunk({}, "content_filter")),
    "it does not end": _sends_forever(f"data: {json.dumps(chunk({'content': 'on and on '}))}\n\n"),
    "a line of it does not end": _sends_piece_then(lambda player: player.repeat("x" * 65536)),
    "its chunks stop": _sends_raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "ffff\r\ndata: x"),
    "it is shorter than it says": _sends_raw("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", ": ping\n"),
    "it thinks to the end": _sends_texts("<think>Well, ", finish="length"),
}
TOO_SLOW: dict[str, Play] = {
    "it accepts and hangs": lambda player: player.hang(),
    "it hangs after the head": _sends_only_headers,
    "it hangs after a piece": _sends_piece_then(lambda player: player.hang()),
    "its head trickles": _sends_headers_slowly,
    "its pings trickle": _sends_forever(": ping\n\n", pause=0.02),
    "an event trickles": _sends_piece_then(lambda player: player.repeat("x", 0.02)),
    "its error trickles": _sends_forever("x", pause=0.02, status=503, kind="text/plain"),
    "its pieces trickle": _sends_forever(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.02),
}


@cases(("play", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refusal_is_passed_on(play: Play, words: str) -> None:
    """The server's message is part of the error; a temporary error is retried twice."""
    with playing(play) as stage:
        _, error = failure(writer(stage.url))
    assert error.reason == "refused"
    assert words in error.message
    assert len(error.message) < 500
    assert len(stage.requests) == (3 if any(f"status {status}" in words for status in (429, 500, 502)) else 1)


@cases("play", MALFORMED.values(), ids=MALFORMED.keys())
def test_response_that_is_no_stream_is_malformed(play: Play) -> None:
    """A response that is not a stream of a chat completion is rejected before it fills the memory."""
    with playing(play) as stage:
        pieces, error = failure(writer(stage.url))
    assert error.reason == "malformed"
    assert pieces in ([], ANSWER[:1])
    assert stage.sent < 50_000_000


@pytest.mark.parametrize("play", EMPTY.values(), ids=EMPTY.keys())
def test_answer_without_words_is_an_error(play: Play) -> None:
    """An answer of blanks or thoughts alone is empty."""
    with playing(play) as stage:
        pieces, error = failure(writer(stage.url))
    assert error.reason == "empty"
    assert "".join(pieces).strip() == ""


@cases("play", CUT_SHORT.values(), ids=CUT_SHORT.keys())
def test_incomplete_answer_is_an_error(play: Play) -> None:
    """An answer that breaks off, or would never end, is not taken for a whole one."""
    with playing(play) as stage:
        pieces, error = failure(writer(stage.url))
    assert error.reason == "cut short"
    assert len("".join(pieces)) <= 16 * TOKENS
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
    """The same holds for a server that closes the connection without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    _, error = failure(writer(f"http://127.0.0.1:{port}"))
    assert error.reason == "unreachable"
    assert f"m at 127.0.0.1:{port}, could not be reached" in error.message
    assert "PINCITE_LLM_URL" in error.hint
    for play in (_sends_raw(), _resets_connection):
        with playing(play) as stage:
            assert failure(writer(stage.url))[1].reason == "unreachable"


def test_https_address_of_a_plain_server_is_unreachable() -> None:
    """An https address is never read without encryption."""
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
    forever = _sends_forever(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.01)
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


ENVIRONMENT = {
    "OPENAI_API_KEY": "of-the-user",
    "OPENAI_ADMIN_KEY": "of-the-user",
    "OPENAI_ORG_ID": "of-the-user",
    "OPENAI_PROJECT_ID": "of-the-user",
    "OPENAI_WEBHOOK_SECRET": "of-the-user",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/of-the-user",
    "OPENAI_CUSTOM_HEADERS": "Authorization: of-the-user\nX-Tenant: of-the-user",
    "OPENAI_LOG": "debug",
    "HF_TOKEN": "of-the-user",
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
    refused = _sends_status(401, json.dumps({"error": f"The key {KEY} is wrong, {KEY}!"}))
    for play in (
        refused,
        _sends_events({"error": f"no credit for {KEY}"}),
        _sends_events(f"{KEY}"),
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


def test_client_is_not_imported_until_a_model_is_asked() -> None:
    """Programs that ask no model do not wait for the import."""
    program = "import sys, index.answers.writer.model_writer; sys.exit(bool({*sys.modules} & {'openai', 'httpx2'}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
