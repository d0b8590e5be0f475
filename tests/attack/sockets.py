"""Bytes over a socket, for what no honest client sends: floods, pieces, and silence."""

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
class Line:
    """A connection to the server, of which the attacker has full control."""

    socket: socket.socket
    heard: bytes = b""
    ended: bool = False
    """Whether the server has hung up."""

    @classmethod
    def to(cls, server: Server, address: str = "127.0.0.1", seconds: float = 10) -> Self:
        """Connect from an address of this machine."""
        return cls(socket.create_connection(("127.0.0.1", server.port), seconds, source_address=(address, 0)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    @property
    def status(self) -> int:
        """The status of the last response that was heard; 0 if none."""
        statuses = [int(found) for found in _STATUS.findall(self.heard) if found != b"100"]
        return statuses[-1] if statuses else 0

    def say(self, piece: bytes) -> bool:
        """Send, unless the server has answered or hung up already; whether it is still worth sending more."""
        if self.listen(0):
            return False
        try:
            self.socket.sendall(piece)
        except OSError:
            self.listen(0.5)
            self.ended = True
        return not self.ended

    def drip(self) -> None:
        """Send one byte, whatever the server has said meanwhile."""
        with suppress(OSError):
            self.socket.send(b"x")

    def listen(self, seconds: float) -> bool:
        """Hear what the server says within some time; whether it has answered or hung up."""
        end = time.monotonic() + seconds
        while not self.ended and not self.status:
            if not select.select([self.socket], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            self._hear()
        return self.ended or bool(self.status)

    def over(self) -> bool:
        """Whether the server has answered or hung up by now."""
        return self.listen(0)

    def _hear(self) -> None:
        try:
            heard = self.socket.recv(65536)
        except OSError:
            heard = b""
        self.heard += heard
        self.ended = not heard


def head(method: str, target: str, server: Server, **headers: str) -> bytes:
    """The beginning of a request of the page's own script, with more headers; `_` stands for `-` in their names."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"X_Pincite": "page", **headers}.items()]
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *lines, "", ""]).encode()


def flood(server: Server, first: bytes, body: Iterable[bytes], seconds: float, address: str = "127.0.0.1") -> int:
    """Send a request with a large body; gives the status, 0 where the server hung up or said nothing in time."""
    end = time.monotonic() + seconds
    with suppress(OSError), Line.to(server, address) as line:
        line.socket.settimeout(seconds)
        going = line.say(first)
        for piece in body:
            going = going and line.say(piece) and time.monotonic() < end
            if not going:
                break
        line.listen(max(0.0, end - time.monotonic()))
        return line.status
    return 0


def sent(server: Server, target: str, kind: str, body: bytes, seconds: float, address: str = "127.0.0.1") -> int:
    """Send a whole body of a kind by its length; gives the status."""
    first = head("POST", target, server, Content_Type=kind, Content_Length=str(len(body)))
    return flood(server, first, (body[at : at + PIECE] for at in range(0, len(body), PIECE)), seconds, address)


def chunked(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """A body in chunks, whose length nobody announces."""
    for piece in pieces:
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
