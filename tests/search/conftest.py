"""A store of documents that the test names, and a retriever that is asked in the reader's syntax."""

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
    """Makes a store of these documents."""

    def __call__(self, *documents: Document) -> FolderStore: ...


@pytest.fixture
def store_of(tmp_path: Path) -> Iterator[StoreOf]:
    """A store, indexed; it is closed when the test is over."""
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


def ask(store: FolderStore, question: str, *, limit: int = 10, reranker: Reranker | None = None, **how: Any) -> Found:
    """What the store's documents say to a question."""
    return retriever(store, FakeEncoder(), reranker).search(parse(question), limit=limit, **how)


def retriever(store: FolderStore, encoder: Encoder, reranker: Reranker | None = None) -> Retriever:
    """One that encodes questions beside what else it does, as a library's does."""
    return Retriever(store, encoder, ThreadPoolExecutor(1), reranker)


def quotes(found: Found) -> list[str]:
    """The pins, best first."""
    return [hit.quote for hit in found]
