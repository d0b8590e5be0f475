"""Changes to a library: what `add` and `sync` need to run, and removals with what is in a document or an archive."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import DocumentNotFound
from index.ingest.queue import Worklist
from index.library.session import possible_sources
from index.loading.containers.member_paths import container_file
from index.records import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from index.encoders.encoder import Encoder
    from index.ingest.add import Ingestion
    from index.ingest.dry_run import DryRun
    from index.ingest.sync import Synchronizer
    from index.library.session import Models, Session
    from index.records import Document, DocumentInfo, ProgressCallback
    from index.text.chunks import Chunker

_LIMITS = {"max_file_megabytes", "max_pages", "max_characters", "parse_seconds", "parse_megabytes"} | {
    "ocr",
    "ocr_languages",
}
"""The settings that decide whether a file can be read: a file that failed is tried again when one of them changes."""


class Changes:
    """Adds, mirrors and removes documents. Each change holds the writer lock."""

    def __init__(self, session: Session, models: Models) -> None:
        self._session = session
        self._store = session.store
        self._models = models
        self.admit: Callable[[Document, int], None] = lambda _document, _size: None
        """Called with each document that was read from a file, and its size in bytes; a LoadingError refuses it."""

    @contextmanager
    def writing(self) -> Iterator[Worklist]:
        """Hold the writer lock, and return the queue of the library's folder."""
        with self._store.writing(), self.worklist() as worklist:
            yield worklist

    def worklist(self) -> Worklist:
        """Return the queue of the library's folder; close it after use. To change it, hold the writer lock."""
        return Worklist(self._session.folder)

    def remove(self, names: Sequence[str]) -> Receipt:
        """Remove documents, with their attachments, and archives. Raises as `Library.remove`."""
        from index.loading.recognition.recogniser import forget_pages

        with self._store.writing():
            removals = _Removals(self._session)
            removals.find(names)
            removed = removals.carry_out()
            if containers := removals.containers():
                with self.worklist() as worklist:
                    worklist.drop(containers)
            self._store.index()
            forget_pages(self._store.folder, lambda identity: self._session.catalog.number_of(identity) is not None)
        return Receipt(removed=removed)

    def synchronizer(self, progress: ProgressCallback | None) -> Synchronizer:
        """Return a `sync` that is ready to run. It takes the writer lock itself."""
        from index import __version__
        from index.ingest.sync import Synchronizer

        def ingest(paths: Sequence[Path], worklist: Worklist) -> Receipt:
            return self.ingestion(progress, None, worklist).run(paths)

        def rehearse(paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str]) -> Receipt:
            return self._rehearsal(gained, lost, progress).run(paths)

        rules, max_bytes = f"{__version__} {self._reading_rules()}", self._session.max_bytes
        return Synchronizer(self._store, ingest, rehearse, max_bytes=max_bytes, rules=rules, progress=progress)

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

    def _rehearsal(self, gained: Mapping[str, str], lost: Iterable[str], progress: ProgressCallback | None) -> DryRun:
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

    def _reading_rules(self) -> str:
        """Return what decides whether a file can be read; text recognition may have been installed meanwhile."""
        from index.loading.recognition.recogniser import available

        settings = self._session.base_settings
        limits = sorted(settings.model_dump(include=_LIMITS).items())
        return f"{limits} {available(settings.ocr)}"


class _Removals:
    """Finds what goes when documents or archives are removed, and removes it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._catalog = session.catalog
        self._documents: dict[str, DocumentInfo] = {}
        self._members: set[str] = set()

    def find(self, names: Iterable[str]) -> None:
        """Find documents by id, source or title, and archives by path. Raises DocumentNotFound, AmbiguousDocument."""
        for name in names:
            try:
                info = self._session.find(name)
            except DocumentNotFound:
                members = set(self._members_of(name))
                if not members:
                    raise
                self._members |= members
            else:
                self._documents[info.id] = info
                for source in self._catalog.sources_of(self._session.number(info.id)):
                    self._members.update(self._in_container(source))

    def carry_out(self) -> tuple[str, ...]:
        """Remove what was found, and return the sources. A document that has another source, too, loses this one."""
        for identity in self._documents:
            self._catalog.remove(self._session.number(identity))
        members = sorted(self._catalog.documents_of(sorted(self._members)))
        self._catalog.relink({}, members)
        return (*(info.source for info in self._documents.values()), *members)

    def containers(self) -> set[str]:
        """Return the files on disk that removed documents are members of, so that a sync opens them again."""
        sources = (*self._members, *(info.source for info in self._documents.values()))
        found = (container_file(Path(source)) for source in sources if os.path.isabs(source))
        return {str(file) for file in found if file is not None}

    def _members_of(self, name: str) -> Iterator[str]:
        """Yield the sources of the documents in an archive; of those in a folder, none."""
        for source in dict.fromkeys(possible_sources(name)):
            yield from self._in_container(source)

    def _in_container(self, container: str) -> Iterator[str]:
        """Yield the sources below a container: a file, or one that documents name, even if it is gone."""
        found = self._catalog.sources_below(container) if container else {}
        is_file = os.path.isabs(container) and os.path.isfile(container)
        if is_file or any(self._container_of(identity) == container for identity in found.values()):
            yield from found

    def _container_of(self, identity: str) -> str:
        number = self._session.number(identity)
        return self._catalog.infos([number])[number].reading.container


def listed(paths: str | Path | Iterable[str | Path]) -> list[str | Path]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, str | Path) else list(paths)
