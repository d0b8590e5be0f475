"""Reads PowerPoint presentations: each slide is a place, with its texts, tables, charts and diagrams, and its notes.

Texts come in the order of their positions. python-pptx knows the positions that a slide takes over from its layout.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from index.errors import DamagedFile
from index.loading import metadata
from index.loading.draft import Block, Draft, field, paragraph, verbatim
from index.loading.grid import Merged, Outline, grid
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.loading.draft import Content


# The reading order of boxes on a slide: rows from the top where gaps divide them, else columns from the left.

T = TypeVar("T")
_OVERLAP = 0.1
"""The share of the lower box's height, or of the right one's width, that two boxes in a row may have in common."""


class Box(NamedTuple):
    """A rectangle in any unit; `top` is smaller than `bottom`."""

    left: float
    top: float
    right: float
    bottom: float


def shapes_in_reading_order(items: Iterable[T], box: Callable[[T], Box]) -> list[T]:
    """Return the items in the order in which people read their boxes."""
    boxed = sorted(
        ((box(item), n, item) for n, item in enumerate(items)), key=lambda entry: (entry[0][1::-1], entry[1])
    )
    done: list[T] = []
    waiting = [boxed]
    while waiting:  # a stack and no recursion, because a slide may have thousands of shapes
        group = waiting.pop()
        parts = _cut(group, 1, 3) if len(group) > 1 else []
        parts = parts if len(parts) > 1 else _cut(sorted(group, key=lambda entry: entry[0].left), 0, 2)
        if len(parts) > 1:
            waiting += reversed(parts)
        else:
            done += [item for _, _, item in group]
    return done


def _cut(group: Sequence[tuple[Box, int, T]], start: int, end: int) -> list[list[tuple[Box, int, T]]]:
    """Return runs of boxes, which are sorted by `start`, between which there are gaps."""
    parts: list[list[tuple[Box, int, T]]] = []
    reached = 0.0
    for entry in group:
        box = entry[0]
        slack = _OVERLAP * (box[end] - box[start])
        if parts and box[start] < reached - slack:
            parts[-1].append(entry)
            reached = max(reached, box[end])
        else:
            parts.append([entry])
            reached = box[end] if len(parts) == 1 else max(reached, box[end])
    return [sorted(part, key=lambda entry: (entry[0][1::-1], entry[1])) for part in parts]


_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_WITH_MACROS = (
    "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
    "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
)
"""Media types of presentations that python-pptx does not know."""
_INDENT = "  "
_MAX_GROUP_DEPTH = 20
_MAX_POINTS = 10_000
"""Rows of a chart, at most."""
_FURNITURE = frozenset({"DATE", "FOOTER", "SLIDE_NUMBER", "HEADER"})
"""Placeholders that repeat on each slide."""
_LISTS = frozenset({"BODY", "OBJECT", "VERTICAL_BODY", "VERTICAL_OBJECT"})
"""Placeholders whose paragraphs are items of a list, unless they say otherwise."""


def read(content: Content, name: str) -> Draft:
    """Return the slides of a presentation with the properties that it states.

    Raises:
        DamagedFile: a part is missing, truncated or not XML.

    """
    try:
        return _read(content.data)
    except _broken() as error:
        reason = str(error) or type(error).__name__
        raise DamagedFile(f"{name} is a presentation that cannot be opened: {reason}.") from error


def _broken() -> tuple[type[Exception], ...]:
    """Return the errors that python-pptx and its dependencies raise for a damaged package."""
    import zlib

    from lxml.etree import LxmlError
    from pptx.exc import PythonPptxError

    return (
        PythonPptxError, LxmlError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, AttributeError,
        OSError, NotImplementedError, IndexError, TypeError, RuntimeError, AssertionError,
    )  # fmt: skip


def _read(data: bytes) -> Draft:
    presentation = _opened(data)
    blocks: list[Block] = []
    hidden: list[str] = []
    titles: list[str] = []
    for number, slide in enumerate(presentation.slides, 1):
        blocks += _slide(slide, number)
        titles.append(_title(slide))
        if slide._element.get("show") in {"0", "false"}:
            hidden.append(str(number))
    title, author, date = metadata.stated(presentation.core_properties._element)
    notes = (f"Hidden slides are read, too: {', '.join(hidden)}.",) if hidden else ()
    return Draft(blocks, title or (titles[0] if titles else ""), author, date, notes)


def _opened(data: bytes) -> Any:
    """Return the presentation, also that of a slide show or a template, which `pptx.Presentation` refuses."""
    from pptx.opc.package import PartFactory
    from pptx.package import Package
    from pptx.parts.presentation import PresentationPart

    PartFactory.part_type_for.update(dict.fromkeys(_WITH_MACROS, PresentationPart))
    return Package.open(io.BytesIO(data)).presentation_part.presentation


def _slide(slide: Any, number: int) -> list[Block]:
    """Return the blocks of a slide: its title as a heading, what is on it, and its notes as a place of their own."""
    title = _title(slide)
    name = f"slide {number}, “{field(title)}”" if title else f"slide {number}"
    blocks = [Block(title, 1)] if title else []
    blocks += [block for shape in _ordered(slide.shapes) for block in _blocks(shape) if block.text]
    notes = [block for block in _notes(slide) if block.text]
    placed = _placed(blocks, name)
    return [*placed, *_placed(notes, f"{name}, notes")]


def _placed(blocks: Sequence[Block], name: str) -> list[Block]:
    return [replace(blocks[0], places=((0, name, 1),)), *blocks[1:]] if blocks else []


def _title(slide: Any) -> str:
    shape = slide.shapes.title
    return one_line(_text(shape.text_frame)) if shape is not None and _is_title(shape) and shape.has_text_frame else ""


def _text(frame: Any) -> str:
    return str(frame.text).replace("\v", "\n")


def _ordered(shapes: Any, depth: int = 0) -> list[Any]:
    """Return the shapes of a slide or group in reading order, without its title; those of a group stay together."""
    found = [shape for shape in shapes if not _is_title(shape) and _placeholder(shape) not in _FURNITURE]
    groups: list[Any] = []
    for shape in shapes_in_reading_order(found, _box):
        inner = shape.shapes if hasattr(shape, "shapes") and depth < _MAX_GROUP_DEPTH else None
        groups += [shape] if inner is None else _ordered(inner, depth + 1)
    return groups


def _box(shape: Any) -> Box:
    left, top, width, height = (value or 0 for value in (shape.left, shape.top, shape.width, shape.height))
    return Box(left, top, left + width, top + height)


def _placeholder(shape: Any) -> str:
    """Return the type of a placeholder; "" for any other shape."""
    return str(shape.placeholder_format.type.name) if shape.is_placeholder else ""


def _is_title(shape: Any) -> bool:
    return _placeholder(shape) in {"TITLE", "CENTER_TITLE", "VERTICAL_TITLE"}


def _blocks(shape: Any) -> Iterator[Block]:
    if shape.has_text_frame:
        yield from _paragraphs(shape.text_frame, is_list=_placeholder(shape) in _LISTS)
    elif getattr(shape, "has_table", False):
        yield _table(shape.table)
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart_part._element)
    else:
        yield from _diagram(shape)


def _paragraphs(frame: Any, *, is_list: bool) -> Iterator[Block]:
    """Yield the paragraphs of a text frame; items in a row are lines of one block."""
    filled = [part for part in frame.paragraphs if part.text.strip()]
    items: list[str] = []
    counts: dict[int, int] = {}
    for part in filled:
        mark = _mark(part, counts, is_list=is_list and len(filled) > 1)
        if mark:
            items.append(f"{_INDENT * part.level}{mark} {one_line(_text(part))}")
            continue
        if items:
            yield verbatim("\n".join(items))
            items = []
        yield paragraph(_text(part))
    if items:
        yield verbatim("\n".join(items))


def _mark(part: Any, counts: dict[int, int], *, is_list: bool) -> str:
    """Return the mark of an item, "-" or its number; "" if the paragraph is none."""
    properties = part._p.pPr
    stated = {child.tag for child in properties} if properties is not None else set()
    for deeper in [level for level in counts if level > part.level]:
        del counts[deeper]
    if f"{_A}buAutoNum" in stated:
        counts[part.level] = counts.get(part.level, 0) + 1
        return f"{counts[part.level]}."
    if f"{_A}buNone" in stated:
        return ""
    return "-" if is_list or stated & {f"{_A}buChar", f"{_A}buBlip"} else ""


def _table(table: Any) -> Block:
    """Return a table; its merged cells appear once, where they begin."""
    rows: list[list[str | None]] = []
    merged: list[Merged] = []
    for row, cells in enumerate(table.rows):
        rows.append([])
        for column, cell in enumerate(cells.cells):
            rows[-1].append(None if cell.is_spanned else _text(cell.text_frame))
            if cell.is_merge_origin:
                merged.append(Merged(row, column, row + cell.span_height - 1, column + cell.span_width - 1))
    return grid(rows, Outline(forms=not table.first_row, merged=merged))


def _chart(space: Any) -> Iterator[Block]:
    """Yield the title of a chart and its values as a table: a row for each category, a column for each series.

    They are in the XML in the same way for every type of chart, also for those in 3-D, which python-pptx does not know.
    """
    stated = space.find(f"{_C}chart/{_C}title")
    title = "" if stated is None else one_line("".join(text.text or "" for text in stated.iter(f"{_A}t")))
    if title:
        yield paragraph(title)
    for plot in space.iterfind(f"{_C}chart/{_C}plotArea/*"):
        series = plot.findall(f"{_C}ser")
        if not series:
            continue
        names = [" ".join(_points(one, "tx").values()) for one in series]
        categories = next(filter(None, (_points(one, "cat", "xVal") for one in series)), {})
        values = [_points(one, "val", "yVal") for one in series]
        count = min(max((n for points in (categories, *values) for n in points), default=-1) + 1, _MAX_POINTS)
        rows = [[categories.get(n, ""), *(_value(one.get(n, "")) for one in values)] for n in range(count)]
        yield grid([["", *names], *rows], Outline(caption=title, header_rows=1, header_columns=1))


def _points(series: Any, *kinds: str) -> dict[int, str]:
    """Return what a chart keeps of the cells of a series, by their numbers: its name, its categories or its values."""
    found = next((part for kind in kinds if (part := series.find(f"{_C}{kind}")) is not None), ())
    levels = [level for part in found for level in part.iter(f"{_C}lvl")][:1]  # the first is the innermost
    points = [point for part in levels or found for point in part.iter(f"{_C}pt") if point.get("idx", "").isdecimal()]
    if not points:
        return {n: one_line(part.text or "") for n, part in enumerate(found) if part.tag == f"{_C}v"}
    return {int(point.get("idx")): one_line(point.findtext(f"{_C}v") or "") for point in points}


def _value(stated: str) -> str:
    try:
        return f"{float(stated):.15g}"
    except ValueError:
        return stated


def _diagram(shape: Any) -> Iterator[Block]:
    """Yield the texts of a SmartArt diagram as lines."""
    from lxml import etree

    for ids in shape._element.iter(f"{_DIAGRAM}relIds"):
        part = shape.part.related_part(ids.get(f"{_RELATED}dm"))
        tree = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))
        points = ("".join(text.text or "" for text in point.iter(f"{_A}t")) for point in tree.iter(f"{_DIAGRAM}pt"))
        yield verbatim("\n".join(f"- {one_line(words)}" for words in points if words.strip()))


def _notes(slide: Any) -> Iterator[Block]:
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if frame is not None:
        yield from _paragraphs(frame, is_list=False)
