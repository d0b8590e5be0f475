"""Scanned PDFs: pages without text are recognised, pages with broken text too, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import NoTextLayer, RecognitionFailed
from index.loading.loader import load_bytes
from index.loading.pdf.furniture import is_doubtful, is_right
from index.loading.recognition import recogniser as module
from index.loading.recognition.engine import PageWords
from index.loading.recognition.recogniser import Recogniser, RecognitionOptions
from tests.loading.pdfs import build, column
from tests.loading.printed_pages import FakeEngine, drawn, page_words, scanned_pdf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.records import Document
    from tests.loading.pdfs import Printed

PROSE = [
    "The Arctic tern was moored in the harbour for three",
    "winters. Her captain had sold the anchor, and nobody",
    "would lend him another one, so the ship lay there.",
    "In spring she was towed to the sea by two steamers of",
    "the town, which the owners had to pay for in the end.",
]
GARBLED = ["7KH $UFWLF WHUQ ZDV PRRUHG LQ WKH KDUERXU IRU", *(["WKUHH ZLQWHUV +HU FDSWDLQ KDG VROG WKH DQFKRU"] * 8)]
APART = [" ".join("TheArctictern"), " ".join("wasmooredthere"), " ".join("forthreewinters")]


def read(data: bytes, engine: FakeEngine, **options: object) -> Document:
    """Read a PDF with an engine."""
    recogniser = Recogniser(RecognitionOptions(**options), loaded=engine)  # type: ignore[arg-type]
    return load_bytes(data, source="scan.pdf", recogniser=recogniser)


def mixed(*pages: Sequence[Printed]) -> bytes:
    """Build a PDF whose pages have a picture, and some of them text."""
    return build(pages, picture=True)


def test_scanned_pages_are_recognised() -> None:
    """A page of pictures becomes text with paragraphs; each word has its box, page and confidence."""
    engine = FakeEngine([page_words(PROSE), page_words(["The skua stayed at home, and so did we."], confidence=0.8)])
    document = read(scanned_pdf([drawn(), drawn()]), engine)
    assert document.text == " ".join(PROSE) + "\n\nThe skua stayed at home, and so did we."
    assert [mark.label for mark in document.landmarks if mark.kind == "page"] == ["1", "2"]
    words = [document.text[word.start : word.end] for word in document.recognised]
    assert words == document.text.split()
    last = document.recognised[-1]
    assert (last.page, last.confidence) == (1, 0.8)
    assert (document.reading.recognised_pages, document.reading.engine) == (2, "fake 1.0")
    assert document.reading.languages == ("en",)


def test_pages_with_text_are_not_recognised() -> None:
    """In a mixed document, only the page without text is given to the engine; its neighbours keep their words."""
    engine = FakeEngine([page_words(["A recognised line of the second page."])])
    document = read(mixed(column(PROSE), [], column(PROSE)), engine)
    assert len(engine.read_pages) == 1
    assert document.text.count("A recognised line of the second page.") == 1
    assert {word.page for word in document.recognised} == {1}
    start = document.text.index("A recognised")
    assert document.recognised[0].start == start
    assert document.reading.recognised_pages == 1


@pytest.mark.parametrize("lines", [GARBLED, APART * 3], ids=["no-unicode", "letters-apart"])
def test_broken_text_is_replaced(lines: list[str]) -> None:
    """A page whose text is not what it shows has the recognised words, and a note says so."""
    engine = FakeEngine([page_words(PROSE)])
    document = read(build([column(lines)]), engine)
    assert document.text == " ".join(PROSE)
    assert any("is not what the page shows" in note for note in document.notes)


def test_doubtful_text_that_is_right_stays() -> None:
    """Names look like broken text; after three such pages that are right, the others are believed."""
    names = [f"Zbigniew Brzezinski Warszawa Kowalczyk {word}" for word in ("Opole", "Gdynia", "Krosno", "Lublin")] * 5
    engine = FakeEngine([page_words(names)])
    document = read(build([column(names)]), engine)
    assert document.recognised == ()
    assert document.reading.recognised_pages == 0
    assert not any("not what the page shows" in note for note in document.notes)
    names = [f"Zbigniew Brzezinski Warszawa Kowalczyk {word}" for word in ("Opole", "Gdynia", "Krosno", "Lublin")] * 5
    engine = FakeEngine([page_words(names)])
    read(build([column(names)] * 8), engine)
    assert len(engine.read_pages) == 3


def test_pages_that_were_not_recognised_prove_nothing() -> None:
    """Failures do not count as right: all doubtful pages are tried, the garbled ones replaced, the rest noted."""
    failed = PageWords(note="tesseract took too long")
    engine = FakeEngine([failed, failed, failed, PageWords(), page_words(PROSE)])
    document = read(build([column(GARBLED)] * 5), engine)
    assert len(engine.read_pages) == 5
    assert "Her captain had sold the anchor" in document.text
    assert "4 pages with text that may be broken; too little was recognised in the picture to tell." in document.notes
    assert "3 pages not recognised: tesseract took too long." in document.notes


def test_text_is_never_refused_for_want_of_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    """If the engine cannot be started, a PDF with text is read, with the reason in a note; a scan is refused."""

    def fail(self: Recogniser) -> None:
        raise RecognitionFailed("tesseract cannot be started: Exec format error.", "Install it again.")

    monkeypatch.setattr(module, "available", lambda choice: "tesseract")
    monkeypatch.setattr(Recogniser, "_loaded", fail)
    document = load_bytes(build([column(PROSE), column(GARBLED)]), source="scan.pdf")
    assert "Her captain had sold the anchor" in document.text
    reason = "tesseract cannot be started: Exec format error. Install it again."
    assert f"1 page not recognised: {reason}" in document.notes
    with pytest.raises(RecognitionFailed, match="Exec format error"):
        load_bytes(scanned_pdf([drawn()]), source="scan.pdf")


def test_pages_of_scans_are_counted_and_cleaned() -> None:
    """A page without words keeps its place; heads of recognised pages are left out; a stamp does not hide a scan."""
    engine = FakeEngine([page_words(["Received in May", *PROSE])])
    document = read(mixed(column(["Received"])), engine)
    assert "Her captain had sold the anchor" in document.text
    engine = FakeEngine([page_words(PROSE), PageWords(), page_words(["The end of the report is here."])])
    document = read(scanned_pdf([drawn()] * 3), engine)
    assert (document.reading.recognised_pages, document.reading.empty_pages) == (2, 1)
    assert [mark.label for mark in document.landmarks if mark.kind == "page"] == ["1", "2", "3"]
    pages = [page_words([f"THE NORWICH REPORT {n}", *PROSE], top=0.03) for n in range(1, 6)]
    document = read(scanned_pdf([drawn()] * 5), FakeEngine(pages))
    assert "NORWICH REPORT" not in document.text
    assert any("running head" in note for note in document.notes)


def test_failed_pages_are_noted() -> None:
    """A page that cannot be recognised is named with the reason; if all fail, the document fails with it."""
    failed = PageWords(note="tesseract took too long")
    document = read(scanned_pdf([drawn()] * 2), FakeEngine([page_words(PROSE), failed]))
    assert "1 page not recognised: tesseract took too long." in document.notes
    with pytest.raises(RecognitionFailed, match="tesseract took too long"):
        read(scanned_pdf([drawn()]), FakeEngine([failed]))


def test_without_an_engine_the_text_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mixed document is read without its pictures, and a note says what to install; a scan is refused with it."""
    monkeypatch.setattr(module, "available", lambda choice: "")
    document = load_bytes(mixed(column(PROSE), []), source="scan.pdf")
    assert document.text == " ".join(PROSE)
    assert any("1 page without text" in note and "apt install tesseract-ocr" in note for note in document.notes)
    with pytest.raises(NoTextLayer, match=r"its 2 pages are images.*apt install tesseract-ocr"):
        load_bytes(mixed([], []), source="scan.pdf")


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        (" ".join(PROSE), False),
        ("Die Würde des Menschen ist unantastbar. Sie zu achten ist die Pflicht der Gewalt. " * 4, False),
        ("Все люди рождаются свободными и равными в своем достоинстве и правах. " * 4, False),
        ("人人生而自由，在尊严和权利上一律平等。 他们赋有理性和良心。 " * 20, False),
        ("12.5 13.8 14.1 15.9 16.2 17.7 " * 20, False),
        (" ".join(GARBLED), True),
        (" ".join(APART * 4), True),
        ("Ð’Ñ\x81Ðµ Ð»ÑŽÐ´Ð¸ Ñ€Ð¾Ð¶Ð´Ð°ÑŽÑ‚Ñ\x81Ñ\x8f Ð Ãœber Ã¤hnliche FÃ¤lle " * 6, True),
        ("Th€ sh1p l€ft th€ h@rb0ur 1n M@y w1th tw0 b0@ts " * 5, True),
        ("\ue001\ue002\ue003 \ue004\ue005 " * 30, True),
        ("7KH", False),
    ],
    ids=["en", "de", "ru", "zh", "numbers", "codes", "apart", "mojibake", "bad-ocr", "private-use", "short"],
)
def test_doubtful_text(text: str, doubtful: bool) -> None:
    """Prose of any script and numbers are not doubtful; codes, letters apart, mojibake and signs in words are."""
    assert is_doubtful(text) == doubtful


def test_uncertain_recognition_replaces_nothing() -> None:
    """Text is replaced only by a recognition that is more certain than not."""
    garbled = "\n".join(GARBLED)
    assert is_right(page_words(PROSE), garbled) is False
    assert is_right(page_words(PROSE, confidence=0.5), garbled) is None
    assert is_right(page_words(["The captain"]), garbled) is None
    assert is_right(page_words(PROSE), "\n".join(PROSE)) is True
