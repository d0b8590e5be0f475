"""What keeps a source from proving a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
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

        A verb, a name, a number, an adjective or an adverb that the source does not have is never one.
        """
        if self.contradicts:
            return False
        return self.kind in ("role", "grammar") or (self.kind == "missing" and self.part == "n")
