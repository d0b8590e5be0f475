"""The containers that an `add` opens: archives, mailboxes and messages, whose members it adds after them.

Members are added in waves: first the files, then the members of the containers among them, then the members of those.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import ContainerTooLarge
from index.ingest.preparation import Failed, Opened
from index.ingest.queue import OPENED
from index.records import Failure, Note, Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.ingest.pipeline import ReceiptBuilder
    from index.ingest.preparation import Known, Origin, Prepared
    from index.ingest.queue import Worklist
    from index.loading.containers.member_paths import ContainerLimits
    from index.storage.catalog.catalog import Catalog


_SHOWN = 3
"""The number of reasons in a note; the receipt has all of them."""


@dataclass(slots=True)
class _Container:
    """A container whose members are being added."""

    origin: Origin
    identity: str
    """SHA-256 of its bytes if it is no document; empty for a document, which settles by itself."""
    settled: Settled | None = None
    """The outcome of a document; it is reported after its members, because its file may then be moved."""


class OpenContainers:
    """The containers of one `add`. `sources` gives some paths another source; the members of these are added to it."""

    def __init__(
        self, catalog: Catalog, limits: ContainerLimits, worklist: Worklist | None, sources: dict[Path, str]
    ) -> None:
        self._catalog = catalog
        self._limits = limits
        self._worklist = worklist
        self._sources = sources
        self._open: dict[str, _Container] = {}
        self._tops: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._seen: set[str] = set()
        self._next: list[str] = []

    def begin(self, paths: Iterable[str]) -> None:
        """Note the files that the caller named, so that none is added twice."""
        self._seen.update(paths)

    def open(self, ready: Prepared | Known | Opened, receipt: ReceiptBuilder) -> Failed | None:
        """Let the members of a container be added in the next wave. Returns the failure of an archive with too many.

        They are queued at once, so that a later `add` finds them if this one is killed.
        """
        origin, names = ready.origin, ready.members or ()
        try:
            self._count(origin.source, len(names))
        except ContainerTooLarge as error:
            if isinstance(ready, Opened):
                return Failed(origin, error)
            receipt.notes.append(Note(origin.source, f"Its attachments were not read: {error.message}"))
            return None
        self._open[origin.source] = _Container(origin, ready.identity if isinstance(ready, Opened) else "")
        new = [path for path in self._paths(origin, names) if path not in self._seen]
        self._seen.update(new)
        self._next += new
        if self._worklist:
            self._worklist.queue(new)
        return None

    def next_wave(self) -> list[str]:
        """Return the paths of the members that were found since the last call."""
        wave, self._next = self._next, []
        return wave

    def defer(self, source: str, settled: Settled) -> bool:
        """Keep the outcome of a container until its members are added; False for any other file."""
        container = self._open.get(source)
        if container is not None:
            container.settled = settled
        return container is not None

    def finish(self, receipt: ReceiptBuilder) -> Iterator[tuple[str, Settled]]:
        """Remove members that the containers no longer have, and yield the outcome of each container."""
        if lost := self._gone(receipt):
            self._catalog.relink({}, lost)
            receipt.removed += lost
        self._forget_members(lost)
        documents = self._totals((*receipt.added, *receipt.replaced, *receipt.unchanged))
        reasons = self._reasons(receipt.failed)
        for source, container in reversed(self._open.items()):  # inner ones were opened later
            settled = container.settled
            if settled is None:
                settled = self._settle(container, receipt, documents.get(source, 0), reasons.get(source, []))
            yield source, settled

    def _forget_members(self, lost: Sequence[str]) -> None:
        """Forget what the worklist has of members that are no longer in their containers."""
        if self._worklist:
            self._worklist.flush()
            tops = [container.origin.path for source, container in self._open.items() if source not in self._tops]
            unsettled = (path for top in tops for path in self._worklist.unsettled_below(top))
            self._worklist.drop([*lost, *(path for path in unsettled if path not in self._seen)])

    def _settle(self, container: _Container, receipt: ReceiptBuilder, documents: int, reasons: list[str]) -> Settled:
        origin = container.origin
        receipt.opened.append(origin.source)
        note = archive_note(documents, reasons)
        receipt.notes.append(Note(origin.source, note))
        if self._worklist and origin.path:
            self._worklist.settle(origin.path, origin.stamp, OPENED + container.identity)
        return Settled("added", notes=(note,))

    def _count(self, source: str, members: int) -> None:
        """Count the members of a file on disk, at all depths. Raises ContainerTooLarge."""
        top = self._tops.get(source, source)
        count = self._counts.get(top, 0) + members
        self._limits.check_count(os.path.basename(top), count)
        self._counts[top] = count

    def _paths(self, origin: Origin, names: Sequence[str]) -> list[str]:
        """Return the paths of members, and note their sources if these differ from their paths."""
        mapped = origin.source != origin.path
        top = self._tops.get(origin.source, origin.source)
        paths = []
        for name in names:
            path = os.path.join(origin.path, *name.split("/"))
            source = f"{origin.source.rstrip('/')}/{name}" if mapped else path
            if mapped:
                self._sources[Path(path)] = source
            self._tops[source] = top
            paths.append(path)
        return paths

    def _gone(self, receipt: ReceiptBuilder) -> list[str]:
        """Return the sources below files of this `add` that the library has, and that are no longer in these files.

        Members that cannot be read keep what the library has of them, as files do.
        """
        seen = {*receipt.added, *receipt.replaced, *receipt.unchanged}
        unread = {failure.source for failure in receipt.failed}
        tops = {source for source in (*self._open, *receipt.added, *receipt.replaced) if source not in self._tops}
        below = {source: top for top in tops if self._seen for source in self._members_below(top)}
        return sorted(source for source in below if source not in seen and not _is_in(source, unread))

    def _members_below(self, top: str) -> Iterator[str]:
        """Yield the library's sources that are in a file; below an address there may also be other pages."""
        for source, identity in self._catalog.sources_below(top).items():
            if os.path.isabs(top) or self._container_of(identity).startswith(top):
                yield source

    def _container_of(self, identity: str) -> str:
        number = self._catalog.number_of(identity)
        infos = self._catalog.infos([number]) if number is not None else {}
        return next((info.reading.container for info in infos.values()), "")

    def _totals(self, sources: Iterable[str]) -> dict[str, int]:
        """Return for each open container the number of these sources that are in it, at any depth."""
        totals: dict[str, int] = {}
        for source in sources:
            for at in _above(source):
                if at in self._open:
                    totals[at] = totals.get(at, 0) + 1
        return totals

    def _reasons(self, failures: Iterable[Failure]) -> dict[str, list[str]]:
        """Return for each open container why members of it, at any depth, could not be read."""
        reasons: dict[str, list[str]] = {}
        for failure in failures:
            for at in _above(failure.source):
                if at in self._open:
                    reasons.setdefault(at, []).append(failure.reason)
        return reasons


def archive_note(documents: int, reasons: Sequence[str]) -> str:
    """Return what a receipt says of an archive, with the first reasons why members of it could not be read."""
    found = "1 document in it" if documents == 1 else f"{documents:,} documents in it"
    if not reasons:
        return found
    more = " …" if len(reasons) > _SHOWN else ""
    return f"{found}; {len(reasons):,} could not be read: {' '.join(reasons[:_SHOWN])}{more}"


def _above(source: str) -> Iterator[str]:
    """Yield the sources that a source may be a member of, innermost first."""
    while (above := os.path.dirname(source)) and above != source:
        yield above
        source = above


def _is_in(source: str, containers: set[str]) -> bool:
    return source in containers or any(above in containers for above in _above(source))
