"""Kill, look, go on; and what was seen, counted."""

from __future__ import annotations

import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from index.errors import LibraryNotFound, PinciteError
from tests.faults.actor import Actor
from tests.faults.oracle import Finding, examine

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tests.faults.arena import Arena
    from tests.faults.operations import Operation
    from tests.faults.oracle import Change

_SHORTLY = 0.004
"""Seconds, on average, from something that was told to a kill that aims at what follows it."""


@dataclass(slots=True)
class Tally:
    """What was seen in the rounds of one operation."""

    rounds: int = 0
    hits: int = 0
    """Kills that came before it was done; of other faults, how many were met."""
    states: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All of them."""
        return [*self.lost, *self.wrong, *self.disagreements]

    def count(self, finding: Finding, where: str) -> None:
        """What was found in a round."""
        self.lost += [f"{where}: {fault}" for fault in finding.lost]
        self.wrong += [f"{where}: {fault}" for fault in finding.wrong]
        self.disagreements += [f"{where}: {fault}" for fault in (*finding.disagreements, *finding.late)]

    def row(self, name: str) -> dict[str, str | int]:
        """For a table."""
        return {
            "operation": name,
            "rounds": self.rounds,
            "struck": self.hits,
            "states seen": len(self.states),
            "lost commits": len(self.lost),
            "wrong citations": len(self.wrong),
            "disagreements": len(self.disagreements),
        }


def look(
    arena: Arena, change: Change, told: Collection[str], chance: random.Random, folder: Path | None = None
) -> Finding:
    """Open the library and examine it; one that does not open is a finding, unless there was none before."""
    try:
        with arena.opened(folder) as library:
            return examine(library, change, told, chance)
    except LibraryNotFound as error:
        return Finding() if not change.before and not told else Finding(disagreements=[str(error)])
    except PinciteError as error:
        return Finding(disagreements=[f"{type(error).__name__}: {error}"])


def kill_rounds(operation: Operation, arena: Arena, rounds: int, seed: int) -> Tally:
    """Kill it at random instants; each time the library has to be a committed state, and to go on from there."""
    tally = Tally()
    span, words = _measured(operation, arena)
    for number in range(rounds):
        chance = random.Random(f"{seed} {number}")
        change = operation.prepare(arena, number)
        actor = Actor(operation.act, arena)
        began = time.monotonic()
        _await_instant(actor, chance, span, words)
        left = actor.kill(everything=chance.random() < 0.5)
        tally.rounds += 1
        tally.hits += not actor.done
        if actor.done:
            span = 0.7 * span + 0.3 * (time.monotonic() - began)
        where = f"round {number}, killed after {time.monotonic() - began:.3f} s"
        if left:
            tally.disagreements.append(f"{where}: {left} processes were left behind")
        tally.disagreements += [f"{where}: {word}" for word in actor.told if word.startswith("refused ")]
        if actor.code not in (0, -signal.SIGKILL):
            tally.disagreements.append(f"{where}: it ended by itself, with code {actor.code}")
        finding = look(arena, change, set(actor.told), chance)
        tally.states.add(finding.state)
        tally.count(finding, where)
        _look_at_copy(operation, arena, change, tally, chance, where)
        operation.act(arena, _to_nobody)
        tally.count(look(arena, change.done(), change.sources, chance), f"{where}, then done to the end")
        _look_at_copy(operation, arena, change, tally, chance, f"{where}, then done to the end")
    return tally


def _look_at_copy(
    operation: Operation, arena: Arena, change: Change, tally: Tally, chance: random.Random, where: str
) -> None:
    """What it has made, if anything, makes a library that is the same."""
    if operation.unpack is None:
        return
    shutil.rmtree(arena.copy, ignore_errors=True)
    try:
        operation.unpack(arena, _to_nobody)
    except PinciteError as error:
        tally.disagreements.append(f"{where}: the copy: {type(error).__name__}: {error}")
    if arena.copy.exists():
        tally.count(look(arena, change, (), chance, arena.copy), f"{where}, the copy")


def _to_nobody(_: str) -> None:
    pass


def _measured(operation: Operation, arena: Arena) -> tuple[float, int]:
    """Seconds that it takes when nobody kills it, and how many things it tells."""
    operation.prepare(arena, -1)
    actor = Actor(operation.act, arena)
    assert actor.hear()
    began = time.monotonic()
    actor.listen()
    took = time.monotonic() - began
    assert actor.done, f"it was not done: {actor.told[-1:]}"
    actor.kill(everything=True)
    return took, len(actor.told) - 2


def _await_instant(actor: Actor, chance: random.Random, span: float, words: int) -> None:
    """Half of the instants are anywhere in its time, half shortly after something that it told, if it tells."""
    assert actor.hear(), "it has not begun"
    if words == 0 or chance.random() < 0.5:
        actor.listen(time.monotonic() + chance.uniform(0, span))
        return
    for _ in range(chance.randrange(words)):
        if not actor.hear():
            return
    actor.listen(time.monotonic() + chance.expovariate(1 / _SHORTLY))
