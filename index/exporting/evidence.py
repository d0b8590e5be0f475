"""An evidence pack as a record, and what a check of it brings.

A pack is a `.zip` of two files, or one `.md` with the same in it. `evidence.md` is for people. `evidence.json` is for
programs, in this format:

    format            "pincite-evidence"
    version           2; grows where a program that knows the older version would misread the newer. Version 1 had
                      other verdicts and no `unsure`, and is still read
    readable_sha256   SHA-256 of evidence.md as UTF-8, so that nobody reads what was changed afterwards
    …                 the fields of `Pack` by their names, records as objects, tuples as lists

Offsets are code points into the text that Pincite reads from the file whose SHA-256 is `citation.document.id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.exporting.context import Context  # noqa: TC001 - pydantic reads the annotations when it runs
from index.records import Citation, Statement, Status, Writer  # noqa: TC001 - so it does these

FORMAT = "pincite-evidence"
VERSION = 2
MACHINE_PART = "evidence.json"
HUMAN_PART = "evidence.md"

Fault = Literal[
    "document missing",
    "document claimed",
    "another document",
    "quote not there",
    "context differs",
    "described otherwise",
    "statement not quoted",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A citation with what stands around its quote, and the link to it."""

    citation: Citation
    context: Context
    link: str


@dataclass(frozen=True, slots=True)
class Pack:
    """An answer with all that is needed to check it in another copy of the library."""

    made_at: str
    """ISO 8601, with its offset from UTC."""
    question: str
    status: Status
    confidence: float
    bar: float
    writer: Writer
    searched: tuple[int, int]
    """Passages and documents among which was searched."""
    statements: tuple[Statement, ...]
    evidence: tuple[Evidence, ...]
    settings: dict[str, str]
    """What else the answer depended on: encoder, version and the like, as whoever made the pack stated it."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackFinding:
    """Something in a pack that does not hold here."""

    fault: Fault
    marker: int
    """The citation's; of a statement its first, 0 where it has none."""
    document: str
    """What the pack calls the document; empty for a statement."""
    quote: str
    """The quote or the statement, as the pack has it."""
    what: str
    """What is wrong, in a sentence."""
