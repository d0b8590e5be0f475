"""Errors about a library, its documents, and folders that it is synchronized with."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class LibraryError(PinciteError):
    """An error about a library as a whole."""


class LibraryNotFound(LibraryError):
    """The folder holds no library."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"There is no library in {folder}.", "Make one by adding files to it: pincite add PATH")
        self.folder = folder


class LibraryLocked(LibraryError):
    """Another process is changing the library; `holder` names it."""

    def __init__(self, folder: str, holder: str) -> None:
        super().__init__(
            f"The library {folder} is being changed by {holder}.",
            "Wait until it has finished, or stop it, and try again; searching works meanwhile.",
        )
        self.folder = folder
        self.holder = holder


class LibraryNotWritable(LibraryError):
    """The library's folder cannot be written: missing permissions, a read-only disk or a full one."""


class LibraryReadOnly(LibraryNotWritable):
    """The library is on a read-only disk or in a read-only folder: it can be searched but not changed."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The library {folder} is read-only: you can search it, but not change it.",
            "Change it from where its folder is writable, or copy the folder to a writable place.",
        )
        self.folder = folder


class NoRoom(LibraryNotWritable):
    """A disk has less free space than an operation needs; `needed` and `free` are in bytes."""

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(
            f"This needs {needed / 1e6:,.0f} MB on the disk of {folder}, but only {free / 1e6:,.0f} MB are free.",
            "Free some space on that disk and try again; nothing has been changed.",
        )
        self.folder = folder
        self.needed = needed
        self.free = free


class LibraryExists(LibraryError):
    """The target folder of a restored or imported library is not empty."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The folder {folder} is not empty.",
            "Name a new folder with --library, or replace its library with --force.",
        )
        self.folder = folder


class LibraryDamaged(LibraryError):
    """The catalog is damaged, so nothing from it is served."""

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"The catalog of the library {folder} is damaged: {detail}.",
            "Restore it from a backup (pincite restore FILE --force), or move it away and add the sources again.",
        )
        self.folder = folder
        self.detail = detail


class LibraryTooNew(LibraryError):
    """A newer version of Pincite wrote the library."""

    hint = "Upgrade Pincite: pip install --upgrade pincite"


class FingerprintMismatch(LibraryError):
    """The library was made with another encoder or chunk size than the settings name."""

    def __init__(self, folder: str, stored: str, wanted: str) -> None:
        super().__init__(
            f"The library {folder} was made with {stored}; the settings ask for {wanted}.",
            "The library remembers its own model and passage length. To keep them, remove PINCITE_MODEL and "
            "PINCITE_PASSAGE_TOKENS from the environment, and model and passage_tokens from pincite.toml. To change "
            "them, or if neither is set: pincite rebuild",
        )
        self.folder = folder
        self.stored = stored
        self.wanted = wanted


class SyncError(PinciteError):
    """A library could not be synchronized with a folder."""


class FolderMissing(SyncError):
    """A folder to synchronize with is missing or cannot be listed, which says nothing about the files in it."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"The folder {folder} cannot be read: {reason}.",
            "Check the path, its permissions, and whether its disk is mounted; the library keeps its documents.",
        )
        self.folder = folder
        self.reason = reason


class TooManyRemovals(SyncError):
    """Most of a folder's files that the library holds are gone; perhaps a disk is not mounted."""

    def __init__(self, folder: str, removals: int, of: int) -> None:
        super().__init__(
            f"The library holds {of:,} files from {folder}, and {removals:,} of them are gone.",
            "To remove them from the library, use --force (`force=True`); otherwise check whether the disk is mounted.",
        )
        self.folder = folder
        self.removals = removals
        self.of = of


class DocumentError(PinciteError):
    """An error about one document of a library."""


class DocumentNotFound(DocumentError):
    """No document of the library has that id, source or title."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No document of this library is called {name!r}.", "List the documents: pincite list")
        self.name = name


class AmbiguousDocument(DocumentError):
    """Several documents match that name."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        listed = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        super().__init__(f"{name!r} names {len(candidates)} documents: {listed}.", "Give more of the id or source.")
        self.name = name
        self.candidates = candidates


class SpanError(DocumentError):
    """A span lies outside its document."""


class OriginalMissing(DocumentError):
    """The source file of a document is missing or has changed since it was added."""

    hint = "Its text is still in the library; add the file again to restore its pages and its download."


class PageError(DocumentError):
    """A document has no such page, or the page cannot be rendered as requested."""
