"""How servers of language models behave: for each behaviour, the right text or one clear error that says what to do."""

from __future__ import annotations

import gzip
import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from index.answers.writer import model_writer as writer_module
from index.answers.writer.endpoint import DIALECTS, THOUGHT_TOKENS, Dialect
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
TEXT = "The king signed it [1]."
TOKENS = 50
EVENTS, JSON = "text/event-stream", "application/json"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between retries."""
    monkeypatch.setattr(writer_module, "PAUSES", (0.01, 0.01))


def completion(content: Any, finish: str | None = "stop", **fields: Any) -> str:
    """Return a response that is not streamed."""
    message = {"role": "assistant", "content": content, **fields}
    return json.dumps(
        {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}
    )


def event_line(content: Any, finish: str | None = None) -> str:
    """Return the line of an event."""
    return f"data: {json.dumps(chunk({'content': content}, finish))}"


def refuses_parameter(name: str, code: int, body: str, then: Play | None = None) -> Play:
    """Return a play of a server that rejects a parameter, and answers without it."""

    def play(player: Player) -> None:
        has = name in player.request_body or (
            name == "system" and player.request_body["messages"][0]["role"] == "system"
        )
        has = has and player.request_body.get(name) is not False
        (sends_status(code, body) if has else then or sends_texts(TEXT))(player)

    return play


def in_turn(*plays: Play) -> Play:
    """Return a play that calls the next play for each request, and the last one for all that follow."""

    def play(player: Player) -> None:
        plays[min(len(player.server.requests), len(plays)) - 1](player)

    return play


def thinks_with_500_tokens(player: Player) -> None:
    """Play a model that thinks in silence, and uses up a small limit before it writes."""
    limit = player.request_body.get("max_completion_tokens", 0) or player.request_body.get("max_tokens", 0)
    (sends_texts(TEXT) if limit > 500 else sends_events(chunk({"content": ""}), chunk({}, "length")))(player)


def sends_chunks(*parts: bytes, end: bool = True) -> Play:
    """Return a play that sends a body in chunks."""

    def play(player: Player) -> None:
        player.protocol_version = "HTTP/1.1"
        player.begin(transfer_encoding="chunked")
        for part in parts:
            player.send(b"%x\r\n%b\r\n" % (len(part), part))
        if end:
            player.send("0\r\n\r\n")

    return play


def stays_open(player: Player) -> None:
    """Send a whole stream, and keep the connection."""
    sends_texts(TEXT)(player)
    player.hang()


def sends_single_bytes(player: Player) -> None:
    """Send each byte of a stream by itself."""
    player.begin()
    for byte in f"{event_line(TEXT, 'stop')}\n\n".encode():
        player.send(bytes([byte]))
        time.sleep(0.0005)


def sends_gzip(player: Player) -> None:
    """Send a stream as gzip."""
    player.begin(content_encoding="gzip")
    player.send(gzip.compress(f"{event_line(TEXT, 'stop')}\n\n".encode()))


def rejects_v1(player: Player) -> None:
    """Play a server whose address has no version."""
    play = (
        sends_texts(TEXT)
        if player.request_body and "/v1/" not in player.server.requests[-1].path
        else sends_status(404, "Not Found", "text/plain")
    )
    play(player)


MAX_TOKENS_REFUSED = (
    '{"error": {"message": "Unsupported parameter: \'max_tokens\' is not supported with this model. Use '
    '\'max_completion_tokens\' instead.", "type": "invalid_request_error", "param": "max_tokens"}}'
)
TEMPERATURE_REFUSED = '{"error": {"message": "Unsupported value", "param": "temperature", "code": "unsupported_value"}}'
TEMPERATURE_FORBIDDEN = (
    '{"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}'
)
SYSTEM_ROLE_REFUSED = (
    '{"error": {"code": 500, "message": "Jinja Exception: System role not supported", "type": "server_error"}}'
)
SYSTEM_ROLE_UNSUPPORTED = (
    '{"error": {"message": "Unsupported value: \'messages[0].role\' does not support \'system\' with this model."}}'
)
STREAM_REFUSED = '{"error": {"message": "stream is not supported by this deployment"}}'
CONTENT_PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "Who?"}]}, {"type": "text", "text": TEXT}]
HARMONY = (
    "<|channel|>analysis<|message|>The user asks who. [2]<|end|><|start|>assistant<|channel|>final<|message|>"
    f"{TEXT}<|return|>"
)
CONTEXT_EXCEEDED = (
    '{"error": {"message": "This model\'s maximum context length is 2048 tokens. However, you requested 3000 tokens '
    '(2950 in the messages, 50 in the completion, max_tokens).", "code": "context_length_exceeded"}}'
)

ANSWERS: dict[str, Play] = {
    # the stream
    "a stream that ends with a reason and [DONE]": sends_parts(
        f"{event_line(TEXT)}\n\n{event_line('', 'stop')}\n\ndata: [DONE]\n\n"
    ),
    "no [DONE]": sends_texts(TEXT),
    "no end of the connection": stays_open,
    "no finish reason": sends_parts(f"{event_line(TEXT)}\n\ndata: [DONE]\n\n"),
    "neither a finish reason nor [DONE], after a whole sentence": sends_parts(f"{event_line(TEXT)}\n\n"),
    "no blank line at the end": sends_parts(f"{event_line(TEXT, 'stop')}"),
    "no blank lines at all": sends_parts(f"{event_line(TEXT[:8])}\n{event_line(TEXT[8:])}\n{event_line('', 'stop')}\n"),
    "no space after data": sends_parts(f"{event_line(TEXT, 'stop')}\n\n".replace("data: ", "data:")),
    "carriage returns": sends_parts(f": ping\r\n\r\nevent: message\r\nid: 7\r\n{event_line(TEXT, 'stop')}\r\n\r\n"),
    "carriage returns alone": sends_parts(f"{event_line(TEXT, 'stop')}\r\r"),
    "an event over several lines": sends_parts(
        "".join(f"data: {part}\n" for part in json.dumps(chunk({"content": TEXT}, "stop"), indent=1).split("\n")), "\n"
    ),
    "a byte order mark": sends_parts(b"\xef\xbb\xbf", f"{event_line(TEXT, 'stop')}\n\n"),
    "keep-alives": sends_parts(
        ": ping\n\n" * 30, f"{event_line(TEXT)}\n\n", ":\n\n" * 30, f"{event_line('', 'stop')}\n\n"
    ),
    "a role, and null for a text": sends_events(
        chunk({"role": "assistant", "content": None}), chunk({"content": TEXT}), chunk({}, "stop")
    ),
    "events without choices": sends_events(
        {"choices": []}, {"usage": {"total_tokens": 7}}, chunk({"content": TEXT}), {"choices": None}, chunk({}, "stop")
    ),
    "the tokens after the end": sends_events(
        chunk({"content": TEXT}), chunk({}, "stop"), {"choices": [], "usage": {"total_tokens": 7}}
    ),
    "the finish reason twice": sends_events(chunk({"content": TEXT}), chunk({}, "stop"), chunk({}, "stop")),
    "the whole text again at the end": sends_events(chunk({"content": TEXT}), chunk({"content": TEXT}, "stop")),
    "the whole message after its pieces": sends_events(
        chunk({"content": TEXT}), {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}
    ),
    "another finish reason": sends_texts(TEXT, finish="eos_token"),
    "bytes in parts": sends_parts(
        *(bytes([byte]) for byte in f"{event_line('')}\n\n{event_line(TEXT, 'stop')}\n\n".encode())
    ),
    "single bytes with pauses": sends_single_bytes,
    "chunks that cut events": sends_chunks(
        *(f"{event_line(TEXT, 'stop')}\n\n".encode()[n : n + 9] for n in range(0, 300, 9))
    ),
    "compression without a request for it": sends_gzip,
    "a stream that says it is plain text": sends_parts(f"{event_line(TEXT, 'stop')}\n\n", kind="text/plain"),
    # no stream
    "JSON where a stream was asked for": sends_parts(completion(TEXT), kind=JSON),
    "indented JSON": sends_parts(json.dumps(json.loads(completion(TEXT)), indent=2), kind=JSON),
    "JSON without a finish reason": sends_parts(completion(TEXT, None), kind=JSON),
    "JSON that says it is a stream": sends_parts(completion(TEXT), kind=EVENTS),
    "JSON of the older completions API": sends_parts(
        json.dumps({"choices": [{"text": TEXT, "finish_reason": "stop"}]}), kind=JSON
    ),
    "a line of JSON for each event": sends_parts(
        "".join(event_line(part)[6:] + "\n" for part in TEXT), event_line("", "stop")[6:], kind="application/x-ndjson"
    ),
    # parameters
    "max_tokens is refused": refuses_parameter("max_tokens", 400, MAX_TOKENS_REFUSED),
    "max_tokens and max_completion_tokens are refused": refuses_parameter(
        "max_tokens",
        400,
        MAX_TOKENS_REFUSED,
        refuses_parameter("max_completion_tokens", 400, '{"message": "unknown field max_completion_tokens"}'),
    ),
    "temperature is refused": refuses_parameter("temperature", 400, TEMPERATURE_REFUSED),
    "temperature is refused by a validator": refuses_parameter("temperature", 422, TEMPERATURE_FORBIDDEN),
    "temperature is refused within the stream": refuses_parameter(
        "temperature", 200, 'data: {"error": {"message": "temperature must be 1"}}\n\n'
    ),
    "there is no system role": refuses_parameter("system", 500, SYSTEM_ROLE_REFUSED),
    "there is no system role for this model": refuses_parameter("system", 400, SYSTEM_ROLE_UNSUPPORTED),
    "there is no stream": refuses_parameter("stream", 400, STREAM_REFUSED, sends_parts(completion(TEXT), kind=JSON)),
    "everything is refused": refuses_parameter(
        "max_tokens",
        400,
        MAX_TOKENS_REFUSED,
        refuses_parameter(
            "temperature",
            400,
            TEMPERATURE_REFUSED,
            refuses_parameter(
                "system",
                400,
                SYSTEM_ROLE_UNSUPPORTED,
                refuses_parameter("stream", 400, STREAM_REFUSED, sends_parts(completion(TEXT), kind=JSON)),
            ),
        ),
    ),
    "the base URL has no /v1": rejects_v1,
    # temporary errors
    "busy, with seconds to wait": in_turn(
        sends_status(429, '{"error": "slow down"}', retry_after="0"), sends_texts(TEXT)
    ),
    "busy, with a date to wait for": in_turn(
        sends_status(503, "", retry_after=formatdate(time.time(), usegmt=True)), sends_texts(TEXT)
    ),
    "busy, without saying for how long": in_turn(
        sends_status(503, "loading model"), sends_status(529), sends_texts(TEXT)
    ),
    "busy, with nonsense to wait for": in_turn(
        sends_status(429, "", retry_after="soon"), sends_status(429, "", retry_after="-5"), sends_texts(TEXT)
    ),
    "a connection that is reset once": in_turn(lambda player: player.connection.close(), sends_texts(TEXT)),
    # thoughts
    "a thought before the answer": sends_texts("<think>Who? [2]", "</thi", "nk>\n\n", TEXT),
    "a thought that was opened in the prompt": sends_texts("Okay, who was it? [2] ", "The queen.", "</think>\n", TEXT),
    "a thought in another tag": sends_texts("<thinking>\nWho?</thinking>", TEXT),
    "a thought that does not end": sends_texts(TEXT, "<think>Was it? The queen"),
    "thoughts in the middle": sends_texts("<think>a</think>The king ", "<think>b</think>signed it [1]."),
    "the channels of harmony": sends_texts(*HARMONY),
    "channels without their borders": sends_texts("analysisThe user asks.", "assistant", f"final{TEXT}"),
    "a thought in a field": sends_events(
        chunk({"reasoning_content": "Who? [2]"}),
        chunk({"reasoning": "x", "content": ""}),
        chunk({"content": TEXT}, "stop"),
    ),
    "a thought in a part of a list": sends_parts(completion(CONTENT_PARTS), kind=JSON),
    "texts in parts of a list": sends_events(chunk({"content": [{"type": "text", "text": TEXT}]}), chunk({}, "stop")),
    "a model that thinks needs more tokens": thinks_with_500_tokens,
    "borders of turns": sends_texts(f"<|im_start|>assistant\n{TEXT}<|im_end|>"),
}

FAILURES: dict[str, tuple[Play, str, str, str]] = {
    "a wrong key": (sends_status(401, '{"error": {"message": "Incorrect API key"}}'), "refused", "Incorrect API key",
         "PINCITE_LLM_KEY"),
    "a key without rights": (sends_status(403, '{"detail": "Forbidden"}'), "refused", "Forbidden", "PINCITE_LLM_KEY"),
    "an unknown model": (sends_status(404, '{"error": "model \\"m\\" not found, try pulling it first"}'), "refused",
         "try pulling", "PINCITE_LLM_MODEL"),
    "no name of a model": (sends_status(400, '{"error": {"message": "you must provide a model parameter"}}'), "refused",
         "provide a model", "PINCITE_LLM_MODEL"),
    "an unknown path": (sends_status(404, "<html>nginx</html>", "text/html"), "refused", "status 404",
         "PINCITE_LLM_URL"),
    "a prompt that is too long": (sends_status(400, CONTEXT_EXCEEDED), "refused", "maximum context length",
         "PINCITE_LLM_BUDGET"),
    "a body that is too large": (sends_status(413, ""), "refused", "status 413", "PINCITE_LLM_BUDGET"),
    "an error in a list": (sends_status(400, '[{"error": {"code": 400, "message": "API key not valid"}}]'), "refused",
         "API key not valid", "PINCITE_LLM_KEY"),
    "an error with status 200": (sends_parts('{"error": {"message": "no credit"}}', kind=JSON), "refused", "no credit",
         "PINCITE_LLM"),
    "an error as vLLM has it": (sends_parts('{"object": "error", "message": "bad request", "code": 400}', kind=JSON),
         "refused", "bad request", "PINCITE_LLM"),
    "an error within the stream": (sends_events(chunk({"content": "The"}), {"error": {"message": "out of memory"}}),
         "refused", "out of memory", "PINCITE_LLM"),
    "busy for an hour": (sends_status(429, '{"error": "quota"}', retry_after="3600"), "refused",
         "asks to wait 3600 seconds", "Try again later"),
    "busy at every attempt": (sends_status(503, "overloaded", "text/plain"), "refused", "overloaded", "PINCITE_LLM"),
    "a page for a browser": (sends_parts("<!doctype html><title>Sign in</title>", kind="text/html"), "malformed",
         "no event of a chat completion", "PINCITE_LLM_URL"),
    "a page with an error": (sends_status(502, "<html><h1>Bad Gateway</h1>", "text/html"), "refused", "status 502",
         "PINCITE_LLM"),
    "plain text": (sends_parts("It works!", kind="text/plain"), "malformed", "no event", "PINCITE_LLM_URL"),
    "the API of Ollama": (sends_parts('{"message": {"role": "assistant", "content": "The king"}, "done": true}\n',
         kind=JSON), "refused", "reports an error", "PINCITE_LLM"),
    "a stream that breaks off": (sends_texts("The king signed", finish=None), "cut short", "broke off", "Try again"),
    "an event that breaks off": (sends_parts(f"{event_line('The king ')}\n\n", event_line("signed")[:40]), "cut short",
         "broke off", "Try again"),
    "chunks that break off": (sends_chunks(f"{event_line(TEXT)}\n\n".encode(), end=False), "cut short",
         "lost the connection", "Try again"),
    "too few tokens": (sends_texts("The king signed", finish="length"), "cut short", "used up its tokens",
         "PINCITE_LLM_TOKENS"),
    "a filter": (sends_texts("The king", finish="content_filter"), "cut short", "filter", "Try again"),
    "a refusal": (sends_events(chunk({"refusal": "I cannot help with that."}), chunk({}, "stop")), "empty",
         "I cannot help with that", "another model"),
    "a call of a tool": (sends_events(chunk({"tool_calls": [{"index": 0, "function": {"name": "search"}}]}),
         chunk({}, "tool_calls")), "empty", "called a tool", "another model"),
    "thoughts and no answer": (sends_texts("<think>Who?</think>"), "empty", "its thoughts and no answer",
         "another model"),
    "thoughts in a field and no answer": (sends_events(chunk({"reasoning_content": "Who?"}), chunk({}, "stop")),
         "empty", "its thoughts and no answer", "another model"),
    "an empty response": (sends_parts(""), "empty", "sent nothing", "another model"),
    "null for a text": (sends_parts(completion(None), kind=JSON), "empty", "wrote nothing", "another model"),
    "a text without end": (sends_forever(f"{event_line('on and on ')}\n\n"), "cut short", "far more", "Try again"),
    "no response": (lambda player: player.hang(), "timeout", "did not finish", "PINCITE_LLM_TIMEOUT"),
}  # fmt: skip


def writer(url: str, *, timeout: float = 20.0, model: str = "m") -> ModelWriter:
    """Return a writer that knows nothing about the server."""
    return ModelWriter(url, model, timeout_seconds=timeout, budget_tokens=2000, max_answer_tokens=TOKENS)


@cases("known", [False, True], ids=["first", "again"])
@cases("play", ANSWERS.values(), ids=ANSWERS.keys())
def test_same_answer_is_read_from_every_server(play: Play, known: bool) -> None:
    """The text does not depend on the habits of the server, nor on whether the model is known.

    A thought that was opened in the prompt needs a model whose habits are unknown, or known to be those.
    """
    with playing(play) as stage:
        model_writer = writer(stage.url.removesuffix("/v1"))
        if known and play is not ANSWERS["a thought that was opened in the prompt"]:
            DIALECTS.set(model_writer._url, "m", Dialect(marks_thoughts=True))
        assert "".join(model_writer.stream(QUESTION, SOURCES)) == TEXT


@cases(("play", "reason", "words", "hint"), FAILURES.values(), ids=FAILURES.keys())
def test_failure_is_one_error_with_its_remedy(play: Play, reason: str, words: str, hint: str) -> None:
    """The error says what the server did and what to do."""
    with playing(play) as stage, pytest.raises(WriterError) as raised:
        list(writer(stage.url, timeout=0.3 if reason == "timeout" else 20.0).stream(QUESTION, SOURCES))
    error = raised.value
    assert (error.reason, words in error.message, hint in error.hint) == (reason, True, True), f"{error} {error.reason}"
    assert error.message.startswith("The writer, m at 127.0.0.1")
    assert len(str(error)) < 600


@pytest.mark.parametrize(
    "name", ["max_tokens is refused", "there is no system role", "there is no stream", "the base URL has no /v1"]
)
def test_refused_parameter_is_not_sent_again(name: str) -> None:
    """The server's refusal is remembered, so the next question costs one request."""
    with playing(ANSWERS[name]) as stage:
        model_writer = writer(stage.url.removesuffix("/v1"))
        for requests in (2, 3):
            assert "".join(model_writer.stream(QUESTION, SOURCES)) == TEXT
            assert len(stage.requests) == requests


def test_instructions_move_to_the_user_message_without_a_system_role() -> None:
    """They come first in the message, and no part of it is lost."""
    with playing(ANSWERS["there is no system role"]) as stage:
        list(writer(stage.url).stream(QUESTION, SOURCES))
    before, after = (request.body["messages"] for request in stage.requests)
    assert [message["role"] for message in after] == ["user"]
    assert after[0]["content"] == "\n\n".join(message["content"] for message in before)


def test_thinking_model_gets_more_tokens() -> None:
    """Where its thoughts used up the tokens, it is asked again with more; the next question begins with that limit."""
    with playing(thinks_with_500_tokens) as stage:
        for _ in range(2):
            assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT
    assert [request.body["max_tokens"] for request in stage.requests] == [TOKENS, *[TOKENS + THOUGHT_TOKENS] * 2]


def test_closing_the_stream_ends_the_wait_for_a_retry() -> None:
    """A client that closes the stream during a pause does not wait, and no further request is sent."""
    with playing(sends_status(503, "", retry_after="5")) as stage:
        pieces = writer(stage.url).stream(QUESTION, SOURCES, beat_seconds=0.01)
        while not stage.requests:
            next(pieces)
        pieces.close()  # type: ignore[attr-defined]
        assert len(stage.requests) == 1


def _pieces(play: Play, *, times: int) -> list[list[str]]:
    """Return the pieces of each answer, when the same question is asked several times."""
    with playing(play) as stage:
        return [list(writer(stage.url).stream(QUESTION, SOURCES)) for _ in range(times)]


def test_answer_that_could_still_be_a_thought_is_held_back() -> None:
    """Until the model is known not to think; a thought that was opened in the prompt is held back each time.

    One that is noticed too late ends the answer, and from then on answers are held back to their end again.
    """
    assert _pieces(sends_texts("The king ", "signed it [1]."), times=2) == [[TEXT], ["The king ", "signed it [1]."]]
    play = sends_texts("Who was it? ", "The queen [2].", "</think>", "The king ", "signed it [1].")
    assert _pieces(play, times=3) == [["The king ", "signed it [1]."]] * 3
    answers, thinks = sends_texts("The king ", "signed it [1]."), sends_texts("Who was ", "it?", "</think>", TEXT)
    with playing(in_turn(answers, thinks, thinks)) as stage:
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT
        with pytest.raises(WriterError, match="mixed its thoughts"):
            list(writer(stage.url).stream(QUESTION, SOURCES))
        assert "".join(writer(stage.url).stream(QUESTION, SOURCES)) == TEXT


LETTERS = "Žižka\u2028王\x85🏰 [1]."


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
def test_letters_sent_in_parts_are_joined(cut: int) -> None:
    """Line separators other than a line feed stay within the event."""
    event = f"data: {json.dumps(chunk({'content': LETTERS}, 'stop'), ensure_ascii=False)}\n\n".encode()
    play = sends_parts(*(event[n : n + cut] for n in range(0, len(event), cut)))
    assert _pieces(play, times=1) == [[LETTERS]]
