"""Parses web pages: the main text with its headings, lists and tables, and the title, author and date it states.

trafilatura finds where the main text of a page begins and ends, but drops many headings and lists. So it only marks
the main text; our own walk through the tree reads everything in it, in order.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

from index.loading import metadata
from index.loading.draft import Block, Draft, paragraph, verbatim
from index.loading.html_tables import covered, read_table
from index.loading.plain_text import blocks
from index.records.table import Reading
from index.text.dates import iso_date
from index.text.prose import ends_sentence, kind_of
from index.text.sentences import has_words, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Content


# Walks through an HTML tree and yields the visible text as blocks in reading order.

_UNSEEN = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "canvas",
    "audio",
    "video",
    "map",
    "head",
} | {"nav", "footer", "aside", "button", "select", "option", "datalist", "input", "textarea", "dialog"}
_BLOCK = (
    {"address", "article", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl", "dt", "fieldset"}
    | {"figcaption", "figure", "form", "header", "hr", "html", "legend", "main", "p", "section", "summary"}
    | {"table", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_INNER_BLOCKS = "descendant::*[self::p or self::div or self::br or self::ul or self::ol or self::h1 or self::h2]"
_LAYOUT_CELL = 400
_LISTING_LINES = 40
LINKS_SHARE = 0.7
"""A block with at least this share of its text in links is a menu."""
_ENDED = re.compile(r"[.!?…。！？]$")
_INDENT = "  "
_LIST_START = re.compile(r"-?[0-9]{1,9}")
_BLANKS = re.compile(r"[ \t\n\r\f\v]+")
_DEPTH = "\0"
"""A placeholder for one indent while the page's own blanks are removed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A block, and the share of its text that is in links; in a menu, the share is 1."""

    block: Block
    link_share: float = 0.0
    place: Any = None
    """The element that holds it."""
    is_marked: bool = False
    """Whether the walk added marks to its words: before the items of a list, or after a term."""


@dataclass(slots=True)
class _Walk:
    """The state of a walk: the text since the last block boundary, and its place in the tree."""

    words: list[str] = field(default_factory=list)
    level: int = 0
    lists: list[tuple[str, int]] = field(default_factory=list)
    """Open lists, outermost first: kind, and number of the last item."""
    in_links: int = 0
    link_length: int = 0
    is_open: bool = False
    """Whether the words end with the mark of an item or with a term: the next block continues their line."""
    after_term: bool = False
    """Whether the words end with a term that waits for its definition."""
    is_marked: bool = False
    place: Any = None
    """The element that holds the words."""

    def add(self, text: str | None) -> None:
        if text and (text := text.replace("\0", "")):
            self.words.append(_BLANKS.sub(" ", text))
            self.link_length += len(text.strip()) if self.in_links else 0
            if text.strip():
                self.is_open = self.after_term = False

    def flush(self) -> Iterator[Piece]:
        """Yield the collected text as blocks, divided at blank lines."""
        collected = "".join(self.words)
        share = self.link_length / max(1, len(collected.strip()))
        is_marked = self.is_marked or bool(self.lists)
        self.words, self.link_length = [], 0
        self.is_open = self.after_term = self.is_marked = False
        if not collected.strip():
            return
        if self.lists:
            lines = [_BLANKS.sub(" ", line.lstrip("\0")).strip() and line for line in collected.split("\n")]
            block = verbatim("\n".join(_item(line) for line in lines if line))
            yield Piece(block, share, self.place, is_marked)
            return
        for part in re.split(r"\n\s*\n", collected):
            if part.strip():
                yield Piece(paragraph(part, self.level), share, self.place, is_marked)

    def item(self) -> None:
        """Begin a line with the mark of the innermost list."""
        kind, number = self.lists[-1] if self.lists else ("ul", 0)
        if self.lists:
            self.lists[-1] = (kind, number + 1)
        mark = f"{number + 1}." if kind == "ol" else "-"
        self.words.append(f"\n{_DEPTH * (len(self.lists) - 1)}{mark} ")
        self.is_open = True

    def boundary(self) -> Iterator[Piece]:
        """Begin a new line within a list, and a new block elsewhere."""
        if self.is_open:
            return
        if not self.lists:
            yield from self.flush()
        elif self.words:
            self.words.append(f"\n{_DEPTH * len(self.lists)}")
        self.after_term = False

    def continue_term(self, mark: str) -> None:
        """Continue the line of the last term after a mark; after a term that ends like a sentence, begin a line."""
        while self.words and not self.words[-1].strip():
            self.words.pop()
        if self.words:
            term = self.words.pop().rstrip()
            joint = f"\n{_DEPTH * len(self.lists)}" if _ENDED.search(term) else f"{mark} "
            self.words += [term.removesuffix(mark), joint]
        self.is_open = self.is_marked = True
        self.after_term = False


def _item(line: str) -> str:
    depth = len(line) - len(line.lstrip(_DEPTH))
    return _INDENT * depth + _BLANKS.sub(" ", line[depth:]).strip()


def walk(tree: Any) -> Iterator[Piece]:
    """Yield blocks in reading order. It is iterative because pages can nest deeper than Python's recursion limit."""
    from lxml import etree

    state = _Walk()
    events = etree.iterwalk(tree, events=("start", "end", "comment"))
    for event, element in events:
        if event == "comment":
            state.add(element.tail)
        elif event == "start":
            state.place = element.getparent()
            yield from _enter(state, element, events)
        else:
            state.place = element
            yield from _leave(state, element)
    yield from state.flush()


def _enter(state: _Walk, element: Any, events: Any) -> Iterator[Piece]:
    tag = element.tag
    blocks = _separate_blocks(element)
    if blocks is not None:
        events.skip_subtree()
        if blocks:
            yield from state.flush()
        share = _link_share(element) if tag == "table" else 0.0
        yield from (Piece(block, share, element) for block in blocks if block.text)
        return
    if tag in _LISTS:
        if not state.lists:
            yield from state.flush()
        state.lists.append((tag, _start(element)))
    elif tag in _HEADINGS:
        yield from state.flush()
        state.level = _HEADINGS[tag]
    elif tag == "li":
        state.item()
    elif tag == "br":
        state.words.append("\n")
    elif _is_link(element):
        state.in_links += 1
    elif tag in _BLOCK:
        yield from _begin_block(state, element)
    state.add(element.text)


def _begin_block(state: _Walk, element: Any) -> Iterator[Piece]:
    """Begin a block. A definition continues the line of its term, and so does a further term for the same definition.

    Terms that are links do not: they are a table of contents.
    """
    if element.tag == "dd" and state.after_term:
        state.continue_term(":")
    elif element.tag == "dt" and state.after_term and _link_share(element) < LINKS_SHARE:
        state.continue_term(",")
    elif element.tag == "dl" and not state.lists:
        yield from state.flush()
    else:
        yield from state.boundary()


def _separate_blocks(element: Any) -> list[Block] | None:
    """Return the blocks of an element whose children are not visited; None for any other element.

    A hidden element has no blocks; a listing and a table have one or more.
    """
    if _is_unseen(element):
        return []
    if element.tag == "pre":
        return _listing(_visible_text(element).replace("\0", ""))
    if element.tag == "table" and not _is_layout(element):
        return read_table(element, _visible_text, _is_hidden)
    return None


def _is_link(element: Any) -> bool:
    return element.tag == "a" and "href" in element.attrib


def _link_share(element: Any) -> float:
    """Return the share of the text of an element that is in links."""
    linked = sum(len(_visible_text(link)) for link in element.iter("a") if _is_link(link))
    return min(1.0, linked / max(1, len(_visible_text(element))))


def _leave(state: _Walk, element: Any) -> Iterator[Piece]:
    tag = element.tag
    if tag in _LISTS and state.lists:
        if len(state.lists) == 1:
            yield from state.flush()
        state.lists.pop()
    elif tag in _HEADINGS:
        yield from state.flush()
        state.level = 0
    elif _is_link(element):
        state.in_links = max(0, state.in_links - 1)
    elif tag == "dt" and has_words(_visible_text(element)):
        state.after_term = True
    elif tag in _BLOCK:
        yield from state.boundary()
    state.add(element.tail)


def _start(element: Any) -> int:
    stated = element.get("start", "1")
    return int(stated) - 1 if _LIST_START.fullmatch(stated) else 0


def _is_unseen(element: Any) -> bool:
    """Return whether no word of an element belongs to the text: it is a control, is hidden, or links to itself."""
    return element.tag in _UNSEEN or _is_hidden(element) or _is_permalink(element)


def _is_permalink(element: Any) -> bool:
    """Return whether an element is the sign beside a heading or a term that links to it: `¶`, `#`."""
    return element.tag == "a" and element.get("href", "").startswith("#") and not has_words("".join(element.itertext()))


def _is_hidden(element: Any) -> bool:
    return (
        "hidden" in element.attrib
        or element.get("aria-hidden") == "true"
        or bool(_HIDDEN_STYLE.search(element.get("style", "")))
    )


def _is_layout(table: Any) -> bool:
    """Return whether a table only lays out the page: it says so, or its cells hold tables or whole texts."""
    if table.get("role") in {"presentation", "none"} or table.find(".//table") is not None:
        return True
    return any(len(_visible_text(cell)) > _LAYOUT_CELL and cell.xpath(_INNER_BLOCKS) for cell in table.iter("td", "th"))


def _visible_text(element: Any) -> str:
    """Return the text below an element, with a line break where a block or line ends."""
    from lxml import etree

    collected = [element.text or ""]
    events = etree.iterwalk(element, events=("start", "end", "comment"))
    for event, inner in events:
        if inner is element:
            continue
        if event == "comment":
            collected.append(inner.tail or "")
        elif event == "end":
            ends_line = inner.tag in _BLOCK or inner.tag in {"br", "li"}
            collected.append(("\n" if ends_line else "") + (inner.tail or ""))
        elif _is_unseen(inner):
            events.skip_subtree()
        else:
            collected.append(inner.text or "")
    return "".join(collected)


def _listing(text: str) -> list[Block]:
    """Return the blocks of a `pre`: a listing is kept verbatim, a whole document is read as plain text."""
    if text.count("\n") < _LISTING_LINES or "\n\n" not in text.replace("\r\n", "\n"):
        return [verbatim(text)]
    return blocks(text)


_ANCHOR_LENGTH = 25
_SECTIONS = frozenset({"article", "body", "center", "div", "form", "main", "section", "td"})
"""The elements that hold a whole text; lists, definitions and paragraphs are parts of one."""
_NEARLY_ALL = 0.99
_PROBE_LENGTH = 80
_MARK = re.compile(r"^\s*(?:-|\d+\.)\s")
"""The mark that our walk puts before an item of a list; trafilatura numbers no items."""
_SMALL_PAGE_WORDS = 150
_MIN_SHARE = 0.25
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
_MIN_BLANKS = 2
"""A heading of one or two words, such as `Preface` or `About us`, does not tell which page it is."""
_MAX_DEPTH = 250
"""Levels of nesting. trafilatura takes minutes for deeper pages, so these are read without it."""
_MAX_COVERED_PLACES = 200_000
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

    if _is_deep(tree) or covered(tree) > _MAX_COVERED_PLACES:
        return ""
    with suppress(*_EXTRACTOR_ERRORS):
        found: Any = trafilatura.bare_extraction(tree, with_metadata=False, include_comments=False, favor_recall=True)
        return str(found.text or "") if found else ""
    return ""


def _is_deep(tree: Any) -> bool:
    return bool(tree.xpath(f"boolean({'/*' * _MAX_DEPTH})"))


def _squeezed(text: str) -> str:
    """Return the text without blanks and punctuation, to compare two extractions of one page."""
    return re.sub(r"[\W_]+", "", text)


def _main(pieces: Sequence[Piece], main: str) -> tuple[Sequence[Piece], str]:
    """Return the pieces of the main text and a note on the others; all pieces if the main text is unknown."""
    whole = sum(len(_squeezed(piece.block.text)) for piece in pieces)
    words = sum(piece.block.text.count(" ") + 1 for piece in pieces)
    if words < _SMALL_PAGE_WORDS or len(main) < _MIN_SHARE * whole:
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
    return same and heading.count(" ") >= _MIN_BLANKS and bool(_SITE.match(title, len(heading)))


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
