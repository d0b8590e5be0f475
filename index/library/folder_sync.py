"""The synchronisation of a library with folders: once, or for as long as they are watched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from threading import Event

    from index.library.changes import Changes
    from index.library.session import Session
    from index.records import ProgressCallback, Receipt
    from index.storage.worklist import Worklist
    from index.syncing import Syncing
    from index.watching import Pace, WatchCallback

_LIMITS = {"max_file_megabytes", "max_pages", "parse_seconds", "parse_megabytes"}
"""The settings that decide whether a file can be read: a file that failed is tried again when one of them changes."""


class FolderSync:
    """Makes a library the same as folders."""

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

        A renamed file costs nothing. A document that also has another source stays, as does what cannot be read now (a
        `Failure`). Documents from other places stay as they are. Files that look unchanged are not read, except with
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
        files gone at once. All these are waited for. Both callbacks run in this thread; other threads can ask
        meanwhile. Raises FolderMissing if a folder is missing at the start, and what `add` raises if waiting is no
        help.
        """
        from threading import Event

        from index.watching import Watching

        watching = Watching(
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

    def _syncing(self, progress: ProgressCallback | None) -> Syncing:
        from index import __version__
        from index.syncing import Syncing

        def ingest(paths: Sequence[Path], worklist: Worklist) -> Receipt:
            return self._changes.ingestion(progress, None, worklist).run(paths)

        def rehearse(paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str]) -> Receipt:
            return self._changes.rehearsal(gained, lost, progress).run(paths)

        session = self._session
        limits = session.base_settings.model_dump(include=_LIMITS)
        rules = f"{__version__} {sorted(limits.items())}"
        return Syncing(session.store, ingest, rehearse, max_bytes=session.max_bytes, rules=rules, progress=progress)


def _listed(folders: str | Path | Iterable[str | Path]) -> list[str | Path]:
    return [folders] if isinstance(folders, str | Path) else list(folders)
