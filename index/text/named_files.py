"""Finds the files that a question names as the place to look: `in simple.doc`, `what report.pdf says`.

A file that the question asks about is not such a place: `What is report.pdf?`
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.records import DocumentInfo

_ARTICLE = r"(?:(?:the|this|my|our|an?|der|die|das|dem|el|la|le)\s+)?"
_NOUN = (
    r"(?:(?:[\w-]+\s+){0,2}(?:files?|documents?|e-?books?|books?|e-?mails?|mails?|messages?|letters?|sheets?"
    r"|spreadsheets?|workbooks?|presentations?|slides?|papers?|reports?|articles?|pages?|Datei|archivo|fichier)\s+)?"
)
_NAME = r"[^\W_][\w-]*(?:[./-][\w-]+)*\.[A-Za-z][A-Za-z0-9]{1,5}\b(?![/.]\w)"
_PLACE = (
    r"\b(?:in|inside|within|from|of|by|per|according\s+to|según|en|de|laut|aus|selon|dans)\s+"
    rf"(?P<in>{_ARTICLE}{_NOUN}(?P<name>{_NAME}))"
)
_TELLS = (
    r"says?|said|states?|puts?|gives?|tells?|lists?|shows?|names?|calls?|mentions?|describes?|explains?|claims?"
    r"|reports?|defines?|recommends?|suggests?|advises?|warns?|contains?|includes?|contiene|dice|sagt|dit"
)
_SUBJECT = rf"(?:^|(?<=\s))(?P<as>{_ARTICLE}{_NOUN}(?P<subject>{_NAME}))\s+(?:{_TELLS})\b"
_MENTION = re.compile(f"{_PLACE}|{_SUBJECT}", re.IGNORECASE)
_INSTEAD = "it"
"""The word that a search has in place of a file's name: the texts of documents do not contain their names."""


def named_files(question: str, infos: Mapping[int, DocumentInfo]) -> tuple[str, list[int]]:
    """Return the words to search for, and the numbers of the documents in which the question wants to look.

    `infos` are the documents by number. Without such a name among them, the question stays as it is, and the list is
    empty.
    """
    numbers: list[int] = []
    pieces, at = [], 0
    composed = unicodedata.normalize("NFC", question)
    for found in _MENTION.finditer(composed):
        named = _named(found["name"] or found["subject"], infos)
        if named:
            numbers += named
            start, end = found.span("in" if found["in"] else "as")
            pieces += [composed[at:start], _INSTEAD]
            at = end
    return ("".join([*pieces, composed[at:]]), sorted(set(numbers))) if numbers else (question, [])


def has_file_name(question: str) -> bool:
    """Return whether a question may name a file as the place to look."""
    return bool(_MENTION.search(question))


def _named(name: str, infos: Mapping[int, DocumentInfo]) -> Sequence[int]:
    wanted = f"/{_folded(name)}"
    return [number for number, info in infos.items() if _folded(f"/{_posix(info.source)}").endswith(wanted)]


def _posix(source: str) -> str:
    return PurePath(source).as_posix()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())
