"""What readers have kept, in files beside the library: merged, bounded, private, and no part of any copy of it."""

from __future__ import annotations

import stat
import threading
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.citations.kept import MAX_ITEMS, in_order
from index.errors import BadKept, LibraryLocked, LibraryNotWritable
from index.library.library import Library
from index.server.kept_store import FOLDER, KeptStore, reader_name, reader_of
from index.server.principals import PRINCIPAL, Principal
from index.settings import Settings
from index.storage.files import WriterLock
from tests.citations.kept_items import document, item, quote_of
from tests.fakes import FakeEncoder

if TYPE_CHECKING:
    from pathlib import Path

QUOTE = quote_of(document("Before it. The pump was the cause. After it."), "The pump was the cause.")
ADA, BOB = reader_name("user", "ada"), reader_name("user", "bob")


def test_readers_have_collections_of_their_own(tmp_path: Path) -> None:
    """A second look finds what was stored; nobody else does; the file is the owner's alone, and names nobody."""
    store = KeptStore(tmp_path)
    assert store.read(ADA) == ()
    stored = store.add(ADA, [item(QUOTE, note="mine")])
    assert KeptStore(tmp_path).read(ADA) == stored == (item(QUOTE, note="mine"),)
    assert store.read(BOB) == ()
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    assert not any("ada" in path.name for path in (tmp_path / FOLDER).iterdir())


def test_same_subject_of_another_kind_is_somebody_else() -> None:
    """A proxy's `ada` is not the provider's; programs keep nothing."""
    assert reader_name("proxy", "ada") != ADA
    assert reader_of({PRINCIPAL: Principal("user", "ada", "Ada")}) == ADA
    assert reader_of({PRINCIPAL: Principal("key", "ada", "Ada")}) == ""
    assert reader_of({}) == ""


def test_browsers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Eight of them add an item each, at the same time; a stale copy of an item does not undo a newer one."""

    def add(number: int) -> None:
        KeptStore(tmp_path).add(ADA, [item(QUOTE, id=f"item-number-{number}", position=float(number))])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = KeptStore(tmp_path)
    assert [entry.id for entry in in_order(store.read(ADA))] == [f"item-number-{number}" for number in range(8)]
    first = store.read(ADA)[0]
    store.add(ADA, [replace(first, note="newer", revision=2)])
    assert next(entry.note for entry in store.add(ADA, [first]) if entry.id == first.id) == "newer"


def test_too_much_changes_nothing(tmp_path: Path) -> None:
    """The reader is told, and what was stored stays."""
    store = KeptStore(tmp_path)
    store.add(ADA, [item(QUOTE)])
    with pytest.raises(BadKept, match=f"room for {MAX_ITEMS}"):
        store.add(ADA, [item(QUOTE, id=f"item-number-{number}") for number in range(MAX_ITEMS)])
    assert store.read(ADA) == (item(QUOTE),)


def test_damaged_file_is_not_overwritten(tmp_path: Path) -> None:
    """The operator can look at it."""
    store = KeptStore(tmp_path)
    store.add(ADA, [item(QUOTE)])
    path = tmp_path / FOLDER / f"{ADA}.items.json"
    path.write_bytes(b"[{broken")
    with pytest.raises(BadKept):
        store.read(ADA)
    with pytest.raises(BadKept):
        store.add(ADA, [item(QUOTE)])
    assert path.read_bytes() == b"[{broken"


def test_everything_of_a_reader_is_deleted(tmp_path: Path) -> None:
    """And nothing of the others."""
    store = KeptStore(tmp_path)
    store.forget(ADA)
    store.add(ADA, [item(QUOTE)])
    store.add(BOB, [item(QUOTE)])
    store.forget(ADA)
    assert (store.read(ADA), store.read(BOB)) == ((), (item(QUOTE),))
    assert not list((tmp_path / FOLDER).glob(f"{ADA}.items*"))


def test_failures_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process that holds the lock, and a folder that cannot be written."""
    store = KeptStore(tmp_path)
    store.add(ADA, [item(QUOTE)])
    monkeypatch.setattr("index.server.kept_store._PATIENCE_SECONDS", 0.05)
    with WriterLock(tmp_path / FOLDER, ADA).held(patience=1), pytest.raises(LibraryLocked):
        store.add(ADA, [item(QUOTE)])
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LibraryNotWritable):
        KeptStore(tmp_path / "file").add(ADA, [item(QUOTE)])


def test_copies_of_the_library_have_none_of_it(tmp_path: Path) -> None:
    """Backups, exports and copies are given to others."""
    (tmp_path / "treaty.txt").write_text("The king signed the treaty.")
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        library.add(tmp_path / "treaty.txt")
        KeptStore(library.folder).add(ADA, [item(QUOTE, note="a secret note")])
        library.backup(tmp_path / "backup.zip")
        library.export_library(tmp_path / "export.zip")
        sources = library.sources()
        library.copy(tmp_path / "copy", sources, dict.fromkeys(sources, "treaty.txt"))
        assert not library.problems()
    for name in ("backup.zip", "export.zip"):
        assert zipfile.is_zipfile(tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as archive:
            assert not [
                entry for entry in archive.namelist() if b"secret note" in archive.read(entry) or "kept" in entry
            ]
    assert not (tmp_path / "copy" / FOLDER).exists()
    Library.restore(tmp_path / "backup.zip", tmp_path / "library", force=True)
    assert KeptStore(tmp_path / "library").read(ADA) == (item(QUOTE, note="a secret note"),)
