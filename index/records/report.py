"""Reports on a whole library: statistics, problems, verification and recall."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a library or its surroundings, and its remedy."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A passage whose words are not in this order in its file, according to a second PDF reader."""

    source: str
    passage: int
    page: str
    """The label of the page on which the passage begins."""
    agreement: float
    """The share of its five-word sequences that are in the plain text of its pages, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` proved, and what it could not prove."""

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
    """Passages of PDFs to look at: their lines may be in the wrong order, or their words glued together. They do not
    count as mismatches, because the second reader may be the wrong one, as in the columns of some tables."""
    sources_claimed: tuple[str, ...] = ()
    """Sources that a portable library names and nobody here has read. They are not read, and prove nothing."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A library in numbers."""

    folder: str
    documents: int
    passages: int
    sentences: int
    characters: int
    bytes: int
    """Size of the library's folder."""
    made_with: str
    """Encoder, its revision, and chunking; empty until something is added."""
    generation: int
    """Number of changes so far."""
    media_types: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What the indexes lack, and whether the library is read-only."""


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of the passages nearest in meaning that a search finds."""

    exact: bool
    """Whether every passage is compared with the question, as in a small library: then none can be missed."""
    recall: float
    """The mean share found of the `nearest` passages that a comparison with all passages gives."""
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
