"""Pages for tests of text recognition: drawn ones, and engines that know what is on them."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import fontpkg_source_serif_4
from PIL import Image, ImageDraw, ImageFont

from index.loading.recognition.engine import PageWords, PrintedWord

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = (
    "The Arctic tern was moored in the harbour of Norwich for three winters. Her captain had sold the anchor, "
    "and nobody in the town would lend him another one. In spring she was towed to the sea."
)
WIDTH, HEIGHT = 600, 800
FONT = Path(fontpkg_source_serif_4.__file__).parent / "files" / "SourceSerif4[opsz,wght].ttf"
"""A typeface with Cyrillic letters, which Pillow's own lacks."""


def drawn(text: str = TEXT, *, turn: int = 0, size: int = 22, width: int = 44) -> Image.Image:
    """Draw a text in levels of grey, turned counterclockwise by some degrees."""
    page = Image.new("L", (WIDTH, HEIGHT), 255)
    face = ImageFont.truetype(str(FONT), size)
    for number, line in enumerate(textwrap.wrap(text, width)):
        ImageDraw.Draw(page).text((40, 60 + number * size * 3 // 2), line, fill=0, font=face)
    return page.rotate(turn, expand=True)


def saved(pages: Sequence[Image.Image], format_name: str, **options: object) -> bytes:
    """Return pictures as a file."""
    out = io.BytesIO()
    several = {"save_all": True, "append_images": list(pages[1:])} if len(pages) > 1 else {}
    pages[0].save(out, format_name, **several, **options)
    return out.getvalue()


def scanned_pdf(pages: Sequence[Image.Image]) -> bytes:
    """Return a PDF of pictures only."""
    return saved(pages, "PDF", resolution=72.0)


def page_words(
    lines: Sequence[str], *, confidence: float = 0.95, top: float = 0.1, height: float = 0.015, turn: int = 0
) -> PageWords:
    """Return lines below each other as an engine would, in letters of equal width."""
    words = []
    for number, line in enumerate(lines):
        position = 0
        for word in line.split(" "):
            left, right = 0.1 + 0.01 * position, 0.1 + 0.01 * (position + len(word))
            upper = top + number * 2 * height
            words.append(PrintedWord(word, left, upper, right, upper + height, confidence, number))
            position += len(word) + 1
    return PageWords(tuple(words), turn, ("eng",))


@dataclass
class FakeEngine:
    """Returns prepared pages, one after the other, and counts them."""

    pages: Sequence[PageWords]
    name: str = "fake 1.0"
    languages: tuple[str, ...] = ("eng",)
    read_pages: list[tuple[int, int]] = field(default_factory=list)
    """The size of each picture that was given."""

    def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
        self.read_pages.append(picture.size)
        return self.pages[(len(self.read_pages) - 1) % len(self.pages)]
