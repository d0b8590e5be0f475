"""How servers of language models behave: for each behaviour the right text, or one clear error that says what to do."""

from __future__ import annotations

import gzip
import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from index.answers import model_writer as writer_module
from index.answers.endpoint import DIALECTS, Dialect
from index.answers.model_writer import ModelWriter
from index.answers.prompts import Source
from index.answers.reply import THOUGHT_TOKENS
from index.errors import WriterError
from tests.answers.model_server import chunk, playing
from tests.cases import cases

if TYPE_CHECKING:
    from tests.answers.model_server import Play, Player

QUESTION = "Who signed it?"
SOURCES = [Source(1, "The book of kings", "p. 3", "The king signed it. The ship left.")]
TEXT = "The king signed it [1]."
TOKENS = 50
EVENTS, JSON = "text/event-stream", "application/json"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts are repeated soon."""
    monkeypatch.setattr(writer_module, "PAUSES", (0.01, 0.01))


def completion(content: Any, finish: str | None = "stop", **fields: Any) -> str:
    """A reply that is not streamed."""
    message = {"role": "assistant", "content": content, **fields}
    return json.dumps(
        {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    )


def status(code: int, body: str | bytes = "", kind: str = JSON, **headers: str) -> Play:
    """An answer with this status."""

    def play(player: Player) -> None:
        player.begin(code, kind, **headers)
        player.send(body)

    return play


def sends(*parts: str | bytes, kind: str = EVENTS) -> Play:
    """A good answer whose body comes in these parts."""

    def play(player: Player) -> None:
        player.begin(200, kind)
        for part in parts:
            player.send(part)

    return play


def says(*texts: str, finish: str | None = "stop") -> Play:
    """A stream of these pieces."""

    def play(player: Player) -> None:
        player.begin()
        player.say(*texts, finish=finish)

    return play


def streams(*events: Any) -> Play:
    """A stream of these events."""

    def play(player: Player) -> None:
        player.begin()
        for event in events:
            player.event(event)

    return play


def data(content: Any, finish: str | None = None) -> str:
    """A line with an event."""
    return f"data: {json.dumps(chunk({'content': content}, finish))}"


def refuses(name: str, code: int, body: str, then: Play | None = None) -> Play:
    """A server that takes no such parameter, and answers without."""

    def play(player: Player) -> None:
        has = name in player.asked or (name == "system" and player.asked["messages"][0]["role"] == "system")
        has = has and player.asked.get(name) is not False
        (status(code, body) if has else then or says(TEXT))(player)

    return play


def first(*plays: Play) -> Play:
    """Another play for each request; the last one for all that follow."""

    def play(player: Player) -> None:
        plays[min(len(player.server.requests), len(plays)) - 1](player)

    return play


def reasons_with_500_tokens(player: Player) -> None:
    """A model that thinks in silence, and has used up a small limit before it writes."""
    limit = player.asked.get("max_completion_tokens") or player.asked.get("max_tokens")
    (says(TEXT) if limit > 500 else streams(chunk({"content": ""}), chunk({}, "length")))(player)


def chunked(*parts: bytes, end: bool = True) -> Play:
    """A body in chunks."""

    def play(player: Player) -> None:
        player.protocol_version = "HTTP/1.1"
        player.begin(transfer_encoding="chunked")
        for part in parts:
            player.send(b"%x\r\n%b\r\n" % (len(part), part))
        if end:
            player.send("0\r\n\r\n")

    return play


def drips(player: Player) -> None:
    """Each byte of a stream for itself."""
    player.begin()
    for byte in f"{data(TEXT, 'stop')}\n\n".encode():
        player.send(bytes([byte]))
        time.sleep(0.002)


def goes_on_and_on(player: Player) -> None:
    """A stream that does not end."""
    player.begin()
    player.repeat(f"{data('on and on ')}\n\n")


def compressed(player: Player) -> None:
    """A stream as gzip."""
    player.begin(content_encoding="gzip")
    player.send(gzip.compress(f"{data(TEXT, 'stop')}\n\n".encode()))


def only_without_v1(player: Player) -> None:
    """A server whose address has no version."""
    play = (
        says(TEXT)
        if player.asked and "/v1/" not in player.server.requests[-1].path
        else status(404, "Not Found", "text/plain")
    )
    play(player)


OPENAI = (
    '{"error": {"message": "Unsupported parameter: \'max_tokens\' is not supported with this model. Use '
    '\'max_completion_tokens\' instead.", "type": "invalid_request_error", "param": "max_tokens"}}'
)
TEMPERATURE = '{"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}}'
EXTRA = (
    '{"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}'
)
GEMMA = '{"error": {"code": 500, "message": "Jinja Exception: System role not supported", "type": "server_error"}}'
ROLE = '{"error": {"message": "Unsupported value: \'messages[0].role\' does not support \'system\' with this model."}}'
STREAM = '{"error": {"message": "stream is not supported by this deployment"}}'
PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "Who?"}]}, {"type": "text", "text": TEXT}]
HARMONY = (
    "<|channel|>analysis<|message|>The user asks who. [2]<|end|><|start|>assistant<|channel|>final<|message|>"
    f"{TEXT}<|return|>"
)
CONTEXT = (
    '{"error": {"message": "This model\'s maximum context length is 2048 tokens. However, you requested 3000 tokens '
    '(2950 in the messages, 50 in the completion, max_tokens).", "code": "context_length_exceeded"}}'
)

ANSWERS: dict[str, Play] = {
    # the stream
    "a stream that ends with a reason and [DONE]": sends(f"{data(TEXT)}\n\n{data('', 'stop')}\n\ndata: [DONE]\n\n"),
    "no [DONE]": says(TEXT),
    "no reason for the end": sends(f"{data(TEXT)}\n\ndata: [DONE]\n\n"),
    "neither a reason nor [DONE], after a whole sentence": sends(f"{data(TEXT)}\n\n"),
    "no blank line at the end": sends(f"{data(TEXT, 'stop')}"),
    "no blank lines at all": sends(f"{data(TEXT[:8])}\n{data(TEXT[8:])}\n{data('', 'stop')}\n"),
    "no space after data": sends(f"{data(TEXT, 'stop')}\n\n".replace("data: ", "data:")),
    "carriage returns": sends(f": ping\r\n\r\nevent: message\r\nid: 7\r\n{data(TEXT, 'stop')}\r\n\r\n"),
    "carriage returns alone": sends(f"{data(TEXT, 'stop')}\r\r"),
    "an event over several lines": sends(
        "".join(f"data: {part}\n" for part in json.dumps(chunk({"content": TEXT}, "stop"), indent=1).split("\n")), "\n"
    ),
    "a byte order mark": sends(b"\xef\xbb\xbf", f"{data(TEXT, 'stop')}\n\n"),
    "keep-alives": sends(": ping\n\n" * 30, f"{data(TEXT)}\n\n", ":\n\n" * 30, f"{data('', 'stop')}\n\n"),
    "a role, and null for a text": streams(
        chunk({"role": "assistant", "content": None}), chunk({"content": TEXT}), chunk({}, "stop")
    ),
    "events without choices": streams(
        {"choices": []}, {"usage": {"total_tokens": 7}}, chunk({"content": TEXT}), {"choices": None}, chunk({}, "stop")
    ),
    "the tokens after the end": streams(
        chunk({"content": TEXT}), chunk({}, "stop"), {"choices": [], "usage": {"total_tokens": 7}}
    ),
    "the end twice": streams(chunk({"content": TEXT}), chunk({}, "stop"), chunk({}, "stop")),
    "all of it again at the end": streams(chunk({"content": TEXT}), chunk({"content": TEXT}, "stop")),
    "the whole message after its pieces": streams(
        chunk({"content": TEXT}), {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}
    ),
    "a reason in other words": says(TEXT, finish="eos_token"),
    "letters in parts": sends(*(bytes([byte]) for byte in f"{data('')}\n\n{data(TEXT, 'stop')}\n\n".encode())),
    "a slow drip": drips,
    "chunks that cut events": chunked(*(f"{data(TEXT, 'stop')}\n\n".encode()[n : n + 9] for n in range(0, 300, 9))),
    "compression that nobody asked for": compressed,
    "a stream that says it is plain text": sends(f"{data(TEXT, 'stop')}\n\n", kind="text/plain"),
    # no stream
    "JSON where a stream was asked for": sends(completion(TEXT), kind=JSON),
    "JSON that is printed prettily": sends(json.dumps(json.loads(completion(TEXT)), indent=2), kind=JSON),
    "JSON without a reason for the end": sends(completion(TEXT, None), kind=JSON),
    "JSON that says it is a stream": sends(completion(TEXT), kind=EVENTS),
    "JSON of the older kind": sends(json.dumps({"choices": [{"text": TEXT, "finish_reason": "stop"}]}), kind=JSON),
    "a line of JSON for each event": sends(
        "".join(data(part)[6:] + "\n" for part in TEXT), data("", "stop")[6:], kind="application/x-ndjson"
    ),
    # parameters
    "max_tokens is refused": refuses("max_tokens", 400, OPENAI),
    "max_completion_tokens, too": refuses(
        "max_tokens",
        400,
        OPENAI,
        refuses("max_completion_tokens", 400, '{"message": "unknown field max_completion_tokens"}'),
    ),
    "temperature is refused": refuses("temperature", 400, TEMPERATURE),
    "temperature is refused by a validator": refuses("temperature", 422, EXTRA),
    "temperature is refused within the stream": refuses(
        "temperature", 200, 'data: {"error": {"message": "temperature must be 1"}}\n\n'
    ),
    "there is no system role": refuses("system", 500, GEMMA),
    "there is no system role for this model": refuses("system", 400, ROLE),
    "there is no stream": refuses("stream", 400, STREAM, sends(completion(TEXT), kind=JSON)),
    "everything is refused": refuses(
        "max_tokens",
        400,
        OPENAI,
        refuses(
            "temperature",
            400,
            TEMPERATURE,
            refuses("system", 400, ROLE, refuses("stream", 400, STREAM, sends(completion(TEXT), kind=JSON))),
        ),
    ),
    "the base URL has no /v1": only_without_v1,
    # for a moment
    "busy, with seconds to wait": first(status(429, '{"error": "slow down"}', retry_after="0"), says(TEXT)),
    "busy, with a date to wait for": first(
        status(503, "", retry_after=formatdate(time.time(), usegmt=True)), says(TEXT)
    ),
    "busy, without saying for how long": first(status(503, "loading model"), status(529), says(TEXT)),
    "busy, with nonsense to wait for": first(
        status(429, "", retry_after="soon"), status(429, "", retry_after="-5"), says(TEXT)
    ),
    "a connection that is reset once": first(lambda player: player.connection.close(), says(TEXT)),
    # thoughts
    "a thought before the answer": says("<think>Who? [2]", "</thi", "nk>\n\n", TEXT),
    "a thought that was opened in the prompt": says("Okay, who was it? [2] ", "The queen.", "</think>\n", TEXT),
    "a thought in another tag": says("<thinking>\nWho?</thinking>", TEXT),
    "a thought that does not end": says(TEXT, "<think>Was it? The queen"),
    "thoughts in the middle": says("<think>a</think>The king ", "<think>b</think>signed it [1]."),
    "the channels of harmony": says(*HARMONY),
    "channels without their borders": says("analysisThe user asks.", "assistant", f"final{TEXT}"),
    "a thought in a field": streams(
        chunk({"reasoning_content": "Who? [2]"}),
        chunk({"reasoning": "x", "content": ""}),
        chunk({"content": TEXT}, "stop"),
    ),
    "a thought in a part of a list": sends(completion(PARTS), kind=JSON),
    "texts in parts of a list": streams(chunk({"content": [{"type": "text", "text": TEXT}]}), chunk({}, "stop")),
    "a model that thinks needs more tokens": reasons_with_500_tokens,
    "borders of turns": says(f"<|im_start|>assistant\n{TEXT}<|im_end|>"),
}

FAILURES: dict[str, tuple[Play, str, str, str]] = {
    "a wrong key": (
        status(401, '{"error": {"message": "Incorrect API key"}}'),
        "refused",
        "Incorrect API key",
        "PINCITE_LLM_KEY",
    ),
    "a key without rights": (status(403, '{"detail": "Forbidden"}'), "refused", "Forbidden", "PINCITE_LLM_KEY"),
    "an unknown model": (
        status(404, '{"error": "model \\"m\\" not found, try pulling it first"}'),
        "refused",
        "try pulling",
        "PINCITE_LLM_MODEL",
    ),
    "no name of a model": (
        status(400, '{"error": {"message": "you must provide a model parameter"}}'),
        "refused",
        "provide a model",
        "PINCITE_LLM_MODEL",
    ),
    "an unknown path": (status(404, "<html>nginx</html>", "text/html"), "refused", "status 404", "PINCITE_LLM_URL"),
    "a prompt that is too long": (status(400, CONTEXT), "refused", "maximum context length", "PINCITE_LLM_BUDGET"),
    "a body that is too large": (status(413, ""), "refused", "status 413", "PINCITE_LLM_BUDGET"),
    "an error in a list": (
        status(400, '[{"error": {"code": 400, "message": "API key not valid"}}]'),
        "refused",
        "API key not valid",
        "PINCITE_LLM_KEY",
    ),
    "an error with status 200": (
        sends('{"error": {"message": "no credit"}}', kind=JSON),
        "refused",
        "no credit",
        "PINCITE_LLM",
    ),
    "an error as vLLM has it": (
        sends('{"object": "error", "message": "bad request", "code": 400}', kind=JSON),
        "refused",
        "bad request",
        "PINCITE_LLM",
    ),
    "an error within the stream": (
        streams(chunk({"content": "The"}), {"error": {"message": "out of memory"}}),
        "refused",
        "out of memory",
        "PINCITE_LLM",
    ),
    "busy for longer than anybody waits": (
        status(429, '{"error": "quota"}', retry_after="3600"),
        "refused",
        "asks to wait 3600 seconds",
        "Try again later",
    ),
    "busy for ever": (status(503, "overloaded", "text/plain"), "refused", "overloaded", "PINCITE_LLM"),
    "a page for a browser": (
        sends("<!doctype html><title>Sign in</title>", kind="text/html"),
        "malformed",
        "no event of a chat completion",
        "PINCITE_LLM_URL",
    ),
    "a page with an error": (
        status(502, "<html><h1>Bad Gateway</h1>", "text/html"),
        "refused",
        "status 502",
        "PINCITE_LLM",
    ),
    "plain words": (sends("It works!", kind="text/plain"), "malformed", "no event", "PINCITE_LLM_URL"),
    "another interface": (
        sends('{"message": {"role": "assistant", "content": "The king"}, "done": true}\n', kind=JSON),
        "refused",
        "reports an error",
        "PINCITE_LLM",
    ),
    "a stream that breaks off": (says("The king signed", finish=None), "cut short", "broke off", "Try again"),
    "an event that breaks off": (
        sends(f"{data('The king ')}\n\n", data("signed")[:40]),
        "cut short",
        "broke off",
        "Try again",
    ),
    "chunks that break off": (
        chunked(f"{data(TEXT)}\n\n".encode(), end=False),
        "cut short",
        "lost the connection",
        "Try again",
    ),
    "too few tokens": (
        says("The king signed", finish="length"),
        "cut short",
        "used up its tokens",
        "PINCITE_LLM_TOKENS",
    ),
    "a filter": (says("The king", finish="content_filter"), "cut short", "filter", "Try again"),
    "a refusal": (
        streams(chunk({"refusal": "I cannot help with that."}), chunk({}, "stop")),
        "empty",
        "I cannot help with that",
        "another model",
    ),
    "a call of a tool": (
        streams(chunk({"tool_calls": [{"index": 0, "function": {"name": "search"}}]}), chunk({}, "tool_calls")),
        "empty",
        "called a tool",
        "another model",
    ),
    "thoughts and no answer": (says("<think>Who?</think>"), "empty", "its thoughts and no answer", "another model"),
    "thoughts in a field and no answer": (
        streams(chunk({"reasoning_content": "Who?"}), chunk({}, "stop")),
        "empty",
        "its thoughts and no answer",
        "another model",
    ),
    "nothing": (sends(""), "empty", "sent nothing", "another model"),
    "null for a text": (sends(completion(None), kind=JSON), "empty", "wrote nothing", "another model"),
    "a text without end": (goes_on_and_on, "cut short", "far more", "Try again"),
    "a redirect": (
        status(307, location="http://127.0.0.1:9/v1/chat/completions"),
        "redirected",
        "not followed",
        "PINCITE_LLM_URL",
    ),
    "silence": (lambda player: player.hang(), "timeout", "did not finish", "PINCITE_LLM_TIMEOUT"),
    "no server": (
        lambda player: player.connection.close(),
        "unreachable",
        "could not be reached",
        "Check that the server runs",
    ),
}


def writer(url: str, *, timeout: float = 20.0, model: str = "m") -> ModelWriter:
    """A writer who knows nothing of the server."""
    return ModelWriter(url, model, timeout_seconds=timeout, budget_tokens=2000, max_answer_tokens=TOKENS)


@cases("known", [False, True], ids=["first", "again"])
@cases("play", ANSWERS.values(), ids=ANSWERS.keys())
def test_answers(play: Play, known: bool) -> None:
    """The same text, whatever the server's ways; also where the model is known, and its words come as it writes them.

    A thought that was opened in the prompt needs a model whose ways are not known, or known to be those.
    """
    with playing(play) as stage:
        asked = writer(stage.url.removesuffix("/v1"))
        if known and play is not ANSWERS["a thought that was opened in the prompt"]:
            DIALECTS.set(asked._url, "m", Dialect(marks_thoughts=True))
        assert "".join(asked.stream(QUESTION, SOURCES)) == TEXT


@cases(("play", "reason", "words", "hint"), FAILURES.values(), ids=FAILURES.keys())
def test_failures(play: Play, reason: str, words: str, hint: str) -> None:
    """One error, which says what the server did, and what to do."""
    with playing(play) as stage, pytest.raises(WriterError) as raised:
        list(writer(stage.url, timeout=1.0 if reason == "timeout" else 20.0).stream(QUESTION, SOURCES))
    error = raised.value
    assert (error.reason, words in error.message, hint in error.hint) == (reason, True, True), f"{error} {error.reason}"
    assert error.message.startswith("The writer, m at 127.0.0.1")
    assert len(str(error)) < 600


@pytest.mark.parametrize(
    "name", ["max_tokens is refused", "there is no system role", "there is no stream", "the base URL has no /v1"]
)
def test_a_refusal_is_learnt(name: str) -> None:
    """What a server refuses is not sent to it again; the next question costs one request."""
    with playing(ANSWERS[name]) as stage:
        asked = writer(stage.url.removesuffix("/v1"))
        for requests in (2, 3):
            assert "".join(asked.stream(QUESTION, SOURCES)) == TEXT
            assert len(stage.requests) == requests


def test_instructions_without_a_system_role() -> None:
    """They come first in the user's message, and nothing of it is lost."""
    with playing(ANSWERS["there is no system role"]) as stage:
        list(writer(stage.url).stream(QUESTION, SOURCES))
    before, after = (request.body["messages"] for request in stage.requests)
    assert [message["role"] for message in after] == ["user"]
    assert after[0]["content"] == "\n\n".join(message["content"] for message in before)


def test_a_model_that_thinks_has_room_for_it() -> None:
    """Where it used up its tokens before a word was written, it is asked once more, with more of them; then at once."""
    with playing(reasons_with_500_tokens) as stage:
        for _ in range(2):
            assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT
    assert [request.body["max_tokens"] for request in stage.requests] == [TOKENS, *[TOKENS + THOUGHT_TOKENS] * 2]


def test_a_wait_is_over_when_nobody_waits() -> None:
    """Who closes the answer while the server is to be left alone is not kept, and nothing is sent any more."""
    with playing(status(503, "", retry_after="5")) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES, beat_seconds=0.01)
        while not stage.requests:
            next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert len(stage.requests) == 1


def _pieces(play: Play, *, times: int) -> list[list[str]]:
    with playing(play) as stage:
        return [list(writer(stage.url).stream(QUESTION, SOURCES)) for _ in range(times)]


def test_the_first_answer_of_a_model_comes_whole() -> None:
    """As long as it may turn out to be a thought, nothing of it is shown; then words come as they are written."""
    assert _pieces(says("The king ", "signed it [1]."), times=2) == [[TEXT], ["The king ", "signed it [1]."]]


def test_a_thought_opened_in_the_prompt_never_shows() -> None:
    """However often the model is asked: nothing comes before its thought ends, and then words come as written."""
    play = says("Who was it? ", "The queen [2].", "</think>", "The king ", "signed it [1].")
    assert _pieces(play, times=3) == [["The king ", "signed it [1]."]] * 3


def test_a_model_that_changes_its_ways() -> None:
    """A thought that is noticed too late ends the answer, and from then on the model is heard to the end first."""
    plain, thinks = says("The king ", "signed it [1]."), says("Who was ", "it?", "</think>", TEXT)
    with playing(first(plain, thinks, thinks)) as stage:
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT
        with pytest.raises(WriterError, match="mixed its thoughts"):
            list(writer(stage.url).stream(QUESTION, SOURCES))
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT


LETTERS = "Žižka\u2028王\x85🏰 [1]."


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_letters_of_several_bytes(cut: int) -> None:
    """They may come in parts; and what some take for the end of a line stays within it."""
    event = f"data: {json.dumps(chunk({'content': LETTERS}, 'stop'), ensure_ascii=False)}\n\n".encode()
    play = sends(*(event[n : n + cut] for n in range(0, len(event), cut)))
    assert _pieces(play, times=1) == [[LETTERS]]
