"""Backups and copies: a library in one file or a folder, verified when made, restored completely or not at all."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.backup import backups
from index.errors import (
    ArchiveExists,
    ArchiveNotWritable,
    BadArchive,
    DocumentNotFound,
    LibraryDamaged,
    LibraryError,
    LibraryExists,
    LibraryLocked,
    NoRoom,
    PinciteError,
)
from index.library.library import Library
from index.settings import Settings
from index.storage import tables
from tests.backup.conftest import best_source, contents_of, text_about
from tests.backup.forgeries import write_archive
from tests.fakes import FakeEncoder
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Write


@pytest.fixture
def backup(filled: Library, tmp_path: Path) -> Path:
    """A backup of the filled library, which includes one uploaded file."""
    uploads = filled.folder / "uploads"
    uploads.mkdir()
    (uploads / "arrived.txt").write_text("A whale swam by.")
    filled.add(uploads)
    path = tmp_path / "backup.zip"
    filled.backup(path)
    return path


def test_restored_library_equals_the_original(
    filled: Library, backup: Path, open_library: Callable[..., Library]
) -> None:
    """Documents, sources, passages, vectors and uploaded files are restored; the indexes are rebuilt."""
    done = Library.restore(backup, filled.folder.with_name("new"))
    library = open_library(filled.folder.with_name("new"))
    assert (done.documents, done.originals) == (9, 1)
    assert contents_of(library) == contents_of(filled)
    assert library.problems() == []
    assert best_source(library, "Ship5") == "05.md"
    assert (library.folder / "uploads" / "arrived.txt").read_text() == "A whale swam by."
    assert not (library.folder / "restoring").exists()


def test_backup_is_a_zip_file_with_a_manifest(backup: Path, filled: Library) -> None:
    """Any program can open it; the manifest has the counts and the hash of each part."""
    with zipfile.ZipFile(backup) as zip_file:
        assert zip_file.testzip() is None
        manifest = json.loads(zip_file.read("manifest.json"))
        assert set(zip_file.namelist()) == {"manifest.json", "catalog.db", "originals/000001"}
    assert (manifest["format"], manifest["kind"]) == ("pincite archive", "backup")
    assert manifest["documents"] == 9
    assert manifest["made_with"] == filled.stats().made_with
    assert len(manifest["parts"]["catalog.db"]["sha256"]) == 64


def test_backup_and_restore_overwrite_only_with_force(backup: Path, filled: Library) -> None:
    """Neither an existing backup nor an existing library is replaced without `force`."""
    before = backup.read_bytes()
    with pytest.raises(ArchiveExists):
        filled.backup(backup)
    with pytest.raises(LibraryExists):
        Library.restore(backup, filled.folder)
    assert backup.read_bytes() == before
    filled.remove("05.md")
    assert filled.backup(backup, force=True).documents == 8
    assert not backup.with_name("backup.zip.part").exists()


def test_restore_replaces_a_library_that_is_in_use(
    filled: Library, backup: Path, open_library: Callable[..., Library], tmp_path: Path
) -> None:
    """An open reader sees the restored library, and no cached data of the one before."""
    reader = open_library(filled.folder)
    assert best_source(reader, "Ship5") == "05.md"
    new = tmp_path / "sources" / "new.md"
    new.write_text(text_about(70))
    filled.add(new)
    filled.remove("05.md")
    (filled.folder / "uploads" / "later.txt").write_text("later")
    assert best_source(reader, "Ship70") == "new.md"
    generation = reader.generation()
    Library.restore(backup, filled.folder, force=True)
    for library in (reader, filled):
        assert best_source(library, "Ship5") == "05.md"
        assert "new.md" not in [Path(info.source).name for info in library.documents()]
        assert library.generation() > generation
        assert library.problems() == []
    assert sorted(path.name for path in (filled.folder / "uploads").iterdir()) == ["arrived.txt"]


@pytest.mark.parametrize("damage", ["catalog.db emptied", "catalog.db of noise", "catalog.db deleted"])
def test_restore_replaces_a_library_that_cannot_be_opened(
    filled: Library, backup: Path, open_library: Callable[..., Library], damage: str
) -> None:
    """A damaged catalog is set aside, together with its log."""
    before = contents_of(filled)
    filled.close()
    catalog = filled.folder / "catalog.db"
    if damage.endswith("deleted"):
        catalog.unlink()
    else:
        catalog.write_bytes(b"noise" * 5000 if damage.endswith("noise") else b"")
    (filled.folder / "catalog.db-wal").write_bytes(b"of another file" * 100)
    Library.restore(backup, filled.folder, force=True)
    assert contents_of(open_library(filled.folder)) == before


def test_damaged_backup_is_refused_wherever_the_damage_is(backup: Path, tmp_path: Path) -> None:
    """With a flipped bit or a missing end the file is refused, and no part of a library is left."""
    data, generator = backup.read_bytes(), random.Random(5)
    offsets = [
        *range(0, len(data), len(data) // length(20, 40)),
        len(data) - 1,
        *(generator.randrange(len(data)) for _ in range(length(20, 40))),
    ]
    damaged = [data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :] for offset in offsets]
    damaged += [data[: len(data) * sevenths // 7] for sevenths in range(7)] + [data[:-1], data + b"\0"]
    for case, data_with_damage in enumerate(damaged):
        file = tmp_path / "damaged.zip"
        file.write_bytes(data_with_damage)
        with pytest.raises(BadArchive) as caught:
            Library.restore(file, tmp_path / "new")
        assert caught.value.hint, case
        assert not (tmp_path / "new").exists()


def forge(path: Path, change: Callable[[dict[str, object], dict[str, bytes]], None]) -> None:
    """Change the contents of a backup and write its checksums again."""
    with zipfile.ZipFile(path) as zip_file:
        manifest = json.loads(zip_file.read("manifest.json"))
        parts = {name: zip_file.read(name) for name in manifest["parts"]}
    change(manifest, parts)
    write_archive(path, manifest, parts)


def catalog_after(data: bytes, statement: str, folder: Path) -> bytes:
    """The bytes of a catalog after an SQL statement was run on it."""
    file = folder / "altered.db"
    file.write_bytes(data)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(statement)
    return file.read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE passages SET text = replace(text, 'winter', 'summer')",
        "UPDATE vectors SET vector = zeroblob(length(vector)) WHERE passage = 2",
        "DELETE FROM passages WHERE ordinal = 1",
        "CREATE TRIGGER harm AFTER INSERT ON documents BEGIN DELETE FROM passages; END",
        "CREATE VIEW harm AS SELECT 1",
        "PRAGMA application_id = 7",
        f"PRAGMA user_version = {tables.VERSION + 1}",
        "PRAGMA user_version = 0",
        "DELETE FROM meta WHERE key = 'library'",
        "DROP TABLE landmarks",
    ],
)
def test_backup_with_an_invalid_catalog_is_refused(backup: Path, tmp_path: Path, statement: str) -> None:
    """Consistent hashes do not help a forger: every passage has a checksum, and triggers and views are refused."""

    def change(_: dict[str, object], parts: dict[str, bytes]) -> None:
        parts["catalog.db"] = catalog_after(parts["catalog.db"], statement, tmp_path)

    forge(backup, change)
    with pytest.raises(PinciteError) as caught:
        Library.restore(backup, tmp_path / "new")
    assert caught.value.hint
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil", "", ".", "..", "a/b.txt", "a\0b", "a\\b.txt", "..\\evil.txt"]
)
def test_original_with_a_path_as_its_name_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    """A name that is a path could write outside the library folder."""

    def change(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["parts"]["originals/000001"]["name"] = name  # type: ignore[index]

    forge(backup, change)
    with pytest.raises(BadArchive, match="a file in it has the invalid name"):
        Library.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_false_manifest_is_refused(backup: Path, tmp_path: Path) -> None:
    """A manifest with a wrong count, a missing part or another format is refused."""
    original = backup.read_bytes()

    def miscount(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["documents"] = 10

    def rename(manifest: dict[str, object], parts: dict[str, bytes]) -> None:
        parts["catalog.sql"] = parts.pop("catalog.db")

    def retype(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["kind"] = "library"

    for change in (miscount, rename, retype):
        backup.write_bytes(original)
        forge(backup, change)
        with pytest.raises(BadArchive):
            Library.restore(backup, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_backup_is_a_snapshot_during_writes(filled: Library, tmp_path: Path) -> None:
    """A backup has no commit made while it was copied, everything in it is complete, and the writer does not wait."""
    stop, added = threading.Event(), []

    def write() -> None:
        number = 100
        while not stop.is_set():
            path = tmp_path / "sources" / f"{number}.md"
            path.write_text(text_about(number))
            filled.add(path)
            added.append(number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(length(3, 5)):
            count_before = len(added)
            while len(added) == count_before:
                stop.wait(0.001)
            file = tmp_path / f"{number}.zip"
            done = filled.backup(file)
            assert count_before + 8 <= done.documents <= len(added) + 9
            assert Library.restore(file, tmp_path / f"restored {number}").documents == done.documents
    finally:
        stop.set()
        writer.join()


def test_damaged_library_does_not_replace_a_good_backup(filled: Library, backup: Path) -> None:
    """The error says what is damaged, and the older backup stays."""
    before = backup.read_bytes()
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'else' WHERE id = 3")
    with pytest.raises(LibraryDamaged, match="checksum"):
        filled.backup(backup, force=True)
    assert backup.read_bytes() == before
    assert not backup.with_name("backup.zip.part").exists()


def test_backup_without_folder_or_room_leaves_no_file(
    filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing folder and a full disk each raise their own error."""
    with pytest.raises(ArchiveNotWritable):
        filled.backup(tmp_path / "nowhere" / "backup.zip")
    monkeypatch.setattr(backups, "file_size", lambda path: 1 << 60)
    with pytest.raises(NoRoom) as caught:
        filled.backup(tmp_path / "backup.zip")
    assert caught.value.needed > 1 << 60
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_files_of_a_killed_backup_or_restore_are_deleted(
    filled: Library, tmp_path: Path, backup: Path, open_library: Callable[..., Library]
) -> None:
    """Partial files do not prevent the next one; a folder with a partly restored library counts as empty."""
    partial_backup = tmp_path / "again.zip.part"
    partial_backup.mkdir()
    (partial_backup / "archive").write_bytes(b"half")
    (partial_backup / "catalog.db").write_bytes(b"half")
    filled.backup(tmp_path / "again.zip")
    assert not partial_backup.exists()
    partial_library = tmp_path / "new"
    shutil.copytree(filled.folder / "uploads", partial_library / "uploads")
    (partial_library / "restoring").mkdir()
    (partial_library / "restoring" / "catalog.db").write_bytes(b"half")
    Library.restore(backup, partial_library)
    assert contents_of(open_library(partial_library)) == contents_of(filled)


def test_restore_over_a_library_being_changed_is_refused(
    filled: Library, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the process that is changing it."""
    monkeypatch.setattr("index.backup.backups.WRITER_PATIENCE", 0.01)
    with filled.parts.store.writing(), pytest.raises(LibraryLocked, match="process"):
        Library.restore(backup, filled.folder, force=True)
    assert best_source(filled, "Ship5") == "05.md"


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
    """Texts, passages, ids and both files of the one document; search finds the same, and writes nothing.

    Neither a path nor a word of a removed document is in free pages of the catalog or in an index. There is no
    write-ahead log, so that a read-only disk can serve it; index and map are there already.
    """
    folder = copied(shelf, tmp_path / "copy")
    assert str(tmp_path).encode() in bytes_of(shelf.folder)
    assert str(tmp_path).encode() not in bytes_of(folder)
    assert REMOVED.encode() not in bytes_of(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["catalog.db", "lexical", "map.json"]
    assert not list(folder.rglob("*lock*"))
    with sqlite3.connect(f"file:{folder / 'catalog.db'}?immutable=1", uri=True) as catalog:
        assert catalog.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert catalog.execute("PRAGMA freelist_count").fetchall() == [(0,)]
        own = catalog.execute("SELECT value FROM meta WHERE key = 'library'").fetchone()[0]
    catalog.close()
    assert own != shelf.parts.store.catalog.library_id
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder(), create=False) as copy:
        assert copy.ask("Who signed the treaty?").citations
        assert copy.readiness().notes == ()
        copy.map()
        assert {path: path.read_bytes() for path in before} == before
        assert {info.id for info in copy.documents()} == {info.id for info in shelf.documents()}
        assert sorted(copy.sources()) == ["0-a.md", "1-a.md", "2-b.md"]
        for info in shelf.documents():
            assert copy.document(info.id).text == shelf.document(info.id).text
        assert copy.search("Who signed the accord?")[0].quote == "The king signed the treaty."
        assert copy.problems() == []
        assert copy.generation() > 0
        with pytest.raises(DocumentNotFound):
            copy.find("gone.md")


def test_copy_is_of_what_its_caller_has_seen_and_new(shelf: Library, tmp_path: Path, write: Write) -> None:
    """A file that was replaced since the names were chosen is an error, and so is a folder that exists."""
    (tmp_path / "copy").mkdir()
    with pytest.raises(LibraryExists):
        copied(shelf, tmp_path / "copy")
    sources = shelf.sources()
    shelf.add(write("b.md", "Another horse."))
    with pytest.raises(LibraryError, match="changed"):
        shelf.copy(tmp_path / "other", sources, {source: source for source in sources})


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
