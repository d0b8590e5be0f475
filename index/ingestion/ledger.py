"""Collects the outcomes of files for the receipt."""

from __future__ import annotations

from dataclasses import dataclass, field

from index.records import Failure, Note, Receipt


@dataclass(slots=True)
class ReceiptBuilder:
    """The outcomes of the files so far."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passages: int = 0
    encoded: int = 0

    @property
    def files(self) -> int:
        """Number of settled files."""
        return len(self.added) + len(self.replaced) + len(self.unchanged) + len(self.failed)

    def build(self, seconds: float) -> Receipt:
        """Return the receipt."""
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
