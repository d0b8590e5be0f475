"""The folder: many readers, one writer, caches that may be lost, and copies that answer the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.errors import LibraryDamaged, LibraryLocked
from index.storage import store as store_module
from index.storage import upkeep
from index.storage.catalog.rows import DocumentRange
from index.storage.protocol import Scope
from index.storage.store import FolderStore
from tests.fakes import meaning
from tests.faults.arena import clear
from tests.storage.factories import a_document, id_of, put, put_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHIP = a_document("The ship left the harbour.", "A whale swam by.", source="/ship")
KING = a_document("The king signed the treaty.", source="/king")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader waits for the dense side however busy the machine is; that it need not, test_dense_large tests."""
    monkeypatch.setattr(store_module, "PATIENCE", 30.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[FolderStore]:
    """A store with one document."""
    store = FolderStore(tmp_path / "library", create=True)
    commit(store, SHIP)
    yield store
    store.close()


def commit(store: FolderStore, document: object) -> None:
    """Store a document and bring the indexes up to date, as an `add` does."""
    with store.writing():
        put(store.catalog, document)  # type: ignore[arg-type]
        store.index()


def answers(store: FolderStore) -> dict[tuple[str, str, int], float]:
    """What the store answers to some questions on either side: each passage's score."""
    store.refresh()
    found = {}
    for question in ("ship", "whale", "king treaty"):
        found.update({("dense", question, i): s for i, s in store.dense(meaning(question), 400).items()})
        found.update({("lexical", question, i): s for i, s in store.lexical(question, 400).items()})
    return found


def found_by(store: FolderStore, question: str, side: str = "lexical") -> set[int]:
    """The passages that one side finds for a question."""
    return {identity for s, q, identity in answers(store) if (s, q) == (side, question)}


def test_both_sides_find_it(store: FolderStore) -> None:
    """After a commit, meaning and words find the passage, words its neighbour after it; its text is read by id."""
    store.refresh()
    identity = id_of(store.catalog, "whale")
    assert next(iter(store.dense(meaning("whale"), 1))) == identity
    assert list(store.lexical("whale", 9)) == [identity, id_of(store.catalog, "ship")]
    assert store.passages([identity])[identity].passage.text == "A whale swam by."


def test_a_filter_names_documents(store: FolderStore) -> None:
    """`within` restricts both sides to the documents of these numbers."""
    commit(store, KING)
    number = store.catalog.number_of(KING.id)
    assert number is not None
    store.refresh()
    identity = id_of(store.catalog, "king")
    scope = store.scope([number], (), ())
    assert list(store.dense(meaning("whale"), 9, scope)) == [identity]
    assert store.lexical("whale", 9, scope) == {}
    assert list(store.lexical("king", 9, scope)) == [identity]


def test_no_restriction_is_no_scope(store: FolderStore) -> None:
    """Where nothing is left out, neither side has to look at what a passage is."""
    assert store.scope(None, (), ()) is None


def test_a_scope_knows_who_holds_what(store: FolderStore) -> None:
    """It names the passages that hold all phrases, and those that hold anything excluded."""
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
def test_where_nothing_can_be(store: FolderStore, scope: Scope, empty: bool) -> None:
    """A scope of no document or no passage is empty, and neither side finds anything in it."""
    store.refresh()
    assert scope.empty == empty
    if empty:
        assert store.dense(meaning("whale"), 9, scope) == store.lexical("whale", 9, scope) == {}
        assert store.holding("whale", 9, scope) == []


def test_documents_that_are_gone_are_in_no_scope(store: FolderStore) -> None:
    """Numbers of removed documents name no passage."""
    number = store.catalog.number_of(SHIP.id) or 0
    with store.writing():
        store.catalog.remove(number)
        store.index()
    scope = store.scope([number, 99], (), ())
    assert scope is not None
    assert scope.empty


def test_what_is_known_is_scored_as_by_the_search(store: FolderStore) -> None:
    """Each side's opinion of passages that are named is what it says of them when it finds them."""
    commit(store, KING)
    store.refresh()
    for question in ("ship", "the whale of the king", "treaty", "zeppelin"):
        dense, lexical = store.dense(meaning(question), 99), store.lexical(question, 99)
        assert store.cosines(meaning(question), list(dense)) == pytest.approx(dense, abs=1e-6)
        assert store.lexical_scores(question, list(dense)) == pytest.approx(lexical)
    assert store.cosines(meaning("ship"), []) == store.lexical_scores("ship", []) == {}
    assert store.cosines(meaning("ship"), [99]) == store.lexical_scores("ship", [99]) == {}


def test_another_store_sees_a_commit(store: FolderStore) -> None:
    """A reader that has the folder open sees what a writer committed, and what it removed, with its next question."""
    reader = FolderStore(store.folder, create=False)
    assert found_by(reader, "king treaty") == set()
    commit(store, KING)
    assert found_by(reader, "king treaty") == {id_of(store.catalog, "king")}
    with store.writing():
        store.catalog.remove(store.catalog.number_of(SHIP.id) or 0)
        store.index()
    assert found_by(reader, "whale") == set()
    assert found_by(reader, "whale", "dense") == {id_of(store.catalog, "king")}
    reader.close()


READER = """
import json, pathlib, sys
import index.storage.store
from index.storage.store import FolderStore
from tests.fakes import meaning
index.storage.store.PATIENCE = 30.0
store = FolderStore(pathlib.Path(sys.argv[1]), create=False)
for line in sys.stdin:
    store.refresh()
    question = line.strip()
    ids = [list(store.dense(meaning(question), 1)), list(store.lexical(question, 1))]
    print(json.dumps(ids), flush=True)
"""


def test_another_process_sees_a_commit(store: FolderStore) -> None:
    """A process that opened the library before a commit finds the new passage on both sides, without a restart."""
    command = [sys.executable, "-c", READER, str(store.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(question: str) -> list[list[int]]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(question + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())  # type: ignore[no-any-return]

        assert ask("king")[1] == []
        commit(store, KING)
        assert ask("king") == [[id_of(store.catalog, "king")]] * 2
        process.stdin.close()
        assert process.wait() == 0


def test_a_copy_answers_the_same(store: FolderStore, tmp_path: Path) -> None:
    """The folder can be copied elsewhere, open or closed; the copy is a library of its own."""
    commit(store, KING)
    before = answers(store)
    shutil.copytree(store.folder, tmp_path / "while open")
    store.close()
    shutil.copytree(store.folder, tmp_path / "after closing")
    for name in ("while open", "after closing"):
        copy = FolderStore(tmp_path / name, create=False)
        assert answers(copy) == before
        assert copy.problems() == []
        commit(copy, a_document("Only here is a volcano.", source="/only"))
        assert copy.problems() == []
        copy.close()
    assert store.catalog.totals()["documents"] == 2


@pytest.mark.parametrize("lost", [["dense.faiss"], ["lexical"], ["dense.faiss", "lexical"]], ids=" and ".join)
def test_lost_caches_are_made_again(store: FolderStore, lost: list[str]) -> None:
    """Delete either index or both: the next reader answers as before."""
    with store.writing():
        put_vectors(store.catalog, [meaning("comet")] * 300)  # type: ignore[arg-type]
        store.index()
    before = answers(store)
    store.close()
    for name in lost:
        path = store.folder / name
        clear(path) if path.is_dir() else path.unlink()
    again = FolderStore(store.folder, create=False)
    assert answers(again) == pytest.approx(before)
    assert again.problems() == []
    again.close()


def test_a_commit_without_an_index_is_caught_up(store: FolderStore) -> None:
    """Where a writer died between commit and index, the next reader brings the index up to date itself."""
    put(store.catalog, KING)
    reader = FolderStore(store.folder, create=False)
    assert found_by(reader, "king treaty") == {id_of(store.catalog, "king")}
    assert reader.problems() == []
    reader.close()


def test_while_a_writer_is_at_work_the_last_index_serves(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader does not wait for a writer that has committed and not yet indexed: dense is new, words are the last."""
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 60.0)
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


def test_a_reader_without_any_index_gives_up_waiting(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no index of words yet and a writer keeps the lock, meaning alone answers after a while."""
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 0.05)
    clear(store.folder / "lexical")
    reader = FolderStore(store.folder, create=False)
    locked, done = threading.Event(), threading.Event()

    def write() -> None:
        with store.writing():
            locked.set()
            done.wait(5)

    thread = threading.Thread(target=write)
    thread.start()
    locked.wait(5)
    reader.refresh()
    assert reader.lexical("whale", 9) == {}
    assert reader.dense(meaning("whale"), 1)
    done.set()
    thread.join()
    reader.close()


def test_much_that_is_to_be_mended_holds_no_question_up(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long is caught up with in the background, step by step; between two steps, others may write."""
    monkeypatch.setattr(upkeep, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(upkeep, "UPDATED_PER_STEP", 1)
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 0.0)
    for n in range(5):
        put(store.catalog, a_document(f"Comet{n} came.", source=f"/{n}"))
    reader = FolderStore(store.folder, create=False)
    reader.refresh()
    mending = reader.__dict__["_updater"].__dict__["_thread"]
    assert mending.name == "lexical-update"
    assert reader.lexical("whale", 9)
    with store.writing():
        put(store.catalog, KING)
    mending.join(30)
    king, until = {id_of(store.catalog, "king")}, time.monotonic() + 30
    while (found := found_by(reader, "king treaty")) != king and time.monotonic() < until:
        time.sleep(0.01)  # where all had been mended before the king came, he is mended anew
    assert found == king
    assert reader.problems() == []
    reader.close()


def test_closing_ends_what_goes_on_in_the_background(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is closed while it mends leaves a folder that the next one goes on with."""
    monkeypatch.setattr(upkeep, "UPDATED_AT_ONCE", 0)
    monkeypatch.setattr(upkeep, "UPDATED_PER_STEP", 1)
    monkeypatch.setattr(upkeep, "READER_PATIENCE", 0.0)
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


def test_two_writers(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second writer waits a little, then is told who is at work."""
    monkeypatch.setattr(store_module, "WRITER_PATIENCE", 0.05)
    other = FolderStore(store.folder, create=False)
    said = []

    def intrude() -> None:
        try:
            with other.writing():
                said.append("got in")
        except LibraryLocked as error:
            said.append(error.holder)

    with store.writing():
        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
    assert said[0].startswith("process ")
    other.close()


@pytest.mark.parametrize("loss", ["missing", "empty"])
def test_a_lost_catalog_is_not_taken_for_a_new_library(store: FolderStore, loss: str) -> None:
    """Where the indexes are there and the catalog is not, that is damage; nothing is made in its place."""
    store.close()
    path = store.folder / "catalog.db"
    path.unlink() if loss == "missing" else path.write_bytes(b"")
    with pytest.raises(LibraryDamaged, match=loss):
        FolderStore(store.folder, create=True)


@pytest.mark.parametrize("side", ["dense", "lexical"])
def test_an_index_that_disagrees_is_named(store: FolderStore, side: str) -> None:
    """An id too many in an index is a problem with a remedy, and the remedy works."""
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


def test_the_size_counts_every_file(store: FolderStore) -> None:
    """Catalog, log, indexes and lock are all part of it."""
    whole = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
    assert store.bytes_on_disk() == whole
    (store.folder / "gone").symlink_to(store.folder / "nowhere")  # as a file that goes while it is being counted
    assert store.bytes_on_disk() == whole
