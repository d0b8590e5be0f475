"""The program of a process that reads files: `python -m index.loading.sandbox.worker PARENT MEGABYTES`.

It must stay small: it loads no model, no index and no database.
"""

from __future__ import annotations

import hashlib
import math
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, LoadingError, ReaderCrashed, TooMuchMemory
from index.loading.containers.member_paths import container_file
from index.loading.formats import PDF
from index.loading.loader import load_bytes, read_bytes
from index.loading.locks import unlocked
from index.loading.processor_time import CLOCK_FACTOR
from index.loading.recognition.recogniser import Recogniser
from index.loading.sandbox.messages import (
    Cost,
    Parsed,
    ProtocolError,
    Request,
    receive,
    receive_json,
    send_error,
    send_found,
    send_page,
    send_parsed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import BinaryIO

    from index.loading.containers.container_reader import ContainerReader
    from index.records import Chunk, Document
    from index.text.chunks import Chunker

    _Read = tuple[Document, tuple[Chunk, ...] | None, tuple[str, ...]]


# The pages of a document as others read them: pdfium, and the engine that recognised a page.


def witness_pages(data: bytes, document: Document, name: str, recognised: Mapping[int, str]) -> tuple[str, ...]:
    """Return the pages of a PDF as the second reader reads them, and recognised ones as the engine gave them.

    Empty for formats other than PDF and pictures.
    """
    pages: list[str] = []
    if document.media_type == PDF:
        from index.loading.pdf.pdfium import page_texts

        pages += page_texts(data, name)
    for page in sorted({part.page for part in document.boxes if part.recognised}):
        pages += [""] * (page + 1 - len(pages))
        pages[page] = recognised.get(page, "")
    return tuple(pages)


_OVERHEAD = 50_000_000
"""Bytes of code and libraries, which a limit on data does not count."""
_GRACE = 5.0
"""Seconds after the time limit when the system ends the process, in case its parent has died."""
_NICE = 5
"""A low priority, so that the encoder comes first: whenever the encoder waits for a file, the processor is free."""
_PAGE_SHARE = 0.6
"""The share of the time limit after which the recognition of a page is given up, so that the other pages are read."""
_PR_SET_PDEATHSIG = 1
_NEARLY_FULL = 0.7
"""If a file seems damaged while more than this share of the memory is in use, it is probably too large."""


def confine(megabytes: int, parent: int) -> None:
    """Apply the limits at the start: ignore Ctrl-C, no core dumps, at most `megabytes` of memory, end with the parent.

    The memory limit works on Linux, and on systems with RLIMIT_AS; Windows has neither.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the parent handles it
    with suppress(AttributeError, OSError):  # Windows has no nice
        os.nice(_NICE)
    _die_with_parent(parent)
    resource = _resource()
    if resource is None:
        return
    data_limit = megabytes * 1_000_000 - _OVERHEAD
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Address space is not memory in use, so its limit is larger.
    for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS) if sys.platform == "linux" else (resource.RLIMIT_AS,):
        limit = data_limit if kind == resource.RLIMIT_DATA else megabytes * 2_000_000
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


def limit_time(seconds: float) -> None:
    """Limit the processor time for the next file, and less strictly the clock; then the system ends the process.

    The parent ends it earlier. A library that hangs in C code blocks all Python code. So this uses signals that end the
    process by default, and no thread.
    """
    resource = _resource()
    if resource is None:
        return
    signal.setitimer(signal.ITIMER_REAL, CLOCK_FACTOR**2 * seconds + _GRACE)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds + _GRACE), hard))


def lift_time_limit() -> None:
    """Lift the time limit after a file, while waiting for the next one."""
    if _resource() is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def reset_peak() -> None:
    """Reset the system's measurement of peak memory, if it can be reset."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def memory(field: str) -> float:
    """Return a memory figure of this process on Linux, in megabytes (`VmHWM` is the peak); 0 on other systems."""
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{field}:")).split()[1]) * 1024 / 1_000_000
    return 0.0


def _die_with_parent(parent: int) -> None:
    """End with the parent: on Linux at once, even within a file; elsewhere when the pipe closes or time runs out."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the call
            sys.exit()


def _resource() -> Any:
    """Return the module `resource`; None on Windows, which lacks it."""
    try:
        import resource
    except ImportError:
        return None
    return resource


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    parent, megabytes = map(int, sys.argv[1:3])
    confine(megabytes, parent)
    source, sink = _pipes()
    try:
        _Worker(megabytes).serve(source, sink)
    except (ProtocolError, BrokenPipeError):
        os._exit(0)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return input and output, and redirect the standard streams, so that libraries cannot print into them."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    return source, sink


class _Worker:
    """Reads one file after the other."""

    def __init__(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._tokenizers: dict[str, _Tokenizer] = {}
        self._size = 0
        """Bytes of the last file that was read."""

    def serve(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Read requests, and send documents or errors."""
        while True:
            message = receive_json(source)
            if "tokenizer" in message:
                self._tokenizers = {message["tokenizer"]: _Tokenizer(receive(source).decode())}
                continue
            self._answer(Request.of(message), sink)

    def _answer(self, request: Request, sink: BinaryIO) -> None:
        began = time.monotonic()
        reset_peak()
        limit_time(request.seconds)

        def begin_page(page: int, pages: int) -> None:
            send_page(sink, page, pages)
            limit_time(request.seconds)

        try:
            found = self._guarded(request, begin_page)
        except LoadingError as error:
            send_error(sink, self._likely_cause(error, request), _cost(began, self._size))
        else:
            if isinstance(found, tuple):
                document, chunks, pages = found
                send_parsed(sink, Parsed(document, chunks, _cost(began, self._size), pages))
            else:
                send_found(sink, found)
        finally:
            lift_time_limit()

    def _guarded(self, request: Request, begin_page: Callable[[int, int], None]) -> _Read | list[str] | bytes:
        """Do what is asked. Every failure becomes a LoadingError, so a failing library does not end the process."""
        name = request.name or Path(request.path).name
        try:
            recogniser = Recogniser(request.recognition, begin_page, seconds=request.seconds * _PAGE_SHARE)
            return self._members(request) if request.task == "members" else self._read(request, name, recogniser)
        except (LoadingError, SystemExit):
            raise
        except MemoryError:
            raise self._too_much(name) from None
        except RecursionError:
            raise DamagedFile(f"{name} is nested too deeply.") from None
        except BaseException as error:  # panics of Rust libraries are not derived from Exception
            raise ReaderCrashed(f"{name} cannot be read: {type(error).__name__}: {error}"[:500] + ".") from error

    def _read(self, request: Request, name: str, recogniser: Recogniser) -> _Read | bytes:
        file = container_file(Path(request.path))
        data = self._bytes(request, file)
        self._size = len(data)
        if request.task == "bytes":
            return data
        if request.task == "identity":
            return hashlib.sha256(data).digest()
        options: Any = {"max_pages": request.max_pages, "passwords": request.passwords, "recogniser": recogniser}
        document = load_bytes(data, source=request.source, name=request.name, **options)
        if file:
            reading = replace(document.reading, container=self._container(request))
            document = replace(document, reading=reading)
        content = unlocked(data, name, request.passwords) if request.witness else b""
        pages = witness_pages(content, document, name, recogniser.texts) if request.witness else ()
        del data
        return document, self._cut(document, request), pages

    def _bytes(self, request: Request, file: Path | None) -> bytes:
        """Return the bytes of a file, or of a member of a container."""
        path = Path(request.path)
        if file is None:
            return read_bytes(path, max_bytes=request.max_bytes)
        limits, passwords = request.containers, request.passwords
        return self._containers.read(path, limits, passwords, max_bytes=request.max_bytes)

    def _members(self, request: Request) -> list[str]:
        limits, passwords = request.containers, request.passwords
        members = self._containers.members(Path(request.path), limits, passwords, max_bytes=request.max_bytes)
        return [member.name for member in members]

    def _container(self, request: Request) -> str:
        """Return the source of the container that a member is in: its own source without its name there."""
        container = self._containers.container_of(
            Path(request.path), request.containers, request.passwords, max_bytes=request.max_bytes
        )
        inner = str(Path(request.path).relative_to(container))
        return request.source.removesuffix(inner).rstrip("/\\")

    @cached_property
    def _containers(self) -> ContainerReader:
        """The reader of containers, whose modules are loaded when the first one is read."""
        from index.loading.containers.container_reader import ContainerReader

        return ContainerReader()

    def _cut(self, document: Document, request: Request) -> tuple[Chunk, ...] | None:
        if request.cutting is None:
            return None
        target, limit, tokenizer = request.cutting
        chunker = self._tokenizers[tokenizer].chunker(target, limit)
        return chunker.chunk(document.text, document.landmarks, document.tables)

    def _likely_cause(self, error: LoadingError, request: Request) -> LoadingError:
        nearly_full = memory("VmHWM") > _NEARLY_FULL * self._megabytes
        out_of_memory = isinstance(error, DamagedFile) and nearly_full
        return self._too_much(request.name or Path(request.path).name) if out_of_memory else error

    def _too_much(self, name: str) -> TooMuchMemory:
        return TooMuchMemory(f"Reading {name} needs more than {self._megabytes:,} megabytes of memory.")


class _Tokenizer:
    """An encoder's tokenizer, without the encoder."""

    def __init__(self, as_json: str) -> None:
        self._as_json = as_json

    def chunker(self, target: int, limit: int) -> Chunker:
        """Return a chunker that cuts like the encoder's own chunker."""
        from index.text.chunks import Chunker

        return Chunker(target_tokens=target, limit=limit, count_tokens=self._count)

    def _count(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    @cached_property
    def _tokenizer(self):  # type: ignore[no-untyped-def]
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self._as_json)


def _cost(began: float, size: int) -> Cost:
    return Cost(time.monotonic() - began, memory("VmHWM"), size)


if __name__ == "__main__":
    main()
