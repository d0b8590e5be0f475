"""Filters among 51,200 passages (100,000 in the nightly run): few are admitted, and they are found though not nearest.

The library is made without an encoder: random vectors, words of a small vocabulary, all in one transaction. Its dense
index is approximate and was built by the usual builder; after that a document was removed and another one replaced.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index.encoders.encoder import normalised
from index.library.library import Library
from index.records import Chunk, Span
from index.search.retriever import VERBATIM_MOST
from index.settings import Settings
from index.storage import tables
from index.storage.dense.builder import build
from index.storage.protocol import Scope
from index.storage.store import FolderStore
from tests.fakes import IDEAS, FakeEncoder, meaning
from tests.nightly import length
from tests.search.conftest import ask, quotes
from tests.storage.factories import MADE_WITH, a_document, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.records import Document, Found
    from index.storage.database import Connection

DOCUMENTS = length(128, 250)
PASSAGES = 400
"""The number of passages of each document. Together they are more than APPROXIMATE_FROM: the dense index has a base."""
QUESTION = "Which whale was seen in the harbour?"
PARTS = ("bolt", "nail", "screw", "nut", "pin", "rivet")
SMALL = replace(
    a_document(
        *(f"Item {n} of the list is a {part}." for n, part in enumerate(PARTS * 2)), source="/small.txt", title="Parts"
    ),
    date="1999",
)
"""Twelve passages that have nothing to do with the question."""
REMOVED, REPLACED = 3, 4
"""The volumes that are removed, or replaced by another text, after the dense index is built."""
NEW = replace(a_document(*(f"A whale in the new edition, {n}." for n in range(30)), source="/4.txt"), date="2002")


def random_directions(generator: np.random.Generator, count: int) -> np.ndarray[Any, Any]:
    """Return unit vectors around the question's, most of them nearer to it than a list of parts is."""
    vectors = generator.normal(size=(count, FakeEncoder().dimension)) + 4 * meaning(QUESTION)
    return normalised(vectors.astype(np.float32))


def store_passages(
    connection: Connection, document: Document, texts: Sequence[str], vectors: np.ndarray[Any, Any]
) -> None:
    """Insert one passage of one sentence for each text and vector, in the open transaction."""
    ends = np.cumsum([len(text) + 2 for text in texts]) - 2
    chunks = [
        Chunk(end - len(text), end, (Span(end - len(text), end),))
        for text, end in zip(texts, ends.tolist(), strict=True)
    ]
    halves = vectors.astype("<f2")
    quantised_vectors = np.rint(vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))).astype(np.int8)
    packed = [
        tables.PackedVectors(number.to_bytes(4), half.tobytes(), quantised.tobytes())
        for number, (half, quantised) in enumerate(zip(halves, quantised_vectors, strict=True))
    ]
    number = tables.insert_document(connection, document, chunks, tables.next_generation(connection))
    tables.insert_passages(connection, number, document, chunks, packed)
    connection.execute("INSERT INTO sources VALUES (?, ?)", (document.source, number))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build that library, with the small document in the middle of it."""
    path = tmp_path_factory.mktemp("scale") / "library"
    generator = np.random.default_rng(20)
    words = np.array([word for idea in IDEAS for word in idea.split()] + [f"word{number}" for number in range(2000)])
    store = FolderStore(path, create=True)
    store._dense._builder.start = lambda: None  # type: ignore[method-assign]  # it would wait for everything else
    with store.writing():
        with store.catalog.database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (MADE_WITH,))
            for number in range(DOCUMENTS):
                texts = [
                    f"A whale, {' '.join(chosen)}."
                    for chosen in words[generator.integers(0, len(words), (PASSAGES, 5))]
                ]
                large = a_document(*texts, source=f"/{number}.txt", title=f"Volume {number}")
                dated = replace(large, date="2001" if number % 2 else "2002", id=key_of(large.source).hex())
                store_passages(connection, dated, texts, random_directions(generator, PASSAGES))
                if number == DOCUMENTS // 2:
                    parts = SMALL.text.split("\n\n")
                    store_passages(connection, SMALL, parts, np.stack([meaning(part) for part in parts]))
        store.index()
    assert store.catalog.totals()["passages"] == DOCUMENTS * PASSAGES + 12
    build(path, wait=True)
    change(store, generator)
    store.close()
    return path


def change(store: FolderStore, generator: np.random.Generator) -> None:
    """Remove one document and replace another."""
    with store.writing():
        store.catalog.remove(number_of(store, f"/{REMOVED}.txt"))
        with store.catalog.database.writing() as connection:
            tables.unlink(connection, NEW.source, tables.next_generation(connection))
            store_passages(connection, NEW, NEW.text.split("\n\n"), random_directions(generator, 30))
        store.index()


def number_of(store: FolderStore, source: str) -> int:
    """Return the number of the document with this source."""
    return store.catalog.number_of(store.catalog.document_of(source)) or 0


@pytest.fixture(scope="module")
def library(folder: Path) -> Iterator[Library]:
    """Open the library once for all tests."""
    with Library.open(folder, Settings(), encoder=FakeEncoder()) as library:
        yield library


def ten_hits_of(found: Found, document: Document) -> bool:
    """Whether there are ten different hits, all of that document."""
    return [hit.document.id for hit in found] == [document.id] * 10 and len(set(quotes(found))) == 10


def test_filters_find_ten_hits_of_the_small_document(library: Library, folder: Path) -> None:
    """Without one, all others are nearer: it is not among the best hundred hits.

    Operators select it by title, file name or date, arguments by name or number, and an exclusion leaves it over.
    The best hits come first: those with the question's word.
    """
    assert all(hit.document.id != SMALL.id for hit in library.search(QUESTION, limit=100))
    for operators in ("in:parts", "in:small.txt", "before:2000", "after:1999 before:2001"):
        assert ten_hits_of(library.search(f"{QUESTION} {operators}"), SMALL)
    store = FolderStore(folder, create=False)
    assert ten_hits_of(ask(store, QUESTION, within=[store.catalog.number_of(SMALL.id) or 0]), SMALL)
    store.close()
    found = library.search("the whale or a rivet", documents=["Parts"])
    assert ten_hits_of(found, SMALL)
    assert {hit.quote for hit in found.hits[:2]} == {
        "Item 5 of the list is a rivet.",
        "Item 11 of the list is a rivet.",
    }
    assert ten_hits_of(library.search("harbour in winter -whale"), SMALL)


@pytest.mark.parametrize("mode", ["dense", "hybrid"])
def test_filter_that_admits_half_fills_the_page(library: Library, mode: str) -> None:
    """Half of all passages are admitted; only they are found, as many as were asked for."""
    found = library.search(f"{QUESTION} after:2002", limit=100, mode=mode)  # type: ignore[arg-type]
    assert len(found) == 100
    assert {hit.document.date for hit in found} == {"2002"}


def test_filter_finds_the_best_admitted_passages(library: Library) -> None:
    """The ten nearest passages of one document among many are those that a search of all passages ranks highest."""
    library.parts.store.refresh()
    everything = library.parts.store.dense(meaning(QUESTION), DOCUMENTS * PASSAGES)
    (volume,) = library.parts.store.catalog.ranges(
        [library.parts.store.catalog.number_of(library.find("Volume 7").id) or 0]
    )
    expected = [identity for identity in everything if volume.first <= identity < volume.first + volume.passages][:10]
    found = library.search(QUESTION, documents=["Volume 7"], mode="dense")
    assert [hit.passage.id for hit in found] == expected


def test_rare_phrase_is_found_among_all_passages(library: Library) -> None:
    """All twelve passages that contain the phrase are found, whatever else is asked, and no others."""
    found = library.search(f'"of the list" {QUESTION}', limit=50)
    assert {passage.document.id for hit in found for passage in (hit, *hit.also)} == {SMALL.id}
    assert sum(1 + len(hit.also) for hit in found) == 12
    assert VERBATIM_MOST >= 12
    assert all(hit.why.verbatim for hit in library.search("of the list", limit=10))


# The dense side, compared with exact arithmetic


def nearest(library: Library, scope: Scope, k: int) -> dict[int, float]:
    """Compare the question with every passage that a scope admits."""
    catalog, question = library.parts.store.catalog, meaning(QUESTION)
    holding = None if scope.holding is None else set(scope.holding)
    scores = {
        identity: score
        for ids, vectors in catalog.vectors(catalog.added_since(-1) if scope.documents is None else scope.documents)
        for identity, score in zip(ids.tolist(), (vectors @ question).tolist(), strict=True)
        if holding is None or identity in holding
    }
    for identity in scope.banned:
        scores.pop(identity, None)
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:k])


def some_ids(share: float) -> list[int]:
    """Return this share of the ids, at random."""
    return (np.flatnonzero(np.random.default_rng(8).random(DOCUMENTS * PASSAGES) < share) + 1).tolist()


NARROW = {
    "one document": lambda ranges: Scope(documents=ranges[7:8]),
    "the new edition": lambda ranges: Scope(documents=[document for document in ranges if document.passages == 30]),
    "few documents": lambda ranges: Scope(documents=ranges[::60]),
    "few passages": lambda ranges: Scope(holding=some_ids(0.01)),
    "few of few": lambda ranges: Scope(documents=ranges[::60], holding=some_ids(0.2), banned=some_ids(0.1)),
    "nearly all excluded": lambda ranges: Scope(banned=some_ids(0.99)),
}
WIDE = {
    "half of the documents": lambda ranges: Scope(documents=ranges[::2]),
    "half of the passages": lambda ranges: Scope(holding=some_ids(0.5)),
    "half excluded": lambda ranges: Scope(banned=some_ids(0.5)),
    "one excluded": lambda ranges: Scope(banned=[1]),
}


@pytest.mark.parametrize("name", NARROW)
def test_narrow_filter_is_exact(library: Library, name: str) -> None:
    """If few passages are admitted, all of them are compared; the best are found, each with its cosine."""
    library.parts.store.refresh()
    assert library.parts.store._dense.base is not None
    scope = NARROW[name](library.parts.store.catalog.added_since(-1))
    found = library.parts.store.dense(meaning(QUESTION), 50, scope)
    assert found == pytest.approx(nearest(library, scope, 50), abs=1e-5)


@pytest.mark.parametrize("name", WIDE)
def test_wide_filter_misses_few_passages(library: Library, name: str) -> None:
    """If many passages are admitted, enough of them are found, and at least 45 of the 50 best."""
    library.parts.store.refresh()
    scope = WIDE[name](library.parts.store.catalog.added_since(-1))
    found, best = library.parts.store.dense(meaning(QUESTION), 50, scope), nearest(library, scope, DOCUMENTS * PASSAGES)
    assert len(found) == 50
    assert found == pytest.approx({identity: best[identity] for identity in found}, abs=1e-5)
    assert len(found.keys() & set(list(best)[:50])) >= 45


def test_removed_passages_are_never_found(library: Library) -> None:
    """No filter admits the ids of a removed or replaced document, even if it names them."""
    library.parts.store.refresh()
    removed = sorted(set(range(1, DOCUMENTS * PASSAGES + 13)) - library.parts.store._dense.ids())
    assert len(removed) == 2 * PASSAGES
    assert library.parts.store.dense(meaning(QUESTION), 50, Scope(holding=removed)) == {}
    assert library.parts.store.dense(meaning(QUESTION), 2**31).keys().isdisjoint(removed)
