"""Who may ask which process: one asker each, and processes that are kept for the next."""

from __future__ import annotations

import atexit
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from index.parsing.process import PROGRAM, Process
from index.parsing.requests import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.parsing.requests import Cutting, Limits, Parsed

MOST_IDLE = 2
IDLE_SECONDS = 60.0
"""After so long without a file a process ends: a server that adds now and then need not keep it."""
_idle: dict[Process, threading.Timer] = {}
_lock = threading.Lock()


class Parser:
    """Reads files within limits; for one thread. A process that a file ended is replaced for the next one."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._program = PROGRAM
        self._process: Process | None = None
        self._stopped = False

    def parse(
        self,
        path: Path,
        *,
        source: str,
        max_bytes: int,
        name: str = "",
        max_pages: int | None = None,
        cutting: Cutting | None = None,
        witness: bool = False,
    ) -> Parsed:
        """A document of the file at `path`, as `index.loading.load_bytes` makes it, and its passages by `cutting`.

        With `witness`, the pages of a PDF come as `index.loading.pdf_witness` reads them, too.

        Raises LoadingError: TookTooLong, TooMuchMemory and ReaderCrashed besides what `index.loading` raises.
        """
        seconds = self._limits.seconds_for(_size(path))
        cut = (cutting.target_tokens, cutting.limit, cutting.identity) if cutting else None
        request = Request(str(path), source, name, max_bytes, max_pages, seconds, cut, witness)
        return self._ready().ask(request, cutting)

    def stop(self) -> None:
        """From any thread: end what is being read, and read nothing more."""
        with _lock:
            self._stopped = True
            if self._process:
                self._process.kill()

    def close(self) -> None:
        """Leave the process to the next asker."""
        process, self._process = self._process, None
        if process is None:
            return
        if not (process.fit and not self._stopped and _keep(process)):
            process.close()

    def _ready(self) -> Process:
        if self._process and self._process.fit:
            return self._process
        if self._process:
            self._process.close()
        process = _kept(self._limits.megabytes, self._program) or Process(self._limits.megabytes, self._program)
        with _lock:
            self._process = process
            if self._stopped:
                process.kill()
        return process


@contextmanager
def parsers(limits: Limits) -> Iterator[Parser]:
    """A parser, whose process others use afterwards."""
    parser = Parser(limits)
    try:
        yield parser
    finally:
        parser.close()


def _keep(process: Process) -> bool:
    """Let it wait for the next asker, unless enough do."""
    with _lock:
        if len(_idle) >= MOST_IDLE:
            return False
        timer = _idle[process] = threading.Timer(IDLE_SECONDS, _retire, [process])
    timer.daemon = True
    timer.start()
    return True


def _kept(megabytes: int, program: tuple[str, ...]) -> Process | None:
    """A process that waits for work and has the same limit; the last one, so that those too many come to their end."""
    with _lock:
        for process in reversed(_idle):
            if (process.megabytes, process.program) == (megabytes, program):
                _idle.pop(process).cancel()
                return process
    return None


def _retire(process: Process) -> None:
    with _lock:
        waiting = _idle.pop(process, None)
    if waiting is not None:
        process.close()


@atexit.register
def close_idle() -> None:
    """End the processes that wait for work."""
    with _lock:
        waiting = dict(_idle)
        _idle.clear()
    for process, timer in waiting.items():
        timer.cancel()
        process.close()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
