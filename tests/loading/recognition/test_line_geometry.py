"""What is measured on a page before it is read: the slant, the height of words, and where most of them are."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from index.loading.recognition.engine import PrintedWord
from index.loading.recognition.page_images import sample, slant, slanted_back, straightened, word_height
from tests.loading.printed_pages import drawn


def page(degrees: float = 0.0) -> Image.Image:
    """Return a page with thirty lines of strokes, turned anticlockwise."""
    drawn = Image.new("L", (900, 1200), 255)
    pen = ImageDraw.Draw(drawn)
    for line in range(30):
        for stroke in range(60):
            left, top = 100 + stroke * 11, 120 + line * 32
            pen.rectangle((left, top, left + 3 + stroke % 4, top + 14), fill=0)
    return drawn.rotate(degrees, expand=True, fillcolor=255)


@pytest.mark.parametrize("degrees", [-6.0, -2.5, 1.5, 4.0])
def test_a_slant_is_measured(degrees: float) -> None:
    """To half a degree."""
    assert slant(page(degrees)) == pytest.approx(-degrees, abs=0.5)


@pytest.mark.parametrize("degrees", [0.0, 0.4])
def test_a_page_that_is_nearly_straight_is_left_as_it_is(degrees: float) -> None:
    """Engines read it well."""
    assert slant(page(degrees)) == 0.0


def test_a_picture_without_lines_has_no_slant() -> None:
    """Nor has one that is too small for lines."""
    assert slant(Image.new("L", (300, 200), 255)) == 0.0
    assert slant(Image.radial_gradient("L")) == 0.0
    assert slant(Image.new("L", (2000, 1), 0)) == 0.0


@pytest.mark.parametrize("degrees", [-5.0, 3.0])
def test_boxes_lie_where_the_words_are(degrees: float) -> None:
    """A spot of the slanted page is found on the straight one, and its box leads back to it."""
    slanted = Image.new("L", (1000, 1400), 255)
    ImageDraw.Draw(slanted).rectangle((700, 300, 719, 309), fill=0)
    straight = straightened(slanted, degrees)
    left, top, right, bottom = straight.point(lambda grey: 255 * (grey < 128)).getbbox() or (0, 0, 0, 0)
    box = left / straight.width, top / straight.height, right / straight.width, bottom / straight.height
    (word,) = slanted_back([PrintedWord("spot", *box, 0.9, 0)], degrees, straight.size, slanted.size)
    back = word.left * 1000, word.top * 1400, word.right * 1000, word.bottom * 1400
    assert back == pytest.approx((700, 300, 720, 310), abs=4)


@pytest.mark.parametrize("size", [12, 16, 22, 40])
def test_height_of_words_is_measured(size: int) -> None:
    """To a fifth: it is about three quarters of the type size."""
    assert word_height(drawn(size=size, width=900 // size)) == pytest.approx(0.8 * size, rel=0.2)
    assert word_height(Image.new("L", (600, 800), 255)) == 0.0


def test_sample_is_where_the_words_are() -> None:
    """It has about five lines, as wide as the page; of a page without words it is a small part."""
    text = page()
    low = Image.new("L", (900, 4000), 255)
    low.paste(text.crop((0, 100, 900, 1080)), (0, 2500))
    part = sample(low)
    assert part.width == 900
    assert 100 < part.height < 260
    assert part.getextrema() == (0, 255)
    assert sample(Image.new("L", (600, 600), 255)).size == (600, 100)
