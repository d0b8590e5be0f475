"""Fixtures for searching: a store of given documents, and a retriever that takes questions in the search syntax."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from index.library.library import Library
from index.search.retriever import Retriever
from index.settings import Settings
from index.storage.store import FolderStore
from index.text.questions import read_question
from tests.fakes import FakeEncoder
from tests.storage.factories import put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.encoders.cross_encoders import Reranker
    from index.encoders.encoder import Encoder
    from index.records import Document, Found


class StoreOf(Protocol):
    """Makes a store of the given documents."""

    def __call__(self, *documents: Document) -> FolderStore: ...


@pytest.fixture(scope="module")
def store_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreOf]:
    """Make indexed stores that tests only read: the same documents give the same store. They are closed at the end."""
    folder = tmp_path_factory.mktemp("stores")
    stores: dict[tuple[Document, ...], FolderStore] = {}

    def make(*documents: Document) -> FolderStore:
        if documents not in stores:
            stores[documents] = make_store(folder / f"store{len(stores)}", *documents)
        return stores[documents]

    yield make
    for store in stores.values():
        store.close()


def make_store(folder: Path, *documents: Document) -> FolderStore:
    """Make an indexed store, which a test may change."""
    store = FolderStore(folder, create=True)
    with store.writing():
        for document in documents:
            put(store.catalog, document)
        store.index()
    store.refresh()
    return store


def filled(library: Library, *documents: Document) -> Library:
    """Add these documents to a library, one passage per paragraph."""
    with library.parts.store.writing():
        for document in documents:
            put(library.parts.store.catalog, document)
        library.parts.store.index()
    return library


def opened(folder: Path) -> Library:
    """Open a library with the fake encoder and the shortest passages, for the tests of a module."""
    return Library.open(folder, Settings(passage_tokens=32), encoder=FakeEncoder())


def ask(
    store: FolderStore, question: str, *, limit: int = 10, reranker: Reranker | None = None, **options: Any
) -> Found:
    """Search the store's documents for a question."""
    return retriever(store, FakeEncoder(), reranker).search(read_question(question), limit=limit, **options)


def retriever(store: FolderStore, encoder: Encoder, reranker: Reranker | None = None) -> Retriever:
    """Make a retriever that encodes questions in a thread of its own, as a library's does."""
    return Retriever(store, encoder, ThreadPoolExecutor(1), reranker)


def quotes(found: Found) -> list[str]:
    """Return the quotes of the pins, best first."""
    return [hit.quote for hit in found]
