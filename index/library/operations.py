"""Operations on a library as a whole: statistics, verification, backups, portable libraries, evidence packs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.library.models import chunker_for
from index.library.session import applied, portable_model
from index.records import Stats
from index.storage.protocol import encoder_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.backup.rebuild import EncodingTools
    from index.citations.evidence_pack import PackFinding
    from index.library.contents import Contents
    from index.library.models import Models
    from index.library.session import Session
    from index.records import Answer, Document, Problem, ProgressCallback, Recall, Receipt, Verification
    from index.records.report import BackedUp, Compacted, Exported, OperationProgress, Rebuilt, Restored

_READ_ONLY = "Its folder is read-only: you can search the library, but not change it."


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
            precisions=tuple(catalog.precisions()),
            media_types=dict(Counter(info.media_type for info in catalog.documents())),
            notes=(*readiness.notes, *([_READ_ONLY] if self._store.read_only else [])),
            **catalog.totals(),
        )

    def recall(self, questions: int = 200) -> Recall:
        """Measure how many of the ten nearest passages a search finds; in a small library, it finds all of them.

        It reads every vector: a few seconds for each 100,000 passages.
        """
        return self._store.recall(questions)

    def problems(self) -> list[Problem]:
        """Return the contradictions in the library's data, each with its remedy. Sources are not read."""
        return self._store.problems()

    def verify(
        self, *, deep: bool = False, passwords: Sequence[str] = (), progress: ProgressCallback | None = None
    ) -> Verification:
        """Read every source that is still on disk and check every passage and sentence against its text.

        Each of the `passwords` is tried on files that are locked. Words in pictures are compared with their stored
        recognition; with `deep`, the pictures are recognised again, which takes about two seconds a page.
        """
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

    def compact(self, *, progress: OperationProgress | None = None) -> Compacted:
        """Free the space of removed documents, while others read. Raises LibraryLocked, NoRoom."""
        from index.backup.rebuild import compact

        return compact(self._store, progress=progress)

    def rebuild(
        self, *, model: str | None = None, passage_tokens: int | None = None, progress: OperationProgress | None = None
    ) -> Rebuilt:
        """Cut and encode all documents again from their stored texts, by default with the current settings.

        An empty `model` is the built-in one. The library and this object keep both values from then on. Others read and
        change the library meanwhile, and see the new one in one step. After an interruption, the next `rebuild`
        continues. Raises EncoderError, LibraryLocked, NoRoom.
        """
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


class Archives:
    """Writes a library to files, and reads such files."""

    def __init__(self, session: Session, models: Models, contents: Contents) -> None:
        self._session = session
        self._store = session.store
        self._models = models
        self._contents = contents

    def backup(self, path: str | Path, *, force: bool = False, progress: OperationProgress | None = None) -> BackedUp:
        """Write the library as it is now, uploaded files included, to one file, while others read and change it.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged (a damaged catalog).
        """
        from index.backup.backups import back_up

        return back_up(self._store, _absolute(path), force=force, progress=progress)

    def copy(
        self,
        folder: str | Path,
        sources: Mapping[str, str],
        names: Mapping[str, str],
        *,
        progress: OperationProgress | None = None,
    ) -> Path:
        """Copy the library into a new folder, complete in itself, and return the folder. Others go on.

        `sources` are those that `Library.sources` returned, and `names` maps each of them to the name that it has in
        the copy. Removed documents leave no trace there. Raises LibraryError if the library has changed since,
        LibraryExists, NoRoom, LibraryNotWritable, LibraryDamaged.
        """
        from index.backup.backups import copy_library

        copy_library(self._store, _absolute(folder), sources, names, progress=progress)
        return _absolute(folder)

    def export_library(
        self, path: str | Path, *, vectors: bool = True, force: bool = False, progress: OperationProgress | None = None
    ) -> Exported:
        """Write all documents to one file for another machine or version, while others change the library.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged.
        """
        from index.backup.portable import export_library

        return export_library(self._store, _absolute(path), vectors=vectors, force=force, progress=progress)

    def import_library(
        self, path: str | Path, *, trust: bool = False, progress: OperationProgress | None = None
    ) -> Receipt:
        """Add the documents of an exported file, checked first; documents already here stay as they are.

        The file's vectors are used if its fingerprint is this library's, else the texts are encoded. An empty library
        takes on the file's passage length if the settings allow it. A text whose file nobody here has read is only
        claimed, until `add` or `sync` reads the file. With `trust`, for your own exports, a file that was read there
        counts as read here; what was only claimed there stays claimed.

        Raises BadArchive, NoRoom, LibraryLocked, FingerprintMismatch.
        """
        from index.backup.portable import import_library

        limit = self._session.max_bytes
        path = _absolute(path)
        return import_library(self._store, path, self._import_tools, max_bytes=limit, trust=trust, progress=progress)

    def _import_tools(self, made_with: str) -> EncodingTools:
        """Return the tools for a file with this fingerprint. An empty library takes on the file's passage length."""
        from index.backup.rebuild import EncodingTools

        encoder = self._models.encoder()
        self._models.remember_model()
        fallback = made_with if encoder_of(made_with) == encoder.name else ""
        settings = applied(self._session.base_settings, self._session.catalog, fallback=fallback)
        return EncodingTools(encoder, chunker_for(encoder, settings.passage_tokens))

    def pack(self, answer: Answer) -> tuple[bytes, str]:
        """Return an answer as an evidence pack, as (zip, Markdown). Another copy of the library can verify the zip."""
        from index.citations.evidence_pack import pack, pack_markdown

        made_with = self._session.catalog.fingerprint()
        facts = {"made with": made_with, "bar": str(answer.bar), "writer": answer.writer}
        now = datetime.now(UTC)
        return pack(answer, {}, facts, now), pack_markdown(answer, {}, facts, now)

    def verify_pack(self, path: str | Path) -> list[PackFinding]:
        """Return the faults of an evidence pack; empty if every quote is in this library, word for word.

        Raises BadPack if the file is not an evidence pack or was changed.
        """
        from index.citations.evidence_pack import read_pack, verify_pack

        return verify_pack(read_pack(Path(path)), self._document, self._session.catalog.claimed())

    def _document(self, identity: str) -> Document | None:
        try:
            return self._contents.document(identity)
        except DocumentNotFound:
            return None


def restore(
    path: str | Path, folder: str | Path, *, force: bool = False, progress: OperationProgress | None = None
) -> Restored:
    """Make a library from a backup, checked first, in an empty or new folder; with `force`, replace the one there.

    Programs that have the old one open see the change in one step. Raises BadArchive, LibraryExists, LibraryTooNew,
    LibraryLocked, NoRoom, LibraryNotWritable.
    """
    from index.backup.backups import restore

    return restore(_absolute(path), _absolute(folder), force=force, progress=progress)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
