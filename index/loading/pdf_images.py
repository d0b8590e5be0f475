"""Renders pages of a PDF as images, with passages highlighted."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops, ImageStat

from index.errors import PageError
from index.loading.pdf_opening import opened_page, opened_pdf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from index.loading.pdf_rectangles import Rectangle

NARROWEST, WIDEST = 200, 3000
"""Allowed widths of a page's image, in pixels."""
_TALLEST = 6000
_COMPRESSION = 3
"""The zlib level. Printed pages become as small as by the default, and faster; photographs take half the time."""
_MARKER = (255, 238, 150)
"""The colour of a highlighter. It is multiplied with the page, so print shows through."""
_DARK, _OPACITY_ON_DARK = 330, 0.35
"""A background with a smaller sum of red, green and blue is dark; the colour is blended with this opacity there."""


def page_image(path: Path, number: int, marked: Iterable[Rectangle], *, width: int, name: str) -> bytes:
    """Return a page as PNG, `width` pixels wide (fewer if it would be higher than 6,000), with rectangles highlighted.

    Raises PageError if there is no such page, or it cannot be rendered, or not in that width; DamagedFile if pdfium
    cannot parse the file.
    """
    if not NARROWEST <= width <= WIDEST:
        raise PageError(f"An image {width:,} pixels wide was asked for.", f"Ask for {NARROWEST:,} to {WIDEST:,}.")
    with opened_pdf(path, name) as document:
        if not 1 <= number <= len(document):
            raise PageError(f"{name} has no page {number:,}.", f"Its pages are counted from 1 to {len(document):,}.")
        image = _render(document, number - 1, width)
    if image is None:
        raise PageError(f"Page {number:,} of {name} is damaged and cannot be drawn.", "Its other pages may be whole.")
    for rectangle in marked:
        _highlight(image, rectangle)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=_COMPRESSION)
    return out.getvalue()


def _render(document: Any, index: int, width: int) -> Image.Image | None:
    with opened_page(document, index) as page:
        if page is None:
            return None
        across, down = page.get_size()
        # Half a pixel less, for pdfium rounds up.
        bitmap = page.render(scale=min((width - 0.5) / across, (_TALLEST - 0.5) / down))
        try:
            image: Image.Image = bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
        return image


def _highlight(image: Image.Image, rectangle: Rectangle) -> None:
    """Colour a rectangle like a marker on paper. A dark background with light letters is lightened instead."""
    left, top = int(rectangle.left * image.width), int(rectangle.top * image.height)
    right = math.ceil((rectangle.left + rectangle.width) * image.width)
    bottom = math.ceil((rectangle.top + rectangle.height) * image.height)
    part = image.crop((left, top, right, bottom))
    marker = Image.new("RGB", part.size, _MARKER)
    dark = sum(ImageStat.Stat(part).mean) < _DARK
    image.paste(Image.blend(part, marker, _OPACITY_ON_DARK) if dark else ImageChops.multiply(part, marker), (left, top))
