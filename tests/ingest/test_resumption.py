"""An interrupted ingestion can be resumed, however it was stopped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from index.ingest import add, preparation, queue
from index.library.library import Library
from index.loading import processor_time
from index.loading.loader import digest
from index.loading.sandbox.messages import Limits
from index.records import Queue
from index.settings import Settings
from tests.sandbox.conftest import idle_processes as idle_processes
from tests.sandbox.conftest import misbehaving_sandbox as misbehaving_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from index.records import Progress
    from tests.conftest import Write
    from tests.fakes import FakeEncoder


WORDS = (
    "harbour", "treaty", "queen", "river", "bridge", "whale", "comet", "garden", "clock", "winter", "silver",
    "glass",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document is stored alone, so that work can stop between two of them."""
    monkeypatch.setattr(add, "BATCH_PASSAGES", 1)


def write_texts(write: Write, count: int = 12) -> list[Path]:
    """Write files of one passage each."""
    return [write(f"{n:02}.txt", f"The {WORDS[n]} of the year {n} was praised by all.") for n in range(count)]


def interrupt_after(settled: int) -> object:
    """Return a progress callback that raises KeyboardInterrupt when this many files are settled."""
    remaining = [settled]

    def report(moment: Progress) -> None:
        remaining[0] -= moment.stage == "settled"
        if not remaining[0]:
            raise KeyboardInterrupt

    return report


def test_resume_adds_the_files_that_were_left_by_an_interrupt(
    library: Library, encoder: FakeEncoder, write: Write
) -> None:
    """The rest waits, in order; `resume` adds exactly the rest, and then nothing waits."""
    paths = write_texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths, progress=interrupt_after(5))  # type: ignore[arg-type]
    waiting = library.queue().waiting
    assert waiting == tuple(map(str, paths[5:]))
    encoder.encoded.clear()
    receipt = library.resume()
    assert (receipt.added, receipt.unchanged, receipt.failed) == (waiting, (), ())
    assert len(library.documents()) == 12
    assert library.queue().waiting == ()
    assert library.resume().added == ()
    assert library.verify().mismatches == ()


def test_repeating_an_interrupted_add_adds_the_rest(library: Library, write: Write, tmp_path: Path) -> None:
    """Adding the folder again adds the rest, and nothing twice."""
    paths = write_texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(tmp_path / "sources", progress=interrupt_after(5))  # type: ignore[arg-type]
    receipt = library.add(tmp_path / "sources")
    assert (receipt.unchanged, receipt.added) == (tuple(map(str, paths[:5])), tuple(map(str, paths[5:])))
    assert library.queue().waiting == ()


def test_another_add_keeps_the_interrupted_files_waiting(library: Library, write: Write) -> None:
    """Adding other files does not clear the queue."""
    paths = write_texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths[:10], progress=interrupt_after(5))  # type: ignore[arg-type]
    library.add(paths[10:])
    assert library.queue().waiting == tuple(map(str, paths[5:10]))


def test_failures_stay_in_the_queue_until_they_succeed(library: Library, write: Write) -> None:
    """Failures are kept with reason and hint; a retry clears those that succeed."""
    good, bad, gone = write("a.txt", "The ship left."), write("b.pdf", b"%PDF-1.7 and no more"), write("c.txt", "A")
    gone.unlink()
    receipt = library.add([good, bad, gone])
    assert library.queue().failed == receipt.failed
    bad.write_bytes(b"A whale swam by.")
    bad = bad.rename(bad.with_suffix(".txt"))
    gone.write_text("A comet came.")
    receipt = library.resume(waiting=False, failed=True)
    assert receipt.added == (str(gone),)
    assert [failure.source for failure in library.queue().failed] == [str(bad.with_suffix(".pdf"))]


def test_cleared_queue_is_not_resumed(library: Library, write: Write) -> None:
    """Waiting files are not added, and the documents of the library stay."""
    paths = write_texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add([write("b.pdf", b"%PDF-1.7"), *paths], progress=interrupt_after(5))  # type: ignore[arg-type]
    library.forget_queue()
    assert library.queue() == Queue((), ())
    assert len(library.documents()) == 4
    assert library.resume().added == ()


def test_files_with_explicit_sources_are_not_queued(library: Library, write: Write) -> None:
    """The server queues its uploads itself, and they are gone when it has stopped."""
    paths = write_texts(write)
    with pytest.raises(KeyboardInterrupt):
        library.add(paths, sources={path: f"https://x.org/{path.name}" for path in paths}, progress=interrupt_after(2))  # type: ignore[arg-type]
    assert library.queue().waiting == ()


def test_untouched_file_is_not_read_again(library: Library, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is recognised by size, times and path; a file of equal size that was touched is read."""
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    paths = write_texts(write, 3)
    library.add(paths)
    names_read: list[str] = []

    def recording_digest(source: Path, *, max_bytes: int) -> str:
        names_read.append(source.name)
        return digest(source, max_bytes=max_bytes)

    monkeypatch.setattr(preparation, "digest", recording_digest)
    assert len(library.add(paths).unchanged) == 3
    assert names_read == []
    before = paths[1].stat()
    paths[1].write_text(paths[1].read_text().replace("praised", "cursed."))
    os.utime(paths[1], ns=(before.st_atime_ns, before.st_mtime_ns))
    assert paths[1].stat().st_size == before.st_size
    assert library.add(paths).replaced == (str(paths[1]),)
    assert names_read == ["01.txt"]


def test_removed_document_is_added_again(library: Library, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is added again although its file was not touched, because the library lacks it."""
    monkeypatch.setattr(queue, "SETTLING_NS", 0)
    (path,) = write_texts(write, 1)
    library.add(path)
    library.remove(path.name)
    assert library.add(path).added == (str(path),)


@pytest.mark.parametrize("command", ["!crash", "!hang"])
def test_file_that_breaks_its_reader_is_a_failure(
    tmp_path: Path,
    encoder: FakeEncoder,
    write: Write,
    misbehaving_sandbox: None,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    """The file is reported with reason and hint, and the files before and after it are added."""
    paths = [write("a.txt", "The ship left."), write("bad.txt", command), write("b.txt", "A whale swam by.")]
    # Only the hanging file has a short limit, because the limit of other files includes the start of the process.
    monkeypatch.setattr(processor_time, "CLOCK_FACTOR", 1)
    monkeypatch.setattr(Limits, "seconds_for", lambda _, size: 0.5 if size == len("!hang") else 60.0)
    settings = Settings(passage_tokens=32, parse_megabytes=400)
    with Library.open(tmp_path / "library", settings, encoder=encoder) as library:
        receipt = library.add(paths)
        assert receipt.added == (str(paths[0]), str(paths[2]))
        assert [(failure.source, bool(failure.hint)) for failure in receipt.failed] == [(str(paths[1]), True)]
        assert library.queue().failed == receipt.failed


@pytest.mark.parametrize("workers", [1, 3])
def test_receipt_is_the_same_with_several_readers(
    tmp_path: Path, encoder: FakeEncoder, write: Write, workers: int
) -> None:
    """The receipt keeps the order of the paths, whichever file is ready first."""
    paths = [
        write(f"{n}.txt", "\n\n".join(f"The ship {n} sailed {k} times in winter." for k in range(1 + 20 * (n % 2))))
        for n in range(8)
    ]
    paths.insert(3, write("copy.txt", paths[0].read_text()))
    with Library.open(tmp_path / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        receipt = library.add(paths, workers=workers)
        assert receipt.added == tuple(str(path) for path in paths if path.name != "copy.txt")
        assert receipt.unchanged == (str(paths[3]),)
        assert library.verify().mismatches == ()
