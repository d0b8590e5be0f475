"""Backups: all of a library in one file, checked before it counts, and restored whole or not at all."""

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

from index.backup import archive, backups
from index.errors import (
    ArchiveExists,
    ArchiveNotWritable,
    BadArchive,
    LibraryDamaged,
    LibraryExists,
    LibraryLocked,
    NoRoom,
    PinciteError,
)
from index.library.library import Library
from index.storage import tables
from tests.backup.conftest import contents, first, words

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def backup(filled: Library, tmp_path: Path) -> Path:
    """A backup of the filled library, which has an original of its own."""
    uploads = filled.folder / "uploads"
    uploads.mkdir()
    (uploads / "arrived.txt").write_text("A whale swam by.")
    filled.add(uploads)
    path = tmp_path / "backup.zip"
    filled.backup(path)
    return path


def test_what_is_restored_is_what_there_was(filled: Library, backup: Path, opened: Callable[..., Library]) -> None:
    """Documents, sources, passages, vectors and files that arrived; the indexes are made again."""
    done = Library.restore(backup, filled.folder.with_name("new"))
    library = opened(filled.folder.with_name("new"))
    assert (done.documents, done.originals) == (9, 1)
    assert contents(library) == contents(filled)
    assert library.problems() == []
    assert first(library, "Ship5") == "05.md"
    assert (library.folder / "uploads" / "arrived.txt").read_text() == "A whale swam by."
    assert not (library.folder / "restoring").exists()


def test_a_backup_is_an_archive_that_says_what_is_in_it(backup: Path, filled: Library) -> None:
    """Any program opens it; the manifest counts, and has the hash of each part."""
    with zipfile.ZipFile(backup) as opened:
        assert opened.testzip() is None
        manifest = json.loads(opened.read("manifest.json"))
        assert set(opened.namelist()) == {"manifest.json", "catalog.db", "originals/000001"}
    assert manifest["format"] == "pincite backup"
    assert manifest["documents"] == 9
    assert manifest["made_with"] == filled.stats().made_with
    assert len(manifest["parts"]["catalog.db"]["sha256"]) == 64


def test_nothing_is_overwritten_unasked(backup: Path, filled: Library) -> None:
    """Not the file by a backup, not a library by a restoring; with `force`, both are."""
    before = backup.read_bytes()
    with pytest.raises(ArchiveExists):
        filled.backup(backup)
    with pytest.raises(LibraryExists):
        Library.restore(backup, filled.folder)
    assert backup.read_bytes() == before
    filled.remove("05.md")
    assert filled.backup(backup, force=True).documents == 8
    assert not backup.with_name("backup.zip.part").exists()


def test_a_library_in_use_is_replaced_under_its_readers(
    filled: Library, backup: Path, opened: Callable[..., Library], tmp_path: Path
) -> None:
    """A reader that stays open sees the restored library, not what it remembers of the one before."""
    reader = opened(filled.folder)
    assert first(reader, "Ship5") == "05.md"
    new = tmp_path / "sources" / "new.md"
    new.write_text(words(70))
    filled.add(new)
    filled.remove("05.md")
    (filled.folder / "uploads" / "later.txt").write_text("later")
    assert first(reader, "Ship70") == "new.md"
    generation = reader.generation()
    Library.restore(backup, filled.folder, force=True)
    for library in (reader, filled):
        assert first(library, "Ship5") == "05.md"
        assert "new.md" not in [Path(info.source).name for info in library.documents()]
        assert library.generation() > generation
        assert library.problems() == []
    assert sorted(path.name for path in (filled.folder / "uploads").iterdir()) == ["arrived.txt"]


@pytest.mark.parametrize("damage", ["catalog.db emptied", "catalog.db of noise", "catalog.db gone"])
def test_a_damaged_library_is_replaced(
    filled: Library, backup: Path, opened: Callable[..., Library], damage: str
) -> None:
    """What cannot even be opened is put aside, with its log."""
    before = contents(filled)
    filled.close()
    catalog = filled.folder / "catalog.db"
    if damage.endswith("gone"):
        catalog.unlink()
    else:
        catalog.write_bytes(b"noise" * 5000 if damage.endswith("noise") else b"")
    (filled.folder / "catalog.db-wal").write_bytes(b"of another file" * 100)
    Library.restore(backup, filled.folder, force=True)
    assert contents(opened(filled.folder)) == before


def test_every_flipped_byte_is_seen(backup: Path, tmp_path: Path) -> None:
    """Wherever a byte is another or the end is missing, the file is refused, and nothing is left of the attempt."""
    data, chance = backup.read_bytes(), random.Random(5)
    places = [*range(0, len(data), len(data) // 40), len(data) - 1, *(chance.randrange(len(data)) for _ in range(40))]
    damaged = [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in places]
    damaged += [data[: len(data) * part // 7] for part in range(7)] + [data[:-1], data + b"\0"]
    for number, each in enumerate(damaged):
        file = tmp_path / "damaged.zip"
        file.write_bytes(each)
        with pytest.raises(BadArchive) as caught:
            Library.restore(file, tmp_path / "new")
        assert caught.value.hint, number
        assert not (tmp_path / "new").exists()


def resealed(path: Path, manifest: dict[str, object], parts: dict[str, bytes]) -> None:
    """An archive with whatever in it, and a seal that fits: made by somebody who means harm."""
    with archive.ArchiveWriter(path, str(manifest["format"]), 1, force=True) as writer:
        for name, data in parts.items():
            facts = manifest["parts"].get(name, {})  # type: ignore[attr-defined]
            with writer.part(name, **{key: value for key, value in facts.items() if key == "name"}) as part:
                part.write(data)
        writer.add_facts(**{key: value for key, value in manifest.items() if key not in ("parts", "format", "version")})


def broken(path: Path, change: Callable[[dict[str, object], dict[str, bytes]], None]) -> None:
    """Change what is in a backup, and seal it again."""
    with zipfile.ZipFile(path) as opened:
        manifest = json.loads(opened.read("manifest.json"))
        parts = {name: opened.read(name) for name in manifest["parts"]}
    change(manifest, parts)
    resealed(path, manifest, parts)


def altered(data: bytes, statement: str, folder: Path) -> bytes:
    """A catalog after a statement of SQL."""
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
def test_a_catalog_that_is_not_sound_is_refused(backup: Path, tmp_path: Path, statement: str) -> None:
    """Whoever made it, and whatever hashes it has: every passage has its checksum, and no code comes along."""

    def change(_: dict[str, object], parts: dict[str, bytes]) -> None:
        parts["catalog.db"] = altered(parts["catalog.db"], statement, tmp_path)

    broken(backup, change)
    with pytest.raises(PinciteError) as caught:
        Library.restore(backup, tmp_path / "new")
    assert caught.value.hint
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "", ".", "..", "a/b.txt", "a\0b"])
def test_no_file_leads_out_of_the_folder(backup: Path, tmp_path: Path, name: str) -> None:
    """A name is a name, not a path."""

    def change(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["parts"]["originals/000001"]["name"] = name  # type: ignore[index]

    broken(backup, change)
    with pytest.raises(BadArchive, match="a file in it has the invalid name"):
        Library.restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_manifest_that_lies_is_refused(backup: Path, tmp_path: Path) -> None:
    """It counts other documents than there are, names parts that are not there, or is of another kind."""
    original = backup.read_bytes()

    def miscount(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["documents"] = 10

    def rename(manifest: dict[str, object], parts: dict[str, bytes]) -> None:
        parts["catalog.sql"] = parts.pop("catalog.db")

    def retype(manifest: dict[str, object], _: dict[str, bytes]) -> None:
        manifest["format"] = "pincite library"

    for change in (miscount, rename, retype):
        backup.write_bytes(original)
        broken(backup, change)
        with pytest.raises(BadArchive):
            Library.restore(backup, tmp_path / "new")
        assert not (tmp_path / "new").exists()


def test_a_backup_is_of_one_moment_while_others_write(filled: Library, tmp_path: Path) -> None:
    """What is committed while it is being copied is not in it, and what is in it is whole; the writer does not wait."""
    stop, added = threading.Event(), []

    def write() -> None:
        number = 100
        while not stop.is_set():
            path = tmp_path / "sources" / f"{number}.md"
            path.write_text(words(number))
            filled.add(path)
            added.append(number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            begun = len(added)
            while len(added) == begun:
                stop.wait(0.001)
            file = tmp_path / f"{number}.zip"
            done = filled.backup(file)
            assert begun + 8 <= done.documents <= len(added) + 9
            assert Library.restore(file, tmp_path / f"restored {number}").documents == done.documents
    finally:
        stop.set()
        writer.join()


def test_a_damaged_library_is_not_copied_over_a_good_backup(filled: Library, backup: Path) -> None:
    """The error says what is wrong, and the older backup stays."""
    before = backup.read_bytes()
    with closing(sqlite3.connect(filled.folder / "catalog.db")) as connection, connection:
        connection.execute("UPDATE passages SET text = 'else' WHERE id = 3")
    with pytest.raises(LibraryDamaged, match="checksum"):
        filled.backup(backup, force=True)
    assert backup.read_bytes() == before
    assert not backup.with_name("backup.zip.part").exists()


def test_where_a_file_cannot_be_written(filled: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is not there, a disk without room: an error that says so, and nothing is left."""
    with pytest.raises(ArchiveNotWritable):
        filled.backup(tmp_path / "nowhere" / "backup.zip")
    monkeypatch.setattr(backups, "file_size", lambda path: 1 << 60)
    with pytest.raises(NoRoom) as caught:
        filled.backup(tmp_path / "backup.zip")
    assert caught.value.needed > 1 << 60
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_what_a_killed_backup_left_is_cleared_up(filled: Library, tmp_path: Path) -> None:
    """Its unfinished files are no hindrance."""
    left = tmp_path / "backup.zip.part"
    left.mkdir()
    (left / "archive").write_bytes(b"half")
    (left / "catalog.db").write_bytes(b"half")
    filled.backup(tmp_path / "backup.zip")
    assert not left.exists()


def test_what_a_killed_restoring_left_is_cleared_up(
    filled: Library, backup: Path, opened: Callable[..., Library], tmp_path: Path
) -> None:
    """A folder with an unfinished library in it counts as empty."""
    left = tmp_path / "new"
    shutil.copytree(filled.folder / "uploads", left / "uploads")
    (left / "restoring").mkdir()
    (left / "restoring" / "catalog.db").write_bytes(b"half")
    Library.restore(backup, left)
    assert contents(opened(left)) == contents(filled)


def test_a_library_that_is_being_changed_is_not_replaced(
    filled: Library, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names who changes it."""
    monkeypatch.setattr("index.backup.backups.WRITER_PATIENCE", 0.01)
    with filled._store.writing(), pytest.raises(LibraryLocked, match="process"):
        Library.restore(backup, filled.folder, force=True)
    assert first(filled, "Ship5") == "05.md"
