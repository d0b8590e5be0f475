"""Files of the dense index: a body, a stamp with what is known of the body, a checksum over both."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.storage.files import Stamp, writing_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TAIL = struct.Struct("<II8s")  # CRC-32 of all before it, length of the seal, magic
_MAGIC = b"PINCITE2"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """What a file was built from, and figures about its body."""

    stamp: Stamp
    figures: dict[str, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """One line of JSON."""
        return json.dumps({"stamp": self.stamp.to_json(), "figures": self.figures}, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seal:
        """The reverse of `to_bytes`. Raises ValueError for anything else."""
        try:
            fields = json.loads(data)
            figures = {str(name): float(value) for name, value in fields["figures"].items()}
            return cls(Stamp.from_json(fields["stamp"]), figures)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a seal: {data[:80]!r}") from error


def write_sealed(path: Path, seal: Seal, body: Callable[[Callable[[bytes], int]], None]) -> None:
    """Write a file whole or not at all; `body` is given what to call with each piece, so that none is held twice."""
    crc = 0

    with writing_whole(path) as file:

        def write(piece: bytes) -> int:
            nonlocal crc
            crc = zlib.crc32(piece, crc)
            return file.write(piece)

        body(write)
        ending = seal.to_bytes()
        write(ending)
        file.write(_TAIL.pack(crc, len(ending), _MAGIC))


def read_seal(path: Path) -> Seal:
    """What a file says of itself, without a look at the rest of it. Raises OSError or ValueError where it is none."""
    return _ending(path)[0]


def check_sealed(path: Path) -> tuple[Seal, int]:
    """The seal of a file that is sound to the last bit, and the length of its body. Raises OSError or ValueError."""
    seal, body, crc = _ending(path)
    total, left = 0, path.stat().st_size - _TAIL.size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            total = zlib.crc32(block, total)
            left -= len(block)
    if left or total != crc:
        raise ValueError("damaged")
    return seal, body


def _ending(path: Path) -> tuple[Seal, int, int]:
    """The seal, the length of the body, and the checksum."""
    size = path.stat().st_size
    if size < _TAIL.size:
        raise ValueError("truncated")
    with path.open("rb") as file:
        file.seek(size - _TAIL.size)
        crc, length, magic = _TAIL.unpack(file.read(_TAIL.size))
        body = size - _TAIL.size - length
        if magic != _MAGIC or body < 0:
            raise ValueError("damaged")
        file.seek(body)
        return Seal.from_bytes(file.read(length)), body, crc
