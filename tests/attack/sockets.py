"""Raw sockets, for requests that no honest client sends: floods, fragments and silence."""

from __future__ import annotations

import re
import select
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.attack.servers import Server

PIECE = 1 << 18
JSON = "application/json"
FORM = "multipart/form-data; boundary=edge"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(slots=True)
class RawConnection:
    """A connection to the server that the attacker controls byte by byte."""

    socket: socket.socket
    received: bytes = b""
    closed: bool = False
    """Whether the server has closed the connection."""

    @classmethod
    def connect(cls, server: Server, address: str = "127.0.0.1", seconds: float = 10) -> Self:
        """Connect from a loopback address."""
        return cls(socket.create_connection(("127.0.0.1", server.port), seconds, source_address=(address, 0)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @property
    def status(self) -> int:
        """The status of the last response; 0 if there was none."""
        statuses = [int(found) for found in _STATUS.findall(self.received) if found != b"100"]
        return statuses[-1] if statuses else 0

    def send(self, piece: bytes) -> bool:
        """Send unless the server has already answered or closed; return whether more can be sent."""
        if self.wait_for_response(0):
            return False
        try:
            self.socket.sendall(piece)
        except OSError:
            self.wait_for_response(0.5)
            self.closed = True
        return not self.closed

    def drip_byte(self) -> None:
        """Send one byte, even if the server has answered."""
        with suppress(OSError):
            self.socket.send(b"x")

    def wait_for_response(self, seconds: float) -> bool:
        """Wait some seconds for a response and return whether the server has answered or closed the connection."""
        deadline = time.monotonic() + seconds
        while not self.closed and not self.status:
            if not select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                break
            self._receive()
        return self.closed or bool(self.status)

    def has_ended(self) -> bool:
        """Whether the server has answered or closed the connection by now."""
        return self.wait_for_response(0)

    def _receive(self) -> None:
        try:
            received = self.socket.recv(65536)
        except OSError:
            received = b""
        self.received += received
        self.closed = not received


def request_head(method: str, target: str, server: Server, **headers: str) -> bytes:
    """Return the head of a request of the page's own script, with more headers; `_` becomes `-` in their names."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"X_Pincite": "page", **headers}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", ""]).encode()


def flood(server: Server, request: bytes, body: Iterable[bytes], seconds: float, address: str = "127.0.0.1") -> int:
    """Send a request with a large body; return the status, or 0 if the server closed or did not answer in time."""
    deadline = time.monotonic() + seconds
    with suppress(OSError), RawConnection.connect(server, address) as connection:
        connection.socket.settimeout(seconds)
        open_to_more = connection.send(request)
        for piece in body:
            open_to_more = open_to_more and connection.send(piece) and time.monotonic() < deadline
            if not open_to_more:
                break
        connection.wait_for_response(max(0.0, deadline - time.monotonic()))
        return connection.status
    return 0


def send_body(
    server: Server, target: str, content_type: str, body: bytes, seconds: float, address: str = "127.0.0.1"
) -> int:
    """Send a whole body with its content type and length, and return the status."""
    request = request_head("POST", target, server, Content_Type=content_type, Content_Length=str(len(body)))
    return flood(server, request, (body[at : at + PIECE] for at in range(0, len(body), PIECE)), seconds, address)


def chunked(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Encode a body in chunks, so that its length is not announced."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
