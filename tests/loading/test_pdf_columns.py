"""PDF: columns of a page that is painted row by row are read one after the other, whatever surrounds them."""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from index.loading.loader import load_bytes
from index.loading.pdf.lines import Line
from index.loading.pdf.reading_order import lines_in_reading_order
from index.loading.recognition.recogniser import Recogniser, RecognitionOptions
from tests.cases import cases
from tests.loading.pdfs import Printed, build
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WORDS = re.findall(
    r"\w+", "the of a bee hive clover meadow river lantern harbour and in winter honey village every dew"
)
_SEEDS = range(length(2, 4))
_SIZE, _PITCH = 10, 13
_TWO, _THREE, _FOUR = (72, 320), (54, 226, 398), (40, 180, 320, 460)


@dataclass
class Sheet:
    """A page whose lines are added in reading order; each line begins with a number of its own."""

    chance: random.Random
    lines: list[tuple[Printed, float]] = field(default_factory=list)

    def write(self, x: float, y: float, length: int, size: float = _SIZE, *, rank: float | None = None) -> None:
        """Add a line of about this many letters; lines of one `rank` may be read in any order."""
        words = f"k{len(self.lines):03d}z"
        while len(words) < length - 6:
            words += f" {self.chance.choice(_WORDS)}"
        place = len(self.lines) if rank is None else rank
        self.lines.append((Printed(x, y, words[:length].strip(), size), place))

    def columns(
        self, places: Sequence[float], heights: Sequence[float], lengths: Callable[[int], int], size: float = _SIZE
    ) -> None:
        """Add columns of lines, one column after the other."""
        for x in places:
            for number, y in enumerate(heights):
                self.write(x, y, lengths(number), size)

    def length(self, least: float = 0.5, most: float = 1.0) -> int:
        """Return the length of a line in one of two columns: a share of 42 letters."""
        return int(42 * self.chance.uniform(least, most))

    def misplaced(self, *, by_rows: bool = True) -> int:
        """Paint and load the page; return how many lines would have to move to be in reading order."""
        rank = {printed.words[:5]: place for printed, place in self.lines}
        printed = [line for line, _ in self.lines]
        painted = sorted(printed, key=lambda line: (-line.y, line.x)) if by_rows else printed
        no_engine = Recogniser(RecognitionOptions("off"))  # else pages of random words would be recognised as well
        keys = re.findall(r"k\d{3}z", load_bytes(build([painted]), source="a.pdf", recogniser=no_engine).text)
        assert sorted(keys) == sorted(rank)
        ends: list[float] = []
        for key in keys:
            at = bisect_right(ends, rank[key])
            ends[at : at + 1] = [rank[key]]
        return len(keys) - len(ends)


def heights(top: float, lines: int) -> list[float]:
    """Return the heights of lines below each other."""
    return [top - _PITCH * number for number in range(lines)]


def _ragged(sheet: Sheet) -> None:
    sheet.columns(_TWO, heights(720, 40), lambda _: sheet.length())


def _entries_apart(sheet: Sheet) -> None:
    places = [y for y in heights(720, 44) if sheet.chance.random() < 0.7]
    sheet.columns(_TWO, places, lambda _: sheet.length())


def _short_entries(sheet: Sheet) -> None:
    full = sheet.chance.randint(4, 22)
    sheet.columns(_TWO, heights(720, 25), lambda number: 42 if number in {full, full + 1} else sheet.length(0.5, 0.7))


def _verse(sheet: Sheet) -> None:
    places = [720 - 13 * (5 * stanza + line) for stanza in range(8) for line in range(4)]
    sheet.columns(_TWO, places, lambda _: sheet.length(0.55, 0.85))


def _short_title(sheet: Sheet) -> None:
    sheet.write(sheet.chance.choice([72, 200]), 745, 14, 18)
    _ragged(sheet)


def _names(sheet: Sheet, *, centred: bool, space: float) -> None:
    sheet.write(130, 750, 38, 17)
    for y in heights(722, 3):
        for x in _TWO:
            length = sheet.chance.randint(14, 28)
            sheet.write(x + (100 - 2.5 * length if centred else 0), y, length, rank=1)
    sheet.columns(_TWO, heights(722 - 3 * _PITCH - space, 30), lambda _: sheet.length(0.9))


def _one_column_is_short(sheet: Sheet) -> None:
    short = sheet.chance.randint(6, 9)
    for x, lines in zip(_TWO, sheet.chance.sample([40, short], 2), strict=True):
        sheet.columns([x], heights(700, lines), lambda _: sheet.length(0.9))


def _foot(sheet: Sheet) -> None:
    _ragged(sheet)
    for x, letters in sheet.chance.choice([((72, 14),), ((72, 14), (480, 8)), ((290, 6),)]):
        sheet.write(x, 720 - 40 * _PITCH - 20, letters)


def _head(sheet: Sheet) -> None:
    sheet.write(72, 748, 14)
    sheet.write(500, 748, 8)
    _ragged(sheet)


def _heading_across(sheet: Sheet) -> None:
    sheet.columns(_TWO, heights(720, 12), lambda _: sheet.length())
    sheet.write(72, 545, 75, 12)
    sheet.columns(_TWO, heights(520, 12), lambda _: sheet.length())


def _table(sheet: Sheet, places: Sequence[float]) -> None:
    sheet.columns(_TWO, heights(720, 12), lambda _: sheet.length(0.9))
    for y in heights(540, 6):
        for x in places:
            sheet.write(x, y, sheet.chance.randint(8, 14))
    sheet.columns(_TWO, heights(440, 12), lambda _: sheet.length(0.9))


def _table_in_a_column(sheet: Sheet) -> None:
    for number, y in enumerate(heights(720, 30)):
        if 8 <= number < 14:
            for x in (72, 150, 230):
                sheet.write(x, y, 8)
        else:
            sheet.write(72, y, sheet.length(0.4))
    sheet.columns(_TWO[1:], heights(720, 30), lambda _: sheet.length(0.4))


def _headings_set_out(sheet: Sheet) -> None:
    for x in (84, 332):
        for number, y in enumerate(heights(720, 36)):
            heading = number % 9 == 4
            sheet.write(x - 14 * heading, y, 14 if heading else sheet.length(0.7, 0.95))


LAYOUTS: dict[str, Callable[[Sheet], None]] = {
    "prose": lambda sheet: sheet.columns(_TWO, heights(700, 30), lambda _: sheet.length(0.9)),
    "three": lambda sheet: sheet.columns(_THREE, heights(720, 30), lambda _: sheet.length(0.55, 0.68)),
    "four": lambda sheet: sheet.columns(_FOUR, heights(720, 30), lambda _: sheet.length(0.58, 0.62), size=9),
    "names at the margins": lambda sheet: _names(sheet, centred=False, space=20),
    "centred names": lambda sheet: _names(sheet, centred=True, space=12),
    "table of three": lambda sheet: _table(sheet, (72, 270, 440)),
    "table of four": lambda sheet: _table(sheet, (72, 190, 320, 440)),
    **{layout.__name__: layout for layout in (_ragged, _entries_apart, _short_entries, _verse, _short_title, _foot)},
    **{layout.__name__: layout for layout in (_one_column_is_short, _head, _heading_across, _table_in_a_column)},
    "headings set out": _headings_set_out,
}


@cases("by_rows", [True, False], ids=["by rows", "as read"])
@cases("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_columns_are_read_one_after_the_other(layout: Callable[[Sheet], None], *, by_rows: bool) -> None:
    """No line is out of order, whether the page is painted row by row or in reading order."""
    for seed in _SEEDS:
        sheet = Sheet(random.Random(seed))
        layout(sheet)
        assert sheet.misplaced(by_rows=by_rows) == 0, seed


def _painted_by_rows(columns: Sequence[tuple[float, Sequence[str]]]) -> list[Line]:
    """Return the lines of adjacent columns, in the order of their rows."""
    return [
        Line(text, x, x + 200, bottom, bottom + 10)
        for bottom, *row in zip(count(700, -13), *(texts for _, texts in columns), strict=False)
        for (x, _), text in zip(columns, row, strict=True)
    ]


def test_columns_of_other_scripts_are_read_in_order() -> None:
    """Chinese lines have fewer, wider letters; in Hebrew and Arabic, the right column is the first one."""
    left, right = ["蜜蜂在清晨離開蜂巢飛向山谷"] * 12, ["而村裡的人還在屋子裡睡覺呢"] * 12
    assert [line.text for line in lines_in_reading_order(_painted_by_rows([(72, left), (320, right)]))] == left + right
    left, right = ["והאנשים בכפר עדיין ישנו בבתיהם"] * 12, ["הדבורים עזבו את הכוורת מוקדם בבוקר"] * 12
    assert [line.text for line in lines_in_reading_order(_painted_by_rows([(72, left), (320, right)]))] == right + left


def test_table_with_long_cells_keeps_its_rows() -> None:
    """Three cells in a row, few of which are prose, are not columns."""
    rows = [("pounds (force) per square inch", "6.894757", "kilopascals")] * 12
    lines = [
        Line(text, x, x + 5 * len(text), bottom, bottom + 10)
        for bottom, row in zip(count(700, -16), rows, strict=False)
        for x, text in zip((117, 331, 412), row, strict=True)
    ]
    assert {line.text for line in lines_in_reading_order(lines)} == {" ".join(rows[0])}


def test_cells_painted_one_by_one_keep_their_order() -> None:
    """A file that paints each cell of several lines at once states the reading order."""
    lines = [
        Line(f"{side} {row} {part} of the village of bees", x, x + 160, top - 10 - 13 * part, top - 13 * part)
        for row, top in enumerate(range(710, 500, -26))
        for side, x in (("what", 72), ("why", 320))
        for part in range(2)
    ]
    assert lines_in_reading_order(lines) == lines


@cases("seed", [2, 8, 15])
def test_large_spaces_between_entries_set_nothing_apart(seed: int) -> None:
    """Entries far below the others, at both margins, are no foot, and a third of the page is no head."""
    sheet = Sheet(random.Random(seed))
    _entries_apart(sheet)
    assert sheet.misplaced() == 0
