"""Formats and files by the names that readers use."""

from __future__ import annotations

from pathlib import PurePath

_FORMATS = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "text/html": "HTML",
    "text/markdown": "Markdown",
    "text/org": "Org",
    "text/plain": "Text",
}


def format_name(media_type: str) -> str:
    """`Word`; of a format that has no such name, the end of its media type."""
    return _FORMATS.get(media_type, media_type.rpartition("/")[2].removeprefix("x-"))


def file_name(source: str) -> str:
    """The last part of a path or an address; the whole where that is empty."""
    return PurePath(source).name or source
