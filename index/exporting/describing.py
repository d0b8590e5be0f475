"""Describes a citation in single lines. Every format is made of these, and escapes them in its own way."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.exporting.linking import deep_link, web_address
from index.exporting.naming import Name, parse_names
from index.loading.composing import one_line
from index.records import Citation, Location

if TYPE_CHECKING:
    from index.exporting.context import QuoteContext
    from index.records import Hit

LONGEST = 300
"""Longer titles, authors and headings, in characters, are cut; a quote never is."""
_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


@dataclass(frozen=True, slots=True)
class Entry:
    """A described citation: no line breaks, no invisible characters, and nothing endless except the quote."""

    marker: int
    key: str
    """ASCII letters, digits and dashes; the same for the same quote, and different for different quotes."""
    title: str
    """The document's title, else the name of its file."""
    author: str
    names: tuple[Name, ...]
    date: str
    issued: tuple[int, ...]
    """Year, month and day as far as stated; empty if the date cannot be parsed."""
    location: Location
    quote: str
    link: str
    """A link to the words themselves; see `linking`."""
    address: str
    """The address of a web page; empty for a file."""
    file: str
    """The name of a file, without its folder, which is private; empty for a web page."""

    @property
    def reference(self) -> str:
        """Everything except quote and link: `John Snow, On the Mode of Communication of Cholera (1855), p. 39, ¶ 2`."""
        dated = f"{self.title} ({self.date})" if self.date else self.title
        return ", ".join(part for part in (self.author, dated, self.location.label) if part)

    @property
    def note(self) -> str:
        """Location and quote, for formats without fields for them; for a file, also the link."""
        quoted = f"{self.location.label}: “{self.quote}”" if self.location.label else f"“{self.quote}”"
        return quoted if self.address else f"{quoted} ({self.link})"


def described(citation: Citation, context: QuoteContext | None = None) -> Entry:
    """Return the citation as an entry."""
    info, place = citation.document, citation.location
    address = web_address(info.source)
    author, stated = _shortened(info.author), _shortened(info.date)
    people, issued = parse_names(author), _date_parts(stated)
    title = _shortened(info.name) or "Untitled"
    return Entry(
        marker=citation.marker,
        key=_key(citation, people[0].family if people else title, issued),
        title=title,
        author=author,
        names=people,
        date=stated,
        issued=issued,
        location=Location(_shortened(place.page), _shortened(place.heading), place.paragraph),
        quote=one_line(citation.quote),
        link=deep_link(citation, context),
        address=address,
        file="" if address else _shortened(PurePath(info.source).name or info.source),
    )


def nearest_entry(hit: Hit) -> Entry:
    """Return the pin of a hit as an entry: it is shown as the nearest text if there is no answer."""
    return described(Citation(0, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote))


def _shortened(text: str) -> str:
    # Cut before normalising, too: the rest does not change the beginning.
    words = one_line(text[: 4 * LONGEST])
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def _date_parts(stated: str) -> tuple[int, ...]:
    matched = _ISO.fullmatch(stated)
    if not matched or not stated.isascii():
        return ()
    parts = tuple(int(part) for part in matched.groups() if part)
    try:
        date(*[*parts, 1, 1][:3])
    except ValueError:
        return ()
    return parts


def _key(citation: Citation, name: str, issued: tuple[int, ...]) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "", ascii_name)[:20] or "source"
    span = f"{citation.document.id}#{citation.start}-{citation.end}"
    digest = hashlib.sha256(span.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{word}{issued[0] if issued else ''}-{digest}"
