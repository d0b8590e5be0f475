"""The location and the context of a citation, and the link that leads to its words.

A link to a web page has a text directive (`#:~:text=[prefix-,]start[,end][,-suffix]`), which browsers understand; see
https://wicg.github.io/scroll-to-text-fragment/. Any other document has no address that a stranger could open. The link
then names its contents, `pincite:DOCUMENT_ID#START-END`: the SHA-256 of the file and the span `[start, end)` in code
points of its text. It leads anyone who has the same file in a library to the words. If a server's page makes the link,
it leads to the citation's own page on this server, `d/DOCUMENT_ID/START-END`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit, urlunsplit

from index.records import Location
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.records import Citation, Document, Hit, Landmark, Span

LONGEST_WHOLE = 300
"""Longer quotes, in characters, are represented by their first and last words in a link."""
END_WORDS = 6
"""The number of words at each end of a long quote."""
SHORT_ID = 12
"""Letters of a document's id in a link to a server: 48 bits, which tell its documents apart."""
LEAST_WORDS = 4
"""A quote of at least this many words is found without the words around it."""
_HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
_LEGAL = "/:@!$&'()*+,;=~-._?"
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class QuoteContext:
    """The characters right before and right after a quote, exactly as in the document's text."""

    before: str = ""
    after: str = ""

    @property
    def before_on_line(self) -> str:
        """The part of `before` on the quote's own line."""
        return self.before.rpartition("\n")[2]

    @property
    def after_on_line(self) -> str:
        """The part of `after` on the quote's own line."""
        return self.after.partition("\n")[0]


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
    return f"d/{percent_encoded(document_id[:SHORT_ID], safe='', errors='replace')}/{start}-{end}"


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
    if len(lines) == 1 and len(words) < LEAST_WORDS:
        before, after = context.before_on_line.split()[-LEAST_WORDS:], context.after_on_line.split()[:LEAST_WORDS]
        prefix, suffix = (f"{_encoded(before)}-," if before else ""), (f",-{_encoded(after)}" if after else "")
        return f"{prefix}{_encoded(words)}{suffix}"
    long = len(lines) > 1 or (len(" ".join(words)) > LONGEST_WHOLE and len(words) >= 2 * END_WORDS)
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
