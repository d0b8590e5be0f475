"""What all routes share: their possible problems for OpenAPI, and the check for a JSON body."""

from http import HTTPStatus
from typing import Any

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index.guard.refusal import MEDIA_TYPE

JSON = "application/json"
BODY = (400, 413, 415, 422, 503)
"""Statuses that every route with a body can return."""
_WHEN = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read.",
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


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem responses of a route for OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _WHEN[HTTPStatus(status)], "content": content} for status in sorted(statuses)}


def _require_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(415, f"The body must be {JSON}.")


json_body = Depends(_require_json)
