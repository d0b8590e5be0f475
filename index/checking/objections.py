"""What keeps a source from proving a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.checking.vocabulary import JOINTS

Weight = Literal["soft", "firm", "hard"]

_LOOSE = ("mod", "of", "same", "prep", "clause", "open")
"""Roles that the grammar hangs on one word or another, or that it leaves open."""
_DECISIVE = frozenset(("agent", "patient", "subject")) | JOINTS.keys() - {"than"}
"""Roles that decide: who does what to whom, and why or when."""
_MISSING: dict[str, Weight] = {"n": "soft", "v": "firm", "a": "firm"}
"""By part of speech."""


@dataclass(frozen=True, slots=True)
class Objection:
    """What keeps a source from proving a claim."""

    kind: str
    """`missing`, `role`, `negation` …"""
    detail: str
    contradicts: bool = False
    part: str = ""
    """Of what is missing, the part of speech, `name` or `#`; of a role, which one."""
    of_name: bool = False
    """Whether it is a name or a number that has another role."""

    @property
    def weight(self) -> Weight:
        """What it takes to outvote it.

        A soft one may be a fault of the grammar, or another noun for the same thing: it is enough that a verifier finds
        the claim likely. A firm one, another verb or adjective, may be a paraphrase: the verifier must be certain. A
        hard one nothing outvotes: a name, a number, an addition, who does what to whom, what surrounds the fact.
        """
        if self.contradicts:
            return "hard"
        if self.kind == "grammar" or (self.kind == "role" and self.part in _LOOSE):
            return "soft"
        if self.kind == "missing":
            return _MISSING.get(self.part, "hard")
        return "firm" if self.kind == "role" and self.part not in _DECISIVE else "hard"
