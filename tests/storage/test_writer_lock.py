"""One writer at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage.files import WriterLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDER = """
import sys, pathlib
from index.storage.files import WriterLock
with WriterLock(pathlib.Path(sys.argv[2])).held(patience=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, "keeper", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    """Across processes, the second writer's error names the holder's process id, host and program, and what to do."""
    with another_process(tmp_path) as process:
        with pytest.raises(LibraryLocked) as caught, WriterLock(tmp_path).held(patience=0):
            pass
        assert f"process {process.pid} on " in caught.value.holder
        assert "(-c keeper, since 2" in caught.value.holder
        assert "searching works meanwhile" in caught.value.hint


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    """The system releases the lock of a process that was killed, and the next holder's name replaces the old one."""
    with another_process(tmp_path) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with WriterLock(tmp_path).held(patience=1):
            assert json.loads((tmp_path / "writer.json").read_text())["pid"] == os.getpid()


def test_waiting_pays(tmp_path: Path) -> None:
    """A writer that waits gets the lock once the holder has finished."""
    with another_process(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with WriterLock(tmp_path).held(patience=10):
            pass


def test_taking_it_again_is_free(tmp_path: Path) -> None:
    """Within one thread the lock can be taken twice, and is held until the outer taking ends."""
    lock = WriterLock(tmp_path)
    with lock.held(patience=0):
        with lock.held(patience=0):
            pass
        assert (tmp_path / "writer.json").exists()
        with pytest.raises(LibraryLocked), WriterLock(tmp_path).held(patience=0):
            pass
    assert not (tmp_path / "writer.json").exists()
    with WriterLock(tmp_path).held(patience=0):
        pass


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    """Another thread of the same process does not get in either, and is told that it was this process."""
    lock = WriterLock(tmp_path)
    said = []

    def intrude() -> None:
        try:
            with lock.held(patience=0):
                said.append("got in")
        except LibraryLocked as error:
            said.append(error.holder)

    with lock.held(patience=0):
        thread = Thread(target=intrude)
        thread.start()
        thread.join()
    assert f"process {os.getpid()} on " in said[0]


def test_an_exception_lets_go(tmp_path: Path) -> None:
    """Whatever ends the work, the lock is free afterwards."""
    with pytest.raises(ZeroDivisionError), WriterLock(tmp_path).held(patience=0):
        _ = 1 / 0
    with WriterLock(tmp_path).held(patience=0):
        pass


@pytest.mark.parametrize("card", ["", "{", "[]", '{"pid": 1}'])
def test_a_holder_that_left_no_name(tmp_path: Path, card: str) -> None:
    """Where the holder's card is missing or half written, the error says no more than is known."""
    with another_process(tmp_path):
        (tmp_path / "writer.json").write_text(card)
        with (
            pytest.raises(LibraryLocked, match="is being changed by another process"),
            WriterLock(tmp_path).held(patience=0),
        ):
            pass


@pytest.mark.parametrize("obstacle", ["writer.lock", "writer.json"])
def test_a_folder_that_takes_no_lock(tmp_path: Path, obstacle: str) -> None:
    """Where the lock or its card cannot be written, the library is not writable, and no lock is left behind."""
    (tmp_path / obstacle).mkdir()
    with pytest.raises(LibraryNotWritable, match="cannot be changed"), WriterLock(tmp_path).held(patience=0):
        pass
    (tmp_path / obstacle).rmdir()
    with WriterLock(tmp_path).held(patience=0):
        pass
