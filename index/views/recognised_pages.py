"""Finds recognised words on their pages by the stored boxes, and draws pages of pictures (PNG, JPEG, TIFF …)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from index.errors import LoadingError, PageError
from index.loading.images import opened_picture, page_count, page_of, size_of
from index.loading.pdf.page_cuts import PageMark, Rectangle, page_cuts
from index.loading.pdf.page_pictures import NARROWEST, WIDEST, as_png
from index.loading.pdf.pdfium import opened_pdf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from index.loading.pdf.page_pictures import Picture
    from index.loading.recognition.ink import PageSize
    from index.records import RecognisedWord

_MOST_PAGES = 16
_SAME_LINE = 0.5
"""Two words are on one line if they overlap by at least this share of the smaller height."""
_APART = 1.5
"""The largest gap within one rectangle, in heights of the less high of the two words."""
_TALLEST = 6000


def recognised_marks(
    path: Path,
    marked: Sequence[RecognisedWord],
    around: Iterable[RecognisedWord],
    label: Callable[[RecognisedWord], str],
) -> tuple[PageMark, ...]:
    """Return the pages of recognised words, with rectangles around them.

    `around` are the recognised words of these pages, and `label` returns the label of a word's page. Raises
    DamagedFile if the file cannot be opened.
    """
    numbers = sorted({word.page for word in marked})[:_MOST_PAGES]
    sizes = _sizes(path, numbers)
    context = [word for word in around if word.page in sizes]
    marks = []
    for number in numbers:
        if (size := sizes.get(number)) is None:
            continue
        words = [word for word in marked if word.page == number]
        found = rectangles(words, size)
        lines = rectangles([word for word in context if word.page == number], size)
        begins, ends = number == numbers[0], number == numbers[-1]
        cuts = page_cuts(found, lines, (size.width, size.height), begins=begins, ends=ends)
        marks.append(PageMark(number + 1, label(words[0]), *size, found, cuts))
    return tuple(marks)


def rectangles(words: Iterable[RecognisedWord], size: PageSize) -> tuple[Rectangle, ...]:
    """Return a rectangle for each run of words on one line of a page, in the order of the words."""
    boxes: list[tuple[float, float, float, float]] = []
    for word in words:
        box = word.left, word.top, word.right, word.bottom
        if boxes and _is_beside(boxes[-1], box, size):
            last = boxes[-1]
            boxes[-1] = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            boxes.append(box)
    return tuple(Rectangle(left, top, right - left, bottom - top) for left, top, right, bottom in boxes)


def _is_beside(one: tuple[float, ...], other: tuple[float, ...], size: PageSize) -> bool:
    """Return whether two boxes are neighbours on one line, which may run across the page or up and down."""
    return _follows(one, other, size.width / size.height) or _follows(
        _exchanged(one), _exchanged(other), size.height / size.width
    )


def _exchanged(box: tuple[float, ...]) -> tuple[float, ...]:
    return box[1], box[0], box[3], box[2]


def _follows(one: tuple[float, ...], other: tuple[float, ...], ratio: float) -> bool:
    height = min(one[3] - one[1], other[3] - other[1])
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    gap = (max(one[0], other[0]) - min(one[2], other[2])) * ratio
    longer = max(one[2] - one[0], other[2] - other[0]) * ratio > 0.5 * height
    return longer and overlap > _SAME_LINE * height and gap < _APART * height and overlap > 0


def _sizes(path: Path, numbers: Sequence[int]) -> dict[int, PageSize]:
    """Return the sizes of some pages of a PDF or a picture in points."""
    if _is_pdf(path):
        from index.loading.recognition.ink import PageSize

        with opened_pdf(path, path.name) as document:
            return {n: PageSize(*document.get_page_size(n)) for n in numbers if n < len(document)}
    with path.open("rb") as file, opened_picture(file, path.name) as picture:
        return {n: size_of(picture, n, path.name) for n in numbers if n < page_count(picture)}


def _is_pdf(path: Path) -> bool:
    with path.open("rb") as file:
        return b"%PDF-" in file.read(1024)


def page_of_picture(path: Path, number: int, picture: Picture, *, name: str) -> bytes:
    """Return a page of a picture, or a part of it, as PNG with rectangles highlighted.

    It is never finer than the picture itself. Raises PageError as `page_image` does, and if it cannot be decoded.
    """
    if not NARROWEST <= picture.width <= WIDEST:
        raise PageError(
            f"An image {picture.width:,} pixels wide was asked for.", f"Ask for {NARROWEST:,} to {WIDEST:,}."
        )
    try:
        with path.open("rb") as file, opened_picture(file, name) as opened:
            count = page_count(opened)
            if not 1 <= number <= count:
                raise PageError(f"{name} has no page {number:,}.", f"Its pages are counted from 1 to {count:,}.")
            page = page_of(opened, number - 1, name).convert("RGB")
    except LoadingError as error:
        raise PageError(f"The picture {name} cannot be drawn.", error.message) from error
    part = picture.part or Rectangle(0.0, 0.0, 1.0, 1.0)
    box = (
        int(part.left * page.width),
        int(part.top * page.height),
        math.ceil((part.left + part.width) * page.width),
        math.ceil((part.top + part.height) * page.height),
    )
    cut = page.crop((box[0], box[1], max(box[2], box[0] + 1), max(box[3], box[1] + 1)))
    cut.thumbnail((picture.width, _TALLEST))
    return as_png(cut, picture)
