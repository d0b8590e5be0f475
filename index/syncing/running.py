"""One `sync`: look, decide, change. What can be told from outside is not read; what is known is not encoded."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from index.errors import LoadingError
from index.loading.opening import digest, read_bytes
from index.loading.sniffing import sniff
from index.records import Failure, Progress, Receipt
from index.storage.worklist import Worklist
from index.syncing.looking import Seen, failing, failure, look
from index.syncing.planning import Facts, Plan, plan, refusals, spare
from index.syncing.scanning import is_empty, is_linked, roots

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from index.errors import TooManyRemovals
    from index.records import ProgressCallback
    from index.storage.store import FolderStore


class Ingest(Protocol):
    """Reads files into the library: `Ingestion.run`."""

    def __call__(self, paths: Sequence[Path], worklist: Worklist, /) -> Receipt:
        """Note in the worklist what becomes of each."""
        ...


class Rehearse(Protocol):
    """Says what `Ingest` would do after some sources have got and others lost documents: `Rehearsal.run`."""

    def __call__(self, paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str], /) -> Receipt:
        """The receipt, less what takes encoding."""
        ...


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a look from outside found."""

    paths: list[Path]
    """Files that are new, or look otherwise than they did, or are gone."""
    refused: list[TooManyRemovals]
    """Folders in which nothing is left; what was there is not among `paths`."""
    failed: list[Failure]
    """What could not be read and still looks so, and what could not be looked at."""
    linked: bool
    """Whether there are links among the files, so that only a look at all of them tells what counts."""


class Syncing:
    """Makes a library the same as folders. It takes the store's lock where there is something to change."""

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
        """Make the library have what is in the folders.

        Raises FolderMissing, and without `force` TooManyRemovals, before anything is changed.
        """
        where = roots(folders)

        def judge(made: Plan) -> None:
            for refusal in () if force else refusals(made, where, self._count, is_empty):
                raise refusal

        return self._sync(where, None, judge, dry_run=dry_run, checksum=checksum)

    def follow(
        self, folders: Iterable[str | Path], paths: Sequence[Path], *, force: bool = False
    ) -> tuple[Receipt, list[TooManyRemovals]]:
        """The same for these paths in the folders alone. What is too much to remove stays, and is told beside the rest.

        A folder stands for its own name, not for what is in it.
        """
        where = roots(folders)
        refused: list[TooManyRemovals] = []

        def judge(made: Plan) -> None:
            refused[:] = [] if force else refusals(made, where, self._count, lambda _: False)
            spare(made, where, refused)

        return self._sync(where, paths, judge), refused

    def suspects(self, folders: Iterable[str | Path], *, force: bool = False) -> Suspicion:
        """What a look from outside finds to be looked into; nothing is read and nothing changed."""
        where = roots(folders)
        with Worklist(self._store.folder) as worklist:
            seen = self._look(worklist, where, None, checksum=False)
        made = Plan(seen.have, lost=seen.gone)
        bare = [] if force else [folder for folder in where if is_empty(folder)]
        refused = refusals(made, bare, self._count, is_empty)
        spare(made, where, refused)
        paths = [Path(source) for source in (*seen.doubtful, *seen.changed, *made.lost)]
        return Suspicion(paths, refused, seen.failed, is_linked(seen.scan.looks, where))

    def _sync(
        self,
        folders: Sequence[Path],
        paths: Sequence[Path] | None,
        judge: Callable[[Plan], None],
        *,
        dry_run: bool = False,
        checksum: bool = False,
    ) -> Receipt:
        began, catalog = time.monotonic(), self._store.catalog
        with Worklist(self._store.folder) as worklist:

            def decide() -> tuple[Seen, Plan]:
                seen = self._look(worklist, folders, paths, checksum=checksum)
                made = self._plan(seen, hashing=checksum)
                judge(made)
                return seen, made

            generation = catalog.generation()
            seen, made = decide()
            if dry_run:
                return self._foretold(seen, made)
            if not made.changes:
                _remember(worklist, seen)
                return replace(made.foretold(), seconds=time.monotonic() - began)
            with self._store.writing():
                if catalog.generation() != generation:  # somebody else changed the library meanwhile
                    seen, made = decide()
                receipt = self._carry_out(worklist, seen, made)
        return replace(receipt, seconds=time.monotonic() - began)

    # Deciding

    def _look(
        self, worklist: Worklist, folders: Sequence[Path], paths: Sequence[Path] | None, *, checksum: bool
    ) -> Seen:
        catalog, own = self._store.catalog, self._store.folder
        return look(catalog, worklist, folders, paths, own=own, rules=self._rules, checksum=checksum)

    def _plan(self, seen: Seen, *, hashing: bool) -> Plan:
        if hashing or seen.gone or any(source in seen.have for source in seen.doubtful):
            # Only beside something that went or changed can a new file be one that was known by another name.
            self._hash(seen)
        facts = Facts(seen.have, seen.identities, seen.doubtful, seen.gone, seen.failed, seen.claimed)
        known = self._store.catalog.media_types(sorted(set(seen.changed.values())))
        return plan(facts, known, self._reads_alike)

    def _hash(self, seen: Seen) -> None:
        """Know what is doubtful by its content; what cannot be read is left to the reader of files to tell."""
        unread = []
        for n, source in enumerate(seen.doubtful):
            if self._progress:
                self._progress(Progress(source, "reading", n, len(seen.doubtful), 0, 0))
            try:
                seen.identities[source] = digest(Path(source), max_bytes=self._max_bytes)
                seen.hashed.add(source)
            except LoadingError:
                unread.append(source)
        seen.doubtful = unread

    def _reads_alike(self, source: str, media_type: str) -> bool:
        try:
            data = read_bytes(Path(source), max_bytes=self._max_bytes)
            return sniff(data, source).media_type == media_type
        except LoadingError:
            return False

    def _count(self, folder: str) -> int:
        return len(self._store.catalog.sources_below(folder))

    # Changing

    def _carry_out(self, worklist: Worklist, seen: Seen, made: Plan) -> Receipt:
        """Names first, in one step; then what is to be read; what is gone last, for its vectors may be of use."""
        _remember(worklist, seen)
        catalog = self._store.catalog
        if made.gained or made.given_up:
            catalog.relink(made.gained, made.given_up)
        read = self._ingest([Path(source) for source in made.read], worklist) if made.read else Receipt()
        if made.lost:
            catalog.relink({}, made.lost)
        if made.gained or made.given_up or made.lost:
            self._store.index()
        lasting = _lasting(read.failed)
        for each in lasting:
            if (stamp := seen.stamp(each.source)) and _can_be_opened(each.source):
                worklist.fail(each.source, each.reason, each.hint, failing(stamp, self._rules))
        return _receipt(seen, made, read, lasting)

    def _foretold(self, seen: Seen, made: Plan) -> Receipt:
        """The receipt of `_carry_out`, less its seconds and what it would encode."""
        read = Receipt()
        if made.read:
            read = self._rehearse([Path(source) for source in made.read], made.gained, made.given_up)
        return replace(_receipt(seen, made, read, _lasting(read.failed)), seconds=0.0)


def _receipt(seen: Seen, made: Plan, read: Receipt, lasting: Iterable[Failure]) -> Receipt:
    """What was decided, with what became of the files that were read."""
    told, copied = made.foretold(), made.copied.keys()
    return replace(
        read,
        added=(*read.added, *(each for each in told.added if each in copied), *_new(read.unchanged, made.have)),
        replaced=(*read.replaced, *(each for each in told.replaced if each in copied)),
        renamed=told.renamed,
        unchanged=(*told.unchanged, *(source for source in read.unchanged if source in made.have)),
        removed=told.removed,
        failed=(*told.failed, *(failure(each.source, each.reason, each.hint, seen.have) for each in lasting)),
    )


def _lasting(failed: Sequence[Failure]) -> list[Failure]:
    """Failures of files that are still there."""
    return [each for each in failed if os.path.lexists(each.source)]


def _remember(worklist: Worklist, seen: Seen) -> None:
    """Note what the files hold, instead of what they were thought to hold."""
    for source in seen.hashed:
        worklist.settle(source, seen.stamp(source), seen.identities[source])
    worklist.flush()


def _new(sources: Iterable[str], have: Container[str]) -> Iterator[str]:
    return (source for source in sources if source not in have)


def _can_be_opened(source: str) -> bool:
    try:
        with Path(source).open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True
