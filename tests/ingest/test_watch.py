"""Folders that are followed: what changes in them changes in the library, and nothing that happens ends that."""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import FolderMissing
from index.ingest.file_events import EventStreamError, SettlingPaths, listen
from index.ingest.scan import FileMetadata
from index.ingest.sync import Synchronizer
from index.ingest.watch import Pace
from index.library.library import Library
from index.records import Problem, Receipt
from index.settings import Settings
from index.storage.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tests.conftest import Write
    from tests.fakes import FakeEncoder

ENOUGH = 15.0
"""Seconds after which a test gives up; nothing takes a second of them on an idle machine."""
NEVER = 10_000.0
BY_EVENTS = Pace(every=NEVER, settle=0.1)
"""Only events can tell of a change, once everything has been looked at."""
BY_LOOKS = Pace(every=0.1, settle=0.1, events=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that `write` writes into."""
    path = tmp_path / "sources"
    path.mkdir()
    return path


class Watched:
    """A library that is being watched in a thread, and what was told of it."""

    def __init__(self, library: Library, folders: Iterable[Path], pace: Pace, *, force: bool = False) -> None:
        self.told: queue.SimpleQueue[Receipt | Problem] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(library, list(folders), pace, force), name="watching", daemon=True
        )
        self._thread.start()

    def _run(self, library: Library, folders: list[Path], pace: Pace, force: bool) -> None:
        try:
            library.watch(folders, self.told.put, stop=self.stop, pace=pace, force=force)
        except BaseException as error:
            self.error = error

    def changes(self, *wanted: str) -> list[str]:
        """What is told, as `added a.md`, until all that is wanted has been; a problem on the way is a failure."""
        found: list[str] = []
        while not set(wanted) <= set(found):
            told = self.told.get(timeout=ENOUGH)
            assert isinstance(told, Receipt), told
            found += lines(told)
        assert sorted(found) == sorted(wanted)
        return found

    def problem(self) -> Problem:
        """What is told next has to be a problem."""
        told = self.told.get(timeout=ENOUGH)
        assert isinstance(told, Problem), told
        return told

    def nothing_more(self) -> None:
        """All that was told has been looked at."""
        assert self.told.empty(), self.told.get()

    def end(self) -> None:
        """Stop, and see that it stops."""
        self.stop.set()
        self._thread.join(timeout=ENOUGH)
        assert not self._thread.is_alive()


@contextmanager
def watched(library: Library, *folders: Path, pace: Pace = BY_EVENTS, force: bool = False) -> Iterator[Watched]:
    """Watch for the time of a test; errors are the test's."""
    watching = Watched(library, folders, pace, force=force)
    try:
        yield watching
    finally:
        watching.end()
    if watching.error:
        raise watching.error


def lines(receipt: Receipt) -> list[str]:
    """A receipt in words."""
    found = [
        f"{what} {Path(name).name}" for what in ("added", "replaced", "removed") for name in getattr(receipt, what)
    ]
    found += [f"renamed {Path(each.before).name} {Path(each.source).name}" for each in receipt.renamed]
    return found + [f"failed {Path(each.source).name}" for each in receipt.failed]


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Waits until the loop has gone round so many times more."""
    passed = threading.Condition()
    count = 0
    true_settled = SettlingPaths.settled

    def settled(self: SettlingPaths) -> list[Path]:
        nonlocal count
        found = true_settled(self)
        with passed:
            count += 1
            passed.notify_all()
        return found

    monkeypatch.setattr(SettlingPaths, "settled", settled)

    def wait(more: int) -> None:
        with passed:
            until = count + more
            assert passed.wait_for(lambda: count >= until, timeout=ENOUGH)

    return wait


def text_of(library: Library, name: str) -> str:
    """The words of a document."""
    return library.document(name).text


# What changes is seen


def test_each_change_becomes_one_in_the_library(library: Library, write: Write, folder: Path) -> None:
    """By events alone: a file comes, changes, is renamed, goes; each is told once."""
    write("a.md", "The ship left.")
    write("z.md", "The horse stayed.")
    with watched(library, folder) as watching:
        watching.changes("added a.md", "added z.md")
        write("a.md", "The ship came back.")
        watching.changes("replaced a.md")
        assert "came back" in text_of(library, "a.md")
        (folder / "a.md").rename(folder / "b.md")
        watching.changes("renamed a.md b.md")
        write("c.md", "A comet.")
        watching.changes("added c.md")
        (folder / "b.md").unlink()
        watching.changes("removed b.md")
        watching.nothing_more()
    assert {Path(info.source).name for info in library.documents()} == {"c.md", "z.md"}
    assert library.problems() == []


def test_what_was_there_and_is_known_is_not_told(
    library: Library, write: Write, folder: Path, turns: Callable[[int], None]
) -> None:
    """Nothing happens where nothing changed."""
    write("a.md", "The ship left.")
    library.sync(folder)
    with watched(library, folder) as watching:
        turns(10)
        watching.nothing_more()


def test_folders_come_move_and_go(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """With all that is in them, however deep; a folder that moves costs nothing."""
    write("a.md", "The ship left.")
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        write("x/y/z/b.md", "A whale.")
        write("x/c.md", "A comet.")
        watching.changes("added b.md", "added c.md")
        encoder.encoded.clear()
        (folder / "x").rename(folder / "w")
        watching.changes("renamed b.md b.md", "renamed c.md c.md")
        assert encoder.encoded == []
        shutil.rmtree(folder / "w" / "y")
        watching.changes("removed b.md")
        write("w/y/z/b.md", "A volcano.")
        watching.changes("added b.md")
        watching.nothing_more()


def test_a_file_and_a_folder_change_places(library: Library, write: Write, folder: Path) -> None:
    """The name stays and means something else."""
    write("a.md", "The ship left.")
    write("x", "A whale.")
    with watched(library, folder) as watching:
        watching.changes("added a.md", "added x")
        (folder / "x").unlink()
        write("x/b.md", "A comet.")
        watching.changes("removed x", "added b.md")
        shutil.rmtree(folder / "x")
        write("x", "A volcano.")
        watching.changes("removed b.md", "added x")


def test_hidden_files_are_no_change(library: Library, write: Write, folder: Path, turns: Callable[[int], None]) -> None:
    """Nor what editors leave for a moment."""
    write("a.md", "The ship left.")
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        write(".a.md.swp", "half")
        write("~$a.docx", "lock")
        write(".git/notes.md", "A whale.")
        write("b.md", "A comet.")
        (folder / "b.md").unlink()
        turns(6)
        watching.nothing_more()


def test_a_link_within_the_folder(library: Library, write: Write, folder: Path) -> None:
    """The name by which a file counts changes with it, though the event names another."""
    write("z/a.md", "The ship left.")
    (folder / "b").symlink_to(folder / "z")
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        assert [info.source for info in library.documents()] == [str(folder / "b" / "a.md")]
        write("z/a.md", "The ship came back.")
        watching.changes("replaced a.md")
        assert [info.source for info in library.documents()] == [str(folder / "b" / "a.md")]


def test_what_events_did_not_tell_is_found_by_looking(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's queue can overflow: everything is looked at now and then."""

    def deaf(*folders: object, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
        while not stop.wait(tick):
            yield set()

    monkeypatch.setattr("index.ingest.watch.listen", deaf)
    with watched(library, folder, pace=Pace(every=0.2, settle=0.1)) as watching:
        write("a.md", "The ship left.")
        watching.changes("added a.md")
        (folder / "a.md").rename(folder / "b.md")
        write("c.md", "A whale.")
        watching.changes("renamed a.md b.md", "added c.md")


def test_a_folder_that_is_named_by_a_link(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files keep the names that they have by the link, though the system may tell of them without it."""
    link = folder.with_name("link")
    link.symlink_to(folder)

    def resolved(folders: Sequence[Path], *, stop: threading.Event, tick: float) -> Iterator[set[Path]]:
        for paths in listen(folders, stop=stop, tick=tick):
            yield {path.resolve() for path in paths}

    write("a.md", "The ship left.")
    for hear in (listen, resolved):
        monkeypatch.setattr("index.ingest.watch.listen", hear)
        with watched(library, link) as watching:
            watching.changes(*(["added a.md"] if hear is listen else []))
            write("b.md", f"A whale. {hear.__name__}")
            watching.changes("added b.md" if hear is listen else "replaced b.md")
    assert {info.source for info in library.documents()} == {str(link / "a.md"), str(link / "b.md")}


def test_without_events(library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk tells nothing, looking is enough; the system is not asked."""
    monkeypatch.setattr("index.ingest.watch.listen", None)
    with watched(library, folder, pace=BY_LOOKS) as watching:
        write("a.md", "The ship left.")
        watching.changes("added a.md")
        (folder / "a.md").rename(folder / "b.md")
        write("a.md", "A whale.")
        watching.changes("renamed a.md b.md", "added a.md")


def test_a_system_that_does_not_tell(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where there are more folders than it takes: that is told once, and all is looked at instead."""

    def refused(*folders: object, **options: object) -> Iterator[set[Path]]:
        raise EventStreamError("OS file watch limit reached", began=False)
        yield set()

    monkeypatch.setattr("index.ingest.watch.listen", refused)
    with watched(library, folder) as watching:
        assert "OS file watch limit reached" in watching.problem().what
        write("a.md", "The ship left.")
        watching.changes("added a.md")
        write("b.md", "A whale.")
        watching.changes("added b.md")
        watching.nothing_more()


# Nothing is read half


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def time_ns(self) -> int:
        return 0


def test_a_file_is_read_when_it_has_come_to_rest(write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change begins the wait anew; a file that went has to stay away as long."""
    clock = Clock()
    monkeypatch.setattr("index.ingest.file_events.time", clock)
    path = write("a.md", "one")
    settling = SettlingPaths(1.0)
    settling.add([path])
    clock.now += 0.9
    assert settling.settled() == []
    write("a.md", "one two")
    assert settling.settled() == []
    clock.now += 0.9
    settling.add([path])  # told again, though it did not change
    assert settling.settled() == []
    clock.now += 0.2
    assert settling.settled() == [path]
    path.unlink()
    assert settling.settled() == []
    clock.now += 1.1
    assert settling.settled() == [path]
    settling.drop([path])
    assert len(settling) == 0


def test_what_went_and_what_came_wait_for_each_other(
    write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be the same file under two names; but not for ever, should one of them never come to rest."""
    clock = Clock()
    monkeypatch.setattr("index.ingest.file_events.time", clock)
    old, new = write("old.md", "one"), folder / "new.md"
    settling = SettlingPaths(1.0)
    settling.add([old])
    clock.now += 0.9
    old.rename(new)
    settling.add([old, new])
    assert settling.settled() == []  # the one looks otherwise now, the other has looked so for a moment only
    clock.now += 0.5
    settling.drop([new])
    write("new.md", "two")
    settling.add([new])
    clock.now += 0.6
    assert settling.settled() == []  # what went has been away for long enough, what came has not
    clock.now += 0.5
    assert settling.settled() == [old, new]
    settling.drop([new])
    clock.now += 5
    settling.add([new])
    assert settling.settled() == [old]


def test_a_file_that_nobody_has_touched_for_long_need_not_wait(write: Write) -> None:
    """The system itself says so: a large folder is read at once."""
    path = write("a.md", "one")
    settling = SettlingPaths(0.01)
    until = time.monotonic() + ENOUGH
    while not settling._is_old(FileMetadata.of(path.stat())) and time.monotonic() < until:
        time.sleep(0.01)
    settling.add([path])
    assert settling.settled() == [path]


def test_a_file_that_is_being_written_is_read_whole(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written to between every two looks of the watcher, it is left alone; then it is read once, and all of it."""
    written: list[str] = []
    writing = threading.Lock()
    true_settled = SettlingPaths.settled

    def settled(self: SettlingPaths) -> list[Path]:
        with writing:
            if written and len(written) < 12:
                written.append(f"Line {len(written)} of the letter.")
                with (folder / "slow.md").open("a") as file:
                    file.write(written[-1] + "\n\n")
        return true_settled(self)

    monkeypatch.setattr(SettlingPaths, "settled", settled)
    write("a.md", "The ship left.")
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        with writing:
            written.append("Line 0 of the letter.")
            write("slow.md", written[0] + "\n\n")
        watching.changes("added slow.md")
        watching.nothing_more()
    assert text_of(library, "slow.md") == "\n\n".join(written)


# Nothing ends it


def test_a_folder_that_goes_and_comes_back(
    library: Library, write: Write, folder: Path, turns: Callable[[int], None]
) -> None:
    """It is waited for, and nothing is removed meanwhile; when it is back, events tell of it again."""
    write("a.md", "The ship left.")
    write("b.md", "A whale.")
    with watched(library, folder) as watching:
        watching.changes("added a.md", "added b.md")
        folder.rename(folder.with_name("moved"))
        assert "cannot be read" in watching.problem().what
        turns(5)
        watching.nothing_more()
        assert len(library.documents()) == 2
        (folder.with_name("moved") / "a.md").unlink()
        folder.with_name("moved").rename(folder)
        watching.changes("removed a.md")
        write("c.md", "A comet.")
        watching.changes("added c.md")


def test_an_empty_folder_in_its_place(
    library: Library, write: Write, folder: Path, turns: Callable[[int], None]
) -> None:
    """As when a disk is unmounted: nothing is removed, that is told once, and a remedy with it."""
    write("a.md", "The ship left.")
    with watched(library, folder, pace=Pace(every=0.1, settle=0.1)) as watching:
        watching.changes("added a.md")
        shutil.move(folder, folder.with_name("moved"))
        folder.mkdir()
        problem = watching.problem()
        while "cannot be read" in problem.what:  # it was seen to be gone before it was made anew
            problem = watching.problem()
        assert "1 of them are gone" in problem.what
        assert "--force" in problem.remedy
        turns(10)
        watching.nothing_more()
        assert len(library.documents()) == 1


def test_one_of_two_folders_goes(library: Library, write: Write, folder: Path) -> None:
    """The other one is followed all the same."""
    write("one/a.md", "The ship left.")
    write("two/b.md", "A whale.")
    with watched(library, folder / "one", folder / "two") as watching:
        watching.changes("added a.md", "added b.md")
        (folder / "one").rename(folder / "three")
        watching.problem()
        write("two/c.md", "A comet.")
        watching.changes("added c.md")


def test_most_files_at_once(library: Library, write: Write, folder: Path, turns: Callable[[int], None]) -> None:
    """Are not removed, which is told once; what else changed is done. With `force` they go."""
    for n in range(12):
        write(f"many/{n}.md", f"Person {n} saw a comet.")
    write("a.md", "The ship left.")
    library.sync(folder)
    with watched(library, folder, pace=Pace(every=0.2, settle=0.1)) as watching:
        turns(3)
        shutil.rmtree(folder / "many")
        assert "holds 13 files" in watching.problem().what
        write("b.md", "A whale.")
        watching.changes("added b.md")
        turns(10)
        watching.nothing_more()
        assert len(library.documents()) == 14
    with watched(library, folder, force=True) as watching:
        watching.changes(*(f"removed {n}.md" for n in range(12)))


def test_another_writer_is_waited_for(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told once, naming who it is; when the library is free, the change is made."""
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.01)
    monkeypatch.setattr("index.ingest.watch._PATIENCE", (0.05, 0.1))
    write("a.md", "The ship left.")
    other = FolderStore(library.folder, create=False)
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        with other.writing():
            write("b.md", "A whale.")
            assert "is being changed by" in watching.problem().what
        watching.changes("added b.md")
        watching.nothing_more()
    other.close()


def test_a_file_that_cannot_be_read_is_told_once(
    library: Library, write: Write, folder: Path, turns: Callable[[int], None]
) -> None:
    """However often it is looked at; it is told again when it fails in another way, and read when it is mended."""
    with watched(library, folder, pace=Pace(every=0.1, settle=0.1)) as watching:
        write("a.pdf", b"%PDF-1.7 and no more")
        watching.changes("failed a.pdf")
        turns(10)
        watching.nothing_more()
        write("a.pdf", b"")
        watching.changes("failed a.pdf")
        (folder / "a.pdf").unlink()
        write("a.md", "The ship left.")
        watching.changes("added a.md")


def test_a_name_that_is_no_text(library: Library, write: Write, folder: Path) -> None:
    """Is a failure; it does not end the watch, though what listens does not bear it."""
    write("a.md", "The ship left.")
    with watched(library, folder) as watching:
        watching.changes("added a.md")
        Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("A comet.")
        watching.changes("failed caf\udce9.md")
        write("b.md", "A whale.")
        watching.changes("added b.md")


def test_the_library_within_the_folder(
    write: Write, folder: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch, turns: Callable[[int], None]
) -> None:
    """What the library writes is no change: it would never come to an end."""
    followed: list[int] = []
    true_follow = Synchronizer.follow

    def follow(self: Synchronizer, folders: Iterable[Path], paths: list[Path], *, force: bool = False) -> object:
        followed.append(len(paths))
        return true_follow(self, folders, paths, force=force)

    monkeypatch.setattr(Synchronizer, "follow", follow)
    write("a.md", "The ship left.")
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        with watched(library, folder) as watching:
            watching.changes("added a.md")
            turns(10)
            watching.nothing_more()
        assert sum(followed) <= 2  # the second time only to see that nothing had changed since


# How it begins and ends


def test_a_folder_that_is_not_there_to_begin_with(library: Library, folder: Path) -> None:
    """Is an error: it would be waited for in vain."""
    with pytest.raises(FolderMissing):
        library.watch([folder, folder / "nowhere"], print)


def test_it_ends_while_it_works(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """In the middle of an ingestion, between two steps; nothing is left running, and what was stored stays."""
    threads = set(threading.enumerate())
    for n in range(40):
        write(f"{n:02}.md", "\n\n".join(f"# S{m}\n\nPerson {n * 100 + m} saw a comet." for m in range(40)))
    begun = threading.Event()
    true_encode = encoder.encode

    def encode(*arguments: object) -> object:
        begun.set()
        return true_encode(*arguments)  # type: ignore[arg-type]

    encoder.encode = encode  # type: ignore[method-assign,assignment]
    watching = Watched(library, [folder], BY_EVENTS)
    assert begun.wait(timeout=ENOUGH)
    watching.end()
    assert watching.error is None
    assert len(library.documents()) < 40
    left = {each.name for each in set(threading.enumerate()) - threads}
    assert left.isdisjoint({"watching", "pincite-reader"})
    assert library.problems() == []
    with watched(library, folder) as again:
        found = again.told.get(timeout=8 * ENOUGH)
        assert isinstance(found, Receipt)
        assert len(library.documents()) == 40


def test_listening_leaves_nothing_behind(folder: Path) -> None:
    """When it ends, so do the system's watch and its thread."""
    tasks = len(list(Path("/proc/self/task").iterdir()))
    stop = threading.Event()
    changes = listen([folder], stop=stop, tick=0.05)
    assert next(changes) == set()
    (folder / "a.md").write_text("one")
    assert {path.name for path in next(some for some in changes if some)} == {"a.md"}
    stop.set()
    assert list(changes) == []
    until = time.monotonic() + ENOUGH
    while len(list(Path("/proc/self/task").iterdir())) > tasks and time.monotonic() < until:
        time.sleep(0.01)
    assert len(list(Path("/proc/self/task").iterdir())) <= tasks


def test_listening_may_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a name that is no text; and where the system does not take so many folders, before anything is heard."""
    changes = listen([folder], stop=threading.Event(), tick=0.05)
    assert next(changes) == set()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("A comet.")
    with pytest.raises(EventStreamError) as caught:
        list(changes)
    assert caught.value.began

    def limited(*folders: Path, **options: object) -> Iterator[set[tuple[int, str]]]:
        raise OSError(28, "OS file watch limit reached")
        yield set()

    monkeypatch.setattr("watchfiles.watch", limited)
    with pytest.raises(EventStreamError, match="OS file watch limit reached") as caught:
        next(listen([folder], stop=threading.Event(), tick=0.05))
    assert not caught.value.began
