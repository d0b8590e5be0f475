"""Joins words that were broken at a margin, in the way in which the rest of the document writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPOUND = re.compile(r"(?<![^\W\d_])[^\W\d_]++(?:-[^\W\d_]++)+")
_WORD = re.compile(r"[^\W\d_]+")
_BROKEN = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$")
_SQUARE_SCRIPT = re.compile("[\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef]")
"""Scripts that are written without blanks between words."""
_WHOLE_WORD = 4
_TAIL = 80
_PREFIXES = {
    "anti",
    "counter",
    "extra",
    "fore",
    "hyper",
    "inter",
    "macro",
    "micro",
    "multi",
    "over",
    "under",
    "semi",
} | {"super", "trans", "with"}


@dataclass(frozen=True, slots=True)
class Words:
    """The words within lines, where no margin can have caused a hyphen."""

    compounds: frozenset[str]
    plain: frozenset[str]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Words:
        """Collect the words of lines, except a last word that ends in a hyphen."""
        compounds: set[str] = set()
        plain: set[str] = set()
        for line in lines:
            lowered = line.lower()
            compounds.update(_COMPOUND.findall(lowered))
            plain.update(_WORD.findall(lowered.rsplit(" ", 1)[0] if lowered.endswith("-") else lowered))
        return cls(frozenset(compounds), frozenset(plain))

    def before(self, text: str, following: str) -> str:
        """Return the text so far, ready for the next line: with a blank, or without the hyphen of a broken word."""
        broken = _BROKEN.search(text[-_TAIL:])
        if broken:
            return text if self._keeps_hyphen(broken.group(1).lower(), following) else text[:-1]
        square = _SQUARE_SCRIPT.match(text[-1:]) and _SQUARE_SCRIPT.match(following[:1])
        return text if square else f"{text} "

    def _keeps_hyphen(self, head: str, following: str) -> bool:
        """Return whether a word is a compound: written so elsewhere, or of two words that are never written as one."""
        tail = _WORD.match(following)
        if not tail or not following[0].islower():
            return True
        word = tail.group().lower()
        first = head.rsplit("-", 1)[-1]
        if f"{head}-{word}" in self.compounds:
            return True
        if first + word in self.plain or min(len(first), len(word)) < _WHOLE_WORD or first in _PREFIXES:
            return False
        return first in self.plain and word in self.plain
