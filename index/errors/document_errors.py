"""Errors of files and of the documents in them."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class EvaluationError(PinciteError):
    """A file of questions or of results cannot be used: it is missing, or one of its lines is invalid."""


class BadPack(PinciteError):
    """A file is not an evidence pack, or it was changed or damaged after it was made."""

    hint = "Ask whoever made the pack for a new copy."


class BadKept(PinciteError):
    """A collection of kept quotes is not one, is damaged, or is larger than a reader can keep."""

    hint = "Use a file that the page exported: Kept, then Export."


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


class LoadingError(PinciteError):
    """A source could not be turned into a document."""


class SourceNotFound(LoadingError):
    """No file or folder exists at that path."""

    hint = "Check the path."


class SourceNotReadable(LoadingError):
    """The file exists but cannot be read."""

    hint = "Check the file's permissions."


class UnsupportedFormat(LoadingError):
    """Pincite does not read this format; the message names it."""


class DamagedFile(LoadingError):
    """The file breaks the rules of its format: it is truncated, corrupt or mislabelled."""

    hint = "Open it in the program that made it, save it again, and add it again."


class PasswordRequired(LoadingError):
    """The file is encrypted with a password."""

    hint = "Save a copy without the password, and add the copy."


class CopyProtected(LoadingError):
    """The file is locked by its shop's copy protection, which no password opens."""

    hint = "Add a copy without copy protection, if you may have one."


class NoTextLayer(LoadingError):
    """The pages are images without text, and text recognition is not installed, or is turned off."""

    hint = (
        "Install text recognition (apt install tesseract-ocr, or pip install 'pincite[ocr]'), and add the file again."
    )


class RecognitionFailed(LoadingError):
    """The text of a picture could not be recognised."""

    hint = (
        "If it shows text, scan it again at 300 dpi, or install its language; tesseract --list-langs names those that "
        "are installed."
    )


class HoldsDocuments(LoadingError):
    """The file is an archive or a mailbox: it is no document itself, and the documents are in it."""

    hint = "Add it to a library: the documents in it are then added, each with a path below it."


class EmptyDocument(LoadingError):
    """The file contains no words."""

    hint = "Nothing to do, unless you expected words in it."


class TooLarge(LoadingError):
    """The file is larger than the settings allow."""


class ContainerTooLarge(TooLarge):
    """An archive, a mailbox or a message holds too much: too many files, too many bytes, or too many in one another."""

    hint = "Unpack it if you trust its source, and add the folder."


class TooMuchMemory(LoadingError):
    """Reading the file needs more memory than the settings allow."""

    hint = "Raise the limit with PINCITE_PARSE_MEGABYTES, or split the file."


class TookTooLong(LoadingError):
    """Reading the file takes longer than the settings allow."""

    hint = "Raise the limit with PINCITE_PARSE_SECONDS, or split the file."


class ReaderCrashed(LoadingError):
    """The file crashed the process that read it, or a library failed on it unexpectedly."""

    hint = "Open it in the program that made it, save it again, and add it again; if it is huge, split it."


class FetchFailed(LoadingError):
    """An address returned no document: it is unreachable, too slow, or answers with an error."""

    hint = "Check the address in a browser; or save the page as a file, and add that."
