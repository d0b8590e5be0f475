"""Rules and shades in pictures of pages: found, and taken out before words are recognised."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from index.loading.recognition.engine import PrintedWord
from index.loading.recognition.page_images import (
    evened,
    sample,
    slant,
    slanted_back,
    straightened,
    without_rules,
    word_height,
)
from tests.loading.printed_pages import drawn

ACROSS, DOWN = (300, 400, 500, 600), (100, 300, 500)


def ruled(turn: float = 0.0) -> Image.Image:
    """Return a page with words, and the rules of a table of three rows and two columns below them."""
    page = drawn("The ships of Kiel in the year 1911.")
    pen = ImageDraw.Draw(page)
    for y in ACROSS:
        pen.line((DOWN[0], y, DOWN[-1], y), fill=0, width=2)
    for x in DOWN:
        pen.line((x, ACROSS[0], x, ACROSS[-1]), fill=0, width=2)
    return page.rotate(turn, resample=Image.Resampling.BICUBIC, fillcolor=255)


@pytest.mark.parametrize("turn", [0.0, 0.7, -0.7])
def test_rules_are_found_and_taken_out(turn: float) -> None:
    """Also those of a tilted scan; the words stay as they are."""
    page = ruled(turn)
    plain, rules = without_rules(page)
    across = sorted((rule for rule in rules if rule.right - rule.left > 0.3), key=lambda rule: rule.top)
    down = sorted((rule for rule in rules if rule.bottom - rule.top > 0.3), key=lambda rule: rule.left)
    assert [(rule.top + rule.bottom) / 2 * page.height for rule in across] == pytest.approx(ACROSS, abs=5)
    assert [(rule.left + rule.right) / 2 * page.width for rule in down] == pytest.approx(DOWN, abs=5)
    assert (across[0].top > across[0].bottom) == (turn > 0)
    levels = np.array(plain)
    assert levels[200:].min() > 120
    assert np.array_equal(levels[:200], np.array(page)[:200])


def test_page_of_words_or_photographs_is_left_alone() -> None:
    """Letters are no rules, however large, nor is noise or a dark surface; a very small picture is not examined."""
    for size in (14, 22, 60):
        page = drawn(size=size, width=960 // size)
        assert without_rules(page) == (page, ())
        assert evened(page) is page
    noise = Image.frombytes("L", (600, 800), random.Random(1).randbytes(480_000))
    dark = Image.new("L", (600, 800), 255)
    ImageDraw.Draw(dark).rectangle((50, 50, 550, 700), fill=20)
    for picture in (noise, dark, Image.new("L", (600, 800), 0), Image.new("L", (30, 20), 0)):
        assert without_rules(picture) == (picture, ())


def test_shaded_head_is_made_light() -> None:
    """Its letters stay dark."""
    page = drawn()
    shaded = np.minimum(np.array(page), 170)
    shaded[400:] = np.array(page)[400:]
    levels = np.array(evened(Image.fromarray(shaded)))
    assert np.median(levels[:390]) > 250
    assert levels[:390].min() < 60
    assert np.array_equal(levels[410:], np.array(page)[410:])


# What is measured on a page before it is read: the slant, the height of words, and where most of them are


def page(degrees: float = 0.0) -> Image.Image:
    """Return a page with thirty lines of strokes, turned anticlockwise."""
    drawn = Image.new("L", (900, 1200), 255)
    pen = ImageDraw.Draw(drawn)
    for line in range(30):
        for stroke in range(60):
            left, top = 100 + stroke * 11, 120 + line * 32
            pen.rectangle((left, top, left + 3 + stroke % 4, top + 14), fill=0)
    return drawn.rotate(degrees, expand=True, fillcolor=255)


@pytest.mark.parametrize(
    ("degrees", "measured"), [(-6.0, 6.0), (-2.5, 2.5), (1.5, -1.5), (4.0, -4.0), (0.0, 0.0), (0.4, 0.0)]
)
def test_a_slant_is_measured(degrees: float, measured: float) -> None:
    """To half a degree; a page that is nearly straight is left as it is, because engines read it well."""
    assert slant(page(degrees)) == pytest.approx(measured, abs=0.5 * bool(measured))


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
