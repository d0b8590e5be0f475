"""One parsing process, as the program that started it holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.parsing.frames import TalkError, send, send_json
from index.parsing.packing import receive_parsed

if TYPE_CHECKING:
    from typing import BinaryIO

    from index.parsing.requests import Cutting, Parsed, Request

PROGRAM = ("-m", "index.parsing.worker")
MOST_FILES = 1000
"""After so many a process is replaced, whatever it may have kept of them."""
GROWN_MEGABYTES = 300.0
"""One that a large file made so large is not kept for small ones: memory is seldom given back."""
_LAST_WORDS = 2.0
"""Seconds between the end of its output and its own."""
_PACKAGES = Path(__file__).parents[2]
_OUT_OF_TIME = {-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGALRM")} - {0}
_KILLED = -getattr(signal, "SIGKILL", 9)
# On Linux a child that asked to die with its parent dies with the parent's *thread*: this one outlives all work.
_STARTER = ThreadPoolExecutor(1, "pincite-starter")


class Process:
    """Reads files until one of them ends it, or `close` does; it can be ended by any thread."""

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
        """By which the system knows it."""
        return self._process.pid

    def ask(self, request: Request, cutting: Cutting | None) -> Parsed:
        """Have a file read. Raises LoadingError; where that is the end of this process, it is not `fit` any more."""
        name = request.name or PurePath(request.path).name
        timer = threading.Timer(request.seconds, self._expire)
        timer.daemon = True
        timer.start()
        self._files += 1
        try:
            parsed = self._talk(request, cutting)
        except (TalkError, OSError, ValueError) as error:  # a ValueError: closed by another thread meanwhile
            with suppress(subprocess.TimeoutExpired):  # how it ends by itself is worth knowing
                self._process.wait(_LAST_WORDS)
            self.close()
            raise self._cause(name, request) from error
        except LoadingError as error:
            self._grown = isinstance(error, TooMuchMemory)
            raise
        except BaseException:  # whoever stops in the middle leaves half an answer in the pipe
            self.close()
            raise
        finally:
            timer.cancel()
        self._grown = parsed.cost.megabytes > GROWN_MEGABYTES
        return parsed

    def close(self) -> None:
        """End it, and whatever it is doing."""
        self.alive = False
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError, ValueError):
                assert pipe is not None
                pipe.close()

    def kill(self) -> None:
        """End it from another thread than the one that waits for its answer, which then hears of it."""
        self._stopped = True
        self._process.kill()

    def _talk(self, request: Request, cutting: Cutting | None) -> Parsed:
        sink, source = self._pipes()
        if cutting and cutting.identity != self._tokenizer:
            send_json(sink, {"tokenizer": cutting.identity})
            send(sink, cutting.tokenizer_json.encode())
            self._tokenizer = cutting.identity
        send_json(sink, asdict(request))
        sink.flush()
        return receive_parsed(source)

    def _expire(self) -> None:
        self._late = True
        self._process.kill()

    def _cause(self, name: str, request: Request) -> LoadingError:
        code = self._process.returncode
        if self._late or code in _OUT_OF_TIME:
            return TookTooLong(f"{name} takes more than {request.seconds:,.4g} seconds to be read.")
        if code == _KILLED and not self._stopped:
            return TooMuchMemory(
                f"The system ended the process that read {name}, as it does when memory is short.",
                "Close what else needs memory, or split the file; PINCITE_PARSE_MEGABYTES limits what a file may use.",
            )
        return ReaderCrashed(f"{name} brought down the process that read it ({_ending(code)}).")

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout  # type: ignore[return-value]

    def _start(self) -> subprocess.Popen[bytes]:
        """With our own search path and nothing from the working folder, where a file could pass for a library."""
        paths = [str(_PACKAGES), *(path for path in sys.path if path)]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", *self.program, str(os.getpid()), str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        )


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
