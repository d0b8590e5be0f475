"""The library of one visitor to a demo: the published library and the visitor's own, searched as one."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import PrivateLibraryFull, PublishedDocument, Stopping, TooLarge
from index.library.library import Library, Parts
from index.loading.loader import digest, discover
from index.plugins.demo.layered_store import LayeredStore, keep_ids_apart
from index.records import Progress, Receipt, Settled

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from index.records import Answer, Document, DocumentInfo, ProgressCallback
    from index.settings import Settings


CHARACTERS_PER_PAGE = 3000
"""Characters that count as a page in formats without pages: a full page of print."""
ALREADY_PUBLISHED = "This document is published here already, so it is not added again."
_OWN, _WORDS = "own", "words-"


class Overlay(Library):
    """Answers from the published library, and from the visitor's documents beside it as soon as there are any.

    The published library is never changed, and it outlives this one. The own library is made at the first addition.
    """

    def __init__(
        self,
        published: Library,
        folder: Path,
        settings: Settings,
        *,
        max_pages: int,
        before_adding: Callable[[Path], None] = lambda _: None,
        before_writing: Callable[[], None] = lambda: None,
    ) -> None:
        """`folder` is the visitor's own; `max_pages` is the limit of all documents in it together.

        `before_adding` is called with each file, `before_writing` before a language model is asked; an error of either
        prevents it.
        """
        self._before_adding = before_adding
        self._before_writing = before_writing
        self._published = published
        self._own_folder = folder
        self._own_settings = settings
        self._max_pages = max_pages
        self._own: Library | None = None
        self._has_own = False
        """Whether the own library was made; it may be closed now."""
        self._resting: list[DocumentInfo] = []
        """The visitor's documents, while their library is closed."""
        self._held: dict[str, tuple[int, int]] = {}
        """Pages and bytes of each own document that was added or is being added, by id."""
        self._both: Library | None = None
        self._retired: list[Library] = []
        self._numbers = count(1)
        self._opening = threading.RLock()
        self._closed = False

    @property
    def parts(self) -> Parts:
        """The parts of the library that is in use now: the published one, or both as one."""
        return self._current().parts

    def retire(self) -> None:
        """Read only the published library from now on, because the own files are about to be deleted. Never waits."""
        self._closed = True

    def close(self) -> None:
        """Close the own library; the published one stays open."""
        with self._opening:
            self._closed, self._resting = True, []
            self._close_own()

    def rest(self) -> None:
        """Close the own library until it is used again, so that it has no open file and no thread."""
        with self._opening:
            self._resting = self.own_documents()
            self._close_own()
            for place in self._own_folder.glob(f"{_WORDS}*"):
                shutil.rmtree(place, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """The visitor's folder."""
        return self._own_folder

    @property
    def read_only(self) -> bool:
        """Whether nothing can be added: never."""
        return False

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """See `Library.ask_stream`."""
        stream: Generator[str | Answer, None, None] = self.parts.answerer.ask_stream(
            question, before_writing=self._before_writing, **options
        )
        return stream

    # Changes

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        sources: Mapping[Path, str] | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
        passwords: Sequence[str] = (),
    ) -> Receipt:
        """Add files to the own library, one by one; a published document counts as unchanged.

        Raises PrivateLibraryFull when the documents have as many pages as are allowed.
        """
        receipts = []
        for path in discover([paths] if isinstance(paths, str | Path) else list(paths)):
            source = (sources or {}).get(path, str(path))
            if self._is_published(path):
                receipts.append(Receipt(unchanged=(source,)))
                if progress:
                    settled = Settled("unchanged", notes=(ALREADY_PUBLISHED,))
                    progress(Progress(source, "settled", 1, 1, 0, 0, settled=settled))
            else:
                self._before_adding(path)
                own = self._library_with_room()
                receipts.append(
                    own.add([path], sources=sources, progress=progress, workers=workers, passwords=passwords)
                )
        return _sum(receipts)

    def remove(self, *documents: str) -> Receipt:
        """Remove documents from the own library. Raises PublishedDocument, before anything is removed."""
        found = [self.find(name) for name in documents]
        for info in found:
            if not info.private:
                raise PublishedDocument(info.name)
        return self._open_own().remove(*(info.id for info in found)) if found else Receipt()

    def own_documents(self) -> list[DocumentInfo]:
        """Return the visitor's documents."""
        own = self._own
        return [replace(info, private=True) for info in own.documents()] if own is not None else self._resting

    # Details

    def _is_published(self, path: Path) -> bool:
        catalog = self._published.parts.session.catalog
        return catalog.number_of(digest(path, max_bytes=self._published.parts.session.max_bytes)) is not None

    def _library_with_room(self) -> Library:
        """Return the own library, with the pages that are left as its limits. Raises PrivateLibraryFull."""
        own = self._open_own()
        held = {info.id: (pages_of(info), self._held.get(info.id, (0, 0))[1]) for info in own.documents()}
        self._held = held
        left = self._max_pages - sum(pages for pages, _ in held.values())
        if left <= 0:
            raise PrivateLibraryFull(f"{self._max_pages:,} pages")
        limits = {"max_pages": left, "max_characters": left * CHARACTERS_PER_PAGE}
        own.parts.session.change_settings({**limits, "max_members": self._own_settings.demo_files})
        return own

    def _admit(self, document: Document, size: int) -> None:
        """Count a document: a file, or a member of one. Raises TooLarge if there are too many files, pages or bytes."""
        if document.id in self._held:
            return
        pages = document.pages or -(-len(document.text) // CHARACTERS_PER_PAGE)
        held = {**self._held, document.id: (pages, size)}
        most_files, most_megabytes = self._own_settings.demo_files, self._own_settings.demo_megabytes
        exceeded = {
            f"{most_files:,} files": len(held) > most_files,
            f"{self._max_pages:,} pages": sum(pages for pages, _ in held.values()) > self._max_pages,
            f"{most_megabytes:,} MB": sum(size for _, size in held.values()) > most_megabytes * 1_000_000,
        }
        for limit, is_exceeded in exceeded.items():
            if is_exceeded:
                full = PrivateLibraryFull(limit)
                raise TooLarge(full.message, full.hint)
        self._held = held

    def _open_own(self) -> Library:
        with self._opening:
            if self._closed:
                raise Stopping
            if self._own is None:
                # The vectors must be comparable, so encoder and passage length are those of the published library.
                published = self._published.settings
                same = {"model": published.model, "passage_tokens": published.passage_tokens}
                settings = self._own_settings.model_copy(update=same)
                own = Library.open(self._own_folder / _OWN, settings, encoder=self._published.encoder())
                keep_ids_apart(self._published.parts.store.catalog, own.parts.store.catalog)
                own.parts.changes.admit = self._admit
                self._own, self._has_own = own, True
            return self._own

    def _close_own(self) -> None:
        for library in filter(None, (*self._retired, self._both, self._own)):
            library.close()
        self._retired, self._both, self._own = [], None, None

    def _current(self) -> Library:
        """Return the library to read: the published one until the own library exists, then both."""
        if not self._has_own or self._closed:
            return self._published
        both, own = self._both, self._own or self._open_own()
        if both is not None and both.parts.store.catalog.is_current:  # type: ignore[attr-defined]
            return both
        with self._opening:
            if self._both is both and self._own is own:
                if both is not None:  # questions may still use it
                    self._retired.append(both)
                self._both = self._layered(own)
            return self._both or self._published

    def _layered(self, own: Library) -> Library:
        place = self._own_folder / f"{_WORDS}{next(self._numbers)}"
        shutil.rmtree(place, ignore_errors=True)
        parts = self._published.parts
        try:
            store = LayeredStore(parts.store, own.parts.store, place)
        except FileNotFoundError as error:  # the visitor's folder has just been deleted
            raise Stopping from error
        return Library(store, parts.session.base_settings, models=parts.models)


def pages_of(info: DocumentInfo) -> int:
    """Return the pages of a document, counted by its characters if its format has none."""
    return info.pages or -(-info.characters // CHARACTERS_PER_PAGE)


def _sum(receipts: Sequence[Receipt]) -> Receipt:
    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(chain(*(getattr(receipt, name) for receipt in receipts)))

    return Receipt(
        added=all_of("added"),
        replaced=all_of("replaced"),
        unchanged=all_of("unchanged"),
        failed=all_of("failed"),
        opened=all_of("opened"),
        notes=all_of("notes"),
        read=all_of("read"),
        passages=sum(receipt.passages for receipt in receipts),
        encoded=sum(receipt.encoded for receipt in receipts),
        seconds=sum(receipt.seconds for receipt in receipts),
    )
