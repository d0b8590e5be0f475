"""Records of files that are to be added, and of their states."""

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
"""Stages that are not final."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file to be added."""

    name: str
    """Its file name."""
    path: Path
    """Where its bytes are now."""
    source: str
    """Its source in the library."""
    size: int
    """Size in bytes."""
    identity: str = ""
    """Hexadecimal SHA-256 of its bytes; empty for a file that is read in place."""
    home: Path | None = None
    """Its final path once the library holds it; None for a file that is read in place."""
    within: tuple[Path, ...] = ()
    """Folders that a link must not lead out of when the file is read; empty for no restriction."""


@dataclass(frozen=True, slots=True)
class FileState:
    """The state of one file of a job."""

    name: str
    source: str
    stage: FileStage = "waiting"
    passages: int = 0
    """While encoding, the number of encoded passages, estimated in proportion if files are encoded together; afterwards
    the number of passages of its document."""
    of_passages: int = 0
    part: float = 0.0
    """Finished share of the work on it, in [0, 1]."""
    reason: str = ""
    """Why it failed or was cancelled."""
    hint: str = ""
    """How to fix the problem."""
    notes: tuple[str, ...] = ()
    """Warnings about a file that was added."""
