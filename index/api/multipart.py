"""Reads the files of a multipart body as a stream: no file is held in memory or stored twice."""

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


class _EventKind(Enum):
    FILE = auto()
    DATA = auto()
    FILE_END = auto()
    END = auto()


class Multipart:
    """Parses a body while its files are read.

    Raises HTTPException (400) if the body is not valid multipart data, ends too early, or has a part that is not a file
    (its value would be ignored silently); and the errors of `chunks`.
    """

    def __init__(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._events: deque[tuple[_EventKind, bytes]] = deque()
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
                    "on_part_data": lambda data, start, end: self._events.append((_EventKind.DATA, data[start:end])),
                    "on_part_end": lambda: self._events.append((_EventKind.FILE_END, b"")),
                    "on_end": lambda: self._events.append((_EventKind.END, b"")),
                },
            )
        except FormParserError as error:
            raise _invalid_body(str(error)) from error
        if not boundary:
            raise _invalid_body("its Content-Type has no boundary")

    def files(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield the name and the bytes of each file; read the bytes before requesting the next file."""
        for kind, data in self._parse_events():
            if kind is _EventKind.END:
                return
            yield data.decode("utf-8", "replace"), self._content()

    def _content(self) -> Iterator[bytes]:
        for kind, data in self._parse_events():
            if kind is _EventKind.FILE_END:
                return
            yield data

    def _parse_events(self) -> Iterator[tuple[_EventKind, bytes]]:
        while True:
            while self._events:
                yield self._events.popleft()
            try:
                self._parser.write(next(self._chunks))
            except StopIteration:
                raise _invalid_body("it ends before its last part") from None
            except FormParserError as error:
                raise _invalid_body(str(error)) from error

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
            raise _invalid_body("one of its parts is not a file")
        self._events.append((_EventKind.FILE, name))
        self._disposition = b""


def chunks(request: Request) -> Iterator[bytes]:
    """Yield the chunks of the body, for use in a thread."""
    stream = request.stream()
    while (chunk := anyio.from_thread.run(anext, stream, None)) is not None:
        yield chunk


def _invalid_body(reason: str) -> HTTPException:
    return HTTPException(400, f"The body cannot be read as multipart/form-data: {reason.rstrip('.')}.")
