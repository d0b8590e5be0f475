"""What the long operations on a library as a whole tell while they are at work, and when they are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Watch = Callable[[str, int, int], None]
"""Hears what is done, how much of it, and of how much; what it raises ends the work there."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made."""

    path: str
    bytes: int
    documents: int
    passages: int
    originals: int
    """Files that had arrived in the library's own folder."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Restored:
    """A library that was made from a backup."""

    folder: str
    documents: int
    passages: int
    originals: int
    made_at: str
    """When the backup was made, in UTC."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Compacted:
    """A library that takes less room."""

    bytes_before: int
    bytes_after: int
    seconds: float
    notes: tuple[str, ...] = ()
    """What could not be given back yet, and why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A library that was made anew from the texts that it holds."""

    documents: int
    passages: int
    encoded: int
    """Passages encoded this time."""
    found: int
    """Passages whose vectors were there already, or left by a run that was stopped."""
    made_with: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Exported:
    """A library that was written to a portable file."""

    path: str
    bytes: int
    documents: int
    passages: int
    vectors: bool
    seconds: float
