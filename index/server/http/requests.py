"""The bodies of requests: JSON models, and multipart files that are read as a stream."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING, Annotated

import anyio.from_thread
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from index.records import Mode, Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

MOST_TURNS = 20
"""Maximum number of earlier questions in a request. Only the newest count."""
_NAMES = Field(default=None, min_length=1, max_length=1000)
Question = Annotated[str, Field(min_length=1)]
Documents = Annotated[list[Annotated[str, Field(min_length=1, max_length=1000)]] | None, _NAMES]
MEDIA_TYPE = "multipart/form-data"


def _integer_if_whole(value: object) -> object:
    """Return 3 for 3.0: JSON has only one type of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Limit = Annotated[int, Field(ge=1), BeforeValidator(_integer_if_whole)]


class RequestBody(BaseModel):
    """The base of request bodies. It rejects unknown names, and values of another type, such as `"1"` for 1."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", strict=True)


class _QuestionRequest(RequestBody):
    question: Question
    """The question, in plain words; operators are optional (see the section on them above). At most
    `PINCITE_MAX_QUESTION_CHARACTERS` long."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""


class SearchRequest(_QuestionRequest):
    """A search for passages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Where did most of the deaths occur?", "limit": 3},
                {"question": '"Broad Street" pump -brewery type:pdf', "mode": "lexical", "explain": True},
            ]
        }
    )

    limit: Limit = 10
    """Maximum number of passages; at most `PINCITE_MAX_HITS`."""
    mode: Mode = "hybrid"
    """`dense` searches by meaning, `lexical` by words, `hybrid` by both."""
    explain: bool = False
    """Whether to return the words of each pin that are nearest to the question, which takes a little longer."""
    plain: bool = False
    """Whether to treat operators as plain words."""


class AskRequest(_QuestionRequest):
    """A question to be answered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"question": "Where did most of the deaths occur?"},
                {"question": "Who removed the handle of the pump?", "writer": "model", "strict": True},
                {"question": "and when?", "after": ["Who removed the handle of the pump?"]},
            ]
        }
    )

    limit: Limit = 10
    """Number of passages to read for the answer; at most `PINCITE_MAX_HITS`."""
    writer: Writer = "quote"
    """`quote`: the answer consists of quotations. `model`: the language model in the server's settings writes it, and
    every sentence is checked against its source; if the model fails, the answer consists of quotations and a
    note."""
    strict: bool = False
    """Whether to omit a model's sentences that the documents do not support, instead of marking them."""
    after: Annotated[list[Question], Field(max_length=MOST_TURNS)] = []
    """The earlier questions of the thread, the oldest first, each at most `PINCITE_MAX_QUESTION_CHARACTERS` long. They
    complete a question that continues them, such as `and in 2019?` or `why?`."""


class CheckRequest(RequestBody):
    """A text to check against the documents."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "Most deaths occurred near the pump. The handle stayed."}]}
    )

    text: Annotated[str, Field(min_length=1)]
    """A draft, or an assistant's answer; limited by `PINCITE_MAX_TEXT_CHARACTERS` and `PINCITE_MAX_CHECK_SENTENCES`."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""


class CoverageRequest(_QuestionRequest):
    """A question to search for in every document."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"question": "Was the water examined?"}]})


class BatchRequest(RequestBody):
    """Questions to be answered in a table."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"questions": ["Where did most of the deaths occur?", "Was the water examined?"]}]
        }
    )

    questions: Annotated[list[Question], Field(min_length=1)]
    """At most `PINCITE_MAX_BATCH_QUESTIONS` questions; a question that fails gets a row with the reason."""
    documents: Documents = None
    """Search only these documents, given by id, beginning of the id, file name or title. Default: all."""
    writer: Writer = "quote"
    """The same as in `/v1/ask`."""


class MatrixRequest(RequestBody):
    """Questions to be asked of each document alone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"questions": ["Where did the deaths occur?", "Was the water examined?"]}]}
    )

    questions: Annotated[list[Question], Field(min_length=1)]
    """At most `PINCITE_MAX_BATCH_QUESTIONS` questions; each becomes a column."""
    documents: Documents = None
    """The rows: these documents, given by id, beginning of the id, file name or title. Default: all. Documents times
    questions are at most `PINCITE_MAX_MATRIX_CELLS`."""


class FromUrl(RequestBody):
    """The web address of a document to add, if the server's settings allow it (`PINCITE_ALLOW_URLS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://example.org/report.pdf"}]})

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    """A public http or https address."""


class FromFolder(RequestBody):
    """A folder of the server whose files to add, if its settings allow it (`PINCITE_ALLOW_FOLDERS`)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folder": "/srv/papers"}]})

    folder: Annotated[str, Field(min_length=1, max_length=4000)]
    """Its path: one of the allowed folders, or a folder or file inside one."""


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
