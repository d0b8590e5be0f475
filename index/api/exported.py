"""Returns an answer as a file: in an export format, or as an evidence pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from starlette.responses import Response

from index.exporting import export
from index.records import ExportForm

if TYPE_CHECKING:
    from index.library import Library
    from index.records import Answer

Format = Literal[ExportForm, "pack"]


class Kind(NamedTuple):
    """The media type and the file extension of a format."""

    media_type: str
    suffix: str


_TEXT = Kind("text/plain", "txt")
KINDS: dict[Format, Kind] = {
    "text": _TEXT,
    "markdown": Kind("text/markdown", "md"),
    "html": Kind("text/html", "html"),
    "bibtex": Kind("application/x-bibtex", "bib"),
    "ris": Kind("application/x-research-info-systems", "ris"),
    "csl": Kind("application/vnd.citationstyles.csl+json", "json"),
    "apa": _TEXT,
    "mla": _TEXT,
    "chicago": _TEXT,
    "pack": Kind("application/zip", "zip"),
}
FORMATS: tuple[Format, ...] = get_args(Format)
_SCHEMAS: dict[str, dict[str, Any]] = {
    "csl": {"type": "array", "items": {"type": "object"}},
    "pack": {"type": "string", "contentMediaType": "application/zip"},
}


def openapi_content() -> dict[str, Any]:
    """Return the possible responses for OpenAPI."""
    return {kind.media_type: {"schema": _SCHEMAS.get(form, {"type": "string"})} for form, kind in KINDS.items()}


def file_response(library: Library, answer: Answer, form: Format) -> Response:
    """Return the answer as a download, so that a browser never renders it as a page of this server."""
    content = library.pack(answer)[0] if form == "pack" else export(answer, form).encode("utf-8", "replace")
    kind = KINDS[form]
    charset = "" if form == "pack" else "; charset=utf-8"
    disposition = f'attachment; filename="answer.{kind.suffix}"'
    return Response(content, headers={"Content-Type": kind.media_type + charset, "Content-Disposition": disposition})
