"""What makes a library follow folders: once, or for as long as they are watched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.library.filling import Filling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from threading import Event

    from index.records import ProgressCallback, Receipt
    from index.storage.worklist import Worklist
    from index.syncing import Syncing
    from index.watching import Pace, WatchCallback


class Living(Filling):
    """Folders are followed."""

    def sync(
        self,
        folders: str | Path | Iterable[str | Path],
        *,
        dry_run: bool = False,
        checksum: bool = False,
        force: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Receipt:
        """Make the library have what is in these folders, and nothing that is not there any more.

        New files are added, changed ones replaced, renamed ones known by their new name at no cost. What vanished is
        removed, unless the library has it from elsewhere, too; what cannot be read now stays as it was, and is a
        `Failure`. What came from other places is left alone. A file that looks as it did when it was read is not read
        again; with `checksum`, it is. With `dry_run` nothing is changed, and the receipt is what it would be; new and
        changed files are read for it, but not encoded.

        Raises FolderMissing where a folder is not there or cannot be listed; TooManyRemovals where most of what the
        library has from it would go, unless `force` is given; and what `add` raises.
        """
        named = [folders] if isinstance(folders, str | Path) else list(folders)
        return self._syncing(progress).run(named, dry_run=dry_run, checksum=checksum, force=force)

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
        """Keep the library the same as these folders until `stop` is set, as `sync` makes it once.

        `tell` hears of every change, as a receipt of what changed, and of what is in the way, as a problem: a folder
        that is gone, another program that changes the library, most files gone at once. All these are waited for. Both
        callbacks are called in this thread; the library can be asked in others meanwhile.

        Raises FolderMissing where a folder is not there to begin with, and what `add` raises and waiting does not mend.
        """
        from threading import Event

        from index.watching import Watching

        named = [folders] if isinstance(folders, str | Path) else list(folders)
        stop = stop or Event()
        watching = Watching(
            self._syncing, named, tell, own=self.folder, stop=stop, pace=pace, force=force, progress=progress
        )
        watching.run()

    def _syncing(self, progress: ProgressCallback | None) -> Syncing:
        from index import __version__
        from index.syncing import Syncing

        def ingest(paths: Sequence[Path], worklist: Worklist) -> Receipt:
            return self._ingestion(progress, None, worklist).run(paths)

        def rehearse(paths: Sequence[Path], gained: Mapping[str, str], lost: Sequence[str]) -> Receipt:
            return self._rehearsal(gained, lost, progress).run(paths)

        names = {"max_file_megabytes", "max_pages", "parse_seconds", "parse_megabytes"}
        limits = self._settings.model_dump(include=names)
        rules = f"{__version__} {sorted(limits.items())}"
        return Syncing(self._store, ingest, rehearse, max_bytes=self._max_bytes, rules=rules, progress=progress)
