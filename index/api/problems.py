"""Whatever goes wrong, as RFC 9457 wants it told: one table from our errors to statuses and titles."""

import json
import re
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from index import errors
from index.errors import PinciteError
from index.guard.refusal import AS_TEXT, MEDIA_TYPE
from index.schema.service import Mistake, Problem

_NAMESPACE = "urn:pincite:problem:"
_MOST_MISTAKES = 20
"""More mistakes of one request than these help nobody."""


class Kind(NamedTuple):
    """How a class of errors is told."""

    status: HTTPStatus
    title: str
    told: bool = True
    """Whether its message may be shown: those about the library as a whole name folders of this server."""


_NO_SERVICE, _UNFIT, _MISSING = HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_FOUND
KINDS: dict[type[PinciteError], Kind] = {
    PinciteError: Kind(_UNFIT, "The request cannot be carried out"),
    errors.SettingsError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The server is not set up rightly", told=False),
    errors.WriterNotSet: Kind(HTTPStatus.CONFLICT, "This server has no language model"),
    errors.EncoderError: Kind(_NO_SERVICE, "The encoder cannot be used", told=False),
    errors.LibraryError: Kind(_NO_SERVICE, "The library cannot be used", told=False),
    errors.LibraryLocked: Kind(_NO_SERVICE, "The library is being changed by another program", told=False),
    errors.LibraryNotWritable: Kind(_NO_SERVICE, "The library takes no changes", told=False),
    errors.LibraryReadOnly: Kind(HTTPStatus.FORBIDDEN, "The library is read-only here", told=False),
    errors.LibraryDamaged: Kind(_NO_SERVICE, "The library is damaged", told=False),
    errors.SyncError: Kind(_UNFIT, "The folder and the library are not made one", told=False),
    errors.DocumentError: Kind(_UNFIT, "The request does not fit the document"),
    errors.DocumentNotFound: Kind(_MISSING, "There is no such document"),
    errors.AmbiguousDocument: Kind(HTTPStatus.CONFLICT, "Several documents have that name", told=False),
    errors.SpanError: Kind(_UNFIT, "The span is not in the document"),
    errors.PageError: Kind(_MISSING, "There is no such page"),
    errors.OriginalMissing: Kind(_MISSING, "The original is not there any more"),
    errors.EvaluationError: Kind(_UNFIT, "The questions cannot be used"),
    errors.WriterError: Kind(HTTPStatus.BAD_GATEWAY, "The language model gave no answer"),
    errors.BadPack: Kind(_UNFIT, "The file is not an evidence pack"),
    errors.ArchiveError: Kind(_UNFIT, "The file cannot be used as a copy of a library", told=False),
    errors.BatchError: Kind(_UNFIT, "The questions cannot be used"),
    errors.ServiceError: Kind(_UNFIT, "The server does not do this"),
    errors.NotAllowed: Kind(HTTPStatus.FORBIDDEN, "Not allowed here"),
    errors.AddressRefused: Kind(HTTPStatus.FORBIDDEN, "Nothing is fetched from that address"),
    errors.TooMany: Kind(_UNFIT, "Too many at once"),
    errors.Stopping: Kind(_NO_SERVICE, "The server is being stopped"),
    errors.QueueFull: Kind(_NO_SERVICE, "Too many jobs are waiting"),
    errors.TooBusy: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests are waiting"),
    errors.NotUploaded: Kind(HTTPStatus.FORBIDDEN, "The files were not uploaded"),
    errors.UploadsFull: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many uploads are waiting"),
    errors.JobNotFound: Kind(_MISSING, "There is no such job"),
    errors.LoadingError: Kind(_UNFIT, "The file cannot be read"),
    errors.UnsupportedFormat: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The format is not read"),
    errors.TooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large"),
}
"""A class that is not here is told as its nearest ancestor is."""
_HINTS: dict[type[PinciteError], str] = {
    errors.DocumentNotFound: "See what there is: GET /v1/documents",
    errors.AmbiguousDocument: "Name one by its id: GET /v1/documents",
    errors.WriterNotSet: "Leave `writer` out. Whoever runs this server can set a model with PINCITE_LLM_URL.",
    errors.LibraryLocked: "Try again in a while; searching works meanwhile.",
    errors.LibraryReadOnly: "It can be asked, and not changed.",
}
"""Where what a command line would do is not what a client can."""
_UNTOLD = "Whoever runs this server finds the details in its log, by the request's id."
_RETRY_SECONDS = "5"
_WORTH_RETRYING = errors.LibraryLocked | errors.QueueFull | errors.TooBusy | errors.UploadsFull


class ProblemResponse(Response):
    """A problem as the response that tells it. Half characters, which no reader takes, become question marks."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(as_json(problem), ensure_ascii=False).encode("utf-8", "replace")
        super().__init__(content, problem.status, {"Cache-Control": "no-store", **(headers or {})})


def as_json(problem: Problem) -> dict[str, Any]:
    """Without what has nothing to say."""
    return problem.model_dump(exclude_defaults=True)


def kind_of(error: PinciteError) -> Kind:
    """How an error is told: as its class is, or the nearest ancestor in the table."""
    return next(KINDS[each] for each in type(error).__mro__ if each in KINDS)


def shown(error: PinciteError) -> tuple[str, str]:
    """What whoever asks may read of an error: what happened, and what to do. It names no folder of this server."""
    kind = kind_of(error)
    hint = next((_HINTS[each] for each in type(error).__mro__ if each in _HINTS), error.hint if kind.told else _UNTOLD)
    return error.message if kind.told else f"{kind.title}.", hint


def of_error(error: PinciteError, request_id: str) -> Problem:
    """One of our errors, by the table."""
    kind = kind_of(error)
    detail, hint = shown(error)
    return Problem(
        type=_NAMESPACE + _dashed(type(error).__name__),
        title=kind.title,
        status=kind.status,
        detail=detail,
        hint=hint,
        request_id=request_id,
    )


def of_status(status: int, request_id: str, detail: str = "") -> Problem:
    """A status that says it all."""
    title = HTTPStatus(status).phrase
    return Problem(type="about:blank", title=title, status=status, detail=detail or f"{title}.", request_id=request_id)


def unforeseen(request_id: str) -> Problem:
    """An error that nobody foresaw: nothing of it is told, for it may hold anything."""
    return of_status(HTTPStatus.INTERNAL_SERVER_ERROR, request_id, "Something went wrong here.").model_copy(
        update={"hint": _UNTOLD}
    )


def request_id(request: Request) -> str:
    """The id that `observing` gave the request."""
    identity: str = request.state.request_id
    return identity


async def pincite_error(request: Request, error: Exception) -> Response:
    """Handler of our errors."""
    assert isinstance(error, PinciteError)
    problem = of_error(error, request_id(request))
    request.state.error = error if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    wait = {"Retry-After": _RETRY_SECONDS} if isinstance(error, _WORTH_RETRYING) else {}
    return _told(request, problem, wait)


async def http_error(request: Request, error: Exception) -> Response:
    """Handler of what FastAPI and the routes refuse by its status."""
    assert isinstance(error, HTTPException)
    said = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return _told(request, of_status(error.status_code, request_id(request), said), dict(error.headers or {}))


async def unfit_request(request: Request, error: Exception) -> Response:
    """Handler of requests that do not fit their description. What was sent is not sent back."""
    assert isinstance(error, RequestValidationError)
    mistakes = [Mistake(pointer=_pointer(each["loc"]), detail=each["msg"]) for each in error.errors()[:_MOST_MISTAKES]]
    problem = Problem(
        type=_NAMESPACE + "unfit-request",
        title="The request does not fit its description",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail="; ".join(f"{each.pointer}: {each.detail}" for each in mistakes),
        hint="The description is at /docs.",
        request_id=request_id(request),
        mistakes=mistakes,
    )
    return _told(request, problem)


def _told(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    if request.url.path in AS_TEXT:
        headers = {"Cache-Control": "no-store", **(headers or {})}
        return PlainTextResponse(f"{problem.detail} {problem.hint}".rstrip(), problem.status, headers)
    return ProblemResponse(problem, headers)


def _pointer(place: tuple[int | str, ...]) -> str:
    """`("body", "questions", 3)` as `#/questions/3`; of a parameter, where it stands and its name."""
    where, *names = place
    if where == "body":
        return "#" + "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)
    return f"{where}: {'/'.join(map(str, names))}"


def _dashed(name: str) -> str:
    """`DocumentNotFound` as `document-not-found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
