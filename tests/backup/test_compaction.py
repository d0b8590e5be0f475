"""Compaction: disk space is freed, and caches of an older state are updated or rebuilt, never trusted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from index.backup import archive, rebuild
from index.errors import LibraryLocked, NoRoom
from index.library.library import Library
from tests.backup.conftest import SETTINGS, best_source, contents_of, copy_template, text_about, write_files
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY = 200


@pytest.fixture
def emptied(tmp_path: Path, open_library: Callable[..., Library]) -> Library:
    """A library from which most documents were removed."""

    def make() -> None:
        paths = write_files(tmp_path / "sources", MANY)
        with Library.open(tmp_path / "library", SETTINGS, encoder=FakeEncoder()) as library:
            library.add(paths)
            library.remove(*(str(path) for path in paths[8:]))

    copy_template("most documents removed", tmp_path, make)
    return open_library(tmp_path / "library")


def test_compaction_only_frees_disk_space(emptied: Library) -> None:
    """A third of the size, an empty log, the same contents; a second one finds nothing and replaces nothing."""
    before, generation = contents_of(emptied), emptied.generation()
    catalog = emptied.folder / "catalog.db"
    catalog_bytes = catalog.stat().st_size
    done = emptied.compact()
    assert catalog.stat().st_size < catalog_bytes / 3
    assert done.bytes_after < done.bytes_before / 2
    assert done.bytes_after == emptied.stats().bytes
    assert done.notes == ()
    assert contents_of(emptied) == before
    assert emptied.generation() == generation
    assert emptied.problems() == []
    assert best_source(emptied, "Ship5") == "05.md"
    assert not (emptied.folder / "compacting").exists()
    assert catalog.with_name("catalog.db-wal").stat().st_size == 0
    steps = []
    emptied.compact(progress=lambda step, done, total: steps.append(step))
    assert "replacing" not in steps
    saved = emptied.parts.store.saved_generations()
    assert saved
    assert emptied.parts.store.catalog.removals_from() <= min(saved)


def test_readers_get_answers_during_compaction(emptied: Library, open_library: Callable[..., Library]) -> None:
    """A reader that asks continuously gets every answer."""
    reader = open_library(emptied.folder)
    stop, wrong_answers, first_answer = threading.Event(), [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            if best_source(reader, "Ship6") != "06.md" or best_source(reader, "captain2") != "02.md":
                wrong_answers.append(reader.search("Ship6"))
            first_answer.set()

    thread = threading.Thread(target=ask)
    thread.start()
    first_answer.wait()
    try:
        emptied.compact()
    finally:
        stop.set()
        thread.join()
    assert wrong_answers == []
    assert reader.problems() == []


def test_long_read_only_delays_the_freed_space(
    emptied: Library, open_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a reader uses an old state, the result notes that the space is freed later."""
    monkeypatch.setattr("index.storage.database._LOG_SECONDS", 0.05)
    reader = open_library(emptied.folder)
    with reader.parts.store.catalog.database.snapshot():
        before = reader.documents()
        done = emptied.compact()
        assert len(done.notes) == 1
        assert reader.documents() == before
    assert emptied.compact().bytes_after < done.bytes_after


def test_caches_older_than_the_recorded_removals_are_rebuilt(
    filled: Library, open_library: Callable[..., Library]
) -> None:
    """Indexes in memory and on disk are rebuilt if they are older than the first recorded removal."""
    paths = write_files(filled.folder.parent / "sources", MANY)
    filled.add(paths)
    reader = open_library(filled.folder)
    assert best_source(reader, "Ship150") == "150.md"
    filled.close()
    old_files = {path: path.read_bytes() for path in filled.folder.rglob("*") if _is_cache(path)}
    assert {path.name for path in old_files} >= {"dense.faiss", "manifest.json"}
    writer = open_library(filled.folder)
    writer.remove(*(str(path) for path in paths[100:]))
    writer.compact()
    catalog = writer.parts.store.catalog
    assert catalog.forget_removals(catalog.generation()) > 0  # including those that a file on disk still needs
    assert best_source(reader, "Ship150") != "150.md"
    assert reader.problems() == []
    writer.close()
    reader.close()
    for path in [path for path in filled.folder.rglob("*") if _is_cache(path)]:
        path.unlink()
    for path, data in old_files.items():
        path.write_bytes(data)
    library = open_library(filled.folder)
    assert best_source(library, "Ship150") != "150.md"
    assert library.problems() == []
    assert best_source(library, "Ship50") == "50.md"


def _is_cache(path: Path) -> bool:
    return path.is_file() and (path.parent.name == "lexical" or path.name == "dense.faiss")


def test_interrupted_compaction_changes_nothing(emptied: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog is replaced in one transaction."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 2)
    before = contents_of(emptied)

    def watch(step: str, done: int, total: int) -> None:
        if step == "replacing" and 0 < done < total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emptied.compact(progress=watch)
    assert contents_of(emptied) == before
    assert emptied.problems() == []
    assert not (emptied.folder / "compacting").exists()
    assert emptied.compact().bytes_after < emptied.stats().bytes * 2


def test_compaction_needs_the_writer_lock_and_disk_space(
    emptied: Library, open_library: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the error names the other writer or the needed space, and nothing changes."""
    other = open_library(emptied.folder)
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.01)
    with other.parts.store.writing(), pytest.raises(LibraryLocked, match="process"):
        emptied.compact()
    monkeypatch.setattr(archive, "_SPARE", 1 << 60)
    with pytest.raises(NoRoom) as caught:
        emptied.compact()
    assert caught.value.needed > 1 << 60
    assert best_source(emptied, "Ship5") == "05.md"
    assert not (emptied.folder / rebuild._STAGING).exists()


def test_compaction_rebuilds_a_word_index_full_of_tombstones(emptied: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new index replaces the old one, and documents that are added later are found in it."""
    monkeypatch.setattr("index.storage.store._TOMBSTONES", -1.0)
    before = {path.name for path in (emptied.folder / "lexical").iterdir()}
    emptied.compact()
    assert {path.name for path in (emptied.folder / "lexical").iterdir()} != before
    assert best_source(emptied, "captain4") == "04.md"
    path = emptied.folder.parent / "sources" / "later.md"
    path.write_text(text_about(300))
    emptied.add(path)
    assert best_source(emptied, "captain300") == "later.md"
    assert emptied.problems() == []
