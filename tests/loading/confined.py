"""Readers for the fuzz tests: the loaders in a limited child process, so that crashes, hangs and excessive memory are
detected.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, get_args

from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooMuchMemory
from index.loading.loader import load_bytes
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import Parser
from index.text.sentences import normalise

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from index.records import Document

Fate = Literal["document", "refused", "limit", "unexpected error", "not canonical", "memory", "crash", "hang"]
FATES: tuple[Fate, ...] = get_args(Fate)
SECONDS = 30.0
MEGABYTES = 1000
"""The memory that reading one file may take."""
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of reading one file."""

    fate: Fate
    detail: str
    seconds: float = 0.0
    megabytes: float = 0.0
    """Peak memory of the process above its memory before the file."""

    @property
    def is_acceptable(self) -> bool:
        """Whether the result is a document in canonical form, or a refusal that gives its reason."""
        return self.fate in ("document", "refused", "limit")


class Reader(Protocol):
    """Reads files and reports every result, crashes included."""

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file with this name."""
        ...


class BareReader:
    """Runs the loaders alone in a child process, which is started again whenever a file ends it."""

    def __init__(self, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._limits = seconds, megabytes
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._process: Any = None
        self._connection: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file with this name."""
        if self._process is None:
            self._start()
        started = time.monotonic()
        self._connection.send((data, name))
        try:
            if not self._connection.poll(self._limits[0]):
                self._stop()
                return Outcome("hang", f"no answer in {self._limits[0]:g} s", time.monotonic() - started)
            outcome: Outcome = self._connection.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            code = self._process.exitcode
            self._stop()
            reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return Outcome("crash", reason, time.monotonic() - started)
        return outcome

    def _start(self) -> None:
        self._connection, child_connection = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(child_connection, self._limits[1]))
        self._process.start()
        child_connection.close()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._connection.close()
            self._process = None


class SandboxReader:
    """Reads files in the sandbox of `add`, where crashes, hangs and excessive memory use become failures."""

    def __init__(self, folder: Path, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._folder = folder
        self._parser = Parser(Limits(seconds, megabytes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parser.close()

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file with this name."""
        path = self._folder / name
        path.write_bytes(data)
        started = time.monotonic()
        try:
            parsed = self._parser.parse(path, source=str(path), max_bytes=1 << 30)
        except (TookTooLong, TooMuchMemory, ReaderCrashed) as error:
            return Outcome("limit", str(error), time.monotonic() - started)
        except LoadingError as error:
            fate: Fate = "refused" if error.hint else "unexpected error"
            return Outcome(fate, type(error).__name__, time.monotonic() - started)
        finally:
            path.unlink()
        flaw = _flaw(parsed.document)
        fate = "not canonical" if flaw else "document"
        return Outcome(fate, flaw or parsed.document.media_type, parsed.cost.seconds, parsed.cost.megabytes)


def serve(connection: Connection, megabytes: int) -> None:
    """Read the files that arrive on the connection until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("a.html", "a.md"):  # modules load now, so that they do not count for the first file
        classify(b"<html><p>Some words.", name)
    limit = int((_memory("VmData") + megabytes) * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with suppress(EOFError):
        while True:
            data, name = connection.recv()
            Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
            before, started = _memory("VmRSS"), time.monotonic()
            fate, detail = classify(data, name)
            took = time.monotonic() - started
            connection.send(Outcome(fate, detail, took, max(0.0, _memory("VmHWM") - before)))


def classify(data: bytes, name: str) -> tuple[Fate, str]:
    """Load a file and return the kind of its result, with details."""
    try:
        document = load_bytes(data, source=f"/files/{name}")
    except LoadingError as error:
        return ("refused", type(error).__name__) if error.hint else ("unexpected error", f"no hint: {error}")
    except MemoryError:
        return "memory", "MemoryError"
    except Exception:
        return "unexpected error", traceback.format_exc(limit=-6)
    flaw = _flaw(document)
    return ("not canonical", flaw) if flaw else ("document", document.media_type)


def _flaw(document: Document) -> str:
    """Return what is wrong with a document; empty if nothing is."""
    text, starts = document.text, [mark.start for mark in document.landmarks]
    if normalise(text) != text:
        return "its text is not normalised"
    if not any(map(str.isalnum, text)):
        return "it has no words"
    if starts != sorted(starts) or (starts and not 0 <= starts[0] <= starts[-1] <= len(text)):
        return "its landmarks are out of order or outside its text"
    return ""


def _memory(field: str) -> float:
    """Return a value of /proc/self/status in megabytes."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) / 1000
