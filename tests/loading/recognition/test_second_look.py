"""What a second reading of a page adds to the first, and what is read again."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from index.loading.recognition.engine import PrintedWord
from index.loading.recognition.tesseract import clippings, put_back, with_missed

FIRST = (PrintedWord("Kiel", 0.1, 0.1, 0.2, 0.12, 0.9, 0), PrintedWord("—-16", 0.3, 0.1, 0.35, 0.12, 0.3, 0))
SIZE = (1000, 1000)


def second(text: str, left: float, right: float, confidence: float = 0.95) -> tuple[PrintedWord, ...]:
    """Return one word on the level of those of the first reading."""
    return (PrintedWord(text, left, 0.1, right, 0.12, confidence, 0),)


def page(*inked: tuple[int, int, int, int]) -> Image.Image:
    """Return a page with ink in the words of the first reading, and in some boxes."""
    drawn = Image.new("L", SIZE, 240)
    for box in ((100, 100, 200, 120), (300, 100, 350, 120), *inked):
        ImageDraw.Draw(drawn).rectangle(box, fill=20)
    return drawn


def test_missed_ink_and_doubtful_words_are_read_again() -> None:
    """They are cut out, line by line; words that are sure, large ink and specks are not."""
    sure = tuple(word._replace(confidence=0.9) for word in FIRST)
    assert clippings(page((500, 300, 900, 700), (50, 50, 52, 52)), sure) is None
    found = clippings(page((500, 300, 516, 318)), FIRST)
    assert found is not None
    small, clipped = found
    assert [round(one.box[0] / 100) for one in clipped] == [3, 5]
    assert small.width * small.height < 0.02 * SIZE[0] * SIZE[1]
    assert small.getextrema() == (20, 240)


def test_words_that_are_read_again_have_their_boxes_on_the_page() -> None:
    """Each lies where its ink was cut out."""
    found = clippings(page((500, 300, 516, 318)), FIRST)
    assert found is not None
    small, clipped = found
    own = clipped[1]
    left, top = own.left + 500 - own.box[0], own.top + 300 - own.box[1]
    width, height = small.size
    word = PrintedWord("5", left / width, top / height, (left + 16) / width, (top + 18) / height, 0.9, 7)
    (back,) = put_back((word,), clipped, small.size, SIZE)
    assert back[1:5] == pytest.approx((0.5, 0.3, 0.516, 0.318), abs=0.002)


def test_missed_words_are_added_on_lines_of_their_own() -> None:
    """The words of the first reading stay."""
    found = with_missed(FIRST, second("5", 0.5, 0.51))
    assert [word.text for word in found] == ["Kiel", "—-16", "5"]
    assert found[2].line == 1


def test_doubtful_words_are_replaced_by_sure_ones() -> None:
    """In their line, with the confidence of the second reading."""
    found = with_missed(FIRST, second("16", 0.301, 0.35))
    assert [(word.text, word.confidence, word.line) for word in found] == [("Kiel", 0.9, 0), ("16", 0.95, 0)]


def test_sure_words_stay_and_doubtful_ones_add_nothing() -> None:
    """A word that touches another one is not a missed one."""
    assert with_missed(FIRST, second("Keil", 0.1, 0.2)) == FIRST
    assert with_missed(FIRST, second("5", 0.5, 0.51, confidence=0.6)) == FIRST
    assert with_missed(FIRST, second("elKi", 0.17, 0.25)) == FIRST
    assert with_missed(FIRST, second("16 of 20", 0.3, 0.6)) == FIRST
