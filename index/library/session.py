"""The session of an open library: its store, its settings, and work that is repeated when the library is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from index.library.recipe import applied, disagreements

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from index.parsing import Limits
    from index.settings import Settings
    from index.storage.store import FolderStore

_Result = TypeVar("_Result")
_RETRIES = 5
"""How many times work is tried while rebuilds or restores replace the library, before the last try."""


class Session:
    """The store of an open library, and the settings that apply to it."""

    def __init__(self, store: FolderStore, settings: Settings) -> None:
        self.store = store
        self.catalog = store.catalog
        self.base_settings = settings
        """The settings as the caller gave them, with the changes that a rebuild made."""

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self.store.folder

    @property
    def settings(self) -> Settings:
        """The settings for this library: its own model and passage length, unless the caller set them."""
        return applied(self.base_settings, self.catalog)

    @property
    def max_bytes(self) -> int:
        """The size limit of one file, in bytes."""
        return self.base_settings.max_file_megabytes * 1_000_000

    @property
    def limits(self) -> Limits:
        """The time and memory that the reading of one file may take."""
        from index.parsing import Limits

        return Limits(self.base_settings.parse_seconds, self.base_settings.parse_megabytes)

    def change_settings(self, changes: Mapping[str, Any]) -> None:
        """Replace some settings for the rest of the session."""
        self.base_settings = self.base_settings.model_copy(update=dict(changes))

    def disagreements(self) -> dict[str, tuple[Any, Any]]:
        """Return the settings that the caller set and the library was not made with: name to (set, library's own)."""
        return disagreements(self.base_settings, self.catalog)

    def retry_if_replaced(self, work: Callable[[], _Result]) -> _Result:
        """Return what `work` returns. Repeat it, up to five times, if the library was replaced meanwhile.

        A rebuild or a restore replaces the library and changes its id. An error of `work` counts only if the id stayed.
        """
        for _ in range(_RETRIES):
            library = self.catalog.library_id
            try:
                result = work()
            except Exception:
                if self.catalog.library_id == library:
                    raise
            else:
                if self.catalog.library_id == library:
                    return result
        return work()
