"""Documents: references to them, places in them, their text, and the library in numbers."""

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from index.schema.base import Offset, Schema

REFERENCE: JsonDict = {
    "id": "3f0b5c2a9d1e4f60718293a4b5c6d7e8f90123456789abcdef0123456789abcd",
    "title": "On the Mode of Communication of Cholera",
    "source": "cholera.pdf",
    "author": "John Snow",
    "date": "1855",
    "claimed": False,
}
"""The document of all examples."""
_DOCUMENT: JsonDict = {
    **REFERENCE,
    "media_type": "application/pdf",
    "characters": 345210,
    "pages": 162,
    "passages": 402,
    "notes": [],
}


class Reference(Schema):
    """A document, as a citation names it."""

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes and tools know the document by it."""
    title: str
    """The title that the format or the text states; empty where neither does. The same holds for `author` and
    `date`."""
    source: str
    """The name of its file, or the address it came from. The server never tells where it keeps a file."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    claimed: bool
    """Whether a portable library brought its words, and nobody here has compared them with the file."""


class Location(Schema):
    """The place of some words, as a reader would name it."""

    page: str
    """The label of the page; empty where the format has none."""
    heading: str
    """The headings above, outermost first, joined by ` > `."""
    paragraph: int = Field(ge=0)
    """Counted from 1 below the nearest page or heading; 0 where the document has no paragraphs."""
    label: str
    """All of it in one line, for a citation: `p. 3, § Trade, ¶ 2`."""


class Document(Schema):
    """A document without its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOCUMENT]})

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes know the document by it."""
    source: str
    """The name of its file, or the address it came from. The server never tells where it keeps a file."""
    title: str
    """The title that the format or the text states; empty where neither does. The same holds for `author` and
    `date`."""
    author: str
    """In one line, as the document has it."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    """The format of its file."""
    characters: int
    """Code points of its text."""
    pages: int
    """The number of pages; 0 where the format has none."""
    passages: int
    """The number of passages that it is cut into."""
    notes: list[str]
    """The document's health: what was left out or repaired in reading it."""
    claimed: bool
    """Whether a portable library brought it, and nobody here has read the file that it claims to be from."""


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
    """Where the part ends; the character there is not part of it."""
    characters: int
    """Code points of the whole text."""
    text: str
    """The exact words."""


class Excerpt(Schema):
    """A part of a document's text, with its place."""

    document: Reference
    """The document."""
    location: Location
    """Where the part begins."""
    start: Offset
    """Where the part begins."""
    end: Offset
    """Where the part ends; the character there is not part of it."""
    text: str
    """The exact words from `start` to `end`."""
    characters: int
    """Code points of the whole text."""
    next: int | None
    """Where to read on; null where the document ends."""


class Stats(Schema):
    """The library in numbers."""

    documents: int
    """The number of documents."""
    passages: int
    """The number of passages."""
    sentences: int
    """The number of sentences."""
    characters: int
    """Code points of all texts."""
    bytes: int
    """Its size on disk."""
    made_with: str
    """Encoder, its revision, and chunking; empty while nothing has been added."""
    generation: int
    """The number of changes since it was made."""
    media_types: dict[str, int]
    """The number of documents of each format."""
    notes: list[str]
    """Data that either index lacks, and whether the library is read-only."""
