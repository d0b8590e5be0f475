"""The pool of processes that read files, and the parsers that use them."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.loading.containers.container_paths import file_on_disk
from index.loading.sandbox.messages import ProtocolError, Request, receive_found, receive_parsed, send, send_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from index.loading.sandbox.messages import ChunkerSettings, Limits, Parsed, Task

PROGRAM = ("-m", "index.loading.sandbox.worker")
MOST_FILES = 1000
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
MOST_IDLE = 2
IDLE_SECONDS = 60.0
"""Seconds after which an idle process ends, so that a server that rarely adds files does not keep it."""
_idle: dict[Process, threading.Timer] = {}
_lock = threading.Lock()
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
        return self.alive and not self._late and self._files < MOST_FILES and not self._grown

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def ask(self, request: Request, cutting: ChunkerSettings | None) -> Parsed:
        """Let the process read a file. Raises LoadingError; if the process ended, it is no longer `fit`."""
        parsed = self._answer(request, cutting, receive_parsed)
        self._grown = parsed.cost.megabytes > GROWN_MEGABYTES
        return parsed

    def find(self, request: Request) -> list[str] | bytes:
        """Let the process list or read a member of a container. Raises as `ask`."""
        names = request.task == "members"
        return self._answer(request, None, lambda source: receive_found(source, names=names))

    def _answer(
        self, request: Request, cutting: ChunkerSettings | None, receive: Callable[[BinaryIO], _Answer]
    ) -> _Answer:
        name = request.name or PurePath(request.path).name
        timer = threading.Timer(request.seconds, self._expire)
        timer.daemon = True
        timer.start()
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
            timer.cancel()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()

    def kill(self) -> None:
        """End the process from another thread; the thread that waits for its answer gets an error."""
        self._stopped = True
        self._process.kill()

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
        self._process.kill()

    def _cause(self, name: str, request: Request) -> LoadingError:
        code = self._process.returncode
        if self._late or code in _OUT_OF_TIME:
            return TookTooLong(f"Reading {name} takes more than {request.seconds:,.4g} seconds.")
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
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        )


def _exit_reason(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


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
    ) -> Parsed:
        """Read the file at `path` like `index.loading.loader.load_bytes`, and cut it into passages with `cutting`.

        With `witness`, the result also has the pages of a PDF as `index.loading.pdf.pdfium` reads them.

        Raises LoadingError: TookTooLong, TooMuchMemory, ReaderCrashed, and the errors of `index.loading.loader`.
        """
        seconds = self._limits.seconds_for(_size(path))
        cut = (cutting.target_tokens, cutting.limit, cutting.identity) if cutting else None
        request = Request(
            *(str(path), source, name, max_bytes, max_pages, seconds, cut, witness, tuple(passwords)),
            containers=self._limits.containers,
        )
        return self._ready().ask(request, cutting)

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
    try:
        return file_on_disk(path).stat().st_size
    except (OSError, ValueError):
        return 0
