"""A fake web: one local server answers for all hosts, and a table of names replaces the DNS."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping

PUBLIC = "93.184.215.14"


@dataclass
class Page:
    """A response of the server."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Web(httpcore2.NetworkBackend):
    """Connect everything to the test's own server, and record each intended address."""

    def __init__(self, port: int, pages: Mapping[str, Page], names: Mapping[str, list[list[str]]]) -> None:
        self.connected: list[tuple[str, int]] = []
        """Address and port of every connection."""
        self.secured: list[str | None] = []
        """Whose certificate was demanded, for every connection that was to be encrypted."""
        self.requested: list[tuple[str, str]] = []
        """Host and path of every request."""
        self.pages = dict(pages)
        self._port = port
        self._names = {name: list(answers) for name, answers in names.items()}
        self._backend = httpcore2.SyncBackend()

    def resolve(self, host: str, port: int) -> list[str]:
        """Return the next answer of a name's list, whose last answer is repeated; an IP address resolves to itself."""
        answers = self._names.get(host)
        if answers is None:
            if host.replace(".", "").isdecimal() or ":" in host:
                return [host]
            raise OSError("Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the server, whatever the address is, without encryption."""
        self.connected.append((host, port))
        if host.endswith(".0"):
            raise httpcore2.ConnectError("Connection refused")
        return _PlainStream(self._backend.connect_tcp("127.0.0.1", self._port, timeout), self)


class _PlainStream(httpcore2.NetworkStream):
    """A connection that records the request for encryption and does not encrypt."""

    def __init__(self, stream: httpcore2.NetworkStream, web: Web) -> None:
        self._stream = stream
        self._web = web
        self.read = stream.read  # type: ignore[method-assign]
        self.write = stream.write  # type: ignore[method-assign]
        self.close = stream.close  # type: ignore[method-assign]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        assert ssl_context.check_hostname
        assert ssl_context.verify_mode == 2  # a certificate is required
        self._web.secured.append(server_hostname)
        return self


@contextmanager
def running_web(pages: Mapping[str, Page], names: Mapping[str, list[list[str]]]) -> Iterator[Web]:
    """Run a web with these pages by path and these host names."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.requested.append((self.headers["Host"], self.path))
            page = web.pages.get(self.path, Page(b"not found", 404))
            self.send_response(page.status)
            headers = {"Content-Length": str(len(page.body)), "Connection": "close", **page.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # the client may close the connection early
                self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        web = Web(server.server_address[1], pages, names)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()
