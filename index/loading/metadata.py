"""Finds title, author, date and DOI, but only if a text states them at its beginning.

Nothing is guessed, because a reader who sees one wrong author no longer trusts the correct ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from index.loading.bylines import byline, dateline, loose_byline, signature
from index.text.dates import iso_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FIELD = re.compile(r"(title|authors?|by|date|published)\s*:\s*(\S.*)", re.IGNORECASE)
_FIELDS = {"authors": "author", "by": "author", "published": "date"}
_FURNITURE = frozenset(
    (
        "pages",
        "home",
        "menu",
        "search",
        "contents",
        "navigation",
        "subscribe",
        "skip to content",
        "skip to main content",
    )
)
_CHAPTER = re.compile(
    r"(?:chapter|part|book|section|volume|appendix|page)\s+(?:[ivxlcdm]+|\d+|[a-z])\b.*", re.IGNORECASE
)
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}|\\^\[\]`]+")
_OWN_DOI = re.compile(r"(?:doi\s*:?\s*)?(?:https?://(?:dx\.|www\.)?doi\.org/)?10\.\d{4,9}/\S+", re.IGNORECASE)
"""A line that is a DOI and nothing else. A DOI within a line may be that of a work that the text cites."""
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?:\s.*)?")
"""The stamp that arXiv prints on the first page; https://info.arxiv.org/help/doi.html has the DOI."""
_TITLE_WORDS, _TITLE_LENGTH = 30, 200
_BODY_LENGTH = 200
_HEAD_LINES = 15


@dataclass(frozen=True, slots=True)
class Description:
    """The title, author and date that a text states; empty if it states none."""

    title: str = ""
    author: str = ""
    date: str = ""


def author_of(lines: Sequence[str]) -> str:
    """Return the author that the first lines of a text name; "" if they name none.

    `By the editors` counts only if the next line is a date, because many sentences begin with `by`; a name and a date
    alone only below the title, because elsewhere they may name a place, a series or an event.
    """
    named = next(filter(None, map(byline, lines)), "")
    if named:
        return named
    for line, after in pairwise(lines):
        loose = loose_byline(line)
        if loose and dateline(after):
            return loose
    signed = [signature(line)[0] for line in lines[1:2] if looks_like_title(lines[0])]
    return next(filter(None, signed), "")


def date_of(lines: Iterable[str], author: str = "") -> str:
    """Return the first date that stands on a line of its own, or beside the author's name; "" if there is none."""
    return next(filter(None, (dateline(line, author) for line in lines)), "")


def doi_in(text: str) -> str:
    """Return the first DOI in a text without its resolver's address and the punctuation after it; "" if it has none."""
    found = _DOI.search(text)
    doi = found.group().rstrip(".,;:'’”") if found else ""
    return doi.rstrip(")") if doi.count(")") > doi.count("(") else doi


def doi_of(lines: Sequence[str]) -> str:
    """Return the DOI that stands on a line of its own, else that of a stamp of arXiv; "" if lines state several."""
    stated = {doi_in(line) for line in lines if _OWN_DOI.fullmatch(line.strip())}
    stamped = {f"10.48550/arXiv.{found[1]}" for line in lines if (found := _ARXIV.fullmatch(line.strip()))}
    found_dois = stated or stamped
    return found_dois.pop() if len(found_dois) == 1 else ""


def looks_like_title(line: str) -> bool:
    """Return whether a line is short, begins like a title, and does not end like a sentence."""
    words = line.split()
    return bool(
        words
        and len(words) <= _TITLE_WORDS
        and len(line) <= _TITLE_LENGTH
        and not line[0].islower()
        and (line[0].isalnum() or line[0] in "\"'“‘«¿¡(")
        and not re.search(r"[.,;:={}\\|]$|://|\t", line)
        and any(character.isalpha() for character in line)
        and not _CHAPTER.fullmatch(line)
        and line.lower() not in _FURNITURE
        and not iso_date(line)
        and not byline(line)
    )


def describe(stanzas: list[list[str]]) -> Description:
    """Return title, author and date of a plain text, given as stanzas: runs of lines between blank lines."""
    head = _head(stanzas)
    lines = [line for stanza in head for line in stanza]
    fields = _fields(lines)
    author = fields.get("author") or author_of(lines)
    dated = date_of(lines, author)
    title = fields.get("title") or _title(head, lines, followed=len(stanzas) > 1)
    return Description(title, author, iso_date(fields.get("date", "")) or dated)


def _head(stanzas: list[list[str]]) -> list[list[str]]:
    """Return the stanzas before the body, which begins with a long stanza or with one that ends like a sentence.

    A stanza of fields is no body, however long its list of authors is.
    """
    head: list[list[str]] = []
    for stanza in stanzas:
        is_long = sum(map(len, stanza)) > _BODY_LENGTH and not _fields(stanza[:2])
        if is_long or sum(map(len, head)) + len(stanza) > _HEAD_LINES:
            break
        if stanza[-1].endswith((".", "!", "”", '"')) and not _is_described(stanza):
            break
        head.append(stanza)
    return head


def _is_described(stanza: list[str]) -> bool:
    return any(byline(line) or iso_date(line) or _FIELD.fullmatch(line) for line in stanza)


def _fields(lines: list[str]) -> dict[str, str]:
    """Return the values of `Title: …`, `Author: …`, `Date: …`; the first of each counts."""
    fields: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line.strip())
        if found:
            key = found.group(1).lower()
            fields.setdefault(_FIELDS.get(key, key), found.group(2).strip())
    return fields


def _title(head: list[list[str]], lines: list[str], *, followed: bool) -> str:
    """Return the line above the byline, else a line that stands alone at the very top with text below it."""
    above = ""
    for line in lines:
        if byline(line):
            return above
        if looks_like_title(line):
            above = line
    for stanza in head:
        if all(line.lower() in _FURNITURE or iso_date(line) for line in stanza):
            continue
        alone = len(stanza) == 1 and looks_like_title(stanza[0])
        return stanza[0] if alone and followed and not _FIELD.fullmatch(stanza[0]) else ""
    return ""
