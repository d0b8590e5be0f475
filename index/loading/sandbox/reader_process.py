"""A process that reads files within limits, and what its end says about the file that it was reading."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.loading.processor_time import CLOCK_FACTOR, Deadline
from index.loading.sandbox.messages import ProtocolError, receive_found, receive_parsed, send, send_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from index.loading.sandbox.messages import ChunkerSettings, Parsed, Request

    PageCallback = Callable[[int, int], None]

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
        return self.alive and not (self._late or self._stopped or self._grown) and self._files < MOST_FILES

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
