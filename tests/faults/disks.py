"""Disks that are full, or take no changes."""

from __future__ import annotations

import os
import random
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.actor import Actor
from tests.faults.arena import Arena
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import Tally, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.oracle import Change

DISK_MEGABYTES = 16
_FREE = 700_000
"""Up to so many bytes are left on a full disk: less than anything that changes many documents needs."""
_CHANGING = ("add", "replace", "remove", "sync", "compact", "rebuild")
_REFUSED = ("refused LibraryNotWritable", "refused LibraryReadOnly", "refused NoRoom")


class NoDiskError(Exception):
    """No small disk can be mounted: that takes root."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of sixteen megabytes. Raises NoDiskError."""
    folder.mkdir(parents=True)
    size = f"size={DISK_MEGABYTES}m"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        raise NoDiskError
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def full_disk(folder: Path, rounds: int, seed: int) -> Tally:
    """The disk is full from some moment on: refused or done; what was committed stays, and with room it goes on."""

    def strike(arena: Arena, chance: random.Random) -> Callable[[], None]:
        ballast = arena.folder.parent / "ballast"
        status = os.statvfs(arena.folder)
        free = status.f_bavail * status.f_bsize
        ballast.write_bytes(bytes(max(0, free - chance.randrange(_FREE))))
        return ballast.unlink

    return _on_bad_disk(folder, rounds, seed, strike)


def read_only_disk(folder: Path, rounds: int, seed: int) -> Tally:
    """The disk takes no changes: refused; what was committed stays."""

    def strike(arena: Arena, chance: random.Random) -> Callable[[], None]:
        _remount(arena.folder.parent, "ro")
        return lambda: _remount(arena.folder.parent, "rw")

    return _on_bad_disk(folder, rounds, seed, strike)


def _on_bad_disk(
    folder: Path, rounds: int, seed: int, strike: Callable[[Arena, random.Random], Callable[[], None]]
) -> Tally:
    tally = Tally()
    with small_disk(folder / "disk") as disk:
        arena = Arena(disk / "arena")
        for number in range(rounds):
            chance = random.Random(f"{seed} {number}")
            name = _CHANGING[number % len(_CHANGING)]
            change = OPERATIONS[name].prepare(arena, number)
            mend = strike(arena, chance)
            try:
                actor = Actor(OPERATIONS[name].act, arena)
                actor.listen()
                actor.kill(everything=True)
                while_bad = look(arena, change, actor.told, chance)
            finally:
                mend()
            tally.rounds += 1
            tally.hits += any(word.startswith(_REFUSED) for word in actor.told)
            where = f"round {number}, {name}"
            if not actor.done and not any(word.startswith(_REFUSED) for word in actor.told):
                tally.disagreements.append(f"{where}: ended with {actor.told[-1:]}, code {actor.code}")
            while_bad.late.clear()  # the indexes cannot be written either
            # What a change that was killed, or another program, left in the log cannot be read on a read-only disk.
            if not any(fault.startswith("LibraryNotWritable") for fault in while_bad.disagreements):
                tally.count(while_bad, f"{where}, while it lasts")
            _look_and_finish(tally, arena, change, name, actor, chance, where)
    return tally


def _look_and_finish(
    tally: Tally, arena: Arena, change: Change, name: str, actor: Actor, chance: random.Random, where: str
) -> None:
    finding = look(arena, change, actor.told, chance)
    tally.states.add(finding.state)
    tally.count(finding, where)
    OPERATIONS[name].act(arena, lambda _: None)
    tally.count(look(arena, change.done(), change.sources, chance), f"{where}, then done to the end")


def _remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how},size={DISK_MEGABYTES}m", str(disk)], check=True)
