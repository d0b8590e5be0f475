"""Reads a table of a web page: its caption, the cells that span rows or columns, and its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.loading.draft import Block, paragraph, rows
from index.loading.grid import Merged, Outline, grid
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Words = Callable[[Any], str]
    Test = Callable[[Any], bool]

_MAX_COLUMNS, _MAX_ROWS = 1000, 65534
"""The most columns and rows that a cell may span by the standard."""
_MAX_PLACES = 2_000_000
"""Places of a table that spanning cells may cover: more of them are a trap."""
_MAX_HEADER_ROWS = 4
"""Rows of headers, at most."""


class _Grid:
    """The places of a table, filled row by row."""

    def __init__(self) -> None:
        self.texts: list[list[str | None]] = []
        self.headers: list[list[bool]] = []
        """For each place, whether it is covered by a header cell."""
        self.merged: list[Merged] = []
        self._covered: dict[int, tuple[int, bool]] = {}
        """By column: up to which row a cell from above covers it, and whether that is a header."""
        self.places = 0

    def add(self, cells: list[tuple[str, bool, int, int]]) -> None:
        """Add a row of cells, each with its words, whether it is a header, and how many columns and rows it spans."""
        number = len(self.texts)
        self.texts.append([])
        self.headers.append([])
        for words, is_header, wide, tall in cells:
            self._skip(number)
            left = len(self.texts[-1])
            self.texts[-1] += [words, *[None] * (wide - 1)]
            self.headers[-1] += [is_header] * wide
            if tall > 1:
                self._covered.update(dict.fromkeys(range(left, left + wide), (number + tall - 1, is_header)))
            if wide > 1 or tall > 1:
                self.merged.append(Merged(number, left, number + tall - 1, left + wide - 1))
        self._skip(number)
        self.places += len(self.texts[-1])

    def _skip(self, number: int) -> None:
        """Pass the places that cells from rows above cover."""
        while self._covered.get(len(self.texts[-1]), (-1, False))[0] >= number:
            self.headers[-1].append(self._covered[len(self.texts[-1])][1])
            self.texts[-1].append(None)


def read_table(table: Any, words: Words, is_hidden: Test) -> list[Block]:
    """Return the caption of a table, if it has one, and the table.

    `words` returns the visible text of an element, `is_hidden` says whether an element is hidden.
    """
    found = [caption for caption in table.iterchildren("caption") if not is_hidden(caption)]
    caption = one_line(" ".join(map(words, found)))
    elements = [row for row in table.iter("tr") if not is_hidden(row)]
    places = _Grid()
    for row in elements:
        places.add([(words(cell), *_shape(cell)) for cell in _cells(row) if not is_hidden(cell)])
        if places.places > _MAX_PLACES:
            return [rows([words(cell) for cell in _cells(row)] for row in elements)]
    heads = _header_rows(elements, places, words)
    outline = Outline(
        caption=caption, header_rows=heads, header_columns=_header_columns(places, heads or 0), merged=places.merged
    )
    return [block for block in (paragraph(caption), grid(places.texts, outline)) if block.text]


def covered(tree: Any) -> int:
    """Return how many places the cells of all tables of a page claim that span several rows or columns."""
    spanning = (cell for cell in tree.iter("td", "th") if "rowspan" in cell.attrib or "colspan" in cell.attrib)
    return sum(wide * tall for _, wide, tall in map(_shape, spanning))


def _cells(row: Any) -> Iterator[Any]:
    return row.iterchildren("td", "th")  # type: ignore[no-any-return]


def _shape(cell: Any) -> tuple[bool, int, int]:
    """Return whether a cell is a header, and how many columns and rows it spans."""
    return cell.tag == "th", _span(cell, "colspan", _MAX_COLUMNS), _span(cell, "rowspan", _MAX_ROWS)


def _span(cell: Any, name: str, most: int) -> int:
    stated = cell.get(name, "1").strip()
    return max(1, min(int(stated), most)) if stated.isdecimal() and len(stated) < 8 else 1


def _header_rows(elements: list[Any], places: _Grid, words: Words) -> int | None:
    """Return how many rows at the top the markup makes headers; 0 if only rows have them; None if it does not say."""
    count = 0
    while count < min(len(elements), _MAX_HEADER_ROWS) and _is_header(elements[count], places.headers[count], words):
        count += 1
    if 0 < count < len(elements):
        return count
    named = all(row[:1] == [True] for row in places.headers if row)
    return 0 if named and any(not all(row) for row in places.headers) and count == 0 else None


def _is_header(row: Any, headers: list[bool], words: Words) -> bool:
    """Return whether a row is a header by its markup: in a `thead`, of `th` alone, or in bold."""
    filled = [cell for cell in _cells(row) if words(cell).strip()]
    if row.getparent() is not None and row.getparent().tag == "thead":
        return True
    if not filled:
        return False
    return all(headers[1:] or headers) or all(cell.tag == "th" or _is_bold(cell, words) for cell in filled)


def _is_bold(cell: Any, words: Words) -> bool:
    bold = " ".join(words(part) for part in cell.iter("b", "strong"))
    return one_line(bold) == one_line(words(cell))


def _header_columns(places: _Grid, heads: int) -> int | None:
    """Return how many columns at the left are headers in each row below the headers; None if the markup has none."""
    body = [row for row in places.headers[heads:] if row]
    counts = [row.index(False) if False in row else len(row) for row in body]
    least = min(counts, default=0)
    return least if least and least < max(map(len, body)) else None
