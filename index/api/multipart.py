"""The files of a multipart body, pulled one after the other as they come: none is held in memory or set down twice."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

import anyio.from_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

MEDIA_TYPE = "multipart/form-data"


class _Kind(Enum):
    FILE = auto()
    DATA = auto()
    FILE_END = auto()
    END = auto()


class Multipart:
    """Reads a body as its parts are asked for.

    Raises HTTPException (400) for a body that says it is multipart and is not, ends too early, or has parts that are
    no files, for what they say nobody would hear; and whatever `chunks` raises.
    """

    def __init__(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._events: deque[tuple[_Kind, bytes]] = deque()
        self._name, self._value, self._disposition = b"", b"", b""
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": lambda data, start, end: self._events.append((_Kind.DATA, data[start:end])),
                    "on_part_end": lambda: self._events.append((_Kind.FILE_END, b"")),
                    "on_end": lambda: self._events.append((_Kind.END, b"")),
                },
            )
        except FormParserError as error:
            raise _broken(str(error)) from error
        if not boundary:
            raise _broken("its Content-Type names no boundary")

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and bytes of each file; the bytes have to be read before the next is asked for."""
        for kind, data in self._pulled():
            if kind is _Kind.END:
                return
            yield data.decode("utf-8", "replace"), self._content()

    def _content(self) -> Iterator[bytes]:
        for kind, data in self._pulled():
            if kind is _Kind.FILE_END:
                return
            yield data

    def _pulled(self) -> Iterator[tuple[_Kind, bytes]]:
        while True:
            while self._events:
                yield self._events.popleft()
            try:
                self._parser.write(next(self._chunks))
            except StopIteration:
                raise _broken("it ends before its last part does") from None
            except FormParserError as error:
                raise _broken(str(error)) from error

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"filename")
        if name is None:
            raise _broken("a part of it is not a file")
        self._events.append((_Kind.FILE, name))
        self._disposition = b""


def chunks(request: Request) -> Iterator[bytes]:
    """The body as it comes, for a thread."""
    stream = request.stream()
    while (chunk := anyio.from_thread.run(anext, stream, None)) is not None:
        yield chunk


def _broken(why: str) -> HTTPException:
    return HTTPException(400, f"The body cannot be read as multipart/form-data: {why.rstrip('.')}.")
