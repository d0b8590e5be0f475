"""Reads WordprocessingML: the words of a paragraph, the styles and numbering of a document, the cells of a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.loading.grid import Merged, Outline, grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.loading.content import Block

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
_DEEPEST_OUTLINE = 9
_MOST_COLUMNS = 63
"""Word's own limit."""
_MOST_HEADERS = 4
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
    return int(outline) + 1 if outline.isdigit() and int(outline) < _DEEPEST_OUTLINE else 0


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
    stated = headers if 0 < headers < min(len(rows), _MOST_HEADERS + 1) else None
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
    return min(_count(_attribute(row, f"{_W}trPr/{_W}gridBefore") or "0"), _MOST_COLUMNS)


def _span(cell: Any) -> int:
    return max(1, min(_count(_attribute(cell, f"{_W}tcPr/{_W}gridSpan") or "1"), _MOST_COLUMNS))


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
        for deeper in range(depth + 1, _DEEPEST_OUTLINE):
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
