"""What waits and what happens to it, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["add", "batch"]
State = Literal["waiting", "working", "done", "cancelled", "failed"]
FileStage = Literal["waiting", "reading", "encoding", "added", "replaced", "unchanged", "failed", "cancelled"]

UNDER_WAY: tuple[State, ...] = ("waiting", "working")
OPEN: tuple[FileStage, ...] = ("waiting", "reading", "encoding")
"""Stages that others will follow."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that is to be added."""

    name: str
    """What to call it."""
    path: Path
    """Where its bytes are now."""
    source: str
    """What the library will know it by."""
    size: int
    """In bytes."""
    identity: str = ""
    """SHA-256 of its bytes, in hexadecimal; empty for a file that stays where it is."""
    home: Path | None = None
    """Where it goes once the library holds it; None for a file that stays where it is."""
    within: tuple[Path, ...] = ()
    """Folders of which it must not lead out when it is read, by whatever link; none where that is no matter."""


@dataclass(frozen=True, slots=True)
class FileState:
    """One file of a job: what is being done to it, and how far that is."""

    name: str
    source: str
    stage: FileStage = "waiting"
    passages: int = 0
    """While encoding, how many of those that need it are done, where several files are encoded together in proportion;
    then how many its document has."""
    of_passages: int = 0
    part: float = 0.0
    """How much of the work on it is done, in [0, 1]."""
    reason: str = ""
    """Why it failed or was cancelled."""
    hint: str = ""
    """What to do about it."""
    notes: tuple[str, ...] = ()
    """What the reader should know of it, though it was added."""
