"""The record of an evidence pack, and the findings of its verification.

A pack is a `.zip` of two files, or one `.md` with the same contents. `evidence.md` is for people. `evidence.json` is
for programs, in this format:

    format            "pincite-evidence"
    version           2; it grows if a program for the older version would misread the newer one. Version 1 had
                      other verdicts and no `unsure`; it can still be read
    readable_sha256   SHA-256 of evidence.md as UTF-8, which shows whether it was changed afterwards
    …                 the fields of `Pack` by name, records as objects, tuples as lists

Offsets count the code points of the text that Pincite reads from the file with the SHA-256 `citation.document.id`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.exporting.context import QuoteContext  # noqa: TC001 - pydantic reads the annotations when it runs
from index.records import Citation, Statement, Status, Writer  # noqa: TC001 - as above

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
class QuoteEvidence:
    """A citation with the context of its quote, and the link to it."""

    citation: Citation
    context: QuoteContext
    link: str


@dataclass(frozen=True, slots=True)
class Pack:
    """An answer with everything needed to check it in another copy of the library."""

    made_at: str
    """ISO 8601, with the offset from UTC."""
    question: str
    status: Status
    confidence: float
    bar: float
    writer: Writer
    searched: tuple[int, int]
    """The numbers of passages and documents that were searched."""
    statements: tuple[Statement, ...]
    evidence: tuple[QuoteEvidence, ...]
    settings: dict[str, str]
    """What else the answer depended on, such as encoder and version, as stated by the maker of the pack."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackFinding:
    """Something in a pack that does not hold in this library."""

    fault: Fault
    marker: int
    """The marker of the citation; for a statement, its first marker, or 0 without one."""
    document: str
    """The document's name in the pack; empty for a statement."""
    quote: str
    """The quote or the statement, as in the pack."""
    what: str
    """The fault, in a sentence."""
