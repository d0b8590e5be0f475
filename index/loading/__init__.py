"""Reads files into documents.

    for path in discover(["papers/", "notes.md"]):
        try:
            document = load(path, max_bytes=512 << 20)
        except LoadingError as error:
            ...  # a Failure in the receipt; the other files go on

Importing this package imports none of the libraries that parse the formats: each format module imports its own.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from index.errors import EmptyDocument
from index.loading import archives, sniffing
from index.loading.composing import compose
from index.loading.discovering import discover
from index.loading.normalising import has_words
from index.loading.opening import digest, locate, read_bytes
from index.structure import STRUCTURED

if TYPE_CHECKING:
    from pathlib import Path

    from index.loading.composing import Content, Draft
    from index.records import Document

__all__ = ["digest", "discover", "load", "load_bytes", "locate", "read_bytes"]

_DOORS = {
    archives.DOCX: "docx",
    sniffing.PDF: "pdf",
    sniffing.HTML: "html",
    sniffing.MARKDOWN: "markdown",
    sniffing.ORG: "text",
    sniffing.PLAIN: "text",
    **dict.fromkeys(STRUCTURED, "structured"),
}


def load(path: Path, *, max_bytes: int) -> Document:
    """Read a file once and return its document. Every failure is a `LoadingError`."""
    source = locate(path)
    return load_bytes(read_bytes(source, max_bytes=max_bytes), source=str(source))


def load_bytes(data: bytes, *, source: str, name: str = "", max_pages: int | None = None) -> Document:
    """Return the document in `data`.

    `source` is where the bytes come from. Its suffix helps to tell formats apart whose contents look alike.
    `name` is the file's name, if it is not the last part of `source`; then its suffix is the one that counts.
    Raises TooLarge before reading any page if a format with pages has more than `max_pages`.
    """
    content = sniffing.sniff(data, name or source)
    draft = _read(content, name or PurePath(source).name, max_pages)
    document = compose(draft, content, id=hashlib.sha256(data).hexdigest(), source=source)
    if not has_words(document.text):
        raise EmptyDocument(f"{name or PurePath(source).name} has no words in it.")
    return document


def _read(content: Content, name: str, max_pages: int | None) -> Draft:
    door: Any = import_module(f"index.loading.{_DOORS[content.media_type]}")
    limits = {"max_pages": max_pages} if content.media_type == sniffing.PDF else {}
    draft: Draft = door.read(content, name, **limits)
    return draft
