"""What changes a library: documents that come and go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.library.opened import Opened
from index.records import Queue, Receipt
from index.storage.worklist import Worklist

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from index.chunking import Chunker
    from index.encoding import Encoder
    from index.ingestion import Ingestion, Rehearsal
    from index.records import Document, ProgressCallback


class Filling(Opened):
    """Documents come and go."""

    def add(
        self,
        paths: str | Path | Iterable[str | Path],
        *,
        sources: Mapping[Path, str] | None = None,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
    ) -> Receipt:
        """Add files and folders. What is there already, byte for byte, costs nothing; what changed is replaced.

        A file that cannot be read is a `Failure` in the receipt and does not stop the others. Each document is stored
        whole in one step: stop at any moment, and the next `add`, or `resume`, goes on from there. `sources` gives
        files another source than their path, such as the address that they were fetched from; what has one is not
        queued. `workers` is how many processes read files meanwhile, by default as many as the settings say.

        Raises LibraryLocked where another program is changing the library, FingerprintMismatch where it was made with
        another encoder or chunking, LibraryNotWritable where its disk does not take it.
        """
        paths = [paths] if isinstance(paths, str | Path) else list(paths)
        with self._store.writing(), Worklist(self.folder) as worklist:
            ingestion = self._ingestion(progress, workers, None if sources else worklist)
            return ingestion.run(paths, sources)

    def resume(
        self,
        *,
        waiting: bool = True,
        failed: bool = False,
        progress: ProgressCallback | None = None,
        workers: int | None = None,
    ) -> Receipt:
        """Add what an `add` that was stopped left waiting; with `failed`, also what could not be read.

        Raises what `add` raises.
        """
        with self._store.writing(), Worklist(self.folder) as worklist:
            paths = worklist.waiting() if waiting else []
            paths += [failure.source for failure in worklist.failed()] if failed else []
            return self._ingestion(progress, workers, worklist).run(paths)

    def queue(self) -> Queue:
        """The files that wait to be added, and those that could not be."""
        with Worklist(self.folder) as worklist:
            return Queue(tuple(worklist.waiting()), tuple(worklist.failed()))

    def forget_queue(self) -> None:
        """Wait for nothing, and remember no failure; the library stays as it is."""
        with self._store.writing(), Worklist(self.folder) as worklist:
            worklist.forget()

    def add_documents(self, documents: Iterable[Document], *, progress: ProgressCallback | None = None) -> Receipt:
        r"""Add documents that were made elsewhere than in a file, as `add` does files.

        An `id` stands for the contents: the same id again is taken to be unchanged. Their texts have to be canonical:
        no white space at either end, `\n` for line breaks.
        """
        with self._store.writing():
            return self._ingestion(progress).run_documents(documents)

    def remove(self, *documents: str) -> Receipt:
        """Remove documents, each named by id, source or title: from the catalog and from every index, at once.

        Raises DocumentNotFound or AmbiguousDocument before anything is removed.
        """
        with self._store.writing():
            found = {info.id: info for info in map(self.find, documents)}
            for identity in found:
                self._store.catalog.remove(self._number(identity))
            self._store.index()
        return Receipt(removed=tuple(info.source for info in found.values()))

    def _ingestion(
        self, progress: ProgressCallback | None, workers: int | None = None, worklist: Worklist | None = None
    ) -> Ingestion:
        from index.ingestion import Ingestion

        return Ingestion(self._store, self._remembered_tools, worklist=worklist, **self._reading(progress, workers))

    def _rehearsal(
        self, gained: Mapping[str, str], lost: Iterable[str], progress: ProgressCallback | None
    ) -> Rehearsal:
        from index.ingestion import Rehearsal

        return Rehearsal(self._store, self._tools, gained=gained, lost=lost, **self._reading(progress))

    def _tools(self) -> tuple[Encoder, Chunker]:
        from index.chunking import Chunker

        encoder, target = self.encoder(), self.settings.passage_tokens
        return encoder, Chunker(target_tokens=target, limit=encoder.max_tokens, count_tokens=encoder.count_tokens)

    def _remembered_tools(self) -> tuple[Encoder, Chunker]:
        """The tools of a change that is stored: the library remembers the model."""
        tools = self._tools()
        self._remember_model()
        return tools

    def _reading(self, progress: ProgressCallback | None, workers: int | None = None) -> dict[str, Any]:
        """How files are read."""
        return {
            "max_bytes": self._max_bytes,
            "max_pages": self._settings.max_pages,
            "progress": progress,
            "limits": self._limits,
            "workers": workers or self._settings.workers or max(1, (os.cpu_count() or 1) // 2),
        }
