"""Recognised pages on disk: found again by the same engine, bounded, and gone with their document."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import pytest

from index.loading.recognition import recogniser
from index.loading.recognition.recogniser import FOLDER, PageStore, forget_pages, is_kept
from tests.loading.printed_pages import page_words

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page_words(["The tern left.", "Über Nacht."], turn=90)


def test_page_is_found_with_its_key_only(tmp_path: Path) -> None:
    """Another engine or other languages recognise a page again; a verification takes what is kept."""
    store = PageStore(tmp_path, "abc")
    store.put(3, "tesseract 5 eng", PAGE)
    assert store.get(3, "tesseract 5 eng") == PAGE
    assert store.get(3, "tesseract 5 deu") is None
    assert store.get(3, None) == PAGE
    assert store.get(13, None) is None
    assert PageStore(tmp_path, "def").get(3, None) is None


def test_page_replaces_what_another_engine_read(tmp_path: Path) -> None:
    """Of each page, one recognition is kept."""
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
