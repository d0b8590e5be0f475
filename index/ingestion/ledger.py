"""The receipt while it is being written."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.records import Failure, Note, Receipt


@dataclass(slots=True)
class Ledger:
    """What became of each file so far."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    @property
    def files(self) -> int:
        """How many are settled."""
        return len(self.added) + len(self.replaced) + len(self.unchanged) + len(self.failed)

    def receipt(self, seconds: float) -> Receipt:
        """As a record."""
        return Receipt(
            added=tuple(self.added),
            replaced=tuple(self.replaced),
            unchanged=tuple(self.unchanged),
            failed=tuple(self.failed),
            notes=tuple(self.notes),
            passages=self.passages,
            encoded=self.encoded,
            seconds=seconds,
        )
