"""A sandbox worker that obeys commands in files, such as `!crash` and `!hang`, to simulate faulty libraries."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading.loader import load_bytes
from index.loading.sandbox import worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Document

PROGRAM = ("-m", "tests.sandbox.misbehaving_worker")


class PanicException(BaseException):
    """A panic in Rust code, which is not an Exception."""


def main() -> None:
    """Run the real worker with a loader that obeys commands."""
    vars(worker)["load_bytes"] = load
    worker.main()


def load(data: bytes, **options: Any) -> Document:
    """Obey the command in a file, or load the file."""
    command, _, argument = data.partition(b" ")
    if command in _COMMANDS:
        _COMMANDS[command](argument)
    return load_bytes(data, **options)


def _hang(_: bytes) -> None:
    threading.Event().wait()


def _loop(_: bytes) -> None:
    """Loop without reacting to SIGTERM, as a C library does that never lets Python run."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    while True:
        pass


def _nest(_: bytes) -> None:
    _nest(_)


def _grow(size: bytes) -> None:
    bytearray(int(size.split()[0]) * 1_000_000)


def _starve(size: bytes) -> None:
    """Report damage when memory runs out, as some libraries do."""
    block = bytearray(int(size.split()[0]) * 1_000_000)
    raise DamagedFile(f"It failed after {len(block)} bytes.")


def _babble(_: bytes) -> None:
    print("output of a library", flush=True)  # noqa: T201
    os.write(1, b"\x00\x00\x00\x00\x00\x00\x00\x01?")


def _fail(_: bytes) -> None:
    raise KeyError("no such glyph")


def _panic(_: bytes) -> None:
    raise PanicException("index out of bounds")


def _crash(_: bytes) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _start(told: bytes) -> None:
    """Wait for a program that hangs, and write its process id to a file."""
    program = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    Path(told.decode()).write_text(str(program.pid))
    program.wait()


_COMMANDS: dict[bytes, Callable[[bytes], None]] = {
    b"!hang": _hang,
    b"!loop": _loop,
    b"!nest": _nest,
    b"!grow": _grow,
    b"!starve": _starve,
    b"!babble": _babble,
    b"!fail": _fail,
    b"!panic": _panic,
    b"!crash": _crash,
    b"!start": _start,
    b"!wait": lambda seconds: time.sleep(float(seconds.split()[0])),
    b"!stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    b"!exit": lambda _: sys.exit(7),
    b"!killed": lambda _: os.kill(os.getpid(), signal.SIGKILL),
}


if __name__ == "__main__":
    main()
