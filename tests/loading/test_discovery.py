"""Paths that a caller names become the files that are loaded."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from pathlib import Path

import docx
import pytest

from index.errors import PasswordRequired, SourceNotFound, SourceNotReadable, TooLarge
from index.loading.loader import discover, load, load_bytes
from index.loading.locks import unlocked
from index.loading.sandbox.messages import Request
from tests.loading.compound import compound
from tests.loading.pdfs import build, column
from tests.skips import FILES, NEEDS_FILES


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The words of {name}.")


def _names(folder: Path, *paths: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in discover(paths or [folder])]


def test_discover_lists_files_of_nested_folders_in_order(tmp_path: Path) -> None:
    """Folders stand for their files, sorted; one that `enter` excludes is yielded itself; paths may be strings."""
    _write(tmp_path, "b.txt", "a/z.txt", "a/c/y.txt", "c.txt")
    assert _names(tmp_path) == ["a/c/y.txt", "a/z.txt", "b.txt", "c.txt"]
    other = tmp_path / "other"
    _write(other, "a/one.txt", "b/two.txt", "c/b/three.txt")
    paths = discover([str(other)], enter=lambda folder: folder.name != "b")
    assert [path.relative_to(other).as_posix() for path in paths] == ["a/one.txt", "b", "c/b"]


def test_path_that_is_no_file_is_reported_when_it_is_loaded(tmp_path: Path) -> None:
    """Missing paths, paths below a file, folders and pipes, which would block for ever; `discover` passes paths on."""
    missing = tmp_path / "missing.pdf"
    assert list(discover([missing])) == [missing]
    with pytest.raises(SourceNotFound, match=r"missing\.pdf"):
        load(missing, max_bytes=100)
    _write(tmp_path, "one.txt")
    with pytest.raises(SourceNotFound):
        load(tmp_path / "one.txt" / "two.txt", max_bytes=100)
    with pytest.raises(SourceNotReadable, match="is a folder"):
        load(tmp_path, max_bytes=100)
    os.mkfifo(tmp_path / "pipe")
    assert list(discover([tmp_path])) == [tmp_path / "one.txt"]
    with pytest.raises(SourceNotReadable, match="pipe"):
        load(tmp_path / "pipe", max_bytes=100)


def test_names_and_metadata_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    """Names with a zero byte or invalid text are named errors; a link to itself is skipped, a far one passed on."""
    _write(tmp_path, "one.txt")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    (tmp_path / "far").symlink_to("x" * 300)
    assert _names(tmp_path) == ["far", "one.txt"]
    impossible = tmp_path / "a\0b.txt"
    assert list(discover([impossible])) == [impossible]
    with pytest.raises(SourceNotReadable):
        load(impossible, max_bytes=100)
    with pytest.raises(SourceNotReadable, match="not valid text"):
        load(tmp_path / "caf\udce9.txt", max_bytes=100)


def test_unreadable_file_is_reported_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file and says that permission is denied."""
    _write(tmp_path, "one.txt")

    def deny(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(SourceNotReadable, match=r"one\.txt cannot be read: Permission denied"):
        load(tmp_path / "one.txt", max_bytes=100)


def test_document_has_its_hash_and_source_and_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is the hash of the bytes, the source absolute; a file above the limit is refused, with the setting."""
    (tmp_path / "one.txt").write_text("word " * 20)
    assert load(tmp_path / "one.txt", max_bytes=100).text.startswith("word word")
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        load(tmp_path / "one.txt", max_bytes=99)
    _write(tmp_path, "a/one.txt")
    monkeypatch.chdir(tmp_path / "a")
    document = load(Path("../a/one.txt"), max_bytes=100)
    assert document.source == str(tmp_path / "a" / "one.txt")
    assert document.id == hashlib.sha256((tmp_path / "a" / "one.txt").read_bytes()).hexdigest()


# Documents that are locked with a password are opened with it, and nothing else changes


PASSWORD = "Kiel 1911 – Løvøya"


@pytest.fixture(scope="module")
def locked_word() -> bytes:
    """A Word document that is encrypted as Office does it."""
    from msoffcrypto.format.ooxml import OOXMLFile

    document = docx.Document()
    document.add_paragraph("The ship sailed at noon.")
    plain, locked = io.BytesIO(), io.BytesIO()
    document.save(plain)
    OOXMLFile(plain).encrypt(PASSWORD, locked)
    return locked.getvalue()


def test_word_document_is_opened_with_its_password(locked_word: bytes) -> None:
    """Its format is recognised afterwards; the error counts the passwords, and it and a request name none."""
    document = load_bytes(locked_word, source="a.docx", passwords=["wrong", PASSWORD])
    assert document.text == "The ship sailed at noon."
    assert document.media_type.endswith("wordprocessingml.document")
    with pytest.raises(PasswordRequired, match="locked with a password"):
        load_bytes(locked_word, source="a.docx")
    with pytest.raises(PasswordRequired, match="none of the 2 given ones fits") as caught:
        load_bytes(locked_word, source="a.docx", passwords=["secret-one", "secret-two"])
    assert "secret" not in f"{caught.value.message} {caught.value.hint} {caught.value!r}"
    assert "Kiel" not in repr(Request("a.pdf", "a.pdf", "", 1, None, 1.0, passwords=(PASSWORD,)))


def test_documents_without_a_lock_stay_as_they_are() -> None:
    """Whatever passwords are given, the reader gets the same bytes."""
    for data in (
        build([column(["The ship sailed."])]),
        b"words",
        b"%PDF-1.4 nothing",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ):
        assert unlocked(data, "a", ["x", PASSWORD]) is data


@NEEDS_FILES
def test_real_files_are_opened_with_their_passwords() -> None:
    """A PDF loses its encryption before it is read, so that every reader of PDFs can read it."""
    data = (FILES / "pdf" / "password.pdf").read_bytes()
    assert load_bytes(data, source="a.pdf", passwords=["x", "password"]).text == "File with password"
    copied = (FILES / "pdf" / "copy-protected.pdf").read_bytes()
    assert unlocked(copied, "a.pdf", ["x"]) is copied
    for name in ("pdf/password.pdf", "password_protected.xlsx"):
        with pytest.raises(PasswordRequired, match="the given one does not fit"):
            load_bytes((FILES / name).read_bytes(), source=name, passwords=["wrong"])


def test_a_locked_workbook_of_the_older_kind_needs_its_password() -> None:
    """Its cells are encrypted: they would look like a sheet that is far too large."""
    lock = struct.pack("<HHIHH", 0x0809, 8, 0x00050600, 0, 0) + struct.pack("<HHI", 0x002F, 4, 0)
    cell = struct.pack("<HHHHHII", 0x0203, 14, 65_000, 65_000, 0, 0, 0)
    with pytest.raises(PasswordRequired, match=r"a\.xls is a workbook locked with a password"):
        load_bytes(compound({"Workbook": lock + cell}), source="a.xls")
