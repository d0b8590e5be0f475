"""What keeps a source from proving a claim."""

from __future__ import annotations

from dataclasses import dataclass

_LOOSE = ("mod", "of", "same", "prep", "clause", "open")
"""Roles that the grammar hangs on one word or another, or that it leaves open."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What keeps a source from proving a claim."""

    kind: str
    """`missing`, `role`, `negation` …"""
    detail: str
    contradicts: bool = False
    part: str = ""
    """Of what is missing, the part of speech, `name` or `#`; of a role, which one."""

    @property
    def is_soft(self) -> bool:
        """Whether it may be a fault of the grammar, or another word for the same thing: a verifier may outvote it.

        A verb, a name, a number, an adjective or an adverb that the source does not have is never one, nor who does
        what to whom.
        """
        if self.contradicts:
            return False
        loose = self.kind == "role" and self.part in _LOOSE
        return loose or self.kind == "grammar" or (self.kind == "missing" and self.part == "n")
