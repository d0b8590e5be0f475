"""Progress and results of the operations on a whole library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Watch = Callable[[str, int, int], None]
"""A progress callback: receives step, amount done and total. An error that it raises ends the operation."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """The result of a backup."""

    path: str
    bytes: int
    documents: int
    passages: int
    originals: int
    """Number of files from the library's own folder."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    folder: str
    documents: int
    passages: int
    originals: int
    made_at: str
    """The time of the backup, in UTC."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Compacted:
    """The result of compacting a library."""

    bytes_before: int
    bytes_after: int
    seconds: float
    notes: tuple[str, ...] = ()
    """What could not be freed yet, and why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of rebuilding a library from its texts."""

    documents: int
    passages: int
    encoded: int
    """Passages encoded in this run."""
    found: int
    """Passages whose vectors existed already, or were left by a run that was stopped."""
    made_with: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export to a portable file."""

    path: str
    bytes: int
    documents: int
    passages: int
    vectors: bool
    seconds: float
