"""A library that follows folders: afterwards it has what is in them, and what did not change cost nothing."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import EncoderError, FolderMissing, LibraryLocked, TooManyRemovals
from index.ingest import queue
from index.ingest.sync import Synchronizer
from index.library.library import Library
from index.loading import loader
from index.records import Receipt, Renamed
from index.settings import Settings
from index.storage.store import FolderStore
from tests.nightly import length
from tests.storage.factories import a_document, put

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.ingest.plan import FolderDifferences, Plan
    from tests.conftest import Write
    from tests.fakes import FakeEncoder

NAMES = ("Anna", "Boris", "Clara", "David", "Elena")
SECTIONS = [f"# Section {name}\n\n{name} stood by the harbour. The ship of {name} was slow.\n" for name in NAMES]
"""Each is a passage of its own."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that `write` writes into."""
    path = tmp_path / "sources"
    path.mkdir()
    return path


@pytest.fixture
def aged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, as they do two seconds after they were written."""
    monkeypatch.setattr("index.ingest.scan.SETTLING_NS", -(10**12))
    monkeypatch.setattr(queue, "SETTLING_NS", -(10**12))


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of files whose bytes `sync` looked at to know them."""
    names: list[str] = []

    def digest(source: Path, *, max_bytes: int) -> str:
        names.append(source.name)
        return loader.digest(source, max_bytes=max_bytes)

    monkeypatch.setattr("index.ingest.sync.digest", digest)
    return names


def sources(library: Library) -> dict[str, str]:
    """File name to the words that tell whose section the library has from it."""
    catalog = library._store.catalog
    found = {}
    for source, identity in catalog.sources():
        text = library.document(identity).text
        found[Path(source).name] = next((name for name in NAMES if name in text), text)
    return found


def outcome(receipt: Receipt) -> dict[str, list[str]]:
    """What a receipt says, by file names; a renamed file as `old>new`."""
    named = {
        "added": receipt.added,
        "replaced": receipt.replaced,
        "removed": receipt.removed,
        "failed": [failure.source for failure in receipt.failed],
        "renamed": [f"{Path(each.before).name}>{Path(each.source).name}" for each in receipt.renamed],
    }
    return {what: sorted(Path(source).name for source in each) for what, each in named.items() if each}


# What is there is in the library, and nothing else


def test_the_library_has_what_is_in_the_folder(library: Library, write: Write, folder: Path) -> None:
    """New files are added, changed ones replaced, vanished ones removed; the receipt has each of them once."""
    for name, text in zip(("a.md", "sub/b.md", "c.md", "d.md"), SECTIONS, strict=False):
        write(name, text)
    assert outcome(library.sync(folder)) == {"added": ["a.md", "b.md", "c.md", "d.md"]}
    write("a.md", SECTIONS[4])
    (folder / "sub" / "b.md").unlink()
    write("e.md", SECTIONS[0])
    receipt = library.sync([folder])
    assert receipt.unchanged == (str(folder / "c.md"), str(folder / "d.md"))
    assert sources(library) == {"a.md": "Elena", "c.md": "Clara", "d.md": "David", "e.md": "Anna"}
    assert outcome(receipt) == {"added": ["a.md"], "removed": ["b.md"], "renamed": ["a.md>e.md"]}
    assert library.problems() == []


def test_what_is_elsewhere_is_left_alone(library: Library, write: Write, folder: Path, tmp_path: Path) -> None:
    """Documents from other folders stay, and so does a document that another source has, too; names that only begin
    like the folder's are elsewhere.
    """
    beside = tmp_path / "sources-2"
    beside.mkdir()
    (beside / "x.md").write_text(SECTIONS[0])
    (beside / "y.md").write_text(SECTIONS[1])
    write("a.md", SECTIONS[0])
    library.add([folder, beside])
    (folder / "a.md").unlink()
    write("b.md", SECTIONS[2])
    assert outcome(library.sync(folder)) == {"added": ["b.md"], "removed": ["a.md"]}
    assert sources(library) == {"b.md": "Clara", "x.md": "Anna", "y.md": "Boris"}


def test_two_folders_at_once(library: Library, write: Write, folder: Path) -> None:
    """A file that moved from one folder to the other was renamed; a folder in a folder counts once."""
    write("one/a.md", SECTIONS[0])
    write("two/b.md", SECTIONS[1])
    library.sync([folder / "one", folder / "two"])
    (folder / "one" / "a.md").rename(folder / "two" / "a.md")
    write("one/c.md", SECTIONS[2])
    receipt = library.sync([folder / "one", folder / "two", folder / "two"])
    assert outcome(receipt) == {"added": ["c.md"], "renamed": ["a.md>a.md"]}
    assert outcome(library.sync([folder, folder / "one"])) == {}


def test_syncing_again_costs_nothing(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, aged: None, hashed: list[str]
) -> None:
    """What looks as it did is neither read nor hashed, the library sees no change, and needs no lock."""
    for name, text in zip("abc", SECTIONS, strict=False):
        write(f"{name}.md", text)
    library.sync(folder)
    before, generation = list(encoder.encoded), library.generation()
    with library._store.writing():
        other = FolderStore(library.folder, create=False)
        assert len(_syncing(library, other).run([folder]).unchanged) == 3
        other.close()
    assert (encoder.encoded, library.generation(), hashed) == (before, generation, [])


def test_what_add_has_read_is_not_read_again(
    library: Library, write: Write, folder: Path, aged: None, hashed: list[str]
) -> None:
    """The first `sync` after an `add` finds its files by their looks."""
    write("a.md", SECTIONS[0])
    library.add(folder)
    assert library.sync(folder).unchanged == (str(folder / "a.md"),)
    assert hashed == []


def test_only_changed_passages_are_encoded(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """Of five passages four are found again; so they are where the file has another name as well."""
    write("people.md", "\n".join(SECTIONS))
    library.sync(folder)
    encoder.encoded.clear()
    write("people.md", "\n".join([SECTIONS[0].replace("slow", "fast"), *SECTIONS[1:]]))
    receipt = library.sync(folder)
    assert (outcome(receipt), receipt.passages, receipt.encoded) == ({"replaced": ["people.md"]}, 5, 1)
    (folder / "people.md").unlink()
    write("persons.md", "\n".join([*SECTIONS[1:], SECTIONS[0].replace("slow", "late")]))
    receipt = library.sync(folder)
    assert (outcome(receipt), receipt.encoded) == ({"added": ["persons.md"], "removed": ["people.md"]}, 1)
    assert ["late" in text for text in encoder.encoded] == [False, True]


# Names


def test_a_renamed_file_keeps_its_document(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number, passages and vectors stay as they are, nothing is read into the library, and it never is without them."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    document, hit = library.document("a.md"), library.search("Anna")[0]
    (folder / "a.md").rename(folder / "b.md")
    encoder.encoded.clear()
    monkeypatch.setattr("index.ingest.add.Ingestion.run", None)
    receipt = library.sync(folder)
    assert receipt.renamed == (Renamed(str(folder / "b.md"), str(folder / "a.md")),)
    assert (outcome(receipt), receipt.passages) == ({"renamed": ["a.md>b.md"]}, 0)
    found = library.search("Anna")[0]
    assert (found.passage, found.document.source) == (hit.passage, str(folder / "b.md"))
    assert library.document("b.md").id == document.id
    assert encoder.encoded == []
    assert library._store.catalog.removed_since(-1) == []


def test_a_renamed_folder_costs_nothing(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """All that is in it has moved: though all of it went, there is nothing to ask about."""
    for n in range(12):
        write(f"old/{n}.md", SECTIONS[0].replace("Anna", f"Person{n}"))
    library.sync(folder)
    encoder.encoded.clear()
    (folder / "old").rename(folder / "new")
    receipt = library.sync(folder)
    assert len(receipt.renamed) == 12
    assert all(Path(each.before).name == Path(each.source).name for each in receipt.renamed)
    assert (encoder.encoded, receipt.removed) == ([], ())


@pytest.mark.parametrize(
    ("moves", "expected", "has"),
    [
        pytest.param("a-x b-a x-b", "a>b b>a", {"a": 1, "b": 0, "c": 2}, id="two swap names"),
        pytest.param("c-x b-c a-b x-a", "a>b b>c c>a", {"a": 2, "b": 0, "c": 1}, id="three in a ring"),
        pytest.param("c-d b-c a-b", "a>b b>c c>d", {"b": 0, "c": 1, "d": 2}, id="each moves up"),
        pytest.param("a-A", "a>A", {"A": 0, "b": 1, "c": 2}, id="case only"),
    ],
)
def test_names_change_places(
    library: Library,
    write: Write,
    folder: Path,
    encoder: FakeEncoder,
    moves: str,
    expected: str,
    has: dict[str, int],
) -> None:
    """However names wander among files, no word is encoded again, and each name has its words."""
    for name, text in zip("abc", SECTIONS, strict=False):
        write(name, text)
    library.sync(folder)
    encoder.encoded.clear()
    for before, after in (move.split("-") for move in moves.split()):
        (folder / before).rename(folder / after)
    assert outcome(library.sync(folder)) == {"renamed": expected.split()}
    assert sources(library) == {name: NAMES[n] for name, n in has.items()}
    assert encoder.encoded == []
    assert library.problems() == []


def test_a_copy_whose_original_goes_was_renamed(library: Library, write: Write, folder: Path) -> None:
    """Copied and deleted within one sync, or in two: nothing is lost and nothing encoded."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    shutil.copy(folder / "a.md", folder / "b.md")
    assert outcome(library.sync(folder)) == {"added": ["b.md"]}
    (folder / "a.md").unlink()
    assert outcome(library.sync(folder)) == {"removed": ["a.md"]}
    shutil.copy(folder / "b.md", folder / "c.md")
    (folder / "b.md").unlink()
    assert outcome(library.sync(folder)) == {"renamed": ["b.md>c.md"]}
    assert sources(library) == {"c.md": "Anna"}


def test_of_two_files_with_the_same_content_one_goes(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder
) -> None:
    """The other one's words stay."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").unlink()
    assert outcome(library.sync(folder)) == {"removed": ["a.md"]}
    assert sources(library) == {"b.md": "Anna"}
    assert len(encoder.encoded) == 1


def test_a_file_that_becomes_a_copy_of_another(library: Library, write: Write, folder: Path) -> None:
    """Was replaced, at no cost; what it said before is gone."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    shutil.copy(folder / "b.md", folder / "a.md")
    receipt = library.sync(folder)
    assert (outcome(receipt), receipt.encoded) == ({"replaced": ["a.md"]}, 0)
    assert sources(library) == {"a.md": "Boris", "b.md": "Boris"}
    assert [hit.document.source for hit in library.search("Anna") if hit.why.matched_terms] == []


def test_moved_away_and_written_anew(library: Library, write: Write, folder: Path) -> None:
    """The old words go with the old file's new name; the old name has new words."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").rename(folder / "a (old).md")
    write("a.md", SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": ["a.md"], "renamed": ["a.md>a (old).md"]}
    assert sources(library) == {"a (old).md": "Anna", "a.md": "Boris"}


def test_a_name_that_means_another_format_is_read_anew(library: Library, write: Write, folder: Path) -> None:
    """The same bytes as Markdown are another text than as plain text, so `verify` finds nothing wrong; where the name
    means a format that is not read, the file fails, and where it means nothing, its words stay.
    """
    write("a.txt", "# Not a heading\n\nAnna has *stars*.")
    write("b", SECTIONS[1])
    write("c.txt", SECTIONS[2])
    library.sync(folder)
    assert "*stars*" in library.document("a.txt").text
    (folder / "a.txt").rename(folder / "a.md")
    (folder / "b").rename(folder / "b.txt")
    (folder / "c.txt").rename(folder / "c.xml")
    receipt = library.sync(folder)
    assert outcome(receipt) == {
        "added": ["a.md"],
        "failed": ["c.xml"],
        "removed": ["a.txt", "c.txt"],
        "renamed": ["b>b.txt"],
    }
    assert "*" not in library.document("a.md").text
    assert library.verify().mismatches == ()


# What is remembered


def test_a_change_that_cannot_be_seen_from_outside(
    library: Library, write: Write, folder: Path, aged: None, hashed: list[str]
) -> None:
    """Where even the system's own time of change were the same, only `checksum` sees it: so much is trusted."""
    path = write("a.md", SECTIONS[0])
    library.sync(folder)
    with pytest.MonkeyPatch.context() as patch:
        look = Path.stat(path)
        write("a.md", SECTIONS[1].replace("Boris", "Bory"))
        assert path.stat().st_size == look.st_size
        true_stat = Path.stat

        def stat(self: Path, **options: bool) -> os.stat_result:
            return look if self == path else true_stat(self, **options)

        patch.setattr(Path, "stat", stat)
        assert outcome(library.sync(folder)) == {}
        assert outcome(library.sync(folder, checksum=True)) == {"replaced": ["a.md"]}
    assert hashed == ["a.md"]


def test_a_time_that_was_set_back_deceives_nobody(library: Library, write: Write, folder: Path, aged: None) -> None:
    """Same size, same time of writing: the system's own time of the change tells."""
    path = write("a.md", SECTIONS[0])
    library.sync(folder)
    state = path.stat()
    write("a.md", SECTIONS[1].replace("Boris", "Bory"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    assert outcome(library.sync(folder)) == {"replaced": ["a.md"]}


def test_what_was_written_just_now_is_read_again(
    library: Library, write: Write, folder: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a tick of the clock a file can change twice and look the same: it is not trusted until it has settled."""
    write("a.md", SECTIONS[0])
    for settling, read in ((10**18, [0, 1, 1]), (-(10**12), [1, 0, 0])):
        monkeypatch.setattr("index.ingest.scan.SETTLING_NS", settling)
        monkeypatch.setattr(queue, "SETTLING_NS", settling)
        for count in read:
            hashed.clear()
            library.sync(folder)
            assert len(hashed) == count


def test_the_memory_may_go_at_any_time(
    library: Library, write: Write, folder: Path, aged: None, hashed: list[str]
) -> None:
    """Deleted, or damaged, it costs a hash for every file, and nothing else."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    for damage in (b"", b"no database" * 999):
        for path in library.folder.glob(queue.FILE + "*"):
            path.unlink()
        if damage:
            (library.folder / queue.FILE).write_bytes(damage)
        hashed.clear()
        assert library.sync(folder).unchanged == (str(folder / "a.md"),)
        assert hashed == ["a.md"]
        assert library.sync(folder).unchanged == (str(folder / "a.md"),)
        assert hashed == ["a.md"]


def test_what_was_removed_by_hand_comes_back(library: Library, write: Write, folder: Path, aged: None) -> None:
    """The memory says what a file holds, the catalog alone what the library has."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    library.remove("a.md")
    assert outcome(library.sync(folder)) == {"added": ["a.md"]}
    assert sources(library) == {"a.md": "Anna"}


# Files that cannot be read


def test_what_cannot_be_read_now_keeps_its_last_good_version(library: Library, write: Write, folder: Path) -> None:
    """A file that broke is a failure that says so; its old words still answer, and go when it goes."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    write("a.md", b"%PDF-1.7 and no more")
    receipt = library.sync(folder)
    assert outcome(receipt) == {"failed": ["a.md"]}
    assert "keeps the file's previous contents" in receipt.failed[0].hint
    assert sources(library) == {"a.md": "Anna", "b.md": "Boris"}
    (folder / "a.md").unlink()
    assert outcome(library.sync(folder)) == {"removed": ["a.md"]}


def test_a_file_that_fails_is_not_tried_again_until_it_changes(
    library: Library, write: Write, folder: Path, aged: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told each time; it is read again when it changes, when it is asked for, or when other limits hold."""
    write("broken.pdf", b"%PDF-1.7 and no more")
    first = library.sync(folder)
    with monkeypatch.context() as patch:
        patch.setattr("index.ingest.add.Ingestion.run", None)
        assert library.sync(folder).failed == first.failed
        with pytest.raises(TypeError):
            library.sync(folder, checksum=True)
    other = Settings(passage_tokens=32, max_pages=7)
    with Library.open(library.folder, other, encoder=library.encoder()) as again, monkeypatch.context() as patch:
        patch.setattr("index.ingest.add.Ingestion.run", None)
        with pytest.raises(TypeError):
            again.sync(folder)
    write("broken.pdf", b"%PDF-1.7 and a little more")
    monkeypatch.setattr("index.ingest.add.Ingestion.run", None)
    with pytest.raises(TypeError):
        library.sync(folder)


def test_names_that_are_no_text_stop_nobody(library: Library, write: Write, folder: Path) -> None:
    """A file whose name no catalog could keep is a failure, each time; the others are followed."""
    write("a.md", SECTIONS[0])
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text(SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": ["a.md"], "failed": ["caf\udce9.md"]}
    (folder / "a.md").rename(folder / "b.md")
    assert outcome(library.sync(folder)) == {"failed": ["caf\udce9.md"], "renamed": ["a.md>b.md"]}


def test_a_link_to_nothing_hides_what_it_led_to(library: Library, write: Write, folder: Path, tmp_path: Path) -> None:
    """It may lead to a disk that is not mounted: what came from there stays, with a failure that says so, until the
    link itself goes. A link to nothing from which nothing came is passed by.
    """
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "a.md").write_text(SECTIONS[0])
    write("b.md", SECTIONS[1])
    (folder / "link").symlink_to(disk)
    (folder / "other").symlink_to(tmp_path / "nowhere")
    assert outcome(library.sync(folder)) == {"added": ["a.md", "b.md"]}
    disk.rename(tmp_path / "unplugged")
    receipt = library.sync(folder)
    assert outcome(receipt) == {"failed": ["link"]}
    assert "broken link" in receipt.failed[0].reason
    assert "1 file" in receipt.failed[0].hint
    assert sources(library) == {"a.md": "Anna", "b.md": "Boris"}
    (folder / "link").unlink()
    assert outcome(library.sync(folder)) == {"removed": ["a.md"]}


def test_a_folder_that_cannot_be_listed_keeps_its_documents(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be seen is not gone; the rest is followed."""
    write("a.md", SECTIONS[0])
    write("sub/b.md", SECTIONS[1])
    library.sync(folder)
    (folder / "a.md").unlink()
    listed = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    receipt = library.sync(folder)
    assert outcome(receipt) == {"failed": ["sub"], "removed": ["a.md"]}
    assert sources(library) == {"b.md": "Boris"}


def test_a_file_that_goes_while_it_is_read_is_no_failure(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors make files that live for a moment."""
    write("a.md", SECTIONS[0])
    true_plan = Synchronizer._plan

    def plan(self: Synchronizer, differences: FolderDifferences, *, hashing: bool) -> Plan:
        (folder / "a.md").unlink()
        return true_plan(self, differences, hashing=hashing)

    monkeypatch.setattr(Synchronizer, "_plan", plan)
    assert outcome(library.sync(folder)) == {}


@pytest.mark.parametrize("kind", ["a folder in place of a file", "a file in place of a folder"])
def test_a_file_and_a_folder_change_places(library: Library, write: Write, folder: Path, kind: str) -> None:
    """The name stays and means something else: what was there is gone, what is there now is in the library."""
    first, second = ("x", "x/a.md") if kind.startswith("a folder") else ("x/a.md", "x")
    write(first, SECTIONS[0])
    library.sync(folder)
    shutil.rmtree(folder / "x") if (folder / "x").is_dir() else (folder / "x").unlink()
    write(second, SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": [Path(second).name], "removed": [Path(first).name]}
    assert sources(library) == {Path(second).name: "Boris"}


# What is not meant


def test_hidden_files_and_lock_files(library: Library, write: Write, folder: Path) -> None:
    """Are passed by; a file that becomes hidden goes. What was added by its hidden name is followed all the same."""
    write("a.md", SECTIONS[0])
    write(".hidden.md", SECTIONS[1])
    write("~$a.docx", SECTIONS[2])
    write(".git/notes.md", SECTIONS[3])
    assert outcome(library.sync(folder)) == {"added": ["a.md"]}
    library.add(folder / ".hidden.md")
    assert outcome(library.sync(folder)) == {}
    write(".hidden.md", SECTIONS[4])
    (folder / "a.md").rename(folder / ".a.md")
    write("b.md", SECTIONS[2])
    assert outcome(library.sync(folder)) == {"added": ["b.md"], "replaced": [".hidden.md"], "removed": ["a.md"]}
    (folder / ".hidden.md").unlink()
    assert outcome(library.sync(folder)) == {"removed": [".hidden.md"]}


def test_the_library_within_the_folder(write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """Is no part of it: neither its own files nor what it keeps of uploads are touched."""
    write("a.md", SECTIONS[0])
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        kept = library.folder / "uploads" / "b.md"
        kept.parent.mkdir()
        kept.write_text(SECTIONS[1])
        library.add(kept)
        assert outcome(library.sync(folder)) == {"added": ["a.md"]}
        kept.unlink()
        assert outcome(library.sync(folder)) == {}
        assert sources(library) == {"a.md": "Anna", "b.md": "Boris"}
        assert outcome(library.sync(library.folder)) == {}


def test_a_file_that_two_links_lead_to(library: Library, write: Write, folder: Path) -> None:
    """Counts once, by the name that comes first."""
    write("z.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").symlink_to(folder / "z.md")
    assert outcome(library.sync(folder)) == {"renamed": ["z.md>a.md"]}
    (folder / "loop").symlink_to(folder)
    assert outcome(library.sync(folder)) == {}


# Nothing is removed by mistake


@pytest.mark.parametrize("missing", ["gone", "a file", "a link to nothing"])
def test_a_folder_that_is_not_there_is_an_error(library: Library, write: Write, folder: Path, missing: str) -> None:
    """And changes nothing, not even with `force`."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    folder.rename(folder.with_name("moved"))
    if missing == "a file":
        folder.write_text("no folder")
    elif missing == "a link to nothing":
        folder.symlink_to("nowhere")
    for force in (False, True):
        with pytest.raises(FolderMissing, match="the library keeps its documents"):
            library.sync([folder], force=force)
    assert sources(library) == {"a.md": "Anna"}


def test_a_folder_that_goes_while_it_is_looked_through(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder in its place, as when a disk is unmounted, is another folder."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    from index.loading.loader import discover

    def unmounted(*paths: object, **options: object) -> list[Path]:
        folder.rename(folder.with_name("moved"))
        folder.mkdir()
        return list(discover([folder]))

    monkeypatch.setattr("index.ingest.scan.discover", unmounted)
    with pytest.raises(FolderMissing):
        library.sync(folder, force=True)
    assert len(sources(library)) == 2


def test_an_empty_folder_removes_nothing_by_itself(library: Library, write: Write, folder: Path) -> None:
    """So does the place of a disk look that is not mounted, however few files were on it; `force` says it is meant."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").unlink()
    with pytest.raises(TooManyRemovals) as caught:
        library.sync(folder)
    assert (caught.value.removals, caught.value.of) == (1, 1)
    assert sources(library) == {"a.md": "Anna"}
    assert outcome(library.sync(folder, dry_run=True, force=True)) == {"removed": ["a.md"]}
    assert outcome(library.sync(folder, force=True)) == {"removed": ["a.md"]}
    assert outcome(library.sync(folder)) == {}


@pytest.mark.parametrize(
    ("there", "going", "refused"),
    [
        pytest.param(20, 10, False, id="half of them, and few"),
        pytest.param(11, 10, False, id="few, though most"),
        pytest.param(22, 11, False, id="many, and half"),
        pytest.param(21, 11, True, id="many, and more than half"),
    ],
)
def test_most_of_many_is_refused(library: Library, folder: Path, there: int, going: int, refused: bool) -> None:
    """More than ten files and more than half of them go only with `force`; each folder counts for itself, and nothing
    else is done either.
    """
    for n in range(there):
        (folder / f"{n:02}.md").write_text(f"Person {n} saw a comet.")
    beside = folder.with_name("beside")
    beside.mkdir()
    for n in range(40):
        (beside / f"{n:02}.md").write_text(f"Person {n} saw a whale.")
    library.sync([folder, beside])
    for n in range(going):
        (folder / f"{n:02}.md").unlink()
    (folder / "new.md").write_text(SECTIONS[0])
    if refused:
        with pytest.raises(TooManyRemovals, match=f"holds {there} files .* {going} of them are gone") as caught:
            library.sync([folder, beside])
        assert caught.value.folder == str(folder)
        assert len(library._store.catalog.sources()) == there + 40
    receipt = library.sync([folder, beside], force=refused)
    assert (len(receipt.removed), len(receipt.added)) == (going, 1)


# A look without a change


def test_a_dry_run_changes_nothing(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """It says what would be done, and then it is done."""
    for name, text in zip(("a.md", "b.md", "c.md", "d.md"), SECTIONS, strict=False):
        write(name, text)
    library.sync(folder)
    write("a.md", "A comet came.")
    (folder / "b.md").rename(folder / "e.md")
    (folder / "c.md").unlink()
    write("f.md", SECTIONS[4])
    before, generation = sources(library), library.generation()
    encoder.encoded.clear()
    foretold = library.sync(folder, dry_run=True)
    assert outcome(foretold) == {"added": ["f.md"], "replaced": ["a.md"], "removed": ["c.md"], "renamed": ["b.md>e.md"]}
    assert (sources(library), library.generation(), encoder.encoded) == (before, generation, [])
    assert outcome(library.sync(folder)) == outcome(foretold)


# Others at work


def test_another_writer_is_named(library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is something to change, and somebody else is changing the library."""
    write("a.md", SECTIONS[0])
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.05)
    other = FolderStore(library.folder, create=False)
    with other.writing(), pytest.raises(LibraryLocked):
        library.sync(folder)
    other.close()
    assert outcome(library.sync(folder)) == {"added": ["a.md"]}


def test_a_change_by_another_between_look_and_lock(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was decided before it is decided again: a document that somebody removed meanwhile is no rename."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").rename(folder / "b.md")
    true_writing = FolderStore.writing
    once = iter([True])

    def writing(self: FolderStore) -> object:
        if next(once, False):
            library.remove("a.md")
        return true_writing(self)

    monkeypatch.setattr(FolderStore, "writing", writing)
    assert outcome(library.sync(folder)) == {"added": ["b.md"]}
    assert sources(library) == {"b.md": "Anna"}


def test_an_end_in_the_middle_loses_nothing(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be removed goes last: where the encoder fails, all that was there still is, by its right name."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    (folder / "a.md").rename(folder / "c.md")
    (folder / "b.md").unlink()
    write("d.md", SECTIONS[2])

    def fail(*arguments: object) -> None:
        raise EncoderError("It broke.", "Mend it.")

    with monkeypatch.context() as patch:
        patch.setattr(encoder, "encode", fail)
        with pytest.raises(EncoderError):
            library.sync(folder)
    assert sources(library) == {"b.md": "Boris", "c.md": "Anna"}
    assert outcome(library.sync(folder)) == {"added": ["d.md"], "removed": ["b.md"]}
    assert library.problems() == []


def _syncing(library: Library, store: FolderStore) -> Synchronizer:
    """The same, on a store of its own, which could not take the lock."""

    def ingest(*arguments: object) -> Receipt:
        raise AssertionError("nothing is to be read")

    return Synchronizer(store, ingest, ingest, max_bytes=10**6)


def _nothing(*_: object) -> Receipt:
    """Of what would be read."""
    raise AssertionError("nothing is rehearsed")


# Whatever happens


NAMED = ("a", "b", "c", "d/e", "d/f")
ACTS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMED), st.sampled_from(NAMES)),
    st.tuples(st.just("move"), st.sampled_from(NAMED), st.sampled_from(NAMED)),
    st.tuples(st.just("copy"), st.sampled_from(NAMED), st.sampled_from(NAMED)),
    st.tuples(st.just("delete"), st.sampled_from(NAMED), st.just("")),
    st.tuples(st.just("sync"), st.just(""), st.just("")),
)


@settings(max_examples=length(10, 40), deadline=None)
@given(acts=st.lists(ACTS, max_size=14))
def test_whatever_happens_the_library_has_what_is_there(
    acts: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each sync the words of every file are in the library, and no others; none that were known are read anew."""
    root = tmp_path_factory.mktemp("any")
    folder = root / "sources"
    (folder / "d").mkdir(parents=True)
    store = FolderStore(root / "library", create=True)
    read: list[str] = []

    def ingest(paths: Sequence[Path], memory: queue.Worklist) -> Receipt:
        added = []
        for path in paths:
            document = replace(a_document(path.read_text(), source=str(path)), media_type="text/plain")
            if store.catalog.number_of(document.id) is None:
                put(store.catalog, document)
                read.append(path.read_text())
                added.append(str(path))
            else:
                store.catalog.link(str(path), document.id)
        return Receipt(added=tuple(added))

    for what, first, second in [*acts, ("sync", "", "")]:
        path, other = folder / first, folder / second
        if what == "write":
            path.write_text(f"{second} sang.")
        elif what == "sync":
            known = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
            held = {store.catalog.document(number).text for number in store.catalog.numbered()}  # type: ignore[union-attr]
            read.clear()
            Synchronizer(store, ingest, _nothing, max_bytes=100).run([folder], force=True)
            assert held.isdisjoint(read)
            assert {source: _text(store, source) for source, _ in store.catalog.sources()} == {
                str(path): text for path, text in known.items()
            }
            assert store.catalog.totals()["documents"] == len(set(known.values()))
        elif path.is_file() and what == "delete":
            path.unlink()
        elif path.is_file() and path != other:
            path.rename(other) if what == "move" else shutil.copy(path, other)
    assert store.problems() == []
    store.close()


def _text(store: FolderStore, source: str) -> str:
    """What the library has from there."""
    number = store.catalog.number_of(store.catalog.document_of(source))
    assert number is not None
    document = store.catalog.document(number)
    assert document is not None
    return document.text
