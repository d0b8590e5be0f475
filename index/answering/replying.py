"""What an OpenAI-compatible endpoint sends -> the text that its model writes, or what is wrong with the reply."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Reason = Literal["unreachable", "timeout", "refused", "redirected", "empty", "malformed", "cut short"]

DETAIL = 300
"""Characters of what a server says of an error that are passed on."""
ERROR_BYTES = 65_536
"""How much of it is read."""
THOUGHTS = ("<think>", "</think>")
"""Between which some models think aloud before they answer."""


class ReplyError(Exception):
    """What is wrong with a reply, in words that follow on the writer's name."""

    def __init__(self, reason: Reason, what: str) -> None:
        super().__init__(what)
        self.reason = reason


class Reply(ExitStack):
    """Takes the place of the stack on which InferenceClient keeps its open response.

    It bounds what is read of the response, and lets another thread end a read that waits.
    """

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self.answered = False
        """Whether the server has begun to answer."""
        self.ending = ""
        """Why the text ends, in the endpoint's words; empty where it just breaks off."""
        self.events = self.bytes = 0
        self._most_bytes = most_bytes
        self._response: Any = None
        self._hung_up = False
        self._lock = Lock()

    def enter_context(self, cm: Any) -> Any:
        """Take in the response that the client opens; an error or a redirect goes no further."""
        response = super().enter_context(_without_redirects(cm))
        self.answered = True
        with self._lock:
            self._response = response
        if self._hung_up:
            raise ReplyError("timeout", "answered too late")
        if response.has_redirect_location:
            raise ReplyError("redirected", f"redirects to {_place(response)}, and redirects are not followed")
        if not response.is_success:
            raise ReplyError(
                "refused", f"answered with HTTP status {response.status_code}: {_said(response)}".rstrip(": ")
            )
        response.iter_lines = partial(self._lines, response)
        return response

    def close(self) -> None:
        """Close the response, and with it, as it is not read to its end, the connection."""
        with self._lock:
            self._response = None
        super().close()

    def hang_up(self) -> None:
        """End a read that waits in another thread, which then closes the connection."""
        self._hung_up = True
        with self._lock, suppress(OSError, AttributeError):
            if self._response is not None:
                self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def _lines(self, response: Any) -> Iterator[str]:
        """The lines of the stream. The client's own would end one at each U+2028 that the model writes, too."""
        rest = b""
        for block in response.iter_bytes():
            self.bytes += len(block)
            if self.bytes > self._most_bytes:
                raise ReplyError("cut short" if self.events else "malformed", "sends far more than it was asked for")
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    self.events += 1
                    if line[5:].strip() == b"[DONE]":
                        self.ending = self.ending or "stop"
                        return
                yield line.decode(errors="replace")

    def check_end(self, *, words: bool) -> None:
        """Raise ReplyError unless the reply came to its end and had words in it."""
        if not self.events:
            reason: Reason = "malformed" if self.bytes else "empty"
            raise ReplyError(reason, "sent no event of a chat completion" if self.bytes else "sent nothing at all")
        if not self.ending:
            raise ReplyError("cut short", "broke off in the middle of its answer")
        if self.ending == "length":
            raise ReplyError("cut short", "used up its tokens before its answer was complete")
        if self.ending == "content_filter":
            raise ReplyError("cut short", "had its answer stopped by the endpoint's filter")
        if not words:
            raise ReplyError("empty", "wrote nothing")


def _without_redirects(cm: Any) -> Any:
    """The same request, which is not sent again to wherever the answer says, with the documents' words in it.

    The client follows redirects, to other hosts as well, and has no switch; its HTTP library has one, for each request.
    What is entered here is a generator function's context manager: the request is made when it is entered.
    """
    return contextmanager(cm.func)(*cm.args, **{**cm.kwds, "follow_redirects": False})


def _place(response: Any) -> str:
    """Where a redirect leads, without what might be secret in the address."""
    try:
        place = urlsplit(urljoin(str(response.request.url), response.headers["location"]))
    except ValueError:
        return "what is no address"
    return _shown(f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}")


def pieces(chunks: Iterable[Any], reply: Reply) -> Iterator[str]:
    """The text of each event, up to the one that says why the model has stopped."""
    for chunk in chunks:
        for choice in (chunk.choices or [])[:1]:
            text = (choice.delta.content if choice.delta else None) or ""
            if not isinstance(text, str):
                raise ReplyError("malformed", "sent what is no text")
            yield text
            if choice.finish_reason:
                reply.ending = str(choice.finish_reason)
                return


def without_thoughts(texts: Iterable[str]) -> Iterator[str]:
    """The pieces of a text, less what stands before the answer between `<think>` and `</think>`."""
    opening, closing = THOUGHTS
    held, thinking, begun = "", False, False
    for text in texts:
        held += text
        if not begun:
            start = held.lstrip()[: len(opening)]
            begun = start == opening or not opening.startswith(start)
            thinking = start == opening
        if thinking and closing in held:
            thinking, held = False, held.partition(closing)[2].lstrip()
        if thinking:
            held = held[-len(closing) :]
        elif begun and held:
            yield held
            held = ""
    if held and not thinking:
        yield held


def diagnosis(error: Exception, *, answered: bool) -> ReplyError:
    """What an error means; the client's by name, for huggingface_hub 1 and 2 stand on different HTTP libraries."""
    if isinstance(error, ReplyError):
        return error
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"TimeoutError", "TimeoutException"}:
        return ReplyError("timeout", "kept silent for too long")
    if "TextGenerationError" in kinds:
        return ReplyError("refused", f"reports an error: {_shown(error.args[0] if error.args else '')}")
    if answered and kinds & {"TransportError", "OSError"}:
        return ReplyError("cut short", "lost the connection in the middle of its answer")
    if answered:
        return ReplyError("malformed", "sent what is no event of a chat completion")
    if "RemoteProtocolError" in kinds and "disconnect" not in str(error):
        return ReplyError("malformed", "does not speak HTTP")
    return ReplyError("unreachable", f"could not be reached: {_shown(str(error) or type(error).__name__)}")


def _said(response: Any) -> str:
    """What the server says of its error, as far as it can be read; nothing where that is a page for a browser."""
    body = b""
    with suppress(Exception):  # the status says enough where the connection breaks here
        for block in response.iter_bytes():
            body += block
            if len(body) > ERROR_BYTES:
                break
    text = body.decode(errors="replace").strip()
    with suppress(ValueError, RecursionError):
        return _shown(json.loads(text))
    return "" if text.startswith("<") else _shown(text)


def _shown(said: Any) -> str:
    """The words in an error, whichever of the usual forms it has: `{"error": {"message": …}}`, `{"detail": …}` …"""
    while isinstance(said, dict):
        said = next((said[key] for key in ("error", "message", "detail") if said.get(key)), "")
    return "".join(letter for letter in " ".join(str(said).split()) if letter.isprintable())[:DETAIL]
