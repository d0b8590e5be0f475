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
    │   ├── FolderNotOurs
    │   ├── PushFailed
    │   └── SiteError                a library as a static site
    │       ├── SiteTooLarge
    │       ├── SiteEmpty
    │       └── NotASite
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
    │   │   ├── KeyNameTaken
    │   │   ├── KeyNotFound
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

from index.errors.document_errors import (
    ArchiveError,
    ArchiveExists,
    ArchiveNotWritable,
    BadArchive,
    BadKept,
    BadPack,
    BatchError,
    ContainerTooLarge,
    CopyProtected,
    DamagedFile,
    EmptyDocument,
    EvaluationError,
    FetchFailed,
    HoldsDocuments,
    LoadingError,
    NoTextLayer,
    PasswordRequired,
    ReaderCrashed,
    RecognitionFailed,
    SourceNotFound,
    SourceNotReadable,
    TookTooLong,
    TooLarge,
    TooMuchMemory,
    UnsupportedFormat,
)
from index.errors.library_errors import (
    AmbiguousDocument,
    DocumentError,
    DocumentNotFound,
    FingerprintMismatch,
    FolderMissing,
    LibraryDamaged,
    LibraryError,
    LibraryExists,
    LibraryLocked,
    LibraryNotFound,
    LibraryNotWritable,
    LibraryReadOnly,
    LibraryTooNew,
    NoRoom,
    OriginalMissing,
    PageError,
    SpanError,
    SyncError,
    TooManyRemovals,
)
from index.errors.pincite_error import (
    EncoderError,
    PinciteError,
    SettingsError,
    WeightsMismatch,
    WriterError,
    WriterNotSet,
)
from index.errors.publish_errors import FolderNotOurs, PublishError, PushFailed, SecretsFound
from index.errors.service_errors import (
    AccountFileDamaged,
    AccountsError,
    AccountsNotWritable,
    AddressRefused,
    JobNotFound,
    KeyNameTaken,
    KeyNotFound,
    NotAllowed,
    NotUploaded,
    QueueFull,
    ServiceError,
    SignInFailed,
    Stopping,
    TooBusy,
    TooMany,
    UploadsFull,
)
from index.errors.site_errors import NotASite, SiteEmpty, SiteError, SiteTooLarge
from index.errors.visitor_errors import BudgetSpent, DemoFull, PrivateLibraryFull, PublishedDocument, RateLimited

__all__ = [
    "AccountFileDamaged",
    "AccountsError",
    "AccountsNotWritable",
    "AddressRefused",
    "AmbiguousDocument",
    "ArchiveError",
    "ArchiveExists",
    "ArchiveNotWritable",
    "BadArchive",
    "BadKept",
    "BadPack",
    "BatchError",
    "BudgetSpent",
    "ContainerTooLarge",
    "CopyProtected",
    "DamagedFile",
    "DemoFull",
    "DocumentError",
    "DocumentNotFound",
    "EmptyDocument",
    "EncoderError",
    "EvaluationError",
    "FetchFailed",
    "FingerprintMismatch",
    "FolderMissing",
    "FolderNotOurs",
    "HoldsDocuments",
    "JobNotFound",
    "KeyNameTaken",
    "KeyNotFound",
    "LibraryDamaged",
    "LibraryError",
    "LibraryExists",
    "LibraryLocked",
    "LibraryNotFound",
    "LibraryNotWritable",
    "LibraryReadOnly",
    "LibraryTooNew",
    "LoadingError",
    "NoRoom",
    "NoTextLayer",
    "NotASite",
    "NotAllowed",
    "NotUploaded",
    "OriginalMissing",
    "PageError",
    "PasswordRequired",
    "PinciteError",
    "PrivateLibraryFull",
    "PublishError",
    "PublishedDocument",
    "PushFailed",
    "QueueFull",
    "RateLimited",
    "ReaderCrashed",
    "RecognitionFailed",
    "SecretsFound",
    "ServiceError",
    "SettingsError",
    "SignInFailed",
    "SiteEmpty",
    "SiteError",
    "SiteTooLarge",
    "SourceNotFound",
    "SourceNotReadable",
    "SpanError",
    "Stopping",
    "SyncError",
    "TooBusy",
    "TooLarge",
    "TooMany",
    "TooManyRemovals",
    "TooMuchMemory",
    "TookTooLong",
    "UnsupportedFormat",
    "UploadsFull",
    "WeightsMismatch",
    "WriterError",
    "WriterNotSet",
]
