"""The one connection to a language model's endpoint: the `openai` client, over a transport that keeps to what was set.

The client takes keys, an organisation, a project, headers and a base URL from `OPENAI_*`, and proxies from the
environment; it follows redirects, reads an error however long, and tells the server about this machine. The transport
below sends to one address, with the headers listed here and no others, and hands back a response that can be ended.
"""

from __future__ import annotations

import base64
import email.utils
import logging
import math
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx2
import openai

from index.answering.replying import ReplyError, said, shown

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ERROR_BYTES = 65_536
"""How much of an error is read."""
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which the same request may succeed."""
_HEADERS = ("accept", "content-type", "content-length", "transfer-encoding")
_REDIRECTS = range(300, 400)
_GOOD = range(200, 300)

logging.getLogger("openai").setLevel(logging.WARNING)  # OPENAI_LOG would write the documents' words into the log


class Line:
    """A connection as another thread sees it, which may end it."""

    def __init__(self) -> None:
        self.answered = False
        """Whether the server has begun to answer."""
        self.ended = threading.Event()
        self._response: httpx2.Response | None = None
        self._lock = threading.Lock()

    def hang_up(self) -> None:
        """End a read that waits in another thread, which then closes the connection, and send nothing more."""
        self.ended.set()
        with self._lock, suppress(OSError, AttributeError, KeyError):
            if self._response is not None:
                self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise ReplyError where nobody waits any more."""
        if self.ended.is_set():
            raise ReplyError("timeout", "answered too late")

    def take(self, response: httpx2.Response) -> None:
        """Keep the response that is being read. Raises ReplyError, and closes it, where nobody waits any more."""
        self.answered = True
        with self._lock:
            self._response = response
        if self.ended.is_set():
            response.close()
            self.check()

    def release(self) -> None:
        """The response is read, or closed."""
        with self._lock:
            self._response = None


class _Body(httpx2.SyncByteStream):
    """A response's bytes; of an error only as many as are worth reading, and however they end."""

    def __init__(self, response: httpx2.Response, line: Line) -> None:
        self._response = response
        self._line = line

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._response.stream, httpx2.SyncByteStream)
        if self._response.status_code in _GOOD:
            yield from self._response.stream
            return
        size = 0
        with suppress(Exception):  # the status says enough where the connection breaks here
            for block in self._response.stream:
                size += len(block)
                yield block
                if size > ERROR_BYTES:
                    return

    def close(self) -> None:
        self._line.release()
        self._response.close()


class _Transport(httpx2.BaseTransport):
    """Sends every request to one address, with the headers that it needs."""

    def __init__(self, url: httpx2.URL, key: str, line: Line) -> None:
        self._url = url.copy_with(userinfo=b"")
        self._login = _login(url, key)
        self._line = line
        self._inner = httpx2.HTTPTransport(trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises ReplyError where nobody waits any more."""
        self._line.check()
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        headers |= {"host": self._url.netloc.decode(), "user-agent": "pincite", "accept-encoding": "identity"}
        if self._login:
            headers["authorization"] = self._login
        response = self._inner.handle_request(
            httpx2.Request(
                request.method, self._url, headers=headers, stream=request.stream, extensions=request.extensions
            )
        )
        self._line.take(response)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Body(response, self._line),
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()


def blocks(
    url: str, key: str, body: dict[str, Any], *, timeout_seconds: float, line: Line
) -> Generator[bytes, None, None]:
    """The bytes of the answer to a chat completion's request, as they come. Raises ReplyError.

    One attempt: who retries knows how much time there is.
    """
    address = httpx2.URL(url)
    bare = address.copy_with(userinfo=b"", query=None)
    with (
        httpx2.Client(
            transport=_Transport(address, key, line), trust_env=False, follow_redirects=False, timeout=timeout_seconds
        ) as http,
        openai.OpenAI(api_key=key or "none", base_url=bare, max_retries=0, http_client=http) as client,
    ):
        ask: Any = client.chat.completions.with_streaming_response.create
        try:
            with ask(**{"model": openai.omit, **body}) as response:
                yield from response.iter_bytes()
        except openai.APIStatusError as error:
            raise _refusal(error.response) from None
        except (openai.APIConnectionError, httpx2.TransportError, httpx2.DecodingError, OSError) as error:
            cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else None
            raise _broken(cause or error, answered=line.answered) from None


def _login(url: httpx2.URL, key: str) -> str:
    """The key, or else a name and a password in the address, as a header; nothing where there is neither."""
    if key:
        return f"Bearer {key}"
    pair = f"{url.username}:{url.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}" if url.userinfo else ""


def _refusal(response: httpx2.Response) -> ReplyError:
    status = response.status_code
    if status in _REDIRECTS and "location" in response.headers:
        return ReplyError("redirected", f"redirects to {_place(response)}, and redirects are not followed")
    what = f"answered with HTTP status {status}: {said(response.content)}".rstrip(": ")
    retry_after = _retry_after(response.headers) if status in TRANSIENT else None
    return ReplyError("refused", what, status=status, retry_after=retry_after)


def _place(response: httpx2.Response) -> str:
    """Where a redirect leads, without what might be secret in the address."""
    try:
        place = urlsplit(urljoin(str(response.request.url), response.headers["location"]))
    except ValueError:
        return "what is no address"
    return shown(f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}")


def _retry_after(headers: httpx2.Headers) -> float:
    """Seconds that the server asks to wait, from its number or date; -1 where it names none."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        date = email.utils.parsedate_tz(value)
        seconds = email.utils.mktime_tz(date) - time.time() if date else -1.0
    return seconds if math.isfinite(seconds) and seconds >= 0 else -1.0


def _broken(error: BaseException, *, answered: bool) -> ReplyError:
    """What an error of the connection means."""
    if isinstance(error, ReplyError):
        return error
    if isinstance(error, (httpx2.TimeoutException, TimeoutError)):
        return ReplyError("timeout", "kept silent for too long")
    if isinstance(error, httpx2.DecodingError):
        return ReplyError("malformed", "sent what is not compressed as it says")
    if answered:
        return ReplyError("cut short", "lost the connection in the middle of its answer")
    if isinstance(error, httpx2.RemoteProtocolError) and "disconnect" not in str(error):
        return ReplyError("malformed", "does not speak HTTP")
    retry_after = None if isinstance(error, httpx2.ConnectError) else -1.0  # a server that hung up is there
    what = f"could not be reached: {shown(str(error) or type(error).__name__)}"
    return ReplyError("unreachable", what, retry_after=retry_after)
