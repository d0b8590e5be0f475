"""Recognised words on their pages: rectangles from stored boxes, pictures of scans and of picture files."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from index.errors import PageError
from index.library.library import Library
from index.loading.loader import load_bytes
from index.loading.recognition.ink import PageSize
from index.loading.recognition.recogniser import Recogniser
from index.records import Span, WordBox
from index.settings import Settings
from index.views.viewer import rectangles
from tests.fakes import FakeEncoder
from tests.loading.pdfs import build, column
from tests.loading.printed_pages import FakeEngine, drawn, page_words, saved, scanned_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = [
    "The Arctic tern was moored in the harbour of Norwich",
    "for three winters, and in spring she was towed to sea.",
]
SECOND = ["Nobody in the town had seen her leave the harbour."]
PROSE = [
    "The owners of the ship had to pay two steamers of the",
    "town for it, which they did in the end, but not at once",
    "and not in full, because the winter had cost them more",
    "than any winter before it, as they wrote to the captain",
    "and to the harbour master.",
]
A4 = PageSize(595, 842)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with the fake encoder."""
    with Library.open(tmp_path / "library", Settings(), encoder=FakeEncoder()) as opened:
        yield opened


def add(library: Library, path: Path, data: bytes) -> str:
    """Add a file whose pages a fake engine recognises, and return its id."""
    path.write_bytes(data)
    engine = FakeEngine([page_words(LINES), page_words(SECOND)])
    document = load_bytes(data, source=str(path), recogniser=Recogniser(loaded=engine))
    library.add_documents([replace(document, notes=())])
    return document.id


def span_of(library: Library, identity: str, words: str) -> Span:
    """Return the span of some words."""
    start = library.document(identity).text.index(words)
    return Span(start, start + len(words))


@pytest.mark.parametrize(
    ("name", "data"),
    [("scan.pdf", scanned_pdf([drawn(), drawn()])), ("fax.tif", saved([drawn(), drawn()], "TIFF"))],
    ids=["pdf", "tiff"],
)
def test_words_are_marked_by_their_boxes(library: Library, tmp_path: Path, name: str, data: bytes) -> None:
    """Words on two lines have a rectangle on each; the picture of the page shows them in the marker's colour."""
    identity = add(library, tmp_path / name, data)
    span = span_of(library, identity, "of Norwich for three")
    (mark,) = library.page_marks(identity, span)
    assert (mark.number, mark.label, len(mark.rectangles)) == (1, "1", 2)
    first, second = mark.rectangles
    assert first.left == pytest.approx(0.1 + 0.01 * LINES[0].index("of Norwich"))
    assert first.left + first.width == pytest.approx(0.1 + 0.01 * len(LINES[0]))
    assert (second.left, second.width) == pytest.approx((0.1, 0.01 * len("for three")))
    assert len(mark.cuts) == 1
    picture = Image.open(io.BytesIO(library.page_image(identity, 1, span, width=600))).convert("RGB")
    x, y = round((first.left + first.width / 2) * picture.width), round(first.top * picture.height) + 2
    colours = [picture.getpixel((x, y)), picture.getpixel((x, y + picture.height // 4))]
    assert colours[0][2] < 200 < colours[1][2]  # type: ignore[index]  # yellow on the words, white below


def test_words_on_two_pages_have_two_marks(library: Library, tmp_path: Path) -> None:
    """A span that goes on to the next page is marked on both, each with the label of its page.

    The location of recognised words has their page and the least confidence of a word.
    """
    identity = add(library, tmp_path / "scan.pdf", scanned_pdf([drawn(), drawn()]))
    text = library.document(identity).text
    start, end = text.index("towed to sea."), text.index("in the town") + len("in the town")
    marks = library.page_marks(identity, Span(start, end))
    assert [(mark.number, mark.label) for mark in marks] == [(1, "1"), (2, "2")]
    assert all(mark.rectangles and mark.cuts for mark in marks)
    location = library.locate(identity, span_of(library, identity, "Nobody in the town"))
    assert (location.page, location.recognised) == ("2", 0.95)


def test_mixed_document_marks_text_and_pictures(library: Library, tmp_path: Path) -> None:
    """Words that the file has as text are found as text, recognised ones by their boxes, in one span."""
    identity = add(library, tmp_path / "mixed.pdf", build([column(PROSE), []], picture=True))
    text = library.document(identity).text
    start, end = text.index("town for it"), text.index("of Norwich") + len("of Norwich")
    assert start < text.index("The Arctic") < end
    marks = library.page_marks(identity, Span(start, end))
    assert [mark.number for mark in marks] == [1, 2]
    assert all(mark.rectangles for mark in marks)
    (own,) = library.page_marks(identity, span_of(library, identity, "two steamers"))
    assert own.number == 1


def test_part_of_a_picture_is_cut_out(library: Library, tmp_path: Path) -> None:
    """A part of a page has the ratio of that part, and is never finer than the picture.

    A page that the file does not have is an error that says how many it has.
    """
    identity = add(library, tmp_path / "fax.tif", saved([drawn(), drawn()], "TIFF"))
    (mark,) = library.page_marks(identity, span_of(library, identity, "The Arctic tern"))
    cut = mark.cuts[0]
    picture = Image.open(io.BytesIO(library.page_image(identity, 1, width=3000, part=cut)))
    assert picture.width <= 600
    assert picture.width / picture.height == pytest.approx(cut.width * 600 / (cut.height * 800), rel=0.1)
    with pytest.raises(PageError, match="1 to 2"):
        library.page_image(identity, 3)
    with pytest.raises(PageError, match="pixels wide"):
        library.page_image(identity, 1, width=50)


def test_vertical_words_are_one_rectangle() -> None:
    """On a page that lies on its side, the words of a line are above each other, and have one rectangle."""
    words = [WordBox(n, n + 1, 0, 0.1, 0.7 - 0.1 * n, 0.12, 0.79 - 0.1 * n, 0.9) for n in range(3)]
    assert len(rectangles(words, A4)) == 1
    apart = [words[0], words[1]._replace(left=0.2, right=0.22)]
    assert len(rectangles(apart, A4)) == 2
