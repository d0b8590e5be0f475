"""What an OpenAI-compatible endpoint sends -> the text that its model writes, or what is wrong with the reply.

Servers differ more than their common interface says: in how they end lines and streams, in whether they stream at all,
in the form of a text and of an error. What has one meaning is read as that; everything else is one ReplyError.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Reason = Literal["unreachable", "timeout", "refused", "redirected", "empty", "malformed", "cut short"]

DETAIL = 300
"""Characters of what a server says of an error that are passed on."""
_BREAK = re.compile(rb"\r\n|\n|\r(?!\Z)")
_FIELD = re.compile(r"(?:data|event|id|retry)?:")
_SENTENCE_END = re.compile(r"[.!?…。！？][\W\d]*\Z")
_BOM = b"\xef\xbb\xbf"
_REPEATED = 20
"""From so many characters on, a last piece that repeats all before it is no coincidence."""


class ReplyError(Exception):
    """What is wrong with a reply, in words that follow on the writer's name."""

    def __init__(
        self, reason: Reason, what: str, *, status: int = 0, retry_after: float | None = None, hint: str = ""
    ) -> None:
        super().__init__(what)
        self.reason = reason
        self.status = status
        """The HTTP status of a refusal; 0 where it came with none."""
        self.retry_after = retry_after
        """Seconds after which the same may be asked again; negative where the server does not say; None for never."""
        self.hint = hint
        """What to do, where that is more than the reason tells."""
        self.needs_room = False
        """Whether the model used up its tokens before it wrote a word: it thinks, and needs more of them."""


@dataclass(slots=True)
class Reply:
    """What has come of a reply so far."""

    most_bytes: int
    ending: str = ""
    """Why the text ends, in the endpoint's words; empty where it just breaks off."""
    events: int = 0
    bytes: int = 0
    text: str = ""
    """All that the model has written, with its thoughts."""
    thought: bool = False
    """Whether the model thought, in a field of its own or in its text."""
    refusal: str = ""
    called: bool = False
    """Whether the model called a tool instead of writing."""

    def check_end(self, *, words: bool) -> None:
        """Raise ReplyError unless the reply came to its end and had words in it."""
        if not self.events:
            reason: Reason = "malformed" if self.bytes else "empty"
            raise ReplyError(reason, "sent no event of a chat completion" if self.bytes else "sent nothing at all")
        if not self.ending and not _SENTENCE_END.search(self.text):
            raise ReplyError("cut short", "broke off in the middle of its answer")
        if self.ending in ("length", "max_tokens"):
            error = ReplyError("cut short", "used up its tokens before its answer was complete")
            error.needs_room = not words
            raise error
        if self.ending in ("content_filter", "safety"):
            raise ReplyError("cut short", "had its answer stopped by the endpoint's filter")
        if not words:
            raise ReplyError("empty", self._emptiness())

    def _emptiness(self) -> str:
        if self.refusal:
            return f"declined to answer: {shown(self.refusal)}"
        if self.called:
            return "called a tool instead of writing an answer"
        return "wrote its thoughts and no answer" if self.thought else "wrote nothing"


def texts(blocks: Iterable[bytes], reply: Reply) -> Iterator[str]:
    """The text of each event, up to the one that says why the model has stopped. Raises ReplyError."""
    for data in events(_bounded(blocks, reply)):
        reply.events += 1
        if data.strip() == "[DONE]":
            reply.ending = reply.ending or "stop"
            return
        choice = _choice(_object(data))
        if choice is None:
            continue
        text = _text(choice, reply)
        ending = choice.get("finish_reason")
        if not (ending and len(text) >= _REPEATED and text == reply.text):  # the last event may have all of it again
            reply.text += text
            yield text
        if isinstance(ending, str) and ending and ending != "null":
            reply.ending = ending.lower()
            return


def events(blocks: Iterable[bytes]) -> Iterator[str]:
    """The data of each server-sent event; of a body that is JSON instead, the whole, or each of its lines.

    Servers are forgiven a byte order mark, either end of line, a missing blank line between events or at the end.
    """
    data: list[str] = []
    body: list[str] = []
    streamed: bool | None = None
    begun = False
    for line in _lines(blocks):
        if streamed is None and line.strip():
            streamed = bool(_FIELD.match(line))
        if not streamed:
            body.append(line)
        elif not line:
            begun = begun or bool(data)
            yield from _joined(data)
        elif line.startswith("data:"):
            if data and _loads(data[-1]) is not None:
                yield from _joined(data)
            data.append(line[5:].removeprefix(" "))
    if data and (not begun or data[-1].strip() == "[DONE]" or _loads(data[-1]) is not None):  # else it was cut off
        yield from _joined(data)
    yield from _bodies(body)


def shown(said: Any) -> str:
    """The words in an error, whichever of the usual forms it has: `{"error": {"message": …}}`, `{"detail": […]}` …"""
    return "".join(letter for letter in " ".join(_words(said).split()) if letter.isprintable())[:DETAIL]


def said(body: bytes) -> str:
    """What a server says of its error, as far as it can be read; nothing where that is a page for a browser."""
    text = body.decode(errors="replace").strip()
    value = _loads(text)
    if value is not None:
        return shown(value)
    return "" if text.startswith("<") else shown(text)


def _words(said: Any, depth: int = 5) -> str:
    if isinstance(said, dict) and depth:
        value = next((said[key] for key in ("error", "message", "detail", "msg", "errors") if said.get(key)), "")
        place = said.get("loc") or said.get("param") or ""
        named = ".".join(map(str, place)) if isinstance(place, list) else str(place)
        words = _words(value, depth - 1)
        return words if named in words else f"{named}: {words}"
    if isinstance(said, list) and depth:
        return "; ".join(filter(None, (_words(each, depth - 1) for each in said[:5])))
    return str(said)[: 4 * DETAIL]


def _bounded(blocks: Iterable[bytes], reply: Reply) -> Iterator[bytes]:
    for block in blocks:
        reply.bytes += len(block)
        if reply.bytes > reply.most_bytes:
            raise ReplyError("cut short" if reply.events else "malformed", "sends far more than it was asked for")
        yield block


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a stream; not at each U+2028 that a model writes, as `str.splitlines` would have it."""
    rest, first = b"", True
    for block in blocks:
        *lines, rest = _BREAK.split(rest + block) if b"\n" in block or b"\r" in block else (rest + block,)
        for line in lines:
            yield (line.removeprefix(_BOM) if first else line).decode(errors="replace")
            first = False
    if rest := rest.rstrip(b"\r"):
        yield (rest.removeprefix(_BOM) if first else rest).decode(errors="replace")


def _joined(data: list[str]) -> Iterator[str]:
    if data:
        yield "\n".join(data)
        data.clear()


def _bodies(lines: list[str]) -> Iterator[str]:
    """A body that is no event stream: one completion as JSON, or one event a line."""
    text = "\n".join(lines).strip()
    if not text:
        return
    whole = _loads(text)
    if whole is None and all(_loads(line) is not None for line in lines if line.strip()):
        yield from (line for line in lines if line.strip())
    else:
        yield text


def _loads(text: str) -> Any:
    """JSON that is an object or a list; None for everything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _object(data: str) -> dict[str, Any]:
    event = _loads(data)
    if isinstance(event, list) and len(event) == 1:  # so some send an error
        event = event[0]
    if not isinstance(event, dict):
        raise ReplyError("malformed", "sent what is no event of a chat completion")
    failed = event.get("error") or event.get("object") == "error"
    if failed or ("choices" not in event and (event.get("message") or event.get("detail"))):
        raise ReplyError("refused", f"reports an error: {shown(event)}")
    return event


def _choice(event: dict[str, Any]) -> dict[str, Any] | None:
    """The first choice of an event; None where it is about something else, such as the tokens used."""
    choices = event.get("choices")
    if not choices and (choices is None or isinstance(choices, list)):
        return None
    choice = choices[0] if isinstance(choices, list) else None
    if not isinstance(choice, dict):
        raise ReplyError("malformed", "sent what is no event of a chat completion")
    return choice


def _text(choice: dict[str, Any], reply: Reply) -> str:
    """The words in a choice: the next ones, or, where nothing was streamed, all of them."""
    message = choice.get("delta") or choice.get("message") or {}
    if not isinstance(message, dict):
        raise ReplyError("malformed", "sent what is no event of a chat completion")
    if not choice.get("delta") and choice.get("message"):
        if reply.text:  # the whole again, after its pieces
            return ""
        reply.ending = "stop"
    reply.thought |= any(message.get(name) for name in ("reasoning_content", "reasoning", "thinking"))
    reply.called |= bool(message.get("tool_calls") or message.get("function_call"))
    if isinstance(message.get("refusal"), str):
        reply.refusal += message["refusal"]
    return _content(message.get("content") if message else choice.get("text"), reply)


def _content(content: Any, reply: Reply) -> str:
    """Text, or the texts of a list of parts, of which those that are thoughts do not count."""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        texts = [part.get("text") for part in content if part.get("type") in ("text", "output_text", None)]
        reply.thought |= len(texts) < len(content)
        content = "".join(text for text in texts if isinstance(text, str))
    if content is not None and not isinstance(content, str):
        raise ReplyError("malformed", "sent what is no text")
    return content or ""
