"""Tells in which form a paragraph is shown: prose, code, the head of a message, a quoted reply, notes of a slide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.records.file_kinds import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.views.blocks import Form

_FIELD = re.compile(r"\w[^\n:]{0,40}:(?: .*)?")
_REPLY = re.compile(r"^(?:>.*(?:\n|\Z))+", re.MULTILINE)
_OUTPUT = ", output"
_NOTES = ", notes"
_CODE_LINE = re.compile(
    r"[\w\])]\(|\w\[|\w\.\w+\b(?!\.)|^\s*(?:import|from|def|class|for|while|if|else|try|return|with|print)\b.*"
    r"|[\w\])]\s*[-+*/|&]?=\s*\S|[{};:]$|^\s*[#%!$@]|^\s*[)\]}]"
)
_PROSE_LINE = re.compile(r"\w[\w,;:'’\"”)]* (?:[\w(“\"‘'—–-]+[,;:]? ){3,}.*[.!?…]['\"”)]*$")


def is_code(media_type: str) -> bool:
    """Return whether every line of such a file is code or data."""
    return format_of(media_type).form == "code"


def form_of(media_type: str, text: str, place: str) -> Form:
    """Return the form of a paragraph; `place` is the name of the place that it is in."""
    own = format_of(media_type)
    if own.form == "code" or (own.place == "cell" and (place.endswith(_OUTPUT) or _is_code(text))):
        return "code"
    if own.form == "message":
        return _form_in_message(text)
    if own.form == "record":
        return "fields" if _are_fields(text) else ""
    if own.place == "slide":
        return "notes" if place.endswith(_NOTES) else "slide"
    return ""


def cuts(media_type: str, text: str) -> Iterator[int]:
    """Yield where paragraphs begin besides blank lines: in a message, at quoted lines and after them."""
    if format_of(media_type).form == "message":
        for reply in _REPLY.finditer(text):
            yield from reply.span()


def _form_in_message(text: str) -> Form:
    if all(line.startswith(">") for line in text.split("\n")):
        return "quoted"
    return "fields" if _are_fields(text) else ""


def _are_fields(text: str) -> bool:
    lines = text.split("\n")
    return len(lines) > 1 and all(map(_FIELD.fullmatch, lines))


def _is_code(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    code = sum(bool(_CODE_LINE.search(line)) and not _PROSE_LINE.search(line) for line in lines)
    return 2 * code >= len(lines)
