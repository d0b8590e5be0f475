"""What leaves the library as JSON: pydantic models made from the records, and records without the paths of a server.

    Found.model_validate(found).model_dump()     # for the user's own terminal: full paths
    Found.model_validate(redacted(found))        # for a stranger, over REST or MCP: file names only

A record is the definition: `_of` gives a model the fields of a record, whose docstrings are their descriptions. The
body of a model has only what differs. A record that only the command line prints, such as a verification, has no model:
`plain` dumps it. This module is imported only where JSON is made, because making pydantic models takes time.

A server tells nobody where it keeps its files. Every record that leaves over a network, as JSON, as a page or as an
export, passes through `redacted` first. Redacting twice changes nothing.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from functools import cache
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Self, TypeVar, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator
from pydantic.config import JsonDict

from index import records
from index.citations.entries import web_address
from index.records.document import FileState, Kind, Offset, Share, State

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar(
    "Record",
    records.Answer,
    records.Check,
    records.Citation,
    records.CoverageReport,
    records.DocumentInfo,
    records.Failure,
    records.Found,
    records.Hit,
    records.MatrixRow,
    records.Receipt,
    FileState,
)
_PATHLESS = (
    *(records.Answer, records.Check, records.Citation, records.Coverage, records.CoverageReport, records.Found),
    *(records.Hit, records.Location, records.MatrixCell, records.MatrixRow, records.Passage, records.Statement),
    records.Why,
)
_PATHS: dict[type, tuple[str, ...]] = {
    records.DocumentInfo: ("source",),
    records.Reading: ("container",),
    records.Failure: ("source",),
    records.Note: ("source",),
    records.ReadAs: ("source",),
    records.Renamed: ("source", "before"),
    records.Receipt: ("added", "replaced", "unchanged", "removed", "opened"),
    FileState: ("source",),
    **dict.fromkeys(_PATHLESS, ()),
}
"""The fields of each record that are paths. `redacted` refuses records that are not listed, even within others."""


def redacted(record: Record) -> Record:
    """Return the record without any path."""
    shown: Record = _redacted(record)
    return shown


def _redacted(record: Any) -> Any:
    paths = _PATHS[type(record)]
    shown: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        shown[field.name] = _each(source_name if field.name in paths else _redacted_within, value)
    if "reason" in shown and record.source:
        shown["reason"] = record.reason.replace(record.source, shown["source"])
    return replace(record, **shown)


def _redacted_within(value: Any) -> Any:
    return _redacted(value) if hasattr(value, "__dataclass_fields__") else value


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """Return a changed value; of a tuple, each changed. A named tuple is one value."""
    return tuple(map(change, value)) if type(value) is tuple else change(value)


def source_name(source: str) -> str:
    """Return the address without a password, or the file's name; surrogates of a broken name become question marks."""
    shown = web_address(source) or PurePath(source).name or source
    return shown.encode("utf-8", "replace").decode()


def plain(record: "DataclassInstance", decimals: int | None = None) -> dict[str, Any]:
    """Return a record without a model as JSON; `decimals` rounds the floats at its top level."""
    values = asdict(record).items()
    return {name: round(value, decimals) if decimals and type(value) is float else value for name, value in values}


class Schema(BaseModel):
    """A result, or a part of one. It is made from a record of the same attributes, or from a mapping."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True, defer_build=True)


_MODELS: dict[str, Any] = {}
"""The model of each record that may be within another, by the record's name."""
_T = TypeVar("_T", bound=Schema)


def _of(
    record: type,
    names: str = "*",
    *,
    without: str = "",
    values: Callable[[Any], Any] | None = None,
    example: Any = None,
) -> Callable[[type[_T]], type[_T]]:
    """Return a decorator that makes the model of a record; the body of the class has only what differs.

    `names` are the fields in order, separated by blanks; `*` stands for all others but those in `without`. A field is
    taken from the body, else from the record: a field or a property. `values` returns the values of a record that has
    not all the fields. `example` is a record that OpenAPI shows.
    """

    def model(body: type[_T]) -> type[_T]:
        own, descriptions = body.model_fields, _descriptions(record)
        itself = {record.__name__: ForwardRef(body.__name__)}
        types = get_type_hints(record, localns={**itself, **_MODELS}, include_extras=True)
        chosen: dict[str, Any] = {}
        for name in _ordered(record, names.split(), without.split()):
            kind = own[name].rebuild_annotation() if name in own else types.get(name) or _property_type(record, name)
            words = own[name].description if name in own else None
            chosen[name] = (kind, Field(description=words or descriptions[name]))
        made: Any = create_model(
            body.__name__,
            __base__=Schema,
            __module__=__name__,
            __doc__=body.__doc__ or record.__doc__,
            __validators__={"_values": _before(record, values)} if values else None,
            __cls_kwargs__={"use_attribute_docstrings": False, **_shown_as(example)},
            **chosen,
        )
        _MODELS.setdefault(record.__name__, made)
        return made  # type: ignore[no-any-return]  # a class with the body's fields and others

    return model


def _ordered(record: type, names: list[str], without: list[str]) -> Iterator[str]:
    for name in names:
        others = [field.name for field in fields(record) if field.name not in (*names, *without)]
        yield from others if name == "*" else [name]


def _before(record: type, values: Callable[[Any], Any]) -> Any:
    return model_validator(mode="before")(lambda value: values(value) if isinstance(value, record) else value)


def _shown_as(example: Any) -> ConfigDict:
    """Return the configuration of a model with an example, which is made of a record when it is needed."""

    def add(schema: dict[str, Any], model: type[Schema]) -> None:
        schema["examples"] = [model.model_validate(example).model_dump(mode="json")]

    return ConfigDict(json_schema_extra=add) if example else ConfigDict()


def _property_type(record: type, name: str) -> Any:
    return get_type_hints(getattr(record, name).fget)["return"]


def _descriptions(record: type) -> dict[str, str]:
    """Return the docstrings of a record's fields and properties, as readers of JSON understand them."""
    body = _classes(record.__module__)[record.__name__].body
    words = {name: member.__doc__ for name, member in vars(record).items() if isinstance(member, property)}
    for field, docstring in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(docstring, ast.Expr):
            words[ast.unparse(field.target)] = ast.literal_eval(docstring.value)
    return {name: re.sub(r"\bNone\b", "null", inspect.cleandoc(text)) for name, text in words.items() if text}


@cache
def _classes(module: str) -> dict[str, ast.ClassDef]:
    """Return the classes of a module. Pydantic would read the module again for each of them."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


_Score = Annotated[Share, AfterValidator(lambda value: round(value, 6))]
_Confidence = Annotated[Share, AfterValidator(lambda value: round(value, 4))]
_Rounded = Annotated[float, AfterValidator(lambda value: round(value, 6))]

# The examples of OpenAPI
_DOCUMENT = records.DocumentInfo(
    id="3f0b5c2a9d1e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd",
    source="cholera.pdf",
    title="On the Mode of Communication of Cholera",
    author="John Snow",
    date="1855",
    media_type="application/pdf",
    characters=345210,
    pages=162,
    passages=402,
    reading=records.Reading(tables=3, languages=("en",), doi="10.1371/journal.pone.0118432"),
)
_QUOTE = "Nearly all the deaths had taken place near the Broad Street pump."
_CITATION = records.Citation(1, _DOCUMENT, records.Location("39", paragraph=2), 80412, 80473, _QUOTE)
_VERBATIM = records.Statement(_QUOTE, (1,), "verbatim")
_ANSWER = records.Answer(
    "Where did most of the deaths occur?",
    "answered",
    confidence=0.93,
    bar=0.6,
    statements=(_VERBATIM,),
    citations=(_CITATION,),
    hits=(),
    searched=(412, 3),
    writer="quote",
    timings_ms={"encode": 4.1, "search": 2.3, "evidence": 1.2},
)
_MISSING = "not in the source: *mayor*, *secretly*, *closed*"
_UNVERIFIED = records.Statement("The mayor secretly closed the pump.", (), "unverified", _MISSING, nearest=1)
_SILENT = records.Statement("Why?", (), "unverified", "Not checked: a question states nothing.", is_claim=False)
_CHECK = records.Check((_VERBATIM, _UNVERIFIED, _SILENT), (_CITATION,))
_FILE = FileState("cholera.pdf", "cholera.pdf", "encoding", 128, 402, 0.45, ready=64, document=_DOCUMENT.id)


@_of(records.DocumentInfo, "id title source author date claimed private")
class Reference(Schema):
    """A document as named in a citation."""


@_of(records.Reading)
class Reading(Schema): ...


@_of(records.DocumentInfo, "* kind how reading", example=_DOCUMENT)
class Document(Schema): ...


class Documents(Schema):
    """A page of the list of documents."""

    documents: list[Document]
    """In the order of their names."""
    next: str | None
    """The `cursor` for the next page; null on the last page."""
    total: int
    """The number of documents in the whole list."""


class Text(Schema):
    """A part of a document's text."""

    document_id: str
    """The id of the document."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where the part ends (exclusive)."""
    characters: int
    """Length of the whole text, in code points."""
    text: str
    """The exact words."""


@_of(records.Stats, without="folder")
class Stats(Schema): ...


@_of(records.Location, "* label")
class Location(Schema): ...


class Quote(Schema):
    """A sentence of a document."""

    start: Offset
    """Where it begins."""
    end: Offset
    """Where it ends (exclusive)."""
    text: str
    """The exact words from `start` to `end`."""


@_of(records.Why)
class Why(Schema):
    dense: _Rounded | None
    lexical: _Rounded | None
    fused: _Rounded
    evidence: _Rounded
    reranked: _Rounded | None


def _hit_values(hit: records.Hit) -> dict[str, Any]:
    """Return what a hit has within its passage and its spans, and the rest by name."""
    pin, *others = [Quote(start=span.start, end=span.end, text=text) for span, text in hit.pins()]
    named = {name: getattr(hit, name) for name in ("score", "document", "location", "why", "also")}
    passage = hit.passage
    return {
        **named,
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "pin": pin,
        "runner_up": others[0] if others else None,
    }


@_of(records.Hit, "score document location start end text pin runner_up why also", values=_hit_values)
class Hit(Schema):
    score: _Score
    start: Offset
    """Where the passage begins."""
    end: Offset
    """Where the passage ends."""
    text: str
    """The exact words of the passage."""
    pin: Quote
    runner_up: Quote | None
    """The second-best sentence of the passage; null if there is no other."""


@_of(records.Found, "question hits notes timings_ms")
class Found(Schema): ...


@_of(records.Coverage)
class Covered(Schema):
    """A document's best passage for a question."""


class Coverage(Schema):
    """Each document's best passage for a question."""

    question: str
    """The question as asked, without white space around it."""
    documents: list[Covered]
    """All documents. Those with a hit come first, the best hit at the top."""
    notes: list[str]
    """Notes for the reader: what could not be searched."""

    @classmethod
    def of(cls, question: str, report: records.CoverageReport) -> Self:
        """Return the coverage of a question; the report does not contain the question."""
        return cls.model_validate({"question": question.strip(), "documents": report.rows, "notes": report.notes})


@_of(records.Statement)
class Statement(Schema): ...


@_of(records.Citation, example=_CITATION)
class Citation(Schema):
    marker: int = Field(ge=1)
    """Its number, which statements refer to."""


@_of(records.Citation, without="marker")
class Words(Schema):
    """Exact words of a document, without a number."""


class Searched(Schema):
    """How much was searched."""

    passages: int
    """The number of passages."""
    documents: int
    """The number of documents."""

    @model_validator(mode="before")
    @classmethod
    def _from_record(cls, value: Any) -> Any:
        """Return the pair of numbers of a record as named fields; other values stay as they are."""
        return dict(zip(cls.model_fields, value, strict=True)) if isinstance(value, tuple) else value


@_of(records.Answer, "question asked status confidence bar writer * notes timings_ms", example=_ANSWER)
class Answer(Schema):
    confidence: _Confidence
    searched: Searched


class Piece(Schema):
    """Words that a model has just written; none of them has been checked."""

    text: str
    """The next words: append them to the earlier pieces."""


@_of(records.Check, "summary supported claims *", example=_CHECK)
class Checked(Schema):
    supported: int = Field(ge=0)
    claims: int = Field(ge=0)


@_of(records.Failure)
class Failure(Schema): ...


@_of(records.Note)
class Note(Schema): ...


@_of(records.ReadAs)
class ReadAs(Schema): ...


@_of(records.Renamed)
class Renamed(Schema): ...


@_of(records.Receipt)
class Receipt(Schema): ...


class Mistake(Schema):
    """One mistake of a request."""

    pointer: str
    """The place of the mistake: a JSON pointer into the body (`#/limit`), or a parameter (`query: start`)."""
    detail: str
    """What is wrong there."""


_PROBLEM: JsonDict = {
    "type": "urn:pincite:problem:document-not-found",
    "title": "Document not found",
    "status": 404,
    "detail": "No document of this library is called 'treaty.pdf'.",
    "hint": "List the documents: GET /v1/documents",
    "request_id": "5d41402abc4b2a76b9719d911017c592",
}


class Problem(Schema):
    """What is wrong, and what to do."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROBLEM]})

    type: str
    """A stable name of the kind of problem for programs, or `about:blank` if the status is sufficient."""
    title: str
    """The kind of problem in words."""
    status: int = Field(ge=400, le=599)
    """The status of the response."""
    detail: str
    """What is wrong in this case."""
    hint: str = ""
    """What to do; may be empty."""
    request_id: str
    """The id of the request in the server's log."""
    mistakes: list[Mistake] = Field(default=[])
    """The mistakes of an invalid request."""


@_of(FileState)
class File(Schema): ...


@_of(records.Row)
class Row(Schema):
    nearest: Words | None
    """Without citations: the nearest words."""


@_of(records.MatrixCell)
class MatrixCell(Schema):
    citation: Words | None
    """The best sentence; null unless the status is `answered` or `unsure`."""
    nearest: Words | None
    """If the document speaks of the subject without an answer: the nearest words."""
    confidence: _Confidence


@_of(records.MatrixRow)
class MatrixRow(Schema): ...


@_of(records.Matrix)
class Matrix(Schema): ...


_JOB = {
    "id": "9c1f0d3e5b7a4c21",
    "kind": "add",
    "state": "working",
    "files": [_FILE],
    "done": 0,
    "total": 1,
    "passages_per_second": 61.5,
    "seconds_left": 4.5,
    "receipt": None,
    "problem": None,
    "rows": [],
    "matrix": None,
}


class Job(Schema):
    """Work that takes a while: files to be added, a batch of questions, or a matrix of documents and questions."""

    model_config = _shown_as(_JOB)

    id: str
    """The id of the job; it is valid as long as the server runs."""
    kind: Kind
    """`add`: files are added. `batch`: questions are answered. `matrix`: each document is asked each question."""
    state: State
    """`done` means that the job has finished; single files or questions may have failed all the same."""
    files: list[File]
    """The files of a job that adds."""
    done: int
    """Files, questions or cells that are finished."""
    total: int
    """Files, questions or cells in all."""
    passages_per_second: float | None
    """The rate of encoding; null until it is known."""
    seconds_left: float | None
    """The estimated time left; null if it is unknown."""
    receipt: Receipt | None
    """The receipt of a job that adds; null until the job is over."""
    problem: Problem | None
    """Why the whole job failed."""
    rows: list[Row]
    """The rows of a batch so far. Events leave them out; `table.csv` has them as a table."""
    matrix: Matrix | None
    """The rows of a matrix so far. Events leave them out; null for other jobs."""
