"""The dense index of a large library: approximate where it may be, and never in what it holds or how it scores."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import LibraryDamaged, LibraryNotWritable
from index.storage.catalog.catalog import Catalog
from index.storage.dense import builder, index_state
from index.storage.dense.dense_index import DenseIndex
from index.storage.protocol import Scope
from tests.nightly import length
from tests.storage.factories import put_vectors
from tests.storage.test_dense import DAMAGES, Watched, brute_force, index_of, same, some_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.storage.catalog.rows import DocumentRange

LARGE = 400
"""From so many passages on a library is large here."""
EVERY = 2**31


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Libraries are large early here; instead of a program of its own, it is noted for which folder one is due."""
    monkeypatch.setattr(index_state, "APPROXIMATE_FROM", LARGE)
    monkeypatch.setattr(index_state, "LEAST_CHANGED", 40)
    monkeypatch.setattr(builder, "LEAST_COMPARED", 50)
    monkeypatch.setattr(index_state, "RESTART_SECONDS", 0.0)
    folders: list[Path] = []

    class Noted:
        def poll(self) -> int:
            return 0

        def wait(self) -> int:
            return 0

    def spawned(folder: Path, *_: str) -> Noted:
        folders.append(folder)
        return Noted()

    monkeypatch.setattr(index_state, "_spawn", spawned)
    return folders


@pytest.fixture
def large(catalog: Catalog, folder: Path) -> Catalog:
    """Ten documents of a hundred passages each, in clumps, with a base."""
    for n in range(10):
        put_vectors(catalog, clumps(n, 100), f"/{n}")
    assert builder.build(folder)
    return catalog


def clumps(seed: int, n: int) -> np.ndarray[Any, Any]:
    """Vectors around a few directions, as those of texts are."""
    chance = np.random.default_rng(seed)
    vectors = some_vectors(7, 12)[chance.integers(0, 12, n)] + 0.3 * some_vectors(seed + 100, n)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def ids_of(catalog: Catalog) -> set[int]:
    """All passages that there are."""
    return {each.first + n for each in catalog.added_since(-1) for n in range(each.passages)}


def agrees(index: DenseIndex, catalog: Catalog, seed: int = 3) -> bool:
    """It holds what the catalog does, and where all is looked through, it says what arithmetic says."""
    ids, question = ids_of(catalog), some_vectors(seed, 1)[0]
    assert index.ids() == ids
    assert len(index) == len(ids)
    found = index.search(question, EVERY)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    return found == pytest.approx(brute_force(catalog, question, EVERY, ids), abs=1e-5)


def test_a_small_library_has_no_base(catalog: Catalog, folder: Path, started: list[Path]) -> None:
    """Below that size nothing is built, nothing is started, and every passage is compared with."""
    put_vectors(catalog, clumps(1, LARGE - 1))
    assert builder.build(folder)
    index = index_of(catalog, folder)
    index.keep()
    assert index.base is None
    assert agrees(index, catalog)
    assert not started
    assert not (folder / "dense.ivf").exists()


def test_growing_changes_no_score(catalog: Catalog, folder: Path) -> None:
    """The same library with and without a base: what both find has the same cosine, to the bit."""
    put_vectors(catalog, clumps(1, 600))
    without = index_of(catalog, folder)
    assert builder.build(folder)
    having = index_of(catalog, folder)
    assert without.base is None
    assert having.base is not None
    for question in clumps(2, 30):
        assert having.search(question, EVERY) == without.search(question, EVERY)
        few, all_of_them = having.search(question, 10), without.search(question, 600)
        assert {each: all_of_them[each] for each in few} == few


def test_what_is_nearest_is_found(large: Catalog, folder: Path) -> None:
    """Of the ten nearest nearly all are found, though only some lists are looked through."""
    index = index_of(large, folder)
    assert index.base is not None
    assert index.base.figures["probed"] < len(clumps(0, 126))
    shares = [
        len(set(index.search(question, 10)) & set(brute_force(large, question, 10, ids_of(large)))) / 10
        for question in clumps(55, 60)
    ]
    assert np.mean(shares) > 0.95


def test_what_came_and_went_since(large: Catalog, folder: Path) -> None:
    """Documents that came after the base are found, those that went are not, whether from it or from what came."""
    index = index_of(large, folder)
    first, new = large.added_since(-1)[0].number, put_vectors(large, clumps(30, 25), "/new")
    put_vectors(large, clumps(31, 9), "/newer")
    index.catch_up()
    assert agrees(index, large)
    large.remove(first)
    large.remove(new)
    index.catch_up()
    assert agrees(index, large)
    assert agrees(index_of(large, folder), large)
    found = index.search(clumps(0, 1)[0], 50)
    assert len(found) == 50
    assert set(found) <= ids_of(large)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["add", "add many", "remove", "build", "reopen", "catch up"]), max_size=12), st.data())
def test_any_history(tmp_path_factory: pytest.TempPathFactory, steps: list[str], data: st.DataObject) -> None:
    """Whatever comes, goes and is built in whatever order, index and catalog agree."""
    folder = tmp_path_factory.mktemp("history")
    catalog = Catalog(folder)
    catalog.create()
    put_vectors(catalog, clumps(1, 450), "/0")
    index = index_of(catalog, folder)
    for n, step in enumerate([*steps, "catch up"], 1):
        if step.startswith("add"):
            put_vectors(catalog, clumps(n, 60 if step == "add many" else 3), f"/{n}")
        elif step == "remove" and (documents := catalog.added_since(-1)):
            catalog.remove(data.draw(st.sampled_from([each.number for each in documents])))
        elif step == "build":
            assert builder.build(folder)
        elif step == "reopen":
            index.close()
            index = index_of(catalog, folder)
        index.catch_up()
        assert agrees(index, catalog, n)
    index.close()
    catalog.close()


@settings(max_examples=length(10, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 10**6),
    st.none() | st.sets(st.integers(0, 11)),
    st.none() | st.sets(st.integers(1, 1050)) | st.just(set(range(1, 1050, 2))),
    st.sets(st.integers(1, 1050)) | st.just(set(range(1, 1000))),
    st.integers(1, 60),
)
def test_a_scope_is_a_filter(
    scoped: tuple[Catalog, DenseIndex],
    seed: int,
    documents: set[int] | None,
    holding: set[int] | None,
    banned: set[int],
    k: int,
) -> None:
    """What is found is admitted, there are `k` where so many are admitted, and of few admitted the best are found."""
    catalog, index = scoped
    ranges = catalog.added_since(-1)
    scope = Scope(
        documents=None if documents is None else [ranges[n] for n in sorted(documents) if n < len(ranges)],
        holding=None if holding is None else sorted(holding),
        banned=sorted(banned),
    )
    allowed = ids_of(catalog) - set(scope.banned)
    if scope.documents is not None:
        allowed &= {each.first + n for each in scope.documents for n in range(each.passages)}
    if scope.holding is not None:
        allowed &= set(scope.holding)
    question = some_vectors(seed, 1)[0]
    found = index.search(question, k, scope)
    assert set(found) <= allowed
    assert len(found) == min(k, len(allowed))
    assert list(found.values()) == sorted(found.values(), reverse=True)
    if len(allowed) <= 4 * k:
        assert same(found, brute_force(catalog, question, k, allowed))


@pytest.fixture
def scoped(large: Catalog, folder: Path) -> tuple[Catalog, DenseIndex]:
    """A base, what came since, and what went since from both."""
    gone, also = large.added_since(-1)[3].number, put_vectors(large, clumps(40, 10), "/gone")
    for n in (41, 42, 43):
        put_vectors(large, clumps(n, 13), f"/{n}")
    large.remove(gone)
    large.remove(also)
    return large, index_of(large, folder)


def test_a_new_base_is_taken_up(large: Catalog, folder: Path) -> None:
    """An index that is open changes over to a newer base by itself, and answers in the meantime."""
    index = index_of(large, folder)
    old = index.base
    put_vectors(large, clumps(50, 80), "/more")
    assert builder.build(folder)
    for _ in range(1000):
        index.catch_up()
        assert index.search(clumps(0, 1)[0], 5)
        if index.base != old:
            break
        threading.Event().wait(0.01)
    assert index.base is not None
    assert index.base.figures["passages"] == 1080
    assert agrees(index, large)


def test_building_again_keeps_lists(large: Catalog, folder: Path) -> None:
    """Where the library has grown by little, each vector stays in its list: nothing is learnt anew."""
    before = index_of(large, folder)._state
    put_vectors(large, clumps(50, 80), "/more")
    assert builder.build(folder)
    after = index_of(large, folder)._state
    assert before is not None
    assert after is not None
    assert before.base is not None
    assert after.base is not None
    assert (after.base.lists[:1000] == before.base.lists).all()
    assert (after.base.centroids == before.base.centroids).all()


def test_a_base_is_due(catalog: Catalog, folder: Path, started: list[Path]) -> None:
    """A library that has become large asks for a base with its next question, and again when enough has changed."""
    put_vectors(catalog, clumps(1, LARGE))
    index_of(catalog, folder)
    assert started == [folder]
    assert builder.build(folder)
    index = index_of(catalog, folder)
    put_vectors(catalog, clumps(2, 40), "/some")
    index.catch_up()
    assert started == [folder]
    put_vectors(catalog, clumps(3, 1), "/more")
    index.catch_up()
    assert started == [folder] * 2


def test_a_writer_does_not_load_it(large: Catalog, folder: Path, started: list[Path]) -> None:
    """Who adds to a large library and asks nothing reads no vectors, and has a base built when that is due."""
    watched = Watched(folder)
    writer = DenseIndex(folder, watched)
    put_vectors(large, clumps(50, 30), "/some")
    writer.keep()
    assert not started
    put_vectors(large, clumps(51, 21), "/more")
    writer.keep()
    assert started == [folder]
    assert watched.read == 0
    watched.close()


def test_any_change_is_reason_enough_where_one_waits(large: Catalog, folder: Path) -> None:
    """Who waits for the builder gets a base without a remainder, and none is built where nothing has changed."""
    path = folder / "dense.ivf"
    put_vectors(large, clumps(50, 3), "/little")
    before = path.stat().st_ino
    assert builder.build(folder)
    assert path.stat().st_ino == before
    assert builder.build(folder, wait=True)
    index = index_of(large, folder)
    assert index.base is not None
    assert index.base.figures["passages"] == 1003
    after = path.stat().st_mtime_ns
    assert builder.build(folder, wait=True)
    assert path.stat().st_mtime_ns == after


def test_a_builder_that_fails_is_told_to_who_waits(
    large: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for it has asked for it."""

    class Failed:
        def wait(self) -> int:
            return 1

    monkeypatch.setattr(index_state, "_spawn", lambda *_: Failed())
    with pytest.raises(LibraryNotWritable, match="could not be built"):
        index_of(large, folder).settle()


def test_a_library_that_has_shrunk_is_searched_exactly(large: Catalog, folder: Path) -> None:
    """The base goes when few passages are left."""
    for each in large.added_since(-1)[1:]:
        large.remove(each.number)
    assert builder.build(folder)
    assert not (folder / "dense.ivf").exists()
    index = index_of(large, folder)
    assert index.base is None
    assert agrees(index, large)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_base_is_not_trusted(large: Catalog, folder: Path, name: str) -> None:
    """Whatever is wrong with the file, every passage is compared with until the next builder has made it anew."""
    path = folder / "dense.ivf"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    index = index_of(large, folder)
    assert index.base is None
    assert agrees(index, large)
    assert builder.build(folder)
    again = index_of(large, folder)
    assert again.base is not None
    assert agrees(again, large)


def test_a_base_of_a_lost_history_is_not_trusted(catalog: Catalog, folder: Path) -> None:
    """Where the catalog was restored from a copy, a base of what came after it counts for nothing."""
    put_vectors(catalog, clumps(1, 410), "/early")
    catalog.close()
    copy = (folder / "catalog.db").read_bytes()
    put_vectors(catalog, clumps(2, 50), "/lost")
    assert builder.build(folder)
    catalog.close()
    (folder / "catalog.db").write_bytes(copy)
    index = index_of(catalog, folder)
    assert index.base is None
    assert agrees(index, catalog)


def test_a_base_whose_removals_are_forgotten_is_not_trusted(large: Catalog, folder: Path) -> None:
    """Where it is no longer known what went since the base was built, nobody can tell what of it is still there."""
    large.remove(large.added_since(-1)[0].number)
    large.forget_removals(large.generation())
    index = index_of(large, folder)
    assert index.base is None
    assert agrees(index, large)


def test_one_builder_at_a_time(large: Catalog, folder: Path) -> None:
    """A second one ends at once, and says so."""
    from filelock import FileLock

    with FileLock(folder / builder.LOCK):
        assert not builder.build(folder)


def test_what_a_killed_builder_left_is_swept(large: Catalog, folder: Path) -> None:
    """The next one removes it."""
    left = folder / "dense.ivf.12345.part"
    left.write_bytes(b"half of it")
    assert builder.build(folder)
    assert not left.exists()


class Held(Catalog):
    """A catalog whose vectors are given only when they may be, and which counts how often they are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.may, self.asked, self.times = threading.Event(), threading.Event(), 0
        self.may.set()

    def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[Any]:
        """As ever, in their time."""
        self.times += 1
        self.asked.set()
        assert self.may.wait(10)
        return super().vectors(ranges)


def test_questions_go_on_with_the_last_state(large: Catalog, folder: Path) -> None:
    """While much is taken in, nobody waits longer than they said, and nobody takes it in a second time."""
    held = Held(folder)
    index = index_of(held, folder)
    before, question = held.times, clumps(60, 1)[0]
    last = index.search(question, 20)
    held.may.clear()
    put_vectors(large, np.tile(question, (30, 1)), "/more")
    askers = [threading.Thread(target=index.catch_up, kwargs={"patience": 0.05}) for _ in range(5)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(5)
        assert not asker.is_alive()
    assert index.search(question, 20) == last
    held.may.set()
    index.catch_up()
    assert held.times == before + 1
    assert agrees(index, large)
    index.close()
    held.close()


def test_closing_does_not_wait_for_all_of_it(large: Catalog, folder: Path) -> None:
    """An index that is closed in the midst of taking much in lets go of the catalog at the next block."""
    held = Held(folder)
    index = index_of(held, folder)
    held.may.clear()
    held.asked.clear()
    put_vectors(large, clumps(61, 30), "/more")
    index.catch_up(patience=0.01)
    assert held.asked.wait(5)
    closing = threading.Thread(target=index.close)
    closing.start()
    held.may.set()
    closing.join(5)
    assert not closing.is_alive()
    held.close()


def test_damage_is_told_to_who_asks(large: Catalog, folder: Path) -> None:
    """What the catalog says while it is read in the background, whoever waits for it is told."""

    class Damaged(Catalog):
        def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[Any]:
            raise LibraryDamaged(str(folder), "a page of it is noise")

    damaged = Damaged(folder)
    index = index_of(damaged, folder)
    put_vectors(large, clumps(62, 30), "/more")
    with pytest.raises(LibraryDamaged, match="noise"):
        index.catch_up()
    index.close()
    damaged.close()


def test_recall_of_an_exact_search(catalog: Catalog, folder: Path) -> None:
    """Where every passage is compared with, nothing can be missed, and nothing is measured."""
    put_vectors(catalog, clumps(1, 30))
    said = index_of(catalog, folder).recall(50)
    assert (said.exact, said.recall, said.questions, said.passages) == (True, 1.0, 0, 30)


def test_recall_is_measured(large: Catalog, folder: Path) -> None:
    """It is the share that is found of what arithmetic finds; with fewer lists looked through it is less."""
    index = index_of(large, folder)
    said = index.recall(60)
    assert not said.exact
    assert 0.9 < said.low <= said.recall <= said.high <= 1.0
    assert (said.questions, said.nearest, said.passages) == (60, 10, 1000)
    assert index.base is not None
    index.base.figures["probed"] = 1
    assert index.recall(60).recall < said.recall
