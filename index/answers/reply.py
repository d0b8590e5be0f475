"""The reply of an OpenAI-compatible endpoint: the text that its model writes, or the error in it.

Servers differ more than their common interface says: in how they end lines and streams, in whether they stream at all,
and in the form of a text and of an error. Anything with a clear meaning is accepted; everything else raises ReplyError.
httpx2.EventSource is not used: it accepts one content type, needs a blank line after each event, and reads no JSON.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Reason = Literal["unreachable", "timeout", "refused", "redirected", "empty", "malformed", "cut short"]

CHARACTERS_PER_TOKEN = 16
"""More characters than any text has. A longer reply comes from a server that ignores the limit."""
BYTES_PER_TOKEN = 4096
"""More bytes than a server sends for one token, with all the fields around it."""
THOUGHT_TOKENS = 4096
"""Tokens for the thoughts of a model, besides its answer."""
DETAIL = 300
"""Maximum characters of a server's error message that are passed on."""
_FIELD = re.compile(r"(?:data|event|id|retry)?:")
_SENTENCE_END = re.compile(r"[.!?…。！？][\W\d]*\Z")
_REPEATED = 20
"""If a last piece of at least this many characters repeats all the text before it, that is no coincidence."""


class ReplyError(Exception):
    """An error of a reply. Its message continues a sentence that begins with the writer's name."""

    def __init__(
        self, reason: Reason, message: str, *, status: int = 0, retry_after: float | None = None, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status
        """The HTTP status of a refusal; 0 if there was none."""
        self.retry_after = retry_after
        """Seconds after which to retry; negative if the server does not say; None if a retry is useless."""
        self.hint = hint
        """A remedy that is more specific than the reason's."""
        self.needs_room = False
        """Whether the model used up its tokens before it wrote a word: it thinks, and needs more of them."""


@dataclass(slots=True)
class Reply:
    """The part of a reply that has arrived."""

    max_tokens: int
    """The limit that the request sets. Servers that ignore it are stopped some way beyond it."""
    ending: str = ""
    """Why the text ends, in the endpoint's words; empty if it just breaks off."""
    events: int = 0
    received_bytes: int = 0
    text: str = ""
    """All that the model has written, with its thoughts."""
    thought: bool = False
    """Whether the model thought, in a field of its own or in its text."""
    refusal: str = ""
    called_tool: bool = False

    def texts(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Yield the text of each event, up to the one that says why the model has stopped. Raises ReplyError."""
        for data in events(self._limited(blocks)):
            self.events += 1
            if data.strip() == "[DONE]":
                self.ending = self.ending or "stop"
                return
            choice = _choice(_event(data))
            if choice is None:
                continue
            text = self._text(choice)
            ending = choice.get("finish_reason")
            if not (ending and len(text) >= _REPEATED and text == self.text):  # the last event may repeat the whole
                self.text += text
                if len(self.text) > CHARACTERS_PER_TOKEN * max(self.max_tokens, THOUGHT_TOKENS):
                    raise ReplyError("cut short", "writes far more than it was asked for")
                yield text
            if isinstance(ending, str) and ending and ending != "null":
                self.ending = ending.lower()
                return

    def check_end(self, *, has_words: bool) -> None:
        """Raise ReplyError unless the reply is complete and has words in it."""
        if not self.events:
            reason: Reason = "malformed" if self.received_bytes else "empty"
            raise ReplyError(
                reason, "sent no event of a chat completion" if self.received_bytes else "sent nothing at all"
            )
        if not self.ending and not _SENTENCE_END.search(self.text):
            raise ReplyError("cut short", "broke off in the middle of its answer")
        if self.ending in ("length", "max_tokens"):
            error = ReplyError("cut short", "used up its tokens before its answer was complete")
            error.needs_room = not has_words
            raise error
        if self.ending in ("content_filter", "safety"):
            raise ReplyError("cut short", "had its answer stopped by the endpoint's filter")
        if not has_words:
            raise ReplyError("empty", self._why_empty())

    def _why_empty(self) -> str:
        if self.refusal:
            return f"declined to answer: {printable(self.refusal)}"
        if self.called_tool:
            return "called a tool instead of writing an answer"
        return "wrote its thoughts and no answer" if self.thought else "wrote nothing"

    def _limited(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        limit = BYTES_PER_TOKEN * (self.max_tokens + CHARACTERS_PER_TOKEN)
        for block in blocks:
            self.received_bytes += len(block)
            if self.received_bytes > limit:
                raise ReplyError("cut short" if self.events else "malformed", "sends far more than it was asked for")
            yield block

    def _text(self, choice: dict[str, Any]) -> str:
        """Return the text of a choice: the next piece, or all of it if the reply is not streamed."""
        message = choice.get("delta") or choice.get("message") or {}
        if not isinstance(message, dict):
            raise _not_an_event()
        if not choice.get("delta") and choice.get("message"):
            if self.text:  # the whole text again, after its pieces
                return ""
            self.ending = "stop"
        self.thought |= any(message.get(name) for name in ("reasoning_content", "reasoning", "thinking"))
        self.called_tool |= bool(message.get("tool_calls") or message.get("function_call"))
        if isinstance(message.get("refusal"), str):
            self.refusal += message["refusal"]
        return self._content(message.get("content") if message else choice.get("text"))

    def _content(self, content: Any) -> str:
        """Return a text, or the joined texts of a list of parts without those that are thoughts."""
        if isinstance(content, list) and all(isinstance(part, dict) for part in content):
            texts = [part.get("text") for part in content if part.get("type") in ("text", "output_text", None)]
            self.thought |= len(texts) < len(content)
            content = "".join(text for text in texts if isinstance(text, str))
        if content is not None and not isinstance(content, str):
            raise ReplyError("malformed", "sent a content that is not text")
        return content or ""


def events(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the data of each server-sent event. If the body is JSON instead, yield the whole or each of its lines.

    A byte order mark, any end of line, and missing blank lines between events or at the end are accepted.
    """
    data: list[str] = []
    body: list[str] = []
    streamed: bool | None = None
    complete = False
    for line in _lines(blocks):
        if streamed is None and line.strip():
            streamed = bool(_FIELD.match(line))
        if not streamed:
            body.append(line)
        elif not line:
            complete = complete or bool(data)
            yield from _joined(data)
        elif line.startswith("data:"):
            if data and _json(data[-1]) is not None:
                yield from _joined(data)
            data.append(line[5:].removeprefix(" "))
    if data and (not complete or data[-1].strip() == "[DONE]" or _json(data[-1]) is not None):  # else it was cut off
        yield from _joined(data)
    yield from _json_events(body)


def printable(message: Any) -> str:
    """Return the text of an error in any of the usual forms: `{"error": {"message": …}}`, `{"detail": […]}` …"""
    return "".join(letter for letter in " ".join(_message(message).split()) if letter.isprintable())[:DETAIL]


def error_text(body: bytes) -> str:
    """Return the message in the body of an error, as far as it can be read; empty for an HTML page."""
    text = body.decode(errors="replace").strip()
    value = _json(text)
    if value is not None:
        return printable(value)
    return "" if text.startswith("<") else printable(text)


def _message(value: Any, depth: int = 5) -> str:
    if isinstance(value, dict) and depth:
        inner = next((value[key] for key in ("error", "message", "detail", "msg", "errors") if value.get(key)), "")
        place = value.get("loc") or value.get("param") or ""
        name = ".".join(map(str, place)) if isinstance(place, list) else str(place)
        message = _message(inner, depth - 1)
        return message if name in message else f"{name}: {message}"
    if isinstance(value, list) and depth:
        return "; ".join(filter(None, (_message(item, depth - 1) for item in value[:5])))
    return str(value)[: 4 * DETAIL]


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a stream. `str.splitlines` would also break a line at a U+2028 in the model's text."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8-sig")("replace"), translate=True)
    line = ""
    for block in chain(blocks, [None]):
        text, *following = decoder.decode(block or b"", final=block is None).split("\n")
        line += text
        for text in following:
            yield line
            line = text
    if line:
        yield line


def _joined(data: list[str]) -> Iterator[str]:
    if data:
        yield "\n".join(data)
        data.clear()


def _json_events(lines: list[str]) -> Iterator[str]:
    """Yield the events of a body that is not a stream: one completion as JSON, or one event a line."""
    filled = [line for line in lines if line.strip()]
    text = "\n".join(lines).strip()
    if _json(text) is None and all(_json(line) is not None for line in filled):
        yield from filled
    elif text:
        yield text


def _json(text: str) -> Any:
    """Return the JSON object or list in a text; None for everything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _event(data: str) -> dict[str, Any]:
    event = _json(data)
    if isinstance(event, list) and len(event) == 1:  # some servers send an error in a list
        event = event[0]
    if not isinstance(event, dict):
        raise _not_an_event()
    failed = event.get("error") or event.get("object") == "error"
    if failed or ("choices" not in event and (event.get("message") or event.get("detail"))):
        raise ReplyError("refused", f"reports an error: {printable(event)}")
    return event


def _choice(event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the first choice of an event; None for an event about something else, such as the tokens used."""
    choices = event.get("choices")
    if not choices and (choices is None or isinstance(choices, list)):
        return None
    choice = choices[0] if isinstance(choices, list) else None
    if not isinstance(choice, dict):
        raise _not_an_event()
    return choice


def _not_an_event() -> ReplyError:
    return ReplyError("malformed", "sent no event of a chat completion")
