"""Errors about files that are not documents: evidence packs, backups, exported libraries, files of questions."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class EvaluationError(PinciteError):
    """A file of questions or of results cannot be used: it is missing, or one of its lines is invalid."""


class BadPack(PinciteError):
    """A file is not an evidence pack, or it was changed or damaged after it was made."""

    hint = "Ask whoever made the pack for a new copy."


class ArchiveError(PinciteError):
    """An error about a backup or an exported library."""


class BadArchive(ArchiveError):
    """A file is not a backup or exported library, or it was damaged or changed later. Nothing in it is used."""

    hint = "Use another copy of the file, or make it again."


class ArchiveExists(ArchiveError):
    """A file of that name exists, and it is not overwritten without --force."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The file {path} already exists.", "Give another name, or replace it with --force.")
        self.path = path


class ArchiveNotWritable(ArchiveError):
    """The file cannot be written at its destination."""

    hint = "Check the folder, its permissions and the free space of its disk; no partial file was left."


class BatchError(PinciteError):
    """A file of questions cannot be read, or the table of answers cannot be written."""
