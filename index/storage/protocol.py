"""What retrieval asks of a store: small enough for an existing distributed engine to implement it."""

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
    """All that retrieval needs. Documents are named by number, passages by id; a scope restricts before ranking."""

    def refresh(self) -> Readiness:
        """See what others have committed. What of it either side cannot find yet."""
        ...

    def scope(self, within: Sequence[int] | None, phrases: Sequence[str], excluded: Sequence[str]) -> Scope | None:
        """These documents' passages that hold every phrase and nothing that is excluded; None for all."""
        ...

    def dense(self, vector: np.ndarray[Any, Any], k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` nearest passages, nearest first: id to cosine."""
        ...

    def lexical(self, query: str, k: int, scope: Scope | None = None) -> dict[int, float]:
        """The `k` best passages by the query's words, best first: id to BM25 score."""
        ...

    def cosines(self, vector: np.ndarray[Any, Any], ids: Sequence[int]) -> dict[int, float]:
        """How near each of these passages is, as `dense` would say."""
        ...

    def lexical_scores(self, query: str, ids: Sequence[int]) -> dict[int, float]:
        """What each of these passages scores, as `lexical` would say; none where it holds none of the words."""
        ...

    def numbers(self, ids: Sequence[int]) -> dict[int, int]:
        """The number of each passage's document."""
        ...

    def holding(self, phrase: str, k: int, scope: Scope | None = None) -> list[int]:
        """At most `k` passages that hold these words in this order."""
        ...

    def passages(self, ids: Sequence[int]) -> dict[int, PassageRow]:
        """The passages that still exist, by id."""
        ...

    def infos(self, numbers: Sequence[int]) -> dict[int, DocumentInfo]:
        """The documents that still exist, by number."""
        ...

    def locate(self, number: int, start: int) -> Location:
        """Where in a document a place is."""
        ...

    def terms(self, text: str) -> dict[str, str]:
        """The terms to look for in a question, each with its word, in order."""
        ...

    def analyze(self, text: str) -> list[str]:
        """A text's terms, in order."""
        ...

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """How rare each term is among the passages."""
        ...
