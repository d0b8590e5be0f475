"""Kept quotes of a library whose sources are edited, replaced, renamed and removed, and their export."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.citations.kept import read_kept
from index.errors import BadKept
from index.library.contents import Contents
from index.library.library import Library
from index.settings import Settings
from tests.citations.kept_items import item, quote_of
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.citations.kept import KeptQuote
    from index.records import Document

SEEDS = Path(__file__).parents[2] / "seeds"
TREATY = "The king signed the treaty in the harbour. Winter had closed the river before the letter arrived."
SIGNED = "The king signed the treaty in the harbour."
FORMS = ("markdown", "html", "docx", "json")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library of a short text and a sample document, beside its sources."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "treaty.txt").write_text(TREATY)
    shutil.copy(SEEDS / "03-the-2011-oil-discount.txt", tmp_path / "sources")
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        library.add(tmp_path / "sources")
        yield library


def kept(library: Library, words: str = SIGNED, name: str = "treaty.txt") -> KeptQuote:
    """Return words of a document as the page keeps them: with the file's name, without its folder."""
    document = library.document(name)
    return quote_of(document, words) if document.source == name else _named(quote_of(document, words), name)


def _named(quote: KeptQuote, name: str) -> KeptQuote:
    return replace(quote, source=name)


def change(library: Library, text: str, name: str = "treaty.txt") -> None:
    """Edit a source, and add it again."""
    (library.folder.parent / "sources" / name).write_text(text)
    library.add(library.folder.parent / "sources")


def test_document_is_read_once_for_all_its_quotes(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the quotes are ordered: otherwise documents in turn would be read and indexed for each of them."""
    names = [f"{topic}.txt" for topic in ("bread", "comets", "harbours", "horses", "kings", "salt", "winters")]
    for name in names:
        change(library, f"Much is known about {name}, and nobody has written it down.", name)
    quotes = [replace(kept(library), source=name, document="0" * 64) for _ in range(9) for name in names]
    read: list[str] = []
    original = Contents.document

    def noted(self: Contents, name: str) -> Document:
        read.append(name)
        return original(self, name)

    monkeypatch.setattr(Contents, "document", noted)
    assert {state.state for state in library.check_kept(quotes)} == {"gone"}
    assert len(read) == len(set(read))
    assert len(read) <= len(names) + 1


def test_unchanged_readded_and_renamed_source_holds_the_quote(library: Library) -> None:
    """Also after the document was removed, and the same bytes were added again, with another name."""
    quote = kept(library)
    assert [state.state for state in library.check_kept([quote])] == ["there"]
    library.remove("treaty.txt")
    assert [state.state for state in library.check_kept([quote])] == ["gone"]
    library.add(library.folder.parent / "sources")
    assert [state.state for state in library.check_kept([quote])] == ["there"]
    sources = library.folder.parent / "sources"
    (sources / "treaty.txt").rename(sources / "harbour.txt")
    library.add(sources)
    assert [state.state for state in library.check_kept([quote])] == ["there"]


def test_edited_source_is_found_by_its_file_name(library: Library) -> None:
    """Text before the quote moves it; text within changes it; another file of the name has neither."""
    quote = kept(library)
    change(library, f"A preamble came first. {TREATY}")
    [moved] = library.check_kept([quote])
    assert moved.state == "moved"
    assert moved.now is not None
    assert library.document(moved.now.document).text[moved.now.start : moved.now.end] == SIGNED
    change(library, TREATY.replace("king", "queen"))
    [changed] = library.check_kept([quote])
    assert changed.state == "changed"
    assert [part for part in changed.difference if part[0] != "both"] == [("then", "king"), ("now", "queen")]
    change(library, "A comet frightened the horses of the desert at noon.")
    [gone] = library.check_kept([quote])
    assert (gone.state, gone.now) == ("gone", None)
    assert "nothing like these words" in gone.what


def test_address_is_found_again_by_its_title(library: Library) -> None:
    """A document with another file name and the same title is another version of it."""
    name = "03-the-2011-oil-discount.txt"
    title = library.find(name).title
    assert title
    words = "they had borrowed enormous sums"
    quote = kept(library, words, name)
    text = (library.folder.parent / "sources" / name).read_text()
    library.remove(name)
    (library.folder.parent / "sources" / name).unlink()
    assert words in text
    change(library, f"{text}\n\nA new last line.", "second-edition.txt")
    assert [state.state for state in library.check_kept([quote])] == ["moved"]


@pytest.mark.parametrize("form", FORMS)
def test_every_export_can_be_verified(library: Library, tmp_path: Path, form: str) -> None:
    """The file says what was kept; the library says whether it still holds."""
    quote, other = kept(library), kept(library, "Winter had closed the river")
    path = tmp_path / f"kept.{form}"
    path.write_bytes(library.export_kept([item(quote), item(other, id="another-quote", position=0.5)], form))  # type: ignore[arg-type]
    assert [entry.quotes[0].quote for entry in read_kept(path)] == [other.quote, SIGNED]
    assert library.verify_kept(path) == []
    change(library, f"Once. {TREATY}")
    assert [(finding.fault, finding.is_mismatch) for finding in library.verify_kept(path)] == [("moved", False)] * 2
    change(library, TREATY.replace("king", "queen"))
    found = [finding for finding in library.verify_kept(path) if finding.is_mismatch]
    assert [(finding.fault, finding.quote, finding.now) for finding in found] == [
        ("changed", SIGNED, "The queen signed the treaty in the harbour.")
    ]
    library.remove("treaty.txt")
    assert [finding.fault for finding in library.verify_kept(path)] == ["gone", "gone"]


@pytest.mark.parametrize("content", [b"", b"{}", b"# A letter", b"PK\x03\x04broken", b'{"format": "x"}'])
def test_other_files_are_refused(library: Library, tmp_path: Path, content: bytes) -> None:
    """The error says what is expected, and nothing is checked."""
    path = tmp_path / "letter.md"
    path.write_bytes(content)
    with pytest.raises(BadKept):
        library.verify_kept(path)
    with pytest.raises(BadKept, match="cannot be read"):
        library.verify_kept(tmp_path / "missing.md")
