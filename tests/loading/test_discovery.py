"""Paths that a caller names become the files that are loaded."""

from __future__ import annotations

import hashlib
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


def test_discover_lists_files_of_nested_folders_in_order(tmp_path: Path) -> None:
    """A folder stands for its files and those of its subfolders, sorted, so that two runs agree."""
    _write(tmp_path, "b.txt", "a/z.txt", "a/c/y.txt", "c.txt")
    assert _names(tmp_path) == ["a/c/y.txt", "a/z.txt", "b.txt", "c.txt"]


def test_discover_skips_hidden_files_unless_they_are_named(tmp_path: Path) -> None:
    """Hidden files and the lock files of Office are skipped unless they are named."""
    _write(tmp_path, ".git/config", ".secret", "~$open.docx", "seen.txt")
    assert _names(tmp_path) == ["seen.txt"]
    assert _names(tmp_path, tmp_path / ".secret") == [".secret"]


def test_discover_lists_each_file_once(tmp_path: Path) -> None:
    """A file that is named twice or reached by a link counts once, and a folder that contains itself ends."""
    _write(tmp_path, "a/one.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "again.txt").symlink_to(tmp_path / "a" / "one.txt")
    assert _names(tmp_path, tmp_path, tmp_path / "a" / "one.txt") == ["a/one.txt"]


def test_discover_yields_excluded_folders_without_their_files(tmp_path: Path) -> None:
    """A folder that `enter` excludes is yielded itself, and none of its files is."""
    _write(tmp_path, "a/one.txt", "b/two.txt", "c/b/three.txt")
    paths = discover([tmp_path], enter=lambda folder: folder.name != "b")
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["a/one.txt", "b", "c/b"]


def test_discover_accepts_paths_as_strings(tmp_path: Path) -> None:
    """Paths may be strings."""
    _write(tmp_path, "one.txt")
    assert list(discover([str(tmp_path)])) == [tmp_path / "one.txt"]


def test_missing_path_is_reported_when_it_is_loaded(tmp_path: Path) -> None:
    """`discover` passes a missing path on, and `load` raises the error."""
    missing = tmp_path / "missing.pdf"
    assert list(discover([missing])) == [missing]
    with pytest.raises(SourceNotFound, match=r"missing\.pdf"):
        load(missing, max_bytes=100)


def test_path_below_a_file_is_not_found(tmp_path: Path) -> None:
    """A path that continues after a file does not exist."""
    _write(tmp_path, "one.txt")
    with pytest.raises(SourceNotFound):
        load(tmp_path / "one.txt" / "two.txt", max_bytes=100)


def test_loading_a_folder_is_an_error(tmp_path: Path) -> None:
    """The error says that the path is a folder."""
    with pytest.raises(SourceNotReadable, match="is a folder"):
        load(tmp_path, max_bytes=100)


def test_pipe_is_skipped_and_not_read(tmp_path: Path) -> None:
    """Reading a pipe would block for ever, so it is refused."""
    os.mkfifo(tmp_path / "pipe")
    assert list(discover([tmp_path])) == []
    with pytest.raises(SourceNotReadable, match="pipe"):
        load(tmp_path / "pipe", max_bytes=100)


def test_unlistable_folder_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`discover` yields a folder that it cannot list, so that the receipt can name it."""

    def deny(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", deny)
    assert list(discover([tmp_path])) == [tmp_path]


def test_path_without_readable_metadata_is_passed_on(tmp_path: Path) -> None:
    """A link that leads to itself is skipped; a path whose metadata cannot be read is passed on."""
    _write(tmp_path, "one.txt")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    (tmp_path / "far").symlink_to("x" * 300)
    assert _names(tmp_path) == ["far", "one.txt"]


def test_unreadable_file_is_reported_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the file and says that permission is denied."""
    _write(tmp_path, "one.txt")

    def deny(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    with pytest.raises(SourceNotReadable, match=r"one\.txt cannot be read: Permission denied"):
        load(tmp_path / "one.txt", max_bytes=100)


def test_invalid_file_names_are_reported(tmp_path: Path) -> None:
    """A name with a zero byte, or one that is not valid text, gives a named error instead of a traceback."""
    impossible = tmp_path / "a\0b.txt"
    assert list(discover([impossible])) == [impossible]
    with pytest.raises(SourceNotReadable):
        load(impossible, max_bytes=100)
    with pytest.raises(SourceNotReadable, match="not valid text"):
        load(tmp_path / "caf\udce9.txt", max_bytes=100)


def test_file_above_the_size_limit_is_refused(tmp_path: Path) -> None:
    """A file at the limit is read, one above it is refused, and the hint names the setting."""
    (tmp_path / "one.txt").write_text("word " * 20)
    assert load(tmp_path / "one.txt", max_bytes=100).text.startswith("word word")
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        load(tmp_path / "one.txt", max_bytes=99)


def test_document_has_content_hash_and_absolute_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The id is the hash of the bytes; the source is the absolute path without `..`."""
    _write(tmp_path, "a/one.txt")
    monkeypatch.chdir(tmp_path / "a")
    document = load(Path("../a/one.txt"), max_bytes=100)
    assert document.source == str(tmp_path / "a" / "one.txt")
    assert document.id == hashlib.sha256((tmp_path / "a" / "one.txt").read_bytes()).hexdigest()
