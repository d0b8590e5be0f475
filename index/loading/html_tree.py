"""Walks through an HTML tree and yields the visible text as blocks in reading order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.loading.content import Block, paragraph, verbatim
from index.loading.html_tables import read_table
from index.loading.plain_text import blocks

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


@dataclass(slots=True)
class _Walk:
    """The state of a walk: the text since the last block boundary, and its place in the tree."""

    words: list[str] = field(default_factory=list)
    level: int = 0
    lists: list[tuple[str, int]] = field(default_factory=list)
    """Open lists, outermost first: kind, and number of the last item."""
    in_links: int = 0
    link_length: int = 0

    def add(self, text: str | None) -> None:
        if text:
            self.words.append(_BLANKS.sub(" ", text))
            self.link_length += len(text.strip()) if self.in_links else 0

    def flush(self) -> Iterator[Piece]:
        """Yield the collected text as blocks, divided at blank lines."""
        collected = "".join(self.words)
        share = self.link_length / max(1, len(collected.strip()))
        self.words, self.link_length = [], 0
        if not collected.strip():
            return
        if self.lists:
            lines = [_BLANKS.sub(" ", line.lstrip("\0")).strip() and line for line in collected.split("\n")]
            yield Piece(verbatim("\n".join(_item(line) for line in lines if line)), share)
            return
        for part in re.split(r"\n\s*\n", collected):
            if part.strip():
                yield Piece(paragraph(part, self.level), share)

    def item(self) -> None:
        """Begin a line with the mark of the innermost list."""
        kind, number = self.lists[-1] if self.lists else ("ul", 0)
        if self.lists:
            self.lists[-1] = (kind, number + 1)
        mark = f"{number + 1}." if kind == "ol" else "-"
        self.words.append(f"\n{_DEPTH * (len(self.lists) - 1)}{mark} ")

    def boundary(self) -> Iterator[Piece]:
        """Begin a new line within a list, and a new block elsewhere."""
        if not self.lists:
            yield from self.flush()
        elif self.words and not self.words[-1].endswith(("- ", ". ")):
            self.words.append(f"\n{_DEPTH * len(self.lists)}")


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
            yield from _enter(state, element, events)
        else:
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
        yield from (Piece(block, share) for block in blocks if block.text)
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
    elif tag == "a":
        state.in_links += 1
    elif tag in _BLOCK:
        yield from state.boundary()
    state.add((element.text or "").replace("\0", ""))


def _separate_blocks(element: Any) -> list[Block] | None:
    """Return the blocks of an element whose children are not visited; None for any other element.

    A hidden element has no blocks; a listing and a table have one or more.
    """
    if element.tag in _UNSEEN or _is_hidden(element):
        return []
    if element.tag == "pre":
        return _listing(_visible_text(element).replace("\0", ""))
    if element.tag == "table" and not _is_layout(element):
        return read_table(element, _visible_text, _is_hidden)
    return None


def _link_share(element: Any) -> float:
    """Return the share of the text of an element that is in links."""
    linked = sum(len(_visible_text(link)) for link in element.iter("a"))
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
    elif tag == "a":
        state.in_links = max(0, state.in_links - 1)
    elif tag in _BLOCK:
        yield from state.boundary()
    state.add((element.tail or "").replace("\0", ""))


def _start(element: Any) -> int:
    stated = element.get("start", "1")
    return int(stated) - 1 if _LIST_START.fullmatch(stated) else 0


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
        elif inner.tag in _UNSEEN or _is_hidden(inner):
            events.skip_subtree()
        else:
            collected.append(inner.text or "")
    return "".join(collected)


def _listing(text: str) -> list[Block]:
    """Return the blocks of a `pre`: a listing is kept verbatim, a whole document is read as plain text."""
    if text.count("\n") < _LISTING_LINES or "\n\n" not in text.replace("\r\n", "\n"):
        return [verbatim(text)]
    return blocks(text)
