"""Changes to a library: documents added and removed, folders mirrored once or watched."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.ingest.queue import Worklist
from index.library.removals import Removals
from index.records import Queue, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from threading import Event

    from index.encoders.encoder import Encoder
    from index.ingest.add import Ingestion
    from index.ingest.dry_run import DryRun
    from index.ingest.sync import Synchronizer
    from index.ingest.watch import Pace, WatchCallback
    from index.library.models import Models
    from index.library.session import Lookup, Session
    from index.records import Document, ProgressCallback
    from index.text.chunks import Chunker

_LIMITS = {"max_file_megabytes", "max_pages", "max_characters", "parse_seconds", "parse_megabytes"} | {
    "ocr",
    "ocr_languages",
}
"""The settings that decide whether a file can be read: a file that failed is tried again when one of them changes."""


class Changes:
    """Adds and removes documents. Each change holds the writer lock."""

    def __init__(self, session: Session, lookup: Lookup, models: Models) -> None:
        self._session = session
        self._store = session.store
        self._lookup = lookup
        self._models = models
        self.admit: Callable[[Document, int], None] = lambda _document, _size: None
        """Called with each document that was read from a file, and its size in bytes; a LoadingError refuses it."""

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        sources: Mapping[Path, str] | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
        passwords: Sequence[str] = (),
    ) -> Receipt:
        """Add files and folders. Files that are already there, byte for byte, are skipped; changed files are replaced.

        The documents in an archive, a mailbox or a message are added, too; their sources are paths below it. Each of
        the `passwords` is tried on files that are locked; none is stored.
        A file that cannot be read is a `Failure` in the receipt. Each document is stored in one step: after an
        interruption, `add` or `resume` goes on. `sources` gives files another source than their path, such as the
        address they were fetched from; these are not queued. `workers` is the number of processes that read files, by
        default that of the settings.

        Raises LibraryLocked if another program is changing the library, FingerprintMismatch if it was made with another
        encoder or chunking, LibraryNotWritable if its disk is full or not writable.
        """
        paths = [paths] if isinstance(paths, str | Path) else list(paths)
        with self._store.writing(), Worklist(self._session.folder) as worklist:
            ingestion = self.ingestion(progress, workers, None if sources else worklist, passwords)
            return ingestion.run(paths, sources)

    def resume(
        self,
        *,
        waiting: bool = True,
        failed: bool = False,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
        passwords: Sequence[str] = (),
    ) -> Receipt:
        """Add the files that an interrupted `add` left; with `failed`, try the failed ones again. Raises as `add`."""
        with self._store.writing(), Worklist(self._session.folder) as worklist:
            paths = worklist.waiting() if waiting else []
            paths += [failure.source for failure in worklist.failed()] if failed else []
            return self.ingestion(progress, workers, worklist, passwords).run(paths)

    def queue(self) -> Queue:
        """Return the files that wait to be added, and those that could not be read."""
        with Worklist(self._session.folder) as worklist:
            return Queue(tuple(worklist.waiting()), tuple(worklist.failed()))

    def forget_queue(self) -> None:
        """Empty the queue and forget all failures. The documents stay as they are."""
        with self._store.writing(), Worklist(self._session.folder) as worklist:
            worklist.forget()

    def add_documents(self, documents: Iterable[Document], *, progress: ProgressCallback | None = None) -> Receipt:
        r"""Add documents that do not come from files, as `add` does.

        An `id` stands for the contents: a known id counts as unchanged. Texts must be canonical: no white space at
        either end, `\n` for line breaks.
        """
        with self._store.writing():
            return self.ingestion(progress).run_documents(documents)

    def remove(self, *documents: str) -> Receipt:
        """Remove documents, named by id, source or title, from the catalog and both indexes.

        The attachments of a message go with it; an archive's path names the documents in it. Raises DocumentNotFound or
        AmbiguousDocument before anything is removed.
        """
        from index.loading.recognition.page_store import forget_pages

        with self._store.writing():
            removals = Removals(self._session.catalog, self._lookup)
            removals.find(documents)
            removed = removals.carry_out()
            if containers := removals.containers():
                with Worklist(self._session.folder) as worklist:
                    worklist.drop(containers)
            self._store.index()
            forget_pages(self._store.folder, lambda identity: self._session.catalog.number_of(identity) is not None)
        return Receipt(removed=removed)

    def ingestion(
        self,
        progress: ProgressCallback | None,
        workers: int | None = None,
        worklist: Worklist | None = None,
        passwords: Sequence[str] = (),
    ) -> Ingestion:
        """Return an `add` that is ready to run. Run it while holding the writer lock."""
        from index.ingest.add import Ingestion

        options = self._reading(progress, workers)
        return Ingestion(self._store, self._remembered_tools, worklist=worklist, passwords=passwords, **options)

    def rehearsal(self, gained: Mapping[str, str], lost: Iterable[str], progress: ProgressCallback | None) -> DryRun:
        """Return an `add` that stores nothing, as it would be after sources gained and lost these documents."""
        from index.ingest.dry_run import DryRun

        return DryRun(self._store, self._models.tools, gained=gained, lost=lost, **self._reading(progress))

    def _remembered_tools(self) -> tuple[Encoder, Chunker]:
        """Return the encoder and the chunker for a change that is stored: the library remembers the model."""
        tools = self._models.tools()
        self._models.remember_model()
        return tools

    def _reading(self, progress: ProgressCallback | None, workers: int | None = None) -> dict[str, Any]:
        """Return the options for reading files."""
        settings = self._session.base_settings
        workers = workers or settings.workers or max(1, (os.cpu_count() or 1) // 2)
        limits = self._session.limits
        return {
            "max_bytes": self._session.max_bytes,
            "max_pages": settings.max_pages,
            "max_characters": settings.max_characters,
            "progress": progress,
            "limits": replace(limits, processes=max(limits.processes, workers)),
            "recognition": self._session.recognition,
            "admit": self.admit,
            "workers": workers,
        }


class FolderSync:
    """Mirrors folders into a library, once or continuously."""

    def __init__(self, session: Session, changes: Changes) -> None:
        self._session = session
        self._changes = changes

    def sync(
        self,
        folders: str | Path | Iterable[str | Path],
        *,
        dry_run: bool = False,
        checksum: bool = False,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Receipt:
        """Mirror folders into the library: new files are added, changed ones replaced, vanished ones removed.

        A renamed file costs nothing. A document stays if it has another source, too, or if its file cannot be read now
        (a `Failure`). Documents from other places stay as they are. Files that look unchanged are not read, except with
        `checksum`. With `dry_run`, the receipt says what would happen: files are read, but nothing is encoded or
        changed.

        Raises FolderMissing if a folder is missing or cannot be listed, TooManyRemovals (except with `force`) if most
        of a folder's documents would go, and what `add` raises.
        """
        return self._syncing(progress).run(_listed(folders), dry_run=dry_run, checksum=checksum, force=force)

    def watch(
        self,
        folders: str | Path | Iterable[str | Path],
        tell: WatchCallback,
        *,
        stop: Event | None = None,
        pace: Pace | None = None,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> None:
        """Run `sync` after each change of the folders, until `stop` is set.

        `tell` gets each change as a receipt and each obstacle as a problem: a missing folder, another writer, most
        files gone at once. The watch waits until each is over. Both callbacks run in this thread; other threads can ask
        meanwhile. Raises FolderMissing if a folder is missing at the start, and what `add` raises if waiting does not
        help.
        """
        from threading import Event

        from index.ingest.watch import Watcher

        watching = Watcher(
            self._syncing,
            _listed(folders),
            tell,
            own=self._session.folder,
            stop=stop or Event(),
            pace=pace,
            force=force,
            progress=progress,
        )
        watching.run()

    def _syncing(self, progress: ProgressCallback | None) -> Synchronizer:
        from index import __version__
        from index.ingest.sync import Synchronizer

        def ingest(paths: Sequence[Path], worklist: Worklist) -> Receipt:
            return self._changes.ingestion(progress, None, worklist).run(paths)

        def rehearse(paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str]) -> Receipt:
            return self._changes.rehearsal(gained, lost, progress).run(paths)

        session = self._session
        rules = f"{__version__} {self._reading_rules()}"
        return Synchronizer(
            session.store, ingest, rehearse, max_bytes=session.max_bytes, rules=rules, progress=progress
        )

    def _reading_rules(self) -> str:
        """Return what decides whether a file can be read; text recognition may have been installed meanwhile."""
        from index.loading.recognition.recogniser import available

        settings = self._session.base_settings
        limits = sorted(settings.model_dump(include=_LIMITS).items())
        return f"{limits} {available(settings.ocr)}"


def _listed(folders: str | Path | Iterable[str | Path]) -> list[str | Path]:
    return [folders] if isinstance(folders, str | Path) else list(folders)
