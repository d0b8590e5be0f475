"""The notes on a document, as a reader wants them: whether something is missing, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_REPLACED = "and add it again under the same name: it then replaces this version."
_ADVICE = (
    (
        r"(.*) without text, as images",
        "{} without text",
        f"For example with “ocrmypdf in.pdf out.pdf”; rename the result {_REPLACED}",
    ),
    (
        r"(.*characters?) could not be read",
        "{} unreadable",
        f"Save the file as UTF-8 in the program it comes from, {_REPLACED}",
    ),
    (
        r"(.*pages?) could not be read",
        "{} unreadable",
        f"Open the file in the program it comes from, save it, {_REPLACED}",
    ),
)
"""What a note that speaks of something missing begins with, what it is in a few words, and its remedy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One note on a document."""

    note: str
    brief: str
    """In a few words, where something is missing; else empty: the note only tells what was done."""
    remedy: str
    """Empty where there is nothing to do."""


def findings(notes: Sequence[str]) -> tuple[Finding, ...]:
    """The notes in their order, each with what follows from it."""
    return tuple(_finding(note) for note in notes)


def _finding(note: str) -> Finding:
    for pattern, brief, remedy in _ADVICE:
        if match := re.match(pattern, note):
            return Finding(note, brief.format(match[1]), remedy)
    return Finding(note, "", "")
