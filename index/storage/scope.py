"""Where a search looks: which documents, and which of their passages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.storage.catalog import DocumentRange


@dataclass(frozen=True, slots=True)
class Scope:
    """What both sides are restricted to before they rank."""

    documents: Sequence[DocumentRange] | None = None
    """None for all."""
    phrases: tuple[str, ...] = ()
    """Each must be in the passage."""
    excluded: tuple[str, ...] = ()
    """None may be."""
    holding: Sequence[int] | None = None
    """The ids of the passages that hold all phrases; None where there are no phrases."""
    banned: Sequence[int] = ()
    """The ids of the passages that hold what is excluded."""

    @property
    def empty(self) -> bool:
        """Whether no passage can be in it."""
        return (self.documents is not None and not self.documents) or (self.holding is not None and not self.holding)
