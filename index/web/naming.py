"""Display names of formats and files."""

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
    """Return the display name of a format, such as `Word`, or the end of its media type."""
    return _FORMATS.get(media_type, media_type.rpartition("/")[2].removeprefix("x-"))


def file_name(source: str) -> str:
    """Return the last part of a path or URL, or all of it if that is empty."""
    return PurePath(source).name or source
