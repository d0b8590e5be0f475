"""Finds title, author and date, but only if a text states them at its beginning.

Nothing is guessed, because a reader who sees one wrong author no longer trusts the correct ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_MONTHS = (
    ("january", "jan", "januar", "janvier", "enero"),
    ("february", "feb", "februar", "février", "febrero"),
    ("march", "mar", "märz", "mars", "marzo"),
    ("april", "apr", "avril", "abril"),
    ("may", "mai", "mayo"),
    ("june", "jun", "juni", "juin", "junio"),
    ("july", "jul", "juli", "juillet", "julio"),
    ("august", "aug", "août", "agosto"),
    ("september", "sep", "sept", "septembre", "septiembre"),
    ("october", "oct", "oktober", "octobre", "octubre"),
    ("november", "nov", "novembre", "noviembre"),
    ("december", "dec", "dezember", "décembre", "diciembre"),
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_STATED = r"(?:(?:first\s+)?(?:published|posted|dated?|written)(?:\s+on)?:?\s+)?"
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_FORMS = tuple(
    re.compile(_STATED + _WEEKDAY + form + r"\.?", re.IGNORECASE)
    for form in (
        rf"{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]\d\d:\d\d[\d:.]*\s*(?:Z|[+-]\d\d:?\d\d)?)?",
        rf"{_YEAR}-(?P<month>\d\d)",
        rf"(?P<day>\d\d?)(?:st|nd|rd|th|\.)?\s+(?:de\s+)?(?P<month>[^\W\d_]+)\.?,?\s+(?:de\s+)?{_YEAR}",
        rf"(?P<month>[^\W\d_]+)\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s+{_YEAR}",
        rf"(?P<month>[^\W\d_]+)\.?,?\s+{_YEAR}",
    )
)
_FIELD = re.compile(r"(title|authors?|by|date|published)\s*:\s*(\S.*)", re.IGNORECASE)
_FIELDS = {"authors": "author", "by": "author", "published": "date"}
_BYLINE = re.compile(r"(?:written\s+)?by\s+(\S.*)", re.IGNORECASE)
_NAME = re.compile(r"(?:[A-ZÀ-ÞĀ-Ž][\w'’.-]*|van|von|der|den|de|da|di|du|del|la|le|bin|al|and|&|with)")
_NAME_WORDS = 12
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
_TITLE_WORDS, _TITLE_LENGTH = 30, 200
_BODY_LENGTH = 200
_HEAD_LINES = 15


@dataclass(frozen=True, slots=True)
class Description:
    """The title, author and date that a text states; empty if it states none."""

    title: str = ""
    author: str = ""
    date: str = ""


def iso_date(text: str) -> str:
    """Return `2020-12-05`, `2020-12` or `2020` if the text is a date and nothing else; else "".

    All-numeric forms other than ISO are not read: 5/12/2020 is one day in London and another in Boston.
    """
    text = " ".join(text.split())
    if re.fullmatch(_YEAR, text):
        return text
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            return _iso(found.groupdict())
    return ""


def dateline(line: str) -> str:
    """Return the date if the line is a date, else "". A bare year does not count: it may be a page number."""
    found = iso_date(line)
    return found if "-" in found else ""


def _iso(parts: dict[str, str]) -> str:
    name = parts["month"].lower()
    month = int(name) if name.isdigit() else _MONTH.get(name, 0)
    day = parts.get("day")
    try:
        stated = date(int(parts["year"]), month, int(day or 1))
    except ValueError:
        return ""
    return stated.isoformat() if day else stated.isoformat()[:7]


def byline(line: str) -> str:
    """Return the names in `By Ada Lovelace and Charles Babbage`; "" if the line is no byline."""
    found = _BYLINE.fullmatch(line.strip())
    if not found:
        return ""
    words = found.group(1).split()
    named = all(_NAME.match(word.strip(",")) for word in words)
    return found.group(1) if named and len(words) <= _NAME_WORDS and not line.rstrip().endswith(("!", "?", ":")) else ""


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
    author = fields.get("author") or next(filter(None, map(byline, lines)), "")
    dated = next(filter(None, map(dateline, lines)), "")
    title = fields.get("title") or _title(head, lines, followed=len(stanzas) > 1)
    return Description(title, author, iso_date(fields.get("date", "")) or dated)


def _head(stanzas: list[list[str]]) -> list[list[str]]:
    """Return the stanzas before the body, which begins with a long stanza or with one that ends like a sentence."""
    head: list[list[str]] = []
    for stanza in stanzas:
        length = sum(map(len, stanza))
        if length > _BODY_LENGTH or sum(map(len, head)) + len(stanza) > _HEAD_LINES:
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
