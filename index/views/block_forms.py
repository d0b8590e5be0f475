"""Tells in which form a paragraph is shown: prose, code, the head of a message, a quoted reply, notes of a slide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.records.file_kinds import kind_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.views.blocks import Form

_CODE = ("Source code", "Settings", "Log")
_MESSAGES = ("Message", "Mailbox")
_RECORDS = ("Data", "References")
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
    return kind_name(media_type) in _CODE


def form_of(media_type: str, text: str, place: str) -> Form:
    """Return the form of a paragraph; `place` is the name of the place that it is in."""
    kind = kind_name(media_type)
    if kind in _CODE or (kind == "Notebook" and (place.endswith(_OUTPUT) or _is_code(text))):
        return "code"
    if kind in _MESSAGES:
        return _form_in_message(text)
    if kind in _RECORDS:
        return "fields" if _are_fields(text) else ""
    if kind == "Slides":
        return "notes" if place.endswith(_NOTES) else "slide"
    return ""


def cuts(media_type: str, text: str) -> Iterator[int]:
    """Yield where paragraphs begin besides blank lines: in a message, at quoted lines and after them."""
    if kind_name(media_type) in _MESSAGES:
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
