"""The pool of processes that read files, and the parsers that use them."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.loading.containers.member_paths import file_on_disk
from index.loading.processor_time import CLOCK_FACTOR, Deadline
from index.loading.recognition.recogniser import RecognitionOptions
from index.loading.sandbox.messages import ProtocolError, Request, receive_found, receive_parsed, send, send_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from index.loading.sandbox.messages import ChunkerSettings, Parsed

    PageCallback = Callable[[int, int], None]
    from collections.abc import Callable, Iterator, Sequence

    from index.loading.sandbox.messages import Limits, Task


# A process that reads files within limits, and what its end says about the file that it was reading.

MAX_FILES = 1000
"""A process is replaced after this many files, because it may leak memory."""
GROWN_MEGABYTES = 300.0
"""A process that a large file has grown beyond this is not reused: it rarely returns memory to the system."""
_EXIT_SECONDS = 2.0
"""Seconds to wait for the process to exit after its output has ended."""
_PACKAGES = Path(__file__).parents[3]
_OUT_OF_TIME = {-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGALRM")} - {0}
_KILLED = -getattr(signal, "SIGKILL", 9)
# On Linux, a child that asks to end with its parent ends with the *thread* that started it. This thread never ends.
_STARTER = ThreadPoolExecutor(1, "pincite-starter")
_Answer = TypeVar("_Answer")


class Process:
    """A process that reads files until a file crashes it, or until `close` or `kill`. Any thread can end it."""

    def __init__(self, megabytes: int, program: tuple[str, ...]) -> None:
        self.megabytes = megabytes
        self.program = program
        self._files = 0
        self._grown = False
        self._late = False
        self._stopped = False
        self._tokenizer = ""
        self._process = _STARTER.submit(self._start).result()
        self.alive = True

    @property
    def fit(self) -> bool:
        """Whether it may read another file."""
        return self.alive and not (self._late or self._stopped or self._grown) and self._files < MAX_FILES

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, request: Request, cutting: ChunkerSettings | None, report: PageCallback) -> Parsed:
        """Let the process read a file. Raises LoadingError; if the process ended, it is no longer `fit`.

        The time limit begins again with each page that the process recognises.
        """
        deadline = Deadline(self.pid, request.seconds, self._expire)

        def begin_page(page: int, pages: int) -> None:
            deadline.renew()
            report(page, pages)

        parsed = self._answer(request, cutting, lambda source: receive_parsed(source, begin_page), deadline)
        self._grown = parsed.cost.megabytes > GROWN_MEGABYTES
        return parsed

    def find(self, request: Request) -> list[str] | bytes:
        """Let the process list or read a member of a container. Raises as `ask`."""
        names = request.task == "members"
        deadline = Deadline(self.pid, request.seconds, self._expire)
        return self._answer(request, None, lambda source: receive_found(source, names=names), deadline)

    def _answer(
        self,
        request: Request,
        cutting: ChunkerSettings | None,
        receive: Callable[[BinaryIO], _Answer],
        deadline: Deadline,
    ) -> _Answer:
        name = request.name or PurePath(request.path).name
        self._files += 1
        try:
            return self._exchange(request, cutting, receive)
        except (ProtocolError, OSError, ValueError) as error:  # a ValueError means that another thread closed the pipe
            with suppress(subprocess.TimeoutExpired):  # its exit code shows the cause
                self._process.wait(_EXIT_SECONDS)
            self.close()
            raise self._cause(name, request) from error
        except LoadingError as error:
            self._grown = isinstance(error, TooMuchMemory)
            raise
        except BaseException:  # an interrupted exchange leaves half an answer in the pipe
            self.close()
            raise
        finally:
            deadline.cancel()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.alive = False
        self._end()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()

    def kill(self) -> None:
        """End the process from another thread; the thread that waits for its answer gets an error."""
        self._stopped = True
        self._end()

    def _exchange(
        self, request: Request, cutting: ChunkerSettings | None, receive: Callable[[BinaryIO], _Answer]
    ) -> _Answer:
        sink, source = self._pipes()
        if cutting and cutting.identity != self._tokenizer:
            send_json(sink, {"tokenizer": cutting.identity})
            send(sink, cutting.tokenizer_json.encode())
            self._tokenizer = cutting.identity
        send_json(sink, asdict(request))
        sink.flush()
        return receive(source)

    def _expire(self) -> None:
        self._late = True
        self._end()

    def _end(self) -> None:
        """End the process, with the programs that it has started: one that hangs would never end."""
        if hasattr(os, "killpg") and self._process.poll() is None:
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()

    def _cause(self, name: str, request: Request) -> LoadingError:
        code = self._process.returncode
        if self._late or code in _OUT_OF_TIME:
            return TookTooLong(
                f"Reading {name} takes more than {request.seconds:,.4g} seconds of processor time, "
                f"or {CLOCK_FACTOR} times as long while it is idle."
            )
        if code == _KILLED and not self._stopped:
            return TooMuchMemory(
                f"The system ended the process that read {name}, probably because memory is short.",
                "Close other programs, or split the file; PINCITE_PARSE_MEGABYTES limits the memory for one file.",
            )
        return ReaderCrashed(f"{name} crashed the process that read it ({_exit_reason(code)}).")

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout  # type: ignore[return-value]

    def _start(self) -> subprocess.Popen[bytes]:
        """Start the process. Its module path excludes the working folder, whose files could shadow modules."""
        paths = [str(_PACKAGES), *(path for path in sys.path if path)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", *self.program, str(os.getpid()), str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0 if hasattr(os, "killpg") else None,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        )


def _exit_reason(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


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
