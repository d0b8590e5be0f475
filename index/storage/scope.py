"""The scope of a search: its documents, and a filter on their passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog import DocumentRange


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
