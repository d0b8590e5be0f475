"""A store of documents that the test names, and a retriever that is asked in the reader's syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from index.querying import parse
from index.retrieval import Retriever
from index.storage.store import FolderStore
from tests.fakes import FakeEncoder
from tests.storage.making import put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records import Document, Found
    from index.reranking import Reranker


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
    return Retriever(store, FakeEncoder(), reranker).search(parse(question), limit=limit, **how)


def quotes(found: Found) -> list[str]:
    """The pins, best first."""
    return [hit.quote for hit in found]
