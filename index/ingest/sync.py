"""Runs a sync: scan, plan, change. Files with unchanged metadata are not read; known contents are not encoded."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.errors import LoadingError
from index.ingest.plan import (
    Facts,
    FolderDifferences,
    Plan,
    drop_refused,
    failure,
    failure_stamp,
    find_differences,
    is_empty,
    is_linked,
    make_plan,
    refusals,
    roots,
)
from index.ingest.queue import Worklist
from index.loading.containers.member_paths import file_on_disk
from index.loading.formats import sniff
from index.loading.loader import digest, read_bytes
from index.loading.recognition.recogniser import forget_pages
from index.records import Failure, Progress, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from index.errors import TooManyRemovals
    from index.records import ProgressCallback
    from index.storage.store import FolderStore


class Ingest(Protocol):
    """Reads files into the library: `Ingestion.run`."""

    def __call__(self, paths: Sequence[Path], worklist: Worklist, /) -> Receipt:
        """Read the files, and record their outcomes in the worklist."""
        ...


class Rehearse(Protocol):
    """Says what `Ingest` would do after some sources have gained and others lost documents: `DryRun.run`."""

    def __call__(self, paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str], /) -> Receipt:
        """Return the receipt, without the figures of encoding."""
        ...


@dataclass(frozen=True, slots=True)
class SuspectFiles:
    """The files that may have changed, by their metadata."""

    paths: list[Path]
    """Files that are new, have other metadata, or are gone."""
    refused: list[TooManyRemovals]
    """Folders that are empty now; their former files are not among `paths`."""
    failed: list[Failure]
    """Unreadable files that have not changed since, and places that could not be scanned."""
    linked: bool
    """Whether there are links among the files; then only a scan of all folders tells which names count."""


class Synchronizer:
    """Mirrors folders into a library. It takes the writer lock only if there is something to change."""

    def __init__(
        self,
        store: FolderStore,
        ingest: Ingest,
        rehearse: Rehearse,
        *,
        max_bytes: int,
        rules: str = "",
        progress: ProgressCallback | None = None,
    ) -> None:
        self._store = store
        self._ingest = ingest
        self._rehearse = rehearse
        self._max_bytes = max_bytes
        self._rules = rules
        self._progress = progress

    def run(
        self, folders: Iterable[str | Path], *, dry_run: bool = False, checksum: bool = False, force: bool = False
    ) -> Receipt:
        """Mirror the folders into the library.

        Raises FolderMissing, and without `force` TooManyRemovals, before anything is changed.
        """
        top_folders = roots(folders)

        def check(plan: Plan) -> None:
            for refusal in () if force else refusals(plan, top_folders, self._count, is_empty):
                raise refusal

        return self._sync(top_folders, None, check, dry_run=dry_run, checksum=checksum)

    def follow(
        self, folders: Iterable[str | Path], paths: Sequence[Path], *, force: bool = False
    ) -> tuple[Receipt, list[TooManyRemovals]]:
        """Sync these paths in the folders only. Returns the receipt, and the removals that were refused.

        A folder among `paths` means the folder itself, not its contents.
        """
        top_folders = roots(folders)
        refused: list[TooManyRemovals] = []

        def check(plan: Plan) -> None:
            refused[:] = [] if force else refusals(plan, top_folders, self._count, lambda _: False)
            drop_refused(plan, top_folders, refused)

        return self._sync(top_folders, paths, check), refused

    def suspects(self, folders: Iterable[str | Path], *, force: bool = False) -> SuspectFiles:
        """Find files that may have changed, by their metadata; nothing is read and nothing changed."""
        top_folders = roots(folders)
        with Worklist(self._store.folder) as worklist:
            differences = self._find_differences(worklist, top_folders, None, checksum=False)
        removals = Plan(differences.have, lost=differences.gone)
        empty_folders = [] if force else [folder for folder in top_folders if is_empty(folder)]
        refused = refusals(removals, empty_folders, self._count, is_empty)
        drop_refused(removals, top_folders, refused)
        paths = [Path(source) for source in (*differences.doubtful, *differences.changed, *removals.lost)]
        return SuspectFiles(paths, refused, differences.failed, is_linked(differences.scan.metadata, top_folders))

    def _sync(
        self,
        folders: Sequence[Path],
        paths: Sequence[Path] | None,
        check: Callable[[Plan], None],
        *,
        dry_run: bool = False,
        checksum: bool = False,
    ) -> Receipt:
        began, catalog = time.monotonic(), self._store.catalog
        with Worklist(self._store.folder) as worklist:

            def decide() -> tuple[FolderDifferences, Plan]:
                differences = self._find_differences(worklist, folders, paths, checksum=checksum)
                plan = self._plan(differences, hashing=checksum)
                check(plan)
                return differences, plan

            generation = catalog.generation()
            differences, plan = decide()
            if dry_run:
                return self._dry_run(differences, plan)
            if not plan.changes:
                _record_hashes(worklist, differences)
                return replace(plan.expected_receipt(), seconds=time.monotonic() - began)
            with self._store.writing():
                if catalog.generation() != generation:  # another writer changed the library meanwhile
                    differences, plan = decide()
                receipt = self._carry_out(worklist, differences, plan)
        return replace(receipt, seconds=time.monotonic() - began)

    # Deciding

    def _find_differences(
        self, worklist: Worklist, folders: Sequence[Path], paths: Sequence[Path] | None, *, checksum: bool
    ) -> FolderDifferences:
        catalog, own = self._store.catalog, self._store.folder
        return find_differences(catalog, worklist, folders, paths, own=own, rules=self._rules, checksum=checksum)

    def _plan(self, differences: FolderDifferences, *, hashing: bool) -> Plan:
        if hashing or differences.gone or any(source in differences.have for source in differences.doubtful):
            # A new file can be a renamed one only if a known file is gone or changed.
            self._hash(differences)
        facts = Facts(
            differences.have,
            differences.identities,
            differences.doubtful,
            differences.gone,
            differences.failed,
            differences.claimed,
            differences.members,
        )
        known = self._store.catalog.media_types(sorted(set(differences.changed.values())))
        return make_plan(facts, known, self._reads_alike)

    def _hash(self, differences: FolderDifferences) -> None:
        """Hash the doubtful files. Those that cannot be read stay doubtful, and ingestion will report them."""
        unread = []
        for n, source in enumerate(differences.doubtful):
            if self._progress:
                self._progress(Progress(source, "reading", n, len(differences.doubtful), 0, 0))
            if source in differences.unfinished:
                unread.append(source)
                continue
            try:
                differences.identities[source] = digest(Path(source), max_bytes=self._max_bytes)
                differences.hashed.add(source)
            except LoadingError:
                unread.append(source)
        differences.doubtful = unread

    def _reads_alike(self, source: str, media_type: str) -> bool:
        try:
            data = read_bytes(Path(source), max_bytes=self._max_bytes)
            return sniff(data, source).media_type == media_type
        except LoadingError:
            return False

    def _count(self, folder: str) -> int:
        return len(self._store.catalog.sources_below(folder))

    # Changing

    def _carry_out(self, worklist: Worklist, differences: FolderDifferences, plan: Plan) -> Receipt:
        """Change links first, in one step; then read files; remove last, because removed vectors may be reused."""
        _record_hashes(worklist, differences)
        catalog = self._store.catalog
        if plan.gained or plan.given_up:
            catalog.relink(plan.gained, plan.given_up)
        read = self._ingest([Path(source) for source in plan.read], worklist) if plan.read else Receipt()
        if plan.lost:
            catalog.relink({}, plan.lost)
        if plan.gained or plan.given_up or plan.lost:
            self._store.index()
            forget_pages(self._store.folder, lambda identity: catalog.number_of(identity) is not None)
        lasting = _of_existing_files(read.failed)
        for failed in lasting:
            if (stamp := differences.stamp(failed.source)) and _can_be_opened(failed.source):
                worklist.fail(failed.source, failed.reason, failed.hint, failure_stamp(stamp, self._rules))
        return _receipt(differences, plan, read, lasting)

    def _dry_run(self, differences: FolderDifferences, plan: Plan) -> Receipt:
        """Return the receipt of `_carry_out` without changing anything, and without seconds and encoding figures."""
        read = Receipt()
        if plan.read:
            read = self._rehearse([Path(source) for source in plan.read], plan.gained, plan.given_up)
        return replace(_receipt(differences, plan, read, _of_existing_files(read.failed)), seconds=0.0)


def _receipt(differences: FolderDifferences, plan: Plan, read: Receipt, lasting: Iterable[Failure]) -> Receipt:
    """Return the receipt of a plan and of the files that were read."""
    planned, copied = plan.expected_receipt(), plan.copied.keys()
    return replace(
        read,
        added=(
            *read.added,
            *(source for source in planned.added if source in copied),
            *_new(read.unchanged, plan.have),
        ),
        replaced=(*read.replaced, *(source for source in planned.replaced if source in copied)),
        renamed=planned.renamed,
        unchanged=(*planned.unchanged, *(source for source in read.unchanged if source in plan.have)),
        removed=(*planned.removed, *read.removed),
        failed=(
            *planned.failed,
            *(failure(error.source, error.reason, error.hint, differences.have) for error in lasting),
        ),
    )


def _of_existing_files(failed: Sequence[Failure]) -> list[Failure]:
    """Return the failures of files that still exist."""
    return [error for error in failed if os.path.lexists(file_on_disk(Path(error.source)))]


def _record_hashes(worklist: Worklist, differences: FolderDifferences) -> None:
    """Record the hashes of the files in the worklist."""
    for source in differences.hashed:
        worklist.settle(source, differences.stamp(source), differences.identities[source])
    worklist.flush()


def _new(sources: Iterable[str], have: Container[str]) -> Iterator[str]:
    return (source for source in sources if source not in have)


def _can_be_opened(source: str) -> bool:
    try:
        with file_on_disk(Path(source)).open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True
