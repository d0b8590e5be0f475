"""Faults besides kills: damaged files, bad disks, wrong clocks, and concurrent processes."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryError
from index.storage import store
from tests.faults.arena import Arena, clear
from tests.faults.disks import full_disk, read_only_disk
from tests.faults.operations import OPERATIONS, add, edited_sources, full_library
from tests.faults.oracle import Change, Finding, examine, wrong_citation, wrong_hit
from tests.faults.rounds import Tally, inspect_library
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.worker import Report

_CHANGING = ("replace", "remove", "sync", "compact", "cache writing")
GO = "go"
"""The file that processes wait for in order to start together."""
_SHIPS = 40
_VISIBLE_SECONDS = 1.0
"""Seconds within which a reader must see the commits of another process."""


def damaged_catalog(folder: Path, rounds: int, seed: int) -> Tally:
    """Flip bits of the catalog, or truncate it: the damage is detected, and no wrong text is served."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full_library(arena, 0)
    for number, chance in _restored_copies(arena, folder, rounds, seed):
        catalog = arena.library / "catalog.db"
        catalog.write_bytes(_damaged(catalog.read_bytes(), chance))
        finding, detected = _serve_damaged(arena, change, chance)
        tally.rounds += 1
        tally.hits += detected
        tally.states.add(int(detected))
        tally.count(finding, f"round {number}")
    return tally


def damaged_caches(folder: Path, rounds: int, seed: int) -> Tally:
    """Damage a file other than the catalog: the library rebuilds it and answers as before."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full_library(arena, 0)
    for number, chance in _restored_copies(arena, folder, rounds, seed):
        caches = [path for path in sorted(arena.library.rglob("*")) if path.is_file() and path.name != "catalog.db"]
        cache = chance.choice(caches)
        cache.write_bytes(_damaged(cache.read_bytes(), chance))
        tally.rounds += 1
        tally.hits += 1
        tally.count(inspect_library(arena, change, change.sources, chance), f"round {number}, {cache.name}")
    return tally


def _restored_copies(arena: Arena, folder: Path, rounds: int, seed: int) -> Iterator[tuple[int, random.Random]]:
    """Yield each round's number and random generator, after restoring the library to its first state."""
    original = shutil.copytree(arena.library, folder / "sound")
    for number in range(rounds):
        clear(arena.library)
        shutil.copytree(original, arena.library)
        yield number, random.Random(f"{seed} {number}")


def _damaged(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return data[: chance.randrange(len(data) + 1)]
    changed = bytearray(data)
    for _ in range(chance.choice((1, 8, 200)) if data else 0):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _serve_damaged(arena: Arena, change: Change, chance: random.Random) -> tuple[Finding, bool]:
    """Search a library with a damaged catalog; return the finding and whether the damage was reported."""
    finding = Finding()
    try:
        with arena.open_library() as library:
            for source in chance.sample(sorted(change.before), 5):
                ship = f"Ship{int(Path(source).stem)}"
                for hit in library.search(ship, limit=10):
                    finding.wrong += wrong_hit(hit, change.before)
                for citation in library.ask(f"Who slept on {ship}?").citations:
                    finding.wrong += wrong_citation(citation, change.before)
            if library.problems():
                return finding, True
            return examine(library, change, change.sources, chance), False
    except LibraryError as error:
        if not error.hint:
            finding.disagreements.append(f"The error says not what to do: {error}")
        return finding, True
    except Exception as error:  # only a LibraryError may be raised
        finding.disagreements.append(f"{type(error).__name__}: {error}")
        return finding, True


def clock_backwards(folder: Path, rounds: int, seed: int) -> Tally:
    """Turn the clock back, and date files before the indexes made from them: a reader still sees each change."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full_library(arena, 0)
    with arena.open_library() as reader:
        for number in range(rounds):
            chance = random.Random(f"{seed} {number}")
            tally.count(examine(reader, change.completed(), (), chance), f"round {number}, before")
            change = Change(change.after, arena.write(range(30), number + 2))
            for path in (*arena.library.rglob("*"), *arena.sources.iterdir()):
                _set_time(path, chance.uniform(0, 1.8e9))
            worker = Worker(add_in_the_past, arena)
            worker.receive_all()
            worker.kill(with_children=True)
            tally.rounds += 1
            tally.hits += worker.finished
            if not worker.finished:
                tally.disagreements.append(f"round {number}: ended with {worker.reports[-1:]}")
            finding = examine(reader, change, worker.reports, chance)
            tally.states.add(finding.state)
            tally.count(finding, f"round {number}, seen by a reader")
            tally.count(
                inspect_library(arena, change.completed(), change.sources, chance), f"round {number}, opened anew"
            )
    return tally


def _set_time(path: Path, when: float) -> None:
    try:
        os.utime(path, (when, when))
    except FileNotFoundError:
        return  # a running process has removed it


def add_in_the_past(arena: Arena, report: Report) -> None:
    """Add the folder while every reading of the clock is earlier than the one before."""
    now = iter(range(1_500_000_000, 0, -1000))
    time.time = lambda: float(next(now))
    time.time_ns = lambda: next(now) * 1_000_000_000
    add(arena, report)


def add_without_waiting(arena: Arena, report: Report) -> None:
    """Add the folder once the start file exists, unless another process holds the writer lock."""
    vars(store)["WRITER_PATIENCE"] = 0.01
    while not (arena.folder / GO).exists():
        time.sleep(0.001)
    add(arena, report)


def two_writers(folder: Path, rounds: int, seed: int) -> Tally:
    """Add from two processes at once, and kill one in every second round: the library has what either reported."""
    arena, tally = Arena(folder / "arena"), Tally()
    for number in range(rounds):
        chance = random.Random(f"{seed} {number}")
        change = edited_sources(arena, number)
        (arena.folder / GO).unlink(missing_ok=True)
        workers = [Worker(add_without_waiting, arena), Worker(add_without_waiting, arena)]
        assert all(worker.receive() for worker in workers)
        (arena.folder / GO).touch()
        if number % 2:
            workers[0].receive_all(time.monotonic() + chance.uniform(0, 1))
            workers[0].kill(with_children=False)
        for worker in workers[number % 2 :]:
            worker.receive_all()
            worker.kill(with_children=True)
            expected = worker.finished or any(report.startswith("refused LibraryLocked") for report in worker.reports)
            if not expected:
                tally.disagreements.append(f"round {number}: ended with {worker.reports[-1:]}")
        tally.rounds += 1
        tally.hits += any(report.startswith("refused LibraryLocked") for worker in workers for report in worker.reports)
        reports = {report for worker in workers for report in worker.reports}
        finding = inspect_library(arena, change, reports, chance)
        tally.states.add(finding.state)
        tally.count(finding, f"round {number}")
        add(arena, lambda _: None)
        tally.count(
            inspect_library(arena, change.completed(), change.sources, chance), f"round {number}, then finished"
        )
    return tally


def reader_meanwhile(folder: Path, rounds: int, seed: int) -> Tally:
    """Search in one process while another changes, compacts or writes caches: no errors, and soon the new state."""
    arena, tally = Arena(folder / "arena"), Tally()
    for number in range(rounds):
        name = _CHANGING[number % len(_CHANGING)]
        chance = random.Random(f"{seed} {number}")
        change = OPERATIONS[name].prepare(arena, number)
        reader = Worker(search_repeatedly, arena)
        assert reader.receive()
        assert reader.receive(), "the reader did not search"
        worker = Worker(OPERATIONS[name].action, arena)
        worker.receive_all()
        worker.kill(with_children=True)
        reader.receive_all(time.monotonic() + _VISIBLE_SECONDS)
        first_later = len(reader.reports)
        while len(reader.reports) < first_later + _SHIPS and reader.receive():
            pass
        reader.kill(with_children=False)
        place = f"round {number}, {name}"
        tally.rounds += 1
        tally.hits += len(reader.reports) - 1
        if not worker.finished:
            tally.disagreements.append(f"{place}: ended with {worker.reports[-1:]}")
        tally.disagreements += [f"{place}: {report}" for report in reader.reports if report.startswith("refused ")]
        if not reader.finished and reader.exit_code not in (-9, None):
            tally.disagreements.append(f"{place}: the reader ended with code {reader.exit_code}")
        searches = [report for report in reader.reports if report.startswith("Ship")]
        tally.wrong += [f"{place}: {fault}" for report in searches for fault in _wrong_hits(report, change)]
        tally.wrong += [
            f"{place}, later: {fault}"
            for report in searches[first_later:]
            for fault in _wrong_hits(report, change.completed())
        ]
        finding = inspect_library(arena, change.completed(), change.sources, chance)
        tally.states.add(finding.state)
        tally.count(finding, place)
    return tally


def search_repeatedly(arena: Arena, report: Report) -> None:
    """Search for one ship after the other, and report each hit's source, offset and text."""
    with arena.open_library() as library:
        while True:
            for number in range(_SHIPS):
                hits = library.search(f"Ship{number}", limit=2, mode="lexical" if number % 2 else "hybrid")
                reports = (f"{hit.document.source}\0{hit.passage.start}\0{hit.passage.text}" for hit in hits)
                report("\n\n\n".join((f"Ship{number} ", *reports)))


def _wrong_hits(report: str, change: Change) -> Iterator[str]:
    """Yield what is wrong with a search result. A document that does not change must always be found."""
    ship, *hits = report.split("\n\n\n")
    for hit in hits:
        source, start, text = hit.split("\0")
        if not any(texts.get(source, "")[int(start) :].startswith(text) for texts in (change.before, change.after)):
            yield f"{text!r} is in no version of {source}"
    is_unchanged = any(ship in text for text in {*change.before.values()}.intersection(change.after.values()))
    if is_unchanged and not any(ship in hit for hit in hits):
        yield f"nothing was found for {ship}"


SCENARIOS: dict[str, Callable[[Path, int, int], Tally]] = {
    "full disk": full_disk,
    "read-only disk": read_only_disk,
    "damaged catalog": damaged_catalog,
    "damaged caches": damaged_caches,
    "clock going back": clock_backwards,
    "two writers": two_writers,
    "reader meanwhile": reader_meanwhile,
}
