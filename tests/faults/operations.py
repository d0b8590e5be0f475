"""The operations that are killed: each has a preparation, an action, and maybe a way to unpack its output."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.library.library import Library
from tests.faults.arena import GROWING, MODEL, OTHER_MODEL, Arena, Texts, model_of
from tests.faults.oracle import Change

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.records import Progress, ProgressCallback
    from tests.faults.worker import Action, Report

DOCUMENTS = 30
_FIRST_HALF = range(DOCUMENTS // 2)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that changes a library or writes a file from it."""

    prepare: Callable[[Arena, int], Change]
    """Prepare a round, given its number, and return the change that the action makes."""
    action: Action
    """Do it in another process. It is a function of this module."""
    unpack: Action | None = None
    """Make a library in `arena.copy` from the file that the action wrote, if any: a file is whole or missing."""


def progress_reporter(report: Report) -> ProgressCallback:
    """Return a progress callback that reports each stored file."""

    def report_stored(progress: Progress) -> None:
        if progress.settled is not None and progress.settled.outcome != "failed":
            report(progress.source)

    return report_stored


# Preparations


def no_library(arena: Arena, number: int) -> Change:
    """Prepare files and no library."""
    arena.empty()
    return Change({}, arena.write(range(DOCUMENTS), 1))


def long_files(arena: Arena, number: int) -> Change:
    """Prepare files that are stored in several steps, and no library."""
    shutil.rmtree(arena.sources, ignore_errors=True)
    arena.empty()
    return Change({}, arena.write(GROWING, 1))


def full_library(arena: Arena, number: int) -> Change:
    """Prepare a library of files, which stays as it is."""
    shutil.rmtree(arena.sources, ignore_errors=True)
    arena.out.mkdir(parents=True, exist_ok=True)
    texts = arena.write(range(DOCUMENTS), 1)
    arena.fill(texts)
    return Change(texts, texts)


def edited_sources(arena: Arena, number: int) -> Change:
    """Prepare a library, and other versions of its files."""
    texts = full_library(arena, number).before
    return Change(texts, arena.write(range(DOCUMENTS), number + 2))


def half_to_remove(arena: Arena, number: int) -> Change:
    """Prepare a library, half of which the action removes."""
    texts = full_library(arena, number).before
    return Change(
        texts, {source: text for n, (source, text) in enumerate(sorted(texts.items())) if n not in _FIRST_HALF}
    )


def changed_folder(arena: Arena, number: int) -> Change:
    """Prepare a library, and a folder in which files were changed, deleted, added and moved."""
    before = full_library(arena, number).before
    changed = arena.write(range(0, DOCUMENTS, 3), number + 2)
    added = arena.write(range(DOCUMENTS, DOCUMENTS + 5), number + 2)
    after = before | changed | added
    (arena.sources / "moved").mkdir()
    for source in (source for n, source in enumerate(sorted(before)) if n % 6 in (1, 4)):
        text, path = after.pop(source), Path(source)
        if path.stem < f"{DOCUMENTS // 2:03}":
            path.unlink()
        else:
            after[str(path.rename(path.parent / "moved" / path.name))] = text
    return Change(before, after)


def without_caches(arena: Arena, number: int) -> Change:
    """Prepare a library that has lost everything but its catalog."""
    change = full_library(arena, number)
    for cache in arena.library.iterdir():
        if not cache.name.startswith("catalog.db"):
            shutil.rmtree(cache, ignore_errors=True)
            cache.unlink(missing_ok=True)
    return change


def fragmented_library(arena: Arena, number: int) -> Change:
    """Prepare a library from which half of the documents were removed."""
    arena.fill(arena.write(range(2 * DOCUMENTS), number + 2))
    return full_library(arena, number)


def backed_up(arena: Arena, number: int) -> Change:
    """Prepare a library whose files all changed after its backup."""
    change = full_library(arena, number)
    backup(arena, _ignore_report)
    arena.fill(arena.write(range(DOCUMENTS), number + 2))
    return Change(_texts_of(arena), change.before)


def exported(arena: Arena, number: int) -> Change:
    """Prepare a library from which half was removed after its export."""
    change = full_library(arena, number)
    export(arena, _ignore_report)
    remove(arena, _ignore_report)
    return Change(_texts_of(arena), change.before)


def _texts_of(arena: Arena) -> Texts:
    with arena.open_library() as library:
        return {info.source: library.document(info.id).text for info in library.documents()}


def _ignore_report(_: str) -> None:
    pass


# Actions


def add(arena: Arena, report: Report) -> None:
    """Add the folder of sources."""
    with arena.open_library() as library:
        library.add(arena.sources, progress=progress_reporter(report))


def remove(arena: Arena, report: Report) -> None:
    """Remove half of the documents, three at a time."""
    with arena.open_library() as library:
        sources = [info.source for info in library.documents() if int(info.source[-6:-3]) in _FIRST_HALF]
        for start in range(0, len(sources), 3):
            library.remove(*sources[start : start + 3])
            assert library.search(f"Ship{DOCUMENTS - 1}", mode="lexical"), "a remaining document is found at once"
            for source in sources[start : start + 3]:
                report(source)


def write_caches(arena: Arena, report: Report) -> None:
    """Write both indexes again."""
    with arena.open_library() as library:
        library.search("Captain3")
        with library.parts.store.writing():
            library.parts.store.index()


def sync(arena: Arena, report: Report) -> None:
    """Mirror the folder of sources into the library."""
    with arena.open_library() as library:
        library.sync(arena.sources, progress=progress_reporter(report))


def backup(arena: Arena, report: Report) -> None:
    """Write a backup in place of the last one."""
    with arena.open_library() as library:
        library.backup(arena.out / "backup", force=True)


def restore(arena: Arena, report: Report) -> None:
    """Restore the backup in place of the library."""
    Library.restore(arena.out / "backup", arena.library, force=True)


def compact(arena: Arena, report: Report) -> None:
    """Free the space of removed documents."""
    with arena.open_library() as library:
        library.compact()


def rebuild(arena: Arena, report: Report) -> None:
    """Embed everything again with the other model."""
    other = OTHER_MODEL if model_of(arena.library) == MODEL else MODEL
    with arena.open_library(model=other) as library:
        library.rebuild()


def export(arena: Arena, report: Report) -> None:
    """Export the library in place of the last export."""
    with arena.open_library() as library:
        library.export_library(arena.out / "exported", force=True)


def unpack_backup(arena: Arena, report: Report) -> None:
    """Restore the backup into `arena.copy`, if there is one."""
    if (arena.out / "backup").exists():
        Library.restore(arena.out / "backup", arena.copy)


def unpack_export(arena: Arena, report: Report) -> None:
    """Import the export into `arena.copy`, if there is one."""
    if (arena.out / "exported").exists():
        with arena.open_library(arena.copy) as library:
            library.import_library(arena.out / "exported")


def import_library_file(arena: Arena, report: Report) -> None:
    """Import the export into a library that lacks half of it."""
    with arena.open_library() as library:
        library.import_library(arena.out / "exported")


OPERATIONS: dict[str, Operation] = {
    "add": Operation(no_library, add),
    "replace": Operation(edited_sources, add),
    "remove": Operation(half_to_remove, remove),
    "grow": Operation(long_files, add),
    "grow by a sync": Operation(long_files, sync),
    "sync": Operation(changed_folder, sync),
    "compact": Operation(fragmented_library, compact),
    "rebuild": Operation(full_library, rebuild),
    "backup": Operation(full_library, backup, unpack_backup),
    "restore": Operation(backed_up, restore),
    "export": Operation(full_library, export, unpack_export),
    "import": Operation(exported, import_library_file),
    "cache writing": Operation(without_caches, write_caches),
}
