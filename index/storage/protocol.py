"""The protocol between retrieval and a store, small enough for an existing distributed engine to implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from index.readiness import Readiness
    from index.records import DocumentInfo, Location
    from index.storage.catalog import PassageRow
    from index.storage.scope import Scope


class Store(Protocol):
    """All that retrieval needs. Documents have numbers, passages have ids; a scope filters before ranking."""

    def refresh(self) -> Readiness:
        """Read what others have committed, and return how far the indexes are behind it."""
        ...

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """Return the scope of these documents' passages that contain every phrase and no excluded one; None for all."""
        ...

    def dense(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """Return the `k` nearest passages, nearest first: id to cosine."""
        ...

    def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """Return the `k` best passages by the query's words, best first: id to BM25 score."""
        ...

    def cosines(self, vector: np.ndarray[Any, Any], ids: Sequence[int]) -> dict[int, float]:
        """Return the cosine of each of these passages, equal to the one from `dense`."""
        ...

    def lexical_scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """Return the BM25 score of each of these passages, equal to the one from `lexical`.

        A passage without any of the words is missing.
        """
        ...

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """Return the number of each passage's document."""
        ...

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """Return at most `k` passages that contain these words in this order."""
        ...

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """Return the passages that still exist, by id."""
        ...

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """Return the documents that still exist, by number."""
        ...

    def locate(self, number: int, start: int) -> Location:
        """Return the location (page, headings, paragraph) of an offset in a document."""
        ...

    def terms(self, text: str) -> dict[str, str]:
        """Return the search terms of a question in order, each with the word that it comes from."""
        ...

    def analyze(self, text: str) -> list[str]:
        """Return the terms of a text, in order."""
        ...

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term among the passages."""
        ...
