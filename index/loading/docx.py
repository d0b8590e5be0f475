"""Parses Word documents: paragraphs, headings, lists, tables and notes, in the order of the document.

python-docx opens the package. The body is read from its XML, because python-docx's properties are too slow.
There are no pages: where they break depends on the printer and fonts of the person who opens the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading import core_properties, metadata
from index.loading.content import Block, Draft, paragraph, verbatim
from index.loading.wordprocessingml import NAMESPACE, PAGE_BREAK, Numbering, Style, styles, tables, words
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.content import Content

_HEAD_BLOCKS = 8
_YEAR = re.compile(r"(?<![\d.,/-])(?:19|20)\d\d(?![\d.,/-]*\d)")
_CONTENTS_NOTE = "Left out of passages: a table of contents."
_INDENT = "  "
_FOOTNOTES = "/word/footnotes.xml"


def read(content: Content, name: str) -> Draft:
    """Return the body of a Word document, its properties and its notes.

    Raises:
        DamagedFile: a part is missing, truncated or not XML.

    """
    try:
        return _read(content.data)
    except _broken() as error:
        reason = str(error) or type(error).__name__
        raise DamagedFile(f"{name} is a Word document that cannot be opened: {reason}.") from error


def _broken() -> tuple[type[Exception], ...]:
    """Return the errors that python-docx and its dependencies raise for a damaged package."""
    import zlib

    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    return (
        OpcError, LxmlError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, AttributeError, OSError,
        NotImplementedError, IndexError, TypeError, RuntimeError,
    )  # fmt: skip


def _read(data: bytes) -> Draft:
    import docx

    package = docx.Document(io.BytesIO(data))
    reader = _Reader(styles(package.styles.element), Numbering.of(package.part))
    blocks = [*reader.blocks(package.element.body), *_footnotes(package.part, reader)]
    blocks = [block for block in blocks if block.text]
    title, author, date = core_properties.stated(package.core_properties)
    head = [line for block in blocks[:_HEAD_BLOCKS] for line in block.text.split("\n")]
    return Draft(
        blocks,
        title=title or reader.title,
        author=author or metadata.author_of(head),
        date=metadata.date_of(head, author) or ("" if _contradict(head, date) else date),
        notes=(_CONTENTS_NOTE,) if reader.has_contents else (),
    )


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


def _footnotes(part: Any, reader: _Reader) -> Iterator[Block]:
    """Yield the footnotes. The two entries that Word keeps for separator lines have a type and are skipped."""
    from docx.oxml import parse_xml

    for related in part.rels.values():
        if not related.is_external and related.target_part.partname == _FOOTNOTES:
            for note in parse_xml(related.target_part.blob):
                if note.get(f"{NAMESPACE}type") is None:
                    yield from reader.blocks(note)
