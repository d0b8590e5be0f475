"""What operations report: receipts, progress, statistics, verifications, and the results of backups and rebuilds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from index.records.table import Reading

Stage = Literal["reading", "encoding", "settled", "done"]
Outcome = Literal["added", "replaced", "unchanged", "failed"]
OperationProgress = Callable[[str, int, int], None]
"""A progress callback: receives step, amount done and total. An error that it raises ends the operation."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and what to do about it."""

    source: str
    """The file."""
    reason: str
    """Why it could not be read."""
    hint: str
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader should know about a file that was added all the same."""

    source: str
    """The file."""
    text: str
    """What was left out or repaired."""


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How a file was read."""

    source: str
    """The file."""
    words: str
    """For people: `PDF · 3 of 12 pages recognised by tesseract 5.5 · 2 tables · German`."""
    reading: Reading
    """The same as data."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A file that has a new name or place."""

    source: str
    """Its name now."""
    before: str
    """Its name before."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of adding or removing, file by file: each file is in exactly one of the lists."""

    added: tuple[str, ...] = ()
    """New documents, by source."""
    replaced: tuple[str, ...] = ()
    """Documents that replaced an older version."""
    renamed: tuple[Renamed, ...] = ()
    """Documents that have a new name, and are otherwise unchanged."""
    unchanged: tuple[str, ...] = ()
    """Documents that were there already, byte for byte."""
    removed: tuple[str, ...] = ()
    """Documents that were removed, from the catalog and from every index."""
    failed: tuple[Failure, ...] = ()
    """Files that could not be read."""
    opened: tuple[str, ...] = ()
    """Archives and mailboxes, which are no documents: the documents in them are in the other lists."""
    notes: tuple[Note, ...] = ()
    """Notes on the other files."""
    read: tuple[ReadAs, ...] = ()
    """How each file that was added, or replaced an older version, was read."""
    passages: int = 0
    """Passages added, whether encoded now or already known."""
    encoded: int = 0
    """The number of these passages that had to be encoded; the others were known."""
    seconds: float = 0.0
    """How long it took."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The files that an interrupted `add` has not added yet, and those that could not be read."""

    waiting: tuple[str, ...]
    """Paths, in the order in which they will be added."""
    failed: tuple[Failure, ...]
    """The failures by path; an entry is dropped when its file is added."""


class Portion(NamedTuple):
    """One file's share of the passages that are encoded together."""

    source: str
    passages: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The final outcome of one file."""

    outcome: Outcome
    passages: int = 0
    """Passages of its document, if it was added or replaced."""
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
    document: str = ""
    """The id of its document; empty for a file that failed, and for an archive, which has none itself."""
    read: ReadAs | None = None
    """How it was read, if it was added or replaced."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a long `add` at one moment."""

    source: str
    stage: Stage
    files_done: int
    files: int
    passages: int
    """Passages encoded so far, of this file and of those that are encoded together with it."""
    of_passages: int
    together: tuple[Portion, ...] = ()
    """While encoding: all files that are encoded together, this one first."""
    settled: Settled | None = None
    """The outcome of a file whose stage is `settled`."""
    stored: int = 0
    """While a long document is encoded, the number of its first passages that can be asked already."""
    page: int = 0
    """While a scan is read, the number of the page that is being recognised, from 1."""
    of_pages: int = 0
    """While a scan is read, the number of its pages to recognise."""


ProgressCallback = Callable[[Progress], None]
"""A callback that the working thread calls between two steps. An exception that it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a library or its surroundings, and its remedy."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A passage whose words are not in this order in its file, according to a second PDF reader.

    Or a page of which the document lacks many words that the second reader has.
    """

    source: str
    passage: int
    """The passage; of a page that lacks words, the first passage there or after it, or -1."""
    page: str
    """The label of the page on which the passage begins."""
    agreement: float
    """The share of its five-word sequences that occur in the plain text of its pages, in [0, 1].

    Of a page that lacks words, the share of its words that the document has.
    """


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of `verify`: what it proved, and what it could not prove."""

    documents: int
    passages: int
    sentences: int
    sources_checked: int
    """Sources that are still on disk with the bytes that were indexed; each was read again and compared."""
    sources_changed: tuple[str, ...]
    """Sources whose bytes differ from those that were indexed: add them again."""
    sources_missing: tuple[str, ...]
    mismatches: tuple[Problem, ...]
    unconfirmed: tuple[Unconfirmed, ...] = ()
    """Passages of PDFs that a person should check: lines may be in the wrong order, or words joined. They do not count
    as mismatches, because the second reader may be wrong, for example in the columns of some tables."""
    sources_claimed: tuple[str, ...] = ()
    """Sources that a portable library names, but nobody here has read. `verify` does not read them, and proves nothing
    about them."""
    sources_unread: tuple[str, ...] = ()
    """Sources with recognised pages whose recognition is no longer stored, as in a restored library: only a deep
    verification, which recognises them again, can compare their words."""
    sources_locked: tuple[str, ...] = ()
    """Sources that are locked with a password that was not given. They have not changed, if they are files of their
    own; what the library has of them is not compared with them."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A library in numbers."""

    folder: str
    documents: int
    """Number of documents."""
    passages: int
    """Number of passages."""
    sentences: int
    """Number of sentences."""
    characters: int
    """Length of all texts together, in code points."""
    bytes: int
    """Size of the library's folder."""
    made_with: str
    """The encoder, its revision, and the chunking; empty until something is added."""
    generation: int
    """Number of changes so far."""
    precisions: tuple[str, ...] = ()
    """The precisions in which the vectors were computed; all of them can be compared."""
    media_types: dict[str, int] = field(default_factory=dict)
    """The number of documents of each format."""
    notes: tuple[str, ...] = ()
    """What the indexes lack, and whether the library is read-only."""


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of the passages nearest in meaning that a search finds."""

    exact: bool
    """Whether a search compares every passage with the question, as in a small library: then no passage is missed."""
    recall: float
    """The mean share that a search finds of the `nearest` passages, which a comparison with all passages gives."""
    low: float
    """The 95 % confidence interval of that mean is `low` to `high`."""
    high: float
    questions: int
    """Number of the library's own sentences that were used as questions; 0 if the search is exact."""
    nearest: int
    passages: int
    lists: int = 0
    """Number of lists that the vectors are divided into."""
    probed: int = 0
    """Number of lists that a search reads."""


@dataclass(frozen=True, slots=True)
class BackedUp:
    """The result of a backup."""

    path: str
    bytes: int
    documents: int
    passages: int
    originals: int
    """Number of files from the library's own folder."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore."""

    folder: str
    documents: int
    passages: int
    originals: int
    made_at: str
    """The time of the backup, in UTC."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Compacted:
    """The result of compacting a library."""

    bytes_before: int
    bytes_after: int
    seconds: float
    notes: tuple[str, ...] = ()
    """What could not be freed yet, and why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The result of rebuilding a library from its texts."""

    documents: int
    passages: int
    encoded: int
    """Passages encoded in this run."""
    found: int
    """Passages whose vectors existed already, or were left by a run that was stopped."""
    made_with: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Exported:
    """The result of an export to a portable file."""

    path: str
    bytes: int
    documents: int
    passages: int
    vectors: bool
    seconds: float
