"""Parses Word documents: paragraphs, headings, lists, tables and notes, in the order of the document.

The body is read from its XML, because the properties of python-docx are too slow, and because that library opens
neither templates nor documents with macros, nor those that link to a missing picture.
There are no pages: where they break depends on the printer and fonts of the person who opens the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile
from index.loading import metadata
from index.loading.draft import Block, Draft, paragraph, verbatim
from index.loading.grid import Merged, Outline, grid
from index.loading.xml_parts import OfficePackage
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Content


# Reads WordprocessingML: the words of a paragraph, the styles and numbering of a document, the cells of a table.

NAMESPACE = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W = NAMESPACE
_VAL = f"{_W}val"
PAGE_BREAK = "\f"
_REPLACEMENTS = {
    f"{_W}tab": "\t",
    f"{_W}ptab": "\t",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
    f"{_W}softHyphen": "",
}
_SKIPPED = frozenset(
    {f"{_W}txbxContent", f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}sectPr", f"{_W}instrText"}
)
"""Skipped elements: text boxes are read after their paragraph, deleted text is not read."""
_HEADING_NAME = re.compile(r"heading (\d)")
_ALTERNATE_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_MAX_OUTLINE_LEVEL = 9
_MAX_COLUMNS = 63
"""Word's own limit."""
_MAX_HEADER_ROWS = 4
"""Rows of headers, at most."""


@dataclass(frozen=True, slots=True)
class Style:
    """The meaning of a paragraph style: heading level, role, and list numbering."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False
    number_id: str = ""
    number_level: str = "0"


def styles(element: Any | None) -> dict[str, Style]:
    """Return paragraph styles by id. A style inherits missing values from the style that it is based on."""
    if element is None:
        return {}
    raw = {style.get(f"{_W}styleId", ""): style for style in element.iter(f"{_W}style")}
    return {key: _style(raw, key) for key in raw}


def _style(raw: dict[str, Any], key: str) -> Style:
    names: list[str] = []
    outline = number_id = number_level = ""
    while key in raw and len(names) < len(raw):
        style = raw[key]
        names.append(_attribute(style, f"{_W}name").lower())
        outline = outline or _attribute(style, f"{_W}pPr/{_W}outlineLvl")
        number_id = number_id or _attribute(style, f"{_W}pPr/{_W}numPr/{_W}numId")
        number_level = number_level or _attribute(style, f"{_W}pPr/{_W}numPr/{_W}ilvl")
        key = _attribute(style, f"{_W}basedOn")
    return Style(
        level=_level(names, outline),
        is_title=bool(names) and names[0] == "title",
        is_contents=bool(names) and (names[0].startswith("toc ") or names[0] == "table of figures"),
        number_id=number_id,
        number_level=number_level or "0",
    )


def _level(names: list[str], outline: str) -> int:
    found = next(filter(None, map(_HEADING_NAME.match, names)), None)
    if found:
        return max(1, int(found.group(1)))
    if names and names[0] == "title":
        return 1
    return int(outline) + 1 if outline.isdigit() and int(outline) < _MAX_OUTLINE_LEVEL else 0


def _attribute(element: Any, path: str) -> str:
    found = element.find(path)
    return found.get(_VAL, "") if found is not None else ""


def words(element: Any) -> str:
    """Return the visible text of a paragraph, with links and accepted changes, without field codes and deletions."""
    return "".join(_words(element))


def _words(element: Any) -> Iterator[str]:
    for child in element:
        if child.tag in {f"{_W}t", _MATH_TEXT}:
            yield child.text or ""
        elif child.tag in _REPLACEMENTS:
            yield _REPLACEMENTS[child.tag]
        elif child.tag == f"{_W}br":
            yield "\n" if child.get(f"{_W}type", "textWrapping") == "textWrapping" else PAGE_BREAK
        elif child.tag == f"{_W}r" and _is_hidden(child):
            continue
        elif child.tag not in _SKIPPED and child.tag != _ALTERNATE_FALLBACK:
            yield from _words(child)


def _is_hidden(run: Any) -> bool:
    return _is_on(run.find(f"{_W}rPr/{_W}vanish"))


def tables(element: Any) -> list[Block]:
    """Return a table with one line per row, and the tables that are nested in its cells after it.

    A cell that spans rows or columns appears once, where it begins.
    """
    stack, found = [element], []
    while stack:
        outer = stack.pop()
        found.append(_table(outer))
        stack += reversed(
            [inner for row in _parts(outer, "tr") for cell in _parts(row, "tc") for inner in _nested(cell)]
        )
    return found


def _nested(cell: Any) -> list[Any]:
    """Return the tables in a cell, but not those in these tables."""
    return [inner for child in cell for inner in _parts([child], "tbl")]


def _table(element: Any) -> Block:
    rows: list[list[str | None]] = []
    merged: list[Merged] = []
    above: dict[int, int] = {}  # by column, the number of the last cell that begins in it
    marked: list[bool] = []
    for n, row in enumerate(_parts(element, "tr")):
        marked.append(row.find(f"{_W}trPr/{_W}tblHeader") is not None or _is_bold(row))
        rows.append([""] * _skipped(row))
        for cell in _parts(row, "tc"):
            left, wide = len(rows[-1]), _span(cell)
            if _continues(cell):
                rows[-1] += ["", *[None] * (wide - 1)]
                if left in above:
                    merged[above[left]] = merged[above[left]]._replace(bottom=n)
                continue
            rows[-1] += [_text(cell), *[None] * (wide - 1)]
            above[left] = len(merged)
            merged.append(Merged(n, left, n, left + wide - 1))
    spanning = [cell for cell in merged if cell.bottom > cell.top or cell.right > cell.left]
    headers = next((n for n, is_header in enumerate(marked) if not is_header), len(marked))
    stated = headers if 0 < headers < min(len(rows), _MAX_HEADER_ROWS + 1) else None
    return grid(rows, Outline(header_rows=stated, forms=not _has_heading_style(element), merged=spanning))


def _is_bold(row: Any) -> bool:
    """Return whether all words of a row are bold."""
    runs = [run for run in row.iter(f"{_W}r") if any((text.text or "").strip() for text in run.iter(f"{_W}t"))]
    return bool(runs) and all(_is_on(run.find(f"{_W}rPr/{_W}b")) for run in runs)


def _is_on(switch: Any) -> bool:
    return switch is not None and switch.get(_VAL, "1") not in {"0", "false"}


def _has_heading_style(element: Any) -> bool:
    """Return whether the style of a table, which is no plain one, applies to its first row."""
    style = _attribute(element, f"{_W}tblPr/{_W}tblStyle")
    look = element.find(f"{_W}tblPr/{_W}tblLook")
    applies = look is not None and look.get(f"{_W}firstRow", "0") in {"1", "true"}
    return applies and style not in {"", "TableGrid", "TableNormal"}


def _skipped(row: Any) -> int:
    """Return how many columns of the grid are left out before the first cell of a row."""
    return min(_count(_attribute(row, f"{_W}trPr/{_W}gridBefore") or "0"), _MAX_COLUMNS)


def _span(cell: Any) -> int:
    return max(1, min(_count(_attribute(cell, f"{_W}tcPr/{_W}gridSpan") or "1"), _MAX_COLUMNS))


def _count(stated: str) -> int:
    return int(stated) if stated.isdecimal() and len(stated) < 6 else 0


def _continues(cell: Any) -> bool:
    """Return whether a cell only continues the one above it."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and merge.get(_VAL, "continue") == "continue"


def _text(cell: Any) -> str:
    """Return the words of a cell, without those of the tables in it."""
    inside = [paragraph for child in cell if child.tag != f"{_W}tbl" for paragraph in _paragraphs(child)]
    return " ".join(map(words, inside))


def _paragraphs(element: Any) -> Iterator[Any]:
    """Yield the paragraphs of an element, also in content controls and text boxes, but not those in tables."""
    if element.tag == f"{_W}p":
        yield element
    for child in element:
        if child.tag != f"{_W}tbl":
            yield from _paragraphs(child)


def _parts(element: Any, name: str) -> Iterator[Any]:
    """Yield rows of a table or cells of a row, also inside content controls, but not those of nested tables."""
    for child in element:
        if child.tag == f"{_W}{name}":
            yield child
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent"}:
            yield from _parts(child, name)


@dataclass(slots=True)
class Numbering:
    """The list numbering of a document: number formats, and the counters of its lists."""

    formats: dict[tuple[str, str], str]
    """Number format by list and level: `bullet`, `decimal`, …"""
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, element: Any | None) -> Numbering:
        """Return the numbering of a document by the root of its part; many documents define none."""
        return cls({} if element is None else _formats(element))

    def mark(self, element: Any, style: Style) -> tuple[str, int]:
        """Return the mark before an item and its depth; the mark is "" if the paragraph is in no list."""
        own = f"{_W}pPr/{_W}numPr/"
        number_id = _attribute(element, f"{own}{_W}numId") or style.number_id
        level = _attribute(element, f"{own}{_W}ilvl") or style.number_level
        if number_id in {"", "0"}:
            return "", 0
        depth = int(level) if level.isdigit() else 0
        form = self.formats.get((number_id, level), "bullet")
        if form in {"bullet", "none"}:
            return "-", depth
        self.counts[number_id, level] = self.counts.get((number_id, level), 0) + 1
        for deeper in range(depth + 1, _MAX_OUTLINE_LEVEL):
            self.counts.pop((number_id, str(deeper)), None)
        return f"{self.counts[number_id, level]}.", depth


def _formats(element: Any) -> dict[tuple[str, str], str]:
    abstract = {
        definition.get(f"{_W}abstractNumId"): {
            level.get(f"{_W}ilvl"): _attribute(level, f"{_W}numFmt") for level in definition.iter(f"{_W}lvl")
        }
        for definition in element.iter(f"{_W}abstractNum")
    }
    return {
        (number.get(f"{_W}numId"), level): form
        for number in element.iter(f"{_W}num")
        for level, form in abstract.get(_attribute(number, f"{_W}abstractNumId"), {}).items()
    }


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
    title, author, date = ("", "", "") if properties is None else metadata.stated(properties)
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
