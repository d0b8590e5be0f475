"""Turns the notes on a document into findings: whether content is missing, and how to fix it."""

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
        f"Save the file as UTF-8 in the program that made it, {_REPLACED}",
    ),
    (
        r"(.*pages?) could not be read",
        "{} unreadable",
        f"Open the file in the program that made it, save it, {_REPLACED}",
    ),
)
"""For each kind of missing content: the start of its note, a short name, and the remedy."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A note on a document, with its remedy."""

    note: str
    brief: str
    """A short name of the missing content; empty if nothing is missing."""
    remedy: str
    """How to fix it; empty if nothing is missing."""


def findings(notes: Sequence[str]) -> tuple[Finding, ...]:
    """Return a finding for each note, in the same order."""
    return tuple(_finding(note) for note in notes)


def _finding(note: str) -> Finding:
    for pattern, brief, remedy in _ADVICE:
        if match := re.match(pattern, note):
            return Finding(note, brief.format(match[1]), remedy)
    return Finding(note, "", "")
