"""Problem details (RFC 9457): one table from errors to statuses, and the possible problems of each route.

A browser that opens an address gets a problem as a page. `Accept` decides: programs get the document.
"""

import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from index import errors
from index.citations.readable import environment
from index.errors import PinciteError
from index.server.guard.origins import AS_TEXT, MEDIA_TYPE, Refusal, local_path
from index.server.http.responses import preferred_type
from index.wire import Mistake, Problem

_NAMESPACE = "urn:pincite:problem:"
_MAX_MISTAKES = 20
"""Maximum number of mistakes that are reported per request."""
_UNAVAILABLE, _UNPROCESSABLE, _MISSING = (
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.NOT_FOUND,
)
_HINTS: dict[type[PinciteError], str] = {
    errors.DocumentNotFound: "List the documents: GET /v1/documents",
    errors.AmbiguousDocument: "Use the id of one of them: GET /v1/documents",
    errors.WriterNotSet: "Leave `writer` out. The operator of this server can set a model with PINCITE_LLM_URL.",
    errors.LibraryLocked: "Try again later; searching works meanwhile.",
    errors.LibraryReadOnly: "You can search it, but not change it.",
}
"""Hints for clients where the error's own hint is for the command line."""
_LOG_HINT = "The operator of this server can find the details in its log, under the request's id."
_RETRY_SECONDS = "5"
_RETRYABLE = errors.LibraryLocked | errors.QueueFull | errors.TooBusy | errors.UploadsFull
JSON, _HTML = "application/json", "text/html"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""The headers of pages that need no files."""
_PAGE_TITLES = {HTTPStatus.NOT_FOUND: "Page not found"}
_environment = environment(Path(__file__).parent / "templates")
BODY = (400, 413, 415, 422, 503)
"""Statuses that every route with a body can return."""
_WHEN = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read.",
    HTTPStatus.UNAUTHORIZED: "The token is missing or wrong.",
    HTTPStatus.FORBIDDEN: "The server's settings do not allow it, or its library is read-only.",
    HTTPStatus.NOT_FOUND: "The document, page or job does not exist.",
    HTTPStatus.NOT_ACCEPTABLE: "The answer is not available in any accepted format.",
    HTTPStatus.CONFLICT: "Several documents have that name.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than the server's settings allow.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The route does not accept this type of body.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request is invalid, or exceeds a limit.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The library is unavailable at the moment.",
}
"""The meaning of each status in this API."""


class Kind(NamedTuple):
    """The status and the title of a class of errors."""

    status: HTTPStatus
    title: str
    is_public: bool = True
    """Whether clients may see its message. Messages about the library as a whole contain paths of this server."""


KINDS: dict[type[PinciteError], Kind] = {
    PinciteError: Kind(_UNPROCESSABLE, "The request failed"),
    errors.SettingsError: Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The server is misconfigured", is_public=False),
    errors.WriterNotSet: Kind(HTTPStatus.CONFLICT, "This server has no language model"),
    errors.EncoderError: Kind(_UNAVAILABLE, "The encoder cannot be used", is_public=False),
    errors.LibraryError: Kind(_UNAVAILABLE, "The library cannot be used", is_public=False),
    errors.LibraryLocked: Kind(_UNAVAILABLE, "The library is being changed by another program", is_public=False),
    errors.LibraryNotWritable: Kind(_UNAVAILABLE, "The library cannot be changed", is_public=False),
    errors.LibraryReadOnly: Kind(HTTPStatus.FORBIDDEN, "The library is read-only", is_public=False),
    errors.LibraryDamaged: Kind(_UNAVAILABLE, "The library is damaged", is_public=False),
    errors.SyncError: Kind(_UNPROCESSABLE, "The folder could not be synchronized", is_public=False),
    errors.DocumentError: Kind(_UNPROCESSABLE, "The request does not fit the document"),
    errors.DocumentNotFound: Kind(_MISSING, "Document not found"),
    errors.AmbiguousDocument: Kind(HTTPStatus.CONFLICT, "Several documents have that name", is_public=False),
    errors.SpanError: Kind(_UNPROCESSABLE, "The span is outside the document"),
    errors.PageError: Kind(_MISSING, "Page not found"),
    errors.OriginalMissing: Kind(_MISSING, "The original file is missing"),
    errors.EvaluationError: Kind(_UNPROCESSABLE, "The questions cannot be used"),
    errors.WriterError: Kind(HTTPStatus.BAD_GATEWAY, "The language model gave no answer"),
    errors.BadPack: Kind(_UNPROCESSABLE, "The file is not an evidence pack"),
    errors.BadKept: Kind(_UNPROCESSABLE, "The kept quotes cannot be used"),
    errors.ArchiveError: Kind(_UNPROCESSABLE, "The file cannot be used as a copy of a library", is_public=False),
    errors.PublishError: Kind(_UNPROCESSABLE, "The library cannot be published", is_public=False),
    errors.BatchError: Kind(_UNPROCESSABLE, "The questions cannot be used"),
    errors.ServiceError: Kind(_UNPROCESSABLE, "The server refused the request"),
    errors.NotAllowed: Kind(HTTPStatus.FORBIDDEN, "Not allowed on this server"),
    errors.AddressRefused: Kind(HTTPStatus.FORBIDDEN, "The address may not be fetched"),
    errors.TooMany: Kind(_UNPROCESSABLE, "Too many items"),
    errors.Stopping: Kind(_UNAVAILABLE, "The server is shutting down"),
    errors.QueueFull: Kind(_UNAVAILABLE, "Too many jobs are waiting"),
    errors.TooBusy: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests are waiting"),
    errors.NotUploaded: Kind(HTTPStatus.FORBIDDEN, "The files were not uploaded"),
    errors.UploadsFull: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many uploads are waiting"),
    errors.JobNotFound: Kind(_MISSING, "Job not found"),
    errors.AccountsError: Kind(_UNAVAILABLE, "Nobody can be identified at the moment", is_public=False),
    errors.RateLimited: Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too often"),
    errors.PrivateLibraryFull: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Your private library is full"),
    errors.DemoFull: Kind(HTTPStatus.INSUFFICIENT_STORAGE, "The demo is full"),
    errors.PublishedDocument: Kind(HTTPStatus.FORBIDDEN, "The document is published"),
    errors.BudgetSpent: Kind(HTTPStatus.TOO_MANY_REQUESTS, "The budget is used up"),
    errors.LoadingError: Kind(_UNPROCESSABLE, "The file cannot be read"),
    errors.UnsupportedFormat: Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The format is not supported"),
    errors.TooLarge: Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large"),
}
"""An error without an entry uses the entry of its nearest base class."""


class ProblemResponse(Response):
    """A response with a problem. Unpaired surrogates, which are not valid UTF-8, become question marks."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(problem_json(problem), ensure_ascii=False).encode("utf-8", "replace")
        super().__init__(content, problem.status, {"Cache-Control": "no-store", **(headers or {})})


def wants_page(scope: Scope) -> bool:
    """Return whether a person will see the answer: a browser opens the address, and prefers HTML to JSON."""
    headers = Headers(scope=scope)
    if scope["method"] not in ("GET", "HEAD") or headers.get("sec-fetch-mode", "navigate") != "navigate":
        return False
    try:
        return preferred_type(headers.get("accept"), (MEDIA_TYPE, JSON, _HTML)) == _HTML
    except HTTPException:
        return False


def problem_page(problem: Problem | Refusal, root: str, headers: dict[str, str] | None = None) -> HTMLResponse:
    """Return a problem as a page; `root` is the address of the start page."""
    status = HTTPStatus(problem.status)
    title = _PAGE_TITLES.get(status) or (problem.title if isinstance(problem, Problem) else "Not available")
    template = _environment.get_template("refused.html")
    content = template.render(title=title, detail=problem.detail, hint=problem.hint, root=root)
    return HTMLResponse(content.encode("utf-8", "replace"), status, {**PAGE_HEADERS, **(headers or {})})


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal through ASGI: as a page to a browser that opens the address, else as a problem document."""
    if wants_page(scope):
        await problem_page(refusal, f"{scope.get('root_path', '')}/", {"Vary": "Accept"})(scope, receive, send)
    else:
        await refusal.answer(scope, receive, send)


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON values, without empty fields."""
    return problem.model_dump(exclude_defaults=True)


def kind_of(error: PinciteError) -> Kind:
    """Return the table's entry for an error's class or its nearest base class."""
    return next(KINDS[base] for base in type(error).__mro__ if base in KINDS)


def public_message(error: PinciteError) -> tuple[str, str]:
    """Return the message and the hint of an error that a client may see. They contain no paths of this server."""
    kind = kind_of(error)
    hint = next(
        (_HINTS[base] for base in type(error).__mro__ if base in _HINTS), error.hint if kind.is_public else _LOG_HINT
    )
    return error.message if kind.is_public else f"{kind.title}.", hint


def problem_from_error(error: PinciteError, request_id: str) -> Problem:
    """Return the problem of an error."""
    kind = kind_of(error)
    detail, hint = public_message(error)
    return Problem(
        type=_NAMESPACE + _dashed(type(error).__name__),
        title=kind.title,
        status=kind.status,
        detail=detail,
        hint=hint,
        request_id=request_id,
    )


def problem_from_status(status: int, request_id: str, detail: str = "") -> Problem:
    """Return a problem that consists of a status."""
    title = HTTPStatus(status).phrase
    return Problem(type="about:blank", title=title, status=status, detail=detail or f"{title}.", request_id=request_id)


def internal_error(request_id: str) -> Problem:
    """Return the problem of an unexpected error, without its message, which may contain anything."""
    return problem_from_status(HTTPStatus.INTERNAL_SERVER_ERROR, request_id, "An internal error occurred.").model_copy(
        update={"hint": _LOG_HINT}
    )


def request_id(request: Request) -> str:
    """Return the request's id, set by the request middleware."""
    identity: str = request.state.request_id
    return identity


async def pincite_error(request: Request, error: Exception) -> Response:
    """Handle a PinciteError."""
    assert isinstance(error, PinciteError)
    problem = problem_from_error(error, request_id(request))
    request.state.error = error if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    wait = {"Retry-After": _RETRY_SECONDS} if isinstance(error, _RETRYABLE) else {}
    if isinstance(error, errors.RateLimited | errors.BudgetSpent):
        wait = {"Retry-After": str(error.seconds)}
    return _respond(request, problem, wait)


async def http_error(request: Request, error: Exception) -> Response:
    """Handle an HTTPException of FastAPI or of a route."""
    assert isinstance(error, HTTPException)
    detail = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = detail or "There is nothing at this address."
    return _respond(
        request, problem_from_status(error.status_code, request_id(request), detail), dict(error.headers or {})
    )


async def validation_error(request: Request, error: Exception) -> Response:
    """Handle a request that fails validation. The response does not repeat the request's content."""
    assert isinstance(error, RequestValidationError)
    mistakes = [Mistake(pointer=_pointer(item["loc"]), detail=item["msg"]) for item in error.errors()[:_MAX_MISTAKES]]
    problem = Problem(
        type=_NAMESPACE + "unfit-request",
        title="The request is invalid",
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail="; ".join(f"{mistake.pointer}: {mistake.detail}" for mistake in mistakes),
        hint="The API's documentation is at /docs.",
        request_id=request_id(request),
        mistakes=mistakes,
    )
    return _respond(request, problem)


def _respond(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    if local_path(request.scope) in AS_TEXT:
        headers = {"Cache-Control": "no-store", **(headers or {})}
        return PlainTextResponse(f"{problem.detail} {problem.hint}".rstrip(), problem.status, headers)
    headers = {"Vary": "Accept", **(headers or {})}
    if wants_page(request.scope):
        return problem_page(problem, f"{request.scope.get('root_path', '')}/", headers)
    return ProblemResponse(problem, headers)


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return `#/questions/3` for `("body", "questions", 3)`, or the location and name of a parameter."""
    part, *names = location
    if part == "body":
        return "#" + "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)
    return f"{part}: {'/'.join(map(str, names))}"


def _dashed(name: str) -> str:
    """Return `document-not-found` for `DocumentNotFound`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem responses of a route for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _WHEN[HTTPStatus(status)], "content": content} for status in sorted(statuses)}


async def _require_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(415, f"The body must be {JSON}.")


json_body = Depends(_require_json)
