"""The dense index of a large library: approximate in which passages it compares, exact in its contents and scores."""

from __future__ import annotations

import shutil
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.errors import LibraryDamaged, LibraryNotWritable
from index.storage.catalog.catalog import Catalog
from index.storage.dense import builder
from index.storage.dense.dense_index import DenseIndex
from index.storage.protocol import Scope
from tests.nightly import length
from tests.storage.factories import put_vectors
from tests.storage.test_dense import (
    DAMAGES,
    CountingCatalog,
    allowed_by,
    brute_force,
    index_of,
    random_vectors,
    same_result,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.storage.catalog.document_queries import DocumentRange

LARGE = 400
"""In these tests, a library with this many passages or more is large."""
ALL_PASSAGES = 2**31


def lower_thresholds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat a library as large from a few hundred passages on."""
    monkeypatch.setattr(builder, "APPROXIMATE_FROM", LARGE)
    monkeypatch.setattr(builder, "MIN_CHANGED_PASSAGES", 40)
    monkeypatch.setattr(builder, "MIN_COMPARED_VECTORS", 50)
    monkeypatch.setattr(builder, "RESTART_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def spawned_folders(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Lower every threshold, and record the folders for which a builder would be started, without starting one."""
    lower_thresholds(monkeypatch)
    folders: list[Path] = []

    class FinishedProcess:
        def poll(self) -> int:
            return 0

        def wait(self) -> int:
            return 0

    def spawn(folder: Path, *_: str) -> FinishedProcess:
        folders.append(folder)
        return FinishedProcess()

    monkeypatch.setattr(builder, "_spawn", spawn)
    return folders


@pytest.fixture(scope="module")
def large_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of `large_catalog`, closed."""
    folder = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as patched, closing(Catalog(folder)) as catalog:
        lower_thresholds(patched)
        catalog.create()
        for n in range(10):
            put_vectors(catalog, clustered_vectors(n, 100), f"/{n}")
        assert builder.build(folder)
    return folder


@pytest.fixture
def large_catalog(large_folder: Path, folder: Path) -> Iterator[Catalog]:
    """Ten documents of a hundred clustered passages each, with a base."""
    shutil.copytree(large_folder, folder, dirs_exist_ok=True)
    with closing(Catalog(folder)) as catalog:
        yield catalog


def clustered_vectors(seed: int, n: int) -> np.ndarray[Any, Any]:
    """Vectors around twelve directions, as those of real texts are."""
    generator = np.random.default_rng(seed)
    vectors = random_vectors(7, 12)[generator.integers(0, 12, n)] + 0.3 * random_vectors(seed + 100, n)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def ids_of(catalog: Catalog) -> set[int]:
    """The ids of all passages in the catalog."""
    return {documents.first + n for documents in catalog.added_since(-1) for n in range(documents.passages)}


def agrees(index: DenseIndex, catalog: Catalog, seed: int = 3) -> bool:
    """Whether the index has the passages of the catalog, and a search of all of them equals an exhaustive search."""
    ids, question = ids_of(catalog), random_vectors(seed, 1)[0]
    assert index.ids() == ids
    assert len(index) == len(ids)
    found = index.search(question, ALL_PASSAGES)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    return found == pytest.approx(brute_force(catalog, question, ALL_PASSAGES, ids), abs=1e-5)


def test_small_library_has_no_base(catalog: Catalog, folder: Path, spawned_folders: list[Path]) -> None:
    """Below the threshold no base is built, no builder is started, and a question is compared with every passage."""
    put_vectors(catalog, clustered_vectors(1, LARGE - 1))
    assert builder.build(folder)
    index = index_of(catalog, folder)
    index.keep()
    assert index.base is None
    assert agrees(index, catalog)
    assert not spawned_folders
    assert not (folder / "dense.ivf").exists()


def test_base_does_not_change_scores(catalog: Catalog, folder: Path) -> None:
    """With and without a base, the same library gives every found passage the same cosine, to the bit."""
    put_vectors(catalog, clustered_vectors(1, 600))
    index_without_base = index_of(catalog, folder)
    assert builder.build(folder)
    index_with_base = index_of(catalog, folder)
    assert index_without_base.base is None
    assert index_with_base.base is not None
    for question in clustered_vectors(2, 30):
        assert index_with_base.search(question, ALL_PASSAGES) == index_without_base.search(question, ALL_PASSAGES)
        nearest, all_scores = index_with_base.search(question, 10), index_without_base.search(question, 600)
        assert {identity: all_scores[identity] for identity in nearest} == nearest


def test_search_with_a_base_finds_nearly_all_nearest_passages(large_catalog: Catalog, folder: Path) -> None:
    """More than 95 % of the ten nearest are found, although only some lists are searched."""
    index = index_of(large_catalog, folder)
    assert index.base is not None
    assert index.base.figures["probed"] < len(clustered_vectors(0, 126))
    shares = [
        len(set(index.search(question, 10)) & set(brute_force(large_catalog, question, 10, ids_of(large_catalog)))) / 10
        for question in clustered_vectors(55, 60)
    ]
    assert np.mean(shares) > 0.95


def test_index_with_a_base_follows_later_changes(large_catalog: Catalog, folder: Path) -> None:
    """Documents added after the base are found, and removed ones are not, whether they are in the base or newer."""
    index = index_of(large_catalog, folder)
    first = large_catalog.added_since(-1)[0].number
    added = put_vectors(large_catalog, clustered_vectors(30, 25), "/new")
    put_vectors(large_catalog, clustered_vectors(31, 9), "/newer")
    index.catch_up()
    assert agrees(index, large_catalog)
    large_catalog.remove(first)
    large_catalog.remove(added)
    index.catch_up()
    assert agrees(index, large_catalog)
    assert agrees(index_of(large_catalog, folder), large_catalog)
    found = index.search(clustered_vectors(0, 1)[0], 50)
    assert len(found) == 50
    assert set(found) <= ids_of(large_catalog)


@settings(max_examples=length(6, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["add", "add many", "remove", "build", "reopen", "catch up"]), max_size=12), st.data())
def test_index_agrees_with_the_catalog_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], data: st.DataObject
) -> None:
    """Index and catalog agree after adding, removing, building and reopening in any order."""
    folder = tmp_path_factory.mktemp("history")
    catalog = Catalog(folder)
    catalog.create()
    put_vectors(catalog, clustered_vectors(1, 450), "/0")
    index = index_of(catalog, folder)
    for n, step in enumerate([*steps, "catch up"], 1):
        if step.startswith("add"):
            put_vectors(catalog, clustered_vectors(n, 60 if step == "add many" else 3), f"/{n}")
        elif step == "remove" and (documents := catalog.added_since(-1)):
            catalog.remove(data.draw(st.sampled_from([document.number for document in documents])))
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
def test_scope_filters_before_ranking_in_a_large_index(
    changed_index: tuple[Catalog, DenseIndex],
    seed: int,
    documents: set[int] | None,
    holding: set[int] | None,
    banned: set[int],
    k: int,
) -> None:
    """Only allowed passages are found, `k` of them if there are so many; if few are allowed, the nearest are found."""
    catalog, index = changed_index
    ranges = catalog.added_since(-1)
    scope = Scope(
        documents=None if documents is None else [ranges[n] for n in sorted(documents) if n < len(ranges)],
        holding=None if holding is None else sorted(holding),
        banned=sorted(banned),
    )
    allowed = allowed_by(scope, ids_of(catalog))
    question = random_vectors(seed, 1)[0]
    found = index.search(question, k, scope)
    assert set(found) <= allowed
    assert len(found) == min(k, len(allowed))
    assert list(found.values()) == sorted(found.values(), reverse=True)
    if len(allowed) <= 4 * k:
        assert same_result(found, brute_force(catalog, question, k, allowed))


@pytest.fixture
def changed_index(large_catalog: Catalog, folder: Path) -> tuple[Catalog, DenseIndex]:
    """An index with a base, with later additions, and with removals from both."""
    from_base = large_catalog.added_since(-1)[3].number
    added_later = put_vectors(large_catalog, clustered_vectors(40, 10), "/gone")
    for n in (41, 42, 43):
        put_vectors(large_catalog, clustered_vectors(n, 13), f"/{n}")
    large_catalog.remove(from_base)
    large_catalog.remove(added_later)
    return large_catalog, index_of(large_catalog, folder)


def test_open_index_switches_to_a_new_base(large_catalog: Catalog, folder: Path) -> None:
    """An open index loads a newer base by itself, and answers in the meantime."""
    index = index_of(large_catalog, folder)
    old = index.base
    put_vectors(large_catalog, clustered_vectors(50, 80), "/more")
    assert builder.build(folder)
    for _ in range(1000):
        index.catch_up()
        assert index.search(clustered_vectors(0, 1)[0], 5)
        if index.base != old:
            break
        threading.Event().wait(0.01)
    assert index.base is not None
    assert index.base.figures["passages"] == 1080
    assert agrees(index, large_catalog)


def test_rebuilt_base_keeps_vectors_in_their_lists(large_catalog: Catalog, folder: Path) -> None:
    """If the library has grown only a little, each vector stays in its list and no centroids are learnt again."""
    before = index_of(large_catalog, folder)._state
    put_vectors(large_catalog, clustered_vectors(50, 80), "/more")
    assert builder.build(folder)
    after = index_of(large_catalog, folder)._state
    assert before is not None
    assert after is not None
    assert before.base is not None
    assert after.base is not None
    assert (after.base.lists[:1000] == before.base.lists).all()
    assert (after.base.centroids == before.base.centroids).all()


def test_builder_starts_when_enough_has_changed(catalog: Catalog, folder: Path, spawned_folders: list[Path]) -> None:
    """A library that becomes large starts a builder with its next question, and again after enough changes."""
    put_vectors(catalog, clustered_vectors(1, LARGE))
    index_of(catalog, folder)
    assert spawned_folders == [folder]
    assert builder.build(folder)
    index = index_of(catalog, folder)
    put_vectors(catalog, clustered_vectors(2, 40), "/some")
    index.catch_up()
    assert spawned_folders == [folder]
    put_vectors(catalog, clustered_vectors(3, 1), "/more")
    index.catch_up()
    assert spawned_folders == [folder] * 2


def test_writer_loads_no_vectors(large_catalog: Catalog, folder: Path, spawned_folders: list[Path]) -> None:
    """A process that only adds to a large library reads no vectors, and starts a builder when one is due."""
    counting_catalog = CountingCatalog(folder)
    writer = DenseIndex(folder, counting_catalog)
    put_vectors(large_catalog, clustered_vectors(50, 30), "/some")
    writer.keep()
    assert not spawned_folders
    put_vectors(large_catalog, clustered_vectors(51, 21), "/more")
    writer.keep()
    assert spawned_folders == [folder]
    assert counting_catalog.vectors_read == 0
    counting_catalog.close()


def test_build_with_wait_includes_every_change(large_catalog: Catalog, folder: Path) -> None:
    """Whoever waits for the builder gets a base of all passages; without a change, none is built."""
    path = folder / "dense.ivf"
    put_vectors(large_catalog, clustered_vectors(50, 3), "/little")
    before = path.stat().st_ino
    assert builder.build(folder)
    assert path.stat().st_ino == before
    assert builder.build(folder, wait=True)
    index = index_of(large_catalog, folder)
    assert index.base is not None
    assert index.base.figures["passages"] == 1003
    after = path.stat().st_mtime_ns
    assert builder.build(folder, wait=True)
    assert path.stat().st_mtime_ns == after


def test_failed_builder_is_reported_to_the_waiting_caller(
    large_catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller that asked for a base gets an error, not an outdated base."""

    class FailedProcess:
        def wait(self) -> int:
            return 1

    monkeypatch.setattr(builder, "_spawn", lambda *_: FailedProcess())
    with pytest.raises(LibraryNotWritable, match="could not be built"):
        index_of(large_catalog, folder).settle()


def test_shrunk_library_loses_its_base(large_catalog: Catalog, folder: Path) -> None:
    """The base is deleted when few passages are left, and every search is exact again."""
    for document in large_catalog.added_since(-1)[1:]:
        large_catalog.remove(document.number)
    assert builder.build(folder)
    assert not (folder / "dense.ivf").exists()
    index = index_of(large_catalog, folder)
    assert index.base is None
    assert agrees(index, large_catalog)


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_base_is_ignored_until_it_is_rebuilt(large_catalog: Catalog, folder: Path, name: str) -> None:
    """Whatever the damage, a question is compared with every passage until the next builder has made a new base."""
    path = folder / "dense.ivf"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    index = index_of(large_catalog, folder)
    assert index.base is None
    assert agrees(index, large_catalog)
    assert builder.build(folder)
    rebuilt = index_of(large_catalog, folder)
    assert rebuilt.base is not None
    assert agrees(rebuilt, large_catalog)


def test_base_newer_than_a_restored_catalog_is_rejected(catalog: Catalog, folder: Path) -> None:
    """If the catalog was restored from a copy, a base of its lost later state is not used."""
    put_vectors(catalog, clustered_vectors(1, 410), "/early")
    catalog.close()
    copy = (folder / "catalog.db").read_bytes()
    put_vectors(catalog, clustered_vectors(2, 50), "/lost")
    assert builder.build(folder)
    catalog.close()
    (folder / "catalog.db").write_bytes(copy)
    index = index_of(catalog, folder)
    assert index.base is None
    assert agrees(index, catalog)


def test_base_older_than_forgotten_removals_is_rejected(large_catalog: Catalog, folder: Path) -> None:
    """Without the removals since the base was built, nobody can tell which of its passages still exist."""
    large_catalog.remove(large_catalog.added_since(-1)[0].number)
    large_catalog.forget_removals(large_catalog.generation())
    index = index_of(large_catalog, folder)
    assert index.base is None
    assert agrees(index, large_catalog)


def test_builders_do_not_disturb_each_other(large_catalog: Catalog, folder: Path) -> None:
    """While one runs, a second one ends at once; the partial file of a killed one is deleted."""
    from filelock import FileLock

    with FileLock(folder / builder.LOCK):
        assert not builder.build(folder)
    partial_file = folder / "dense.ivf.12345.part"
    partial_file.write_bytes(b"half of it")
    assert builder.build(folder)
    assert not partial_file.exists()


class PausedCatalog(Catalog):
    """A catalog that counts requests for vectors, and answers none while it is paused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.resumed, self.requested, self.requests = threading.Event(), threading.Event(), 0
        self.resumed.set()

    def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[Any]:
        """As in `Catalog`, but only after the pause."""
        self.requests += 1
        self.requested.set()
        assert self.resumed.wait(10)
        return super().vectors(ranges)


def test_questions_use_the_last_state_during_a_long_update(large_catalog: Catalog, folder: Path) -> None:
    """During a long update, a question waits at most as long as it asked to, and no update is done twice."""
    paused_catalog = PausedCatalog(folder)
    index = index_of(paused_catalog, folder)
    requests_before, question = paused_catalog.requests, clustered_vectors(60, 1)[0]
    last_result = index.search(question, 20)
    paused_catalog.resumed.clear()
    put_vectors(large_catalog, np.tile(question, (30, 1)), "/more")
    threads = [threading.Thread(target=index.catch_up, kwargs={"patience": 0.05}) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()
    assert index.search(question, 20) == last_result
    paused_catalog.resumed.set()
    index.catch_up()
    assert paused_catalog.requests == requests_before + 1
    assert agrees(index, large_catalog)
    index.close()
    paused_catalog.close()


def test_close_interrupts_a_long_update(large_catalog: Catalog, folder: Path) -> None:
    """An index that is closed during a long update releases the catalog at the next block."""
    paused_catalog = PausedCatalog(folder)
    index = index_of(paused_catalog, folder)
    paused_catalog.resumed.clear()
    paused_catalog.requested.clear()
    put_vectors(large_catalog, clustered_vectors(61, 30), "/more")
    index.catch_up(patience=0.01)
    assert paused_catalog.requested.wait(5)
    closer = threading.Thread(target=index.close)
    closer.start()
    paused_catalog.resumed.set()
    closer.join(5)
    assert not closer.is_alive()
    paused_catalog.close()


def test_damage_found_in_the_background_reaches_the_caller(large_catalog: Catalog, folder: Path) -> None:
    """An error of the catalog during a background update is raised in the thread that waits for the update."""

    class DamagedCatalog(Catalog):
        def vectors(self, ranges: Sequence[DocumentRange]) -> Iterator[Any]:
            raise LibraryDamaged(str(folder), "a page of it is noise")

    damaged = DamagedCatalog(folder)
    index = index_of(damaged, folder)
    put_vectors(large_catalog, clustered_vectors(62, 30), "/more")
    with pytest.raises(LibraryDamaged, match="noise"):
        index.catch_up()
    index.close()
    damaged.close()


def test_recall_of_an_exact_search_is_one(catalog: Catalog, folder: Path) -> None:
    """If every passage is compared, none can be missed, so nothing is measured."""
    put_vectors(catalog, clustered_vectors(1, 30))
    recall = index_of(catalog, folder).recall(50)
    assert (recall.exact, recall.recall, recall.questions, recall.passages) == (True, 1.0, 0, 30)


def test_recall_falls_with_fewer_searched_lists(large_catalog: Catalog, folder: Path) -> None:
    """Recall is the share of the nearest passages that a search finds; with fewer searched lists it is lower."""
    index = index_of(large_catalog, folder)
    measured = index.recall(60)
    assert not measured.exact
    assert 0.9 < measured.low <= measured.recall <= measured.high <= 1.0
    assert (measured.questions, measured.nearest, measured.passages) == (60, 10, 1000)
    assert index.base is not None
    index.base.figures["probed"] = 1
    assert index.recall(60).recall < measured.recall
