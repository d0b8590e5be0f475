"""Pictures: each format, several pages, orientation, and pictures made to do harm."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from index.errors import DamagedFile, EmptyDocument, LoadingError, NoTextLayer, RecognitionFailed, TooLarge
from index.loading import pictures
from index.loading.loader import load_bytes
from index.loading.pictures import MAX_PIXELS
from index.loading.recognition import recogniser as module
from index.loading.recognition.engine import PageWords
from index.loading.recognition.recogniser import Recogniser
from tests.loading.printed_pages import HEIGHT, WIDTH, FakeEngine, drawn, page_words, saved

LINES = ["The Arctic tern was moored in the harbour for three", "winters, and then she was sold."]


def engine() -> FakeEngine:
    """Return an engine that finds the same words on every page."""
    return FakeEngine([page_words(LINES)])


def huge(width: int, height: int) -> bytes:
    """Return the beginning of a PNG that states a size."""
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT": zlib.compress(bytes(1000))}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )


@pytest.mark.parametrize(
    ("format_name", "media_type"),
    [(name, f"image/{name.lower()}") for name in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")],
)
def test_each_format_is_read(format_name: str, media_type: str) -> None:
    """A picture is a document of one page, recognised by its content and not its name."""
    reading, before = engine(), Image.MAX_IMAGE_PIXELS
    document = load_bytes(saved([drawn()], format_name), source="scan.bin", recogniser=Recogniser(loaded=reading))
    assert document.media_type == media_type
    assert document.text == " ".join(LINES)
    assert reading.read_pages == [(WIDTH, HEIGHT)]
    assert document.recognised[0].page == 0
    assert document.reading.recognised_pages == 1
    assert before == Image.MAX_IMAGE_PIXELS != MAX_PIXELS  # Pillow's own limit stays for the rest of the process


def test_pages_of_a_tiff_are_pages() -> None:
    """Each picture of a TIFF is a page; a film has only its first picture."""
    pages = [page_words([f"This is what stands on page {n} of it."]) for n in range(1, 4)]
    tiff = saved([drawn()] * 3, "TIFF")
    document = load_bytes(tiff, source="fax.tif", recogniser=Recogniser(loaded=FakeEngine(pages)))
    assert [mark.label for mark in document.landmarks if mark.kind == "page"] == ["1", "2", "3"]
    assert [word.page for word in document.recognised] == sorted(word.page for word in document.recognised)
    film = saved([drawn(), drawn("Another picture.")], "GIF")
    reading = FakeEngine(pages)
    load_bytes(film, source="film.gif", recogniser=Recogniser(loaded=reading))
    assert len(reading.read_pages) == 1


def test_photo_is_turned_shrunk_and_put_on_white(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its orientation says, to the pixels that recognition needs; letters on nothing are black on white."""
    exif = Image.Exif()
    exif[0x0112] = 6
    reading = engine()
    load_bytes(saved([drawn()], "JPEG", exif=exif), source="p.jpg", recogniser=Recogniser(loaded=reading))
    assert reading.read_pages == [(HEIGHT, WIDTH)]
    page = Image.new("RGBA", (50, 20), (0, 0, 0, 0))
    seen: list[Image.Image] = []

    class Seeing(FakeEngine):
        def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
            seen.append(picture)
            return super().read(picture, seconds=seconds, is_ruled=is_ruled)

    load_bytes(saved([page], "PNG"), source="p.png", recogniser=Recogniser(loaded=Seeing([page_words(LINES)])))
    assert seen[0].getextrema() == (255, 255)
    monkeypatch.setattr(pictures, "_READING_PIXELS", 120_000)
    reading = engine()
    load_bytes(saved([drawn()], "PNG"), source="p.png", recogniser=Recogniser(loaded=reading))
    width, height = reading.read_pages[0]
    assert width * height <= 120_000
    assert width / height == pytest.approx(WIDTH / HEIGHT, rel=0.02)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (huge(60_000, 60_000), TooLarge, "million pixels"),
        (huge(13_000, 12_000), TooLarge, "million pixels"),
        (huge(2_000_000_000, 2), TooLarge, "million pixels"),
        (huge(300, 300), DamagedFile, "cannot be decoded"),
        (saved([drawn()], "PNG")[:400], DamagedFile, "cannot be decoded"),
        (saved([drawn()], "JPEG")[:300], DamagedFile, "cannot be decoded"),
        (saved([drawn()] * 2, "TIFF")[:500], DamagedFile, "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), DamagedFile, "cannot be decoded"),
        (b"II*\x00\x08\x00\x00\x00\x01\x00" + b"\xff" * 40, DamagedFile, "cannot be decoded"),
    ],
    ids=["bomb", "just-too-large", "stripe", "too-few-bytes", "cut-png", "cut-jpeg", "cut-tiff", "zeros", "tags"],
)
def test_hostile_pictures_are_refused_by_name(data: bytes, error: type[LoadingError], message: str) -> None:
    """Bombs and damaged files raise errors that name the file; nothing is given to the engine."""
    reading = engine()
    with pytest.raises(error, match=f"evil.*{message}"):
        load_bytes(data, source="evil.bin", recogniser=Recogniser(loaded=reading))
    assert reading.read_pages == []


def test_too_many_pages_and_no_words_are_refused() -> None:
    """The error names the setting; a landscape is empty; a failure to recognise raises its reason."""
    with pytest.raises(TooLarge, match=r"3 pages, more than the 2 .*PINCITE_MAX_PAGES"):
        load_bytes(saved([drawn()] * 3, "TIFF"), source="fax.tif", max_pages=2, recogniser=Recogniser(loaded=engine()))
    data = saved([drawn("")], "PNG")
    with pytest.raises(EmptyDocument, match="no words were recognised"):
        load_bytes(data, source="sea.png", recogniser=Recogniser(loaded=FakeEngine([PageWords()])))
    with pytest.raises(RecognitionFailed, match="took too long"):
        load_bytes(data, source="sea.png", recogniser=Recogniser(loaded=FakeEngine([PageWords(note="took too long")])))


def test_without_an_engine_the_hint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture cannot be read without an engine, and the error says which ones there are."""
    monkeypatch.setattr(module, "available", lambda choice: "")
    with pytest.raises(NoTextLayer, match=r"p\.png is a picture.*apt install tesseract-ocr.*pincite\[ocr\]"):
        load_bytes(saved([drawn()], "PNG"), source="p.png")
