"""How far the two indexes of a library are behind its catalog, and what a reader should know of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hindrance = Literal["", "busy", "not writable"]
"""Why the word index is not being completed: another writer is at work, or the disk takes no changes. Else empty."""

TOLERATED = 0.05
"""The share of a library's passages that an index may lack and still count: confidence was fitted with both indexes,
and is not moved by one passage in twenty."""
PASSAGES_PER_SECOND = 4_000
"""How many passages the word index takes in, on one core."""
_MINUTE = 60
_PATIENT = 90
"""Seconds above which a time is told in minutes."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many of a library's passages either index lacks: the other index alone finds them."""

    passages: int = 0
    """How many there are."""
    lacks_words: int = 0
    """How many the word index (BM25) lacks."""
    lacks_vectors: int = 0
    """How many the vector index lacks."""
    hindrance: Hindrance = ""

    @property
    def has_words(self) -> bool:
        """Whether the word index holds nearly all passages."""
        return self.lacks_words <= TOLERATED * self.passages

    @property
    def has_vectors(self) -> bool:
        """Whether the vector index does."""
        return self.lacks_vectors <= TOLERATED * self.passages

    @property
    def ready(self) -> bool:
        """Whether both do: then questions are answered as well as they can be."""
        return self.has_words and self.has_vectors

    @property
    def notes(self) -> tuple[str, ...]:
        """What is missing, what that means for an answer, and when it will be there; nothing where nothing is missing.

        No note names a folder.
        """
        return tuple(note for note in (self._on_words(), self._on_vectors()) if note)

    def _on_words(self) -> str:
        if not self.lacks_words:
            return ""
        if self.lacks_words >= self.passages:
            what = "The word index is missing: questions are compared by their meaning alone, so exact words, names "
            what += "and numbers may be missed, and the confidence rests on less."
        else:
            what = f"The word index lacks {self.lacks_words:,} of {self.passages:,} passages: they are found by their "
            what += "meaning alone." if self.has_words else "meaning alone, and the confidence rests on less."
        if self.hindrance == "not writable":
            return f"{what} It cannot be completed, because the disk takes no changes: see `pincite doctor`."
        if self.hindrance == "busy":
            return f"{what} It is completed when the change to the library that is under way has ended."
        return f"{what} It is being made, which takes {_about(self.lacks_words / PASSAGES_PER_SECOND)}; then ask again."

    def _on_vectors(self) -> str:
        if not self.lacks_vectors:
            return ""
        if self.lacks_vectors >= self.passages:
            what = "The vector index is missing: questions are compared by their words alone."
        else:
            what = f"The vector index lacks {self.lacks_vectors:,} of {self.passages:,} passages: they are found by "
            what += "their words alone."
        return f"{what} It is being completed; ask again in a moment."


def _about(seconds: float) -> str:
    if seconds <= 1:
        return "about a second"
    return f"about {seconds:.0f} seconds" if seconds < _PATIENT else f"about {seconds / _MINUTE:.0f} minutes"
