"""`sync`: the library has exactly the files of its folders, and unchanged files cost nothing."""

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
from index.records import Queue, Receipt, Renamed
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
"""Each section becomes one passage."""


@pytest.fixture
def hashed_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that `sync` hashed."""
    names: list[str] = []

    def digest(source: Path, *, max_bytes: int) -> str:
        names.append(source.name)
        return loader.digest(source, max_bytes=max_bytes)

    monkeypatch.setattr("index.ingest.sync.digest", digest)
    return names


def sources(library: Library) -> dict[str, str]:
    """Map each file name to the person of its section in the library, or to its text."""
    catalog = library.parts.store.catalog
    people = {}
    for source, identity in catalog.sources():
        text = library.document(identity).text
        people[Path(source).name] = next((name for name in NAMES if name in text), text)
    return people


def outcome(receipt: Receipt) -> dict[str, list[str]]:
    """Return the file names in a receipt by outcome; a renamed file is `old>new`."""
    named = {
        "added": receipt.added,
        "replaced": receipt.replaced,
        "removed": receipt.removed,
        "failed": [failure.source for failure in receipt.failed],
        "renamed": [f"{Path(file.before).name}>{Path(file.source).name}" for file in receipt.renamed],
    }
    return {action: sorted(Path(source).name for source in sources) for action, sources in named.items() if sources}


# The library has exactly the files of the folder


def test_sync_adds_replaces_and_removes_files(library: Library, write: Write, folder: Path) -> None:
    """New files are added, changed ones replaced, deleted ones removed; the receipt has each of them once."""
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


def test_sync_leaves_other_folders_alone(library: Library, write: Write, folder: Path, tmp_path: Path) -> None:
    """Documents from other folders stay, even if the folder's name begins equally or a document also came from here."""
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


def test_two_folders_are_synced_at_once(library: Library, write: Write, folder: Path) -> None:
    """A file that moved from one folder to the other was renamed; a folder within a folder counts once."""
    write("one/a.md", SECTIONS[0])
    write("two/b.md", SECTIONS[1])
    library.sync([folder / "one", folder / "two"])
    (folder / "one" / "a.md").rename(folder / "two" / "a.md")
    write("one/c.md", SECTIONS[2])
    receipt = library.sync([folder / "one", folder / "two", folder / "two"])
    assert outcome(receipt) == {"added": ["c.md"], "renamed": ["a.md>a.md"]}
    assert outcome(library.sync([folder, folder / "one"])) == {}


def test_sync_without_changes_reads_nothing_and_needs_no_lock(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, settled_files: None, hashed_names: list[str]
) -> None:
    """Unchanged files are neither read nor hashed, and the generation of the library stays."""
    for name, text in zip("abc", SECTIONS, strict=False):
        write(f"{name}.md", text)
    library.sync(folder)
    before, generation = list(encoder.encoded), library.generation()
    with library.parts.store.writing():
        other = FolderStore(library.folder, create=False)
        assert len(_synchronizer(library, other).run([folder]).unchanged) == 3
        other.close()
    assert (encoder.encoded, library.generation(), hashed_names) == (before, generation, [])


def test_sync_after_add_hashes_nothing(
    library: Library, write: Write, folder: Path, settled_files: None, hashed_names: list[str]
) -> None:
    """The first `sync` after an `add` recognises its files by their metadata."""
    write("a.md", SECTIONS[0])
    library.add(folder)
    assert library.sync(folder).unchanged == (str(folder / "a.md"),)
    assert hashed_names == []


def test_sync_encodes_only_changed_passages(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """Four of five passages are recognised, even if the file also has a new name."""
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


# Renamed files


def test_renamed_file_keeps_its_document(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Number, passages and vectors stay, nothing is ingested, and the document is never absent."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    document, hit = library.document("a.md"), library.search("Anna")[0]
    (folder / "a.md").rename(folder / "b.md")
    encoder.encoded.clear()
    monkeypatch.setattr("index.ingest.add.Ingestion.run", None)
    receipt = library.sync(folder)
    assert receipt.renamed == (Renamed(str(folder / "b.md"), str(folder / "a.md")),)
    assert (outcome(receipt), receipt.passages) == ({"renamed": ["a.md>b.md"]}, 0)
    new_hit = library.search("Anna")[0]
    assert (new_hit.passage, new_hit.document.source) == (hit.passage, str(folder / "b.md"))
    assert library.document("b.md").id == document.id
    assert encoder.encoded == []
    assert library.parts.store.catalog.removed_since(-1) == []


def test_renamed_folder_encodes_nothing(library: Library, write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """All its files have moved, so nothing is confirmed although every file is gone from its old path."""
    for n in range(12):
        write(f"old/{n}.md", SECTIONS[0].replace("Anna", f"Person{n}"))
    library.sync(folder)
    encoder.encoded.clear()
    (folder / "old").rename(folder / "new")
    receipt = library.sync(folder)
    assert len(receipt.renamed) == 12
    assert all(Path(file.before).name == Path(file.source).name for file in receipt.renamed)
    assert (encoder.encoded, receipt.removed) == ([], ())


@pytest.mark.parametrize(
    ("moves", "expected", "contents"),
    [
        pytest.param("a-x b-a x-b", "a>b b>a", {"a": 1, "b": 0, "c": 2}, id="two swap names"),
        pytest.param("c-x b-c a-b x-a", "a>b b>c c>a", {"a": 2, "b": 0, "c": 1}, id="three in a ring"),
        pytest.param("c-d b-c a-b", "a>b b>c c>d", {"b": 0, "c": 1, "d": 2}, id="each moves up"),
        pytest.param("a-A", "a>A", {"A": 0, "b": 1, "c": 2}, id="case only"),
    ],
)
def test_files_that_exchange_names_are_renamed(
    library: Library,
    write: Write,
    folder: Path,
    encoder: FakeEncoder,
    moves: str,
    expected: str,
    contents: dict[str, int],
) -> None:
    """However names are exchanged, nothing is encoded again, and each name has its own words."""
    for name, text in zip("abc", SECTIONS, strict=False):
        write(name, text)
    library.sync(folder)
    encoder.encoded.clear()
    for before, after in (move.split("-") for move in moves.split()):
        (folder / before).rename(folder / after)
    assert outcome(library.sync(folder)) == {"renamed": expected.split()}
    assert sources(library) == {name: NAMES[n] for name, n in contents.items()}
    assert encoder.encoded == []
    assert library.problems() == []


def test_copy_whose_original_is_deleted_was_renamed(library: Library, write: Write, folder: Path) -> None:
    """Copied and deleted within one sync or in two: nothing is lost and nothing encoded."""
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


def test_equal_files_are_one_document_with_two_names(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder
) -> None:
    """Deleting one keeps the words of the other; a file that becomes a copy is replaced, and encodes nothing."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").unlink()
    assert outcome(library.sync(folder)) == {"removed": ["a.md"]}
    assert sources(library) == {"b.md": "Anna"}
    assert len(encoder.encoded) == 1
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    shutil.copy(folder / "b.md", folder / "a.md")
    receipt = library.sync(folder)
    assert (outcome(receipt), receipt.encoded) == ({"replaced": ["a.md"]}, 0)
    assert sources(library) == {"a.md": "Boris", "b.md": "Boris"}
    assert [hit.document.source for hit in library.search("Anna") if hit.why.matched_terms] == []


def test_old_name_of_a_moved_file_can_be_written_again(library: Library, write: Write, folder: Path) -> None:
    """The old words move to the new name, and the old name has new words."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").rename(folder / "a (old).md")
    write("a.md", SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": ["a.md"], "renamed": ["a.md>a (old).md"]}
    assert sources(library) == {"a (old).md": "Anna", "a.md": "Boris"}


def test_file_renamed_to_another_format_is_read_again(library: Library, write: Write, folder: Path) -> None:
    """Text renamed to Markdown is read again, and fails as a PDF; a file without a suffix keeps its words."""
    write("a.txt", "# Not a heading\n\nAnna has *stars*.")
    write("b", SECTIONS[1])
    write("c.txt", SECTIONS[2])
    library.sync(folder)
    assert "*stars*" in library.document("a.txt").text
    (folder / "a.txt").rename(folder / "a.md")
    (folder / "b").rename(folder / "b.txt")
    (folder / "c.txt").rename(folder / "c.pdf")
    receipt = library.sync(folder)
    assert outcome(receipt) == {
        "added": ["a.md"],
        "failed": ["c.pdf"],
        "removed": ["a.txt", "c.txt"],
        "renamed": ["b>b.txt"],
    }
    assert "*" not in library.document("a.md").text
    assert library.verify().mismatches == ()


# The memory of files


def test_change_with_equal_metadata_is_found_only_by_checksum(
    library: Library, write: Write, folder: Path, settled_files: None, hashed_names: list[str]
) -> None:
    """If even the change time of the system were equal, only `checksum` would notice."""
    path = write("a.md", SECTIONS[0])
    library.sync(folder)
    with pytest.MonkeyPatch.context() as patch:
        metadata = Path.stat(path)
        write("a.md", SECTIONS[1].replace("Boris", "Bory"))
        assert path.stat().st_size == metadata.st_size
        original_stat = Path.stat

        def stat(self: Path, **options: bool) -> os.stat_result:
            return metadata if self == path else original_stat(self, **options)

        patch.setattr(Path, "stat", stat)
        assert outcome(library.sync(folder)) == {}
        assert outcome(library.sync(folder, checksum=True)) == {"replaced": ["a.md"]}
    assert hashed_names == ["a.md"]


def test_change_with_restored_modification_time_is_found(
    library: Library, write: Write, folder: Path, settled_files: None
) -> None:
    """Size and modification time are equal, but the change time of the system differs."""
    path = write("a.md", SECTIONS[0])
    library.sync(folder)
    state = path.stat()
    write("a.md", SECTIONS[1].replace("Boris", "Bory"))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    assert outcome(library.sync(folder)) == {"replaced": ["a.md"]}


def test_recently_written_file_is_hashed_again(
    library: Library, write: Write, folder: Path, hashed_names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file can change twice within a clock tick and look the same, so it is not trusted until it has settled."""
    write("a.md", SECTIONS[0])
    for settling, hash_counts in ((10**18, [0, 1, 1]), (-(10**12), [1, 0, 0])):
        monkeypatch.setattr("index.ingest.plan.SETTLING_NS", settling)
        monkeypatch.setattr(queue, "SETTLING_NS", settling)
        for count in hash_counts:
            hashed_names.clear()
            library.sync(folder)
            assert len(hashed_names) == count


def test_missing_or_damaged_memory_costs_a_hash_per_file(
    library: Library, write: Write, folder: Path, settled_files: None, hashed_names: list[str]
) -> None:
    """A deleted or damaged memory has no other effect, and the queue in it starts empty."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    for damage in (b"", b"no database" * 999, b"SQLite format 3\x00" + b"\xff" * 5000):
        for path in library.folder.glob(queue.FILE + "*"):
            path.unlink()
        if damage:
            (library.folder / queue.FILE).write_bytes(damage)
        assert library.queue() == Queue((), ())
        hashed_names.clear()
        assert library.sync(folder).unchanged == (str(folder / "a.md"),)
        assert hashed_names == ["a.md"]
        assert library.sync(folder).unchanged == (str(folder / "a.md"),)
        assert hashed_names == ["a.md"]


def test_manually_removed_document_is_added_again(
    library: Library, write: Write, folder: Path, settled_files: None
) -> None:
    """The memory knows what a file contains, but only the catalog knows what the library has."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    library.remove("a.md")
    assert outcome(library.sync(folder)) == {"added": ["a.md"]}
    assert sources(library) == {"a.md": "Anna"}


# Files that cannot be read


def test_unreadable_file_keeps_its_last_good_version(library: Library, write: Write, folder: Path) -> None:
    """A broken file is a failure that says so; its old words still answer, until it is deleted."""
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


def test_failed_file_is_not_read_again_until_it_changes(
    library: Library, write: Write, folder: Path, settled_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure is reported each time. A change of the file or the limits, or `checksum`, makes it read again."""
    write("broken.pdf", b"%PDF-1.7 and no more")
    first = library.sync(folder)
    with monkeypatch.context() as patch:
        patch.setattr("index.ingest.add.Ingestion.run", None)
        assert library.sync(folder).failed == first.failed
        with pytest.raises(TypeError):
            library.sync(folder, checksum=True)
    other = Settings(passage_tokens=32, max_pages=7)
    with (
        Library.open(library.folder, other, encoder=library.encoder()) as other_library,
        monkeypatch.context() as patch,
    ):
        patch.setattr("index.ingest.add.Ingestion.run", None)
        with pytest.raises(TypeError):
            other_library.sync(folder)
    write("broken.pdf", b"%PDF-1.7 and a little more")
    monkeypatch.setattr("index.ingest.add.Ingestion.run", None)
    with pytest.raises(TypeError):
        library.sync(folder)


def test_invalid_file_name_is_reported_and_others_are_synced(library: Library, write: Write, folder: Path) -> None:
    """A file whose name no catalog could store is a failure each time; the others are synced."""
    write("a.md", SECTIONS[0])
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text(SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": ["a.md"], "failed": ["caf\udce9.md"]}
    (folder / "a.md").rename(folder / "b.md")
    assert outcome(library.sync(folder)) == {"failed": ["caf\udce9.md"], "renamed": ["a.md>b.md"]}


def test_broken_link_keeps_the_documents_behind_it(
    library: Library, write: Write, folder: Path, tmp_path: Path
) -> None:
    """The link may lead to a disk that is not mounted: its documents stay, with a failure, until the link is deleted.
    A broken link without documents is skipped.
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


def test_unlistable_folder_keeps_its_documents(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that cannot be seen are not removed; the rest is synced."""
    write("a.md", SECTIONS[0])
    write("sub/b.md", SECTIONS[1])
    library.sync(folder)
    (folder / "a.md").unlink()
    original_scandir = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return original_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    receipt = library.sync(folder)
    assert outcome(receipt) == {"failed": ["sub"], "removed": ["a.md"]}
    assert sources(library) == {"b.md": "Boris"}


def test_file_deleted_during_sync_is_not_a_failure(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Editors create files that exist only for a moment."""
    write("a.md", SECTIONS[0])
    original_plan = Synchronizer._plan

    def plan(self: Synchronizer, differences: FolderDifferences, *, hashing: bool) -> Plan:
        (folder / "a.md").unlink()
        return original_plan(self, differences, hashing=hashing)

    monkeypatch.setattr(Synchronizer, "_plan", plan)
    assert outcome(library.sync(folder)) == {}


@pytest.mark.parametrize("kind", ["a folder in place of a file", "a file in place of a folder"])
def test_file_and_folder_exchange_a_name(library: Library, write: Write, folder: Path, kind: str) -> None:
    """The former file is removed and the new one added."""
    first, second = ("x", "x/a.md") if kind.startswith("a folder") else ("x/a.md", "x")
    write(first, SECTIONS[0])
    library.sync(folder)
    shutil.rmtree(folder / "x") if (folder / "x").is_dir() else (folder / "x").unlink()
    write(second, SECTIONS[1])
    assert outcome(library.sync(folder)) == {"added": [Path(second).name], "removed": [Path(first).name]}
    assert sources(library) == {Path(second).name: "Boris"}


# Skipped files


def test_hidden_files_and_lock_files_are_skipped(library: Library, write: Write, folder: Path) -> None:
    """A file that becomes hidden is removed; a hidden file that was added by name is still synced."""
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


def test_library_inside_the_folder_is_not_synced(write: Write, folder: Path, encoder: FakeEncoder) -> None:
    """Neither the library's own files nor its stored uploads are touched."""
    write("a.md", SECTIONS[0])
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=encoder) as library:
        upload = library.folder / "uploads" / "b.md"
        upload.parent.mkdir()
        upload.write_text(SECTIONS[1])
        library.add(upload)
        assert outcome(library.sync(folder)) == {"added": ["a.md"]}
        upload.unlink()
        assert outcome(library.sync(folder)) == {}
        assert sources(library) == {"a.md": "Anna", "b.md": "Boris"}
        assert outcome(library.sync(library.folder)) == {}


def test_file_with_two_paths_counts_once(library: Library, write: Write, folder: Path) -> None:
    """The file has the path that is first in order."""
    write("z.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").symlink_to(folder / "z.md")
    assert outcome(library.sync(folder)) == {"renamed": ["z.md>a.md"]}
    (folder / "loop").symlink_to(folder)
    assert outcome(library.sync(folder)) == {}


# Nothing is removed by mistake


@pytest.mark.parametrize("missing", ["deleted", "a file", "a broken link"])
def test_missing_folder_is_an_error(library: Library, write: Write, folder: Path, missing: str) -> None:
    """Nothing changes, not even with `force`."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    folder.rename(folder.with_name("moved"))
    if missing == "a file":
        folder.write_text("no folder")
    elif missing == "a broken link":
        folder.symlink_to("nowhere")
    for force in (False, True):
        with pytest.raises(FolderMissing, match="the library keeps its documents"):
            library.sync([folder], force=force)
    assert sources(library) == {"a.md": "Anna"}


def test_folder_replaced_during_the_scan_is_an_error(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty folder at the same path, as when a disk is unmounted, is another folder."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    from index.loading.loader import discover

    def unmounted(*paths: object, **options: object) -> list[Path]:
        folder.rename(folder.with_name("moved"))
        folder.mkdir()
        return list(discover([folder]))

    monkeypatch.setattr("index.ingest.plan.discover", unmounted)
    with pytest.raises(FolderMissing):
        library.sync(folder, force=True)
    assert len(sources(library)) == 2


def test_empty_folder_removes_nothing_without_force(library: Library, write: Write, folder: Path) -> None:
    """The mount point of an absent disk looks the same, however few files were on it; `force` confirms."""
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
    ("files", "deleted", "refused"),
    [
        pytest.param(20, 10, False, id="half of them, and few"),
        pytest.param(11, 10, False, id="few, though most"),
        pytest.param(22, 11, False, id="many, and half"),
        pytest.param(21, 11, True, id="many, and more than half"),
    ],
)
def test_removing_most_files_is_refused_without_force(
    library: Library, folder: Path, files: int, deleted: int, refused: bool
) -> None:
    """Removing more than ten files and more than half of a folder needs `force`; each folder counts by itself, and
    nothing else is done without it.
    """
    for n in range(files):
        (folder / f"{n:02}.md").write_text(f"Person {n} saw a comet.")
    beside = folder.with_name("beside")
    beside.mkdir()
    for n in range(40):
        (beside / f"{n:02}.md").write_text(f"Person {n} saw a whale.")
    library.sync([folder, beside])
    for n in range(deleted):
        (folder / f"{n:02}.md").unlink()
    (folder / "new.md").write_text(SECTIONS[0])
    if refused:
        with pytest.raises(TooManyRemovals, match=f"holds {files} files .* {deleted} of them are gone") as caught:
            library.sync([folder, beside])
        assert caught.value.folder == str(folder)
        assert len(library.parts.store.catalog.sources()) == files + 40
    receipt = library.sync([folder, beside], force=refused)
    assert (len(receipt.removed), len(receipt.added)) == (deleted, 1)


# Other processes


def test_sync_during_another_write_raises_library_locked(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised if there is something to change while another process writes."""
    write("a.md", SECTIONS[0])
    monkeypatch.setattr("index.storage.store.WRITER_PATIENCE", 0.05)
    other = FolderStore(library.folder, create=False)
    with other.writing(), pytest.raises(LibraryLocked):
        library.sync(folder)
    other.close()
    assert outcome(library.sync(folder)) == {"added": ["a.md"]}


def test_change_by_another_process_before_the_lock_is_noticed(
    library: Library, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is made again under the lock: a document that was removed meanwhile is added, not renamed."""
    write("a.md", SECTIONS[0])
    library.sync(folder)
    (folder / "a.md").rename(folder / "b.md")
    original_writing = FolderStore.writing
    once = iter([True])

    def writing(self: FolderStore) -> object:
        if next(once, False):
            library.remove("a.md")
        return original_writing(self)

    monkeypatch.setattr(FolderStore, "writing", writing)
    assert outcome(library.sync(folder)) == {"added": ["b.md"]}
    assert sources(library) == {"b.md": "Anna"}


def test_failing_encoder_removes_nothing(
    library: Library, write: Write, folder: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removals are last: if the encoder fails, all former documents are there, under their right names."""
    write("a.md", SECTIONS[0])
    write("b.md", SECTIONS[1])
    library.sync(folder)
    (folder / "a.md").rename(folder / "c.md")
    (folder / "b.md").unlink()
    write("d.md", SECTIONS[2])

    def fail(*arguments: object) -> None:
        raise EncoderError("It failed.", "Fix it.")

    with monkeypatch.context() as patch:
        patch.setattr(encoder, "encode", fail)
        with pytest.raises(EncoderError):
            library.sync(folder)
    assert sources(library) == {"b.md": "Boris", "c.md": "Anna"}
    assert outcome(library.sync(folder)) == {"added": ["d.md"], "removed": ["b.md"]}
    assert library.problems() == []


def _synchronizer(library: Library, store: FolderStore) -> Synchronizer:
    """Return a synchronizer on a store of its own, which could not take the lock and must ingest nothing."""

    def ingest(*arguments: object) -> Receipt:
        raise AssertionError("nothing should be ingested")

    return Synchronizer(store, ingest, ingest, max_bytes=10**6)


def _rehearse_nothing(*_: object) -> Receipt:
    """Fail, because nothing may be rehearsed."""
    raise AssertionError("nothing should be rehearsed")


# Any changes


FILE_NAMES = ("a", "b", "c", "d/e", "d/f")
ACTIONS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(FILE_NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("move"), st.sampled_from(FILE_NAMES), st.sampled_from(FILE_NAMES)),
    st.tuples(st.just("copy"), st.sampled_from(FILE_NAMES), st.sampled_from(FILE_NAMES)),
    st.tuples(st.just("delete"), st.sampled_from(FILE_NAMES), st.just("")),
    st.tuples(st.just("sync"), st.just(""), st.just("")),
)


@settings(max_examples=length(10, 40), deadline=None)
@given(actions=st.lists(ACTIONS, max_size=14))
def test_sync_after_any_changes_has_exactly_the_files(
    actions: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After each sync the library has the words of every file and no others, and known words were not read again."""
    root = tmp_path_factory.mktemp("any")
    folder = root / "sources"
    (folder / "d").mkdir(parents=True)
    store = FolderStore(root / "library", create=True)
    texts_read: list[str] = []

    def ingest(paths: Sequence[Path], memory: queue.Worklist) -> Receipt:
        added = []
        for path in paths:
            document = replace(a_document(path.read_text(), source=str(path)), media_type="text/plain")
            if store.catalog.number_of(document.id) is None:
                put(store.catalog, document)
                texts_read.append(path.read_text())
                added.append(str(path))
            else:
                store.catalog.link(str(path), document.id)
        return Receipt(added=tuple(added))

    for action, first, second in [*actions, ("sync", "", "")]:
        path, other = folder / first, folder / second
        if action == "write":
            path.write_text(f"{second} sang.")
        elif action == "sync":
            known = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
            stored = {store.catalog.document(number).text for number in store.catalog.numbered()}  # type: ignore[union-attr]
            texts_read.clear()
            Synchronizer(store, ingest, _rehearse_nothing, max_bytes=100).run([folder], force=True)
            assert stored.isdisjoint(texts_read)
            assert {source: _stored_text(store, source) for source, _ in store.catalog.sources()} == {
                str(path): text for path, text in known.items()
            }
            assert store.catalog.totals()["documents"] == len(set(known.values()))
        elif path.is_file() and action == "delete":
            path.unlink()
        elif path.is_file() and path != other:
            path.rename(other) if action == "move" else shutil.copy(path, other)
    assert store.problems() == []
    store.close()


def _stored_text(store: FolderStore, source: str) -> str:
    """Return the text that the library has from a source."""
    number = store.catalog.number_of(store.catalog.document_of(source))
    assert number is not None
    document = store.catalog.document(number)
    assert document is not None
    return document.text
