"""What a library shows of its sources: windows of their text, pages with marked words, the files themselves."""

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
from tests.loading.pdfs import Printed, build, column

if TYPE_CHECKING:
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


@pytest.fixture
def filled(library: Library, write: Write) -> Library:
    """A long text, a PDF and a page of HTML."""
    page = "<html><head><title>Ship</title></head><body><h1>Trade</h1><p>A whale swam by the ship.</p></body></html>"
    library.add([write("book.md", BOOK), write("letter.pdf", LETTER), write("ship.html", page)])
    return library


def span_of(library: Library, name: str, words: str) -> Span:
    """Where words stand in a document."""
    start = library.document(name).text.index(words)
    return Span(start, start + len(words))


def no_longer_there(library: Library, name: str) -> DocumentInfo:
    """A document whose file has gone."""
    info = library.find(name)
    Path(info.source).unlink()
    return info


# Text


def test_a_window_around_words(filled: Library) -> None:
    """It says of which document it is, where its words stand and whether there is more; they are marked in it."""
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


def test_windows_that_follow_each_other_are_the_document(filled: Library) -> None:
    """Beginning without a span, then each time where the last one ended."""
    text = filled.document("book.md").text
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


def test_text_of_a_span(filled: Library) -> None:
    """The words of any span, to the letter."""
    text = filled.document("book.md").text
    for span in (Span(0, 1), Span(0, 0), Span(777, 9_999), Span(len(text) - 1, len(text)), Span(0, len(text))):
        assert filled.text("book.md", span) == span.of(text)


@pytest.mark.parametrize("span", [Span(-1, 2), Span(5, 2), Span(0, 10**9)])
def test_a_span_that_is_not_in_the_document(filled: Library, span: Span) -> None:
    """Nothing is shown of it, in whatever way it is asked for."""
    for show in (filled.view, filled.text, filled.page_marks, lambda name, span: filled.page_image(name, 1, span)):
        with pytest.raises(SpanError, match="is not a span of it"):
            show("letter.pdf", span)


def test_of_a_document_that_is_not_there(filled: Library) -> None:
    """The error is the one of every other question about it."""
    for show in (filled.view, filled.original, filled.has_original, lambda name: filled.page_image(name, 1)):
        with pytest.raises(DocumentNotFound):
            show("nothing")


def test_a_document_that_is_removed_in_between(filled: Library) -> None:
    """Whoever still holds its record is told that it is gone."""
    info = filled.find("letter.pdf")
    filled.remove("letter.pdf")
    viewer = filled._contents._viewer
    for show in (viewer.view, viewer.text, viewer.page_marks):
        with pytest.raises(DocumentNotFound):
            show(info, Span(0, 3))


def test_documents_without_landmarks(library: Library) -> None:
    """A single line of any length is shown in windows as well as a book is."""
    text = ("ship harbour treaty king oil whale " * 6_000).strip()
    library.add_documents([Document("a" * 64, "line.txt", "", "", "", "text/plain", text, ())])
    view = library.view("line.txt", Span(100_000, 100_007))
    assert 3_000 < view.end - view.start <= 6_000
    assert view.location.label == ""


# Pages


def test_words_on_their_page(filled: Library) -> None:
    """The page by number and label, and a rectangle where the words are printed."""
    (mark,) = filled.page_marks("letter.pdf", span_of(filled, "letter.pdf", "The price of oil rose."))
    assert (mark.number, mark.label, mark.width, mark.height) == (2, "ii", 612, 792)
    (box,) = mark.rectangles
    assert (box.left * 612, box.top * 792) == pytest.approx((72, 792 - 600 - 10), abs=3)


def test_words_on_two_pages(filled: Library) -> None:
    """Both are told, in order."""
    marks = filled.page_marks("letter.pdf", span_of(filled, "letter.pdf", "are wont to do, with good wishes on"))
    assert [mark.number for mark in marks] == [1, 2]
    assert all(len(mark.rectangles) == 1 for mark in marks)


def test_formats_without_pages(filled: Library) -> None:
    """There are no marks, and asking for an image is an error."""
    assert filled.page_marks("ship.html", Span(0, 5)) == ()
    with pytest.raises(PageError, match="Trade has no page images"):
        filled.page_image("ship.html", 1)


def test_pages_of_a_file_that_is_gone(filled: Library) -> None:
    """There are no marks, and asking for an image is an error; the text is still shown."""
    span = span_of(filled, "letter.pdf", "It was winter")
    no_longer_there(filled, "letter.pdf")
    assert filled.page_marks("letter.pdf", span) == ()
    with pytest.raises(OriginalMissing, match=r"original file of letter\.pdf is gone"):
        filled.page_image("letter.pdf", 1)
    blocks = filled.view("letter.pdf", span).blocks
    assert [part.text for block in blocks for part in block.parts if part.marked] == ["It was winter"]


def test_the_image_of_a_page(filled: Library) -> None:
    """As wide as asked for; words are highlighted on their own page only."""

    def yellow(number: int, span: Span | None) -> int:
        data = filled.page_image("letter.pdf", number, span, width=612)
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        assert image.size == (612, 792)
        return sum(count for count, colour in image.getcolors(1 << 20) or [] if colour == (255, 238, 150))

    span = span_of(filled, "letter.pdf", "The price of oil rose.")
    assert yellow(2, span) > 300
    assert (yellow(1, span), yellow(2, None)) == (0, 0)


@pytest.mark.parametrize(("number", "width"), [(0, 600), (3, 600), (1, 199), (1, 3001)])
def test_images_that_cannot_be_had(filled: Library, number: int, width: int) -> None:
    """A page that is not there, or a width out of bounds, is an error that says what there is."""
    with pytest.raises(PageError, match=r"from 1 to 2|200 to 3,000"):
        filled.page_image("letter.pdf", number, width=width)


# Files


def test_the_file_itself(filled: Library) -> None:
    """Byte for byte, with its name and type."""
    original = filled.original("letter.pdf")
    assert (original.data, original.name, original.media_type) == (LETTER, "letter.pdf", "application/pdf")
    assert filled.has_original("letter.pdf")


def test_a_file_that_is_gone(filled: Library) -> None:
    """The error says what remains, and what to do."""
    no_longer_there(filled, "book.md")
    with pytest.raises(OriginalMissing, match="add the file again"):
        filled.original("book.md")
    assert not filled.has_original("book.md")


def test_a_file_that_has_changed(filled: Library) -> None:
    """Other bytes are not the original, not even of the same length; those of before are it again."""
    path = Path(filled.find("letter.pdf").source)
    assert filled.has_original("letter.pdf")
    path.write_bytes(LETTER.replace(b"king", b"Duke"))
    os.utime(path, ns=(1, 1))
    with pytest.raises(OriginalMissing):
        filled.original("letter.pdf")
    assert filled.page_marks("letter.pdf", Span(0, 3)) == ()
    path.write_bytes(LETTER)
    os.utime(path, ns=(2, 2))
    assert filled.original("letter.pdf").data == LETTER


def test_a_file_that_changes_unseen(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are compared as they are given, whatever was known of the file before."""
    path = Path(filled.find("letter.pdf").source)
    monkeypatch.setattr(Originals, "_identity", lambda self, path: filled.find("letter.pdf").id)
    path.write_bytes(b"something else")
    with pytest.raises(OriginalMissing, match="has just changed"):
        filled.original("letter.pdf")
    path.unlink()
    with pytest.raises(OriginalMissing, match="can no longer be read"):
        filled.original("letter.pdf")


def test_a_file_in_two_places(filled: Library, write: Write) -> None:
    """Where one copy has gone, the other one is given."""
    filled.add([write("copies/letter.pdf", LETTER)])
    no_longer_there(filled, filled.find("letter.pdf").id)
    assert filled.original("letter.pdf").data == LETTER


@pytest.mark.parametrize("source", ["https://example.org/papers/Annual%20letter.pdf?x=1", "https://example.org/"])
def test_what_came_from_an_address(library: Library, source: str) -> None:
    """It is among the uploads, under whatever name, and is called what the address calls it."""
    kept = library.folder / "uploads" / "letter (1f3a).pdf"
    kept.parent.mkdir()
    (kept.parent / ".arriving").mkdir()
    (kept.parent / "another.txt").write_text("The ship left the harbour.")
    kept.write_bytes(LETTER)
    library.add([kept], sources={kept: source})
    assert library.find(source).source == source
    original = library.original(source)
    assert (original.data, original.name) == (LETTER, "Annual letter.pdf" if "papers" in source else kept.name)
    assert library.page_image(source, 1)
    kept.unlink()
    assert not library.has_original(source)


def test_a_library_that_has_moved(tmp_path: Path) -> None:
    """What was uploaded moves with it, and is found where it is now."""
    with Library.open(tmp_path / "here", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        upload = library.folder / "uploads" / "letter.pdf"
        upload.parent.mkdir()
        upload.write_bytes(LETTER)
        library.add([upload])
    shutil.move(tmp_path / "here", tmp_path / "there")
    with Library.open(tmp_path / "there", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        assert library.original("letter.pdf").data == LETTER
        assert library.page_marks("letter.pdf", Span(0, 8))[0].rectangles


def test_a_document_that_was_never_a_file(library: Library) -> None:
    """It has a text, and no original."""
    library.add_documents([Document("b" * 64, "note:1", "", "", "", "text/plain", "The ship left.", ())])
    assert not library.has_original("note:1")
    assert library.view("note:1").blocks[0].parts[0].text == "The ship left."


def test_a_file_is_read_again_only_where_it_has_changed(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Showing ten pages of a long file does not read it ten times over."""
    read: list[str] = []
    digest = hashlib.file_digest

    def counted(file: BufferedReader, kind: str) -> object:
        read.append(file.name)
        return digest(file, kind)

    monkeypatch.setattr(hashlib, "file_digest", counted)
    for _ in range(10):
        assert filled.page_marks("letter.pdf", Span(0, 8))
    assert len(read) == 1


def test_many_readers_while_documents_come_and_go(filled: Library, write: Write) -> None:
    """Whatever else happens, a view of a document that stays is the same, and one of another is it or an error."""
    span = span_of(filled, "letter.pdf", "The price of oil rose.")
    view, marks = filled.view("letter.pdf", span), filled.page_marks("letter.pdf", span)
    stop = threading.Event()
    seen: list[object] = []

    def read() -> None:
        while not stop.is_set():
            seen.append((filled.view("letter.pdf", span), filled.page_marks("letter.pdf", span)) == (view, marks))
            try:
                seen.append(filled.view("guest.txt").blocks[0].parts[0].text == "A whale swam by.")
            except DocumentNotFound:
                seen.append(True)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    guest = write("guest.txt", "A whale swam by.")
    for _ in range(5):
        filled.add([guest])
        filled.remove("guest.txt")
    stop.set()
    for thread in threads:
        thread.join()
    assert all(seen)
    assert seen


# The catalog's part


def test_excerpts_are_whole_passages_around_a_span(filled: Library) -> None:
    """An excerpt is the document's text, holds the span, and is no more than the passages that touch it."""
    number = filled._store.catalog.number_of(filled.find("book.md").id)
    assert number is not None
    document, passages = filled.document("book.md"), filled._store.catalog.passages_of(number)
    for span in (Span(0, 0), Span(0, 50), Span(40_000, 41_000), Span(len(document.text), len(document.text))):
        excerpt = filled._store.catalog.excerpt(number, span)
        assert excerpt.text == document.text[excerpt.start : excerpt.end]
        assert excerpt.start <= span.start <= span.end <= excerpt.end
        assert excerpt.start in [passage.start for passage in passages]
        assert excerpt.end - excerpt.start < span.end - span.start + 1_000
        within = [mark for mark in document.landmarks if excerpt.start <= mark.start <= excerpt.end]
        assert list(excerpt.landmarks) == within


def test_pages_are_counted_in_the_file(library: Library) -> None:
    """Whatever their labels, the page at a place is as far on in the file as pages have begun by there."""
    marks = tuple(Landmark("page", at, label) for at, label in ((0, "i"), (0, "ii"), (9, "1"), (20, "2")))
    text = "The ship left the harbour."
    library.add_documents([Document("c" * 64, "a.pdf", "", "", "", "application/pdf", text, marks)])
    catalog = library._store.catalog
    assert [catalog.pages_begun(1, at) for at in (0, 8, 9, 19, 20, 26)] == [2, 2, 3, 3, 4, 4]
