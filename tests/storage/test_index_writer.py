"""How the index of words is written: questions wait for nothing, a crash costs little, and merges make room."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryLocked, LibraryNotWritable
from index.storage.catalog.catalog import Catalog
from index.storage.files import Stamp
from index.storage.lexical import index_writer as writer_module
from index.storage.lexical import lexical_index as index_module
from index.storage.lexical import tantivy_files as soundness_module
from index.storage.lexical.index_writer import IndexWriter
from index.storage.lexical.lexical_folder import Folder, Manifest
from index.storage.lexical.lexical_index import LexicalIndex
from index.storage.lexical.tantivy_files import merge_due, verify
from tests.storage.factories import a_document, put
from tests.storage.test_lexical import catch_up, flip, index_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def ship(n: int) -> Any:
    """A document of two passages in which a ship has a name."""
    return a_document(f"The ship{n} left harbour.", f"It came back after {n} days.", source=f"/{n}")


def an_index(catalog: Catalog, folder: Path) -> LexicalIndex:
    """One that has opened nothing yet."""
    return LexicalIndex(folder / "lexical", catalog.library_id)


def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, an index that is made anew is a failure."""
    monkeypatch.setattr(IndexWriter, "begin", lambda *_: pytest.fail("the index was made anew"))


def no_manifest(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Act, and die after tantivy's commit and before the manifest."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "sign", die)
        with pytest.raises(KeyboardInterrupt):
            act()


# Nobody waits


def test_a_question_does_not_wait_for_a_write(catalog: Catalog, folder: Path) -> None:
    """While passages are being written, a commit is made or merges run, the last state answers."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    writing, go_on = threading.Event(), threading.Event()

    def passages() -> Iterator[tuple[int, int, str]]:
        writing.set()
        assert go_on.wait(10)
        yield 99, 99, "The ship99 left."

    thread = threading.Thread(target=index._writer.write, args=([], passages()))
    thread.start()
    assert writing.wait(10)
    assert index.reload(catalog.generation())
    assert index.search("ship1", 9)
    go_on.set()
    thread.join()
    index.close()


def test_what_is_made_anew_replaces_the_old_when_it_is_as_good(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the old index open goes on with it until the new one has come as far; steps may be far apart."""
    monkeypatch.setattr(index_module, "_SLICE", 2)
    for n in range(3):
        put(catalog, ship(n))
    reader = index_of(catalog, folder)
    (folder / "lexical" / "manifest.json").write_text("{}")
    writer, done, steps = an_index(catalog, folder), False, 0
    while not done:
        done, steps = writer.catch_up(catalog, most=2), steps + 1
        writer.rest()
        reader.reload(catalog.generation())
        assert [len(reader.holding([f"ship{n}"])) for n in range(3)] == [1, 1, 1]
    assert steps == 3
    assert an_index(catalog, folder).reload(catalog.generation())


def test_behind_is_what_there_is_to_do(catalog: Catalog, folder: Path) -> None:
    """In passages; all of them where the folder is of no use."""
    put(catalog, ship(1))
    index = an_index(catalog, folder)
    assert index.behind(catalog) == 2
    catch_up(index, catalog)
    put(catalog, ship(2))
    assert index.behind(catalog) == 2
    (folder / "lexical" / "meta.json").unlink()
    assert index.behind(catalog) == 4


# A crash costs little


def test_a_commit_without_its_manifest_is_caught_up_with(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that came and went in the commit, and since, are there once or not at all; nothing is made anew."""
    numbers = [put(catalog, ship(n)) for n in range(3)]
    index = index_of(catalog, folder)
    numbers += [put(catalog, ship(n)) for n in range(3, 6)]
    catalog.remove(numbers[0])
    no_manifest(monkeypatch, lambda: index.catch_up(catalog))
    never(monkeypatch)
    reader = an_index(catalog, folder)
    assert not reader.reload(catalog.generation())
    assert reader.usable
    catalog.remove(numbers[4])
    put(catalog, ship(6))
    again = index_of(catalog, folder)
    assert len(again.search("left harbour", 99)) == 10
    for n, held in enumerate([0, 1, 1, 1, 0, 1, 1]):
        assert len(again.holding([f"ship{n}"])) == held
    assert again._folder.state().passages == len(again.ids()) == 10


def test_a_commit_of_a_history_that_is_no_more_does_not_stay(
    catalog: Catalog, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the catalog was set back to before a commit that has no manifest, what it brought is not found."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    catalog.close()
    (copy / "catalog.db").write_bytes((folder / "catalog.db").read_bytes())
    lost = Catalog(folder)
    put(lost, ship(2))
    no_manifest(monkeypatch, lambda: index.catch_up(lost))
    lost.close()
    (folder / "lexical").rename(copy / "lexical")
    back = Catalog(copy)
    again = index_of(back, copy)
    assert len(again.ids()) == 2
    assert again.holding(["ship2"]) == []
    back.close()


def test_where_removals_are_forgotten_it_is_made_anew(catalog: Catalog, folder: Path) -> None:
    """An index from before what the catalog remembers cannot know what went."""
    one = put(catalog, ship(1))
    put(catalog, ship(2))
    index = index_of(catalog, folder)
    catalog.remove(one)
    catalog.forget_removals(catalog.generation())
    catch_up(index, catalog)
    assert index.holding(["ship1"]) == []
    assert len(index.ids()) == 2


def test_left_over_files_are_swept(catalog: Catalog, folder: Path) -> None:
    """What a broken merge left behind is no damage, and goes with the next commit."""
    put(catalog, ship(1))
    index_of(catalog, folder)
    left = folder / "lexical" / f"{'ab' * 16}.idx"
    left.write_bytes(b"half of it")
    assert an_index(catalog, folder).reload(catalog.generation())
    put(catalog, ship(2))
    index_of(catalog, folder)
    assert not left.exists()


def test_a_disk_that_takes_nothing(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is ours, the last state answers, and with room again all is caught up with."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    put(catalog, ship(2))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "sign", full)
        with pytest.raises(LibraryNotWritable, match="No space left"):
            index.catch_up(catalog)
    assert index.search("ship1", 1)
    never(monkeypatch)
    catch_up(index, catalog)
    assert index.search("ship2", 1)


def test_files_of_a_commit_that_was_broken_off_are_in_nobodys_way(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that was killed had noted its removals under names that the next one gives to its own."""
    numbers = [put(catalog, ship(n)) for n in range(3)]
    index_of(catalog, folder)
    (segment,) = (folder / "lexical").glob("*.idx")
    for opstamp in range(30):
        segment.with_suffix(f".{opstamp}.del").write_bytes(b"half of it")
    never(monkeypatch)
    catalog.remove(numbers[1])
    index = index_of(catalog, folder)
    assert index.holding(["ship1"]) == []
    assert len(index.ids()) == 4


# Whether files are sound


def test_large_files_are_read_later(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what is read at once, damage is found in the background; then nothing is served, and all made anew."""
    monkeypatch.setattr(soundness_module, "AT_ONCE_BYTES", 0)
    put(catalog, ship(1))
    before = index_of(catalog, folder).search("ship1 harbour", 9)
    flip(next((folder / "lexical").glob("*.idx")))
    index = an_index(catalog, folder)
    index.reload(catalog.generation())
    index._soundness.settle()
    assert not index.reload(catalog.generation())
    assert not index.usable
    catch_up(index, catalog)
    index._soundness.settle()
    assert index.reload(catalog.generation())
    assert index.search("ship1 harbour", 9) == pytest.approx(before)


def test_each_file_is_read_once(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a commit only its own files are read, whatever else there is."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    before = {path.name for path in (folder / "lexical").iterdir()}
    read: list[str] = []

    def noted(path: Path) -> None:
        read.append(path.name)
        verify(path)

    monkeypatch.setattr(soundness_module, "verify", noted)
    put(catalog, ship(2))
    catch_up(index, catalog)
    assert read
    assert before.isdisjoint(read)


def test_a_manifest_shows_damage_to_itself() -> None:
    """Whichever bit of it is another one, it is refused."""
    manifest = Manifest(Stamp("some library", 3, 12), 34, 56, 78)
    text = manifest.to_json().encode()
    assert Manifest.from_json(text) == manifest
    for at in range(len(text)):
        for bit in range(8):
            with pytest.raises(ValueError, match=r".*"):
                Manifest.from_json(text[:at] + bytes([text[at] ^ (1 << bit)]) + text[at + 1 :])


def test_segments_that_are_not_those_of_the_manifest(catalog: Catalog, folder: Path) -> None:
    """The list of segments as it was a commit ago is not taken for what was committed."""
    put(catalog, ship(1))
    index = index_of(catalog, folder)
    meta = folder / "lexical" / "meta.json"
    old = meta.read_bytes()
    put(catalog, ship(2))
    catch_up(index, catalog)
    meta.write_bytes(old)
    assert not an_index(catalog, folder).reload(catalog.generation())
    assert index_of(catalog, folder).search("ship2", 1)


# Merges


@pytest.mark.parametrize(
    ("alive", "due"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([20] * 7, False, id="seven small ones"),
        pytest.param([20] * 8, True, id="eight small ones"),
        pytest.param([9_000, *[1] * 7], True, id="smaller than the least layer, all are alike"),
        pytest.param([100_000, *[1] * 7], False, id="one is much larger"),
        pytest.param([*[100_000] * 8, 3], True, id="eight large ones"),
        pytest.param([100_000 * 2**n for n in range(12)], False, id="each twice the next"),
    ],
)
def test_when_something_is_to_be_merged(alive: list[int], due: bool) -> None:
    """Eight segments of about one size become one."""
    assert merge_due(alive) == due


def test_merges_go_on_when_nothing_is_written(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After eight commits the segments become one, without another commit; the index stays what it was."""
    index = an_index(catalog, folder)
    for n in range(8):
        put(catalog, ship(n))
        assert index.catch_up(catalog)
    index.rest()
    index.close(patience=30)
    assert len(index._folder.alive()) < 8
    never(monkeypatch)
    again = index_of(catalog, folder)
    assert len(again.ids()) == 16
    put(catalog, ship(8))
    catch_up(again, catalog)
    assert len(again.ids()) == 18


def test_who_merges_makes_room(catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that stays for its merges goes as soon as another one wants to write."""
    put(catalog, ship(1))
    merging = an_index(catalog, folder)
    assert merging.catch_up(catalog)
    monkeypatch.setattr(IndexWriter, "_merging", lambda _: True)
    merging.rest()
    assert merging._writer._writer is not None
    put(catalog, ship(2))
    other = an_index(catalog, folder)
    assert other.catch_up(catalog)
    assert merging._writer._writer is None
    other.close()


def test_who_merges_and_does_not_make_room_is_named(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped in the midst of it holds others up no longer than is said; then they are told."""
    monkeypatch.setattr(writer_module, "_PATIENCE", 0.1)
    put(catalog, ship(1))
    stopped = an_index(catalog, folder)
    assert stopped.catch_up(catalog)
    put(catalog, ship(2))
    other = an_index(catalog, folder)
    with pytest.raises(LibraryLocked, match="merging"):
        other.catch_up(catalog)
    stopped.close()
    catch_up(other, catalog)


def test_a_view_is_of_one_moment(catalog: Catalog, folder: Path) -> None:
    """What was opened stays as it is while the folder changes, until it is opened again."""
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


def test_what_is_removed_leaves_tombstones(catalog: Catalog, folder: Path) -> None:
    """The share of what is dead, until it is written anew; and from which generation the folder is."""
    one = put(catalog, ship(1))
    put(catalog, ship(2))
    index = an_index(catalog, folder)
    assert index.saved_generation is None
    assert index.tombstones == 0
    catch_up(index, catalog)
    assert index.saved_generation == catalog.generation()
    catalog.remove(one)
    catch_up(index, catalog)
    assert index.tombstones == pytest.approx(0.5)
