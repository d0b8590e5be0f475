"""The state of a visitor's private library in a demo."""

from pydantic import Field

from index.schema.redaction import Schema


class Visitor(Schema):
    """Your private library: what it holds, what it may hold, and when it is deleted."""

    documents: int = Field(ge=0)
    """Number of your documents."""
    bytes: int = Field(ge=0)
    """Size of your files."""
    pages: int = Field(ge=0)
    """Number of their pages; 3,000 characters count as a page in formats without pages."""
    max_documents: int
    """The limit of `documents`."""
    max_bytes: int
    """The limit of `bytes`."""
    max_pages: int
    """The limit of `pages`."""
    seconds_left: int | None
    """Seconds until everything is deleted, if you do nothing more; null if there is nothing to delete."""
    has_cookie: bool
    """Whether your request brought the cookie. If not, send `token` as the header `X-Pincite-Visitor`."""
    token: str
    """Stands for you. Do not share it: with it, others can read your documents."""
