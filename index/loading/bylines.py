"""Reads bylines: lines that name the author of a text, the date, or both. Nothing is guessed."""

from __future__ import annotations

import re

from index.text.dates import iso_date

_BYLINE = re.compile(r"(?:(?:written|published|posted)\s+)?by\s+(\S.*)", re.IGNORECASE)
_DATED_BYLINE = re.compile(r"(.*?)[,\s]+by\s+(\S.*)", re.IGNORECASE)
"""A date before the name: `Published 3 May 2021 by Ada Lovelace`."""
_SEPARATOR = re.compile(r"\s*[|·•]\s*|\s+[–—-]\s+")
_STRONG_SEPARATOR = re.compile(r"\s*[|·•]\s*")
_DATE_WORDS = 6
_JOINT = re.compile(r"(?:\s*[,;:–—-]|\s+on)$", re.IGNORECASE)
"""What joins a name to the date after it."""
_LOOSE_NAME_WORDS = 6
_SURNAME = re.compile(r"[^\W\d_a-zà-ÿ][\w'’.-]*[^\W\d_]\.?")
_SECTIONS = frozenset(
    (
        *("news", "opinion", "politics", "world", "business", "sports", "sport", "health", "science", "technology"),
        *("press", "release", "report", "update", "updated", "blog", "post", "policy", "home", "page", "article"),
        *("review", "journal", "magazine", "department", "ministry", "office", "institute", "university", "last"),
        *("edition", "issue", "volume", "version", "vol", "conference", "meeting", "minutes", "annual", "quarterly"),
        *("memo", "notice", "agenda", "draft", "final", "chapter", "section", "part", "released", "effective"),
    )
)
"""Words of sections, of kinds of texts and of places of work: beside a date, they are no person."""
_NO_PERSON = re.compile(
    r"(?:anonymous|\(anonymous\)|user|win|pc|hp|dell|asus|acer|lenovo|apple|admin(?:istrator)?|owner|unknown|author"
    r"|unspecified|root|guest|default|test|scan(?:ner)?|office|student|computer|un-?named|none|n/?a"
    r"|(?:windows|microsoft|office|ms|local|home|authorized|valued)(?: office)? (?:user|customer|gateway)"
    r"|python-docx|python-pptx|openpyxl|pandoc|latex|writer|apache poi|phpword|aspose.*|docx4j"
    r"|libreoffice|openoffice.*|wordpress"
    r"|.*\b(?:scanner|copier|printer|xerox|ricoh|scansnap|imagerunner|bizhub|laserjet)\b.*)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[,;\s]*(?:https?://|www\.)\S+|[,;\s]*<?\S+@\S+\.\w+>?")
_LOGIN = re.compile(r"[a-z]+\d*|\w*\d\w*|[A-Za-z]+\\\S+")
_NAME = re.compile(r"(?:[A-ZÀ-ÞĀ-Ž][\w'’.-]*|van|von|der|den|de|da|di|du|del|la|le|bin|al|and|&|with)")
_NAME_WORDS = 12


def dateline(line: str, author: str = "") -> str:
    """Return the date if the line is a date, or a date beside a byline or the author's name; else "".

    A bare year does not count: it may be a page number.
    """
    found = iso_date(line)
    if found:
        return found if "-" in found else ""
    names, stated = _credit(line)
    names, stated = (names, stated) if names else signature(line)
    if names:
        return stated
    name, stated = _name_before_date(line)
    return stated if author and name.casefold() == author.casefold() else ""


def byline(line: str) -> str:
    """Return the names in `By Ada Lovelace and Charles Babbage`, also beside a date; "" if the line is no byline."""
    names, _ = _credit(line)
    if names:
        return names
    found = _BYLINE.fullmatch(line.strip())
    if not found:
        return ""
    name = found.group(1)
    whole = not line.rstrip().endswith(("!", "?", ":")) and len(name.split()) <= _NAME_WORDS
    return name if whole and _is_named(name) else ""


def person(name: str) -> str:
    """Return the author that a program wrote into a file; "" for the names of programs, computers and accounts."""
    name = " ".join(_ADDRESS.sub("", name).split()).strip(" ,;")
    doubtful = _NO_PERSON.fullmatch(name) or _LOGIN.fullmatch(name)
    return "" if doubtful or not any(map(str.isalpha, name)) else name


def _credit(line: str) -> tuple[str, str]:
    """Return the names and the date of a byline that states both; two empty strings if it does not."""
    line = line.strip()
    other, stated = _beside_date(line, _SEPARATOR)
    if stated:
        names = loose_byline(other)
        return (names, stated) if names else ("", "")
    name, stated = _name_before_date(line)
    names = loose_byline(name) if stated else ""
    if names:
        return names, stated
    found = _DATED_BYLINE.fullmatch(line)
    stated = iso_date(found.group(1)) if found else ""
    names = loose_byline(f"by {found.group(2)}") if found and "-" in stated else ""
    return (names, stated) if names else ("", "")


def signature(line: str) -> tuple[str, str]:
    """Return the name and the date of `Ada Lovelace | May 3, 2021`; two empty strings for other lines."""
    other, stated = _beside_date(line, _STRONG_SEPARATOR)
    name = _person(other)
    return (name, stated) if name else ("", "")


def _beside_date(line: str, separator: re.Pattern[str]) -> tuple[str, str]:
    """Return the text before or after a separator on the other side of which is a date, and the date."""
    parts = [part for part in separator.split(line.strip()) if part]
    dates = [iso_date(part) for part in parts]
    if len(parts) != 2 or sum("-" in found for found in dates) != 1:
        return "", ""
    return (parts[0], dates[1]) if "-" in dates[1] else (parts[1], dates[0])


def _name_before_date(line: str) -> tuple[str, str]:
    """Return the words before a date at the end of a line, and the date; two empty strings if there is none."""
    words = line.split()
    for count in range(min(_DATE_WORDS, len(words) - 1), 0, -1):
        stated = iso_date(" ".join(words[-count:]))
        if "-" in stated:
            return _JOINT.sub("", " ".join(words[:-count])), stated
    return "", ""


def loose_byline(line: str) -> str:
    """Return the author in `By the name of anybody`, of a few words that begin with a capital letter; else ""."""
    found = _BYLINE.fullmatch(line.strip())
    name = found.group(1).strip(" ,") if found else ""
    short = 0 < len(name.split()) <= _NAME_WORDS and name[:1].isupper()
    loose = len(name.split()) > _LOOSE_NAME_WORDS and not _is_named(name)
    return name if short and not loose and not name.endswith(("!", "?", ":", ".")) and not _has_digits(name) else ""


def _has_digits(text: str) -> bool:
    return any(map(str.isdigit, text))


def _person(text: str) -> str:
    """Return a text that is the name of a person: two to four words with capital letters, none of them a section's."""
    words = text.split()
    named = 2 <= len(words) <= 4 and _is_named(text) and all(map(_SURNAME.fullmatch, (words[0], words[-1])))
    return text if named and not text.isupper() and not _SECTIONS.intersection(text.lower().split()) else ""


def _is_named(text: str) -> bool:
    return all(_NAME.match(word.strip(",")) for word in text.split())
