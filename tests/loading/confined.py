"""The loaders in a process of their own, with limits, so that a crash, a hang or greed is seen and told apart."""

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

Fate = Literal["document", "refused", "limit", "foreign error", "not canonical", "memory", "crash", "hang"]
FATES: tuple[Fate, ...] = get_args(Fate)
SECONDS = 30.0
MEGABYTES = 1000
"""Of memory that the reading of one file may take."""
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file."""

    fate: Fate
    detail: str
    seconds: float = 0.0
    megabytes: float = 0.0
    """The most memory that the process had, above what it began with."""

    @property
    def sound(self) -> bool:
        """Whether it is a document in canonical form, or a refusal with a reason."""
        return self.fate in ("document", "refused", "limit")


class Reader(Protocol):
    """Reads a file, whatever it does."""

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file of that name."""
        ...


class Confined:
    """A process that reads one file after the other; it is begun anew where it ended or was ended."""

    def __init__(self, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._limits = seconds, megabytes
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._process: Any = None
        self._ours: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file of that name."""
        if self._process is None:
            self._begin()
        began = time.monotonic()
        self._ours.send((data, name))
        try:
            if not self._ours.poll(self._limits[0]):
                self._end()
                return Outcome("hang", f"no answer in {self._limits[0]:g} s", time.monotonic() - began)
            outcome: Outcome = self._ours.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            code = self._process.exitcode
            self._end()
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return Outcome("crash", how, time.monotonic() - began)
        return outcome

    def _begin(self) -> None:
        self._ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=serve, args=(theirs, self._limits[1]))
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._ours.close()
            self._process = None


class Parsing:
    """The process in which `add` reads files, which turns crashes, hangs and greed into failures."""

    def __init__(self, folder: Path, *, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self._folder = folder
        self._parser = Parser(Limits(seconds, megabytes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._parser.close()

    def read(self, data: bytes, name: str) -> Outcome:
        """Read a file of that name."""
        path = self._folder / name
        path.write_bytes(data)
        began = time.monotonic()
        try:
            parsed = self._parser.parse(path, source=str(path), max_bytes=1 << 30)
        except (TookTooLong, TooMuchMemory, ReaderCrashed) as error:
            return Outcome("limit", str(error), time.monotonic() - began)
        except LoadingError as error:
            fate: Fate = "refused" if error.hint else "foreign error"
            return Outcome(fate, type(error).__name__, time.monotonic() - began)
        finally:
            path.unlink()
        flaw = _flaw(parsed.document)
        fate = "not canonical" if flaw else "document"
        return Outcome(fate, flaw or parsed.document.media_type, parsed.cost.seconds, parsed.cost.megabytes)


def serve(connection: Connection, megabytes: int) -> None:
    """Read whatever comes, until nothing does any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("a.html", "a.md"):  # what is loaded once does not count for the first file that needs it
        judge(b"<html><p>Some words.", name)
    limit = int((_memory("VmData") + megabytes) * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    with suppress(EOFError):
        while True:
            data, name = connection.recv()
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
            before, began = _memory("VmRSS"), time.monotonic()
            fate, detail = judge(data, name)
            took = time.monotonic() - began
            connection.send(Outcome(fate, detail, took, max(0.0, _memory("VmHWM") - before)))


def judge(data: bytes, name: str) -> tuple[Fate, str]:
    """Load a file, and say what came of it."""
    try:
        document = load_bytes(data, source=f"/files/{name}")
    except LoadingError as error:
        return ("refused", type(error).__name__) if error.hint else ("foreign error", f"no hint: {error}")
    except MemoryError:
        return "memory", "MemoryError"
    except Exception:
        return "foreign error", traceback.format_exc(limit=-6)
    flaw = _flaw(document)
    return ("not canonical", flaw) if flaw else ("document", document.media_type)


def _flaw(document: Document) -> str:
    """What is wrong with a document; empty where nothing is."""
    text, starts = document.text, [mark.start for mark in document.landmarks]
    if normalise(text) != text:
        return "its text is not normalised"
    if not any(map(str.isalnum, text)):
        return "it has no words"
    if starts != sorted(starts) or (starts and not 0 <= starts[0] <= starts[-1] <= len(text)):
        return "its landmarks are out of order or of its text"
    return ""


def _memory(what: str) -> float:
    """Megabytes, as the system counts them."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / 1000
