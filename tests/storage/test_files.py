"""Atomic writes, stamps of cache files, and the lock of the one writer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage.files import Stamp, WriterLock, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "5", "{}", '{"library": "a", "format": "x", "generation": 1}', b"\xff"]
)
def test_invalid_stamp_raises_value_error(text: str | bytes) -> None:
    """Anything but a stamp is a ValueError: the cache is then discarded, and the program continues."""
    with pytest.raises(ValueError):
        Stamp.from_json(text)


def test_atomic_write_leaves_one_complete_file(tmp_path: Path) -> None:
    """If it fails midway or cannot begin, the old file stays, no partial one is left, and the error names the file."""
    write_atomically(tmp_path / "x", b"one ", memoryview(b"two"))
    assert (tmp_path / "x").read_bytes() == b"one two"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    (tmp_path / "x").write_bytes(b"old")
    broken: Any = object()
    with pytest.raises(TypeError):
        write_atomically(tmp_path / "x", b"new", broken)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_unwritable_file_raises_library_not_writable(tmp_path: Path) -> None:
    """If the file cannot be written, the error is Pincite's own and names the file."""
    (tmp_path / "x").mkdir()
    with pytest.raises(LibraryNotWritable, match=f"{tmp_path}/x cannot be written"):
        write_atomically(tmp_path / "x", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


# The writer lock: only one process and one thread can write at a time


HOLDER = """
import sys, pathlib
from index.storage.files import WriterLock
with WriterLock(pathlib.Path(sys.argv[2])).held(patience=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock until its standard input ends."""
    command = [sys.executable, "-c", HOLDER, "keeper", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_writer_gets_an_error_that_names_the_holder(tmp_path: Path) -> None:
    """Process, host, program and advice; no process, if writer.json is missing or half written.

    The system releases the lock of a killed process, and the name of the next holder replaces the old one.
    """
    with another_process(tmp_path) as process:
        with pytest.raises(LibraryLocked) as caught, WriterLock(tmp_path).held(patience=0):
            pass
        assert f"process {process.pid} on " in caught.value.holder
        assert "(-c keeper, since 2" in caught.value.holder
        assert "searching works meanwhile" in caught.value.hint
        for content in ("", "{", "[]", '{"pid": 1}'):
            (tmp_path / "writer.json").write_text(content)
            with pytest.raises(LibraryLocked) as caught, WriterLock(tmp_path).held(patience=0):
                pass
            assert "is being changed by another process" in caught.value.message, content
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with WriterLock(tmp_path).held(patience=1):
            assert json.loads((tmp_path / "writer.json").read_text())["pid"] == os.getpid()


def test_waiting_writer_gets_the_released_lock(tmp_path: Path) -> None:
    """A writer that waits gets the lock when the holder has finished."""
    with another_process(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.close()
        with WriterLock(tmp_path).held(patience=10):
            pass


def test_lock_is_reentrant_within_a_thread_and_excludes_others(tmp_path: Path) -> None:
    """The holder's error names this process; after the block, and after any exception, the lock is free."""
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
    lock = WriterLock(tmp_path)
    holders = []

    def take_lock() -> None:
        try:
            with lock.held(patience=0):
                holders.append("got in")
        except LibraryLocked as error:
            holders.append(error.holder)

    with lock.held(patience=0):
        thread = Thread(target=take_lock)
        thread.start()
        thread.join()
    assert f"process {os.getpid()} on " in holders[0]
    with pytest.raises(ZeroDivisionError), WriterLock(tmp_path).held(patience=0):
        _ = 1 / 0
    with WriterLock(tmp_path).held(patience=0):
        pass


@pytest.mark.parametrize("obstacle", ["writer.lock", "writer.json"])
def test_unwritable_lock_raises_library_not_writable(tmp_path: Path, obstacle: str) -> None:
    """If writer.lock or writer.json cannot be written, no lock is left behind."""
    (tmp_path / obstacle).mkdir()
    with pytest.raises(LibraryNotWritable, match="cannot be changed"), WriterLock(tmp_path).held(patience=0):
        pass
    (tmp_path / obstacle).rmdir()
    with WriterLock(tmp_path).held(patience=0):
        pass
