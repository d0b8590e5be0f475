"""Compacting: room comes back, and whatever was built from an older state is caught up or made anew, never believed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from index.backup import archive, rebuild
from index.errors import LibraryLocked, NoRoom
from tests.backup.conftest import contents, first, words, write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.library.library import Library

MANY = 200


@pytest.fixture
def emptied(filled: Library) -> Library:
    """A library that has lost most of its documents."""
    paths = write_files(filled.folder.parent / "sources", MANY)
    filled.add(paths)
    filled.remove(*(str(path) for path in paths[8:]))
    return filled


def test_room_comes_back_and_nothing_else_changes(emptied: Library) -> None:
    """The catalog is a fraction of what it was, its log is gone, and it says the same as before."""
    before, generation = contents(emptied), emptied.generation()
    done = emptied.compact()
    assert done.bytes_after < done.bytes_before / 3
    assert done.bytes_after == emptied.stats().bytes
    assert done.notes == ()
    assert contents(emptied) == before
    assert emptied.generation() == generation
    assert emptied.problems() == []
    assert first(emptied, "Ship5") == "05.md"
    assert not (emptied.folder / "compacting").exists()
    assert (emptied.folder / "catalog.db-wal").stat().st_size == 0


def test_where_there_is_nothing_to_gain_the_catalog_is_left_alone(emptied: Library) -> None:
    """The second time, it costs next to nothing."""
    emptied.compact()
    written = []
    emptied.compact(progress=lambda what, done, of: written.append(what))
    assert "replacing" not in written


def test_readers_stay(emptied: Library, opened: Callable[..., Library]) -> None:
    """One that asks all the while has every answer, and one that reads at length does not stop it."""
    reader = opened(emptied.folder)
    stop, wrong, asked = threading.Event(), [], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            if first(reader, "Ship6") != "06.md" or first(reader, "captain2") != "02.md":
                wrong.append(reader.search("Ship6"))
            asked.set()

    asker = threading.Thread(target=ask)
    asker.start()
    asked.wait()
    try:
        emptied.compact()
    finally:
        stop.set()
        asker.join()
    assert wrong == []
    assert reader.problems() == []


def test_a_long_reader_delays_only_the_room(
    emptied: Library, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it reads an old state, the result says that the room comes back later."""
    monkeypatch.setattr("index.storage.database._LOG_SECONDS", 0.05)
    reader = opened(emptied.folder)
    with reader._store.catalog.database.snapshot():
        before = reader.documents()
        done = emptied.compact()
        assert len(done.notes) == 1
        assert reader.documents() == before
    assert emptied.compact().bytes_after < done.bytes_after


def test_whatever_was_built_before_is_not_believed(filled: Library, opened: Callable[..., Library]) -> None:
    """Indexes in memory and on disk that are older than what is still known of removals are made anew."""
    paths = write_files(filled.folder.parent / "sources", MANY)
    filled.add(paths)
    reader = opened(filled.folder)
    assert first(reader, "Ship150") == "150.md"
    filled.close()
    old = {path: path.read_bytes() for path in filled.folder.rglob("*") if _is_cache(path)}
    assert {path.name for path in old} >= {"dense.faiss", "manifest.json"}
    writer = opened(filled.folder)
    writer.remove(*(str(path) for path in paths[100:]))
    writer.compact()
    catalog = writer._store.catalog
    assert catalog.forget_removals(catalog.generation()) > 0  # also those that a file on disk still needs
    assert first(reader, "Ship150") != "150.md"
    assert reader.problems() == []
    writer.close()
    reader.close()
    for path in [path for path in filled.folder.rglob("*") if _is_cache(path)]:
        path.unlink()
    for path, data in old.items():
        path.write_bytes(data)
    library = opened(filled.folder)
    assert first(library, "Ship150") != "150.md"
    assert library.problems() == []
    assert first(library, "Ship50") == "50.md"


def _is_cache(path: Path) -> bool:
    return path.is_file() and (path.parent.name == "lexical" or path.name == "dense.faiss")


def test_removals_that_an_index_on_disk_needs_are_kept(emptied: Library) -> None:
    """They go only up to the oldest state from which an index has to be caught up."""
    emptied.compact()
    saved = emptied._store.saved_generations()
    assert saved
    assert emptied._store.catalog.removals_from() <= min(saved)


def test_stopped_in_the_midst_nothing_has_changed(emptied: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog comes back whole in one transaction, or not at all."""
    monkeypatch.setattr("index.storage.database._STEP_PAGES", 2)
    before = contents(emptied)

    def watch(what: str, done: int, of: int) -> None:
        if what == "replacing" and 0 < done < of:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        emptied.compact(progress=watch)
    assert contents(emptied) == before
    assert emptied.problems() == []
    assert not (emptied.folder / "compacting").exists()
    assert emptied.compact().bytes_after < emptied.stats().bytes * 2


def test_it_needs_the_right_to_write_and_room(
    emptied: Library, opened: Callable[..., Library], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it says who has it, or how much it needs, and does nothing."""
    other = opened(emptied.folder)
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.01)
    with other._store.writing(), pytest.raises(LibraryLocked, match="process"):
        emptied.compact()
    monkeypatch.setattr(archive, "_SPARE", 1 << 60)
    with pytest.raises(NoRoom) as caught:
        emptied.compact()
    assert caught.value.needed > 1 << 60
    assert first(emptied, "Ship5") == "05.md"
    assert not (emptied.folder / rebuild._STAGING).exists()


def test_an_index_of_words_full_of_what_was_removed_is_made_anew(
    emptied: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made beside the old one and takes its place; what is added later is found in it."""
    monkeypatch.setattr("index.storage.store._TOMBSTONES", -1.0)
    before = {path.name for path in (emptied.folder / "lexical").iterdir()}
    emptied.compact()
    assert {path.name for path in (emptied.folder / "lexical").iterdir()} != before
    assert first(emptied, "captain4") == "04.md"
    path = emptied.folder.parent / "sources" / "later.md"
    path.write_text(words(300))
    emptied.add(path)
    assert first(emptied, "captain300") == "later.md"
    assert emptied.problems() == []
