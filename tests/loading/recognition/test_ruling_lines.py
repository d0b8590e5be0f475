"""Rules and shades in pictures of pages: found, and taken out before words are recognised."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image, ImageDraw

from index.loading.recognition.page_images import evened, without_rules
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


def test_page_of_words_is_left_alone() -> None:
    """Letters are no rules, however large they are."""
    for size in (14, 22, 60):
        page = drawn(size=size, width=960 // size)
        assert without_rules(page) == (page, ())
        assert evened(page) is page


def test_photographs_have_no_rules() -> None:
    """Neither noise nor a dark surface is a rule; a very small picture is not examined."""
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
