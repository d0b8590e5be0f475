"""Reads OpenDocument presentations and drawings: each slide or page is a place, with its texts and tables in reading
order, and its notes.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from index.errors import DamagedFile, PasswordRequired
from index.loading import core_properties
from index.loading.content import Block, Draft, field, paragraph, verbatim
from index.loading.formats import states
from index.loading.grid import Merged, Outline, grid
from index.loading.slide_order import Box, in_reading_order
from index.records.file_kinds import Format
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.content import Content

ODP = "application/vnd.oasis.opendocument.presentation"
ODG = "application/vnd.oasis.opendocument.graphics"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:"
_DRAW, _TEXT, _TABLE = f"{_OFFICE}drawing:1.0}}", f"{_OFFICE}text:1.0}}", f"{_OFFICE}table:1.0}}"
_PRESENTATION, _SVG = f"{_OFFICE}presentation:1.0}}", f"{_OFFICE}svg-compatible:1.0}}"
_LENGTH = re.compile(r"(-?[\d.]+)\s*(cm|mm|in|pt|px|pc)?")
_UNITS = {"cm": 28.35, "mm": 2.835, "in": 72.0, "pt": 1.0, "px": 0.75, "pc": 12.0}
_INDENT = "  "
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


def read(content: Content, name: str) -> Draft:
    """Return the slides of a presentation with the properties that it states.

    Raises:
        PasswordRequired: the presentation is encrypted.
        DamagedFile: its content is missing, truncated or not XML.

    """
    from lxml import etree

    if core_properties.is_locked(content.data):
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
    title, author, date = core_properties.of_package(content.data)
    notes = (f"Hidden slides are read, too: {', '.join(numbers)}.",) if numbers else ()
    return Draft(blocks, title or (_title(slides[0]) if slides else ""), author, date, notes)


def _hides(style: Any) -> bool:
    return any(inner.get(f"{_PRESENTATION}visibility") == "hidden" for inner in style)


def _slide(slide: Any, label: str) -> list[Block]:
    """Return the blocks of a slide: its title as a heading, what is on it, and its notes as a place of their own."""
    title = _title(slide)
    name = f"{label}, “{field(title)}”" if title else label
    shapes = in_reading_order(_shapes(slide), _box)
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
        name="OpenDocument presentation",
        kind="Slides",
        endings="odp otp",
        media_types=ODP,
        looks_at="zip",
        rank=10,
        recognise=lambda head, _: ODP if states(head, ODP) else None,
        read="index.loading.odp_slides:read",
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
        read="index.loading.odp_slides:read",
        place="page",
    ),
)
