"""What is done to a library as a whole: copies of it, less room, another encoder, another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.library.opened import Opened
from index.library.recipe import applied, named

if TYPE_CHECKING:
    from index.encoding import Encoder
    from index.operations import BackedUp, Compacted, Exported, Rebuilt, Restored, Tools, Watch
    from index.records import Receipt
    from index.settings import Settings


class Operating(Opened):
    """Copies of it, less room, another encoder, another machine. Killed at any instant, each leaves the old or the new.

    `progress` hears what is done, how much of it, and of how much.
    """

    def backup(self, path: str | Path, *, force: bool = False, progress: Watch | None = None) -> BackedUp:
        """Write the library as it is at this moment to one file, while others read and change it.

        The file has the catalog, and the files that arrived in the library's own folder. Raises ArchiveExists where
        there is a file and `force` is not set, ArchiveNotWritable, NoRoom, and LibraryDamaged where there is nothing
        sound to copy.
        """
        from index.operations import back_up

        return back_up(self._store, _absolute(path), force=force, progress=progress)

    @staticmethod
    def restore(
        path: str | Path, folder: str | Path, *, force: bool = False, progress: Watch | None = None
    ) -> Restored:
        """Make a library from a backup in a folder that is new or empty; with `force`, in place of the one there.

        All of the file is checked first. A library that others have open is replaced under them in one step. Raises
        BadArchive, LibraryExists, LibraryTooNew, LibraryLocked, NoRoom, LibraryNotWritable.
        """
        from index.operations import restore

        return restore(_absolute(path), _absolute(folder), force=force, progress=progress)

    def compact(self, *, progress: Watch | None = None) -> Compacted:
        """Give back the room of what was removed, while others read. Raises LibraryLocked, NoRoom."""
        from index.operations import compact

        return compact(self._store, progress=progress)

    def rebuild(
        self, *, model: str | None = None, passage_tokens: int | None = None, progress: Watch | None = None
    ) -> Rebuilt:
        """Cut and encode all documents again from their stored texts, by default as the settings say, else as before.

        An empty `model` is the built-in one. The library remembers both, for whoever opens it without saying otherwise.

        Others ask and change the library meanwhile, and see the new one in one step; from then on this object works
        with `model` and `passage_tokens`, where these are given. Stopped or killed, the next `rebuild` goes on.
        Raises EncoderError, LibraryLocked, NoRoom.
        """
        from index.encoding import load_encoder
        from index.operations import rebuild

        asked = {"model": model, "passage_tokens": passage_tokens}
        changes = {name: value for name, value in asked.items() if value is not None}
        settings = self.settings.model_copy(update=changes)
        encoder, loaded = self.encoder(), self._model
        if model is not None:
            encoder, loaded = load_encoder(settings), named(model)
        done = rebuild(self._store, _tools(settings, encoder), model=loaded, progress=progress)
        with self._loading:
            self._settings = self._settings.model_copy(update=changes)
            self._encoder, self._model, self._recalling = encoder, loaded, None
        return done

    def export_library(
        self, path: str | Path, *, vectors: bool = True, force: bool = False, progress: Watch | None = None
    ) -> Exported:
        """Write all documents to one file that another machine or version imports, while others change the library.

        Raises ArchiveExists, ArchiveNotWritable, NoRoom, LibraryDamaged.
        """
        from index.operations import export_library

        return export_library(self._store, _absolute(path), vectors=vectors, force=force, progress=progress)

    def import_library(self, path: str | Path, *, trust: bool = False, progress: Watch | None = None) -> Receipt:
        """Add the documents of such a file; what is here already stays as it is.

        The file's vectors are taken where they are such as this library has; else its texts are encoded. A library that
        has none yet takes on the file's passages, within what the settings allow. Nothing is changed before all of the
        file was checked. What it says of files that nobody here has read is kept as a claim until `add` or `sync` reads
        them. With `trust`, which is for an export of one's own, what was read there counts as read here, in place of
        claims; what was a claim there stays one. Raises BadArchive, NoRoom, LibraryLocked, FingerprintMismatch.
        """
        from index.ingestion import encoder_of
        from index.operations import import_library

        def tools(made_with: str) -> Tools:
            encoder = self.encoder()
            self._remember_model()
            alike = made_with if encoder_of(made_with) == encoder.name else ""
            return _tools(applied(self._settings, self._store.catalog, otherwise=alike), encoder)

        path = _absolute(path)
        return import_library(self._store, path, tools, max_bytes=self._max_bytes, trust=trust, progress=progress)


def _tools(settings: Settings, encoder: Encoder) -> Tools:
    from index.chunking import Chunker
    from index.operations import Tools

    target = settings.passage_tokens
    return Tools(encoder, Chunker(target_tokens=target, limit=encoder.max_tokens, count_tokens=encoder.count_tokens))


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().absolute()
