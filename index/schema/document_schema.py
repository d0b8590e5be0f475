"""Documents as they leave the library: their metadata, how they were read, and parts of their texts."""

from pydantic import ConfigDict
from pydantic.config import JsonDict

from index.schema.hit_schema import REFERENCE
from index.schema.redaction import Offset, Schema

_DOCUMENT: JsonDict = {
    **REFERENCE,
    "media_type": "application/pdf",
    "characters": 345210,
    "pages": 162,
    "passages": 402,
    "notes": [],
    "whole": 0,
    "kind": "PDF",
    "how": "PDF · text layer · 3 tables · English",
    "reading": {
        "recognised_pages": 0,
        "engine": "",
        "empty_pages": 0,
        "tables": 3,
        "languages": ["en"],
        "container": "",
        "doi": "10.1371/journal.pone.0118432",
    },
}


class Reading(Schema):
    """What reading a document tells of it besides its words."""

    recognised_pages: int
    """The number of pages whose words were recognised in their pictures."""
    engine: str
    """The program that recognised them, with its version; empty if none did."""
    empty_pages: int
    """The number of pages without words."""
    tables: int
    """The number of tables that are kept as tables."""
    languages: list[str]
    """The languages of the text by ISO 639-1, the most frequent first; empty if none is sure."""
    container: str
    """The name of the message or archive that it came in; empty for a file of its own."""
    doi: str
    """The document's own DOI; empty if it states none."""


class Document(Schema):
    """A document without its text."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DOCUMENT]})

    id: str
    """SHA-256 of the file's bytes, in hexadecimal. All routes identify the document by it."""
    source: str
    """The name of its file, or its web address. The server never reveals where it keeps a file."""
    title: str
    """The title that the format or the text states; empty if neither does. The same holds for `author` and `date`."""
    author: str
    """On one line, as stated in the document."""
    date: str
    """ISO 8601, as precise as stated: `2020-12-05`, `2020-12` or `2020`."""
    media_type: str
    """The format of its file."""
    characters: int
    """Length of its text, in code points."""
    pages: int
    """The number of pages; 0 if the format has none."""
    passages: int
    """The number of passages that it is cut into."""
    notes: list[str]
    """The document's health: what was left out or repaired when the file was read."""
    claimed: bool
    """Whether a portable library brought it, and nobody here has read the file that it is said to come from."""
    private: bool
    """Whether you added it to your private library in a demo, where nobody else can see it."""
    whole: int
    """While only its first passages have been read, the number that it will have; 0 for a complete document."""
    kind: str
    """What a reader calls its kind: `PDF`, `Scan`, `Spreadsheet`."""
    how: str
    """How it was read, in words, for people."""
    reading: Reading
    """How it was read."""


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
