"""The objections that keep a source from proving a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from index.checking.vocabulary import JOINTS

Weight = Literal["soft", "firm", "hard"]

_LOOSE = ("mod", "of", "same", "prep", "clause", "open")
"""Roles that the parser attaches to one word or another, or leaves open."""
_DECISIVE = frozenset(("agent", "patient", "subject")) | JOINTS.keys() - {"than"}
"""Roles that decide the meaning: who does what to whom, why and when."""
_MISSING: dict[str, Weight] = {"n": "soft", "v": "firm", "a": "firm"}
"""The weight of a missing word, by part of speech."""


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason why a source does not prove a claim."""

    kind: str
    """`missing`, `role`, `negation` …"""
    detail: str
    contradicts: bool = False
    part: str = ""
    """For a missing word, its part of speech, `name` or `#`; for a role, the role."""
    of_name: bool = False
    """Whether a name or a number has another role in the source."""

    @property
    def weight(self) -> Weight:
        """How sure the verifier must be to outvote it.

        `soft`: a parser error, or another noun for the same thing; the verifier must find the claim likely. `firm`:
        another verb or adjective, perhaps a paraphrase; the verifier must be certain. `hard`: a name, a number, an
        addition, who does what to whom, the context of the fact; nothing outvotes it.
        """
        if self.contradicts:
            return "hard"
        if self.kind == "grammar" or (self.kind == "role" and self.part in _LOOSE):
            return "soft"
        if self.kind == "missing":
            return _MISSING.get(self.part, "hard")
        return "firm" if self.kind == "role" and self.part not in _DECISIVE else "hard"
