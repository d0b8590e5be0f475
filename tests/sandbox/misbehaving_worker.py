"""A parsing process that does what a file tells it, as a flaw in some library might: `!crash`, `!hang` and others."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from index.loading.sandbox import worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Document

PROGRAM = ("-m", "tests.sandbox.misbehaving_worker")


class PanicException(BaseException):
    """No Exception, as a panic is none."""


def main() -> None:
    """The real one, with a flaw."""
    vars(worker)["load_bytes"] = load
    worker.main()


def load(data: bytes, **stated: Any) -> Document:
    """Do as the file says, else read it."""
    command, _, rest = data.partition(b" ")
    if command in _DEEDS:
        _DEEDS[command](rest)
    return load_bytes(data, **stated)


def _hang(_: bytes) -> None:
    threading.Event().wait()


def _hang_deaf(_: bytes) -> None:
    """As a library in C that never lets Python run."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    while True:
        pass


def _nest(_: bytes) -> None:
    _nest(_)


def _grow(size: bytes) -> None:
    bytearray(int(size.split()[0]) * 1_000_000)


def _starve(size: bytes) -> None:
    """As a library that says `damaged` when it has no memory left."""
    held = bytearray(int(size.split()[0]) * 1_000_000)
    raise DamagedFile(f"It broke after {len(held)} bytes.")


def _babble(_: bytes) -> None:
    print("a library's own words", flush=True)  # noqa: T201
    os.write(1, b"\x00\x00\x00\x00\x00\x00\x00\x01?")


def _fail(_: bytes) -> None:
    raise KeyError("no such glyph")


def _panic(_: bytes) -> None:
    raise PanicException("index out of bounds")


def _crash(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


_DEEDS: dict[bytes, Callable[[bytes], None]] = {
    b"!hang": _hang,
    b"!loop": _hang_deaf,
    b"!nest": _nest,
    b"!grow": _grow,
    b"!starve": _starve,
    b"!babble": _babble,
    b"!fail": _fail,
    b"!panic": _panic,
    b"!crash": _crash,
    b"!exit": lambda _: sys.exit(7),
    b"!killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
}


if __name__ == "__main__":
    main()
