"""The recogniser: which engine it uses, which pages it reads again, and what it reports."""

from __future__ import annotations

import os
import shutil
import zlib
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from index.errors import NoTextLayer, RecognitionFailed
from index.loading.recognition import recogniser
from index.loading.recognition import recogniser as module
from index.loading.recognition.engine import PageWords
from index.loading.recognition.recogniser import (
    FOLDER,
    PageStore,
    Recogniser,
    RecognitionOptions,
    available,
    forget_pages,
    is_kept,
)
from tests.loading.printed_pages import FakeEngine, page_words

if TYPE_CHECKING:
    from pathlib import Path

    from index.loading.recognition.recogniser import Choice

PAGES = [page_words(["The tern left."]), page_words(["The skua stayed."])]


def picture() -> Image.Image:
    """Draw nothing."""
    return Image.new("L", (20, 20), 255)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is installed."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(module, "find_spec", lambda name: None)


@pytest.mark.parametrize(
    ("program", "package", "choice", "used"),
    [
        (True, True, "auto", "tesseract"),
        (False, True, "auto", "rapidocr"),
        (False, False, "auto", ""),
        (True, True, "rapidocr", "rapidocr"),
        (True, False, "rapidocr", ""),
        (False, True, "tesseract", ""),
        (True, True, "off", ""),
    ],
)
def test_tesseract_comes_first(
    monkeypatch: pytest.MonkeyPatch, program: bool, package: bool, choice: Choice, used: str
) -> None:
    """Tesseract is used if it is installed, else rapidocr, unless the settings name one of them or none."""
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/tesseract" if program else None)
    monkeypatch.setattr(module, "find_spec", lambda name: object() if package else None)
    assert available(choice) == used


@pytest.mark.parametrize(
    ("choice", "hint"),
    [
        ("auto", r"apt install tesseract-ocr.*pip install 'pincite\[ocr\]'"),
        ("tesseract", "apt install tesseract-ocr"),
        ("rapidocr", r"pip install 'pincite\[ocr\]'"),
        ("off", "PINCITE_OCR"),
    ],
)
def test_missing_engine_is_named_with_its_installation(bare: None, choice: Choice, hint: str) -> None:
    """The error says exactly what to install, or which setting to change."""
    recogniser = Recogniser(RecognitionOptions(choice))
    assert not recogniser.is_available
    with pytest.raises(NoTextLayer, match=hint):
        recogniser.engine()


def test_kept_pages_are_not_recognised_again(tmp_path: Path) -> None:
    """Except for a fresh reading, which keeps nothing, and with a language that was installed since."""
    options = RecognitionOptions(library=str(tmp_path))
    first = FakeEngine(PAGES)
    pages = Recogniser(options, loaded=first).pages(b"scan")
    assert [pages.page(n, (n + 1, 2), picture) for n in range(2)] == PAGES
    second = FakeEngine([PageWords()])
    again = Recogniser(options, loaded=second).pages(b"scan")
    assert [again.page(n, (n + 1, 2), picture) for n in range(2)] == PAGES
    assert second.read_pages == []
    fresh = Recogniser(RecognitionOptions(library=str(tmp_path), source="fresh"), loaded=second).pages(b"scan")
    assert fresh.page(0, (1, 2), picture) == PageWords()
    assert Recogniser(options, loaded=second).pages(b"another scan").page(0, (1, 1), picture) == PageWords()
    options = RecognitionOptions(library=str(tmp_path))
    Recogniser(options, loaded=FakeEngine([PAGES[0]])).pages(b"scan").page(0, (1, 1), picture)
    more = FakeEngine([PAGES[1]], languages=("eng", "jpn"))
    assert Recogniser(options, loaded=more).pages(b"scan").page(0, (1, 1), picture) == PAGES[1]


def test_stored_recognition_needs_no_engine(bare: None, tmp_path: Path) -> None:
    """A verification reads pages that any engine has recognised; a page that is not kept has a note."""
    kept = RecognitionOptions(library=str(tmp_path))
    Recogniser(kept, loaded=FakeEngine(PAGES)).pages(b"scan").page(0, (1, 2), picture)
    pages = Recogniser(RecognitionOptions(library=str(tmp_path), source="kept")).pages(b"scan")
    assert pages.page(0, (1, 2), picture) == PAGES[0]
    assert pages.page(1, (2, 2), picture).note


def test_page_that_fails_does_not_end_the_document() -> None:
    """A page that cannot be drawn, needs too much memory or takes too long has a note instead of words."""

    class Failing(FakeEngine):
        def read(self, picture: Image.Image, *, seconds: float, is_ruled: bool = False) -> PageWords:
            raise RecognitionFailed("tesseract took too long.")

    pages = Recogniser(loaded=Failing(PAGES)).pages(b"scan")
    assert pages.page(0, (1, 2), picture).note == "tesseract took too long"
    assert pages.page(1, (2, 2), lambda: None).note == "it cannot be drawn"

    def draw() -> Image.Image:
        raise MemoryError

    page = Recogniser(loaded=FakeEngine(PAGES)).pages(b"scan").page(0, (1, 1), draw)
    assert page.note == "it needs too much memory"


def test_each_page_is_reported() -> None:
    """Before it is read, so that the time limit begins again; options are the same after they were sent on."""
    reported: list[tuple[int, int]] = []
    recogniser = Recogniser(report=lambda page, pages: reported.append((page, pages)), loaded=FakeEngine(PAGES))
    pages = recogniser.pages(b"scan")
    for n in range(3):
        pages.page(n, (n + 1, 3), picture)
    assert reported == [(1, 3), (2, 3), (3, 3)]
    assert recogniser.texts == {0: "The tern left.", 1: "The skua stayed.", 2: "The tern left."}
    options = RecognitionOptions("tesseract", ("eng", "deu"), "folder", "fresh")
    sent = {**asdict(options), "languages": ["eng", "deu"]}
    assert RecognitionOptions.of(sent) == options


def test_page_that_failed_is_not_tried_again_until_the_file_is_read(tmp_path: Path) -> None:
    """A long file that goes on later does not begin with its failures; a new reading of the whole file tries them."""
    options = RecognitionOptions(library=str(tmp_path))
    failed = PageWords(note="tesseract took too long")
    Recogniser(options, loaded=FakeEngine([failed])).pages(b"scan").page(0, (1, 2), picture)
    again = FakeEngine(PAGES)
    pages = Recogniser(options, loaded=again).pages(b"scan")
    assert [pages.page(n, (n + 1, 2), picture) for n in range(2)] == [failed, PAGES[0]]
    pages.finish()
    later = Recogniser(options, loaded=FakeEngine([PAGES[1]])).pages(b"scan")
    assert [later.page(n, (n + 1, 2), picture) for n in range(2)] == [PAGES[1], PAGES[0]]


# Recognised pages on disk: found again by the same engine, bounded, and gone with their document


PAGE = page_words(["The tern left.", "Über Nacht."], turn=90)


def test_page_is_found_with_its_key_only(tmp_path: Path) -> None:
    """Another engine or language recognises it again, and replaces it; a verification takes what is kept."""
    store = PageStore(tmp_path, "abc")
    store.put(3, "tesseract 5 eng", PAGE)
    assert store.get(3, "tesseract 5 eng") == PAGE
    assert store.get(3, "tesseract 5 deu") is None
    assert store.get(3, None) == PAGE
    assert store.get(13, None) is None
    assert PageStore(tmp_path, "def").get(3, None) is None
    store = PageStore(tmp_path, "abc")
    other = page_words(["Something else"])
    store.put(0, "one", other)
    store.put(0, "two", PAGE)
    assert store.get(0, "one") is None
    assert store.get(0, None) == PAGE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        zlib.compress(b"no JSON"),
        zlib.compress(b"[0]"),
        zlib.compress(b'[0,["eng"],"",[["tern",0,0,7,1,0.5,0]]]'),
        zlib.compress(b"[" * 3000)[:20],
    ],
    ids=["empty", "plain", "text", "short", "outside", "cut"],
)
def test_damaged_page_is_recognised_again(tmp_path: Path, content: bytes) -> None:
    """A file that is damaged is as good as none."""
    store = PageStore(tmp_path, "abc")
    store.put(0, "key", PAGE)
    next((tmp_path / "abc").glob("0-*")).write_bytes(content)
    assert store.get(0, "key") is None


def test_pages_of_removed_documents_are_forgotten(tmp_path: Path) -> None:
    """Pages stay while the library has the file, or while it is being read; nothing else is kept of a file."""
    for identity, is_complete in (("held", True), ("gone", True), ("begun", False), ("abandoned", False)):
        store = PageStore(tmp_path / FOLDER, identity)
        store.put(0, "key", PAGE)
        if is_complete:
            store.finish()
    os.utime(tmp_path / FOLDER / "abandoned", (0, 0))
    assert is_kept(tmp_path, "held")
    assert not is_kept(tmp_path, "begun")
    forget_pages(tmp_path, {"held"}.__contains__)
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == ["begun", "held"]


def test_oldest_pages_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If all pages together are too large, those of the file that was read first go."""
    for age, identity in enumerate(("new", "old")):
        PageStore(tmp_path, identity).put(0, "key", PAGE)
        os.utime(tmp_path / identity, (1_000_000 - age, 1_000_000 - age))
    size = sum(path.stat().st_size for path in (tmp_path / "new").iterdir())
    monkeypatch.setattr(recogniser, "MAX_STORE_BYTES", size)
    PageStore(tmp_path, "latest").put(0, "key", PAGE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "new"]


def test_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Reading goes on if pages cannot be kept."""
    (tmp_path / "abc").write_text("not a folder")
    store = PageStore(tmp_path, "abc")
    store.put(0, "key", PAGE)
    store.finish()
    assert store.get(0, "key") is None
