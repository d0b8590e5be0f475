"""What the description says of every route alike: which problems there can be, and what a body has to be."""

from http import HTTPStatus
from typing import Any

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from index.guard.refusal import MEDIA_TYPE

JSON = "application/json"
BODY = (400, 413, 415, 422, 503)
"""What may be wrong with whatever has a body."""
_WHEN = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read.",
    HTTPStatus.FORBIDDEN: "The server's settings do not allow it, or its library is read-only.",
    HTTPStatus.NOT_FOUND: "There is no such document, page or job.",
    HTTPStatus.NOT_ACCEPTABLE: "The answer is not to be had in any form that is accepted.",
    HTTPStatus.CONFLICT: "Several documents have that name.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is larger than the server's settings allow.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of another kind than the route takes.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request does not fit its description, or exceeds a limit.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The library cannot be used at the moment.",
}
"""What a status means here."""


def tells(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These problems, for the description of a route."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _WHEN[HTTPStatus(status)], "content": content} for status in sorted(statuses)}


def _demand_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise HTTPException(415, f"The body has to be {JSON}.")


json_body = Depends(_demand_json)
