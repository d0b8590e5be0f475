"""Fixtures for searching: a store of given documents, and a retriever that takes questions in the search syntax."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from index.search.retriever import Retriever
from index.storage.store import FolderStore
from index.text.query import parse
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


@pytest.fixture
def store_of(tmp_path: Path) -> Iterator[StoreOf]:
    """Make indexed stores, which are closed after the test."""
    stores: list[FolderStore] = []

    def make(*documents: Document) -> FolderStore:
        store = FolderStore(tmp_path / f"store{len(stores)}", create=True)
        stores.append(store)
        with store.writing():
            for document in documents:
                put(store.catalog, document)
            store.index()
        store.refresh()
        return store

    yield make
    for store in stores:
        store.close()


def ask(
    store: FolderStore, question: str, *, limit: int = 10, reranker: Reranker | None = None, **options: Any
) -> Found:
    """Search the store's documents for a question."""
    return retriever(store, FakeEncoder(), reranker).search(parse(question), limit=limit, **options)


def retriever(store: FolderStore, encoder: Encoder, reranker: Reranker | None = None) -> Retriever:
    """Make a retriever that encodes questions in a thread of its own, as a library's does."""
    return Retriever(store, encoder, ThreadPoolExecutor(1), reranker)


def quotes(found: Found) -> list[str]:
    """Return the quotes of the pins, best first."""
    return [hit.quote for hit in found]
