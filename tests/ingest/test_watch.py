"""`watch`: changes of folders are followed in the library, and no problem ends the watch."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import FolderMissing
from index.ingest.plan import FileMetadata
from index.ingest.sync import Synchronizer
from index.ingest.watch import EventStreamError, Pace, SettlingPaths, listen
from index.library.library import Library
from index.records import Problem, Receipt
from index.settings import Settings
from index.storage.store import FolderStore
from tests.hosted import wait_until
from tests.loading.archives import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tests.conftest import Write
    from tests.fakes import FakeEncoder

TIMEOUT = 15.0
"""Seconds after which a test fails; on an idle machine nothing takes more than one."""
NEVER = 10_000.0
SETTLE = 0.03
"""Seconds for which a file must not change before it is read."""
BY_EVENTS = Pace(every=NEVER, settle=SETTLE)
"""After the first scan, only events report changes."""
BY_SCANS = Pace(every=SETTLE, settle=SETTLE, events=False)
BY_BOTH = Pace(every=SETTLE, settle=SETTLE)


@pytest.fixture(autouse=True)
def _fast_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch checks and scans more often than users want, so that tests wait less."""
    monkeypatch.setattr(Pace, "tick", 0.01)
    monkeypatch.setattr("index.ingest.watch._STEP_MS", 10)
    monkeypatch.setattr("index.ingest.watch._PAUSE_FACTOR", 5)


class WatchThread:
    """A thread that watches a library's folders, with the receipts and problems that it reported."""

    def __init__(self, library: Library, folders: Iterable[Path], pace: Pace, *, force: bool = False) -> None:
        self.reports: queue.SimpleQueue[Receipt | Problem] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(library, list(folders), pace, force), name="watching", daemon=True
        )
        self._thread.start()

    def _run(self, library: Library, folders: list[Path], pace: Pace, force: bool) -> None:
        try:
            library.watch(folders, self.reports.put, stop=self.stop, pace=pace, force=force)
        except BaseException as error:
            self.error = error

    def expect_changes(self, *expected: str) -> list[str]:
        """Collect reported changes, such as `added a.md`, until all expected ones are there; a problem is a failure."""
        changes: list[str] = []
        while not set(expected) <= set(changes):
            report = self.reports.get(timeout=TIMEOUT)
            assert isinstance(report, Receipt), report
            changes += lines(report)
        assert sorted(changes) == sorted(expected)
        return changes

    def next_problem(self) -> Problem:
        """Return the next report, which must be a problem."""
        report = self.reports.get(timeout=TIMEOUT)
        assert isinstance(report, Problem), report
        return report

    def expect_no_reports(self) -> None:
        """Check that no report is left."""
        assert self.reports.empty(), self.reports.get()

    def close(self) -> None:
        """Stop the watch, and check that its thread ends."""
        self.stop.set()
        self._thread.join(timeout=TIMEOUT)
        assert not self._thread.is_alive()


@contextmanager
def watching(library: Library, *folders: Path, pace: Pace = BY_EVENTS, force: bool = False) -> Iterator[WatchThread]:
    """Watch folders during a test; an error of the watch is raised."""
    watch = WatchThread(library, folders, pace, force=force)
    try:
        yield watch
    finally:
        watch.close()
    if watch.error:
        raise watch.error


def lines(receipt: Receipt) -> list[str]:
    """Return a receipt as lines such as `added a.md`."""
    changes = [
        f"{action} {Path(name).name}"
        for action in ("added", "replaced", "removed")
        for name in getattr(receipt, action)
    ]
    changes += [f"renamed {Path(file.before).name} {Path(file.source).name}" for file in receipt.renamed]
    return changes + [f"failed {Path(failure.source).name}" for failure in receipt.failed]


@pytest.fixture
def wait_for_rounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Wait until the loop of the watch has run this many more rounds."""
    round_done = threading.Condition()
    count = 0
    original_settled = SettlingPaths.settled

    def settled(self: SettlingPaths) -> list[Path]:
        nonlocal count
        paths = original_settled(self)
        with round_done:
            count += 1
            round_done.notify_all()
        return paths

    monkeypatch.setattr(SettlingPaths, "settled", settled)

    def wait(more: int) -> None:
        with round_done:
            until = count + more
            assert round_done.wait_for(lambda: count >= until, timeout=TIMEOUT)

    return wait


# Changes are noticed


def test_created_changed_renamed_and_deleted_files_are_followed(library: Library, write: Write, folder: Path) -> None:
    """By events alone, each change of a file is reported once."""
    write("a.md", "The ship left.")
    write("z.md", "The horse stayed.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md", "added z.md")
        write("a.md", "The ship came back.")
        watch.expect_changes("replaced a.md")
        assert "came back" in library.document("a.md").text
        (folder / "a.md").rename(folder / "b.md")
        watch.expect_changes("renamed a.md b.md")
        write("c.md", "A comet.")
        watch.expect_changes("added c.md")
        (folder / "b.md").unlink()
        watch.expect_changes("removed b.md")
        watch.expect_no_reports()
    assert {Path(info.source).name for info in library.documents()} == {"c.md", "z.md"}
    assert library.problems() == []


def test_unchanged_folder_gives_no_report(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """Nothing is reported if nothing changed since the last sync."""
    write("a.md", "The ship left.")
    library.sync(folder)
    with watching(library, folder) as watch:
        wait_for_rounds(10)
        watch.expect_no_reports()


def test_created_moved_and_deleted_folders_are_followed(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder
) -> None:
    """All files below are followed, however deep; a folder that moves encodes nothing."""
    write("a.md", "The ship left.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md")
        write("x/y/z/b.md", "A whale.")
        write("x/c.md", "A comet.")
        watch.expect_changes("added b.md", "added c.md")
        encoder.encoded.clear()
        (folder / "x").rename(folder / "w")
        watch.expect_changes("renamed b.md b.md", "renamed c.md c.md")
        assert encoder.encoded == []
        shutil.rmtree(folder / "w" / "y")
        watch.expect_changes("removed b.md")
        write("w/y/z/b.md", "A volcano.")
        watch.expect_changes("added b.md")
        watch.expect_no_reports()


def test_file_replaced_by_a_folder_is_followed(library: Library, write: Write, folder: Path) -> None:
    """The same name is first a file, then a folder, then a file again."""
    write("a.md", "The ship left.")
    write("x", "A whale.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md", "added x")
        (folder / "x").unlink()
        write("x/b.md", "A comet.")
        watch.expect_changes("removed x", "added b.md")
        shutil.rmtree(folder / "x")
        write("x", "A volcano.")
        watch.expect_changes("removed b.md", "added x")


def test_hidden_and_temporary_files_are_ignored(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """Files that an editor creates and deletes at once are ignored too."""
    write("a.md", "The ship left.")
    with watching(library, folder, pace=Pace(every=NEVER, settle=0.2)) as watch:  # longer than b.md exists
        watch.expect_changes("added a.md")
        write(".a.md.swp", "half")
        write("~$a.docx", "lock")
        write(".git/notes.md", "A whale.")
        write("b.md", "A comet.")
        (folder / "b.md").unlink()
        wait_for_rounds(30)
        watch.expect_no_reports()


def test_file_behind_a_link_is_followed(library: Library, write: Write, folder: Path) -> None:
    """The file is replaced under the path of the link, although the event names the other path."""
    write("z/a.md", "The ship left.")
    (folder / "b").symlink_to(folder / "z")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md")
        assert [info.source for info in library.documents()] == [str(folder / "b" / "a.md")]
        write("z/a.md", "The ship came back.")
        watch.expect_changes("replaced a.md")
        assert [info.source for info in library.documents()] == [str(folder / "b" / "a.md")]


def silent_listen(*folders: object, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
    """Tell of no change."""
    while not stop.wait(tick):
        yield set()


@pytest.mark.parametrize(
    ("pace", "listener"), [(BY_SCANS, None), (BY_BOTH, silent_listen)], ids=["no events", "lost events"]
)
def test_changes_without_events_are_found_by_scans(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch, pace: Pace, listener: object
) -> None:
    """On a disk without events the system is not asked for any; its queue can overflow, so all is scanned at times."""
    monkeypatch.setattr("index.ingest.watch.listen", listener)
    with watching(library, folder, pace=pace) as watch:
        write("a.md", "The ship left.")
        watch.expect_changes("added a.md")
        (folder / "a.md").rename(folder / "b.md")
        write("c.md", "A whale.")
        watch.expect_changes("renamed a.md b.md", "added c.md")


def test_folder_named_by_a_link_keeps_its_name(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files keep the path through the link, even if the system reports the resolved path."""
    link = folder.with_name("link")
    link.symlink_to(folder)

    def listen_resolved(folders: Sequence[Path], *, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
        for paths in listen(folders, stop=stop, tick=tick):
            yield {path.resolve() for path in paths}

    write("a.md", "The ship left.")
    for listener in (listen, listen_resolved):
        monkeypatch.setattr("index.ingest.watch.listen", listener)
        with watching(library, link) as watch:
            watch.expect_changes(*(["added a.md"] if listener is listen else []))
            write("b.md", f"A whale. {listener.__name__}")
            watch.expect_changes("added b.md" if listener is listen else "replaced b.md")
    assert {info.source for info in library.documents()} == {str(link / "a.md"), str(link / "b.md")}


def test_missing_event_support_is_reported_once(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there are too many folders for events, the problem is reported once and scans are used instead."""

    def refuse(*folders: object, **options: object) -> Iterator[set[Path]]:
        raise EventStreamError("OS file watch limit reached", began=False)
        yield set()

    monkeypatch.setattr("index.ingest.watch.listen", refuse)
    with watching(library, folder) as watch:
        assert "OS file watch limit reached" in watch.next_problem().what
        write("a.md", "The ship left.")
        watch.expect_changes("added a.md")
        write("b.md", "A whale.")
        watch.expect_changes("added b.md")
        watch.expect_no_reports()


# Files are read only when they are complete


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return 0


def test_file_settles_after_its_last_change(write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change restarts the wait, a deleted file must stay deleted as long; two paths may be one renamed file."""
    clock = Clock()
    monkeypatch.setattr("index.ingest.watch.time", clock)
    path = write("a.md", "one")
    settling = SettlingPaths(1.0)
    settling.add([path])
    clock.now += 0.9
    assert settling.settled() == []
    write("a.md", "one two")
    assert settling.settled() == []
    clock.now += 0.9
    settling.add([path])  # reported again, although it did not change
    assert settling.settled() == []
    clock.now += 0.2
    assert settling.settled() == [path]
    path.unlink()
    assert settling.settled() == []
    clock.now += 1.1
    assert settling.settled() == [path]
    settling.drop([path])
    assert len(settling) == 0
    clock = Clock()
    monkeypatch.setattr("index.ingest.watch.time", clock)
    old, new = write("old.md", "one"), folder / "new.md"
    settling = SettlingPaths(1.0)
    settling.add([old])
    clock.now += 0.9
    old.rename(new)
    settling.add([old, new])
    assert settling.settled() == []  # the old path has just changed, and the new one is too recent
    clock.now += 0.5
    settling.drop([new])
    write("new.md", "two")
    settling.add([new])
    clock.now += 0.6
    assert settling.settled() == []  # the deletion has settled, but the new file has not
    clock.now += 0.5
    assert settling.settled() == [old, new]
    settling.drop([new])
    clock.now += 5
    settling.add([new])
    assert settling.settled() == [old]


def test_old_file_is_settled_at_once(write: Write) -> None:
    """The file's own times show that it has settled, so that a large folder is read at once."""
    path = write("a.md", "one")
    settling = SettlingPaths(0.01)
    wait_until(lambda: settling._is_old(FileMetadata.of(path.stat())), TIMEOUT)
    settling.add([path])
    assert settling.settled() == [path]


def test_file_is_read_only_after_it_is_written(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it grows between all rounds of the watch, it is not read; then it is read once, completely."""
    written: list[str] = []
    writing = threading.Lock()
    original_settled = SettlingPaths.settled

    def settled(self: SettlingPaths) -> list[Path]:
        with writing:
            if written and len(written) < 12:
                written.append(f"Line {len(written)} of the letter.")
                with (folder / "slow.md").open("a") as file:
                    file.write(written[-1] + "\n\n")
        return original_settled(self)

    monkeypatch.setattr(SettlingPaths, "settled", settled)
    write("a.md", "The ship left.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md")
        with writing:
            written.append("Line 0 of the letter.")
            write("slow.md", written[0] + "\n\n")
        watch.expect_changes("added slow.md")
        watch.expect_no_reports()
    assert library.document("slow.md").text == "\n\n".join(written)


# Problems do not end the watch


def test_missing_folder_is_waited_for(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """Nothing is removed meanwhile, and when the folder is back, events are received again."""
    write("a.md", "The ship left.")
    write("b.md", "A whale.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md", "added b.md")
        folder.rename(folder.with_name("moved"))
        assert "cannot be read" in watch.next_problem().what
        wait_for_rounds(5)
        watch.expect_no_reports()
        assert len(library.documents()) == 2
        (folder.with_name("moved") / "a.md").unlink()
        folder.with_name("moved").rename(folder)
        watch.expect_changes("removed a.md")
        write("c.md", "A comet.")
        watch.expect_changes("added c.md")


def test_emptied_folder_removes_nothing_and_is_reported_once(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """An unmounted disk leaves an empty folder: nothing is removed, and the report has a remedy."""
    write("a.md", "The ship left.")
    with watching(library, folder, pace=BY_BOTH) as watch:
        watch.expect_changes("added a.md")
        shutil.move(folder, folder.with_name("moved"))
        folder.mkdir()
        problem = watch.next_problem()
        while "cannot be read" in problem.what:  # its absence was noticed before it was created again
            problem = watch.next_problem()
        assert "1 of them are gone" in problem.what
        assert "--force" in problem.remedy
        wait_for_rounds(10)
        watch.expect_no_reports()
        assert len(library.documents()) == 1


def test_other_folder_is_followed_while_one_is_missing(library: Library, write: Write, folder: Path) -> None:
    """A missing folder does not stop the watch of the other."""
    write("one/a.md", "The ship left.")
    write("two/b.md", "A whale.")
    with watching(library, folder / "one", folder / "two") as watch:
        watch.expect_changes("added a.md", "added b.md")
        (folder / "one").rename(folder / "three")
        watch.next_problem()
        write("two/c.md", "A comet.")
        watch.expect_changes("added c.md")


def test_deletion_of_most_files_needs_force(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """The files stay, which is reported once, and other changes are made. With `force` they are removed."""
    for n in range(12):
        write(f"many/{n}.md", f"Person {n} saw a comet.")
    write("a.md", "The ship left.")
    library.sync(folder)
    with watching(library, folder, pace=BY_BOTH) as watch:
        wait_for_rounds(3)
        (folder / "many").rename(folder.with_name("moved"))
        assert "holds 13 files" in watch.next_problem().what
        write("b.md", "A whale.")
        watch.expect_changes("added b.md")
        wait_for_rounds(10)
        watch.expect_no_reports()
        assert len(library.documents()) == 14
    with watching(library, folder, force=True) as watch:
        watch.expect_changes(*(f"removed {n}.md" for n in range(12)))


def test_watch_waits_for_another_writer(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other writer is reported once; the change is made when the library is free."""
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.01)
    monkeypatch.setattr("index.ingest.watch._PATIENCE", (0.05, 0.1))
    write("a.md", "The ship left.")
    other = FolderStore(library.folder, create=False)
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md")
        with other.writing():
            write("b.md", "A whale.")
            assert "is being changed by" in watch.next_problem().what
        watch.expect_changes("added b.md")
        watch.expect_no_reports()
    other.close()


def test_unreadable_file_is_reported_once(
    library: Library, write: Write, folder: Path, wait_for_rounds: Callable[[int], None]
) -> None:
    """The file is reported again only if it fails in another way, and read when it is repaired."""
    with watching(library, folder, pace=BY_BOTH) as watch:
        write("a.pdf", b"%PDF-1.7 and no more")
        watch.expect_changes("failed a.pdf")
        wait_for_rounds(10)
        watch.expect_no_reports()
        write("a.pdf", b"")
        watch.expect_changes("failed a.pdf")
        (folder / "a.pdf").unlink()
        write("a.md", "The ship left.")
        watch.expect_changes("added a.md")


def test_invalid_file_name_does_not_end_the_watch(library: Library, write: Write, folder: Path) -> None:
    """The name is a failure; the watch continues, although watchfiles rejects such a name."""
    write("a.md", "The ship left.")
    with watching(library, folder) as watch:
        watch.expect_changes("added a.md")
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("A comet.")
        watch.expect_changes("failed caf\udce9.md")
        write("b.md", "A whale.")
        watch.expect_changes("added b.md")


def test_writes_of_the_library_are_ignored(
    write: Write,
    folder: Path,
    encoder: FakeEncoder,
    monkeypatch: pytest.MonkeyPatch,
    wait_for_rounds: Callable[[int], None],
) -> None:
    """Otherwise the watch would react to itself for ever."""
    path_counts: list[int] = []
    original_follow = Synchronizer.follow

    def follow(self: Synchronizer, folders: Iterable[Path], paths: list[Path], *, force: bool = False) -> object:
        path_counts.append(len(paths))
        return original_follow(self, folders, paths, force=force)

    monkeypatch.setattr(Synchronizer, "follow", follow)
    write("a.md", "The ship left.")
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        with watching(library, folder) as watch:
            watch.expect_changes("added a.md")
            wait_for_rounds(10)
            watch.expect_no_reports()
        assert sum(path_counts) <= 2  # the second call only finds that nothing has changed since


# Start and end of the watch


def test_watching_a_missing_folder_is_an_error(library: Library, folder: Path) -> None:
    """A folder that was never there is not waited for."""
    with pytest.raises(FolderMissing):
        library.watch([folder, folder / "nowhere"], print)


def test_watch_can_be_stopped_during_an_ingestion(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder
) -> None:
    """The watch stops between two steps and leaves no thread behind; stored documents stay."""
    threads = set(threading.enumerate())
    for n in range(10):
        write(f"{n:02}.md", "\n\n".join(f"# S{m}\n\nPerson {n * 100 + m} saw a comet." for m in range(40)))
    started = threading.Event()
    original_encode = encoder.encode

    def encode(*arguments: object) -> object:
        started.set()
        watch.stop.wait(TIMEOUT)
        return original_encode(*arguments)  # type: ignore[arg-type]

    encoder.encode = encode  # type: ignore[method-assign,assignment]
    watch = WatchThread(library, [folder], BY_EVENTS)
    assert started.wait(timeout=TIMEOUT)
    watch.close()
    assert watch.error is None
    assert len(library.documents()) < 10
    new_threads = {thread.name for thread in set(threading.enumerate()) - threads}
    assert new_threads.isdisjoint({"watching", "pincite-reader"})
    assert library.problems() == []
    encoder.encode = original_encode  # type: ignore[method-assign]
    with watching(library, folder) as second_watch:
        receipt = second_watch.reports.get(timeout=TIMEOUT)
        assert isinstance(receipt, Receipt)
        assert len(library.documents()) == 10


def test_event_stream_ends_its_thread(folder: Path) -> None:
    """When the stream ends, so do the system's watch and its thread."""
    tasks = len(list(Path("/proc/self/task").iterdir()))
    stop = threading.Event()
    changes = listen([folder], stop=stop, tick=0.05)
    assert next(changes) == set()
    (folder / "a.md").write_text("one")
    assert {path.name for path in next(paths for paths in changes if paths)} == {"a.md"}
    stop.set()
    assert list(changes) == []
    wait_until(lambda: len(list(Path("/proc/self/task").iterdir())) <= tasks, TIMEOUT)


def test_event_stream_fails_on_invalid_names_and_watch_limits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid name ends a running stream; a limit of the system prevents its start."""
    changes = listen([folder], stop=threading.Event(), tick=0.05)
    assert next(changes) == set()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("A comet.")
    with pytest.raises(EventStreamError) as caught:
        list(changes)
    assert caught.value.began

    def exceed_limit(*folders: Path, **options: object) -> Iterator[set[tuple[int, str]]]:
        raise OSError(28, "OS file watch limit reached")
        yield set()

    monkeypatch.setattr("watchfiles.watch", exceed_limit)
    with pytest.raises(EventStreamError, match="OS file watch limit reached") as caught:
        next(listen([folder], stop=threading.Event(), tick=0.05))
    assert not caught.value.began


def test_members_follow_a_watched_archive(library: Library, folder: Path) -> None:
    """An archive that arrives, changes and goes takes its documents with it."""
    archive = folder / "leak.zip"
    with watching(library, folder) as watch:
        replaced_by(archive, zipped({"one.txt": "The ship left.", "two.txt": "The whale swam."}))
        watch.expect_changes("added one.txt", "added two.txt")
        replaced_by(archive, zipped({"one.txt": "The ship left.", "three.txt": "The comet came."}))
        watch.expect_changes("added three.txt", "removed two.txt")
        archive.unlink()
        watch.expect_changes("removed one.txt", "removed three.txt")
        watch.expect_no_reports()
    assert library.documents() == []


def replaced_by(path: Path, data: bytes) -> None:
    """Replace a file in one step, as careful programs do."""
    path.with_name(".new").write_bytes(data)
    path.with_name(".new").replace(path)
