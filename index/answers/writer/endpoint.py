"""An OpenAI-compatible endpoint: the request that a server accepts, and the bytes that it answers.

httpx2 sends the request. The `openai` package is not used: it takes keys, headers, an organisation and proxies from the
environment, follows redirects with the key, logs the documents' words under `OPENAI_LOG`, and its stream reads neither
JSON in place of events nor events without blank lines. httpx2's own client is not used either: it logs whole addresses,
which may hold a password or a key. Its transport does nothing but send one request.
"""

from __future__ import annotations

import base64
import codecs
import email.utils
import io
import json
import math
import re
import socket
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Iterable, Iterator, Sequence

    import httpx2


# The reply of an OpenAI-compatible endpoint: the text that its model writes, or the error in it.
#
# Servers differ more than their common interface says: in how they end lines and streams, in whether they stream at
# all, and in the form of a text and of an error. Anything with a clear meaning is accepted; everything else raises
# ReplyError. httpx2.EventSource is not used: it accepts one content type, needs a blank line after each event, and
# reads no JSON.

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


MAX_DIALECTS = 64
"""Number of servers that are remembered."""
ERROR_BYTES = 65_536
"""The number of bytes of an error's body that are read."""
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which the same request may succeed."""
_NOT_THE_REQUEST = frozenset({401, 402, 403, 429})
"""HTTP statuses that do not blame a parameter, whatever their text says."""
_MISSING = frozenset({404, 405})
_STREAM = re.compile(r"\bstream(?:ing)?\b", re.IGNORECASE)
_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}\b(?:roles?|messages?|prompts?|instructions?)\b|\broles?\b.{0,60}\bsystem\b"
    r"|\bmessages?[\[.]0[\].]|roles must alternate|[\"'`]system[\"'`]",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"max_(?:completion_)?tokens")
_CONTEXT = re.compile(r"context.{0,20}(?:length|size|window)|too (?:long|many tokens)|prompt is too", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_VERSION = re.compile(r"/v\d\w*(?:/|\Z)")
_COMPLETIONS = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The form of request that a server accepts, learnt from its errors.

    Each parameter has one other form, which is tried when an error names the parameter.
    """

    limit: Literal["max_tokens", "max_completion_tokens", ""] = "max_tokens"
    temperature: bool = True
    system: bool = True
    """Whether the server knows a system role. If not, the instructions begin the user's message."""
    stream: bool = True
    thought_tokens: int = 0
    """Extra tokens for a model that used up its limit before it wrote a word, or that is known to think."""
    marks_thoughts: bool = False
    """Whether one whole reply has shown that the model opens every thought that it closes."""
    path: int = 0
    """Index into the addresses that the URL may mean."""

    def request(self, model: str, messages: Sequence[dict[str, str]], tokens: int) -> dict[str, Any]:
        """Return the JSON body of a request for an answer of at most `tokens` tokens; `model` may be empty."""
        if not self.system:
            text = "\n\n".join(message["content"] for message in messages)
            messages = [{"role": "user", "content": text}]
        body: dict[str, Any] = {"messages": list(messages), "stream": self.stream}
        if self.limit:
            body[self.limit] = tokens + self.thought_tokens
        if self.temperature:
            body["temperature"] = 0
        return {"model": model, **body} if model else body

    def adapted_to(self, error: ReplyError, paths: int) -> Dialect | None:
        """Return the dialect that an error asks for, or None if it asks for none. Each change is made once."""
        words = str(error)
        if error.needs_room and self.limit:
            return replace(self, thought_tokens=THOUGHT_TOKENS) if not self.thought_tokens else None
        if error.reason != "refused" or error.status in _NOT_THE_REQUEST or _CONTEXT.search(words):
            return None
        if error.status in _MISSING and not _MODEL.search(words) and self.path + 1 < paths:
            return replace(self, path=self.path + 1)
        changed = replace(
            self,
            temperature=self.temperature and "temperature" not in words,
            stream=self.stream and not _STREAM.search(words),
            system=self.system and not _SYSTEM.search(words),
        )
        if _LIMIT.search(words):  # models that refuse max_tokens are those that think
            limit: Literal["max_completion_tokens", ""] = "max_completion_tokens" if self.limit == "max_tokens" else ""
            changed = replace(changed, limit=limit, thought_tokens=THOUGHT_TOKENS)
        return None if changed == self else changed


class DialectCache:
    """The dialects of the servers that this process has asked, by URL and model."""

    def __init__(self) -> None:
        self._dialects: OrderedDict[tuple[str, str], Dialect] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str, model: str) -> Dialect:
        """Return a server's dialect; the default one for an unknown server."""
        with self._lock:
            return self._dialects.get((url, model), Dialect())

    def set(self, url: str, model: str, dialect: Dialect) -> None:
        """Remember a server's dialect, and forget the oldest one if there are too many."""
        with self._lock:
            self._dialects[url, model] = dialect
            self._dialects.move_to_end((url, model))
            while len(self._dialects) > MAX_DIALECTS:
                self._dialects.popitem(last=False)


DIALECTS = DialectCache()


class Connection:
    """The connection of one request, which another thread may end."""

    def __init__(self) -> None:
        self.answered = False
        """Whether the server has begun to answer."""
        self.aborted = threading.Event()
        self._response: httpx2.Response | None = None
        self._lock = threading.Lock()

    def abort(self) -> None:
        """End a read that waits in another thread; that thread closes the connection and sends no further request."""
        self.aborted.set()
        with self._lock, suppress(OSError, AttributeError, KeyError):
            if self._response is not None:
                self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise ReplyError if nobody waits for the answer any more."""
        if self.aborted.is_set():
            raise ReplyError("timeout", "answered too late")

    def attach(self, response: httpx2.Response | None) -> None:
        """Set the response that is being read, or None. Raises ReplyError if nobody waits for it any more."""
        with self._lock:
            self._response = response
        if response is not None:
            self.answered = True
            self.check()


def addresses(url: str) -> list[str]:
    """Return the addresses that a base URL may mean, the likeliest first."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if path.endswith(_COMPLETIONS):
        return [url]
    bases = [path] if _VERSION.search(path) else [f"{path}/v1", path]
    return [urlunsplit(parts._replace(path=base + _COMPLETIONS)) for base in bases]


def post(
    url: str, key: str, body: dict[str, Any], *, timeout_seconds: float, connection: Connection
) -> Generator[bytes, None, None]:
    """Yield the bytes of the answer to a chat completion request, as they arrive. Raises ReplyError.

    One attempt: the caller retries, because it knows how much time is left.
    """
    import httpx2

    address = httpx2.URL(url)
    headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "pincite"}
    request = httpx2.Request(
        "POST",
        address.copy_with(userinfo=b""),
        headers=headers | _authorization(address, key),
        json=body,
        extensions={"timeout": httpx2.Timeout(timeout_seconds).as_dict()},
    )
    connection.check()
    try:
        with httpx2.HTTPTransport(verify=_tls_context(address), trust_env=False) as transport:
            response = transport.handle_request(request)
            try:
                connection.attach(response)
                if not response.is_success:
                    raise _refusal(response, url)
                yield from response.iter_bytes()
            finally:
                connection.attach(None)
                response.close()
    except (httpx2.TransportError, httpx2.DecodingError, OSError) as error:
        raise _failure(error, answered=connection.answered) from None


def _tls_context(url: httpx2.URL) -> ssl.SSLContext:
    """Return a TLS context that verifies certificates.

    Loading the certificate authorities takes 9 ms, so the context of an http address, which needs none, has none.
    """
    import ssl

    import httpx2

    if url.scheme == "https":
        return httpx2.create_ssl_context(trust_env=False)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _authorization(url: httpx2.URL, key: str) -> dict[str, str]:
    """Return the header with the key, otherwise with the name and password in the address; empty without them."""
    if key:
        return {"authorization": f"Bearer {key}"}
    pair = f"{url.username}:{url.password}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"} if url.userinfo else {}


def _refusal(response: httpx2.Response, url: str) -> ReplyError:
    status = response.status_code
    if "location" in response.headers and 300 <= status < 400:
        place = _redirect_target(url, response.headers["location"])
        return ReplyError("redirected", f"redirects to {place}, and redirects are not followed")
    message = f"answered with HTTP status {status}: {error_text(_error_body(response))}".rstrip(": ")
    retry_after = _retry_after(response.headers) if status in TRANSIENT else None
    return ReplyError("refused", message, status=status, retry_after=retry_after)


def _error_body(response: httpx2.Response) -> bytes:
    """Return up to ERROR_BYTES of an error's body. If the rest does not arrive, the status says enough."""
    import httpx2

    body = b""
    with suppress(httpx2.HTTPError, OSError):
        for block in response.iter_bytes():
            body += block
            if len(body) > ERROR_BYTES:
                break
    return body


def _redirect_target(url: str, location: str) -> str:
    """Return the address that a redirect leads to, without the parts that may be secret."""
    try:
        target = urlsplit(urljoin(url, location))
    except ValueError:
        return "something that is not an address"
    return printable(f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}")


def _retry_after(headers: httpx2.Headers) -> float:
    """Return the seconds that the server asks to wait, as a number or a date; -1 if it does not say."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        date = email.utils.parsedate_tz(value)
        seconds = email.utils.mktime_tz(date) - time.time() if date else -1.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else -1.0


def _failure(error: Exception, *, answered: bool) -> ReplyError:
    """Return the diagnosis of a connection's error."""
    import httpx2

    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return ReplyError("timeout", "kept silent for too long")
    if isinstance(error, httpx2.DecodingError):
        return ReplyError("malformed", "sent a body that is not compressed as its header says")
    if answered:
        return ReplyError("cut short", "lost the connection in the middle of its answer")
    if isinstance(error, httpx2.RemoteProtocolError) and "disconnect" not in str(error):
        return ReplyError("malformed", "does not speak HTTP")
    retry_after = None if isinstance(error, httpx2.ConnectError) else -1.0  # a server that hangs up is running
    message = f"could not be reached: {printable(str(error) or type(error).__name__)}"
    return ReplyError("unreachable", message, retry_after=retry_after)
