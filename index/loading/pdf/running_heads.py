"""Removes running heads, running feet and page numbers: they repeat on every page, and nobody quotes them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.loading.pdf.lines import Line, Sheet

_EDGE = 0.18
"""The share of a page's height, at its top and at its foot, that may contain furniture."""
_LINES_AT_EDGE = 3
_FEWEST_PAGES = 3
_FEWEST_NUMBERS = 2
_SHARE = 0.2
_SAME_PLACE = 4.0
_REGULAR = 0.8
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"(?=[ivxlc])(?:xc|xl|l?x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE | re.ASCII)
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_LONGEST = 150
_LARGER = 1.1


@dataclass(frozen=True, slots=True)
class _Candidate:
    page: int
    line: Line
    at_top: bool
    pattern: tuple[str, ...]
    """The text in lower case, split at the numbers; it has one part more than `numbers`."""
    numbers: tuple[int, ...]

    @property
    def is_bare(self) -> bool:
        """Whether it has a number and no letters."""
        return bool(self.numbers) and not any(map(str.isalpha, "".join(self.pattern)))

    @property
    def has_number_at_end(self) -> bool:
        """Whether a number stands at one of its ends, separate from the words."""
        begins = not self.pattern[0] and "".join(self.pattern[1:2]).startswith(" ")
        return begins or (not self.pattern[-1] and "".join(self.pattern[-2:-1]).endswith(" "))


def without_furniture(sheets: Sequence[Sheet], body: float) -> tuple[list[list[Line]], tuple[str, ...]]:
    """Return the lines of each page without furniture, and a note on the lines that were removed.

    Type larger than the body is a heading, even if every page begins with one. If no line would be left, all stay.
    """
    candidates = [
        _Candidate(page, line, at_top, *_pattern(line.text))
        for page, sheet in enumerate(sheets)
        for line, at_top in _edge_lines(sheet)
        if line.size <= _LARGER * body
    ]
    groups: dict[tuple[tuple[str, ...], bool], list[_Candidate]] = defaultdict(list)
    for candidate in candidates:
        groups[candidate.pattern, candidate.at_top].append(candidate)
    found = [candidate for group in groups.values() for candidate in _repeated(group, len(sheets))]
    found += _beside_page_numbers(candidates, found)
    dropped = {(candidate.page, candidate.line) for candidate in found}
    kept = [[line for line in sheet.lines if (page, line) not in dropped] for page, sheet in enumerate(sheets)]
    if not any(kept):
        return [list(sheet.lines) for sheet in sheets], ()
    heads = {candidate.page for candidate in found if not candidate.is_bare}
    numbers = {candidate.page for candidate in found if candidate.is_bare}
    return kept, _note(len(heads), len(numbers))


def _beside_page_numbers(candidates: list[_Candidate], found: list[_Candidate]) -> list[_Candidate]:
    """Return the heads that change with the chapter: a page number is in their row, or at one of their ends."""
    counted = {(_place(candidate), number - candidate.page) for candidate in found for number in candidate.numbers}
    rows = {(candidate.page, _place(candidate)) for candidate in found if candidate.is_bare}

    def is_beside(candidate: _Candidate) -> bool:
        counts = any((_place(candidate), number - candidate.page) in counted for number in candidate.numbers)
        return (candidate.has_number_at_end and counts) or (candidate.page, _place(candidate)) in rows

    known = {(candidate.page, candidate.line) for candidate in found}
    return [other for other in candidates if (other.page, other.line) not in known and is_beside(other)]


def _place(candidate: _Candidate) -> int:
    return round(candidate.line.bottom / _SAME_PLACE)


def _edge_lines(sheet: Sheet) -> Iterator[tuple[Line, bool]]:
    """Yield the outermost lines of a page, and whether they stand at its top."""
    upright = sorted((line for line in sheet.lines if not line.sideways), key=lambda line: -line.bottom)
    if not upright:
        return
    base = min(0.0, upright[-1].bottom)
    for at_top, lines in ((True, upright[:_LINES_AT_EDGE]), (False, upright[-_LINES_AT_EDGE:])):
        for line in lines:
            height = (line.bottom - base) / max(sheet.height, 1.0)
            if not line.table and len(line.text) <= _LONGEST and (height > 1 - _EDGE if at_top else height < _EDGE):
                yield line, at_top


def _pattern(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the words around the numbers, and the numbers. A Roman numeral counts only if it stands alone."""
    if _ROMAN.fullmatch(text):
        return ("", ""), (_roman(text.lower()),)
    words = " ".join(text.lower().split())
    return tuple(_NUMBER.split(words)), tuple(int(number[:9]) for number in _NUMBER.findall(words))


def _roman(text: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


def _repeated(group: list[_Candidate], pages: int) -> list[_Candidate]:
    """Return the candidates at one place on many pages whose numbers are constant or count the pages."""
    places = Counter(map(_place, group))
    place = max(places, key=lambda key: places[key - 1] + places[key] + places[key + 1])
    found = [candidate for candidate in group if abs(_place(candidate) - place) <= 1]
    on = len({candidate.page for candidate in found})
    if group[0].is_bare:
        return _counting(found) if on >= _FEWEST_NUMBERS else []
    reach = found[-1].page - found[0].page + 1
    if on < _FEWEST_PAGES or on < _SHARE * min(pages, reach):
        return []
    return found if len({candidate.numbers for candidate in found}) == 1 else _counting(found)


def _counting(found: list[_Candidate]) -> list[_Candidate]:
    """Return the candidates with a number that goes up with the page; other numbers are not page numbers."""
    best: list[_Candidate] = []
    for slot in range(len(found[0].numbers)):
        offsets = Counter(candidate.numbers[slot] - candidate.page for candidate in found)
        offset, _ = offsets.most_common(1)[0]
        regular = [candidate for candidate in found if candidate.numbers[slot] - candidate.page == offset]
        if len(regular) > len(best):
            best = regular
    enough = len({candidate.page for candidate in best}) >= _FEWEST_NUMBERS
    whole_run = found if len(best) >= _REGULAR * len(found) else best
    return whole_run if enough else []


def _note(heads: int, numbered: int) -> tuple[str, ...]:
    parts = []
    if heads:
        parts.append(f"a running head or foot on {_pages(heads)}")
    if numbered:
        parts.append(f"page numbers on {_pages(numbered)}")
    return (f"Left out of passages: {', '.join(parts)}.",) if parts else ()


def _pages(count: int) -> str:
    return "1 page" if count == 1 else f"{count} pages"
