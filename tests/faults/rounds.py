"""Rounds of killing an operation, inspecting the library and finishing the operation; and their tally."""

from __future__ import annotations

import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.errors import LibraryNotFound, PinciteError
from tests.faults.oracle import Finding, examine
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tests.faults.arena import Arena
    from tests.faults.operations import Operation
    from tests.faults.oracle import Change

_MEAN_DELAY = 0.004
"""Mean seconds from a report to a kill that aims at the step after it."""


@dataclass(slots=True)
class Tally:
    """The results of the rounds of one operation."""

    rounds: int = 0
    hits: int = 0
    """Kills that came before the operation finished; for other faults, the number that took effect."""
    states: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All faults."""
        return [*self.lost, *self.wrong, *self.disagreements]

    def count(self, finding: Finding, place: str) -> None:
        """Add the findings of a round."""
        self.lost += [f"{place}: {fault}" for fault in finding.lost]
        self.wrong += [f"{place}: {fault}" for fault in finding.wrong]
        self.disagreements += [f"{place}: {fault}" for fault in (*finding.disagreements, *finding.index_errors)]

    def row(self, name: str) -> dict[str, str | int]:
        """The row of a table."""
        return {
            "operation": name,
            "rounds": self.rounds,
            "struck": self.hits,
            "states seen": len(self.states),
            "lost commits": len(self.lost),
            "wrong citations": len(self.wrong),
            "disagreements": len(self.disagreements),
        }


def inspect_library(
    arena: Arena, change: Change, reports: Collection[str], chance: random.Random, folder: Path | None = None
) -> Finding:
    """Open and examine a library. One that does not open is a finding, unless there was no library before."""
    try:
        with arena.open_library(folder) as library:
            return examine(library, change, reports, chance)
    except LibraryNotFound as error:
        return Finding() if not change.before and not reports else Finding(disagreements=[str(error)])
    except PinciteError as error:
        return Finding(disagreements=[f"{type(error).__name__}: {error}"])


def kill_rounds(operation: Operation, arena: Arena, rounds: int, seed: int) -> Tally:
    """Kill an operation at random times. Each time the library must be a committed state from which it can finish."""
    tally = Tally()
    duration, report_count = _measure(operation, arena)
    for number in range(rounds):
        chance = random.Random(f"{seed} {number}")
        change = operation.prepare(arena, number)
        worker = Worker(operation.action, arena)
        started = time.monotonic()
        _wait_for_kill_time(worker, chance, duration, report_count)
        orphans = worker.kill(with_children=chance.random() < 0.5)
        tally.rounds += 1
        tally.hits += not worker.finished
        if worker.finished:
            duration = 0.7 * duration + 0.3 * (time.monotonic() - started)
        place = f"round {number}, killed after {time.monotonic() - started:.3f} s"
        if orphans:
            tally.disagreements.append(f"{place}: {orphans} processes were left behind")
        tally.disagreements += [f"{place}: {report}" for report in worker.reports if report.startswith("refused ")]
        if worker.exit_code not in (0, -signal.SIGKILL):
            tally.disagreements.append(f"{place}: the worker ended by itself, with code {worker.exit_code}")
        finding = inspect_library(arena, change, set(worker.reports), chance)
        tally.states.add(finding.state)
        tally.count(finding, place)
        _inspect_copy(operation, arena, change, tally, chance, place)
        operation.action(arena, _ignore_report)
        tally.count(inspect_library(arena, change.completed(), change.sources, chance), f"{place}, then finished")
        _inspect_copy(operation, arena, change, tally, chance, f"{place}, then finished")
    return tally


def _inspect_copy(
    operation: Operation, arena: Arena, change: Change, tally: Tally, chance: random.Random, place: str
) -> None:
    """Check that the operation's output, if any, makes the same library."""
    if operation.unpack is None:
        return
    shutil.rmtree(arena.copy, ignore_errors=True)
    try:
        operation.unpack(arena, _ignore_report)
    except PinciteError as error:
        tally.disagreements.append(f"{place}: the copy: {type(error).__name__}: {error}")
    if arena.copy.exists():
        tally.count(inspect_library(arena, change, (), chance, arena.copy), f"{place}, the copy")


def _ignore_report(_: str) -> None:
    pass


def _measure(operation: Operation, arena: Arena) -> tuple[float, int]:
    """Return the seconds that an operation takes without a kill, and the number of its reports."""
    operation.prepare(arena, -1)
    worker = Worker(operation.action, arena)
    assert worker.receive()
    started = time.monotonic()
    worker.receive_all()
    duration = time.monotonic() - started
    assert worker.finished, f"the worker did not finish: {worker.reports[-1:]}"
    worker.kill(with_children=True)
    return duration, len(worker.reports) - 2


def _wait_for_kill_time(worker: Worker, chance: random.Random, duration: float, report_count: int) -> None:
    """Wait until the time for a kill: any time of the operation, or in half of the rounds shortly after a report."""
    assert worker.receive(), "the worker did not start"
    if report_count == 0 or chance.random() < 0.5:
        worker.receive_all(time.monotonic() + chance.uniform(0, duration))
        return
    for _ in range(chance.randrange(report_count)):
        if not worker.receive():
            return
    worker.receive_all(time.monotonic() + chance.expovariate(1 / _MEAN_DELAY))
