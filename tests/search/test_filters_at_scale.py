"""Filters among 100,000 passages: the few that are admitted are found, though all others are nearer.

The library is made without an encoder: random vectors, words of a small vocabulary, all in one transaction. Its dense
index is approximate, built by the program that builds it elsewhere; since then a document has gone, and another one
was replaced.
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
from index.storage.protocol import Scope
from index.storage.store import FolderStore
from tests.fakes import IDEAS, FakeEncoder, meaning
from tests.search.conftest import ask, quotes
from tests.storage.factories import MADE_WITH, a_document, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from index.records import Document, Found
    from index.storage.database import Connection

DOCUMENTS = 250
PASSAGES = 400
"""Of each document."""
QUESTION = "Which whale was seen in the harbour?"
PARTS = ("bolt", "nail", "screw", "nut", "pin", "rivet")
SMALL = replace(
    a_document(
        *(f"Item {n} of the list is a {part}." for n, part in enumerate(PARTS * 2)), source="/small.txt", title="Parts"
    ),
    date="1999",
)
"""Twelve passages that are about nothing that is asked."""
GONE, REPLACED = 3, 4
"""Volumes that were removed, and replaced by another text, after the dense index was built."""
NEW = replace(a_document(*(f"A whale in the new edition, {n}." for n in range(30)), source="/4.txt"), date="2002")


def random_units(chance: np.random.Generator, n: int) -> np.ndarray[Any, Any]:
    """Directions all around that of the question: most are nearer to it than a list of parts is."""
    vectors = chance.normal(size=(n, FakeEncoder().dimension)) + 4 * meaning(QUESTION)
    return normalised(vectors.astype(np.float32))


def store_passages(
    connection: Connection, document: Document, texts: Sequence[str], vectors: np.ndarray[Any, Any]
) -> None:
    """One passage of one sentence for each text and vector, in the transaction that is open."""
    ends = np.cumsum([len(text) + 2 for text in texts]) - 2
    chunks = [
        Chunk(end - len(text), end, (Span(end - len(text), end),))
        for text, end in zip(texts, ends.tolist(), strict=True)
    ]
    halves = vectors.astype("<f2")
    bytes_each = np.rint(vectors * (127 / np.abs(vectors).max(axis=1, keepdims=True))).astype(np.int8)
    packed = [
        tables.PackedVectors(n.to_bytes(4), half.tobytes(), each.tobytes())
        for n, (half, each) in enumerate(zip(halves, bytes_each, strict=True))
    ]
    number = tables.insert_document(connection, document, chunks, tables.next_generation(connection))
    tables.insert_passages(connection, number, document, chunks, packed)
    connection.execute("INSERT INTO sources VALUES (?, ?)", (document.source, number))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that library, with the small document in the middle of it."""
    path = tmp_path_factory.mktemp("scale") / "library"
    chance = np.random.default_rng(20)
    words = np.array([word for idea in IDEAS for word in idea.split()] + [f"word{n}" for n in range(2000)])
    store = FolderStore(path, create=True)
    store._dense._builder.start = lambda: None  # type: ignore[method-assign]  # which would give way to all else
    with store.writing():
        with store.catalog.database.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'fingerprint'", (MADE_WITH,))
            for n in range(DOCUMENTS):
                texts = [
                    f"A whale, {' '.join(picked)}." for picked in words[chance.integers(0, len(words), (PASSAGES, 5))]
                ]
                large = a_document(*texts, source=f"/{n}.txt", title=f"Volume {n}")
                dated = replace(large, date="2001" if n % 2 else "2002", id=key_of(large.source).hex())
                store_passages(connection, dated, texts, random_units(chance, PASSAGES))
                if n == DOCUMENTS // 2:
                    parts = SMALL.text.split("\n\n")
                    store_passages(connection, SMALL, parts, np.stack([meaning(part) for part in parts]))
        store.index()
    assert store.catalog.totals()["passages"] == DOCUMENTS * PASSAGES + 12
    store.wait_for_dense()
    change(store, chance)
    store.close()
    return path


def change(store: FolderStore, chance: np.random.Generator) -> None:
    """One document goes, another one is replaced."""
    with store.writing():
        store.catalog.remove(number_of(store, f"/{GONE}.txt"))
        with store.catalog.database.writing() as connection:
            tables.unlink(connection, NEW.source, tables.next_generation(connection))
            store_passages(connection, NEW, NEW.text.split("\n\n"), random_units(chance, 30))
        store.index()


def number_of(store: FolderStore, source: str) -> int:
    """The number of the document that was read from there."""
    return store.catalog.number_of(store.catalog.document_of(source)) or 0


@pytest.fixture(scope="module")
def library(folder: Path) -> Iterator[Library]:
    """The library, opened once for all tests."""
    with Library.open(folder, Settings(), encoder=FakeEncoder()) as library:
        yield library


def all_of(found: Found, document: Document) -> bool:
    """Whether there are ten hits, each of that document, none twice."""
    return [hit.document.id for hit in found] == [document.id] * 10 and len(set(quotes(found))) == 10


def test_without_a_filter_the_small_document_is_not_seen(library: Library) -> None:
    """All others are nearer: it is not among the hundred best."""
    assert all(hit.document.id != SMALL.id for hit in library.search(QUESTION, limit=100))


def test_ten_of_ten_by_number(folder: Path) -> None:
    """The retriever, restricted to the document's number, finds ten of its twelve passages and nothing else."""
    store = FolderStore(folder, create=False)
    assert all_of(ask(store, QUESTION, within=[store.catalog.number_of(SMALL.id) or 0]), SMALL)
    store.close()


@pytest.mark.parametrize("operators", ["in:parts", "in:small.txt", "before:2000", "after:1999 before:2001"])
def test_ten_of_ten_by_operator(library: Library, operators: str) -> None:
    """So does the syntax, by title, file name or date."""
    assert all_of(library.search(f"{QUESTION} {operators}"), SMALL)


def test_ten_of_ten_by_name(library: Library) -> None:
    """So does naming the document, and the best of it come first: the one that the question's word is in."""
    found = library.search("the whale or a rivet", documents=["Parts"])
    assert all_of(found, SMALL)
    assert {hit.quote for hit in found.hits[:2]} == {
        "Item 5 of the list is a rivet.",
        "Item 11 of the list is a rivet.",
    }


@pytest.mark.parametrize("mode", ["dense", "hybrid"])
def test_a_filter_that_admits_half_of_all(library: Library, mode: str) -> None:
    """Fifty thousand passages are admitted: only theirs come, and as many as are asked for."""
    found = library.search(f"{QUESTION} after:2002", limit=100, mode=mode)  # type: ignore[arg-type]
    assert len(found) == 100
    assert {hit.document.date for hit in found} == {"2002"}


def test_a_filter_finds_the_best_of_what_it_admits(library: Library) -> None:
    """The ten nearest of one document among 251 are those that a search of all passages ranks highest of it."""
    library._store.refresh()
    everything = library._store.dense(meaning(QUESTION), DOCUMENTS * PASSAGES)
    (volume,) = library._store.catalog.ranges([library._store.catalog.number_of(library.find("Volume 7").id) or 0])
    expected = [each for each in everything if volume.first <= each < volume.first + volume.passages][:10]
    found = library.search(QUESTION, documents=["Volume 7"], mode="dense")
    assert [hit.passage.id for hit in found] == expected


def test_a_phrase_of_few_among_all(library: Library) -> None:
    """Twelve passages hold it; they come, whatever is asked beside it, and no other does."""
    found = library.search(f'"of the list" {QUESTION}', limit=50)
    assert {each.document.id for hit in found for each in (hit, *hit.also)} == {SMALL.id}
    assert sum(1 + len(hit.also) for hit in found) == 12
    assert VERBATIM_MOST >= 12
    assert all(hit.why.verbatim for hit in library.search("of the list", limit=10))


def test_an_exclusion_of_nearly_all(library: Library) -> None:
    """Every other passage has the excluded word: what is left is found."""
    assert all_of(library.search("harbour in winter -whale"), SMALL)


# The dense side alone, beside arithmetic


def nearest(library: Library, scope: Scope, k: int) -> dict[int, float]:
    """What comparing the question with every passage that a scope admits gives."""
    catalog, question = library._store.catalog, meaning(QUESTION)
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
    """So many of the ids, at random."""
    return (np.flatnonzero(np.random.default_rng(8).random(DOCUMENTS * PASSAGES) < share) + 1).tolist()


NARROW = {
    "one document": lambda ranges: Scope(documents=ranges[7:8]),
    "the new edition": lambda ranges: Scope(documents=[each for each in ranges if each.passages == 30]),
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
def test_a_narrow_filter_is_exact(library: Library, name: str) -> None:
    """Where few are admitted, every one of them is compared with: the best come, each with its cosine."""
    library._store.refresh()
    assert library._store._dense.base is not None
    scope = NARROW[name](library._store.catalog.added_since(-1))
    found = library._store.dense(meaning(QUESTION), 50, scope)
    assert found == pytest.approx(nearest(library, scope, 50), abs=1e-5)


@pytest.mark.parametrize("name", WIDE)
def test_a_wide_filter_is_as_good_as_none(library: Library, name: str) -> None:
    """Where many are admitted, as many as are asked for come, all of them admitted, and hardly a better one exists."""
    library._store.refresh()
    scope = WIDE[name](library._store.catalog.added_since(-1))
    found, best = library._store.dense(meaning(QUESTION), 50, scope), nearest(library, scope, DOCUMENTS * PASSAGES)
    assert len(found) == 50
    assert found == pytest.approx({identity: best[identity] for identity in found}, abs=1e-5)
    assert len(found.keys() & set(list(best)[:50])) >= 45


def test_what_went_is_in_no_filter(library: Library) -> None:
    """The ids of a document that was removed, or replaced, are admitted by nothing, even where they are named."""
    library._store.refresh()
    gone = sorted(set(range(1, DOCUMENTS * PASSAGES + 13)) - library._store._dense.ids())
    assert len(gone) == 2 * PASSAGES
    assert library._store.dense(meaning(QUESTION), 50, Scope(holding=gone)) == {}
    assert library._store.dense(meaning(QUESTION), 2**31).keys().isdisjoint(gone)
