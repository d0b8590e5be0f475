"""A citation: its location and context, the link that leads to its words, and its description in single lines.

Every format is made of these lines. Documents state their authors in one line, in no fixed form. Only what is clearly a
person's name is split. Everything else, such as the name of an organisation, stays whole, since a name split in the
wrong place is a wrong author.

A link to a web page has a text directive (`#:~:text=[prefix-,]start[,end][,-suffix]`), which browsers understand; see
https://wicg.github.io/scroll-to-text-fragment/. Any other document has no address that a stranger could open. The link
then names its contents, `pincite:DOCUMENT_ID#START-END`: the SHA-256 of the file and the span `[start, end)` in code
points of its text. It leads anyone who has the same file in a library to the words. If a server's page makes the link,
it leads to the citation's own page on this server, `d/DOCUMENT_ID/START-END`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit, urlunsplit

from index.loading.metadata import doi_in
from index.records import Citation, Location
from index.records.remarks import recognition
from index.text.sentences import one_line, one_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.records import Document, DocumentInfo, Hit, Landmark, Span

MAX_WHOLE_CHARACTERS = 300
"""Longer quotes, in characters, are represented by their first and last words in a link."""
END_WORDS = 6
"""The number of words at each end of a long quote."""
ID_CHARACTERS = 12
"""Letters of a document's id in a link to a server: 48 bits, which tell its documents apart."""
MIN_UNIQUE_WORDS = 4
"""A quote of at least this many words is found without the words around it."""
_HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
_LEGAL = "/:@!$&'()*+,;=~-._?"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """The characters right before and right after a quote, exactly as in the document's text."""

    before: str = ""
    after: str = ""


def context_in(citation: Citation, hits: Iterable[Hit]) -> QuoteContext:
    """Return the context of a quote in the passages found; empty if none of them contains it."""
    for hit in hits:
        passage = hit.passage
        if hit.document.id == citation.document.id and passage.start <= citation.start <= citation.end <= passage.end:
            cut = citation.start - passage.start, citation.end - passage.start
            return QuoteContext(passage.text[: cut[0]], passage.text[cut[1] :])
    return QuoteContext()


def page_path(document_id: str, start: int, end: int) -> str:
    """Return the path of a citation's own page, relative to the address of a server."""
    return f"d/{percent_encoded(document_id[:ID_CHARACTERS], safe='', errors='replace')}/{start}-{end}"


def deep_link(citation: Citation, context: QuoteContext | None = None, *, site: str = "") -> str:
    """Return the link to a quote.

    Its `context` is needed only to find a short quote. `site` is the address of the server that makes the link, with a
    final slash; without it, the link to a file names only its contents.
    """
    address = web_address(citation.document.source)
    if not address and site:
        return site + page_path(citation.document.id, citation.start, citation.end)
    if not address:
        document_id = percent_encoded(citation.document.id, safe="", errors="replace")
        return f"pincite:{document_id}#{citation.start}-{citation.end}"
    directive = _directive(citation.quote, context or QuoteContext())
    return f"{address}{'' if '#' in address else '#'}:~:text={directive}" if directive else address


def can_be_shared(link: str) -> bool:
    """Whether others can open a link: it is the address of a web page or a server, and not of this machine only."""
    parts = urlsplit(link)
    return parts.scheme in ("http", "https") and parts.hostname not in ("localhost", "127.0.0.1", "::1")


@lru_cache(4096)
def web_address(source: str) -> str:
    """Return the source as an address for any format, without a password; empty if it is not a web address."""
    try:
        scheme, host, path, query, fragment = urlsplit(one_line(source))
        host = host.rpartition("@")[2]
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:
        return ""
    if scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return ""
    fragment = fragment.partition(":~:")[0]
    return urlunsplit((scheme, host, *(_legal(part) for part in (path, query, fragment))))


def _legal(part: str) -> str:
    return percent_encoded(_STRAY_PERCENT.sub("%25", part), safe=_LEGAL + "%", errors="replace")


def _directive(quote: str, context: QuoteContext) -> str:
    """Return the text directive of a quote.

    A browser looks for each part within one block of the page, so a quote of several lines is given by its ends.
    """
    lines = [words for line in quote.splitlines() if (words := one_line(line).split())]
    if not lines:
        return ""
    words = [word for line in lines for word in line]
    if len(lines) == 1 and len(words) < MIN_UNIQUE_WORDS:
        before = context.before.rpartition("\n")[2].split()[-MIN_UNIQUE_WORDS:]
        after = context.after.partition("\n")[0].split()[:MIN_UNIQUE_WORDS]
        prefix, suffix = (f"{_encoded(before)}-," if before else ""), (f",-{_encoded(after)}" if after else "")
        return f"{prefix}{_encoded(words)}{suffix}"
    long = len(lines) > 1 or (len(" ".join(words)) > MAX_WHOLE_CHARACTERS and len(words) >= 2 * END_WORDS)
    return f"{_encoded(lines[0][:END_WORDS])},{_encoded(lines[-1][-END_WORDS:])}" if long else _encoded(words)


def _encoded(words: list[str]) -> str:
    """Percent-encode words, including dashes, which are separators here, and a final full stop.

    A final full stop would seem to follow the link.
    """
    encoded = percent_encoded(" ".join(words), safe="", errors="replace").replace("-", "%2D")
    return f"{encoded[:-1]}%2E" if encoded.endswith(".") else encoded


def locate(document: Document, span: Span) -> Location:
    """Return the location of a span of a document, as the catalog of a library would."""
    before = [landmark for landmark in document.landmarks if landmark.start <= span.start]
    page = next((landmark for landmark in reversed(before) if landmark.kind == "page"), None)
    place = next((landmark for landmark in reversed(before) if landmark.kind == "place"), None)
    path = _headings_above(before)
    anchor = max(landmark.start if landmark else -1 for landmark in (page, path[0] if path else None))
    paragraph = sum(landmark.kind == "paragraph" and landmark.start >= anchor for landmark in before)
    location = Location(
        page.label if page else "",
        " > ".join(heading.label for heading in reversed(path)),
        paragraph if place is None or anchor > place.start else 0,
        place.label if place else "",
    )
    return location.detailed(span, document.tables, document.recognised)


def _headings_above(before: Sequence[Landmark]) -> list[Landmark]:
    """Return the headings above a place, innermost first; `before` are the landmarks before it."""
    closed = max((mark.start for mark in before if mark.kind == "place" and mark.level), default=-1)
    path: list[Landmark] = []
    for landmark in reversed(before):
        if landmark.start < closed:
            break
        if landmark.kind == "heading" and (not path or landmark.level < path[-1].level):
            path.append(landmark)
    return path


MAX_NAMES = 50
"""The largest number of names; the rest of a longer list is left out."""
_SEMICOLON = re.compile(r"\s*;\s*")
_BETWEEN = re.compile(r"\s*,\s*(?:(?:and|&)\s+)?|\s+(?:and|&)\s+")
MAX_FIELD_CHARACTERS = 300
"""Longer titles, authors and headings, in characters, are cut; a quote never is."""
_ISO = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PARTICLES = _set("af al bin da das de del della den der di do dos du el ibn la le ten ter van von zu zur y")
_TITLES = _set("dr dr. prof prof. professor sir dame lord lady mr mr. mrs. ms. rev. jr jr. sr sr. ii iii iv")
_BODIES = _set(
    """
    academy administration affairs agency alliance archive archives army assembly associates association authority
    bank board bureau center centre chamber church club coalition college collective commission committee community
    company conference congress consortium corporation council court cross department desk directorate division
    editors editorial embassy federation force foreign forum foundation fund government group health house inc inc.
    initiative institute institution international journal laboratories laboratory law library limited ltd ltd.
    magazine ministry museum nations network news newspaper office organisation organization parliament partners
    party post press project publications publishing research review rights school secretariat senate service
    services society staff state states statistics studies team times today treasury trust union united university
    watch working world writers
    gmbh ag universität institut ministerium verein stiftung université ministère société universidad ministerio
    """
)


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name; with an empty `given`, the name of an organisation, or one that cannot be split."""

    family: str
    given: str = ""

    @property
    def sorted(self) -> str:
        """The name for sorting: `Snow, John`."""
        return f"{self.family}, {self.given}" if self.given else self.family


def parse_names(author: str) -> tuple[Name, ...]:
    """Return the names in the author line of a document."""
    pieces = [piece for piece in _SEMICOLON.split(author.strip(" ;")) if piece]
    return tuple(name for piece in pieces[:MAX_NAMES] for name in _names_in(piece))[:MAX_NAMES]


def _names_in(text: str) -> list[Name]:
    parts = _BETWEEN.split(text)
    if len(parts) > 1 and all(parts):
        people = [_person(part) for part in parts]
        if all(people):
            return [person for person in people if person]
        if len(parts) == 2 and (inverted := _inverted(text)):
            return [inverted]
    return [_person(text) or Name(text)]


def _inverted(text: str) -> Name | None:
    """Parse `Snow, John`: one family name, a comma, given names."""
    family, comma, given = (part.strip() for part in text.partition(","))
    words = f"{given} {family}".split()
    plain = comma and len(family.split()) == 1 and given and _is_personal(words)
    return Name(family, given) if plain else None


def _person(text: str) -> Name | None:
    """Parse `John Snow`, `Ludwig van Beethoven`, `J. R. R. Tolkien`; None for anything that may not be a person."""
    words = text.split()
    if len(words) < 2 or not _is_personal(words):
        return None
    at = len(words) - 1
    while at > 1 and words[at - 1].casefold() in _PARTICLES:
        at -= 1
    return Name(" ".join(words[at:]), " ".join(words[:at]))


def _is_personal(words: list[str]) -> bool:
    """Whether these are two to five capitalised words without titles or words of organisations."""
    lowered = [word.casefold() for word in words]
    return (
        2 <= len(words) <= 5
        and lowered[0] not in _PARTICLES | {"the"}
        and not _BODIES.union(_TITLES).intersection(lowered)
        and all(_is_capitalised(word) or word in _PARTICLES for word in words)
        and len(words[-1]) > 1
        and _is_capitalised(words[-1])
        and not words[-1].isupper()
    )


def _is_capitalised(word: str) -> bool:
    """Whether a word begins with a capital: `John`, `J.`, `J.R.R.`, `O’Neill`, `Jean-Paul`."""
    return word[0].isupper() and all(character.isalpha() or character in "'’.-‐" for character in word)


@dataclass(frozen=True, slots=True)
class Entry:
    """A described citation: no line breaks, no invisible characters, and a limited length, except of the quote."""

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
    """A link to the words themselves."""
    address: str
    """The address of a web page; empty for a file."""
    file: str
    """The name of a file, without its folder, which is private; empty for a web page."""
    doi: str
    """The document's own DOI; it has no white space, quotes, braces and backslashes."""

    @property
    def words(self) -> str:
        """The quote for a reader: the words of a cell come after its headers."""
        return self.location.quoted(self.quote)

    @property
    def reference(self) -> str:
        """Everything except quote and link: `John Snow, On the Mode of Communication of Cholera (1855), p. 39, ¶ 2`.

        It says if the words were recognised in a picture.
        """
        return _reference(self.author, self.title, self.date, self.location)

    @property
    def shared_link(self) -> str:
        """The link, if others can open it; empty for one that names this machine, or only the contents of a file."""
        return self.link if can_be_shared(self.link) else ""

    @property
    def note(self) -> str:
        """Location and quote, for formats without fields for them; for a file, also the link."""
        place = ", ".join(filter(None, (self.location.label, recognition(self.location))))
        quoted = f"{place}: “{self.words}”" if place else f"“{self.words}”"
        return quoted if self.address else f"{quoted} ({self.link})"


def describe_citation(citation: Citation, context: QuoteContext | None = None, *, site: str = "") -> Entry:
    """Return the citation as an entry; `site` as in `entries.deep_link`."""
    info, place = citation.document, citation.location
    address = web_address(info.source)
    file = "" if address else PurePath(info.source).name or info.source
    author, stated, title, file = _shortened((info.author, info.date, info.name, file))
    people, issued = parse_names(author), _date_parts(stated)
    title = title or "Untitled"
    return Entry(
        marker=citation.marker,
        key=_key(citation, people[0].family if people else title, issued),
        title=title,
        author=author,
        names=people,
        date=stated,
        issued=issued,
        location=_on_one_line(place),
        quote=one_line(citation.quote),
        link=deep_link(citation, context, site=site),
        address=address,
        file=file,
        doi=doi_in(info.reading.doi)[:MAX_FIELD_CHARACTERS],
    )


def reference(info: DocumentInfo, place: Location) -> str:
    """Return the reference to a place in a document, in the form of `Entry.reference`."""
    author, title, stated = _shortened((info.author, info.name, info.date))
    return _reference(author, title or "Untitled", stated, _on_one_line(place))


def _reference(author: str, title: str, stated: str, location: Location) -> str:
    dated = f"{title} ({stated})" if stated else title
    return ", ".join(filter(None, (author, dated, location.label, recognition(location))))


def _on_one_line(location: Location) -> Location:
    """Return a location whose names are single lines that are not too long."""
    names = (location.page, location.heading, location.place, location.cell, *location.headers)
    page, heading, place, cell, *headers = _shortened(names)
    return replace(location, page=page, heading=heading, place=place, cell=cell, headers=tuple(headers))


def nearest_entry(hit: Hit, *, site: str = "") -> Entry:
    """Return the pin of a hit as an entry: it is shown as the nearest text if there is no answer."""
    citation = Citation(0, hit.document, hit.location, hit.pin.start, hit.pin.end, hit.quote)
    return describe_citation(citation, site=site)


def _shortened(fields: Sequence[str]) -> list[str]:
    """Return each field as one line that is not too long."""
    # Cut before normalising, too, to save time: the rest does not change the beginning.
    lines = one_lines([text[: 4 * MAX_FIELD_CHARACTERS] for text in fields])
    return [
        line if len(line) <= MAX_FIELD_CHARACTERS else line[: MAX_FIELD_CHARACTERS - 1].rstrip() + "…" for line in lines
    ]


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
