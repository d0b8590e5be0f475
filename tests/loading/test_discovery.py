"""From what a reader names to the files that are meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from index.errors import SourceNotFound, SourceNotReadable, TooLarge
from index.loading.loader import discover, load


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"The words of {name}.")


def _names(folder: Path, *paths: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in discover(paths or [folder])]


def test_folders_in_order(tmp_path: Path) -> None:
    """A folder means its files and those of its folders, sorted, so that two runs agree."""
    _write(tmp_path, "b.txt", "a/z.txt", "a/c/y.txt", "c.txt")
    assert _names(tmp_path) == ["a/c/y.txt", "a/z.txt", "b.txt", "c.txt"]


def test_hidden_files(tmp_path: Path) -> None:
    """What is hidden, and what Office leaves beside an open document, is not meant, unless it is named."""
    _write(tmp_path, ".git/config", ".secret", "~$open.docx", "seen.txt")
    assert _names(tmp_path) == ["seen.txt"]
    assert _names(tmp_path, tmp_path / ".secret") == [".secret"]


def test_once(tmp_path: Path) -> None:
    """A file named twice, or reached by a link, counts once; a folder within itself ends."""
    _write(tmp_path, "a/one.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "again.txt").symlink_to(tmp_path / "a" / "one.txt")
    assert _names(tmp_path, tmp_path, tmp_path / "a" / "one.txt") == ["a/one.txt"]


def test_folders_that_are_not_to_be_entered(tmp_path: Path) -> None:
    """Are yielded themselves, and nothing of what is in them."""
    _write(tmp_path, "a/one.txt", "b/two.txt", "c/b/three.txt")
    found = discover([tmp_path], enter=lambda folder: folder.name != "b")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/one.txt", "b", "c/b"]


def test_strings_will_do(tmp_path: Path) -> None:
    """Paths may be strings."""
    _write(tmp_path, "one.txt")
    assert list(discover([str(tmp_path)])) == [tmp_path / "one.txt"]


def test_nothing_there(tmp_path: Path) -> None:
    """A path with nothing at it goes on to `load`, which says so."""
    missing = tmp_path / "missing.pdf"
    assert list(discover([missing])) == [missing]
    with pytest.raises(SourceNotFound, match=r"missing\.pdf"):
        load(missing, max_bytes=100)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A path that goes on behind a file leads nowhere."""
    _write(tmp_path, "one.txt")
    with pytest.raises(SourceNotFound):
        load(tmp_path / "one.txt" / "two.txt", max_bytes=100)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder handed to `load` is called one."""
    with pytest.raises(SourceNotReadable, match="is a folder"):
        load(tmp_path, max_bytes=100)


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    """A pipe would be waited on for ever; it is refused."""
    import os

    os.mkfifo(tmp_path / "pipe")
    assert list(discover([tmp_path])) == []
    with pytest.raises(SourceNotReadable, match="pipe"):
        load(tmp_path / "pipe", max_bytes=100)


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that denies its content is handed on, so that the receipt can name it."""

    def denied(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    assert list(discover([tmp_path])) == [tmp_path]


def test_a_file_that_cannot_even_be_looked_at(tmp_path: Path) -> None:
    """A link that leads into itself is no file and no error; what the system refuses to say is handed on by name."""
    _write(tmp_path, "one.txt")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    (tmp_path / "far").symlink_to("x" * 300)
    assert _names(tmp_path) == ["far", "one.txt"]


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is named with the reason."""
    _write(tmp_path, "one.txt")

    def denied(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(SourceNotReadable, match=r"one\.txt cannot be read: Permission denied"):
        load(tmp_path / "one.txt", max_bytes=100)


def test_impossible_names(tmp_path: Path) -> None:
    """A name with a zero in it, or with bytes that are no text, is an error of the file, not a traceback."""
    impossible = tmp_path / "a\0b.txt"
    assert list(discover([impossible])) == [impossible]
    with pytest.raises(SourceNotReadable):
        load(impossible, max_bytes=100)
    with pytest.raises(SourceNotReadable, match="not valid text"):
        load(tmp_path / "caf\udce9.txt", max_bytes=100)


def test_too_large(tmp_path: Path) -> None:
    """A file above the limit is refused, one at the limit is read, and the hint names the setting."""
    (tmp_path / "one.txt").write_text("word " * 20)
    assert load(tmp_path / "one.txt", max_bytes=100).text.startswith("word word")
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        load(tmp_path / "one.txt", max_bytes=99)


def test_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document's id is the hash of its bytes, its source the absolute path without detours."""
    import hashlib

    _write(tmp_path, "a/one.txt")
    monkeypatch.chdir(tmp_path / "a")
    document = load(Path("../a/one.txt"), max_bytes=100)
    assert document.source == str(tmp_path / "a" / "one.txt")
    assert document.id == hashlib.sha256((tmp_path / "a" / "one.txt").read_bytes()).hexdigest()
