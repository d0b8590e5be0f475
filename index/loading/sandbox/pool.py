"""The pool of processes that read files, and the parsers that use them."""

from __future__ import annotations

import atexit
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from index.errors import ReaderCrashed
from index.loading.containers.container_paths import file_on_disk
from index.loading.recognition.recogniser import RecognitionOptions
from index.loading.sandbox.messages import Request
from index.loading.sandbox.reader_process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.loading.sandbox.messages import ChunkerSettings, Limits, Parsed, Task
    from index.loading.sandbox.reader_process import PageCallback

PROGRAM = ("-m", "index.loading.sandbox.worker")
IDLE_SECONDS = 60.0
"""Seconds after which an idle process ends, so that a server that rarely adds files does not keep it."""
_STOPPED = "Reading was stopped."
_POLL_SECONDS = 1.0
"""The timeout of each wait: on some systems, Ctrl-C cannot interrupt a wait without a timeout."""


class Parser:
    """Reads files within limits, in one thread. It borrows a process for each file, and waits until one is free."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._program = PROGRAM
        self._process: Process | None = None
        """The process that reads now."""
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
        with self._borrowed() as process:
            return process.ask(request, cutting, report)

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
        with self._borrowed() as process:
            return process.find(request)

    def stop(self) -> None:
        """Stop reading, and read no more files. May be called from any thread."""
        with _POOL.changed:
            self._stopped = True
            if self._process:
                self._process.kill()
            _POOL.changed.notify_all()

    def close(self) -> None:
        """Read no more files. The pool keeps the process for others."""
        self._stopped = True

    @contextmanager
    def _borrowed(self) -> Iterator[Process]:
        with _POOL.place(self._limits.processes, lambda: self._stopped):
            process = _POOL.take(self._limits, self._program)
            try:
                with _POOL.changed:
                    self._process = process
                    if self._stopped:
                        process.kill()
                yield process
            finally:
                with _POOL.changed:
                    self._process = None
                _POOL.put_back(process)


@contextmanager
def parsers(limits: Limits) -> Iterator[Parser]:
    """Yield a parser that reads no more files after the end."""
    with closing(Parser(limits)) as parser:
        yield parser


class _Pool:
    """The processes of this program that read files: there are never more of them than its parsers' limits allow.

    Whoever has a process waits for nothing else than the end of its file, so that all others get theirs.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        """Guards all state; notified when a place is free, or a parser was stopped."""
        self.waiting: dict[object, int] = {}
        """Those that wait for a place, in order of arrival, each with its limit."""
        self._taken = 0
        self._idle: dict[Process, threading.Timer] = {}

    @contextmanager
    def place(self, most: int, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait until fewer than `most` processes read files, and keep one's place. Raises ReaderCrashed if stopped."""
        ticket = object()
        with self.changed:
            self.waiting[ticket] = most
            try:
                while not self.changed.wait_for(lambda: self._next() is ticket or is_stopped(), _POLL_SECONDS):
                    pass
                if is_stopped():
                    raise ReaderCrashed(_STOPPED)
                self._taken += 1
            finally:
                del self.waiting[ticket]
                self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self._taken -= 1
                self.changed.notify_all()

    def take(self, limits: Limits, program: tuple[str, ...]) -> Process:
        """Return the newest idle process with this limit of memory, so that surplus ones time out, or a new process."""
        with self.changed:
            kind = (limits.megabytes, program)
            found = next((one for one in reversed(self._idle) if (one.megabytes, one.program) == kind), None)
            surplus = [found] if found else list(self._idle)[: max(0, self._taken + len(self._idle) - limits.processes)]
            for process in surplus:
                self._idle.pop(process).cancel()
        if found:
            return found
        for process in surplus:
            process.close()
        return Process(limits.megabytes, program)

    def put_back(self, process: Process) -> None:
        """Keep a process for the next file, or end it if it is worn out."""
        if not process.fit:
            process.close()
            return
        timer = threading.Timer(IDLE_SECONDS, self._retire, [process])
        timer.daemon = True
        with self.changed:
            self._idle[process] = timer
        timer.start()

    def empty(self) -> None:
        """End all idle processes."""
        with self.changed:
            idle = dict(self._idle)
            self._idle.clear()
        for process, timer in idle.items():
            timer.cancel()
            process.close()

    def _next(self) -> object | None:
        """Return the first of those that wait whose limit leaves a place."""
        return next((ticket for ticket, most in self.waiting.items() if self._taken < most), None)

    def _retire(self, process: Process) -> None:
        with self.changed:
            idle = self._idle.pop(process, None)
        if idle is not None:
            process.close()


_POOL = _Pool()


def is_awaited() -> bool:
    """Return whether anybody waits for a process that reads files."""
    return bool(_POOL.waiting)


@atexit.register
def close_idle() -> None:
    """End all idle processes."""
    _POOL.empty()


def _size(path: Path) -> int:
    """Return the size of a file, or of the file that a member is in; 0 if there is none."""
    with suppress(OSError, ValueError):
        return path.stat().st_size
    with suppress(OSError, ValueError):
        return file_on_disk(path).stat().st_size
    return 0
