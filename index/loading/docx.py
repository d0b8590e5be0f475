"""Parses Word documents: paragraphs, headings, lists, tables and notes, in the order of the document.

The body is read from its XML, because the properties of python-docx are too slow, and because that library opens
neither templates nor documents with macros, nor those that link to a missing picture.
There are no pages: where they break depends on the printer and fonts of the person who opens the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading import core_properties, metadata
from index.loading.content import Block, Draft, paragraph, verbatim
from index.loading.office_package import OfficePackage
from index.loading.wordprocessingml import NAMESPACE, PAGE_BREAK, Numbering, Style, styles, tables, words
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.content import Content

_HEAD_BLOCKS = 8
_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d\d(?![\d.,/-]*\d)")
_CONTENTS_NOTE = "Left out of passages: a table of contents."
_INDENT = "  "


def read(content: Content, name: str) -> Draft:
    """Return the body of a Word document, its properties and its notes.

    Raises:
        DamagedFile: a part is missing, truncated or not XML.

    """
    with OfficePackage(content.data, name) as package:
        main = package.main()
        styled, numbered = (_first(package, main, kind) for kind in ("styles", "numbering"))
        reader = _Reader(styles(styled), Numbering.of(numbered))
        body = package.root(main).find(f"{NAMESPACE}body")
        if body is None:
            raise DamagedFile(f"{name} is a Word document that cannot be opened: it has no body.")
        notes = [_first(package, main, kind) for kind in ("footnotes", "endnotes")]
        blocks = [*reader.blocks(body), *(block for root in notes for block in _notes(root, reader))]
        properties = _first(package, "", "core-properties")
    blocks = [block for block in blocks if block.text]
    title, author, date = ("", "", "") if properties is None else core_properties.stated(properties)
    head = [line for block in blocks[:_HEAD_BLOCKS] for line in block.text.split("\n")]
    return Draft(
        blocks,
        title=title or reader.title,
        author=author or metadata.author_of(head),
        date=metadata.date_of(head, author) or ("" if _contradict(head, date) else date),
        notes=(_CONTENTS_NOTE,) if reader.has_contents else (),
    )


def _first(package: OfficePackage, path: str, kind: str) -> Any | None:
    """Return the root of the first part of a kind that a part has a link to; None if it has none."""
    return next((package.root(part) for part in package.related(path, kind)), None)


def _contradict(head: Sequence[str], date: str) -> bool:
    """Return whether the first lines name years, but not that of the file: then it is a copy of an older text."""
    years = {int(year) for line in head for year in _YEAR.findall(line)}
    return bool(years and date) and all(abs(int(date[:4]) - year) > 1 for year in years)


class _Reader:
    """Turns the XML of a body into blocks; remembers list numbers, the title, and whether contents were left out."""

    def __init__(self, known: dict[str, Style], numbering: Numbering) -> None:
        self._styles = known
        self._numbering = numbering
        self.title = ""
        """The text of the first paragraph in the style `Title`."""
        self.has_contents = False

    def blocks(self, body: Any, *, boxes: bool = True) -> Iterator[Block]:
        """Yield paragraphs and tables in order; the items of a list are lines of one block.

        The text boxes of a paragraph come after it, each as separate blocks; nested text boxes, too.
        """
        items: list[str] = []
        for element in _children(body):
            item = self._item(element)
            if item:
                items.append(item)
                continue
            if items:
                yield verbatim("\n".join(items))
                items = []
            yield from self._others(element, boxes=boxes)
        if items:
            yield verbatim("\n".join(items))

    def _others(self, element: Any, *, boxes: bool) -> Iterator[Block]:
        if element.tag == f"{NAMESPACE}tbl":
            yield from tables(element)
            return
        style = self._style(element)
        text = words(element)
        if style.is_contents:
            self.has_contents = True
            return
        if style.is_title and not self.title:
            self.title = one_line(text)
        yield from (paragraph(part, style.level) for part in text.split(PAGE_BREAK))
        for box in element.iter(f"{NAMESPACE}txbxContent") if boxes else ():
            if not _is_fallback(box):
                yield from self.blocks(box, boxes=False)

    def _style(self, element: Any) -> Style:
        properties = element.find(f"{NAMESPACE}pPr")
        named = properties.find(f"{NAMESPACE}pStyle") if properties is not None else None
        key = named.get(f"{NAMESPACE}val", "") if named is not None else ""
        return self._styles.get(key, Style())

    def _item(self, element: Any) -> str:
        """Return the line of a list item with its mark; "" if the element is no list item."""
        if element.tag != f"{NAMESPACE}p":
            return ""
        style = self._style(element)
        if style.level or style.is_contents:
            return ""
        mark, depth = self._numbering.mark(element, style)
        text = paragraph(words(element)).text.replace("\n", " ") if mark else ""
        return f"{_INDENT * depth}{mark} {text}" if text else ""


def _children(body: Any) -> Iterator[Any]:
    """Yield paragraphs and tables, also those inside content controls and accepted changes."""
    for element in body:
        if element.tag in {f"{NAMESPACE}p", f"{NAMESPACE}tbl"}:
            yield element
        elif element.tag in {f"{NAMESPACE}sdt", f"{NAMESPACE}sdtContent", f"{NAMESPACE}ins", f"{NAMESPACE}customXml"}:
            yield from _children(element)


def _is_fallback(box: Any) -> bool:
    """Return whether a text box is a copy: Word writes each text box twice, once for old programs."""
    return any(str(ancestor.tag).endswith("}Fallback") for ancestor in box.iterancestors())


def _notes(root: Any | None, reader: _Reader) -> Iterator[Block]:
    """Yield the footnotes or endnotes, without the two entries for separator lines, which have a type."""
    for note in () if root is None else root:
        if note.get(f"{NAMESPACE}type") is None:
            yield from reader.blocks(note)
