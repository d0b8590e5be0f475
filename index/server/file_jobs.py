"""The task of a job that adds files: uploads, web pages, and folders of the server."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import LibraryLocked, NotAllowed, PinciteError, SourceNotFound, require_at_most
from index.loading.loader import discover
from index.records import Failure, Note, Receipt, Settled
from index.records.document import OPEN, Arrival
from index.server.jobs import JobInterrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.library.library import Library
    from index.records import Progress
    from index.records.document import FileState
    from index.server.jobs import Job
    from index.server.uploads import Uploads
    from index.settings import Settings

_SETTING = "PINCITE_ALLOW_FOLDERS"
GROUP_FILES = 8
GROUP_BYTES = 1_000_000
"""Maximum size of a group, unless a single file is larger: a group is read in one call."""
LARGE_BYTES = 100_000
"""Files above this size are added after the others, in the order of their size."""
TURN_SECONDS = 20.0
"""Seconds for which new pages of a file are recognised before its job lets other files go first."""
LOCK_WAIT_SECONDS = 60.0
"""Seconds to wait while another program changes the library."""
_RETRY_SECONDS = 0.5
_READING_SHARE = 0.05
"""The share of reading in the work on a file; the rest is encoding."""


def folder_arrivals(path: str | Path, settings: Settings) -> list[Arrival]:
    """Return the files at a path inside `settings.allow_folders`; they are read in place, without a copy.

    Links that lead out of those folders are listed but not followed: reading them fails. Raises NotAllowed for every
    path outside of those folders, whether it exists or not; SourceNotFound; TooMany.
    """
    allowed = tuple(Path(os.path.realpath(folder.expanduser())) for folder in settings.allow_folders)
    named = Path(path).absolute()
    if "\0" in str(path) or not _inside(named, allowed):
        raise NotAllowed("Adding files from that folder", _SETTING)
    if not os.path.exists(named):  # noqa: PTH110 - Path.exists raises where a folder may not be entered
        raise SourceNotFound(f"There is nothing at {path}.")
    arrivals: list[Arrival] = []
    for file in discover([named], enter=lambda folder: _inside(folder, allowed)):
        arrivals.append(Arrival(_text(file.name), file, _text(os.path.normpath(file)), _size(file), within=allowed))
        require_at_most("files", len(arrivals), settings.max_upload_files, "PINCITE_MAX_UPLOAD_FILES")
    return arrivals


def access_failure(arrival: Arrival) -> Failure | None:
    """Return why a file must not be read, or None. Call it just before reading: a link may have changed."""
    if not arrival.within or _inside(arrival.path, arrival.within):
        return None
    reason = "It is a link to a place outside the allowed folders."
    return Failure(arrival.source, reason, f"The operator of this server can allow that place with {_SETTING}.")


def _inside(path: Path, folders: Sequence[Path]) -> bool:
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(folder) for folder in folders)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _text(name: str) -> str:
    """Return a file name as valid text, even if its bytes are not."""
    return os.fsencode(name).decode("utf-8", "replace")


def small_first(arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Return the files in the order in which they are added: large ones last, so that the others can be asked at once.

    Files of one source stay in order, because each replaces the one before it.
    """
    if len({arrival.source for arrival in arrivals}) < len(arrivals):
        return list(arrivals)
    return sorted(arrivals, key=lambda arrival: arrival.size if arrival.size > LARGE_BYTES else 0)


class AddTask:
    """Adds the files of one job. `between` is called between steps: others may then change the library, or cancel.

    A file whose pages take long to recognise interrupts the job if others are waiting: other files of the job, or
    those for which `is_awaited` returns True. The pages are kept, so the next run goes on with the page after them.
    """

    def __init__(
        self,
        library: Library,
        uploads: Uploads,
        job: Job,
        arrivals: Sequence[Arrival],
        between: Callable[[], None],
        is_awaited: Callable[[], bool] = lambda: False,
    ) -> None:
        self._library = library
        self._uploads = uploads
        self._job = job
        self._arrivals = small_first(arrivals)
        self._between = between
        self._is_awaited = is_awaited
        self._group: list[int] = []
        self._late: list[int] = []
        """Long files, whose recognition was interrupted; they come after all others."""
        self._reached: dict[str, int] = {}
        """The page at which the recognition of a file was interrupted, by source."""
        self._recognising: dict[str, float] = {}
        """When the recognition of new pages of a file began in this run, by source, in seconds of the job."""
        self._settled: list[tuple[str, Settled]] = []
        self._encoded = 0
        self._encoding = 0
        job.set_arrivals(self._arrivals, self.release)

    def run(self) -> None:
        """Add all files that are not settled. Raises JobCancelled, JobInterrupted, and the errors of `Library.add`."""
        self._recognising.clear()
        for group in self._groups():
            self._between()
            self._group = self._job.start_group(group)
            self._add_when_unlocked(self._readable())

    def receipt(self) -> Receipt:
        """Return a receipt of the files added so far."""
        names = ("added", "replaced", "unchanged", "failed", "opened")
        by_outcome: dict[str, list[str]] = {name: [] for name in names}
        for source, settled in self._settled:
            opened = settled.outcome == "added" and not settled.document
            by_outcome["opened" if opened else settled.outcome].append(source)
        return Receipt(
            added=tuple(by_outcome["added"]),
            replaced=tuple(by_outcome["replaced"]),
            unchanged=tuple(by_outcome["unchanged"]),
            failed=tuple(settled.failure for _, settled in self._settled if settled.failure),
            opened=tuple(by_outcome["opened"]),
            notes=tuple(Note(source, note) for source, settled in self._settled for note in settled.notes),
            read=tuple(settled.read for _, settled in self._settled if settled.read),
            passages=sum(settled.passages for _, settled in self._settled),
            encoded=self._encoded,
            seconds=self._job.seconds,
        )

    def fail(self, error: PinciteError) -> None:
        """Mark the files of the current group as failed, with the error."""
        files = self._job.files
        settled = Settled("failed", failure=Failure("", without_folders(error.message, self._library), error.hint))
        self._job.set_files({n: _final_state(files[n], settled) for n in self._group if files[n].stage in OPEN})

    def release(self) -> None:
        """Delete the uploaded files that were not added."""
        self._uploads.drop(self._arrivals)

    def _groups(self) -> Iterator[list[int]]:
        group: list[int] = []
        size = 0
        for n, arrival in enumerate(self._arrivals):
            if group and (len(group) == GROUP_FILES or size + arrival.size > GROUP_BYTES):
                yield group
                group, size = [], 0
            if n not in self._late:
                group.append(n)
                size += arrival.size
        yield group
        yield from ([n] for n in self._late)

    def _readable(self) -> list[Arrival]:
        """Return the files of the group that may be read, and mark the others as failed."""
        readable = []
        for n in self._group:
            failure = access_failure(self._arrivals[n])
            if failure:
                self._settle(n, Settled("failed", failure=failure))
            else:
                readable.append(self._arrivals[n])
        return readable

    def _add_when_unlocked(self, arrivals: list[Arrival]) -> None:
        """Add a group; wait for a while if another program changes the library."""
        wait_until = self._job.seconds + LOCK_WAIT_SECONDS
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
        self._library.add([arrival.path for arrival in arrivals], sources=sources, progress=self._on_progress)
        self._encoded += self._encoding
        self._encoding = 0
        for n in self._group:  # the same file, reached by two paths
            if self._job.files[n].stage in OPEN:
                self._settle(n, Settled("unchanged"))

    def _on_progress(self, progress: Progress) -> None:
        index = self._index(progress.source)
        if progress.settled and index is not None:
            self._settle(index, progress.settled)
        elif progress.settled:
            self._settle_member(progress.source, progress.settled)
        elif progress.stage == "reading":
            self._on_reading(progress, index)
        elif progress.stage == "encoding":
            self._on_encoding(progress)
            self._between()

    def _on_reading(self, progress: Progress, index: int | None) -> None:
        if index is not None:
            read = (progress.page - 1) / progress.of_pages if progress.of_pages else 0.0
            self._job.set_files({index: replace(self._job.files[index], stage="reading", part=_READING_SHARE * read)})
        self._between()
        if progress.page:
            self._let_others_go_first(progress)

    def _let_others_go_first(self, progress: Progress) -> None:
        """Interrupt the job if new pages of a file have been recognised for long, and others are waiting."""
        source, now = progress.source, self._job.seconds
        began = self._recognising.setdefault(source, now)
        if progress.page <= self._reached.get(source, 0):
            self._recognising[source] = now  # these pages were kept, or nothing can be kept
            return
        late = [n for n in self._group if self._is_in(source, n)]
        others = any(file.stage in OPEN and n not in (*late, *self._late) for n, file in enumerate(self._job.files))
        if now - began >= TURN_SECONDS and (others or self._is_awaited()):
            self._reached[source] = progress.page
            if len({arrival.source for arrival in self._arrivals}) == len(self._arrivals):
                self._late += [n for n in late if n not in self._late]
            raise JobInterrupted

    def _is_in(self, source: str, n: int) -> bool:
        """Return whether a source is that of a file that is not settled, or of a member of it."""
        file = self._job.files[n]
        return file.stage in OPEN and (source == file.source or source.startswith(file.source.rstrip("/") + "/"))

    def _on_encoding(self, progress: Progress) -> None:
        if progress.passages < self._encoding:
            self._encoded += self._encoding
        self._encoding = progress.passages
        part = progress.passages / max(1, progress.of_passages)
        changed = {}
        for source, passages in progress.together:
            index = self._index(source)
            if index is not None:
                done, of = round(part * passages), passages
                state = replace(self._job.files[index], stage="encoding", passages=done, of_passages=of)
                if progress.stored:
                    state = replace(state, ready=progress.stored, document=self._arrivals[index].identity)
                changed[index] = replace(state, part=_READING_SHARE + (1 - _READING_SHARE) * part)
        self._job.set_files(changed, self._encoded + self._encoding)

    def _settle(self, index: int, settled: Settled) -> None:
        arrival = self._arrivals[index]
        self._settled.append((arrival.source, settled))
        try:
            if settled.outcome == "failed":
                self._uploads.drop([arrival])
            else:
                self._uploads.keep(arrival, self._existing_copy(arrival) if settled.outcome == "unchanged" else None)
        finally:
            self._job.set_files({index: _final_state(self._job.files[index], settled)})

    def _settle_member(self, source: str, settled: Settled) -> None:
        """Record the outcome of a member of an archive or message; after an interruption, that of the first run."""
        if settled.outcome != "unchanged" or source not in dict(self._settled):
            self._settled.append((source, settled))

    def _existing_copy(self, arrival: Arrival) -> Path | None:
        """Return the path of the file with the same bytes that the library already holds, or None."""
        if arrival.home is None or arrival.home.exists():
            return None
        return Path(self._library.find(arrival.identity).source)

    def _index(self, source: str) -> int | None:
        """Return the index of the first unfinished file of this group with that source, or None."""
        files = self._job.files
        return next((n for n in self._group if files[n].source == source and files[n].stage in OPEN), None)


def _final_state(file: FileState, settled: Settled) -> FileState:
    state = replace(file, stage=settled.outcome, passages=settled.passages, of_passages=settled.passages)
    failure = settled.failure
    reason, hint = (failure.reason, failure.hint) if failure else ("", "")
    how = settled.read.words if settled.read else ""
    state = replace(state, ready=settled.passages, document=settled.document, how=how)
    return replace(state, part=1.0, reason=reason, hint=hint, notes=settled.notes)


def without_folders(words: str, library: Library) -> str:
    """Return the words of an error without the folders of the library: everybody may see them."""
    for folder in (library.folder, *library.parts.store.folders):
        words = words.replace(str(folder), "…")
    return words
