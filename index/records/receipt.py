"""Receipts: what a change did to each file, and the progress while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Stage = Literal["reading", "encoding", "settled", "done"]
Outcome = Literal["added", "replaced", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and what to do about it."""

    source: str
    reason: str
    hint: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader should know about a file that was added all the same."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that has a new name or place."""

    source: str
    before: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of an `add`, a `remove` or a `sync`: each file found, and each one gone, is in exactly one tuple."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    renamed: tuple[Renamed, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    notes: tuple[Note, ...] = ()
    passages: int = 0
    """Passages added, whether encoded now or known from before."""
    encoded: int = 0
    """Passages encoded now."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Queue:
    """The files that an interrupted `add` left to do, and those that could not be read."""

    waiting: tuple[str, ...]
    """Paths, in the order in which they will be added."""
    failed: tuple[Failure, ...]
    """By path; each is forgotten when it is added."""


class Portion(NamedTuple):
    """One file's share of the passages that are encoded together."""

    source: str
    passages: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The final outcome of one file."""

    outcome: Outcome
    passages: int = 0
    """Passages of its document, if it was added or replaced."""
    notes: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a long `add`."""

    source: str
    stage: Stage
    files_done: int
    files: int
    passages: int
    """Passages encoded so far, of this file and of those that are encoded together with it."""
    of_passages: int
    together: tuple[Portion, ...] = ()
    """While encoding: all files that are encoded together, this one first."""
    settled: Settled | None = None
    """The outcome of a file whose stage is `settled`."""


ProgressCallback = Callable[[Progress], None]
"""Called at every moment, in the thread that works, between two steps. An exception that it raises ends the work."""
