"""Draws pages of a PDF, and parts of them, with highlighted words.

A picture costs what its pixels and its page cost, so the pixels and the time are limited.
"""

from __future__ import annotations

import io
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from index.errors import PageError
from index.loading.pdf.page_cuts import Rectangle
from index.loading.pdf.pdfium import opened_page, opened_pdf

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

NARROWEST, WIDEST = 200, 3000
"""Allowed widths of a page's image, in pixels."""
_TALLEST = 6000
_FINEST = 12
"""Pixels a point at most, or a tiny part of a page would be drawn on a canvas of any size."""
_DRAWING_SECONDS = 10.0
_WHOLE = Rectangle(0.0, 0.0, 1.0, 1.0)
_COMPRESSION = 3
"""The zlib level. Printed pages become as small as with the default level, but faster; photographs take half the time.
"""
_MARKER = (255, 238, 150)
"""The colour of a highlighter. It is multiplied with the page, so print shows through."""
_DARK, _OPACITY_ON_DARK = 330, 0.35
"""A background is dark if red, green and blue add up to less; there the colour is blended with this opacity."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture of a page shows: marked rectangles, its width in pixels, and the part of the page."""

    marked: tuple[Rectangle, ...] = ()
    width: int = 1200
    part: Rectangle | None = None
    """None for the whole page."""


def page_image(path: Path, number: int, picture: Picture, *, name: str) -> bytes:
    """Return a page, or a part of it, as PNG with rectangles highlighted.

    It is narrower than requested if it would be higher than 6,000 pixels, or finer than 12 pixels a point.

    Raises PageError if the page or the part does not exist, if it cannot be rendered in ten seconds, or if the width is
    not allowed; DamagedFile if pdfium cannot parse the file.
    """
    if not NARROWEST <= picture.width <= WIDEST:
        raise PageError(
            f"An image {picture.width:,} pixels wide was asked for.", f"Ask for {NARROWEST:,} to {WIDEST:,}."
        )
    with opened_pdf(path, name) as document:
        if not 1 <= number <= len(document):
            raise PageError(f"{name} has no page {number:,}.", f"Its pages are counted from 1 to {len(document):,}.")
        image = _render(document, number - 1, picture)
    if image is None:
        raise PageError(f"Page {number:,} of {name} is damaged and cannot be drawn.", "Its other pages may be intact.")
    return as_png(image, picture)


def as_png(image: Image.Image, picture: Picture) -> bytes:
    """Return the drawn part of a page as PNG with the rectangles of the picture highlighted."""
    for rectangle in picture.marked:
        _highlight(image, _within(rectangle, picture.part or _WHOLE))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def _within(rectangle: Rectangle, part: Rectangle) -> Rectangle:
    """Return a rectangle in shares of a part of the page; what is outside of the part has no width or height."""
    left, right = ((x - part.left) / part.width for x in (rectangle.left, rectangle.left + rectangle.width))
    top, bottom = ((y - part.top) / part.height for y in (rectangle.top, rectangle.top + rectangle.height))
    left, right, top, bottom = (min(1.0, max(0.0, share)) for share in (left, right, top, bottom))
    return Rectangle(left, top, right - left, bottom - top)


def _render(document: Any, index: int, picture: Picture) -> Image.Image | None:
    part = picture.part or _WHOLE
    with opened_page(document, index) as page:
        if page is None:
            return None
        across, down = page.get_size()
        wide, high = part.width * across, part.height * down
        # Half a pixel less, because pdfium rounds up.
        scale = min((picture.width - 0.5) / wide, (_TALLEST - 0.5) / high, _FINEST)
        size = max(1, math.ceil(wide * scale)), max(1, math.ceil(high * scale))
        origin = -round(part.left * across * scale), -round(part.top * down * scale)
        return drawn(page, size, (*origin, math.ceil(across * scale), math.ceil(down * scale)))


def drawn(page: Any, size: tuple[int, int], place: tuple[int, int, int, int]) -> Image.Image:
    """Draw a page into an image of this size; `place` is the page's left, top, width and height in it, in pixels.

    Raises PageError if it takes too long: a page of a few kilobytes can demand any amount of work.
    """
    import pypdfium2 as pdfium
    import pypdfium2.raw as raw

    end = time.monotonic() + _DRAWING_SECONDS
    pause = raw.IFSDK_PAUSE(version=1)
    pdfium.internal.set_callback(pause, "NeedToPauseNow", lambda _: time.monotonic() > end)
    bitmap = pdfium.PdfBitmap.new_native(*size, raw.FPDFBitmap_BGRx)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        state = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *place, 0, raw.FPDF_ANNOT, pause)
        raw.FPDF_RenderPage_Close(page)
        if state == raw.FPDF_RENDER_TOBECONTINUED:
            raise PageError("This page takes too long to draw.", "Read its text, or download the original.")
        image: Image.Image = bitmap.to_pil().convert("RGB")
        return image
    finally:
        bitmap.close()


def _highlight(image: Image.Image, rectangle: Rectangle) -> None:
    """Colour a rectangle like a marker on paper. A dark background with light letters is lightened instead."""
    from PIL import Image, ImageChops, ImageStat

    left, top = int(rectangle.left * image.width), int(rectangle.top * image.height)
    right = math.ceil((rectangle.left + rectangle.width) * image.width)
    bottom = math.ceil((rectangle.top + rectangle.height) * image.height)
    part = image.crop((left, top, right, bottom))
    marker = Image.new("RGB", part.size, _MARKER)
    dark = sum(ImageStat.Stat(part).mean) < _DARK
    image.paste(Image.blend(part, marker, _OPACITY_ON_DARK) if dark else ImageChops.multiply(part, marker), (left, top))
