"""Operations on a library as a whole that need its settings or models: statistics, verification, rebuilds, imports."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from index.library.session import applied, chunker_for, portable_model
from index.records import Stats
from index.storage.protocol import encoder_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from index.backup.rebuild import EncodingTools
    from index.library.session import Models, Session
    from index.records import ProgressCallback, Receipt, Verification
    from index.records.report import OperationProgress, Rebuilt

_READ_ONLY = "Its folder is read-only: you can search the library, but not change it."


class Operations:
    """Measures, checks, renews and fills a library as a whole."""

    def __init__(self, session: Session, models: Models) -> None:
        self._session = session
        self._store = session.store
        self._models = models

    def stats(self) -> Stats:
        """Return the library in numbers."""
        catalog = self._session.catalog
        readiness = self._store.refresh(waiting=False)
        return Stats(
            folder=str(self._session.folder),
            bytes=self._store.bytes_on_disk(),
            made_with=catalog.fingerprint(),
            generation=catalog.generation(),
            precisions=tuple(catalog.precisions()),
            media_types=dict(Counter(info.media_type for info in catalog.documents())),
            notes=(*readiness.notes, *([_READ_ONLY] if self._store.read_only else [])),
            **catalog.totals(),
        )

    def verify(self, *, deep: bool, passwords: Sequence[str], progress: ProgressCallback | None) -> Verification:
        """Read every source that is still on disk; see `Library.verify`."""
        from index.verification.sources import verify

        session = self._session
        return verify(
            session.store,
            max_bytes=session.max_bytes,
            limits=session.limits,
            passwords=passwords,
            recognition=replace(session.recognition, source="fresh" if deep else "kept"),
            progress=progress,
        )

    def rebuild(self, model: str | None, passage_tokens: int | None, progress: OperationProgress | None) -> Rebuilt:
        """Cut and encode all documents again; see `Library.rebuild`."""
        from index.backup.rebuild import EncodingTools, rebuild
        from index.encoders.encoder import load_encoder

        requested = {"model": model, "passage_tokens": passage_tokens}
        changes = {name: value for name, value in requested.items() if value is not None}
        settings = self._session.settings.model_copy(update=changes)
        encoder, loaded = self._models.encoder(), self._models.model
        if model is not None:
            encoder, loaded = load_encoder(settings), portable_model(model)
        tools = EncodingTools(encoder, chunker_for(encoder, settings.passage_tokens))
        rebuilt = rebuild(self._store, tools, model=loaded, progress=progress)
        self._models.replace(encoder, loaded, changes)
        return rebuilt

    def import_library(self, path: Path, *, trust: bool, progress: OperationProgress | None) -> Receipt:
        """Add the documents of an exported file; see `Library.import_library`."""
        from index.backup.portable import import_library

        limit = self._session.max_bytes
        return import_library(self._store, path, self._import_tools, max_bytes=limit, trust=trust, progress=progress)

    def _import_tools(self, made_with: str) -> EncodingTools:
        """Return the tools for a file with this fingerprint. An empty library takes on the file's passage length."""
        from index.backup.rebuild import EncodingTools

        encoder = self._models.encoder()
        self._models.remember_model()
        fallback = made_with if encoder_of(made_with) == encoder.name else ""
        settings = applied(self._session.base_settings, self._session.catalog, fallback=fallback)
        return EncodingTools(encoder, chunker_for(encoder, settings.passage_tokens))
