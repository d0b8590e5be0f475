"""The readiness of a library: how far its two indexes lag behind the catalog, and notes on that for readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many of a library's passages each index lacks; only the other index finds those."""

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
