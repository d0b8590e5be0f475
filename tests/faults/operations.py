"""What is done to a library while it is killed: each operation is what it needs, what it does, and what it makes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.library.library import Library
from tests.faults.arena import MODEL, OTHER_MODEL, Arena, Texts, made_with
from tests.faults.oracle import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Progress, ProgressCallback
    from tests.faults.actor import Act, Tell

DOCUMENTS = 30
_HALF = range(DOCUMENTS // 2)


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that changes a library, or makes something of one."""

    prepare: Callable[[Arena, int], Change]
    """Bring about what it begins with, in a round; gives what it changes."""
    act: Act
    """Do it, in another process: a function of this module."""
    unpack: Act | None = None
    """Make a library in `arena.copy` of the file that it makes; nothing where there is none, for it is whole or not."""


def telling(tell: Tell) -> ProgressCallback:
    """A progress callback that tells of each file that is stored."""

    def report(moment: Progress) -> None:
        if moment.settled is not None and moment.settled.outcome != "failed":
            tell(moment.source)

    return report


# What they begin with


def nothing(arena: Arena, number: int) -> Change:
    """No library, and files for one."""
    arena.empty()
    return Change({}, arena.write(range(DOCUMENTS), 1))


def full(arena: Arena, number: int) -> Change:
    """A library of files, which stays as it is."""
    shutil.rmtree(arena.sources, ignore_errors=True)
    arena.out.mkdir(parents=True, exist_ok=True)
    texts = arena.write(range(DOCUMENTS), 1)
    arena.fill(texts)
    return Change(texts, texts)


def edited(arena: Arena, number: int) -> Change:
    """A library, and other versions of its files."""
    texts = full(arena, number).before
    return Change(texts, arena.write(range(DOCUMENTS), number + 2))


def half_unwanted(arena: Arena, number: int) -> Change:
    """A library of which one half is to go."""
    texts = full(arena, number).before
    return Change(texts, {source: text for n, (source, text) in enumerate(sorted(texts.items())) if n not in _HALF})


def folder_changed(arena: Arena, number: int) -> Change:
    """A library, and its folder with files that changed, went, came, and were moved."""
    before = full(arena, number).before
    changed = arena.write(range(0, DOCUMENTS, 3), number + 2)
    came = arena.write(range(DOCUMENTS, DOCUMENTS + 5), number + 2)
    after = before | changed | came
    (arena.sources / "moved").mkdir()
    for source in (each for n, each in enumerate(sorted(before)) if n % 6 in (1, 4)):
        text, path = after.pop(source), Path(source)
        if path.stem < f"{DOCUMENTS // 2:03}":
            path.unlink()
        else:
            after[str(path.rename(path.parent / "moved" / path.name))] = text
    return Change(before, after)


def without_caches(arena: Arena, number: int) -> Change:
    """A library that has lost everything but its catalog."""
    change = full(arena, number)
    for cache in arena.library.iterdir():
        if not cache.name.startswith("catalog.db"):
            shutil.rmtree(cache, ignore_errors=True)
            cache.unlink(missing_ok=True)
    return change


def worn(arena: Arena, number: int) -> Change:
    """A library from which much was removed."""
    arena.fill(arena.write(range(2 * DOCUMENTS), number + 2))
    return full(arena, number)


def backed_up(arena: Arena, number: int) -> Change:
    """A library, and a backup of it as it was before all of its files changed."""
    change = full(arena, number)
    backup(arena, _to_nobody)
    arena.fill(arena.write(range(DOCUMENTS), number + 2))
    return Change(_held(arena), change.before)


def exported(arena: Arena, number: int) -> Change:
    """A library that has lost a half of what was exported from it."""
    change = full(arena, number)
    export(arena, _to_nobody)
    remove(arena, _to_nobody)
    return Change(_held(arena), change.before)


def _held(arena: Arena) -> Texts:
    with arena.opened() as library:
        return {info.source: library.document(info.id).text for info in library.documents()}


def _to_nobody(_: str) -> None:
    pass


# What they do


def add(arena: Arena, tell: Tell) -> None:
    """Add whatever the folder has."""
    with arena.opened() as library:
        library.add(arena.sources, progress=telling(tell))


def remove(arena: Arena, tell: Tell) -> None:
    """Remove one half, some together and some one by one."""
    with arena.opened() as library:
        sources = [info.source for info in library.documents() if int(info.source[-6:-3]) in _HALF]
        for start in range(0, len(sources), 3):
            library.remove(*sources[start : start + 3])
            assert library.search(f"Ship{DOCUMENTS - 1}", mode="lexical"), "those that stay are found at once"
            for source in sources[start : start + 3]:
                tell(source)


def write_caches(arena: Arena, tell: Tell) -> None:
    """Make both indexes anew."""
    with arena.opened() as library:
        library.search("Captain3")
        with library._store.writing():
            library._store.index()


def sync(arena: Arena, tell: Tell) -> None:
    """Make the library have what the folder has."""
    with arena.opened() as library:
        library.sync(arena.sources, progress=telling(tell))


def backup(arena: Arena, tell: Tell) -> None:
    """A backup, in place of the last one."""
    with arena.opened() as library:
        library.backup(arena.out / "backup", force=True)


def restore(arena: Arena, tell: Tell) -> None:
    """A library of the backup, in place of whatever is there."""
    Library.restore(arena.out / "backup", arena.library, force=True)


def compact(arena: Arena, tell: Tell) -> None:
    """Give back the room of what was removed."""
    with arena.opened() as library:
        library.compact()


def rebuild(arena: Arena, tell: Tell) -> None:
    """Embed everything anew, with the other model than the library has."""
    other = OTHER_MODEL if made_with(arena.library) == MODEL else MODEL
    with arena.opened(model=other) as library:
        library.rebuild()


def export(arena: Arena, tell: Tell) -> None:
    """One file of everything, in place of the last one."""
    with arena.opened() as library:
        library.export_library(arena.out / "exported", force=True)


def unpack_backup(arena: Arena, tell: Tell) -> None:
    """A library of the backup, if there is one."""
    if (arena.out / "backup").exists():
        Library.restore(arena.out / "backup", arena.copy)


def unpack_export(arena: Arena, tell: Tell) -> None:
    """A library of the file, if there is one."""
    if (arena.out / "exported").exists():
        with arena.opened(arena.copy) as library:
            library.import_library(arena.out / "exported")


def take_in(arena: Arena, tell: Tell) -> None:
    """Import the file into a library that lacks most of it."""
    with arena.opened() as library:
        library.import_library(arena.out / "exported")


OPERATIONS: dict[str, Operation] = {
    "add": Operation(nothing, add),
    "replace": Operation(edited, add),
    "remove": Operation(half_unwanted, remove),
    "sync": Operation(folder_changed, sync),
    "compact": Operation(worn, compact),
    "rebuild": Operation(full, rebuild),
    "backup": Operation(full, backup, unpack_backup),
    "restore": Operation(backed_up, restore),
    "export": Operation(full, export, unpack_export),
    "import": Operation(exported, take_in),
    "cache writing": Operation(without_caches, write_caches),
}
