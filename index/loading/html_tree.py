"""Walks through an HTML tree and yields the visible text as blocks in reading order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.loading.content import Block, paragraph, verbatim
from index.loading.html_tables import read_table
from index.loading.plain_text import blocks
from index.text.sentences import has_words

if TYPE_CHECKING:
    from collections.abc import Iterator

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
