"""Errors about a source that cannot be turned into a document; each becomes a `Failure` in the receipt."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


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

    hint = "Save a copy without the password, and add that."


class NoTextLayer(LoadingError):
    """The pages are images without text."""

    hint = "Run text recognition on it first, for example: ocrmypdf in.pdf out.pdf"


class EmptyDocument(LoadingError):
    """The file contains no words."""

    hint = "Nothing to do, unless you expected words in it."


class TooLarge(LoadingError):
    """The file is larger than the settings allow."""


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
