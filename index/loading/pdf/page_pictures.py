"""Draws pages of a PDF with highlighted words, and cuts out the column in which they stand.

A picture costs what its pixels and its page cost, so the pixels and the time are limited.
"""

from __future__ import annotations

import io
import math
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from index.errors import PageError
from index.loading.pdf.pdfium import opened_page, opened_pdf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from PIL import Image


# Cuts out what a reader needs of a page: the column in which marked words stand, without margins.
#
# The column is found by the lines around the words. A run of `pdfium` ends where another column begins, so a line is
# never wider than its column.

FINE = 1_000
"""Cuts are rounded to this part of a side."""
_MAX_GAP_HEIGHTS = 8.0
"""Words that continue this many line heights below belong to another part: a figure or a table stands between."""
_PITCH = 1.5
"""The largest gap between two lines of one block, in line heights."""
_SIZES = (0.7, 1.45)
"""The heights of lines of one block, as multiples of the height of the marked line."""
_NEIGHBOURS = 12
"""Lines on each side of the words that are examined."""
_OVER = 0.5
"""A line belongs to a column if they share at least this part of the narrower one's width, or of the line's own."""
_MIN_CUT_HEIGHTS = 18.0
"""The least width of a cut, in line heights: a heading or a table cell alone would fill the screen."""
_MARGIN = 0.4
_CONTEXT = 1.4
"""The margin around a cut, and the text that is kept beside words that continue elsewhere, in line heights."""


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a page as displayed (rotated, cropped): shares of its sides, in [0, 1], from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PageMark:
    """A page that contains searched words, and where they are."""

    number: int
    """The number of the page in the file, from 1."""
    label: str
    """The label that is printed on it, such as `iv`."""
    width: float
    """In points, of the page as displayed; the same holds for `height`."""
    height: float
    rectangles: tuple[Rectangle, ...]
    """Rectangles that cover these words and no others, one per line, in the order of the words. Empty if the words were
    not found exactly, or lie outside the visible part of the page."""
    cuts: tuple[Rectangle, ...] = ()
    """The parts of the page to read, in the order of the words: for each column with words, the column without margins.
    Empty if there are no rectangles."""


class _Box(NamedTuple):
    """A part of a page in points, from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def shared(self, left: float, right: float) -> float:
        """Return the width that the box shares with a range."""
        return min(self.right, right) - max(self.left, left)

    def turned(self) -> _Box:
        """Return the box with its axes exchanged, so that a line of sideways text is wider than high."""
        return _Box(self.top, self.left, self.bottom, self.right)


def page_cuts(
    marked: Sequence[Rectangle],
    lines: Iterable[Rectangle],
    size: tuple[float, float],
    *,
    begins: bool = True,
    ends: bool = True,
) -> tuple[Rectangle, ...]:
    """Return a cut for each part of the marked words, in their order; `lines` are all lines of the page.

    `size` is the width and the height of the page in points. `begins` and `ends` say whether the words begin and end on
    this page. Words in two columns have two parts; the cuts then end and begin near the words, so that both parts can
    be shown below each other.
    """
    if not marked:
        return ()
    boxes = [_box(rectangle, size) for rectangle in marked]
    all_lines = [_box(line, size) for line in lines]
    sideways = sum(box.height > box.right - box.left for box in boxes) > len(boxes) / 2
    if sideways:
        boxes, all_lines, size = [b.turned() for b in boxes], [b.turned() for b in all_lines], (size[1], size[0])
    parts = [boxes] if sideways else list(_parts(boxes))
    cuts = []
    for number, part in enumerate(parts):
        opens, closes = begins and number == 0, ends and number == len(parts) - 1
        cuts.append(_cut(part, all_lines, size, opens=opens, closes=closes))
    if sideways:
        cuts, size = [cut.turned() for cut in cuts], (size[1], size[0])
    return tuple(_shares(cut, size) for cut in cuts)


def _parts(boxes: Sequence[_Box]) -> Iterator[list[_Box]]:
    """Divide boxes where the words continue above, in the next column, or far below."""
    part = [boxes[0]]
    for box in boxes[1:]:
        height = min(box.height, part[-1].height)
        if box.top < part[-1].top - height or box.top > part[-1].bottom + _MAX_GAP_HEIGHTS * height:
            yield part
            part = []
        part.append(box)
    yield part


def _cut(part: Sequence[_Box], lines: Sequence[_Box], size: tuple[float, float], *, opens: bool, closes: bool) -> _Box:
    height = median(box.height for box in part)
    left, right = _column(part, lines, height)
    inside = [line for line in lines if line.shared(left, right) > _OVER * (line.right - line.left)]
    top, bottom = min(box.top for box in part), max(box.bottom for box in part)
    above = min((line.top for line in inside), default=top) if opens else top - _CONTEXT * height
    below = max((line.bottom for line in inside), default=bottom) if closes else bottom + _CONTEXT * height
    left, right = _at_least(left, right, _MIN_CUT_HEIGHTS * height)
    margin = _MARGIN * height
    whole = _Box(left - margin, min(above, top) - margin, right + margin, max(below, bottom) + margin)
    return _Box(max(0.0, whole.left), max(0.0, whole.top), min(size[0], whole.right), min(size[1], whole.bottom))


def _column(part: Sequence[_Box], lines: Sequence[_Box], height: float) -> tuple[float, float]:
    """Return left and right side of the column: of the marked lines, and of their block above and below."""
    left, right = min(box.left for box in part), max(box.right for box in part)
    for line in lines:
        own = any(min(line.bottom, box.bottom) - max(line.top, box.top) > _OVER * height for box in part)
        if own and any(line.shared(box.left, box.right) > _OVER * (box.right - box.left) for box in part):
            left, right = min(left, line.left), max(right, line.right)
    middles = {id(line): (line.top + line.bottom) / 2 for line in lines}
    top, bottom = min(box.top for box in part), max(box.bottom for box in part)
    after = sorted((line for line in lines if middles[id(line)] > bottom), key=lambda line: line.top)
    before = sorted((line for line in lines if middles[id(line)] < top), key=lambda line: -line.bottom)
    flipped = [_Box(line.left, -line.bottom, line.right, -line.top) for line in before]
    for edge, near in ((bottom, after), (-top, flipped)):
        left, right = _grown(left, right, edge, near, height)
    return left, right


def _grown(left: float, right: float, edge: float, near: Sequence[_Box], height: float) -> tuple[float, float]:
    """Widen a column by the lines that follow its edge without a gap, nearest first."""
    met = 0
    for line in near:
        width = line.right - line.left
        if line.shared(left, right) < _OVER * min(width, right - left):
            continue
        fits = _SIZES[0] * height < line.height < _SIZES[1] * height
        if not fits or line.top - edge > _PITCH * height or met == _NEIGHBOURS:
            break
        left, right, edge, met = min(left, line.left), max(right, line.right), max(edge, line.bottom), met + 1
    return left, right


def _at_least(left: float, right: float, width: float) -> tuple[float, float]:
    """Widen a range to a width, mostly to the right, where lines of most scripts continue."""
    missing = max(0.0, width - (right - left))
    return left - missing / 4, right + missing * 3 / 4


def _box(rectangle: Rectangle, size: tuple[float, float]) -> _Box:
    width, height = size
    left, top = rectangle.left * width, rectangle.top * height
    return _Box(left, top, left + rectangle.width * width, top + rectangle.height * height)


def _shares(box: _Box, size: tuple[float, float]) -> Rectangle:
    """Return a box in shares, rounded outward to thousandths, in which pictures are requested."""
    width, height = size
    left, top = math.floor(FINE * box.left / width) / FINE, math.floor(FINE * box.top / height) / FINE
    right, bottom = math.ceil(FINE * box.right / width) / FINE, math.ceil(FINE * box.bottom / height) / FINE
    return Rectangle(left, top, min(1.0, right) - left, min(1.0, bottom) - top)


MIN_WIDTH_PIXELS, MAX_WIDTH_PIXELS = 200, 3000
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
    if not MIN_WIDTH_PIXELS <= picture.width <= MAX_WIDTH_PIXELS:
        raise PageError(
            f"An image {picture.width:,} pixels wide was asked for.",
            f"Ask for {MIN_WIDTH_PIXELS:,} to {MAX_WIDTH_PIXELS:,}.",
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
