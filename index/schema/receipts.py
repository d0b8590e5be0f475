"""Receipts: what adding, removing or synchronising did, file by file."""

from index.schema.base import Schema


class Failure(Schema):
    """A file that could not be read."""

    source: str
    """The file."""
    reason: str
    """Why it could not be read."""
    hint: str
    """What to do about it."""


class Note(Schema):
    """Something to know of a file that was added all the same."""

    source: str
    """The file."""
    text: str
    """What was left out or repaired."""


class Renamed(Schema):
    """A file that has another name than before."""

    source: str
    """Its name now."""
    before: str
    """Its name before."""


class Receipt(Schema):
    """What adding or removing did, file by file: each file stands in exactly one of the lists."""

    added: list[str]
    """New documents, by source."""
    replaced: list[str]
    """Documents that took the place of an older version."""
    renamed: list[Renamed]
    """Documents that have another name now, and are otherwise unchanged."""
    unchanged: list[str]
    """Documents that were there already, byte for byte."""
    removed: list[str]
    """Documents that were removed, from the catalog and from every index."""
    failed: list[Failure]
    """Files that could not be read."""
    notes: list[Note]
    """Notes on the other files."""
    passages: int
    """Passages added."""
    encoded: int
    """Those of them that had to be encoded; the others were known."""
    seconds: float
    """How long it took."""
