"""Long work can be stopped in any way, and goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from index.ingest import add, preparation, queue
from index.ingest.queue import FILE
from index.library.library import Library
from index.loading.loader import digest
from index.records import Queue
from index.settings import Settings
from tests.faults.adder import open_library
from tests.sandbox.conftest import flawed as flawed

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Progress
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

WORDS = [
    "harbour",
    "treaty",
    "queen",
    "river",
    "bridge",
    "whale",
    "comet",
    "garden",
    "clock",
    "winter",
    "silver",
    "copper",
]


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document is stored alone, so that there is a middle to be stopped in."""
    monkeypatch.setattr(add, "BATCH_PASSAGES", 1)


def texts(write: Write, count: int = 12) -> list[Path]:
    """Files with a passage each."""
    return [write(f"{n:02}.txt", f"The {WORDS[n]} of the year {n} was praised by all.") for n in range(count)]


def stop_after(settled: int) -> object:
    """Press Ctrl-C when so many files are settled."""
    left = [settled]

    def hear(moment: Progress) -> None:
        left[0] -= moment.stage == "settled"
        if not left[0]:
            raise KeyboardInterrupt

    return hear


def test_what_was_stopped_goes_on(library: Library, encoder: FakeEncoder, write: Write) -> None:
    """The rest waits, in order; `resume` adds exactly that, and then nothing waits any more."""
    paths = texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths, progress=stop_after(5))  # type: ignore[arg-type]
    waiting = library.queue().waiting
    assert waiting == tuple(map(str, paths[5:]))
    encoder.encoded.clear()
    receipt = library.resume()
    assert (receipt.added, receipt.unchanged, receipt.failed) == (waiting, (), ())
    assert len(library.documents()) == 12
    assert library.queue().waiting == ()
    assert library.resume().added == ()
    assert library.verify().mismatches == ()


def test_the_same_command_goes_on_as_well(library: Library, write: Write, tmp_path: Path) -> None:
    """Whoever names the folder again has the rest added and nothing twice."""
    paths = texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(tmp_path / "sources", progress=stop_after(5))  # type: ignore[arg-type]
    receipt = library.add(tmp_path / "sources")
    assert (receipt.unchanged, receipt.added) == (tuple(map(str, paths[:5])), tuple(map(str, paths[5:])))
    assert library.queue().waiting == ()


def test_another_add_leaves_the_rest_waiting(library: Library, write: Write) -> None:
    """It is not forgotten over other files."""
    paths = texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths[:10], progress=stop_after(5))  # type: ignore[arg-type]
    library.add(paths[10:])
    assert library.queue().waiting == tuple(map(str, paths[5:10]))


def test_a_kill_loses_nothing(tmp_path: Path, write: Write) -> None:
    """After `kill -9` in the middle every file is in the library or waits, and `resume` brings the rest."""
    paths, folder = texts(write), tmp_path / "library"
    library = open_library(folder)
    library.close()
    slow = [sys.executable, "-c", KILLED, str(folder), json.dumps(list(map(str, paths)))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(slow, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"third\n"
        process.send_signal(signal.SIGKILL)
    with open_library(folder) as library:
        there, waiting = {info.source for info in library.documents()}, library.queue().waiting
        assert len(there) >= 3
        assert waiting
        assert there | set(waiting) == set(map(str, paths))
        receipt = library.resume()
        assert {*receipt.added, *receipt.unchanged} == set(waiting)
        assert {info.source for info in library.documents()} == set(map(str, paths))
        assert library.verify().mismatches == ()


KILLED = """
import json, sys, threading
from pathlib import Path
from index.ingest import add
from tests.faults.adder import open_library
add.BATCH_PASSAGES = 1
settled = []
def hear(moment):
    settled.append(1) if moment.stage == "settled" else None
    if len(settled) == 3:
        print("third", flush=True)
        threading.Event().wait()
with open_library(Path(sys.argv[1])) as library:
    library.add(json.loads(sys.argv[2]), progress=hear)
"""


def test_failures_are_remembered_until_they_are_none(library: Library, write: Write) -> None:
    """With reason and hint; a new try forgets them where it succeeds, and not where it does not."""
    good, bad, gone = write("a.txt", "The ship left."), write("b.pdf", b"%PDF-1.7 and no more"), write("c.txt", "A")
    gone.unlink()
    receipt = library.add([good, bad, gone])
    assert library.queue().failed == receipt.failed
    bad.write_bytes(b"A whale swam by.")
    bad = bad.rename(bad.with_suffix(".txt"))
    gone.write_text("A comet came.")
    again = library.resume(waiting=False, failed=True)
    assert again.added == (str(gone),)
    assert [failure.source for failure in library.queue().failed] == [str(bad.with_suffix(".pdf"))]


def test_the_queue_can_be_forgotten(library: Library, write: Write) -> None:
    """What waits is then not added, what is in the library stays."""
    paths = texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add([write("b.pdf", b"%PDF-1.7"), *paths], progress=stop_after(5))  # type: ignore[arg-type]
    library.forget_queue()
    assert library.queue() == Queue((), ())
    assert len(library.documents()) == 4
    assert library.resume().added == ()


def test_files_with_a_source_of_their_own_do_not_wait(library: Library, write: Write) -> None:
    """A server's uploads are queued by the server, and gone when it is."""
    paths = texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths, sources={path: f"https://x.org/{path.name}" for path in paths}, progress=stop_after(2))  # type: ignore[arg-type]
    assert library.queue().waiting == ()


def test_what_was_not_touched_is_not_read_again(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is known by its size, its times and its place; one of the same size that was touched is read."""
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    paths = texts(write, 3)
    library.add(paths)
    read: list[str] = []

    def watched(source: Path, *, max_bytes: int) -> str:
        read.append(source.name)
        return digest(source, max_bytes=max_bytes)

    monkeypatch.setattr(preparation, "digest", watched)
    assert len(library.add(paths).unchanged) == 3
    assert read == []
    before = paths[1].stat()
    paths[1].write_text(paths[1].read_text().replace("praised", "cursed."))
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert paths[1].stat().st_size == before.st_size
    assert library.add(paths).replaced == (str(paths[1]),)
    assert read == ["01.txt"]


def test_what_is_remembered_is_not_trusted_without_the_library(
    library: Library, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that was removed is added again, though its file has not been touched."""
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    (path,) = texts(write, 1)
    library.add(path)
    library.remove(path.name)
    assert library.add(path).added == (str(path),)


@pytest.mark.parametrize("damage", [b"", b"no database" * 500])
def test_a_queue_that_is_gone_or_damaged_is_no_obstacle(library: Library, write: Write, damage: bytes) -> None:
    """The library is what it was; files are hashed again, and the queue begins anew."""
    paths = texts(write)
    library.add(paths[:6])
    for end in ("-wal", "-shm"):
        (library.folder / (FILE + end)).unlink(missing_ok=True)
    (library.folder / FILE).write_bytes(damage)
    assert library.queue().waiting == ()
    receipt = library.add(paths)
    assert (len(receipt.unchanged), len(receipt.added)) == (6, 6)
    assert library.problems() == []


@pytest.mark.parametrize("command", ["!crash", "!hang", "!grow 600", "!fail"])
def test_a_file_that_breaks_its_reader_is_a_failure(
    tmp_path: Path, encoder: FakeEncoder, write: Write, flawed: None, command: str
) -> None:
    """With reason and hint; the files before and after it are added."""
    paths = [write("a.txt", "The ship left."), write("bad.txt", command), write("b.txt", "A whale swam by.")]
    seconds = 10.0 if command == "!hang" else 60.0  # the start of a process counts, too
    settings = Settings(passage_tokens=32, parse_seconds=seconds, parse_megabytes=400)
    with Library.open(tmp_path / "library", settings, encoder=encoder) as library:
        receipt = library.add(paths)
        assert receipt.added == (str(paths[0]), str(paths[2]))
        assert [(failure.source, bool(failure.hint)) for failure in receipt.failed] == [(str(paths[1]), True)]
        assert library.queue().failed == receipt.failed


@pytest.mark.parametrize("workers", [1, 3])
def test_several_readers_change_nothing_but_the_time(
    tmp_path: Path, encoder: FakeEncoder, write: Write, workers: int
) -> None:
    """The receipt has the order of the paths, whoever was ready first."""
    paths = [
        write(f"{n}.txt", "\n\n".join(f"The ship {n} sailed {k} times in winter." for k in range(1 + 60 * (n % 2))))
        for n in range(8)
    ]
    paths.insert(3, write("copy.txt", paths[0].read_text()))
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        receipt = library.add(paths, workers=workers)
        assert receipt.added == tuple(str(path) for path in paths if path.name != "copy.txt")
        assert receipt.unchanged == (str(paths[3]),)
        assert library.verify().mismatches == ()
