"""The pool of processes that read files, and the parsers that use them."""

from __future__ import annotations

import atexit
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from index.loading.containers.container_paths import file_on_disk
from index.loading.recognition.recogniser import RecognitionOptions
from index.loading.sandbox.messages import Request
from index.loading.sandbox.reader_process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.loading.sandbox.messages import ChunkerSettings, Limits, Parsed, Task
    from index.loading.sandbox.reader_process import PageCallback

PROGRAM = ("-m", "index.loading.sandbox.worker")
MOST_IDLE = 2
IDLE_SECONDS = 60.0
"""Seconds after which an idle process ends, so that a server that rarely adds files does not keep it."""
_idle: dict[Process, threading.Timer] = {}
_lock = threading.Lock()


class Parser:
    """Reads files within limits, in one thread. If a file crashes the process, the next file gets a new process."""

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
        cutting: ChunkerSettings | None = None,
        witness: bool = False,
        passwords: Sequence[str] = (),
        recognition: RecognitionOptions | None = None,
        report: PageCallback = lambda _page, _pages: None,
    ) -> Parsed:
        """Read the file at `path` like `index.loading.loader.load_bytes`, and cut it into passages with `cutting`.

        With `witness`, the result also has the pages of a PDF as `index.loading.pdf.pdfium` reads them. `report` is
        called for each page that is recognised, by the thread that waits.

        Raises LoadingError: TookTooLong, TooMuchMemory, ReaderCrashed, and the errors of `index.loading.loader`.
        """
        seconds = self._limits.seconds_for(_size(path))
        cut = (cutting.target_tokens, cutting.limit, cutting.identity) if cutting else None
        request = Request(
            *(str(path), source, name, max_bytes, max_pages, seconds, cut, witness, tuple(passwords)),
            containers=self._limits.containers,
            recognition=recognition or RecognitionOptions(),
        )
        return self._ready().ask(request, cutting, report)

    def members(self, path: Path, *, max_bytes: int, passwords: Sequence[str] = ()) -> list[str]:
        """Return the names of the members of a container, a file or itself a member of one, as paths below it.

        Raises LoadingError: ContainerTooLarge, and as `parse`.
        """
        found = self._found("members", path, max_bytes, passwords)
        assert isinstance(found, list)
        return found

    def identity(self, path: Path, *, max_bytes: int, passwords: Sequence[str] = ()) -> str:
        """Return the SHA-256 of a member of a container. Raises as `parse`."""
        found = self._found("identity", path, max_bytes, passwords)
        assert isinstance(found, bytes)
        return found.hex()

    def member(self, path: Path, *, max_bytes: int, passwords: Sequence[str] = ()) -> bytes:
        """Return the bytes of a member of a container. Raises as `parse`."""
        found = self._found("bytes", path, max_bytes, passwords)
        assert isinstance(found, bytes)
        return found

    def _found(self, task: Task, path: Path, max_bytes: int, passwords: Sequence[str]) -> list[str] | bytes:
        seconds = self._limits.seconds_for(_size(path))
        request = Request(
            *(str(path), str(path), "", max_bytes, None, seconds),
            passwords=tuple(passwords),
            containers=self._limits.containers,
            task=task,
        )
        return self._ready().find(request)

    def stop(self) -> None:
        """Stop reading, and read no more files. May be called from any thread."""
        with _lock:
            self._stopped = True
            if self._process:
                self._process.kill()

    def close(self) -> None:
        """Return the process to the pool."""
        process, self._process = self._process, None
        if process is None:
            return
        if not (process.fit and not self._stopped and _put_back(process)):
            process.close()

    def _ready(self) -> Process:
        if self._process and self._process.fit:
            return self._process
        if self._process:
            self._process.close()
        process = _take_idle(self._limits.megabytes, self._program) or Process(self._limits.megabytes, self._program)
        with _lock:
            self._process = process
            if self._stopped:
                process.kill()
        return process


@contextmanager
def parsers(limits: Limits) -> Iterator[Parser]:
    """Yield a parser, and return its process to the pool at the end."""
    parser = Parser(limits)
    try:
        yield parser
    finally:
        parser.close()


def _put_back(process: Process) -> bool:
    """Put a process into the pool, and return True; False if the pool is full."""
    with _lock:
        if len(_idle) >= MOST_IDLE:
            return False
        timer = _idle[process] = threading.Timer(IDLE_SECONDS, _retire, [process])
    timer.daemon = True
    timer.start()
    return True


def _take_idle(megabytes: int, program: tuple[str, ...]) -> Process | None:
    """Take the newest idle process with the same limit from the pool, so that surplus processes time out."""
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
    """End all idle processes."""
    with _lock:
        waiting = dict(_idle)
        _idle.clear()
    for process, timer in waiting.items():
        timer.cancel()
        process.close()


def _size(path: Path) -> int:
    """Return the size of a file, or of the file that a member is in; 0 if there is none."""
    with suppress(OSError, ValueError):
        return path.stat().st_size
    with suppress(OSError, ValueError):
        return file_on_disk(path).stat().st_size
    return 0
