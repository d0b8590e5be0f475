"""The service itself: its health, and the problems that it reports (RFC 9457)."""

from typing import Literal

from pydantic import ConfigDict, Field

from index.schema.base import Schema


class Health(Schema):
    """Whether the server can do its work."""

    status: Literal["ok"]
    """It can."""


class Mistake(Schema):
    """One mistake of a request."""

    pointer: str
    """Where: a JSON pointer into the body, as a fragment (`#/limit`), or the name of a parameter (`query: start`)."""
    detail: str
    """What is wrong there."""


class Problem(Schema):
    """What went wrong, and what to do next."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pincite:problem:document-not-found",
                    "title": "There is no such document",
                    "status": 404,
                    "detail": "No document of this library is called 'treaty.pdf'.",
                    "hint": "See what there is: GET /v1/documents",
                    "request_id": "5d41402abc4b2a76b9719d911017c592",
                }
            ]
        },
    )

    type: str
    """The kind of problem: a name that programs can rely on, or `about:blank` where the status says it all."""
    title: str
    """The kind of problem, in words."""
    status: int = Field(ge=400, le=599)
    """The status of the response."""
    detail: str
    """What happened this time."""
    hint: str = ""
    """What to do next; empty where there is nothing to say."""
    request_id: str
    """The id of the request in the server's log."""
    mistakes: list[Mistake] = Field(default=[])
    """The mistakes of a request that does not fit its description, each with its place."""
