"""The maintenance of a library: statistics, consistency checks, compaction and rebuilds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from index.library.models import chunker_for
from index.library.recipe import portable_model
from index.records import Stats

if TYPE_CHECKING:
    from index.library.models import Models
    from index.library.session import Session
    from index.operations import Compacted, Rebuilt, Watch
    from index.records import Problem, ProgressCallback, Recall, Verification

_READ_ONLY = "Its folder is read-only here: it can be asked, and not changed."


class Maintenance:
    """Measures, checks and renews a library as a whole."""

    def __init__(self, session: Session, models: Models) -> None:
        self._session = session
        self._store = session.store
        self._models = models

    def generation(self) -> int:
        """Return the number of changes so far. It is cheap, and differs after each change."""
        return self._session.catalog.generation()

    def stats(self) -> Stats:
        """Return the library in numbers."""
        catalog = self._session.catalog
        readiness = self._store.refresh(waiting=False)
        return Stats(
            folder=str(self._session.folder),
            bytes=self._store.bytes_on_disk(),
            made_with=catalog.fingerprint(),
            generation=catalog.generation(),
            media_types=dict(Counter(info.media_type for info in catalog.documents())),
            notes=(*readiness.notes, *([_READ_ONLY] if self._store.read_only else [])),
            **catalog.totals(),
        )

    def recall(self, questions: int = 200) -> Recall:
        """Measure how many of the ten nearest passages a search finds; all of them in a small library.

        It reads every vector: a few seconds for each 100,000 passages.
        """
        return self._store.recall(questions)

    def problems(self) -> list[Problem]:
        """Return the library's contradictions, each with its remedy. Sources are not read."""
        return self._store.problems()

    def verify(self, *, progress: ProgressCallback | None = None) -> Verification:
        """Read every source that is still on disk and prove that every passage and sentence is its text."""
        from index.verification import verify

        session = self._session
        return verify(session.store, max_bytes=session.max_bytes, limits=session.limits, progress=progress)

    def compact(self, *, progress: Watch | None = None) -> Compacted:
        """Free the space of removed documents, while others read. Raises LibraryLocked, NoRoom."""
        from index.operations import compact

        return compact(self._store, progress=progress)

    def rebuild(
        self, *, model: str | None = None, passage_tokens: int | None = None, progress: Watch | None = None
    ) -> Rebuilt:
        """Cut and encode all documents again from their stored texts, by default with the current settings.

        An empty `model` is the built-in one. The library and this object keep both values from then on. Others read and
        change the library meanwhile, and see the new one in one step. After an interruption, the next `rebuild` goes
        on. Raises EncoderError, LibraryLocked, NoRoom.
        """
        from index.encoding import load_encoder
        from index.operations import Tools, rebuild

        given = {"model": model, "passage_tokens": passage_tokens}
        changes = {name: value for name, value in given.items() if value is not None}
        settings = self._session.settings.model_copy(update=changes)
        encoder, loaded = self._models.encoder(), self._models.model
        if model is not None:
            encoder, loaded = load_encoder(settings), portable_model(model)
        tools = Tools(encoder, chunker_for(encoder, settings.passage_tokens))
        rebuilt = rebuild(self._store, tools, model=loaded, progress=progress)
        self._models.replace(encoder, loaded, changes)
        return rebuilt
