"""Reads pictures of pages: PNG, JPEG, TIFF with any number of pages, WebP, GIF and BMP. Their words are recognised."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

from index.errors import DamagedFile, EmptyDocument, NoTextLayer, RecognitionFailed, TooLarge
from index.loading.pdf.extraction import draft_of
from index.loading.pdf.scans import failures
from index.loading.recognition.ink import PageSize
from index.loading.recognition.printed_lines import recognised_sheets
from index.loading.recognition.recogniser import Recogniser
from index.loading.recognition.tesseract import iso_codes
from index.records import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from PIL import Image

    from index.loading.draft import Content, Draft
    from index.loading.recognition.engine import PageWords


_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
MAX_PIXELS = 150_000_000
"""Pixels of one page: a sheet of A2 at 400 dpi. A picture that unpacks to more is refused before it is unpacked."""
_READING_PIXELS = 30_000_000
"""A larger picture is made smaller before its words are recognised."""
_PAGE_WIDTH_POINTS = 595.0
"""The shorter side of a page in points: pictures often state a wrong resolution, or none, so A4 is assumed."""
_TRANSPARENT_MODES = ("LA", "PA", "RGBA", "P")
"""Modes with transparent parts, which are white on paper."""


def read(content: Content, name: str, *, max_pages: int | None = None, recogniser: Recogniser | None = None) -> Draft:
    """Return the words of all pages.

    Raises:
        NoTextLayer: no engine for text recognition is installed.
        RecognitionFailed: no page could be recognised.
        TooLarge: a page has too many pixels, or the file too many pages.
        DamagedFile: the picture cannot be decoded.
        EmptyDocument: no words are in it.

    """
    recogniser = recogniser or Recogniser()
    if not recogniser.is_available:
        raise NoTextLayer(f"{name} is a picture, and its words cannot be recognised.", recogniser.hint)
    with opened_picture(io.BytesIO(content.data), name) as picture:
        count = page_count(picture)
        if max_pages is not None and count > max_pages:
            raise TooLarge(
                f"{name} has {count:,} pages, more than the {max_pages:,} that the settings allow.",
                "Raise the limit with PINCITE_MAX_PAGES, or split the file.",
            )
        pages = recogniser.pages(content.data)
        sizes, found = [], []
        for index in range(count):
            sizes.append(size_of(picture, index, name))
            found.append(pages.page(index, (index + 1, count), partial(_grey, picture, index, name)))
        pages.finish()
    return _draft(found, sizes, recogniser.name, name)


def _draft(found: Sequence[PageWords], sizes: Sequence[PageSize], engine: str, name: str) -> Draft:
    notes = failures([page.note for page in found if page.note])
    if not any(page.words for page in found):
        if notes:
            raise RecognitionFailed(f"The words of {name} cannot be recognised: {found[0].note}.")
        raise EmptyDocument(f"{name} is a picture in which no words were recognised.")
    sheets = recognised_sheets(list(zip(found, sizes, strict=True)))
    words = Counter[str]()
    for page in found:
        words.update(dict.fromkeys(page.languages[:1], len(page.words)))
    recognised = sum(bool(page.words) for page in found)
    reading = Reading(recognised, engine, len(found) - recognised, languages=iso_codes(words))
    labels = [str(number) for number in range(1, len(found) + 1)]
    draft = draft_of(sheets, labels, ((), {}), PurePath(name).name)
    return replace(draft, notes=draft.notes + notes, reading=reading)


@contextmanager
def opened_picture(file: BinaryIO, name: str) -> Iterator[Image.Image]:
    """Open a picture without unpacking it. Raises DamagedFile, also for errors of the block that uses it, TooLarge."""
    from PIL import Image, UnidentifiedImageError

    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as picture:
                yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise DamagedFile(f"{name} is a picture that cannot be decoded.") from error
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, KeyError, TypeError) as error:
        raise DamagedFile(f"{name} is a picture that cannot be decoded: {str(error).rstrip('.')}.") from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def page_of(picture: Image.Image, index: int, name: str) -> Image.Image:
    """Return one page of a picture, upright as its metadata says, on white. Raises TooLarge, and errors of Pillow."""
    from PIL import Image, ImageOps

    picture.seek(index)
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    if picture.format == "JPEG":  # decodes at half or a quarter of the size, if that suffices
        factor = math.sqrt(_READING_PIXELS / (picture.width * picture.height))
        picture.draft(None, (int(picture.width * factor), int(picture.height * factor)) if factor < 1 else picture.size)
    page = ImageOps.exif_transpose(picture)
    if page.mode in _TRANSPARENT_MODES or "transparency" in page.info:
        layered = page.convert("RGBA")
        page = Image.new("RGB", page.size, "white")
        page.paste(layered, mask=layered.getchannel("A"))
    return page


def page_count(picture: Image.Image) -> int:
    """Return the number of pages: of a film (GIF, WebP, PNG) only the first picture is one."""
    return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def size_of(picture: Image.Image, index: int, name: str) -> PageSize:
    """Return the size of a page in points, upright as its metadata says. Raises TooLarge, and errors of Pillow."""
    from PIL import ExifTags

    picture.seek(index)
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_many_pixels(name)
    turned = picture.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    return page_size(*((picture.height, picture.width) if turned else picture.size))


def page_size(width: int, height: int) -> PageSize:
    """Return the size in points of a page with so many pixels."""
    scale = _PAGE_WIDTH_POINTS / max(1, min(width, height))
    return PageSize(width * scale, height * scale)


def _grey(picture: Image.Image, index: int, name: str) -> Image.Image:
    page = page_of(picture, index, name).convert("L")
    if (pixels := page.width * page.height) > _READING_PIXELS:
        factor = math.sqrt(_READING_PIXELS / pixels)
        page = page.resize((max(1, int(page.width * factor)), max(1, int(page.height * factor))))
    return page


def _too_many_pixels(name: str) -> TooLarge:
    return TooLarge(
        f"{name} is a picture with more than {MAX_PIXELS / 1e6:,.0f} million pixels.",
        "Do not add it unless you trust its source; then make it smaller.",
    )
