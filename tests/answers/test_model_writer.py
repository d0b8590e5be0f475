"""The writer that asks a model: it streams what a server says, and ends in time with one clear error else."""

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
from typing import TYPE_CHECKING

import pytest

from index.answers import model_writer as writer_module
from index.answers.endpoint import DIALECTS, Connection, Dialect
from index.answers.model_writer import ModelWriter
from index.answers.prompts import Source
from index.answers.reply import ReplyError
from index.errors import WriterError
from tests.answers.model_server import chunk, playing
from tests.cases import cases

if TYPE_CHECKING:
    from tests.answers.model_server import Play, Player

QUESTION = "Who signed it?"
SOURCES = [Source(1, "The book of kings", "p. 3", "The king signed it. The ship left.")]
ANSWER = ["The king ", "signed it", " [1]."]
KEY = "sk-very-secret-0123456789"
PATIENT, SOON = 30.0, 0.4
"""Seconds that a writer waits where an answer comes, and where none does."""
AT_LAST = 15.0
"""Seconds within which everything has to be over, however busy the machine is."""
TOKENS = 50


def writer(url: str, *, key: str = "", timeout: float = PATIENT, model: str = "m") -> ModelWriter:
    """A writer of short answers, whose model is known to have no thoughts that it does not open."""
    asked = ModelWriter(url, model, key, timeout_seconds=timeout, budget_tokens=2000, max_answer_tokens=TOKENS)
    DIALECTS.set(asked._url, model, Dialect(marks_thoughts=True))
    return asked


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts are repeated at once."""
    monkeypatch.setattr(writer_module, "PAUSES", (0.0, 0.0))


def failure(asked: ModelWriter) -> tuple[list[str], WriterError]:
    """What a writer says before it fails, and how it fails, in time."""
    said: list[str] = []
    begun = time.monotonic()
    with pytest.raises(WriterError) as raised:
        said.extend(asked.stream(QUESTION, SOURCES))
    assert time.monotonic() - begun < AT_LAST
    return said, raised.value


def _well(player: Player) -> None:
    player.begin()
    player.event(chunk({"role": "assistant", "content": None}))
    player.say(*ANSWER, finish="stop")
    player.send("data: [DONE]\n\n")


def test_request() -> None:
    """One request: the model, the prompt, a limit, no chance in the choice of words, and no word of who asks."""
    with playing(_well) as stage:
        assert list(writer(stage.url, model="llama").stream(QUESTION, SOURCES)) == ANSWER
    (request,) = stage.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["user-agent"] == "pincite"
    messages = request.body.pop("messages")
    assert request.body == {"model": "llama", "max_tokens": TOKENS, "temperature": 0, "stream": True}
    assert "The ship left." in messages[1]["content"]
    assert messages[1]["content"].endswith(QUESTION)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    """The key and the documents' words go to the address that the reader has named, and to no other."""
    with playing(_well) as elsewhere:
        place = elsewhere.url.replace("127.0.0.1", "localhost")

        def redirect(player: Player) -> None:
            player.begin(status, location=f"{place.replace('//', f'//name:{KEY}@')}/models?key={KEY}")

        with playing(redirect) as stage:
            said, error = failure(writer(stage.url, key=KEY))
        assert said == []
        assert error.reason == "redirected"
        assert f"redirects to {place}/models, and redirects are not followed" in error.message
        assert KEY not in str(error)
        assert "PINCITE_LLM_URL" in error.hint
        assert len(stage.requests) == 1
        assert elsewhere.requests == []


def test_a_redirect_on_the_same_host_is_not_followed_either() -> None:
    """Where it leads is told as a whole address."""

    def redirect(player: Player) -> None:
        player.begin(307, location="/v2/chat/completions")

    with playing(redirect) as stage:
        said, error = failure(writer(stage.url))
    assert (said, error.reason, len(stage.requests)) == ([], "redirected", 1)
    assert f"redirects to http://127.0.0.1:{stage.server_port}/v2/chat/completions" in error.message


ADDRESSES = {
    "": "/v1/chat/completions",
    "/": "/v1/chat/completions",
    "/v1": "/v1/chat/completions",
    "/v1/": "/v1/chat/completions",
    "/openai/v1": "/openai/v1/chat/completions",
    "/v4/chat/completions": "/v4/chat/completions",
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_address(path: str) -> None:
    """The address may be given in full or in part, and in capitals."""
    with playing(_well) as stage:
        url = f"HTTP://127.0.0.1:{stage.server_port}{path}"
        assert list(writer(url).stream(QUESTION, SOURCES)) == ANSWER
    assert stage.requests[0].path == ADDRESSES[path]


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


def _thoughtful(player: Player) -> None:
    player.begin()
    player.say("\n<think", ">Who was", " it? [2]</", "think>\n\nThe king ", *ANSWER[1:], finish="stop")


def _reasoning(player: Player) -> None:
    player.begin()
    player.event(chunk({"reasoning_content": "Who was it? [2]"}))
    player.event(chunk({"reasoning": "Who was it? [2]", "content": ""}))
    player.say(*ANSWER, finish="stop")


STREAMS = (_without_done, _without_reason, _without_end, _all_in_one, _other_lines, _chunked, _thoughtful, _reasoning)


@pytest.mark.parametrize("play", STREAMS)
def test_dialects(play: Play) -> None:
    """Servers differ in how they end, in what they send besides, and in how they cut it; the answer is the same."""
    with playing(play) as stage:
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == "".join(ANSWER)


def test_letters() -> None:
    """Letters of several bytes may come in parts, and what some take for the end of a line stays within it."""
    words = "Žižka\u2028王\x85🏰 [1]."

    def play(player: Player) -> None:
        player.begin()
        event = f"data: {json.dumps(chunk({'content': words}, 'stop'), ensure_ascii=False)}\n\n"
        for byte in event.encode():
            player.send(bytes([byte]))

    with playing(play) as stage:
        assert list(writer(stage.url).stream(QUESTION, SOURCES)) == [words]


def test_as_it_comes() -> None:
    """A piece is there before the next one is written."""
    heard = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king ")
        player.say("signed it." if heard.wait(AT_LAST) else "nobody heard", finish="stop")

    with playing(play) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES)
        assert next(pieces) == "The king "
        heard.set()
        assert list(pieces) == ["signed it."]


def test_no_piece_is_empty() -> None:
    """A token that brings no letters yet, as of a letter in parts, is no piece."""
    with playing(_saying("", "The king", "", " signed it.", finish="stop")) as stage:
        assert list(writer(stage.url).stream(QUESTION, SOURCES)) == ["The king", " signed it."]


def test_slow_reader() -> None:
    """What has come in time is not lost on a reader who takes longer."""
    with playing(_well) as stage:
        pieces = writer(stage.url, timeout=5 * SOON).stream(QUESTION, SOURCES)
        said = [next(pieces)]
        time.sleep(6 * SOON)
        assert [*said, *pieces] == ANSWER


def test_at_once() -> None:
    """Questions that are asked at the same time get each their own answer."""

    def play(player: Player) -> None:
        player.begin()
        player.say(player.asked["messages"][1]["content"][-3:], finish="stop")

    with playing(play) as stage, ThreadPoolExecutor(8) as pool:
        asked = writer(stage.url)
        questions = [f"Who was no. {n:03}" for n in range(40)]
        answers = pool.map(lambda question: "".join(asked.stream(question, SOURCES)), questions)
        assert list(answers) == [question[-3:] for question in questions]


# Failures, by the reason that they have to be given.


def _status(status: int, body: str | bytes, kind: str = "application/json") -> Play:
    def play(player: Player) -> None:
        player.begin(status, kind)
        player.send(body)

    return play


def _events(*events: object) -> Play:
    """An answer of one piece, with these events after it."""

    def play(player: Player) -> None:
        player.begin()
        player.say(ANSWER[0])
        for event in events:
            player.event(event)
        player.send("data: [DONE]\n\n")

    return play


def _raw(*parts: str | bytes) -> Play:
    """What is no HTTP at all, or a bad one."""

    def play(player: Player) -> None:
        for part in parts:
            player.send(part)

    return play


def _then(*steps: Play) -> Play:
    """An answer of one piece, and then something else."""

    def play(player: Player) -> None:
        player.begin()
        player.say(ANSWER[0])
        for step in steps:
            step(player)

    return play


def _saying(*texts: str, finish: str) -> Play:
    def play(player: Player) -> None:
        player.begin()
        player.say(*texts, finish=finish)

    return play


def _repeating(data: str, *, pause: float = 0.0, status: int = 200, kind: str = "text/event-stream") -> Play:
    """The same without end."""

    def play(player: Player) -> None:
        player.begin(status, kind)
        player.repeat(data, pause)

    return play


def _reset(player: Player) -> None:
    player.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    player.connection.close()


def _false_compression(player: Player) -> None:
    player.begin(content_encoding="gzip")
    player.send("no gzip")


def _silent(player: Player) -> None:
    player.begin()
    player.hang()


def _slow_head(player: Player) -> None:
    player.send("HTTP/1.1 200 OK\r\nx-head: ")
    player.repeat("x", 0.02)


EVENTS = "text/event-stream"
JSON = '{"error": {"message": "model \\"m\\" not found", "type": "invalid_request_error"}}'
PAGE = "<!doctype html><title>Welcome</title><p>data: none"
REFUSED: dict[str, tuple[Play, str]] = {
    "bad request": (_status(400, JSON), 'HTTP status 400: model "m" not found.'),
    "wrong key": (_status(401, '{"error": "Invalid API key"}'), "HTTP status 401: Invalid API key."),
    "no such model": (_status(404, '{"message": "no model"}'), "HTTP status 404: no model."),
    "bad parameters": (_status(422, '{"detail": [{"loc": ["body", "n"], "msg": "odd"}]}'), "body.n: odd"),
    "too many": (_status(429, "slow down", "text/plain"), "HTTP status 429: slow down."),
    "an error without words": (_status(500, ""), "HTTP status 500."),
    "an error page": (_status(502, PAGE, "text/html"), "HTTP status 502."),
    "an error in no encoding": (_status(400, b"\xff\xfe\x00nope", "text/plain"), "nope"),
    "an error in odd JSON": (_status(400, '[1, "two"]'), "two"),
    "an error in deep JSON": (_status(400, "[" * 100_000), "HTTP status 400: [[["),
    "an error without end": (_repeating("x" * 65536, status=500, kind="text/plain"), "HTTP status 500: xxx"),
    "a redirect to nowhere": (_status(302, ""), "HTTP status 302."),
    "an error event": (_events({"error": {"message": "overloaded", "code": 503}}), "reports an error: overloaded."),
    "an error event of TGI": (_events({"error": "overloaded", "error_type": "overloaded"}), "error: overloaded."),
}
MALFORMED: dict[str, Play] = {
    "a page": _status(200, PAGE, "text/html"),
    "a page without end": _repeating("<p>" * 20_000 + "\n", kind="text/html"),
    "no events": _status(200, "well, well\n\nwell\n", EVENTS),
    "bytes": _status(200, bytes(range(256)) * 9, "application/octet-stream"),
    "no JSON": _status(200, "data: well, well\n\n", EVENTS),
    "deep JSON": _status(200, f"data: {'[' * 100_000}\n\n", EVENTS),
    "a line without end": _repeating("data: " + "x" * 65536),
    "no object": _events([1, 2]),
    "null": _events(None),
    "no choices": _events({"choices": 7}),
    "no choice": _events({"choices": ["a"]}),
    "choices by name": _events({"choices": {"a": 1}}),
    "no delta": _events({"choices": [{"delta": "a"}]}),
    "no text": _events(chunk({"content": ["a"]})),
    "a number": _events(chunk({"content": 7})),
    "another protocol": _raw("220 mail.example.org ESMTP\r\n\r\n"),
    "a false compression": _false_compression,
}
EMPTY: dict[str, Play] = {
    "nothing": _status(200, "", EVENTS),
    "no words": _saying(finish="stop"),
    "blanks": _saying(" ", "\n", finish="stop"),
    "nothing, and closing words": _saying("<think>Well</think>", "", finish="stop"),
    "thoughts alone": _saying("<think>Well</think>\n", finish="stop"),
}
CUT_SHORT: dict[str, Play] = {
    "it stops": _then(),
    "it stops within an event": _then(lambda player: player.send('data: {"choices": [{"del')),
    "it is reset": _then(_reset),
    "it runs out of tokens": _events(chunk({}, "length")),
    "it is filtered": _events(chunk({}, "content_filter")),
    "it does not end": _repeating(f"data: {json.dumps(chunk({'content': 'on and on '}))}\n\n"),
    "a line of it does not end": _then(lambda player: player.repeat("x" * 65536)),
    "its chunks stop": _raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "ffff\r\ndata: x"),
    "it is shorter than it says": _raw("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n", ": ping\n"),
    "it thinks to the end": _saying("<think>Well, ", finish="length"),
}
LATE: dict[str, Play] = {
    "it accepts and hangs": lambda player: player.hang(),
    "it hangs after the head": _silent,
    "it hangs after a piece": _then(lambda player: player.hang()),
    "its head trickles": _slow_head,
    "its pings trickle": _repeating(": ping\n\n", pause=0.02),
    "an event trickles": _then(lambda player: player.repeat("x", 0.02)),
    "its error trickles": _repeating("x", pause=0.02, status=503, kind="text/plain"),
    "its pieces trickle": _repeating(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.02),
}


@cases(("play", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(play: Play, words: str) -> None:
    """What a server says against the request is passed on; where it may pass, it is asked twice more."""
    with playing(play) as stage:
        _, error = failure(writer(stage.url))
    assert error.reason == "refused"
    assert words in error.message
    assert len(error.message) < 500
    assert len(stage.requests) == (3 if any(f"status {status}" in words for status in (429, 500, 502)) else 1)


@cases("play", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(play: Play) -> None:
    """What is no stream of a chat completion is said to be none, in the end or at once."""
    with playing(play) as stage:
        said, error = failure(writer(stage.url))
    assert error.reason == "malformed"
    assert said in ([], ANSWER[:1])
    assert stage.sent < 50_000_000


@pytest.mark.parametrize("play", EMPTY.values(), ids=EMPTY.keys())
def test_empty(play: Play) -> None:
    """An answer without words is no answer."""
    with playing(play) as stage:
        said, error = failure(writer(stage.url))
    assert error.reason == "empty"
    assert "".join(said).strip() == ""


@cases("play", CUT_SHORT.values(), ids=CUT_SHORT.keys())
def test_cut_short(play: Play) -> None:
    """An answer that breaks off, or would never end, is not taken for a whole one."""
    with playing(play) as stage:
        said, error = failure(writer(stage.url))
    assert error.reason == "cut short"
    assert len("".join(said)) <= 16 * TOKENS
    assert stage.sent < 50_000_000


@pytest.mark.parametrize("play", LATE.values(), ids=LATE.keys())
def test_timeout(play: Play) -> None:
    """The deadline is one for all of it, however busy a server makes itself look; then it is left alone."""
    with playing(play) as stage:
        _, error = failure(writer(stage.url, timeout=SOON))
        assert error.reason == "timeout"
        assert play is _slow_head or stage.left.wait(AT_LAST)  # a head is let come to its end
    assert _nobody_writes()


def _nobody_writes() -> bool:
    """Whether every thread of a writer comes to its end."""
    until = time.monotonic() + AT_LAST
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


def test_killed() -> None:
    """Of a server that is killed while it writes, the words are there, and that they are not all."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    with server:
        assert server.stdout is not None
        pieces = writer(f"http://127.0.0.1:{int(server.stdout.readline())}").stream(QUESTION, SOURCES)
        assert [next(pieces), next(pieces)] == ["x", "x"]
        server.send_signal(signal.SIGKILL)
        with pytest.raises(WriterError) as raised:
            list(pieces)
    assert raised.value.reason == "cut short"


def test_dead() -> None:
    """Where no server is, or one that hangs up, it cannot be reached."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    _, error = failure(writer(f"http://127.0.0.1:{port}"))
    assert error.reason == "unreachable"
    assert f"m at 127.0.0.1:{port}, could not be reached" in error.message
    assert "PINCITE_LLM_URL" in error.hint
    for play in (_raw(), _reset):
        with playing(play) as stage:
            assert failure(writer(stage.url))[1].reason == "unreachable"


def test_no_encryption() -> None:
    """A server that does not encrypt is not reached by an address that says it does."""
    with playing(_well) as stage:
        assert failure(writer(stage.url.replace("http", "https")))[1].reason == "unreachable"


NO_ADDRESSES = ["", "llama", "localhost:11434", "//host/v1", "http://", "http://:80/v1", "http://host:port/v1"]
NO_ADDRESSES += ["http://[::1/v1", "ftp://host/v1", "file:///etc/passwd"]


@cases("url", NO_ADDRESSES)
def test_bad_address(url: str) -> None:
    """What is no address is refused before anything is sent."""
    with pytest.raises(WriterError) as raised:
        writer(url)
    assert raised.value.reason == "unreachable"


def test_closing() -> None:
    """A reader who stops hangs up, whether the server is writing or not."""
    forever = _repeating(f"data: {json.dumps(chunk({'content': 'a'}))}\n\n", pause=0.01)
    for play in (forever, _then(lambda player: player.hang())):
        with playing(play) as stage:
            pieces = writer(stage.url).stream(QUESTION, SOURCES)
            next(pieces)
            pieces.close()  # type: ignore[attr-defined]
            assert stage.left.wait(AT_LAST)
    assert _nobody_writes()


def test_beat() -> None:
    """A reader who wants to be woken is, while the server says nothing; what it says then is not lost."""
    going_on = threading.Event()

    def play(player: Player) -> None:
        player.begin()
        player.say("The king ")
        player.say("signed it." if going_on.wait(AT_LAST) else "nobody woke", finish="stop")

    with playing(play) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES, beat_seconds=0.01)
        while next(pieces) != "The king ":
            pass
        assert next(pieces) == ""
        going_on.set()
        assert "".join(pieces) == "signed it."


def test_too_late() -> None:
    """Where nobody waits any more, no request is sent, be it the first or another attempt."""
    connection = Connection()
    connection.abort()
    with pytest.raises(ReplyError) as raised:
        connection.check()
    assert raised.value.reason == "timeout"


# What must not get out.


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


def test_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key goes to the server as it is given; without one, no other key goes, though there be one on the machine."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with playing(_well) as stage:
        list(writer(stage.url, key=f" {KEY}\n").stream(QUESTION, SOURCES))
        list(writer(stage.url).stream(QUESTION, SOURCES))
        list(writer(stage.url.replace("//", "//me:word@")).stream(QUESTION, SOURCES))
    first, second, third = (request.headers for request in stage.requests)
    assert first["authorization"] == f"Bearer {KEY}"
    assert third["authorization"] == "Basic bWU6d29yZA=="
    assert set(second) == HEADERS
    assert "of-the-user" not in str(stage.requests)


def test_the_environment_is_not_read_by_the_client_either() -> None:
    """Not even when it is imported in an environment like that: a process of its own shows it."""
    program = (
        "import sys; from index.answers.model_writer import ModelWriter\n"
        "writer = ModelWriter(sys.argv[1], 'm', timeout_seconds=30, budget_tokens=900, max_answer_tokens=9)\n"
        "print(''.join(writer.stream('Who signed it?', [])))"
    )
    with playing(_well) as stage:
        run = subprocess.run(
            [sys.executable, "-c", program, stage.url],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **ENVIRONMENT},
        )
    assert (run.stdout, run.stderr) == ("The king signed it [1].\n", "")
    assert set(stage.requests[0].headers) == HEADERS


def test_key_stays_secret(caplog: pytest.LogCaptureFixture) -> None:
    """No error, traceback or log holds the key, even where the server repeats it."""
    caplog.set_level(logging.DEBUG)
    refused = _status(401, json.dumps({"error": f"The key {KEY} is wrong, {KEY}!"}))
    for play in (
        refused,
        _events({"error": f"no credit for {KEY}"}),
        _events(f"{KEY}"),
        _raw(f"Bearer {KEY}\r\n"),
        _well,
    ):
        with playing(play) as stage:
            asked = writer(stage.url.replace("//", "//user:password@"), key=KEY)
            try:
                list(asked.stream(QUESTION, SOURCES))
            except WriterError as error:
                told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error)) + asked.name
                assert KEY not in told
                assert "password" not in told
    assert "HTTP" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(asked) + json.dumps(stage.requests[0].body)


@pytest.mark.parametrize("key", ["sk-\nx: y", "sk-ключ", "sk\x00"])
def test_bad_key(key: str) -> None:
    """A key that no header can carry is refused, and not repeated."""
    with pytest.raises(WriterError) as raised:
        writer("http://127.0.0.1", key=key)
    assert raised.value.reason == "refused"
    assert key not in str(raised.value)


def test_lazy() -> None:
    """Who asks no model does not wait for the client."""
    program = "import sys, index.answers.model_writer; sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
