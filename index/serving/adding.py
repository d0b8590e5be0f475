"""Files into the library: in small groups, each file's state told as it changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, PinciteError
from index.records import Failure, Note, Receipt, Settled
from index.serving.folders import refusal
from index.serving.states import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.library import Library
    from index.records import Progress
    from index.serving.job import Job
    from index.serving.states import Arrival, FileState
    from index.serving.uploads import Uploads

GROUP_FILES = 8
GROUP_BYTES = 1_000_000
"""A group has no more, unless one file alone has: it is read in one go."""
LOCK_PATIENCE = 60.0
"""Seconds for which another program may hold the library."""
_RETRY_SECONDS = 0.5
_READ = 0.05
"""The part of the work on a file that is reading it; the rest is encoding."""


class Adding:
    """One job's files. `between` is called wherever something else may change the library, or end the work."""

    def __init__(
        self, library: Library, uploads: Uploads, job: Job, arrivals: Sequence[Arrival], between: Callable[[], None]
    ) -> None:
        self._library = library
        self._uploads = uploads
        self._job = job
        self._arrivals = arrivals
        self._between = between
        self._group: list[int] = []
        self._settled: list[tuple[str, Settled]] = []
        self._encoded = 0
        self._encoding = 0
        job.expect(arrivals, self.release)

    def run(self) -> None:
        """Add all of them. Raises Stopped, and what `Library.add` raises."""
        for group in self._groups():
            self._between()
            self._group = self._job.hand_out(group)
            self._add_patiently(self._readable())

    def receipt(self) -> Receipt:
        """What has been done so far."""
        by_outcome: dict[str, list[str]] = {"added": [], "replaced": [], "unchanged": [], "failed": []}
        for source, settled in self._settled:
            by_outcome[settled.outcome].append(source)
        return Receipt(
            added=tuple(by_outcome["added"]),
            replaced=tuple(by_outcome["replaced"]),
            unchanged=tuple(by_outcome["unchanged"]),
            failed=tuple(settled.failure for _, settled in self._settled if settled.failure),
            notes=tuple(Note(source, note) for source, settled in self._settled for note in settled.notes),
            passages=sum(settled.passages for _, settled in self._settled),
            encoded=self._encoded,
            seconds=self._job.seconds,
        )

    def fail(self, error: PinciteError) -> None:
        """Say of the files that were being added why they were not."""
        files = self._job.files
        settled = Settled("failed", failure=Failure("", error.message, error.hint))
        self._job.set_files({n: _after(files[n], settled) for n in self._group if files[n].stage in OPEN})

    def release(self) -> None:
        """Delete what arrived and was not added."""
        self._uploads.drop(self._arrivals)

    def _groups(self) -> Iterator[range]:
        start = size = 0
        for n, arrival in enumerate(self._arrivals):
            if n > start and (n - start == GROUP_FILES or size + arrival.size > GROUP_BYTES):
                yield range(start, n)
                start, size = n, 0
            size += arrival.size
        if self._arrivals:
            yield range(start, len(self._arrivals))

    def _readable(self) -> list[Arrival]:
        """The files of the group that may be read; the others have failed."""
        readable = []
        for n in self._group:
            failure = refusal(self._arrivals[n])
            if failure:
                self._settle(n, Settled("failed", failure=failure))
            else:
                readable.append(self._arrivals[n])
        return readable

    def _add_patiently(self, arrivals: list[Arrival]) -> None:
        """Add a group; another program that holds the library is waited for a while."""
        wait_until = self._job.seconds + LOCK_PATIENCE
        added = not arrivals
        while not added:
            try:
                self._add_group(arrivals)
                added = True
            except LibraryLocked:
                if self._job.seconds >= wait_until:
                    raise
                self._job.pause(_RETRY_SECONDS)
                self._between()

    def _add_group(self, arrivals: list[Arrival]) -> None:
        sources = {arrival.path: arrival.source for arrival in arrivals}
        self._library.add([arrival.path for arrival in arrivals], sources=sources, progress=self._hear)
        self._encoded += self._encoding
        self._encoding = 0
        for n in self._group:  # the same file by two ways
            if self._job.files[n].stage in OPEN:
                self._settle(n, Settled("unchanged"))

    def _hear(self, moment: Progress) -> None:
        place = self._place(moment.source)
        if moment.settled and place is not None:
            self._settle(place, moment.settled)
        elif moment.stage == "reading" and place is not None:
            self._job.set_files({place: replace(self._job.files[place], stage="reading")})
            self._between()
        elif moment.stage == "encoding":
            self._hear_encoding(moment)
            self._between()

    def _hear_encoding(self, moment: Progress) -> None:
        if moment.passages < self._encoding:
            self._encoded += self._encoding
        self._encoding = moment.passages
        part = moment.passages / max(1, moment.of_passages)
        changed = {}
        for source, passages in moment.together:
            place = self._place(source)
            if place is not None:
                done, of = round(part * passages), passages
                state = replace(self._job.files[place], stage="encoding", passages=done, of_passages=of)
                changed[place] = replace(state, part=_READ + (1 - _READ) * part)
        self._job.set_files(changed, self._encoded + self._encoding)

    def _settle(self, place: int, settled: Settled) -> None:
        arrival = self._arrivals[place]
        self._settled.append((arrival.source, settled))
        try:
            if settled.outcome == "failed":
                self._uploads.drop([arrival])
            else:
                self._uploads.keep(arrival, self._same(arrival) if settled.outcome == "unchanged" else None)
        finally:
            self._job.set_files({place: _after(self._job.files[place], settled)})

    def _same(self, arrival: Arrival) -> Path | None:
        """Where the library has these bytes from already."""
        if arrival.home is None or arrival.home.exists():
            return None
        return Path(self._library.find(arrival.identity).source)

    def _place(self, source: str) -> int | None:
        """The file of this group that is meant: the first of that source that is not settled."""
        files = self._job.files
        return next((n for n in self._group if files[n].source == source and files[n].stage in OPEN), None)


def _after(file: FileState, settled: Settled) -> FileState:
    state = replace(file, stage=settled.outcome, passages=settled.passages, of_passages=settled.passages)
    failure = settled.failure
    reason, hint = (failure.reason, failure.hint) if failure else ("", "")
    return replace(state, part=1.0, reason=reason, hint=hint, notes=settled.notes)
