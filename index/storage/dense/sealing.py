"""The file format of the dense index: a body, then a seal (stamp and figures), then a checksum over both."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.storage.files import Stamp, atomic_writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_END = struct.Struct("<II8s")  # CRC-32 of all before it, length of the seal, magic
_MAGIC = b"PINCITE2"
_READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Seal:
    """The stamp of the state that a file was built from, and figures about its body."""

    stamp: Stamp
    figures: dict[str, float] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Return one line of JSON."""
        return json.dumps({"stamp": self.stamp.to_json(), "figures": self.figures}, sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seal:
        """Parse the output of `to_bytes`. Raises ValueError for anything else."""
        try:
            fields = json.loads(data)
            figures = {str(name): float(value) for name, value in fields["figures"].items()}
            return cls(Stamp.from_json(fields["stamp"]), figures)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not a seal: {data[:80]!r}") from error


def write_sealed(path: Path, seal: Seal, body: Callable[[Callable[[bytes], int]], None]) -> None:
    """Write a file atomically. `body` receives a function and calls it with each piece, so no piece is held twice."""
    crc = 0

    with atomic_writer(path) as file:

        def write(piece: bytes) -> int:
            nonlocal crc
            crc = zlib.crc32(piece, crc)
            return file.write(piece)

        body(write)
        packed = seal.to_bytes()
        write(packed)
        file.write(_END.pack(crc, len(packed), _MAGIC))


def read_seal(path: Path) -> Seal:
    """Read the seal of a file without checking its body. Raises OSError or ValueError if there is no seal."""
    return _read_end(path)[0]


def check_sealed(path: Path) -> tuple[Seal, int]:
    """Check the whole file, and return its seal and the length of its body. Raises OSError or ValueError."""
    seal, body, crc = _read_end(path)
    total, left = 0, path.stat().st_size - _END.size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(_READ_SIZE, left))):
            total = zlib.crc32(block, total)
            left -= len(block)
    if left or total != crc:
        raise ValueError("damaged")
    return seal, body


def _read_end(path: Path) -> tuple[Seal, int, int]:
    """Return the seal, the length of the body, and the checksum."""
    size = path.stat().st_size
    if size < _END.size:
        raise ValueError("truncated")
    with path.open("rb") as file:
        file.seek(size - _END.size)
        crc, length, magic = _END.unpack(file.read(_END.size))
        body = size - _END.size - length
        if magic != _MAGIC or body < 0:
            raise ValueError("damaged")
        file.seek(body)
        return Seal.from_bytes(file.read(length)), body, crc
