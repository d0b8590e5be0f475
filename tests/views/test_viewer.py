"""What a library shows of its sources: windows of text, page images with marked words, and original files."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from index.errors import DocumentNotFound, OriginalMissing, PageError, SpanError
from index.library.library import Library
from index.records import Document, Landmark, Span
from index.settings import Settings
from index.views.viewer import Originals
from tests.fakes import FakeEncoder
from tests.libraries import filled_library
from tests.loading.pdfs import Printed, build, column
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    from index.records import DocumentInfo
    from tests.conftest import Write

BOOK = "\n\n".join(f"# Chapter {n}\n\n" + f"The ship left harbour {n} in winter. " * 60 for n in range(40))
LETTER = build(
    [
        [
            *column(["The king signed the treaty.", "It was winter in the whole kingdom."]),
            Printed(72, 72, "The letter ends, as letters of kings are wont to do, with"),
        ],
        [Printed(72, 700, "good wishes on the second page."), *column(["The price of oil rose."], top=600)],
    ],
    labels="0 << /S /r >>",
)


PAGE = "<html><head><title>Ship</title></head><body><h1>Trade</h1><p>A whale swam by the ship.</p></body></html>"
SHORT_SOURCES = {"letter.pdf": LETTER, "ship.html": PAGE.encode()}
SOURCES = {"book.md": BOOK.encode(), **SHORT_SOURCES}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library with a long text, a PDF and an HTML page, which no test changes."""
    with filled_library(tmp_path_factory.mktemp("viewer"), SOURCES) as library:
        yield library


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Library]:
    """A library with the PDF and the HTML page for a test that changes it or its files."""
    with filled_library(tmp_path, SHORT_SOURCES) as library:
        yield library


def span_of(library: Library, name: str, words: str) -> Span:
    """Return the span of these words in a document."""
    start = library.document(name).text.index(words)
    return Span(start, start + len(words))


def delete_original(library: Library, name: str) -> DocumentInfo:
    """Delete the file of a document and return the document."""
    info = library.find(name)
    Path(info.source).unlink()
    return info


# Text


def test_view_is_a_window_around_the_span(filled: Library) -> None:
    """It names its document, location and span, marks the words, and says whether there is more text."""
    span = span_of(filled, "book.md", "harbour 20 in")
    view = filled.view("book.md", span)
    text = filled.document("book.md").text
    assert (view.document, view.span, view.location) == (
        filled.find("book.md"),
        span,
        filled.locate("book.md", span),
    )
    assert (view.before, view.after) == (True, True)
    assert 4_000 < view.end - view.start < 7_000
    assert [part.text for block in view.blocks for part in block.parts if part.marked] == ["harbour 20 in"]
    assert "Chapter 20" in [text[block.start : block.end] for block in view.blocks if block.kind == "heading"]


def test_consecutive_windows_cover_the_document(filled: Library) -> None:
    """The first starts at the beginning, and each of the others where the last one ended; any span is exact."""
    text = filled.document("book.md").text
    for span in (Span(0, 1), Span(0, 0), Span(777, 9_999), Span(len(text) - 1, len(text)), Span(0, len(text))):
        assert filled.text("book.md", span) == span.of(text)
    view = filled.view("book.md")
    assert (view.start, view.span, view.before) == (0, None, False)
    ends = [view.end]
    while view.after:
        following = filled.view("book.md", Span(view.end, view.end))
        assert not text[view.end : following.start].strip()
        view = following
        ends.append(view.end)
    assert ends[-1] == len(text)
    assert ends == sorted(set(ends))
    assert len(ends) > 10


@pytest.mark.parametrize("span", [Span(-1, 2), Span(5, 2), Span(0, 10**9)])
def test_span_outside_the_document_is_refused(filled: Library, span: Span) -> None:
    """Every method that takes a span refuses it."""
    for show in (filled.view, filled.text, filled.page_marks, lambda name, span: filled.page_image(name, 1, span)):
        with pytest.raises(SpanError, match="is not a span of it"):
            show("letter.pdf", span)


def test_unknown_or_removed_document_is_not_found(changing: Library) -> None:
    """Every method raises the same error; a caller may still hold the record of a removed document."""
    for show in (changing.view, changing.original, changing.has_original, lambda name: changing.page_image(name, 1)):
        with pytest.raises(DocumentNotFound):
            show("nothing")
    info = changing.find("letter.pdf")
    changing.remove("letter.pdf")
    viewer = changing.parts.contents.viewer
    for show_record in (viewer.view, viewer.text, viewer.page_marks):
        with pytest.raises(DocumentNotFound):
            show_record(info, Span(0, 3))


def test_document_without_a_file_has_a_text_and_no_original(library: Library) -> None:
    """Text without landmarks is cut into windows of the usual size. The number of a page counts those that begin."""
    text = ("ship harbour treaty king oil whale " * 6_000).strip()
    library.add_documents([Document("a" * 64, "line.txt", "", "", "", "text/plain", text, ())])
    view = library.view("line.txt", Span(100_000, 100_007))
    assert 3_000 < view.end - view.start <= 6_000
    assert view.location.label == ""
    library.add_documents([Document("b" * 64, "note:1", "", "", "", "text/plain", "The ship left.", ())])
    assert not library.has_original("note:1")
    assert library.view("note:1").blocks[0].parts[0].text == "The ship left."
    marks = tuple(Landmark("page", start, label) for start, label in ((0, "i"), (0, "ii"), (9, "1"), (20, "2")))
    pages = "The ship left the harbour."
    library.add_documents([Document("c" * 64, "a.pdf", "", "", "", "application/pdf", pages, marks)])
    catalog = library.parts.store.catalog
    number = catalog.number_of("c" * 64) or 0
    assert [catalog.pages_begun(number, offset) for offset in (0, 8, 9, 19, 20, 26)] == [2, 2, 3, 3, 4, 4]


# Pages


def test_page_marks_locate_words_on_their_pages(filled: Library) -> None:
    """A mark has the page's number and label, and a rectangle around the printed words; each page has one, in order."""
    (mark,) = filled.page_marks("letter.pdf", span_of(filled, "letter.pdf", "The price of oil rose."))
    assert (mark.number, mark.label, mark.width, mark.height) == (2, "ii", 612, 792)
    (box,) = mark.rectangles
    assert (box.left * 612, box.top * 792) == pytest.approx((72, 792 - 600 - 10), abs=3)
    marks = filled.page_marks("letter.pdf", span_of(filled, "letter.pdf", "are wont to do, with good wishes on"))
    assert [mark.number for mark in marks] == [1, 2]
    assert all(len(mark.rectangles) == 1 for mark in marks)


def test_pages_of_a_missing_file_cannot_be_shown(changing: Library) -> None:
    """There are no marks and no images, but the text is still shown."""
    span = span_of(changing, "letter.pdf", "It was winter")
    delete_original(changing, "letter.pdf")
    assert changing.page_marks("letter.pdf", span) == ()
    with pytest.raises(OriginalMissing, match=r"original file of letter\.pdf is gone"):
        changing.page_image("letter.pdf", 1)
    blocks = changing.view("letter.pdf", span).blocks
    assert [part.text for block in blocks for part in block.parts if part.marked] == ["It was winter"]


def test_page_image_highlights_the_span(filled: Library) -> None:
    """The image has the requested width, and only the page with the words is highlighted."""

    def highlighted_pixels(number: int, span: Span | None) -> int:
        data = filled.page_image("letter.pdf", number, span, width=612)
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        assert image.size == (612, 792)
        return sum(count for count, colour in image.getcolors(1 << 20) or [] if colour == (255, 238, 150))

    span = span_of(filled, "letter.pdf", "The price of oil rose.")
    assert highlighted_pixels(2, span) > 300
    assert (highlighted_pixels(1, span), highlighted_pixels(2, None)) == (0, 0)


@pytest.mark.parametrize(("number", "width"), [(0, 600), (3, 600), (1, 199), (1, 3001)])
def test_page_or_width_out_of_range_is_refused(filled: Library, number: int, width: int) -> None:
    """The error states the valid range; a format without pages has no marks and no images."""
    with pytest.raises(PageError, match=r"from 1 to 2|200 to 3,000"):
        filled.page_image("letter.pdf", number, width=width)
    assert filled.page_marks("ship.html", Span(0, 5)) == ()
    with pytest.raises(PageError, match="Ship has no page images"):
        filled.page_image("ship.html", 1)


# Files


def test_changed_file_is_not_the_original(changing: Library) -> None:
    """A changed file of the same length is detected, and restoring the bytes restores the original."""
    path = Path(changing.find("letter.pdf").source)
    assert changing.has_original("letter.pdf")
    path.write_bytes(LETTER.replace(b"king", b"Duke"))
    os.utime(path, ns=(1, 1))
    with pytest.raises(OriginalMissing):
        changing.original("letter.pdf")
    assert changing.page_marks("letter.pdf", Span(0, 3)) == ()
    path.write_bytes(LETTER)
    os.utime(path, ns=(2, 2))
    assert changing.original("letter.pdf").data == LETTER


def test_original_is_verified_while_it_is_read(changing: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are compared even if the cached identity says that they match."""
    path = Path(changing.find("letter.pdf").source)
    monkeypatch.setattr(Originals, "_identity", lambda self, path: changing.find("letter.pdf").id)
    path.write_bytes(b"something else")
    with pytest.raises(OriginalMissing, match="has just changed"):
        changing.original("letter.pdf")
    path.unlink()
    with pytest.raises(OriginalMissing, match="can no longer be read"):
        changing.original("letter.pdf")


def test_original_file_is_returned_unchanged(changing: Library, write: Write) -> None:
    """Name and media type are returned with the bytes, which any copy has. Without one, the error says what to do."""
    paths = [Path(changing.find("letter.pdf").source), write("copies/letter.pdf", LETTER)]
    changing.add(paths[1:])
    for path in paths:
        original = changing.original("letter.pdf")
        assert (original.data, original.name, original.media_type) == (LETTER, "letter.pdf", "application/pdf")
        assert changing.has_original("letter.pdf")
        path.unlink()
    with pytest.raises(OriginalMissing, match="add the file again"):
        changing.original("letter.pdf")
    assert not changing.has_original("letter.pdf")


@pytest.mark.parametrize("source", ["https://example.org/papers/Annual%20letter.pdf?x=1", "https://example.org/"])
def test_original_of_a_web_document_is_among_the_uploads(library: Library, source: str) -> None:
    """It is stored under any name and is offered under the name in its address."""
    stored = library.folder / "uploads" / "letter (1f3a).pdf"
    stored.parent.mkdir()
    (stored.parent / ".arriving").mkdir()
    (stored.parent / "another.txt").write_text("The ship left the harbour.")
    stored.write_bytes(LETTER)
    library.add([stored], sources={stored: source})
    assert library.find(source).source == source
    original = library.original(source)
    assert (original.data, original.name) == (LETTER, "Annual letter.pdf" if "papers" in source else stored.name)
    assert library.page_image(source, 1)
    stored.unlink()
    assert not library.has_original(source)


def test_originals_are_found_after_the_library_has_moved(tmp_path: Path) -> None:
    """Uploaded files move with the library's folder."""
    with Library.open(tmp_path / "here", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        upload = library.folder / "uploads" / "letter.pdf"
        upload.parent.mkdir()
        upload.write_bytes(LETTER)
        library.add([upload])
    shutil.move(tmp_path / "here", tmp_path / "there")
    with Library.open(tmp_path / "there", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        assert library.original("letter.pdf").data == LETTER
        assert library.page_marks("letter.pdf", Span(0, 8))[0].rectangles


def test_unchanged_file_is_hashed_once(changing: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten pages of a long file must not read it ten times."""
    hashed: list[str] = []
    digest = hashlib.file_digest

    def record_digest(file: BufferedReader, kind: str) -> object:
        hashed.append(file.name)
        return digest(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", record_digest)
    for _ in range(10):
        assert changing.page_marks("letter.pdf", Span(0, 8))
    assert len(hashed) == 1


def test_views_are_consistent_while_documents_change(changing: Library, write: Write) -> None:
    """A view of a document that stays is always the same; one of another document is complete or an error."""
    span = span_of(changing, "letter.pdf", "The price of oil rose.")
    view, marks = changing.view("letter.pdf", span), changing.page_marks("letter.pdf", span)
    stop = threading.Event()
    results: list[object] = []

    def read() -> None:
        while not stop.is_set():
            results.append(
                (changing.view("letter.pdf", span), changing.page_marks("letter.pdf", span)) == (view, marks)
            )
            try:
                results.append(changing.view("guest.txt").blocks[0].parts[0].text == "A whale swam by.")
            except DocumentNotFound:
                results.append(True)

    threads = [threading.Thread(target=read) for _ in range(length(2, 4))]
    for thread in threads:
        thread.start()
    guest = write("guest.txt", "A whale swam by.")
    for _ in range(length(3, 5)):
        changing.add([guest])
        changing.remove("guest.txt")
    stop.set()
    for thread in threads:
        thread.join()
    assert all(results)
    assert results


# The catalog


def test_excerpt_consists_of_the_passages_around_a_span(filled: Library) -> None:
    """It is the document's text, contains the span, and is no longer than the passages that touch it."""
    number = filled.parts.store.catalog.number_of(filled.find("book.md").id)
    assert number is not None
    document, passages = filled.document("book.md"), filled.parts.store.catalog.passages_of(number)
    for span in (Span(0, 0), Span(0, 50), Span(40_000, 41_000), Span(len(document.text), len(document.text))):
        excerpt = filled.parts.store.catalog.excerpt(number, span)
        assert excerpt.text == document.text[excerpt.start : excerpt.end]
        assert excerpt.start <= span.start <= span.end <= excerpt.end
        assert excerpt.start in [passage.start for passage in passages]
        assert excerpt.end - excerpt.start < span.end - span.start + 1_000
        expected = [mark for mark in document.landmarks if excerpt.start <= mark.start <= excerpt.end]
        assert list(excerpt.landmarks) == expected
