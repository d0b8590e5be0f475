"""The target folder is replaced as a whole or not at all, and foreign files are never overwritten."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from index.errors import FolderNotOurs, PublishError
from index.plugins.publish import hosts
from index.plugins.publish.hosts import Manifest
from index.plugins.publish.publication import replacing

if TYPE_CHECKING:
    from pathlib import Path


KILLED = """
import os, signal, sys
from pathlib import Path
from index.plugins.publish.publication import replacing
def kill(*_): os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[2] == "swap":
    rename = Path.rename
    Path.rename = lambda path, to: (kill() if "unfinished" in path.name else rename(path, to))
with replacing(Path(sys.argv[1])) as folder:
    (folder / "new.txt").write_text("new")
    if sys.argv[2] == "fill":
        kill()
"""


def publish(folder: Path, text: str) -> None:
    """Write a publication of one file."""
    with replacing(folder) as unfinished:
        (unfinished / "library").mkdir()
        (unfinished / "library" / "a.txt").write_text(text)
        Manifest("space", "T", "", "", 1, 1).write(unfinished)


def text_in(folder: Path) -> str:
    """Return the contents of a publication, after a check of the whole."""
    assert hosts.check(folder, hosts.read(folder), below=("",)) == []
    return (folder / "library" / "a.txt").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an earlier publication, alone in its parent."""
    publish(tmp_path / "place" / "demo", "old")
    return tmp_path / "place" / "demo"


def test_publication_replaces_an_earlier_one_and_leaves_nothing_beside_it(folder: Path) -> None:
    """An empty folder is filled, too."""
    publish(folder, "new")
    assert text_in(folder) == "new"
    assert list(folder.parent.iterdir()) == [folder]
    empty = folder.with_name("empty")
    empty.mkdir()
    publish(empty, "first")
    assert text_in(empty) == "first"


def test_files_can_be_read_by_the_user_who_serves_them(folder: Path) -> None:
    """That is another user than the publisher, whose umask and whose libraries may be strict."""
    with replacing(folder.with_name("other")) as unfinished:
        (unfinished / "sub").mkdir(mode=0o700)
        (unfinished / "sub" / "x").touch(mode=0o600)
    modes = {path.stat().st_mode & 0o777 for path in folder.with_name("other").rglob("*")}
    assert modes == {0o755, 0o644}


@pytest.mark.parametrize("foreign", ["added", "changed", "removed", "no manifest", "a file", "a link"])
def test_folder_with_foreign_files_is_refused_and_kept(folder: Path, tmp_path: Path, foreign: str) -> None:
    """A file of somebody else, or an edited one, is never lost."""
    target = folder
    if foreign == "added":
        (folder / "mine.txt").write_text("mine")
    elif foreign == "changed":
        (folder / "library" / "a.txt").write_text("OLD")
    elif foreign == "removed":
        (folder / "library" / "a.txt").unlink()
    elif foreign == "no manifest":
        (folder / hosts.NAME).unlink()
    elif foreign == "a file":
        target = tmp_path / "file"
        target.write_text("mine")
    else:
        target = tmp_path / "link"
        target.symlink_to(folder)
    before = sorted((path, path.is_file() and path.read_bytes()) for path in tmp_path.rglob("*"))
    with pytest.raises(FolderNotOurs):
        publish(target, "new")
    assert sorted((path, path.is_file() and path.read_bytes()) for path in tmp_path.rglob("*")) == before


def test_failure_leaves_the_earlier_publication(folder: Path) -> None:
    """A full disk is an error of ours that says so."""

    def fill_the_disk() -> None:
        with replacing(folder) as unfinished:
            (unfinished / "half").write_text("x")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(PublishError, match="No space left"):
        fill_the_disk()
    assert text_in(folder) == "old"
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.faults
@pytest.mark.parametrize("moment", ["fill", "swap"])
def test_kill_leaves_the_old_publication_and_the_next_run_succeeds(folder: Path, moment: str) -> None:
    """Killed while it fills the folder, or between the two steps of the exchange."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    unfinished = folder.with_name(".demo.unfinished")
    assert (unfinished / "new.txt").exists()
    with pytest.raises(PublishError):
        hosts.require_intact(unfinished)
    old = folder if moment == "fill" else folder.with_name(".demo.replaced")
    assert text_in(old) == "old"
    with pytest.raises(ZeroDivisionError), replacing(folder):
        raise ZeroDivisionError
    assert text_in(folder) == "old"  # also after the exchange was interrupted
    publish(folder, "new")
    assert text_in(folder) == "new"
    assert list(folder.parent.iterdir()) == [folder]


def test_two_processes_do_not_write_one_folder(folder: Path) -> None:
    """The second one is told to wait."""
    with replacing(folder) as unfinished:
        with pytest.raises(PublishError, match="Another process"):
            publish(folder, "second")
        (unfinished / "x").write_text("first")
    assert (folder / "x").exists()


def test_file_that_appears_during_the_work_is_kept(folder: Path) -> None:
    """The check is repeated at the end."""
    with pytest.raises(FolderNotOurs), replacing(folder):
        (folder / "mine.txt").write_text("mine")
    assert (folder / "mine.txt").exists()
