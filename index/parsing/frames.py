"""How two processes talk: frames, each its length and then its bytes."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

_LENGTH = struct.Struct(">Q")
MOST = 1 << 25
"""Bytes of one frame: what is longer comes in several, so that nobody has to hold it twice."""


class TalkError(Exception):
    """The other side is gone, or does not keep to the form."""


def send(sink: BinaryIO, frame: bytes) -> None:
    """One frame; it may wait in a buffer until `sink` is flushed."""
    sink.write(_LENGTH.pack(len(frame)))
    sink.write(frame)


def send_json(sink: BinaryIO, value: Any) -> None:
    """A value as a frame."""
    send(sink, json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode())


def receive(source: BinaryIO) -> bytes:
    """The next frame. Raises TalkError where it does not come whole, or is longer than any that is sent."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise TalkError("it ended")
    length = _LENGTH.unpack(head)[0]
    if length > MOST:
        raise TalkError(f"a frame of {length} bytes")
    frame = source.read(length)
    if len(frame) < length:
        raise TalkError("it ended within a frame")
    return frame


def receive_json(source: BinaryIO) -> Any:
    """The next frame's value. Raises TalkError where it is none."""
    try:
        return json.loads(receive(source))
    except (ValueError, RecursionError) as error:
        raise TalkError("a frame that is not JSON") from error
