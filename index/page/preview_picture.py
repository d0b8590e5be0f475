"""Draws the picture that other sites show for a link to a citation: quotation and reference, 1200 by 630 pixels.

The typeface has Latin, Greek and Cyrillic letters. If it lacks a letter of the quotation, a picture of the page is
used, and for a document without pages the words are left out: boxes in place of letters would misquote them.
"""

from __future__ import annotations

import io
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageFont import FreeTypeFont

SIZE = (1200, 630)
_PAPER, _INK, _SOFT, _ACCENT, _MARK = "#FCFBF8", "#21201C", "#5B574F", "#1D5B79", "#FFF3C2"
_EDGE, _TOP, _FOOT = 84, 132, 168
"""Margins: left and right, above the quotation, and the height of the reference below it."""
_LARGEST, _SMALLEST, _STEP = 60, 30, 3
_LEADING = 1.36
_REFERENCE, _REFERENCE_LINES = 29, 2
_MOST = 1_200
"""Characters of a quotation that could fit."""
_MISSING = "\U0010ffff"
_FAMILY = ("fontpkg_source_serif_4", "files", "SourceSerif4[opsz,wght].ttf")
_WEIGHTS = {"text": 400, "title": 600}


def quotation_picture(quote: str, reference: str) -> bytes | None:
    """Return the picture as PNG; None if the typeface lacks a letter of the quotation."""
    quote = " ".join(quote[:_MOST].split())
    if not has_letters(quote):
        return None
    image, draw = _sheet()
    _draw_quote(draw, f"“{quote}”")
    _draw_reference(draw, reference)
    return _png(image)


def page_picture(page: bytes, reference: str) -> bytes:
    """Return the picture of a part of a page, given as PNG, with the reference below."""
    image, draw = _sheet()
    with Image.open(io.BytesIO(page)) as part:
        room = SIZE[0] - 2 * _EDGE, SIZE[1] - _TOP - _FOOT
        scale = min(room[0] / part.width, room[1] / part.height)
        fitted = part.convert("RGB").resize((max(1, int(part.width * scale)), max(1, int(part.height * scale))))
    left, top = (SIZE[0] - fitted.width) // 2, _TOP + (room[1] - fitted.height) // 2
    draw.rectangle((left - 1, top - 1, left + fitted.width, top + fitted.height), outline="#D2CBBD")
    image.paste(fitted, (left, top))
    _draw_reference(draw, reference)
    return _png(image)


def plain_picture(reference: str) -> bytes:
    """Return a picture without the words, which the typeface cannot show."""
    image, draw = _sheet()
    _draw_quote(draw, "A citation, with the exact words in their document.")
    _draw_reference(draw, reference)
    return _png(image)


def has_letters(words: str) -> bool:
    """Return whether the typeface has every visible letter of these words."""
    return all(_has_letter(letter) for letter in set(words) if not letter.isspace())


@lru_cache(maxsize=8_192)
def _has_letter(letter: str) -> bool:
    return letter.isascii() or _shape(letter) not in (_shape(_MISSING), ((0, 0), b""))


def _shape(letter: str) -> tuple[tuple[int, int], bytes]:
    """Return the size and the pixels of a letter; a lone surrogate has none."""
    try:
        mask = _font(_SMALLEST).getmask(letter)
    except UnicodeEncodeError:
        return (0, 0), b""
    return mask.size, bytes(mask)


@lru_cache(maxsize=1)
def _typeface() -> bytes:
    return files(_FAMILY[0]).joinpath(*_FAMILY[1:]).read_bytes()


@lru_cache(maxsize=64)
def _font(size: int, weight: str = "text") -> FreeTypeFont:
    # Without Raqm, whose result would depend on the libraries of the system.
    font = ImageFont.truetype(io.BytesIO(_typeface()), size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([_WEIGHTS[weight], min(60, max(8, size // 2))])
    return font


def _sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_EDGE, 52), "[1]", font=_font(32, "title"), fill=_ACCENT)
    draw.text((_EDGE + 58, 52), "Pincite", font=_font(32, "title"), fill=_INK)
    return image, draw


def _draw_quote(draw: ImageDraw.ImageDraw, quote: str) -> None:
    """Draw the quotation as large as it fits, in the middle of its room, on the colour of a marker."""
    size, lines = _fitted(quote)
    font, pitch = _font(size), round(size * _LEADING)
    room = SIZE[1] - _TOP - _FOOT
    top = _TOP + max(0, (room - len(lines) * pitch) // 2)
    for number, line in enumerate(lines):
        y = top + number * pitch
        width = font.getlength(line)
        draw.rectangle((_EDGE - 6, y + pitch * 0.08, _EDGE + width + 6, y + pitch * 0.96), fill=_MARK)
        draw.text((_EDGE, y + pitch * 0.78), line, font=font, fill=_INK, anchor="ls")


def _fitted(quote: str) -> tuple[int, list[str]]:
    """Return the largest size at which the quotation fits, and its lines; at the smallest size it is cut."""
    width = SIZE[0] - 2 * _EDGE
    for size in range(_LARGEST, _SMALLEST - 1, -_STEP):
        lines = _wrapped(quote, size, width)
        most = (SIZE[1] - _TOP - _FOOT) // round(size * _LEADING)
        if len(lines) <= most:
            return size, lines
    return size, _cut(lines, most, size, width)


def _draw_reference(draw: ImageDraw.ImageDraw, reference: str) -> None:
    """Draw the reference below a line; letters that the typeface lacks are left out."""
    known = "".join(letter for letter in " ".join(reference.split()) if letter == " " or _has_letter(letter))
    font, width = _font(_REFERENCE), SIZE[0] - 2 * _EDGE
    lines = _cut(_wrapped(known, _REFERENCE, width), _REFERENCE_LINES, _REFERENCE, width)
    top = SIZE[1] - _FOOT + 30
    draw.line((_EDGE, top, SIZE[0] - _EDGE, top), fill="#E6E1D7", width=2)
    for number, line in enumerate(lines):
        draw.text((_EDGE, top + 22 + number * 40), line, font=font, fill=_SOFT)


@lru_cache(maxsize=16_384)
def _width(word: str, size: int) -> float:
    """Return the width of a word in pixels."""
    return _font(size).getlength(word)


def _wrapped(words: str, size: int, width: float) -> list[str]:
    """Divide words into lines of this width at this size; a word that is wider than a line is broken."""
    lines, used, blank = [""], 0.0, _width(" ", size)
    for piece in (piece for word in words.split() for piece in _broken(word, size, width)):
        if lines[-1] and used + blank + _width(piece, size) <= width:
            lines[-1], used = f"{lines[-1]} {piece}", used + blank + _width(piece, size)
        else:
            lines, used = [*filter(None, lines), piece], _width(piece, size)
    return lines


def _broken(word: str, size: int, width: float) -> list[str]:
    """Return the pieces of a word that each fit into a line."""
    if _width(word, size) <= width:
        return [word]
    pieces, used = [""], 0.0
    for letter in word:
        if pieces[-1] and used + _width(letter, size) > width:
            pieces, used = [*pieces, ""], 0.0
        pieces[-1], used = pieces[-1] + letter, used + _width(letter, size)
    return pieces


def _cut(lines: Sequence[str], most: int, size: int, width: float) -> list[str]:
    """Return at most so many lines; if some are left out, the last one ends in an ellipsis."""
    if len(lines) <= most:
        return list(lines)
    last = lines[most - 1]
    while last and _font(size).getlength(f"{last}…") > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip()}…"]


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
