"""Lines and words of recognised pages: sizes of type, tilted pages, and the exact spans of words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from index.loading.pdf.word_boxes import boxes_of
from index.loading.recognition.engine import PageWords, PrintedWord
from index.loading.recognition.ink import PageSize
from index.loading.recognition.printed_lines import recognised_sheets
from index.records.boxes import pages_of
from tests.loading.printed_pages import page_words

if TYPE_CHECKING:
    from index.records import WordBox

A4 = PageSize(595, 842)


def test_type_sizes_are_estimated_from_letters() -> None:
    """Lines of one size have it whatever their letters; a heading is larger."""
    rows = [("aces", 0.50), ("Hold", 0.71), ("gape", 0.71), ("Yelping", 0.93), ("moose", 0.52), ("HARBOUR", 1.42)]
    words = []
    for number, (text, height) in enumerate(rows):
        top = 0.1 + 0.05 * number
        words.append(PrintedWord(text, 0.1, top, 0.4, top + height * 12 / 842, 0.9, number))
    (sheet,) = recognised_sheets([(PageWords(tuple(words)), A4)])
    sizes = [line.size for line in sheet.lines]
    assert sizes[:5] == pytest.approx([12] * 5, rel=0.03)
    assert len({round(size, 6) for size in sizes[:5]}) == 1
    assert sizes[5] == pytest.approx(24, rel=0.05)


@pytest.mark.parametrize("degrees", [-2.0, 1.5])
def test_tilted_lines_are_levelled(degrees: float) -> None:
    """The lines of a tilted scan are as high and as far from each other as those of a straight one."""
    straight = page_words(["the harbour of the old town was closed for the winter"] * 8, height=0.014)
    slope = math.tan(math.radians(degrees)) * A4.width / A4.height
    tilted = tuple(
        word._replace(top=word.top + slope * word.left, bottom=word.bottom + slope * word.right)
        for word in straight.words
    )
    level, sheet = (recognised_sheets([(PageWords(words), A4)])[0] for words in (straight.words, tilted))
    assert len(sheet.lines) == len(level.lines) == 8
    for line, before in zip(sheet.lines, level.lines, strict=True):
        assert line.size == pytest.approx(before.size, rel=0.15)
    drops = [above.bottom - below.bottom for above, below in zip(sheet.lines, sheet.lines[1:], strict=False)]
    assert drops == pytest.approx([0.028 * A4.height] * 7, rel=0.02)


def test_wide_gaps_and_turned_pages() -> None:
    """Words far apart are cells or columns; a page on its side has the lines of the upright one."""
    words = (
        PrintedWord("Ships", 0.1, 0.1, 0.2, 0.112, 0.9, 0),
        PrintedWord("lost", 0.21, 0.1, 0.26, 0.112, 0.9, 0),
        PrintedWord("Harbours", 0.6, 0.1, 0.75, 0.112, 0.9, 0),
    )
    (sheet,) = recognised_sheets([(PageWords(words), A4)])
    assert [line.text for line in sheet.lines] == ["Ships lost", "Harbours"]
    turned = (PrintedWord("tern", 0.1, 0.6, 0.12, 0.9, 0.9, 0),)
    (sheet,) = recognised_sheets([(PageWords(turned, 90), A4)])
    assert sheet.height == A4.width
    assert sheet.lines[0].left == pytest.approx(0.1 * A4.height)
    assert sheet.lines[0].top == pytest.approx(0.9 * A4.width, abs=5)


def words_of(page: PageWords, text: str) -> list[WordBox]:
    """Return the boxes of the words of a text that was made from a page."""
    (sheet,) = recognised_sheets([(page, A4)])
    places = [(0, place.start, place.end) for line in sheet.lines for place in line.places]
    return [word for part in pages_of([boxes_of(text, places, [sheet.letters])]) for word in part.words()]


def test_words_are_exact_slices() -> None:
    """A broken word has two parts without its hyphen; a word that the text lacks has no span."""
    page = page_words(["The Arctic was moor-", "ed, well-known here"])
    text = "The Arctic was moored, well-known here"
    found = words_of(page, text)
    slices = [text[word.start : word.end] for word in found]
    assert slices == ["The", "Arctic", "was", "moor", "ed,", "well-known", "here"]
    assert {word.page for word in found} == {0}
    assert found[3].right < 1
    assert found[4].top > found[3].top
    page = page_words(["one two three"])
    text = "one three"
    assert [text[word.start : word.end] for word in words_of(page, text)] == ["one", "three"]


def test_ideographs_have_no_blanks_between_them() -> None:
    """Words of one letter are joined as they are written, Korean and Latin ones are not; each keeps its exact span."""
    page = page_words(["人 人 生 而 自由 ， PDF 是 文件", "모든 인간은 자유로운"])
    (sheet,) = recognised_sheets([(page, A4)])
    text = "人人生而自由， PDF 是文件 모든 인간은 자유로운"
    assert " ".join(line.text for line in sheet.lines) == text
    assert page.text == text
    found = words_of(page, text)
    assert [text[word.start : word.end] for word in found] == [word.text for word in page.words]
