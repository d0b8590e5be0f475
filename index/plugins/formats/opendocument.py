"""Parses OpenDocument: texts (.odt, .ott, and .fodt in one file), and presentations and drawings (.odp, .odg).

The words are in `content.xml`. A text has no pages: where they break depends on the printer and fonts of the person who
opens the file. Of slides and pages, each is a place, with its texts and tables in reading order, and its notes.

kreuzberg 4.10 reads packed texts word for word, too, but not a text in one file (`.fodt`).
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired
from index.loading import metadata
from index.loading.draft import Block, Draft, field, paragraph, verbatim
from index.loading.formats import states
from index.loading.grid import Merged, Outline, grid
from index.loading.metadata import person
from index.loading.slides import Box, shapes_in_reading_order
from index.loading.xml_parts import ZipParts, local, parse, root_name, text_of
from index.records.file_kinds import Format
from index.text.dates import iso_date
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.draft import Content
    from index.records.file_kinds import Head

ODT = "application/vnd.oasis.opendocument.text"
_FLAT_TEXT = re.compile(r"mimetype=[\"']application/vnd\.oasis\.opendocument\.text")
_FLAT_HEAD = 40_000
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_BREAKS = {"line-break": "\n", "tab": "\t", "s": " ", "soft-page-break": ""}
_APART = frozenset({"note", "annotation", "text-box", "ruby-text", "object", "table"})
"""What is read apart from the paragraph that it is anchored in, or is no part of the text."""
_MOST_REPEATED = 100
"""Empty cells and rows are stored as one with a number, which may be a million at the end of a table."""
_MANIFEST = "META-INF/manifest.xml"
_HEAD_BLOCKS = 8
_INDENT = "  "
_CONTENTS_NOTE = "Left out of passages: a table of contents."
_INDEXES = frozenset(
    {"table-of-content", "illustration-index", "table-index", "object-index", "user-index", "alphabetical-index"}
)
_UNSEEN = frozenset({"tracked-changes", "forms", "sequence-decls", "variable-decls", "user-field-decls"})


def read(content: Content, name: str) -> Draft:
    """Return the body of an OpenDocument text, its properties and its notes.

    Raises:
        PasswordRequired: it is encrypted.
        DamagedFile: a part is missing or is not XML.

    """
    roots = _roots(content.data, name)
    body = next(
        (part for root in roots for body in root.iter("{*}body") for part in body if local(part) == "text"), None
    )
    if body is None:
        raise DamagedFile(f"{name} is an OpenDocument text without a body.")
    reader = _Reader(roots)
    blocks = [block for block in reader.blocks(body) if block.text]
    head = [line for block in blocks[:_HEAD_BLOCKS] for line in block.text.split("\n")]
    stated = {tag: _stated(roots, tag) for tag in ("title", "initial-creator", "creator", "creation-date", "date")}
    author = person(stated["initial-creator"] or stated["creator"]) or metadata.author_of(head)
    dated = metadata.date_of(head, author)
    return Draft(
        blocks,
        title=stated["title"] or reader.title,
        author=author,
        date=dated or iso_date((stated["creation-date"] or stated["date"])[:10]),
        notes=(_CONTENTS_NOTE,) if reader.has_contents else (),
    )


def _roots(data: bytes, name: str) -> list[Any]:
    """Return the trees of the content, the styles and the properties; a flat file has all in one."""
    if not data.startswith(b"PK"):
        return [parse(data, name)]
    with ZipParts(data, name) as parts:
        if _MANIFEST in parts and next(parse(parts.read(_MANIFEST), name).iter("{*}encryption-data"), None) is not None:
            raise PasswordRequired(f"{name} is an OpenDocument text locked with a password.")
        others = [path for path in ("styles.xml", "meta.xml") if path in parts]
        return [parse(parts.read(path), name) for path in ("content.xml", *others)]


def _stated(roots: list[Any], tag: str) -> str:
    """Return a property of the document; "" if it has none."""
    found = (element for root in roots for meta in root.iter("{*}meta") for element in meta if local(element) == tag)
    return next(filter(None, (one_line(text_of(element)) for element in found)), "")


class _Reader:
    """Turns the XML of a body into blocks; remembers the title, and whether contents were left out."""

    def __init__(self, roots: list[Any]) -> None:
        self._parents = {
            style.get(f"{_STYLE}name", ""): style.get(f"{_STYLE}parent-style-name", "")
            for root in roots
            for style in root.iter(f"{_STYLE}style")
        }
        self._numbered = {
            (style.get(f"{_STYLE}name", ""), level.get(f"{_TEXT}level", "1"))
            for root in roots
            for style in root.iter(f"{_TEXT}list-style")
            for level in style.iter(f"{_TEXT}list-level-style-number")
            if level.get(f"{_STYLE}num-format")
        }
        self.title = ""
        """The text of the first paragraph in the style `Title`."""
        self.has_contents = False

    def blocks(self, parent: Any) -> Iterator[Block]:
        """Yield what an element contains, in order. The text boxes and notes of a paragraph come after it."""
        for element in parent:
            kind = local(element)
            if kind in {"h", "p"}:
                yield self._paragraph(element, kind)
                yield from self._beside(element)
            elif kind == "list":
                yield verbatim("\n".join(self._items(element, 0, "")))
                yield from self._beside(element)
            elif kind == "table":
                yield grid(_table_rows(element), self._outline(element))
                yield from self._beside(element)
            elif kind in _INDEXES:
                self.has_contents = self.has_contents or kind == "table-of-content"
            elif kind not in _UNSEEN:
                yield from self.blocks(element)

    def _paragraph(self, element: Any, kind: str) -> Block:
        text = _words_of(element)
        if not self.title and self._is_title(element.get(f"{_TEXT}style-name", "")):
            self.title = one_line(text)
        return paragraph(one_line(text), _level(element)) if kind == "h" else paragraph(text)

    def _is_title(self, style: str) -> bool:
        """Return whether a style is `Title` or derives from it."""
        for _ in range(8):
            if style == "Title":
                return True
            style = self._parents.get(style, "")
        return False

    def _outline(self, table: Any) -> Outline:
        heads = sum(1 for part in table.iter(f"{_TABLE}table-header-rows") for _ in part.iter(f"{_TABLE}table-row"))
        return Outline(header_rows=heads or None)

    def _beside(self, element: Any) -> Iterator[Block]:
        """Yield the text boxes and the notes that are anchored in an element."""
        for box in element.iter("{*}text-box"):
            yield from self.blocks(box)
        yield from _notes_in(element)

    def _items(self, element: Any, depth: int, style: str) -> Iterator[str]:
        """Yield the lines of a list with their marks."""
        style = element.get(f"{_TEXT}style-name", style)
        mark = "{}." if (style, str(depth + 1)) in self._numbered else "-"
        number = 0
        for item in element:
            number += local(item) == "list-item"
            first = mark.format(number) if local(item) == "list-item" else ""
            for part in item:
                if local(part) == "list":
                    yield from self._items(part, depth + 1, style)
                elif local(part) in {"p", "h"} and (text := one_line(_words_of(part))):
                    yield f"{_INDENT * depth}{first or ' '} {text}".rstrip()
                    first = ""


def _level(heading: Any) -> int:
    stated = heading.get(f"{_TEXT}outline-level", "1")
    return max(1, int(stated)) if stated.isdecimal() and len(stated) < 4 else 1


def _words_of(element: Any) -> str:
    """Return the words of a paragraph, without notes and text boxes."""
    return "".join(_parts_of(element))


def _parts_of(element: Any) -> Iterator[str]:
    from lxml import etree

    events = etree.iterwalk(element, events=("start", "end"))
    for event, inner in events:
        if event == "start":
            if inner is not element and local(inner) in _APART:
                events.skip_subtree()
                continue
            yield _BREAKS.get(local(inner), "")
            yield inner.text or ""
        elif inner is not element:
            yield inner.tail or ""


def _notes_in(element: Any) -> Iterator[Block]:
    """Yield the footnotes and endnotes that are anchored in an element, each with its number."""
    for note in element.iter(f"{_TEXT}note"):
        number = next((one_line(_words_of(mark)) for mark in note.iter(f"{_TEXT}note-citation")), "")
        lines = [
            text for body in note.iter(f"{_TEXT}note-body") for part in body if (text := one_line(_words_of(part)))
        ]
        if lines:
            yield paragraph("\n".join([f"{number} {lines[0]}".strip(), *lines[1:]]))


def _table_rows(table: Any) -> list[list[str]]:
    """Return the texts of the cells of a table; a cell that is covered by another one is empty."""
    rows: list[list[str]] = []
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table"), None) is not table:
            continue
        cells: list[str] = []
        for cell in row:
            if local(cell) in {"table-cell", "covered-table-cell"}:
                cells += [_cell(cell)] * _repeated(cell, "columns")
        rows += [cells] * (_repeated(row, "rows") if any(cells) else 1)
    width = max((n for row in rows for n, cell in enumerate(row, 1) if cell), default=0)
    return [row[:width] for row in rows]


def _cell(cell: Any) -> str:
    lines = (one_line(_words_of(part)) for part in cell.iter(f"{_TEXT}p", f"{_TEXT}h") if not _is_apart(part, cell))
    return " ".join(filter(None, lines))


def _is_apart(part: Any, cell: Any) -> bool:
    """Return whether a paragraph of a cell belongs to a note or a text box, which are read after the table."""
    within = takewhile(lambda ancestor: ancestor is not cell, part.iterancestors())
    return any(local(ancestor) in _APART - {"table"} for ancestor in within)


def _repeated(element: Any, what: str) -> int:
    stated = element.get(f"{_TABLE}number-{what}-repeated", "1")
    return max(1, min(int(stated), _MOST_REPEATED)) if stated.isdecimal() and len(stated) < 10 else 1


def _is_flat(head: Head, suffix: str) -> bool:
    return root_name(head.text, suffix) == "document" and bool(_FLAT_TEXT.search(head.text[:_FLAT_HEAD]))


ODP = "application/vnd.oasis.opendocument.presentation"
ODG = "application/vnd.oasis.opendocument.graphics"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:"
_DRAW = f"{_OFFICE}drawing:1.0}}"
_PRESENTATION, _SVG = f"{_OFFICE}presentation:1.0}}", f"{_OFFICE}svg-compatible:1.0}}"
_LENGTH = re.compile(r"(-?[\d.]+)\s*(cm|mm|in|pt|px|pc)?")
_UNITS = {"cm": 28.35, "mm": 2.835, "in": 72.0, "pt": 1.0, "px": 0.75, "pc": 12.0}
_DEEPEST = 50
_MOST_COLUMNS = 1000
_FURNITURE = frozenset({"date-time", "footer", "header", "page-number"})
_SHAPES = tuple(
    f"{_DRAW}{name}"
    for name in (
        *("frame", "custom-shape", "rect", "ellipse", "circle", "line", "connector", "caption"),
        *("path", "polygon", "polyline", "regular-polygon", "measure"),
    )
)


def read_slides(content: Content, name: str) -> Draft:
    """Return the slides of a presentation with the properties that it states.

    Raises:
        PasswordRequired: the presentation is encrypted.
        DamagedFile: its content is missing, truncated or not XML.

    """
    from lxml import etree

    if metadata.is_locked(content.data):
        raise PasswordRequired(f"{name} is a presentation locked with a password.")
    try:
        with zipfile.ZipFile(io.BytesIO(content.data)) as archive:
            data = archive.read("content.xml")
        tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True))
    except (zipfile.BadZipFile, zlib.error, etree.LxmlError, KeyError, OSError, ValueError, EOFError) as error:
        raise DamagedFile(f"{name} is a presentation that cannot be opened: {error}.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise DamagedFile(f"{name} is a presentation that cannot be opened: {error}.") from error
    hidden = {
        style.get(f"{_OFFICE}style:1.0}}name") for style in tree.iter(f"{_OFFICE}style:1.0}}style") if _hides(style)
    }
    slides = list(tree.iter(f"{_DRAW}page"))
    kind = "page" if content.media_type == ODG else "slide"
    blocks = [block for number, slide in enumerate(slides, 1) for block in _slide(slide, f"{kind} {number}")]
    numbers = [str(number) for number, slide in enumerate(slides, 1) if slide.get(f"{_DRAW}style-name") in hidden]
    title, author, date = metadata.of_package(content.data)
    notes = (f"Hidden slides are read, too: {', '.join(numbers)}.",) if numbers else ()
    return Draft(blocks, title or (_title(slides[0]) if slides else ""), author, date, notes)


def _hides(style: Any) -> bool:
    return any(inner.get(f"{_PRESENTATION}visibility") == "hidden" for inner in style)


def _slide(slide: Any, label: str) -> list[Block]:
    """Return the blocks of a slide: its title as a heading, what is on it, and its notes as a place of their own."""
    title = _title(slide)
    name = f"{label}, “{field(title)}”" if title else label
    shapes = shapes_in_reading_order(_shapes(slide), _box)
    blocks = [Block(title, 1)] if title else []
    blocks += [block for shape in shapes if not _is_title(shape) for block in _blocks(shape) if block.text]
    notes = [block for part in slide.iter(f"{_PRESENTATION}notes") for block in _blocks(part) if block.text]
    return [*_placed(blocks, name), *_placed(notes, f"{name}, notes")]


def _placed(blocks: Sequence[Block], name: str) -> list[Block]:
    return [replace(blocks[0], places=((0, name, 1),)), *blocks[1:]] if blocks else []


def _shapes(element: Any, depth: int = 0) -> list[Any]:
    """Return the shapes of a slide, also those in groups, without furniture."""
    found: list[Any] = []
    for child in element:
        if child.tag == f"{_DRAW}g" and depth < _DEEPEST:
            found += _shapes(child, depth + 1)
        elif child.tag in _SHAPES and child.get(f"{_PRESENTATION}class") not in _FURNITURE:
            found.append(child)
    return found


def _is_title(shape: Any) -> bool:
    return bool(shape.get(f"{_PRESENTATION}class") == "title")


def _title(slide: Any) -> str:
    shape = next(filter(_is_title, _shapes(slide)), None)
    return one_line(" ".join(map(_words, shape.iter(f"{_TEXT}p")))) if shape is not None else ""


def _box(shape: Any) -> Box:
    left, top, width, height = (_length(shape.get(f"{_SVG}{name}", "")) for name in ("x", "y", "width", "height"))
    return Box(left, top, left + width, top + height)


def _length(stated: str) -> float:
    """Return a length in points; 0 if it is none."""
    found = _LENGTH.fullmatch(stated)
    try:
        return float(found[1]) * _UNITS[found[2] or "pt"] if found else 0.0
    except ValueError:
        return 0.0


def _blocks(element: Any) -> Iterator[Block]:
    """Yield the paragraphs, lists and tables below an element."""
    for child in element:
        if child.tag in {f"{_TEXT}p", f"{_TEXT}h"}:
            yield paragraph(_words(child))
        elif child.tag == f"{_TEXT}list":
            yield verbatim("\n".join(_items(child)))
        elif child.tag == f"{_TABLE}table":
            yield _table(child)
        elif child.tag in {f"{_DRAW}text-box", f"{_DRAW}frame"}:
            yield from _blocks(child)


def _items(element: Any, depth: int = 0) -> Iterator[str]:
    for item in element:
        for child in item:
            if child.tag in {f"{_TEXT}p", f"{_TEXT}h"} and (words := one_line(_words(child))):
                yield f"{_INDENT * depth}- {words}"
            elif child.tag == f"{_TEXT}list" and depth < _DEEPEST:
                yield from _items(child, depth + 1)


def _words(element: Any) -> str:
    """Return the text of a paragraph, with its line breaks, blanks and tabs, and without notes to it."""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag in {f"{_TEXT}s", f"{_TEXT}tab"}:
            parts.append(" ")
        elif child.tag == f"{_TEXT}span" or child.tag == f"{_TEXT}a":
            parts.append("".join(child.itertext()))
        parts.append(child.tail or "")
    return "".join(parts)


def _table(table: Any) -> Block:
    """Return a table; its merged cells appear once, where they begin."""
    rows: list[list[str | None]] = []
    merged: list[Merged] = []
    for n, row in enumerate(table.iter(f"{_TABLE}table-row")):
        rows.append([])
        for cell in row:
            repeated = min(_count(cell, "columns-repeated"), _MOST_COLUMNS - len(rows[-1]))
            if cell.tag == f"{_TABLE}covered-table-cell":
                rows[-1] += [None] * repeated
            elif cell.tag == f"{_TABLE}table-cell":
                wide, tall = _count(cell, "columns-spanned"), _count(cell, "rows-spanned")
                if wide > 1 or tall > 1:
                    left = len(rows[-1])
                    merged.append(Merged(n, left, n + tall - 1, left + wide - 1))
                rows[-1] += [" ".join(map(_words, cell.iter(f"{_TEXT}p")))] * repeated
    return grid(rows, Outline(merged=merged))


def _count(cell: Any, name: str) -> int:
    stated = cell.get(f"{_TABLE}number-{name}", "1")
    return max(1, min(int(stated), _MOST_COLUMNS)) if stated.isdecimal() and len(stated) < 8 else 1


FORMATS = (
    Format(
        name="OpenDocument text",
        kind="OpenDocument",
        endings="odt ott",
        media_types=ODT,
        called="an OpenDocument text",
        looks_at="zip",
        rank=10,
        recognise=lambda head, _: ODT if states(head, ODT) else None,
        read="index.plugins.formats.opendocument:read",
    ),
    Format(
        name="OpenDocument text in one file of XML",
        kind="OpenDocument",
        endings="fodt",
        media_types=ODT,
        looks_at="text",
        rank=10,
        recognise=lambda head, suffix: ODT if _is_flat(head, suffix) else None,
        read="index.plugins.formats.opendocument:read",
    ),
    Format(
        name="OpenDocument presentation",
        kind="Slides",
        endings="odp otp",
        media_types=ODP,
        looks_at="zip",
        rank=10,
        recognise=lambda head, _: ODP if states(head, ODP) else None,
        read="index.plugins.formats.opendocument:read_slides",
        place="slide",
    ),
    Format(
        name="OpenDocument drawing",
        kind="Drawing",
        endings="odg otg",
        media_types=ODG,
        looks_at="zip",
        rank=10,
        recognise=lambda head, _: ODG if states(head, ODG) else None,
        read="index.plugins.formats.opendocument:read_slides",
        place="page",
    ),
)
