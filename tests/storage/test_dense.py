"""The dense index returns the same passages and cosines as arithmetic, whatever happened to its file."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.encoders.encoder import normalised
from index.storage.catalog.catalog import Catalog
from index.storage.dense import base, dense_index
from index.storage.dense.dense_index import DenseIndex
from index.storage.protocol import Scope
from tests.fakes import meaning
from tests.nightly import length
from tests.storage.factories import a_document, id_of, put, put_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.storage.catalog.document_queries import DocumentRange

WHALE = a_document("A whale swam.", "The whale sang a letter.", source="/whale")
OIL = a_document("Oil has a price.", "The clock stopped.", source="/oil")
MANY = 300
"""Enough passages for the index to write a file."""


class CountingCatalog(Catalog):
    """A catalog that counts the vectors that are read from it."""

    vectors_read = 0

    def vectors(self, ranges: Sequence[DocumentRange]) -> Any:
        """As in `Catalog`, but counted."""
        for ids, vectors in super().vectors(ranges):
            self.vectors_read += len(ids)
            yield ids, vectors


@pytest.fixture
def counting(folder: Path) -> Iterator[CountingCatalog]:
    """A second, counting connection to the catalog of the folder."""
    with closing(CountingCatalog(folder)) as catalog:
        yield catalog


def index_of(catalog: Catalog, folder: Path) -> DenseIndex:
    """A dense index that is up to date with the catalog."""
    index = DenseIndex(folder, catalog)
    index.catch_up()
    return index


def random_vectors(seed: int, n: int, dimension: int = 16) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Vectors of length one in random directions."""
    return normalised(np.random.default_rng(seed).normal(size=(n, dimension)).astype(np.float32))


def brute_force(catalog: Catalog, question: np.ndarray[Any, Any], k: int, ids: set[int]) -> dict[int, float]:
    """The result of the same search by arithmetic over the vectors of the catalog."""
    scores = {
        int(identity): float(vector @ question)
        for block, vectors in catalog.vectors(catalog.added_since(-1))
        for identity, vector in zip(block, vectors, strict=True)
        if int(identity) in ids
    }
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:k])


def allowed_by(scope: Scope, ids: set[int]) -> set[int]:
    """The ids that a scope allows."""
    allowed = ids - set(scope.banned)
    if scope.documents is not None:
        allowed &= {row.first + n for row in scope.documents for n in range(row.passages)}
    return allowed if scope.holding is None else allowed & set(scope.holding)


def same_result(found: dict[int, float], expected: dict[int, float]) -> bool:
    """Whether both results have the same passages in the same order with the same scores."""
    return list(found) == list(expected) and found == pytest.approx(expected, abs=1e-5)


def test_nearest_passage_ranks_first(catalog: Catalog, folder: Path) -> None:
    """The cosine is the root of one half for a passage with one other idea, and of one third with two."""
    put(catalog, WHALE)
    put(catalog, OIL)
    found = index_of(catalog, folder).search(meaning("whale"), 2)
    assert list(found) == [id_of(catalog, "swam"), id_of(catalog, "sang")]
    assert list(found.values()) == pytest.approx([2**-0.5, 3**-0.5], abs=1e-3)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6), st.integers(1, 40), st.lists(st.booleans(), min_size=4, max_size=4))
def test_search_agrees_with_exhaustive_search(
    catalog: Catalog, folder: Path, seed: int, k: int, kept: list[bool]
) -> None:
    """After any additions and removals, ids, order and cosines are those of an exhaustive search of the catalog."""
    for info in catalog.documents():
        catalog.remove(catalog.number_of(info.id) or 0)
    index = index_of(catalog, folder)
    numbers = [put_vectors(catalog, random_vectors(seed + n, 1 + n * 5), f"/{seed}/{n}") for n in range(4)]
    index.catch_up()
    for number, is_kept in zip(numbers, kept, strict=True):
        if not is_kept:
            catalog.remove(number)
    index.catch_up()
    ids = {documents.first + n for documents in catalog.added_since(-1) for n in range(documents.passages)}
    question = random_vectors(seed + 9, 1)[0]
    assert index.ids() == ids
    assert same_result(index.search(question, k), brute_force(catalog, question, k, ids))


@settings(max_examples=length(10, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 10**6),
    st.none() | st.sets(st.integers(0, 4)),
    st.none() | st.sets(st.integers(0, 59)),
    st.sets(st.integers(0, 59)),
    st.integers(1, 70),
)
def test_scope_filters_before_ranking(
    catalog: Catalog,
    folder: Path,
    seed: int,
    documents: set[int] | None,
    holding: set[int] | None,
    banned: set[int],
    k: int,
) -> None:
    """Of the passages that a scope allows, the nearest are found, however far they are."""
    if not catalog.documents():
        for n, size in enumerate((1, 9, 20, 3, 27)):
            put_vectors(catalog, random_vectors(n, size), f"/{n}")
    ranges, index = catalog.added_since(-1), index_of(catalog, folder)
    all_ids = sorted(index.ids())
    scope = Scope(
        documents=None if documents is None else [ranges[n] for n in sorted(documents)],
        holding=None if holding is None else [all_ids[n] for n in sorted(holding)],
        banned=[all_ids[n] for n in sorted(banned)],
    )
    question = random_vectors(seed + 9, 1)[0]
    expected = brute_force(catalog, question, k, allowed_by(scope, index.ids()))
    assert same_result(index.search(question, k, scope), expected)


def test_scope_ignores_removed_passages(catalog: Catalog, folder: Path) -> None:
    """A scope may name removed ids, for instance of an earlier search: they are not found."""
    first, second = (put_vectors(catalog, random_vectors(n, 20), f"/{n}") for n in (1, 2))
    index, question = index_of(catalog, folder), random_vectors(3, 1)[0]
    scope = Scope(documents=catalog.ranges([first, second]), holding=list(range(10, 31)))
    catalog.remove(first)
    index.catch_up()
    assert same_result(index.search(question, 50, scope), brute_force(catalog, question, 50, set(range(21, 31))))


def test_cosines_equal_those_of_the_stored_vectors(catalog: Catalog, folder: Path) -> None:
    """The index holds the float16 vectors of the catalog without loss, and no score exceeds 1."""
    vectors = random_vectors(5, 200, 64)
    put_vectors(catalog, vectors)
    index = index_of(catalog, folder)
    stored = vectors.astype(np.float16).astype(np.float32)
    for row in range(0, 200, 20):
        found = index.search(vectors[row], 200)
        assert next(iter(found)) == row + 1
        assert found == pytest.approx(
            {n + 1: min(float(vector @ vectors[row]), 1.0) for n, vector in enumerate(stored)}, abs=1e-6
        )
        assert max(found.values()) <= 1


def test_index_file_of_another_format_is_rebuilt(
    catalog: Catalog, folder: Path, counting: CountingCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that an earlier version of Pincite wrote is rebuilt from the catalog."""
    put_vectors(catalog, random_vectors(1, MANY))
    monkeypatch.setattr(dense_index, "EXACT_FORMAT", base.EXACT_FORMAT - 1)
    index_of(catalog, folder).keep()
    monkeypatch.undo()
    catalog.close()
    index = index_of(counting, folder)
    assert counting.vectors_read == MANY
    index.keep()
    counting.vectors_read = 0
    index_of(counting, folder)
    assert counting.vectors_read == 0


def test_an_empty_index_finds_nothing(catalog: Catalog, folder: Path) -> None:
    """Before anything is added, and after everything is removed, a search finds nothing and does not fail."""
    index = index_of(catalog, folder)
    assert index.search(meaning("whale"), 5) == {}
    assert index.ids() == set()
    number = put(catalog, WHALE)
    index.catch_up()
    catalog.remove(number)
    index.catch_up()
    assert index.search(meaning("whale"), 5) == {}
    assert index.ids() == set()


def test_commit_during_an_update_is_indexed_once(folder: Path) -> None:
    """If a writer commits after the generation was read, its passages are in the index once, not twice."""

    class Interrupted(Catalog):
        commit = None

        def generation(self) -> int:
            generation = super().generation()
            document, self.commit = self.commit, None
            if document:
                put(self, document)
            return generation

    catalog = Interrupted(folder)
    catalog.create()
    put(catalog, OIL)
    index = index_of(catalog, folder)
    put(catalog, a_document("The clock chimed."))
    catalog.commit = WHALE  # type: ignore[assignment]
    index.catch_up()
    index.catch_up()
    assert len(index) == 5 == len(index.ids())
    catalog.close()


def test_small_or_unchanged_index_writes_no_file(catalog: Catalog, folder: Path) -> None:
    """A few passages are read again faster than a file is written."""
    put_vectors(catalog, random_vectors(2, 3), "/few")
    index_of(catalog, folder).keep()
    assert not (folder / "dense.faiss").exists()
    put_vectors(catalog, random_vectors(1, MANY))
    index = index_of(catalog, folder)
    index.keep()
    (folder / "dense.faiss").unlink()
    index.keep()
    assert not (folder / "dense.faiss").exists()


def test_saved_index_is_not_read_from_the_catalog_again(
    catalog: Catalog, folder: Path, counting: CountingCatalog
) -> None:
    """The next process reads only the passages added after the file was written, and finds the same."""
    put_vectors(catalog, random_vectors(1, MANY))
    index_of(catalog, folder).keep()
    put_vectors(catalog, random_vectors(2, 7), "/later")
    catalog.close()
    index = index_of(counting, folder)
    assert counting.vectors_read == 7
    question = random_vectors(3, 1)[0]
    assert same_result(index.search(question, 20), brute_force(catalog, question, 20, index.ids()))


DAMAGES: dict[str, Any] = {
    "empty": lambda data: b"",
    "short": lambda data: data[:10],
    "truncated": lambda data: data[: len(data) // 2],
    "a bit of a vector": lambda data: data[:500] + bytes([data[500] ^ 1]) + data[501:],
    "a bit of the stamp": lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:],
    "a bit of the checksum": lambda data: data[:-16] + bytes([data[-16] ^ 1]) + data[-15:],
    "noise": lambda data: bytes(range(256)) * 40,
    "an extra byte": lambda data: data + b"x",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_index_file_is_rebuilt(catalog: Catalog, folder: Path, counting: CountingCatalog, name: str) -> None:
    """Whatever the damage, all vectors are read from the catalog again and the results are the same."""
    put_vectors(catalog, random_vectors(1, MANY))
    index = index_of(catalog, folder)
    index.keep()
    question = random_vectors(3, 1)[0]
    before = index.search(question, 20)
    path = folder / "dense.faiss"
    path.write_bytes(DAMAGES[name](path.read_bytes()))
    rebuilt = index_of(counting, folder)
    assert counting.vectors_read == MANY
    assert same_result(rebuilt.search(question, 20), before)


def test_index_file_of_another_library_is_rejected(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """A valid file of another library is not used."""
    (tmp_path / "other").mkdir()
    other = Catalog(tmp_path / "other")
    other.create()
    put_vectors(other, random_vectors(1, MANY))
    index_of(other, tmp_path / "other").keep()
    other.close()
    put_vectors(catalog, random_vectors(2, MANY))
    (tmp_path / "other" / "dense.faiss").rename(folder / "dense.faiss")
    question = random_vectors(3, 1)[0]
    index = index_of(catalog, folder)
    assert same_result(index.search(question, 9), brute_force(catalog, question, 9, index.ids()))


def test_index_file_newer_than_a_restored_catalog_is_rejected(catalog: Catalog, folder: Path) -> None:
    """If the catalog was restored from a copy, a file of its lost later state is replaced and never used."""
    put_vectors(catalog, random_vectors(1, 2), "/early")
    catalog.close()
    copy = (folder / "catalog.db").read_bytes()
    put_vectors(catalog, random_vectors(2, MANY), "/lost")
    index_of(catalog, folder).keep()
    catalog.close()
    (folder / "catalog.db").write_bytes(copy)
    restored = index_of(catalog, folder)
    assert len(restored.ids()) == 2
    restored.keep()
    put_vectors(catalog, random_vectors(3, 2), "/new")  # reaches the generation of the lost state again
    question = random_vectors(4, 1)[0]
    index = index_of(catalog, folder)
    assert same_result(index.search(question, 9), brute_force(catalog, question, 9, {1, 2, 3, 4}))
