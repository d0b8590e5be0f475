"""The archives of a library: backups, portable libraries, and evidence packs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import DocumentNotFound
from index.library.models import chunker_for
from index.library.recipe import applied
from index.storage.fingerprint import encoder_of

if TYPE_CHECKING:
    from index.exporting import PackFinding
    from index.library.contents import Contents
    from index.library.models import Models
    from index.library.session import Session
    from index.operations import BackedUp, Exported, Restored, Tools, Watch
    from index.records import Answer, Document, Receipt


class Archives:
    """Writes a library to files, and reads such files."""

    def __init__(self, session: Session, models: Models, contents: Contents) -> None:
        self._session = session
        self._store = session.store
        self._models = models
        self._contents = contents

    def backup(self, path: str | Path, *, force: bool = False, progress: Watch | None = None) -> BackedUp:
        """Write the library as it is now, uploaded files included, to one file, while others read and change it.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged (a damaged catalog).
        """
        from index.operations import back_up

        return back_up(self._store, _absolute(path), force=force, progress=progress)

    def export_library(
        self, path: str | Path, *, vectors: bool = True, force: bool = False, progress: Watch | None = None
    ) -> Exported:
        """Write all documents to one file for another machine or version, while others change the library.

        Raises ArchiveExists (except with `force`), ArchiveNotWritable, NoRoom, LibraryDamaged.
        """
        from index.operations import export_library

        return export_library(self._store, _absolute(path), vectors=vectors, force=force, progress=progress)

    def import_library(self, path: str | Path, *, trust: bool = False, progress: Watch | None = None) -> Receipt:
        """Add the documents of an exported file, checked first; documents already here stay as they are.

        The file's vectors are used if its fingerprint is this library's, else the texts are encoded. An empty library
        takes on the file's passage length if the settings allow it. A text whose file nobody here has read is only
        claimed, until `add` or `sync` reads the file. With `trust`, for your own exports, a file that was read there
        counts as read here; what was only claimed there stays claimed.

        Raises BadArchive, NoRoom, LibraryLocked, FingerprintMismatch.
        """
        from index.operations import import_library

        limit = self._session.max_bytes
        path = _absolute(path)
        return import_library(self._store, path, self._import_tools, max_bytes=limit, trust=trust, progress=progress)

    def _import_tools(self, made_with: str) -> Tools:
        """Return the tools for a file with this fingerprint. An empty library takes on the file's passage length."""
        from index.operations import Tools

        encoder = self._models.encoder()
        self._models.remember_model()
        fallback = made_with if encoder_of(made_with) == encoder.name else ""
        settings = applied(self._session.base_settings, self._session.catalog, fallback=fallback)
        return Tools(encoder, chunker_for(encoder, settings.passage_tokens))

    def pack(self, answer: Answer) -> tuple[bytes, str]:
        """Return an answer as an evidence pack, as (zip, Markdown). Another copy of the library can verify the zip."""
        from index.exporting import pack, pack_markdown

        made_with = self._session.catalog.fingerprint()
        facts = {"made with": made_with, "bar": str(answer.bar), "writer": answer.writer}
        now = datetime.now(UTC)
        return pack(answer, {}, facts, now), pack_markdown(answer, {}, facts, now)

    def verify_pack(self, path: str | Path) -> list[PackFinding]:
        """Return what this library does not confirm of an evidence pack; nothing if every quote is there.

        Raises BadPack if the file is not an evidence pack or was changed.
        """
        from index.exporting import read_pack, verify_pack

        return verify_pack(read_pack(Path(path)), self._document, self._session.catalog.claimed())

    def _document(self, identity: str) -> Document | None:
        try:
            return self._contents.document(identity)
        except DocumentNotFound:
            return None


def restore(path: str | Path, folder: str | Path, *, force: bool = False, progress: Watch | None = None) -> Restored:
    """Make a library from a backup, checked first, in an empty or new folder; with `force`, replace the one there.

    Programs that have the old one open see the change in one step. Raises BadArchive, LibraryExists, LibraryTooNew,
    LibraryLocked, NoRoom, LibraryNotWritable.
    """
    from index.operations import restore

    return restore(_absolute(path), _absolute(folder), force=force, progress=progress)


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
