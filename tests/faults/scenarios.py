"""What else goes wrong with a library: damage, disks, clocks, and others who use it at the same time."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryError
from index.storage import store
from tests.faults.actor import Actor
from tests.faults.arena import Arena, clear
from tests.faults.disks import full_disk, read_only_disk
from tests.faults.operations import OPERATIONS, add, edited, full
from tests.faults.oracle import Change, Finding, examine, wrong_citation, wrong_hit
from tests.faults.rounds import Tally, look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.actor import Tell

_READ = ("replace", "remove", "sync", "compact", "cache writing")
GO = "go"
"""The file for which processes wait that are to begin together."""
_SHIPS = 40
_SEEN = 1.0
"""Seconds after which a reader sees what another process has committed."""


def damaged_catalog(folder: Path, rounds: int, seed: int) -> Tally:
    """Bits of the catalog are flipped, or it is cut off: it is detected, and nothing is served that is not so."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full(arena, 0)
    for number, chance in _made_sound(arena, folder, rounds, seed):
        catalog = arena.library / "catalog.db"
        catalog.write_bytes(_damaged(catalog.read_bytes(), chance))
        finding, detected = _served(arena, change, chance)
        tally.rounds += 1
        tally.hits += detected
        tally.states.add(int(detected))
        tally.count(finding, f"round {number}")
    return tally


def damaged_caches(folder: Path, rounds: int, seed: int) -> Tally:
    """Any file beside the catalog is damaged: it is made again, and nobody notices."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full(arena, 0)
    for number, chance in _made_sound(arena, folder, rounds, seed):
        caches = [path for path in sorted(arena.library.rglob("*")) if path.is_file() and path.name != "catalog.db"]
        cache = chance.choice(caches)
        cache.write_bytes(_damaged(cache.read_bytes(), chance))
        tally.rounds += 1
        tally.hits += 1
        tally.count(look(arena, change, change.sources, chance), f"round {number}, {cache.name}")
    return tally


def _made_sound(arena: Arena, folder: Path, rounds: int, seed: int) -> Iterator[tuple[int, random.Random]]:
    """Each round's number and its dice, with the library as it was before the first."""
    sound = shutil.copytree(arena.library, folder / "sound")
    for number in range(rounds):
        clear(arena.library)
        shutil.copytree(sound, arena.library)
        yield number, random.Random(f"{seed} {number}")


def _damaged(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return data[: chance.randrange(len(data) + 1)]
    changed = bytearray(data)
    for _ in range(chance.choice((1, 8, 200)) if data else 0):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _served(arena: Arena, change: Change, chance: random.Random) -> tuple[Finding, bool]:
    """What a library whose catalog was damaged serves; and whether the damage was told."""
    finding = Finding()
    try:
        with arena.opened() as library:
            for source in chance.sample(sorted(change.before), 5):
                ship = f"Ship{int(Path(source).stem)}"
                for hit in library.search(ship, limit=10):
                    finding.wrong += wrong_hit(hit, change.before)
                for citation in library.ask(f"Who slept on {ship}?").citations:
                    finding.wrong += wrong_citation(citation, change.before)
            if library.problems():
                return finding, True
            return examine(library, change, change.sources, chance), False
    except LibraryError:
        return finding, True
    except Exception as error:  # whatever it is, it is one that we do not know
        finding.disagreements.append(f"{type(error).__name__}: {error}")
        return finding, True


def clock_backwards(folder: Path, rounds: int, seed: int) -> Tally:
    """The clock goes back, and files are older than what was made of them: a reader sees each change all the same."""
    arena, tally = Arena(folder / "arena"), Tally()
    change = full(arena, 0)
    with arena.opened() as reader:
        for number in range(rounds):
            chance = random.Random(f"{seed} {number}")
            tally.count(examine(reader, change.done(), (), chance), f"round {number}, before")
            change = Change(change.after, arena.write(range(30), number + 2))
            for path in (*arena.library.rglob("*"), *arena.sources.iterdir()):
                _date(path, chance.uniform(0, 1.8e9))
            actor = Actor(add_in_the_past, arena)
            actor.listen()
            actor.kill(everything=True)
            tally.rounds += 1
            tally.hits += actor.done
            if not actor.done:
                tally.disagreements.append(f"round {number}: ended with {actor.told[-1:]}")
            finding = examine(reader, change, actor.told, chance)
            tally.states.add(finding.state)
            tally.count(finding, f"round {number}, seen by a reader")
            tally.count(look(arena, change.done(), change.sources, chance), f"round {number}, opened anew")
    return tally


def _date(path: Path, when: float) -> None:
    try:
        os.utime(path, (when, when))
    except FileNotFoundError:
        return  # a process that was at work has taken it away


def add_in_the_past(arena: Arena, tell: Tell) -> None:
    """Add the folder while every look at the clock shows an earlier time."""
    now = iter(range(1_500_000_000, 0, -1000))
    time.time = lambda: float(next(now))
    time.time_ns = lambda: next(now) * 1_000_000_000
    add(arena, tell)


def add_impatiently(arena: Arena, tell: Tell) -> None:
    """Add the folder, unless somebody else is adding; both begin when they are told to."""
    vars(store)["WRITER_PATIENCE"] = 0.01
    while not (arena.folder / GO).exists():
        time.sleep(0.001)
    add(arena, tell)


def two_writers(folder: Path, rounds: int, seed: int) -> Tally:
    """Two processes add at once, and one is killed in every second round: what either reported is there."""
    arena, tally = Arena(folder / "arena"), Tally()
    for number in range(rounds):
        chance = random.Random(f"{seed} {number}")
        change = edited(arena, number)
        (arena.folder / GO).unlink(missing_ok=True)
        actors = [Actor(add_impatiently, arena), Actor(add_impatiently, arena)]
        assert all(actor.hear() for actor in actors)
        (arena.folder / GO).touch()
        if number % 2:
            actors[0].listen(time.monotonic() + chance.uniform(0, 1))
            actors[0].kill(everything=False)
        for actor in actors[number % 2 :]:
            actor.listen()
            actor.kill(everything=True)
            expected = actor.done or any(word.startswith("refused LibraryLocked") for word in actor.told)
            if not expected:
                tally.disagreements.append(f"round {number}: ended with {actor.told[-1:]}")
        tally.rounds += 1
        tally.hits += any(word.startswith("refused LibraryLocked") for actor in actors for word in actor.told)
        told = {word for actor in actors for word in actor.told}
        finding = look(arena, change, told, chance)
        tally.states.add(finding.state)
        tally.count(finding, f"round {number}")
        add(arena, lambda _: None)
        tally.count(look(arena, change.done(), change.sources, chance), f"round {number}, then done to the end")
    return tally


def reader_meanwhile(folder: Path, rounds: int, seed: int) -> Tally:
    """A process asks while another one changes, compacts or writes caches: no error, no mixture, soon the new state."""
    arena, tally = Arena(folder / "arena"), Tally()
    for number in range(rounds):
        name = _READ[number % len(_READ)]
        chance = random.Random(f"{seed} {number}")
        change = OPERATIONS[name].prepare(arena, number)
        reader = Actor(ask_for_ever, arena)
        assert reader.hear()
        assert reader.hear(), "it asked nothing"
        actor = Actor(OPERATIONS[name].act, arena)
        actor.listen()
        actor.kill(everything=True)
        reader.listen(time.monotonic() + _SEEN)
        first = len(reader.told)
        while len(reader.told) < first + _SHIPS and reader.hear():
            pass
        reader.kill(everything=False)
        where = f"round {number}, {name}"
        tally.rounds += 1
        tally.hits += len(reader.told) - 1
        if not actor.done:
            tally.disagreements.append(f"{where}: ended with {actor.told[-1:]}")
        tally.disagreements += [f"{where}: {word}" for word in reader.told if word.startswith("refused ")]
        if not reader.done and reader.code not in (-9, None):
            tally.disagreements.append(f"{where}: the reader ended with code {reader.code}")
        shown = [word for word in reader.told if word.startswith("Ship")]
        tally.wrong += [f"{where}: {fault}" for word in shown for fault in _amiss(word, change)]
        tally.wrong += [f"{where}, later: {fault}" for word in shown[first:] for fault in _amiss(word, change.done())]
        finding = look(arena, change.done(), change.sources, chance)
        tally.states.add(finding.state)
        tally.count(finding, where)
    return tally


def ask_for_ever(arena: Arena, tell: Tell) -> None:
    """Ask for one ship after the other, and tell each hit's source, place and words."""
    with arena.opened() as library:
        while True:
            for n in range(_SHIPS):
                found = library.search(f"Ship{n}", limit=2, mode="lexical" if n % 2 else "hybrid")
                told = (f"{hit.document.source}\0{hit.passage.start}\0{hit.passage.text}" for hit in found)
                tell("\n\n\n".join((f"Ship{n} ", *told)))


def _amiss(word: str, change: Change) -> Iterator[str]:
    """What is wrong with what a reader was shown; of documents that do not change, it has to be something."""
    ship, *hits = word.split("\n\n\n")
    for hit in hits:
        source, start, text = hit.split("\0")
        if not any(texts.get(source, "")[int(start) :].startswith(text) for texts in (change.before, change.after)):
            yield f"{text!r} is in no version of {source}"
    always = any(ship in text for text in {*change.before.values()}.intersection(change.after.values()))
    if always and not any(ship in hit for hit in hits):
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
