"""The interface of the store: small enough that an existing distributed search engine could implement it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from index.records import DocumentInfo, Location, Span
    from index.storage.catalog.document_queries import DocumentRange
    from index.storage.catalog.passage_queries import PassageRow

Hindrance = Literal["", "busy", "not writable"]
"""Why the word index is not being completed: another writer is busy, or the disk is not writable. Else empty."""

TOLERATED = 0.05
"""The share of a library's passages that an index may lack and still count as complete: confidence was fitted with
both indexes, and one passage in twenty does not change it."""
PASSAGES_PER_SECOND = 4_000
"""Passages per second that are added to the word index, on one core."""
_MINUTE = 60
_MINUTES_ABOVE = 90
"""Seconds above which a time is given in minutes."""
_SEPARATOR = " | "
_TARGET = re.compile(r"/(\d{1,6})-\d+$")


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many of a library's passages each index lacks; only the other index can find those."""

    passages: int = 0
    """Number of passages in the library."""
    lacks_words: int = 0
    """Number of passages that the word index (BM25) lacks."""
    lacks_vectors: int = 0
    """Number of passages that the vector index lacks."""
    hindrance: Hindrance = ""

    @property
    def has_words(self) -> bool:
        """Whether the word index holds nearly all passages."""
        return self.lacks_words <= TOLERATED * self.passages

    @property
    def has_vectors(self) -> bool:
        """Whether the vector index holds nearly all passages."""
        return self.lacks_vectors <= TOLERATED * self.passages

    @property
    def ready(self) -> bool:
        """Whether both indexes hold nearly all passages, so that questions get the best possible answers."""
        return self.has_words and self.has_vectors

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on what is missing, what that means for an answer, and when it will be ready; empty if nothing is.

        No note names a folder.
        """
        return tuple(note for note in (self._on_words(), self._on_vectors()) if note)

    def _on_words(self) -> str:
        if not self.lacks_words:
            return ""
        if self.lacks_words >= self.passages:
            note = "The word index is missing: search uses meaning only, so exact words, names and numbers may be "
            note += "missed, and the confidence is less reliable."
        else:
            note = f"The word index lacks {self.lacks_words:,} of {self.passages:,} passages: search finds them by "
            note += "meaning only." if self.has_words else "meaning only, and the confidence is less reliable."
        if self.hindrance == "not writable":
            return f"{note} It cannot be completed, because the disk is not writable: see `pincite doctor`."
        if self.hindrance == "busy":
            return f"{note} It is completed when the running change to the library has ended."
        return (
            f"{note} It is being built, which takes {_about(self.lacks_words / PASSAGES_PER_SECOND)}; then ask again."
        )

    def _on_vectors(self) -> str:
        if not self.lacks_vectors:
            return ""
        if self.lacks_vectors >= self.passages:
            note = "The vector index is missing: search uses words only."
        else:
            note = f"The vector index lacks {self.lacks_vectors:,} of {self.passages:,} passages: search finds them "
            note += "by words only."
        return f"{note} It is being completed; ask again in a moment."


def _about(seconds: float) -> str:
    if seconds <= 1:
        return "about a second"
    return f"about {seconds:.0f} seconds" if seconds < _MINUTES_ABOVE else f"about {seconds / _MINUTE:.0f} minutes"


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def fingerprint_of(encoder: _Named, chunker: _Named) -> str:
    """Return the fingerprint of a library whose vectors are made with this encoder and this chunker."""
    return encoder.name + _SEPARATOR + chunker.name


def encoder_of(fingerprint: str) -> str:
    """Return the name of the encoder in a fingerprint."""
    return fingerprint.partition(_SEPARATOR)[0]


def target_of(fingerprint: str) -> int | None:
    """Return the target length of passages in a fingerprint, in tokens; None if it names none."""
    match = _TARGET.search(fingerprint)
    return int(match[1]) if match else None


@dataclass(frozen=True, slots=True)
class Scope:
    """The filter that dense and lexical search apply before they rank."""

    documents: Sequence[DocumentRange] | None = None
    """The documents to search; None for all."""
    phrases: tuple[str, ...] = ()
    """Phrases that the passage must all contain."""
    excluded: tuple[str, ...] = ()
    """Phrases that the passage must not contain."""
    holding: Sequence[int] | None = None
    """The ids of the passages that contain all phrases; None if there are no phrases."""
    banned: Sequence[int] = ()
    """The ids of the passages that contain an excluded phrase."""

    @property
    def empty(self) -> bool:
        """Whether no passage can match."""
        return (self.documents is not None and not self.documents) or (self.holding is not None and not self.holding)


class Store(Protocol):
    """All that retrieval needs. Documents have numbers, passages have ids; a scope filters before ranking."""

    def refresh(self) -> Readiness:
        """Load what other processes have committed, and return how many passages the indexes lack."""
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

    def locate(self, places: Sequence[tuple[int, Span]]) -> list[Location]:
        """Return the location of each place: a document's number and a span in it."""
        ...

    def terms(self, text: str) -> Mapping[str, str]:
        """Return the search terms of a question in order, each with the word that it comes from."""
        ...

    def analyze(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the terms of each text, in order."""
        ...

    def counts(self, words: Sequence[str]) -> list[int]:
        """Return how many passages have each of these words, in this form and in lower case without accents."""
        ...

    def idf(self, terms: Sequence[str]) -> dict[str, float]:
        """Return the inverse document frequency of each term among the passages."""
        ...
