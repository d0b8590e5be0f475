"""The parsing process: `python -m index.parsing.worker PARENT MEGABYTES` answers requests until its input ends.

It must stay small: it loads no model, no index and no database.
"""

from __future__ import annotations

import os
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DamagedFile, LoadingError, ReaderCrashed, TooMuchMemory
from index.loading import load_bytes, read_bytes
from index.loading.sniffing import PDF
from index.parsing import confining
from index.parsing.frames import ProtocolError, receive, receive_json
from index.parsing.packing import send_error, send_parsed
from index.parsing.requests import Cost, Parsed, Request

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from index.chunking import Chunker
    from index.records import Chunk, Document

_NEARLY_FULL = 0.7
"""If this share of the memory was in use when a file was found damaged, it is more likely too large."""


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    parent, megabytes = map(int, sys.argv[1:3])
    confining.confine(megabytes, parent)
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
        confining.reset_peak()
        confining.limit_time(request.seconds)
        try:
            document, chunks, pages = self._read(request)
        except LoadingError as error:
            send_error(sink, self._likely_cause(error, request), _cost(began))
        else:
            send_parsed(sink, Parsed(document, chunks, _cost(began), pages))
        finally:
            confining.lift_time_limit()

    def _read(self, request: Request) -> tuple[Document, tuple[Chunk, ...] | None, tuple[str, ...]]:
        """Read the document. Every failure becomes a LoadingError, so no failing library ends the process."""
        name = request.name or Path(request.path).name
        try:
            data = read_bytes(Path(request.path), max_bytes=request.max_bytes)
            document = load_bytes(data, source=request.source, name=request.name, max_pages=request.max_pages)
            pages = _witness_pages(data, document, name) if request.witness else ()
            del data
            return document, self._cut(document, request), pages
        except (LoadingError, SystemExit):
            raise
        except MemoryError:
            raise self._too_much(name) from None
        except RecursionError:
            raise DamagedFile(f"{name} is nested too deeply.") from None
        except BaseException as error:  # panics of Rust libraries are no Exception
            raise ReaderCrashed(f"{name} cannot be read: {type(error).__name__}: {error}"[:500] + ".") from error

    def _cut(self, document: Document, request: Request) -> tuple[Chunk, ...] | None:
        if request.cutting is None:
            return None
        target, limit, tokenizer = request.cutting
        return self._tokenizers[tokenizer].chunker(target, limit).chunk(document.text, document.landmarks)

    def _likely_cause(self, error: LoadingError, request: Request) -> LoadingError:
        nearly_full = confining.memory("VmHWM") > _NEARLY_FULL * self._megabytes
        out_of_memory = isinstance(error, DamagedFile) and nearly_full
        return self._too_much(request.name or Path(request.path).name) if out_of_memory else error

    def _too_much(self, name: str) -> TooMuchMemory:
        return TooMuchMemory(f"Reading {name} needs more than {self._megabytes:,} megabytes of memory.")


class _Tokenizer:
    """An encoder's tokenizer, without the encoder."""

    def __init__(self, as_json: str) -> None:
        self._as_json = as_json

    def chunker(self, target: int, limit: int) -> Chunker:
        """Return a chunker that cuts as the encoder's own chunker does."""
        from index.chunking import Chunker

        return Chunker(target_tokens=target, limit=limit, count_tokens=self._count)

    def _count(self, texts: Sequence[str]) -> list[int]:
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    @cached_property
    def _tokenizer(self):  # type: ignore[no-untyped-def]
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self._as_json)


def _witness_pages(data: bytes, document: Document, name: str) -> tuple[str, ...]:
    """Return the pages of a PDF as the second reader reads them; empty for other formats."""
    if document.media_type != PDF:
        return ()
    from index.loading.pdf_witness import page_texts

    return page_texts(data, name)


def _cost(began: float) -> Cost:
    return Cost(time.monotonic() - began, confining.memory("VmHWM"))


if __name__ == "__main__":
    main()
