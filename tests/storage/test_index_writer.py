"""Writing the word index: questions never wait, a crash costs little, and merges yield to other writers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage.catalog.catalog import Catalog
from index.storage.files import Stamp
from index.storage.lexical import lexical_index as index_module
from index.storage.lexical import tantivy_files as soundness_module
from index.storage.lexical.lexical_index import Folder, IndexWriter, LexicalIndex, Manifest
from index.storage.lexical.tantivy_files import merge_due, verify
from tests.storage.factories import a_document, put
from tests.storage.test_lexical import catch_up, flip, index_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def ship(n: int) -> Any:
    """A document of two passages about a ship with this number."""
    return a_document(f"The ship{n} left harbour.", f"It came back after {n} days.", source=f"/{n}")


def closed_index(catalog: Catalog, folder: Path) -> LexicalIndex:
    """A word index that has not opened its folder yet."""
    return LexicalIndex(folder / "lexical", catalog.library_id)


def forbid_rebuilding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if an index is rebuilt from now on."""
    monkeypatch.setattr(IndexWriter, "begin", lambda *_: pytest.fail("the index was rebuilt"))


def crash_before_manifest(monkeypatch: pytest.MonkeyPatch, action: Any) -> None:
    """Run an action, and crash after tantivy's commit and before the manifest."""

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "sign", crash)
        with pytest.raises(KeyboardInterrupt):
            action()


# Questions do not wait


def test_question_does_not_wait_for_a_write(catalog: Catalog, folder: Path) -> None:
    """While passages are written, committed or merged, the last state answers."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    writing, resume = threading.Event(), threading.Event()

    def passages() -> Iterator[tuple[int, int, str, str]]:
        writing.set()
        assert resume.wait(10)
        yield 99, 99, "The ship99 left.", ""

    thread = threading.Thread(target=index._writer.write, args=([], passages()))
    thread.start()
    assert writing.wait(10)
    assert index.reload(catalog.generation())
    assert index.search("ship1", 9)
    resume.set()
    thread.join()
    index.close()


def test_rebuilt_index_replaces_the_old_one_when_it_is_complete(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader keeps the old index until the new one has caught up; pauses between steps do no harm."""
    monkeypatch.setattr(index_module, "_SLICE", 2)
    for n in range(3):
        put(catalog, ship(n))
    reader = index_of(catalog, folder)
    (folder / "lexical" / "manifest.json").write_text("{}")
    writer, done, steps = closed_index(catalog, folder), False, 0
    while not done:
        done, steps = writer.catch_up(catalog, most=2), steps + 1
        writer.rest()
        reader.reload(catalog.generation())
        assert [len(reader.holding([f"ship{n}"])) for n in range(3)] == [1, 1, 1]
    assert steps == 3
    assert closed_index(catalog, folder).reload(catalog.generation())


def test_behind_counts_passages_to_be_indexed(catalog: Catalog, folder: Path) -> None:
    """If the folder cannot be used, all passages count."""
    put(catalog, ship(1))
    index = closed_index(catalog, folder)
    assert index.behind(catalog) == 2
    catch_up(index, catalog)
    put(catalog, ship(2))
    assert index.behind(catalog) == 2
    (folder / "lexical" / "meta.json").unlink()
    assert index.behind(catalog) == 4


# Crashes


def test_commit_without_its_manifest_is_reused(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents added or removed in the commit, and since, are in the index once or not at all; nothing is rebuilt."""
    numbers = [put(catalog, ship(n)) for n in range(3)]
    index = index_of(catalog, folder)
    numbers += [put(catalog, ship(n)) for n in range(3, 6)]
    catalog.remove(numbers[0])
    crash_before_manifest(monkeypatch, lambda: index.catch_up(catalog))
    forbid_rebuilding(monkeypatch)
    reader = closed_index(catalog, folder)
    assert not reader.reload(catalog.generation())
    assert reader.usable
    catalog.remove(numbers[4])
    put(catalog, ship(6))
    updated = index_of(catalog, folder)
    assert len(updated.search("left harbour", 99)) == 10
    for n, expected in enumerate([0, 1, 1, 1, 0, 1, 1]):
        assert len(updated.holding([f"ship{n}"])) == expected
    assert updated._folder.state().passages == len(updated.ids()) == 10


def test_commit_newer_than_a_restored_catalog_is_dropped(
    catalog: Catalog, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the catalog was set back to before a commit without manifest, the passages of that commit are not found."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    catalog.close()
    (copy / "catalog.db").write_bytes((folder / "catalog.db").read_bytes())
    lost_catalog = Catalog(folder)
    put(lost_catalog, ship(2))
    crash_before_manifest(monkeypatch, lambda: index.catch_up(lost_catalog))
    lost_catalog.close()
    (folder / "lexical").rename(copy / "lexical")
    restored_catalog = Catalog(copy)
    restored_index = index_of(restored_catalog, copy)
    assert len(restored_index.ids()) == 2
    assert restored_index.holding(["ship2"]) == []
    restored_catalog.close()


def test_index_older_than_forgotten_removals_is_rebuilt(catalog: Catalog, folder: Path) -> None:
    """An index older than the recorded removals cannot know which documents were removed."""
    removed = put(catalog, ship(1))
    put(catalog, ship(2))
    index = index_of(catalog, folder)
    catalog.remove(removed)
    catalog.forget_removals(catalog.generation())
    catch_up(index, catalog)
    assert index.holding(["ship1"]) == []
    assert len(index.ids()) == 2


def test_unused_files_are_deleted_with_the_next_commit(catalog: Catalog, folder: Path) -> None:
    """The files of an interrupted merge do not count as damage."""
    put(catalog, ship(1))
    index_of(catalog, folder)
    unused_file = folder / "lexical" / f"{'ab' * 16}.idx"
    unused_file.write_bytes(b"half of it")
    assert closed_index(catalog, folder).reload(catalog.generation())
    put(catalog, ship(2))
    index_of(catalog, folder)
    assert not unused_file.exists()


def test_index_recovers_after_a_full_disk(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is Pincite's own, the last state answers, and once there is room the index is updated."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    put(catalog, ship(2))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "sign", fail)
        with pytest.raises(LibraryNotWritable, match="No space left"):
            index.catch_up(catalog)
    assert index.search("ship1", 1)
    forbid_rebuilding(monkeypatch)
    catch_up(index, catalog)
    assert index.search("ship2", 1)


def test_files_of_an_interrupted_commit_do_not_block_the_next(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed writer leaves files of removals under names that the next writer uses for its own."""
    numbers = [put(catalog, ship(n)) for n in range(3)]
    index_of(catalog, folder)
    (segment,) = (folder / "lexical").glob("*.idx")
    for opstamp in range(30):
        segment.with_suffix(f".{opstamp}.del").write_bytes(b"half of it")
    forbid_rebuilding(monkeypatch)
    catalog.remove(numbers[1])
    index = index_of(catalog, folder)
    assert index.holding(["ship1"]) == []
    assert len(index.ids()) == 4


# Verifying files


def test_large_files_are_verified_in_the_background(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the size that is verified at once, damage is found later: the index is then not used, but rebuilt."""
    monkeypatch.setattr(soundness_module, "AT_ONCE_BYTES", 0)
    put(catalog, ship(1))
    before = index_of(catalog, folder).search("ship1 harbour", 9)
    flip(next((folder / "lexical").glob("*.idx")))
    index = closed_index(catalog, folder)
    index.reload(catalog.generation())
    index._soundness.settle()
    assert not index.reload(catalog.generation())
    assert not index.usable
    catch_up(index, catalog)
    index._soundness.settle()
    assert index.reload(catalog.generation())
    assert index.search("ship1 harbour", 9) == pytest.approx(before)


def test_each_file_is_verified_once(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a commit only its own files are verified, however many others there are."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    before = {path.name for path in (folder / "lexical").iterdir()}
    verified: list[str] = []

    def verify_and_record(path: Path) -> None:
        verified.append(path.name)
        verify(path)

    monkeypatch.setattr(soundness_module, "verify", verify_and_record)
    put(catalog, ship(2))
    catch_up(index, catalog)
    assert verified
    assert before.isdisjoint(verified)


def test_manifest_with_any_flipped_bit_is_refused() -> None:
    """The manifest has a checksum of itself."""
    manifest = Manifest(Stamp("some library", 3, 12), 34, 56, 78)
    text = manifest.to_json().encode()
    assert Manifest.from_json(text) == manifest
    for at in range(len(text)):
        for bit in range(8):
            with pytest.raises(ValueError, match=r".*"):
                Manifest.from_json(text[:at] + bytes([text[at] ^ (1 << bit)]) + text[at + 1 :])


def test_segments_that_differ_from_the_manifest_are_rejected(catalog: Catalog, folder: Path) -> None:
    """A list of segments from before the last commit is not taken for the current one."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    meta = folder / "lexical" / "meta.json"
    old = meta.read_bytes()
    put(catalog, ship(2))
    catch_up(index, catalog)
    meta.write_bytes(old)
    assert not closed_index(catalog, folder).reload(catalog.generation())
    assert index_of(catalog, folder).search("ship2", 1)


# Merges


@pytest.mark.parametrize(
    ("alive", "due"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([20] * 7, False, id="seven small ones"),
        pytest.param([20] * 8, True, id="eight small ones"),
        pytest.param([9_000, *[1] * 7], True, id="sizes below the smallest layer count as equal"),
        pytest.param([100_000, *[1] * 7], False, id="one is much larger"),
        pytest.param([*[100_000] * 8, 3], True, id="eight large ones"),
        pytest.param([100_000 * 2**n for n in range(12)], False, id="each twice the next"),
    ],
)
def test_eight_segments_of_similar_size_are_merged(alive: list[int], due: bool) -> None:
    """A merge is due when eight segments have about the same size."""
    assert merge_due(alive) == due


def test_merges_finish_without_another_commit(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eight commits the segments become one without another commit, and the index keeps its passages."""
    index = closed_index(catalog, folder)
    for n in range(8):
        put(catalog, ship(n))
        assert index.catch_up(catalog)
    index.rest()
    index.close(patience=30)
    assert len(index._folder.alive()) < 8
    forbid_rebuilding(monkeypatch)
    reopened = index_of(catalog, folder)
    assert len(reopened.ids()) == 16
    put(catalog, ship(8))
    catch_up(reopened, catalog)
    assert len(reopened.ids()) == 18


def test_merging_writer_yields_to_another_writer(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that stays open for its merges closes as soon as another one wants to write."""
    put(catalog, ship(1))
    merging = closed_index(catalog, folder)
    assert merging.catch_up(catalog)
    monkeypatch.setattr(IndexWriter, "_merging", lambda _: True)
    merging.rest()
    assert merging._writer._writer is not None
    put(catalog, ship(2))
    other = closed_index(catalog, folder)
    assert other.catch_up(catalog)
    assert merging._writer._writer is None
    other.close()


def test_merging_writer_that_does_not_yield_is_reported(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suspended process that is merging delays other writers only until the timeout; then they get an error."""
    monkeypatch.setattr(index_module, "_PATIENCE", 0.1)
    put(catalog, ship(1))
    suspended = closed_index(catalog, folder)
    assert suspended.catch_up(catalog)
    put(catalog, ship(2))
    other = closed_index(catalog, folder)
    with pytest.raises(LibraryLocked, match="merging"):
        other.catch_up(catalog)
    suspended.close()
    catch_up(other, catalog)


def test_view_does_not_change_until_it_is_reloaded(catalog: Catalog, folder: Path) -> None:
    """An open view keeps its contents while the folder changes."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    view = index._view
    put(catalog, ship(2))
    assert index.catch_up(catalog)
    assert index.holding(["ship2"]) == []
    assert index._view is view
    assert index.reload(catalog.generation())
    assert len(index.holding(["ship2"])) == 1
    index.close()


def test_tombstones_are_the_share_of_removed_passages(catalog: Catalog, folder: Path) -> None:
    """The index also reports the generation that its folder has saved."""
    removed = put(catalog, ship(1))
    put(catalog, ship(2))
    index = closed_index(catalog, folder)
    assert index.saved_generation is None
    assert index.tombstones == 0
    catch_up(index, catalog)
    assert index.saved_generation == catalog.generation()
    catalog.remove(removed)
    catch_up(index, catalog)
    assert index.tombstones == pytest.approx(0.5)
