"""The wire protocol between two processes: frames of a length and that many bytes."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

_LENGTH = struct.Struct(">Q")
MOST = 1 << 25
"""Largest size of a frame in bytes; longer data is sent in several frames, so that neither side holds it twice."""


class ProtocolError(Exception):
    """The other process has ended, or violates the protocol."""


def send(sink: BinaryIO, frame: bytes) -> None:
    """Send a frame. It may stay in a buffer until `sink` is flushed."""
    sink.write(_LENGTH.pack(len(frame)))
    sink.write(frame)


def send_json(sink: BinaryIO, value: Any) -> None:
    """Send a value as a frame of JSON."""
    send(sink, json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode())


def receive(source: BinaryIO) -> bytes:
    """Receive the next frame. Raises ProtocolError if it is incomplete or too long."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise ProtocolError("it ended")
    length = _LENGTH.unpack(head)[0]
    if length > MOST:
        raise ProtocolError(f"a frame of {length} bytes")
    frame = source.read(length)
    if len(frame) < length:
        raise ProtocolError("it ended within a frame")
    return frame


def receive_json(source: BinaryIO) -> Any:
    """Receive the value of the next frame. Raises ProtocolError if it is not JSON."""
    try:
        return json.loads(receive(source))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("a frame that is not JSON") from error
