"""The library folder: many readers, one writer, indexes that may be lost, and copies that answer the same."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryDamaged
from index.storage import store as store_module
from index.storage.catalog.document_queries import DocumentRange
from index.storage.protocol import Scope
from index.storage.store import FolderStore
from tests.fakes import meaning
from tests.faults.arena import clear
from tests.hosted import wait_until
from tests.storage.factories import a_document, id_of, put, put_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("_patient")
SHIP = a_document("The ship left the harbour.", "A whale swam by.", source="/ship")
KING = a_document("The king signed the treaty.", source="/king")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FolderStore]:
    """A store with one document."""
    store = FolderStore(tmp_path / "library", create=True)
    commit(store, SHIP)
    yield store
    store.close()


def commit(store: FolderStore, document: object) -> None:
    """Store a document and update the indexes, as `add` does."""
    with store.writing():
        put(store.catalog, document)  # type: ignore[arg-type]
        store.index()


def scores_of_questions(store: FolderStore) -> dict[tuple[str, str, int], float]:
    """The score of each found passage, for some questions and both indexes."""
    store.refresh()
    found = {}
    for question in ("ship", "whale", "king treaty"):
        dense, lexical = store.dense(meaning(question), 400), store.lexical(question, 400)
        found.update({("dense", question, identity): score for identity, score in dense.items()})
        found.update({("lexical", question, identity): score for identity, score in lexical.items()})
    return found


def found_ids(store: FolderStore, question: str, side: str = "lexical") -> set[int]:
    """The ids of the passages that one index finds for a question."""
    return {key[2] for key in scores_of_questions(store) if key[:2] == (side, question)}


def test_scope_lists_required_and_banned_passages(store: FolderStore) -> None:
    """The passages with all phrases, and those with any excluded one; none without a restriction or of removed ones."""
    assert store.scope(None, (), ()) is None
    commit(store, a_document("A whale swam by the king.", "The king swam.", source="/swam"))
    store.refresh()
    ids = {words: id_of(store.catalog, words) for words in ("by.", "by the", "king swam")}
    scope = store.scope(None, ("a whale", "swam by"), ("the king", "zeppelin"))
    assert scope is not None
    assert scope.documents is None
    assert scope.holding == [ids["by."], ids["by the"]]
    assert scope.banned == [ids["by the"], ids["king swam"]]
    assert list(store.dense(meaning("king"), 9, scope)) == [ids["by."]]
    assert list(store.lexical("king whale", 9, scope)) == [ids["by."]]
    assert store.holding("swam", 9, scope) == [ids["by."]]
    number = store.catalog.number_of(SHIP.id) or 0
    with store.writing():
        store.catalog.remove(number)
        store.index()
    scope = store.scope([number, 99], (), ())
    assert scope is not None
    assert scope.empty


@pytest.mark.parametrize(
    ("scope", "empty"),
    [
        (Scope(), False),
        (Scope(documents=[]), True),
        (Scope(documents=[DocumentRange(1, 1, 2)]), False),
        (Scope(phrases=("x",), holding=[]), True),
        (Scope(phrases=("x",), holding=[1]), False),
        (Scope(documents=[], phrases=("x",), holding=[1]), True),
        (Scope(excluded=("x",), banned=[1, 2]), False),
    ],
)
def test_empty_scope_finds_nothing(store: FolderStore, scope: Scope, empty: bool) -> None:
    """A scope without documents or passages is empty, and neither index finds anything in it."""
    store.refresh()
    assert scope.empty == empty
    if empty:
        assert store.dense(meaning("whale"), 9, scope) == store.lexical("whale", 9, scope) == {}
        assert store.holding("whale", 9, scope) == []


def test_scores_of_given_passages_equal_search_scores(store: FolderStore) -> None:
    """Both indexes give a named passage the score that it has in a search."""
    commit(store, KING)
    store.refresh()
    for question in ("ship", "the whale of the king", "treaty", "zeppelin"):
        dense, lexical = store.dense(meaning(question), 99), store.lexical(question, 99)
        assert store.cosines(meaning(question), list(dense)) == pytest.approx(dense, abs=1e-6)
        assert store.lexical_scores(question, list(dense)) == pytest.approx(lexical)
    assert store.cosines(meaning("ship"), []) == store.lexical_scores("ship", []) == {}
    assert store.cosines(meaning("ship"), [99]) == store.lexical_scores("ship", [99]) == {}


def test_open_reader_sees_commits_and_removals(store: FolderStore) -> None:
    """A reader that has the folder open sees each committed change with its next question."""
    reader = FolderStore(store.folder, create=False)
    assert found_ids(reader, "king treaty") == set()
    commit(store, KING)
    assert found_ids(reader, "king treaty") == {id_of(store.catalog, "king")}
    with store.writing():
        store.catalog.remove(store.catalog.number_of(SHIP.id) or 0)
        store.index()
    assert found_ids(reader, "whale") == set()
    assert found_ids(reader, "whale", "dense") == {id_of(store.catalog, "king")}
    reader.close()


def test_copied_folder_answers_like_the_original(store: FolderStore, tmp_path: Path) -> None:
    """The folder can be copied, open or closed; the copy is an independent library."""
    commit(store, KING)
    before = scores_of_questions(store)
    shutil.copytree(store.folder, tmp_path / "while open")
    store.close()
    shutil.copytree(store.folder, tmp_path / "after closing")
    for name in ("while open", "after closing"):
        copy = FolderStore(tmp_path / name, create=False)
        assert scores_of_questions(copy) == before
        assert copy.problems() == []
        commit(copy, a_document("Only here is a volcano.", source="/only"))
        assert copy.problems() == []
        copy.close()
    assert store.catalog.totals()["documents"] == 2


@pytest.mark.parametrize("lost", [["dense.faiss"], ["lexical"], ["dense.faiss", "lexical"]], ids=" and ".join)
def test_deleted_indexes_are_rebuilt(store: FolderStore, lost: list[str]) -> None:
    """After either index or both are deleted, the next reader answers as before."""
    with store.writing():
        put_vectors(store.catalog, [meaning("comet")] * 300)  # type: ignore[arg-type]
        store.index()
    before = scores_of_questions(store)
    store.close()
    for name in lost:
        path = store.folder / name
        clear(path) if path.is_dir() else path.unlink()
    reopened = FolderStore(store.folder, create=False)
    assert scores_of_questions(reopened) == pytest.approx(before)
    assert reopened.problems() == []
    reopened.close()


def test_reader_indexes_a_commit_of_a_crashed_writer(store: FolderStore) -> None:
    """If a writer died between commit and indexing, the next reader updates the indexes."""
    put(store.catalog, KING)
    reader = FolderStore(store.folder, create=False)
    assert found_ids(reader, "king treaty") == {id_of(store.catalog, "king")}
    assert reader.problems() == []
    reader.close()


def test_reader_uses_the_last_word_index_during_a_write(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader does not wait for a writer that has committed but not indexed: vectors are current, words are not."""
    monkeypatch.setattr(store_module, "READER_PATIENCE", 60.0)
    reader = FolderStore(store.folder, create=False)
    reader.refresh()
    answered = threading.Event()

    def ask() -> None:
        reader.refresh()
        answered.set()

    with store.writing():
        put(store.catalog, KING)
        thread = threading.Thread(target=ask)
        thread.start()
        assert answered.wait(30)
        identity = id_of(store.catalog, "king")
        assert identity in reader.dense(meaning("king"), 9)
        assert reader.lexical("king", 9) == {}
    thread.join()
    reader.close()


def test_reader_without_word_index_stops_waiting_for_a_writer(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If there is no word index yet and a writer keeps the lock, vectors alone answer after a timeout."""
    monkeypatch.setattr(store_module, "READER_PATIENCE", 0.05)
    clear(store.folder / "lexical")
    reader = FolderStore(store.folder, create=False)
    locked, finish = threading.Event(), threading.Event()

    def write() -> None:
        with store.writing():
            locked.set()
            finish.wait(5)

    thread = threading.Thread(target=write)
    thread.start()
    locked.wait(5)
    reader.refresh()
    assert reader.lexical("whale", 9) == {}
    assert reader.dense(meaning("whale"), 1)
    finish.set()
    thread.join()
    reader.close()


def test_long_index_update_runs_in_the_background(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long update does not delay a question and runs in steps; between two steps, others may write."""
    monkeypatch.setattr(store_module, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(store_module, "UPDATED_PER_STEP", 1)
    monkeypatch.setattr(store_module, "READER_PATIENCE", 0.0)
    for n in range(5):
        put(store.catalog, a_document(f"Comet{n} came.", source=f"/{n}"))
    reader = FolderStore(store.folder, create=False)
    reader.refresh()
    update_thread = reader.__dict__["_updater"].__dict__["_thread"]
    assert update_thread.name == "lexical-update"
    assert reader.lexical("whale", 9)
    with store.writing():
        put(store.catalog, KING)
    update_thread.join(30)
    wait_until(lambda: found_ids(reader, "king treaty") == {id_of(store.catalog, "king")})  # perhaps a second update
    assert reader.problems() == []
    reader.close()


def test_close_ends_a_background_update(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is closed during an update leaves a folder that the next one completes."""
    monkeypatch.setattr(store_module, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(store_module, "UPDATED_PER_STEP", 1)
    monkeypatch.setattr(store_module, "READER_PATIENCE", 0.0)
    for n in range(5):
        put(store.catalog, a_document(f"Comet{n} came.", source=f"/{n}"))
    reader = FolderStore(store.folder, create=False)
    reader.refresh()
    reader.close()
    assert not reader.__dict__["_updater"].__dict__["_thread"].is_alive()
    monkeypatch.undo()
    store.refresh()
    assert next(iter(store.lexical("comet3", 9))) == id_of(store.catalog, "Comet3")
    assert store.problems() == []


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_lost_catalog_raises_library_damaged(store: FolderStore, loss: str) -> None:
    """Indexes without a catalog are damage; no new library is created in their place."""
    store.close()
    path = store.folder / "catalog.db"
    path.unlink() if loss == "missing" else path.write_bytes(b"")
    with pytest.raises(LibraryDamaged, match=loss):
        FolderStore(store.folder, create=True)


@pytest.mark.parametrize("side", ["dense", "lexical"])
def test_problem_names_the_index_that_disagrees(store: FolderStore, side: str) -> None:
    """An extra id in an index is a problem with a remedy that works."""
    other = FolderStore(store.folder.parent / "other", create=True)
    commit(other, SHIP)
    commit(other, KING)
    store.refresh()
    other.refresh()
    if side == "dense":
        store.__dict__["_dense"] = other.__dict__["_dense"]
        other.__dict__["_dense"]._generation = 1
    else:
        view = other.__dict__["_lexical"].__dict__["_view"]
        store.__dict__["_lexical"].__dict__["_view"] = replace(view, generation=1)
    (problem,) = store.problems()
    assert problem.what == f"The {side} index has 1 passages too many and lacks 0."
    assert "Pincite rebuilds it" in problem.remedy
    other.close()


def test_bytes_on_disk_counts_every_file(store: FolderStore) -> None:
    """Catalog, log, indexes and lock are all counted."""
    total = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    assert store.bytes_on_disk() == total
    (store.folder / "gone").symlink_to(store.folder / "nowhere")  # like a file that is deleted while it is counted
    assert store.bytes_on_disk() == total
