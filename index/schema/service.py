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
    """The place of the mistake: a JSON pointer into the body (`#/limit`), or a parameter (`query: start`)."""
    detail: str
    """What is wrong there."""


class Problem(Schema):
    """What is wrong, and what to do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:pincite:problem:document-not-found",
                    "title": "Document not found",
                    "status": 404,
                    "detail": "No document of this library is called 'treaty.pdf'.",
                    "hint": "List the documents: GET /v1/documents",
                    "request_id": "5d41402abc4b2a76b9719d911017c592",
                }
            ]
        },
    )

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
