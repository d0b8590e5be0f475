"""Finds the parts of a page that may be tables, by rules and by words side by side, and replaces tables by one line."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from dataclasses import replace
from functools import partial
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from index.loading.pdf.lines import LEADER_DOTS, Line
from index.loading.pdf.reading_order import side_by_side
from index.loading.pdf.tables.columns import TABLE_CAPTION, is_number, without_leaders
from index.loading.pdf.tables.rulings import Rulings, read_rulings
from index.loading.pdf.tables.table_assembly import Region, assemble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.loading.pdf.lines import Direction, PageTable
    from index.loading.pdf.pdfium import PageText
    from index.loading.pdf.tables.columns import Lettered
    from index.loading.pdf.tables.rulings import Ruling


# Tells from the lines of a page alone, and quickly, whether it may have tables: most pages have none.

_PROSE_LENGTH = 25
_MIN_SUSPECTS = 2
_REACH = 6.0
"""How far apart rows may be that make a page worth a closer look, in type sizes."""
_MAYBE = 0.7
_SOME_NUMBERS = re.compile(r"(?:^|\s)\S{0,2}\d\S*\s+(?:\S+\s+)?\S{0,2}\d")
_BEHIND_LEADER = re.compile(rf"{LEADER_DOTS.pattern}([^.].*)$")
_NO_LETTERS = re.compile(r"[\W\d_]")
_SPARSE_LETTER_WIDTH = 0.72
"""The width of a letter, as a share of its size, in a line that has wide gaps."""


def may_have_tables(lines: Sequence[Line]) -> bool:
    """Return whether lines side by side, or within a line, look like cells."""
    near: list[tuple[float, float]] = []
    for level in side_by_side(lines):
        suspicion = _suspicion(level)
        if suspicion:
            bottom, size = level[0].bottom, level[0].size
            near = [(height, weight) for height, weight in near if height - bottom < _REACH * size]
            near.append((bottom, suspicion))
            if sum(weight for _, weight in near) >= _MIN_SUSPECTS:
                return True
    return any(TABLE_CAPTION.match(line.text) for line in lines)


def _suspicion(level: Sequence[Line]) -> float:
    """Return 1 if a level looks like a row, less if it may be a row with prose in it, or the last line of a column."""
    if len(level) == 1:
        return float(_has_gaps(level[0]))
    if is_suspect(level):
        return 1.0
    return _MAYBE if not all(map(is_prose, level)) else 0.0


def is_suspect(level: Sequence[Line]) -> bool:
    """Return whether the lines of a level look like the cells of a row."""
    cells = [line for line in level if not is_prose(line)]
    if len(level) > 1 and (len(cells) > 1 or any(is_number(line.text) for line in cells)):
        return True
    return any(_has_gaps(line) for line in cells)


def _has_gaps(line: Line) -> bool:
    """Return whether a line seems to have several cells: several numbers, or letters far apart on average."""
    text = line.text
    if " " not in text:
        return False
    if "...." in text or ". . ." in text:
        led = _BEHIND_LEADER.search(text)
        cells = led.group(1).split() if led else []
        return len(cells) > 1 and all(map(is_number, cells))
    if _SOME_NUMBERS.search(text):
        words = text.split()
        numbers = sum(map(is_number, words))
        if numbers > 1 and 2 * numbers >= len(words):
            return True
    least = _SPARSE_LETTER_WIDTH * line.size
    if line.width <= least * len(text):
        return False
    return line.width > least * (len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text))


def is_prose(line: Line) -> bool:
    """Return whether a line is longer than most cells, has mostly letters, and no wide gaps."""
    text = line.text
    return len(text) >= _PROSE_LENGTH and 3 * len(_NO_LETTERS.findall(text)) <= len(text) and not _has_gaps(line)


_PROSE_PITCH = 1.8
_SAME_ENDS = 5.0
_MIN_RULE_POINTS = 40.0
_DOUBLE = 3.0
"""Two rules at this distance are a double rule."""
_TOUCHING = 3.0
_PITCH = 2.4
"""The largest distance between rows without rules, in type sizes."""
_NEXT = 0.8
"""The largest space between a ruled part of a table and the next row, in type sizes."""
_SAME_SIZE = 1.25
_CAPTION_REACH = 4.0
_PROSE_WIDTH_SHARE = 0.6
_DIGIT = re.compile(r"\d")
_MAX_LINES = 1_500
_MIN_TYPE_POINTS = 0.5


def tables_as_lines(page: Any, text: PageText, lines: Sequence[Line], main: Direction) -> list[Line]:
    """Return the lines of a page, those of each table replaced by one line that has the table."""
    return tables_in(text, lines, main, partial(read_rulings, page, main))


def tables_in(
    text: Lettered, lines: Sequence[Line], main: Direction, rules: Callable[[], Rulings] = Rulings
) -> list[Line]:
    """Return the lines of a page, those of each table replaced by one line; its rules are asked for if they matter."""
    upright = [line for line in lines if not line.sideways and line.places and line.size > _MIN_TYPE_POINTS]
    if len(lines) > _MAX_LINES or not may_have_tables(upright):
        return list(lines)
    rulings = rules()
    free = list(upright)
    found: list[tuple[PageTable, list[Line]]] = []
    ruled = [*_stacks(rulings, upright), *_lattices(rulings)]
    tried: list[Region] = []
    for region in sorted(ruled, key=lambda region: -region.width * (region.top - region.bottom)):
        if any(_is_same(region, other) for other in tried):
            continue
        tried.append(region)
        region = replace(region, captioned=_has_caption(region, upright))
        for candidate in dict.fromkeys((_extended(region, free), region)):
            if _take(text, main, free, candidate, rulings, found):
                break
    for region in _aligned(free, upright):
        _take(text, main, free, region, rulings, found)
    return _replaced(lines, found)


def _is_same(a: Region, b: Region) -> bool:
    sides = ((a.left, b.left), (a.right, b.right), (a.bottom, b.bottom), (a.top, b.top))
    return a.ruled == b.ruled and all(abs(one - other) < _SAME_ENDS for one, other in sides)


def _take(
    text: Lettered,
    main: Direction,
    free: list[Line],
    region: Region,
    rulings: Rulings,
    found: list[tuple[PageTable, list[Line]]],
) -> bool:
    """Add the table of a region, and take its lines from the free ones; return whether there is one."""
    inside = [line for line in free if region.holds(line)]
    likely = len(inside) > 2 and not _is_mostly_prose(inside, region, rulings)
    table = assemble(text, main, inside, region, rulings) if likely else None
    own = _lines_of(table, inside, text) if table else []
    if table and own:
        found.append((table, own))
        taken = set(map(id, own))
        free[:] = [line for line in free if id(line) not in taken]
    return bool(table and own)


def _extended(region: Region, lines: Sequence[Line]) -> Region:
    """Return a region with the rows directly above and below, as when only some rows are shaded."""
    beside = [line for line in lines if line.left < region.right and line.right > region.left]
    levels = list(side_by_side(line for line in beside if not region.holds(line)))
    bottom, top = region.bottom, region.top
    if not region.shaded:
        return region
    for level in levels:
        high = max(line.top for line in level)
        if high <= bottom + 1 and bottom - high < _NEXT * level[0].size and is_suspect(level):
            bottom = min(line.bottom for line in level)
    for level in reversed(levels):
        low = min(line.bottom for line in level)
        if low >= top - 1 and low - top < _NEXT * level[0].size and is_suspect(level):
            top = max(line.top for line in level)
    return replace(region, bottom=bottom, top=top)


def _is_mostly_prose(lines: Sequence[Line], region: Region, rulings: Rulings) -> bool:
    """Return whether most lines are prose, and no vertical rule puts them into cells."""
    if 2 * sum(map(is_prose, lines)) <= len(lines):
        return False
    inner = (rule for rule in rulings.down if region.left + _SAME_ENDS < rule.at < region.right - _SAME_ENDS)
    return not any(rule.start < region.top and rule.end > region.bottom for rule in inner)


def _lines_of(table: PageTable, lines: Sequence[Line], text: Lettered) -> list[Line]:
    """Return the lines whose words are in a table; none if it has some words of a line but not all."""
    starts = sorted(start for start, _ in table.places)
    own = [line for line in lines if any(_between(starts, place.start, place.end) for place in line.places)]
    letters = sum(len("".join(without_leaders(text, place).split())) for line in own for place in line.places)
    return own if letters == sum(end - start for start, end in table.places) else []


def _between(starts: Sequence[int], first: int, end: int) -> bool:
    at = bisect_left(starts, first)
    return at < len(starts) and starts[at] < end


def _replaced(lines: Sequence[Line], found: Sequence[tuple[PageTable, list[Line]]]) -> list[Line]:
    """Return lines with that of each table in place of its first line."""
    first: dict[int, Line] = {}
    gone: set[int] = set()
    for table, inside in found:
        top = max(inside, key=lambda line: line.bottom)
        left, right = min(line.left for line in inside), max(line.right for line in inside)
        size = median(line.size for line in inside)
        gone.update(map(id, inside))
        own = set(map(id, inside))
        anchor = next(line for line in lines if id(line) in own)
        first[id(anchor)] = Line(table.text, left, right, top.bottom, top.bottom + size, table=table)
    return [first.get(id(line), line) for line in lines if id(line) in first or id(line) not in gone]


def _has_caption(region: Region, lines: Sequence[Line]) -> bool:
    """Return whether a caption of a table is next to a region."""
    for line in lines:
        near = region.bottom - _CAPTION_REACH * line.size < line.bottom < region.top + _CAPTION_REACH * line.size
        beside = line.left < region.right and line.right > region.left
        if near and beside and TABLE_CAPTION.match(line.text):
            return True
    return False


def _lattices(rulings: Rulings) -> Iterator[Region]:
    """Yield the frames of rules that touch each other, from the largest; at least one rule divides each."""
    groups: list[tuple[list[Ruling], list[Ruling]]] = []
    for rule in rulings.across:
        own = [down for down in rulings.down if _meet(rule, down)]
        if not own:
            continue
        joined = [group for group in groups if any(down in group[1] for down in own)]
        across = [rule, *(other for group in joined for other in group[0])]
        downs = list(dict.fromkeys([*own, *(other for group in joined for other in group[1])]))
        groups = [group for group in groups if not any(group is other for other in joined)] + [(across, downs)]
    for across, downs in groups:
        if (
            len({round(rule.at / _DOUBLE) for rule in across}) > 2
            or len({round(rule.at / _DOUBLE) for rule in downs}) > 2
        ):
            yield _frame(across, downs)


def _meet(across: Ruling, down: Ruling) -> bool:
    return (
        across.start - _TOUCHING <= down.at <= across.end + _TOUCHING
        and down.start - _TOUCHING <= across.at <= down.end + _TOUCHING
    )


def _frame(across: Sequence[Ruling], down: Sequence[Ruling]) -> Region:
    left, right = min(rule.start for rule in across), max(rule.end for rule in across)
    bottom = min(*(rule.at for rule in across), *(rule.start for rule in down))
    top = max(*(rule.at for rule in across), *(rule.end for rule in down))
    return Region(left, right, bottom, top, ruled=True, shaded=all(rule.shade for rule in across))


def _stacks(rulings: Rulings, lines: Sequence[Line]) -> Iterator[Region]:
    """Yield the parts between rules of one length above each other, as far as they have no prose."""
    groups: list[list[Ruling]] = []
    for rule in rulings.across:
        if rule.length < _MIN_RULE_POINTS:
            continue
        group = next((group for group in groups if _same_ends(group[-1], rule)), None)
        if group is None:
            groups.append([rule])
        else:
            group.append(rule)
    for group in groups:
        yield from _chains(group, lines)


def _same_ends(a: Ruling, b: Ruling) -> bool:
    return abs(a.start - b.start) < _SAME_ENDS and abs(a.end - b.end) < _SAME_ENDS


def _chains(rules: Sequence[Ruling], lines: Sequence[Line]) -> Iterator[Region]:
    chain = [rules[0]]
    for above, below in pairwise(rules):
        strip = Region(above.start, above.end, below.at, above.at)
        inside = [line for line in lines if strip.holds(line)]
        if above.at - below.at > _DOUBLE and (not inside or _is_text(inside, strip)):
            yield from _chain(chain)
            chain = []
        chain.append(below)
    yield from _chain(chain)


def _chain(rules: Sequence[Ruling]) -> Iterator[Region]:
    if len(rules) > 1:
        left, right = min(rule.start for rule in rules), max(rule.end for rule in rules)
        inside = [rule for rule in rules[1:-1] if rules[0].at - rule.at > _DOUBLE < rule.at - rules[-1].at]
        shaded = all(rule.shade for rule in rules)
        yield Region(left, right, rules[-1].at, rules[0].at, ruled=bool(inside), shaded=shaded)


def _is_text(lines: Sequence[Line], strip: Region) -> bool:
    """Return whether lines between two rules are paragraphs, in one column or in several."""
    levels = list(side_by_side(lines))
    prose = sum(all(is_prose(line) for line in level) for level in levels)
    wide = sum(
        len(level) == 1 and level[0].width > _PROSE_WIDTH_SHARE * strip.width and is_prose(level[0]) for level in levels
    )
    return wide > len(levels) / 2 or (len(levels) > 12 and prose > len(levels) / 2)


def _aligned(lines: Sequence[Line], page: Sequence[Line]) -> Iterator[Region]:
    """Yield the parts of a page where rows of short lines stand below each other, from the top."""
    prose = set(map(id, _paragraph_lines(lines)))
    group: list[list[Line]] = []
    for level in side_by_side([line for line in lines if id(line) not in prose]):
        if group and not _follows(group[-1], level):
            yield from _group(group, page)
            group = []
        group.append(level)
    yield from _group(group, page)


def _follows(above: Sequence[Line], level: Sequence[Line]) -> bool:
    size = median(line.size for line in level)
    near = above[0].bottom - level[0].bottom <= _PITCH * size
    alike = 1 / _SAME_SIZE < size / median(line.size for line in above) < _SAME_SIZE
    beside = min(line.left for line in level) < max(line.right for line in above)
    return near and alike and beside and max(line.right for line in level) > min(line.left for line in above)


def _group(levels: Sequence[Sequence[Line]], page: Sequence[Line]) -> Iterator[Region]:
    suspects = [number for number, level in enumerate(levels) if is_suspect(level)]
    if len(suspects) < _MIN_SUSPECTS:
        return
    lines = [line for level in levels[suspects[0] : suspects[-1] + 1] for line in level]
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    region = Region(left, right, min(line.bottom for line in lines), max(line.top for line in lines))
    numbered = sum(any(map(_DIGIT.search, (line.text for line in level))) for level in levels)
    region = replace(region, captioned=_has_caption(region, page))
    if numbered >= _MIN_SUSPECTS or region.captioned:
        yield region


def _paragraph_lines(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines of prose that have another line of prose above or below."""
    prose = sorted((line for line in lines if is_prose(line)), key=lambda line: -line.bottom)
    for number, line in enumerate(prose):
        near = prose[max(0, number - 8) : number + 9]
        if any(other is not line and _is_next(line, other) for other in near):
            yield line


def _is_next(line: Line, other: Line) -> bool:
    drop = abs(line.bottom - other.bottom)
    shared = min(line.right, other.right) - max(line.left, other.left)
    return 0.5 * line.size < drop < _PROSE_PITCH * line.size and shared > 0.5 * min(line.width, other.width)
