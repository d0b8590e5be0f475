"""Parses web pages: the main text with its headings, lists and tables, and the title, author and date it states.

trafilatura finds where the main text of a page begins and ends, but drops many headings and lists. So it only marks
the main text; our own walk through the tree reads everything in it, in order.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from contextlib import suppress
from html import unescape
from typing import TYPE_CHECKING, Any

from index.loading import metadata
from index.loading.content import Draft
from index.loading.html_tables import covered
from index.loading.html_tree import LINKS_SHARE, Piece, walk
from index.records.table import Reading
from index.text.boilerplate import ends_sentence, kind_of
from index.text.dates import iso_date
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.content import Content

_ANCHOR_LENGTH = 25
_SECTIONS = frozenset({"article", "body", "center", "div", "form", "main", "section", "td"})
"""The elements that hold a whole text; lists, definitions and paragraphs are parts of one."""
_NEARLY_ALL = 0.99
_PROBE_LENGTH = 80
_MARK = re.compile(r"^\s*(?:-|\d+\.)\s")
"""The mark that our walk puts before an item of a list; trafilatura numbers no items."""
_SMALL_PAGE_WORDS = 150
_LEAST_SHARE = 0.25
"""If trafilatura finds a smaller share of a page than this, it has missed the main text."""
_DATA_CELLS, _DATA_LINKS = 6, 0.3
"""Cells of a table of data, at least, and the share of its text in links, at most: trafilatura leaves some out."""
_STATED_DATES = (
    "//meta[@property='article:published_time' or @itemprop='datePublished' or @property='og:published_time']/@content",
    "//meta[translate(@name,'DCPUBLISHRT','dcpublishrt')='date' or translate(@name,'DCATES.RMI','dcates.rmi')='dc.date'"
    " or translate(@name,'DCATES.RMIU','dcates.rmiu')='dc.date.issued' or @name='dcterms.date'"
    " or @name='publish-date' or @name='pubdate' or @name='citation_publication_date' or @name='citation_date'"
    " or @name='citation_online_date']/@content",
    "//*[@itemprop='datePublished']/@datetime",
    "//time[@pubdate or contains(@class,'publish') or contains(@class,'entry-date') or ancestor::article]/@datetime",
)
_STATED_DOIS = (
    "//meta[contains(' citation_doi bepress_citation_doi doi prism.doi dc.identifier dcterms.identifier ',"
    " concat(' ', translate(@name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ' '))]/@content"
)
_JSON_LD_DATE = re.compile(r'"datePublished"\s*:\s*"([^"]+)"')
_HEAD_PIECES = 8
_SITE = re.compile(r"\s*[|·•»]|\s+[–—:-]+\s")
"""What separates the title of a page from the name of its site."""
_FEWEST_BLANKS = 2
"""A heading of one or two words, such as `Preface` or `About us`, does not tell which page it is."""
_DEEPEST = 250
"""Levels of nesting. trafilatura takes minutes for deeper pages, so these are read without it."""
_MOST_COVERED = 200_000
"""Places that spanning cells of tables claim: trafilatura fills each of them in, and takes hours for millions."""
_EXTRACTOR_ERRORS = (
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    AssertionError,
)
"""The errors that trafilatura raises for odd pages; they are then read without it."""

logging.getLogger("trafilatura").addHandler(logging.NullHandler())
logging.getLogger("htmldate").addHandler(logging.NullHandler())


def read(content: Content, name: str) -> Draft:  # noqa: ARG001 - every format's `read` has this signature
    """Return the main text of a page with its title, author and date."""
    tree = _parse(content.text)
    if tree is None:
        return Draft(())
    pieces = [piece for piece in walk(tree) if has_words(piece.block.text)]
    kept, note = _main(pieces, _squeezed(_main_text(tree)))
    stated, author = _stated(tree, content.text)
    author = author or metadata.author_of(list(_head_lines(kept)))
    return Draft(
        [piece.block for piece in kept],
        title=_title(tree, kept, stated),
        author=author,
        date=_date(tree, kept, author),
        notes=(note,) if note else (),
        reading=Reading(doi=next(filter(None, map(metadata.doi_in, tree.xpath(_STATED_DOIS))), "")),
    )


def _parse(text: str) -> Any:
    """Return the page as a tree, or None if it has no element."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    try:
        return html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.LxmlError:
        return None


def _main_text(tree: Any) -> str:
    """Return the main text by trafilatura; "" if it fails or would take too long."""
    import trafilatura

    if _is_deep(tree) or covered(tree) > _MOST_COVERED:
        return ""
    with suppress(*_EXTRACTOR_ERRORS):
        found: Any = trafilatura.bare_extraction(tree, with_metadata=False, include_comments=False, favor_recall=True)
        return str(found.text or "") if found else ""
    return ""


def _is_deep(tree: Any) -> bool:
    return bool(tree.xpath(f"boolean({'/*' * _DEEPEST})"))


def _squeezed(text: str) -> str:
    """Return the text without blanks and punctuation, to compare two extractions of one page."""
    return re.sub(r"[\W_]+", "", text)


def _main(pieces: Sequence[Piece], main: str) -> tuple[Sequence[Piece], str]:
    """Return the pieces of the main text and a note on the others; all pieces if the main text is unknown."""
    whole = sum(len(_squeezed(piece.block.text)) for piece in pieces)
    words = sum(piece.block.text.count(" ") + 1 for piece in pieces)
    if words < _SMALL_PAGE_WORDS or len(main) < _LEAST_SHARE * whole:
        return pieces, ""
    anchored = [_is_data(piece) or any(probe in main for probe in _probes(piece)) for piece in pieces]
    if not any(anchored):
        return pieces, ""
    container = _container([piece for piece, is_anchor in zip(pieces, anchored, strict=True) if is_anchor])
    anchored = [
        is_anchor or (_states(piece) and container in (piece.place, *piece.place.iterancestors(*_SECTIONS)))
        for piece, is_anchor in zip(pieces, anchored, strict=True)
    ]
    first = anchored.index(True)
    while first and pieces[first - 1].block.level:
        first -= 1
    last = len(anchored) - 1 - anchored[::-1].index(True)
    inside = zip(pieces[first : last + 1], anchored[first : last + 1], strict=True)
    kept = [piece for piece, is_anchor in inside if is_anchor or piece.block.tables or piece.link_share < LINKS_SHARE]
    dropped = len(pieces) - len(kept)
    count = "1 piece" if dropped == 1 else f"{dropped} pieces"
    return kept, f"Left out of passages: {count} around the main text of the page." if dropped else ""


def _container(pieces: Sequence[Piece]) -> Any:
    """Return the innermost section around nearly all words of these pieces; None if no section holds them."""
    held: Counter[Any] = Counter()
    for piece in pieces:
        for element in (piece.place, *piece.place.iterancestors(*_SECTIONS)):
            if element.tag in _SECTIONS:
                held[element] += len(piece.block.text)
    most = max(held.values(), default=0)
    return max((element for element in held if held[element] >= _NEARLY_ALL * most), key=_depth, default=None)


def _depth(element: Any) -> int:
    return sum(1 for _ in element.iterancestors())


def _states(piece: Piece) -> bool:
    """Return whether a piece is prose: a line of it is a sentence, and few of its words are links."""
    lines = piece.block.text.split("\n")
    return piece.link_share < _DATA_LINKS and any(kind_of(line) == "sentence" and ends_sentence(line) for line in lines)


def _probes(piece: Piece) -> Iterator[str]:
    """Yield the beginning of a piece, and those of the items and definitions of one that is prose, if they tell."""
    lines = [_MARK.sub("", line) if piece.is_marked else line for line in piece.block.text.split("\n")]
    apart = lines if piece.is_marked and _states(piece) else []
    for text in ("".join(lines), *(part for line in apart for part in line.split(": ", 1))):
        probe = _squeezed(text)[:_PROBE_LENGTH]
        if len(probe) >= _ANCHOR_LENGTH:
            yield probe


def _is_data(piece: Piece) -> bool:
    """Return whether a piece is a table of data: a header, some cells, and few links."""
    tables = piece.block.tables
    return (
        bool(tables and tables[0].header_rows and len(tables[0].cells) >= _DATA_CELLS)
        and piece.link_share < _DATA_LINKS
    )


def _title(tree: Any, pieces: Sequence[Piece], stated: str) -> str:
    """Return the page's `title` element, or its only early heading of the highest level if that says the same and more.

    The name of the site behind the title is left out if a heading, or the title in the metadata (`stated`), says enough
    without it: of `How to keep bees | Hive`, `How to keep bees` remains, but `Preface | How to keep bees` stays whole.
    """
    named = one_line(tree.xpath("string((//title[not(ancestor::svg)])[1])"))
    headings = [(piece.block.level, one_line(piece.block.text)) for piece in pieces[:_HEAD_PIECES] if piece.block.level]
    highest = [words for level, words in headings if level == 1]
    if len(highest) == 1 and named.casefold() in highest[0].casefold():
        return highest[0]
    shorter = [words for words in (stated, *(words for _, words in headings)) if _begins(named, words)]
    return max(shorter, key=len, default=named or stated)


def _begins(title: str, heading: str) -> bool:
    """Return whether a heading of several words begins a title, and the name of a site follows."""
    same = title[: len(heading)].casefold() == heading.casefold()
    return same and heading.count(" ") >= _FEWEST_BLANKS and bool(_SITE.match(title, len(heading)))


def _stated(tree: Any, source: str) -> tuple[str, str]:
    """Return title and author from the page's metadata. An author whose name is not on the page is left out."""
    from trafilatura.metadata import extract_metadata

    if _is_deep(tree):
        return "", ""
    described: Any = None
    with suppress(*_EXTRACTOR_ERRORS):
        described = extract_metadata(tree, extensive=False)
    if described is None:
        return "", ""
    names = one_line(described.author or "").split("; ")
    page = " ".join(unescape(source).split())
    author = ", ".join(names) if all(name in page for name in names) else ""
    return one_line(described.title or ""), author


def _head_lines(pieces: Sequence[Piece]) -> Iterator[str]:
    for piece in pieces[:_HEAD_PIECES]:
        yield from piece.block.text.split("\n")


def _date(tree: Any, pieces: Sequence[Piece], author: str) -> str:
    """Return the date in the page's metadata, else a line at its top that is a date, or the author's name with a date.

    trafilatura's own date is not used: it guesses from any text.
    """
    stated: list[str] = [value for path in _STATED_DATES for value in tree.xpath(path)]
    for script in tree.xpath("//script[@type='application/ld+json']/text()"):
        stated += _JSON_LD_DATE.findall(script)
    return next(filter(None, map(iso_date, stated)), "") or metadata.date_of(_head_lines(pieces), author)
