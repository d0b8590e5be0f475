"""Finds title, author, date and DOI, but only if a text states them at its beginning, or a package in its properties.

Nothing is guessed, because a reader who sees one wrong author no longer trusts the correct ones.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


# Reads bylines: lines that name the author of a text, the date, or both. Nothing is guessed.

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
    match = _BYLINE.fullmatch(line.strip())
    if not match:
        return ""
    name = match.group(1)
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
    match = _DATED_BYLINE.fullmatch(line)
    stated = iso_date(match.group(1)) if match else ""
    names = loose_byline(f"by {match.group(2)}") if match and "-" in stated else ""
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
    match = _BYLINE.fullmatch(line.strip())
    name = match.group(1).strip(" ,") if match else ""
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
    match = _DOI.search(text)
    doi = match.group().rstrip(".,;:'’”") if match else ""
    return doi.rstrip(")") if doi.count(")") > doi.count("(") else doi


def doi_of(lines: Sequence[str]) -> str:
    """Return the DOI that stands on a line of its own, else that of a stamp of arXiv; "" if lines state several."""
    stated = {doi_in(line) for line in lines if _OWN_DOI.fullmatch(line.strip())}
    stamped = {f"10.48550/arXiv.{match[1]}" for line in lines if (match := _ARXIV.fullmatch(line.strip()))}
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
        match = _FIELD.fullmatch(line.strip())
        if match:
            key = match.group(1).lower()
            fields.setdefault(_FIELDS.get(key, key), match.group(2).strip())
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


# Title, author and date that a package of Microsoft Office or OpenDocument states about itself.

_GENERATORS = ("python-docx", "openpyxl", "python-pptx")
_TEMPLATE_TITLE = re.compile(
    r"|(?:microsoft )?(?:word )?document|untitled|title|workbook|slide \d+"
    r"|(?:powerpoint[- ])?(?:presentation|präsentation)",
    re.IGNORECASE,
)
_FILE_ENDINGS = (".doc", ".docx", ".dotx", ".xls", ".xlsx", ".ppt", ".pptx", ".potx")
_DC = "{http://purl.org/dc/elements/1.1/}"
_CORE = "{http://schemas.openxmlformats.org/package/2006/metadata/core-properties}"
_TERMS = "{http://purl.org/dc/terms/}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_PARTS = ("docProps/core.xml", "meta.xml")
_MAX_PART_BYTES = 1_000_000
"""Bytes of a part that are read, at most."""


def meaningful(title: str, author: str) -> tuple[str, str]:
    """Return a title and an author, each "" if a template or a program left it there."""
    title, author = one_line(title), one_line(author)
    is_title = not _TEMPLATE_TITLE.fullmatch(title) and not title.lower().endswith(_FILE_ENDINGS)
    return title if is_title else "", person(author)


def stated(tree: Any) -> tuple[str, str, str]:
    """Return title, author and date from the root of the core properties of a Word document or a presentation."""
    title, author = meaningful(_first(tree, f"{_DC}title"), _first(tree, f"{_DC}creator"))
    programs = (_first(tree, f"{_DC}creator"), _first(tree, f"{_CORE}lastModifiedBy"))
    remark = _first(tree, f"{_DC}description")
    generated = any(name in programs or name in remark for name in _GENERATORS)
    return title, author, "" if generated else iso_date(_first(tree, f"{_TERMS}created")[:10])


def of_package(data: bytes) -> tuple[str, str, str]:
    """Return title, author and date of a package, each "" if it is not stated or cannot be read.

    A date of creation long before the last change is that of a template, and is left out.
    """
    from lxml import etree

    try:
        tree = etree.fromstring(_part(data, *_PARTS), etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.LxmlError, ValueError):
        return "", "", ""
    author = _first(tree, f"{_META}initial-creator", f"{_DC}creator")
    created = "" if author in _GENERATORS else _first(tree, f"{_TERMS}created", f"{_META}creation-date")
    changed = _first(tree, f"{_TERMS}modified", f"{_DC}date")
    is_old = bool(created and changed) and int(changed[:4]) - int(created[:4]) > 1
    return *meaningful(_first(tree, f"{_DC}title"), author), "" if is_old else iso_date(created[:10])


def is_locked(data: bytes) -> bool:
    """Return whether a package of OpenDocument is encrypted."""
    return b"encryption-data" in _part(data, "META-INF/manifest.xml")


def _part(data: bytes, *names: str) -> bytes:
    """Return the first of these parts that a package has; empty if it has none that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = next((name for name in names if name in archive.namelist()), "")
            return archive.open(found).read(_MAX_PART_BYTES) if found else b""
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError, NotImplementedError):
        return b""


def _first(tree: Any, *tags: str) -> str:
    return next((one_line(element.text) for tag in tags for element in tree.iter(tag) if element.text), "")
