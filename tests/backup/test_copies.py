"""The copy of a library is complete in itself, and knows nothing of the machine that it comes from."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from index.errors import DocumentNotFound, LibraryError, LibraryExists
from index.library.library import Library
from index.settings import Settings
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write

REMOVED = "zanzibarquux"


@pytest.fixture
def shelf(library: Library, write: Write) -> Library:
    """A library of two documents, one of them with two files, and a removed third."""
    files = {
        "a.md": "# A\n\nA whale swam by.",
        "b.md": "# B\n\nThe king signed the treaty.",
        "gone.md": f"The {REMOVED}.",
    }
    library.add([write(name, text) for name, text in files.items()])
    library.add([write("again/a.md", files["a.md"])])
    library.remove("gone.md")
    return library


def copied(shelf: Library, folder: Path) -> Path:
    """Copy the library; each source becomes a number and its file name."""
    names = {source: f"{n}-{source.rpartition('/')[2]}" for n, source in enumerate(sorted(shelf.sources()))}
    return shelf.copy(folder, shelf.sources(), names)


def bytes_of(folder: Path) -> bytes:
    """Return the bytes of all files of a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_copy_has_the_same_documents_under_new_names(shelf: Library, tmp_path: Path) -> None:
    """Texts, passages, ids and both files of the one document; search finds the same."""
    folder = copied(shelf, tmp_path / "copy")
    with Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder(), create=False) as copy:
        assert {info.id for info in copy.documents()} == {info.id for info in shelf.documents()}
        assert sorted(copy.sources()) == ["0-a.md", "1-a.md", "2-b.md"]
        for info in shelf.documents():
            assert copy.document(info.id).text == shelf.document(info.id).text
        assert copy.search("Who signed the accord?")[0].quote == "The king signed the treaty."
        assert copy.problems() == []
        assert copy.generation() > 0
        with pytest.raises(DocumentNotFound):
            copy.find("gone.md")


def test_copy_has_no_path_and_no_word_of_a_removed_document(shelf: Library, tmp_path: Path) -> None:
    """Neither in free pages of the catalog nor in an index; the test sees both in the original."""
    folder = copied(shelf, tmp_path / "copy")
    assert str(tmp_path).encode() in bytes_of(shelf.folder)
    assert str(tmp_path).encode() not in bytes_of(folder)
    assert REMOVED.encode() not in bytes_of(folder)


def test_copy_is_one_catalog_with_all_caches_and_no_locks(shelf: Library, tmp_path: Path) -> None:
    """No write-ahead log, so that a read-only disk can serve it; index and map are there already."""
    folder = copied(shelf, tmp_path / "copy")
    assert sorted(path.name for path in folder.iterdir()) == ["catalog.db", "lexical", "map.json"]
    assert not list(folder.rglob("*lock*"))
    with sqlite3.connect(f"file:{folder / 'catalog.db'}?immutable=1", uri=True) as catalog:
        assert catalog.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert catalog.execute("PRAGMA freelist_count").fetchall() == [(0,)]
        own = catalog.execute("SELECT value FROM meta WHERE key = 'library'").fetchone()[0]
    catalog.close()
    assert own != shelf.parts.store.catalog.library_id


def test_served_copy_writes_nothing(shelf: Library, tmp_path: Path) -> None:
    """An index that was incomplete would be written when the first question comes."""
    folder = copied(shelf, tmp_path / "copy")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder(), create=False) as copy:
        assert copy.ask("Who signed the treaty?").citations
        assert copy.readiness().notes == ()
        copy.map()
    assert {path: path.read_bytes() for path in before} == before


def test_copy_contains_nothing_that_its_caller_has_not_seen(shelf: Library, write: Write, tmp_path: Path) -> None:
    """A file that was added or replaced since the names were chosen."""
    sources = shelf.sources()
    shelf.add(write("b.md", "Another horse."))
    with pytest.raises(LibraryError, match="changed"):
        shelf.copy(tmp_path / "copy", sources, {source: source for source in sources})


def test_copy_does_not_overwrite(shelf: Library, tmp_path: Path) -> None:
    """The target must be new."""
    (tmp_path / "copy").mkdir()
    with pytest.raises(LibraryExists):
        copied(shelf, tmp_path / "copy")


def test_verify_reads_the_kept_file_of_a_bare_name_and_no_file_of_the_working_folder(
    shelf: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy's sources are names, which must not be taken for files that happen to be there."""
    folder = copied(shelf, tmp_path / "copy")
    (folder / "uploads").mkdir()
    (folder / "uploads" / "1.md").write_text("# B\n\nThe king signed the treaty.")
    (tmp_path / "0-a.md").write_text("something else")
    monkeypatch.chdir(tmp_path)
    with Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder(), create=False) as copy:
        found = copy.verify()
    assert (found.sources_checked, found.sources_changed, found.mismatches) == (1, (), ())
    assert found.sources_missing == ("0-a.md", "1-a.md")
