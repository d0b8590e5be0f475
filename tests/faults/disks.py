"""Disks that are full or read-only."""

from __future__ import annotations

import gc
import os
import random
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.faults.arena import Arena
from tests.faults.operations import OPERATIONS
from tests.faults.rounds import Tally, inspect_library
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.oracle import Change

DISK_MEGABYTES = 16
_MAX_FREE_BYTES = 700_000
"""A full disk has less free space than this, so that no change of many documents fits."""
_CHANGING = ("add", "replace", "remove", "sync", "compact", "rebuild")
_REFUSED = ("refused LibraryNotWritable", "refused LibraryReadOnly", "refused NoRoom")


class NoDiskError(Exception):
    """No small disk can be mounted, because that requires root."""


@contextmanager
def mounted_disk(folder: Path, megabytes: int = DISK_MEGABYTES) -> Iterator[Path]:
    """Mount a small disk until the block ends. Raises NoDiskError."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise NoDiskError
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_disk(disk: Path, *, leave: int) -> Path:
    """Fill a disk with a file until only some bytes are left, and return that file."""
    status = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, status.f_bavail * status.f_bsize - leave)))
    return ballast


def full_disk(folder: Path, rounds: int, seed: int) -> Tally:
    """Fill the disk: a change is refused or completed, committed data stays, and the change completes on free space."""

    def damage_disk(arena: Arena, chance: random.Random) -> Callable[[], None]:
        return fill_disk(arena.folder.parent, leave=chance.randrange(_MAX_FREE_BYTES)).unlink

    return _on_bad_disk(folder, rounds, seed, damage_disk)


def read_only_disk(folder: Path, rounds: int, seed: int) -> Tally:
    """Make the disk read-only. Changes are refused, and committed data stays."""

    def damage_disk(arena: Arena, chance: random.Random) -> Callable[[], None]:
        _remount(arena.folder.parent, "ro")
        return lambda: _remount(arena.folder.parent, "rw")

    return _on_bad_disk(folder, rounds, seed, damage_disk)


def _on_bad_disk(
    folder: Path, rounds: int, seed: int, damage_disk: Callable[[Arena, random.Random], Callable[[], None]]
) -> Tally:
    tally = Tally()
    with mounted_disk(folder / "disk") as disk:
        arena = Arena(disk / "arena")
        for number in range(rounds):
            chance = random.Random(f"{seed} {number}")
            name = _CHANGING[number % len(_CHANGING)]
            change = OPERATIONS[name].prepare(arena, number)
            repair = damage_disk(arena, chance)
            try:
                worker = Worker(OPERATIONS[name].action, arena)
                worker.receive_all()
                worker.kill(with_children=True)
                finding_while_bad = inspect_library(arena, change, worker.reports, chance)
            finally:
                repair()
            tally.rounds += 1
            tally.hits += any(report.startswith(_REFUSED) for report in worker.reports)
            place = f"round {number}, {name}"
            if not worker.finished and not any(report.startswith(_REFUSED) for report in worker.reports):
                tally.disagreements.append(f"{place}: ended with {worker.reports[-1:]}, code {worker.exit_code}")
            finding_while_bad.index_errors.clear()  # the indexes cannot be written while the disk is bad
            # On a read-only disk, a log that a killed change or another program left behind cannot be read.
            if not any(fault.startswith("LibraryNotWritable") for fault in finding_while_bad.disagreements):
                tally.count(finding_while_bad, f"{place}, while it lasts")
            _inspect_and_finish(tally, arena, change, name, worker, chance, place)
    return tally


def _inspect_and_finish(
    tally: Tally, arena: Arena, change: Change, name: str, worker: Worker, chance: random.Random, place: str
) -> None:
    finding = inspect_library(arena, change, worker.reports, chance)
    tally.states.add(finding.state)
    tally.count(finding, place)
    OPERATIONS[name].action(arena, lambda _: None)
    tally.count(inspect_library(arena, change.completed(), change.sources, chance), f"{place}, then finished")


def _remount(disk: Path, mode: str) -> None:
    gc.collect()  # a closed word index keeps its deleted files mapped until then, and the disk would be busy
    subprocess.run(["mount", "-o", f"remount,{mode},size={DISK_MEGABYTES}m", str(disk)], check=True)
