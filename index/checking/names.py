"""The names a sentence mentions: persons, places, works, acronyms, codes; and whether its source has them, too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from index.checking.wording import settled, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.facts import Reading
    from index.checking.wording import Word

_TITLES = frozenset("mr mrs ms dr prof professor sir lord lady dame saint st".split())
_BEGINS = re.compile(r"(?:^|[.!?:])\W*$|[\"(\[]\W*$")
_HEADLINE = 4
"""Where so many telling words all begin with capitals, these say nothing."""
MOST = 50_000
"""Characters of a passage that are looked at."""
REACH = 4
"""How far around a word of a name the others are that an acronym may stand for."""
_TAILS = frozenset(("", "y", "a", "e", "n", "an", "ian", "ese", "ish", "i", "ic"))
_PEOPLES = {
    people: land
    for land, peoples in {
        "france": "french",
        "spain": "spanish",
        "netherlands": "dutch",
        "britain": "british uk",
        "england": "english",
        "ireland": "irish",
        "scotland": "scottish",
        "wales": "welsh",
        "switzerland": "swiss",
        "denmark": "danish",
        "sweden": "swedish",
        "poland": "polish",
        "greece": "greek",
        "turkey": "turkish",
        "finland": "finnish",
        "us": "american america usa",
    }.items()
    for people in peoples.split()
}


@dataclass(frozen=True, slots=True)
class Name:
    """A word of a sentence that names, or the words of a code: `[first, last)`."""

    first: int
    last: int
    plain: str
    own: bool = False
    """Whether the sentence itself must have it: a single letter or a Roman number stands in every passage."""

    def within(self, places: range) -> bool:
        """Whether one of its words is one of these."""
        return self.first < places.stop and places.start < self.last


@dataclass(frozen=True, slots=True)
class Lore:
    """What a passage shows of its words."""

    names: frozenset[str]
    """Words that stand in upper case where no sentence begins, and nowhere in lower case."""
    lower: frozenset[str]
    """Words that stand in lower case."""
    words: frozenset[str]
    """All of them, their stems, and what they are written together with: `il6` of `IL-6`."""


@lru_cache(512)
def lore(passage: str) -> Lore:
    """What a passage shows of its words."""
    text = settled(passage[:MOST])
    found = words(text)
    lower = frozenset(word.plain for word in found if word.text[0].islower())
    upper = frozenset(
        word.plain for word in found if word.text[0].isupper() and word.telling and not _begins(text, word)
    )
    return Lore(upper - lower, lower, _joined(found) | {word.stem for word in found})


def names(reading: Reading, known: Lore) -> tuple[Name, ...]:
    """The names of a sentence; `known` tells which words of it are names where its capitals do not."""
    telling = [reading.words[i] for i in reading.telling]
    trusted = len(telling) < _HEADLINE or not all(word.text[0].isupper() for word in telling)
    found: list[Name] = []
    for i, word in enumerate(reading.words):
        if i in reading.counted or word.plain in _TITLES:
            continue
        if any(character.isdecimal() for character in word.text):
            found.append(_code(reading, i))
        elif word.plain in known.names or (trusted and _is_name(reading, i, known)):
            found.append(Name(i, i + 1, word.plain, own=not word.text.strip("IVX") or len(word.text) == 1))
    return tuple(found)


def has(source: Reading, name: Name, claim: Reading) -> bool:
    """Whether a sentence has the name of another, in this or another form."""
    word = claim.words[name.first]
    if name.own or not word.text.isalpha():
        return name.plain in _joined(source.words)
    if word.stem in source.stems or any(akin(word.plain, other.plain) for other in source.words):
        return True
    around = claim.words[max(0, name.first - REACH) : name.last + REACH]
    return stands_for(word, source.words) or any(stands_for(other, around) for other in source.words)


def _is_name(reading: Reading, i: int, known: Lore) -> bool:
    word = reading.words[i]
    if sum(character.isupper() for character in word.text) > 1:
        return True
    if not word.text[0].isupper():
        return False
    if len(word.text) == 1:
        return word.text not in "AI" and not _begins(reading.text, word)
    if not word.telling:
        return False
    if not _begins(reading.text, word):
        return True
    after = reading.words[i + 1] if i + 1 < len(reading.words) else None
    follows = after is not None and after.telling and after.text[0].isupper() and after.start == word.end + 1
    return follows and word.plain not in known.lower


def _begins(text: str, word: Word) -> bool:
    """Whether a word begins a sentence, a quotation or an aside."""
    return bool(_BEGINS.search(text[max(0, word.start - 6) : word.start])) or word.start == 0


def _code(reading: Reading, i: int) -> Name:
    """A code with the letters before its digits, however they are joined: `IL-6`, `IL 6` are not told apart."""
    word, first = reading.words[i], i
    if i and word.text[0].isdecimal() and reading.text[reading.words[i - 1].end : word.start] in ("-", "/", "."):
        first = i - 1
    return Name(first, i + 1, "".join(each.plain for each in reading.words[first : i + 1]))


def _joined(found: Sequence[Word]) -> frozenset[str]:
    """Words, alone and with one or two that follow, as codes have them: `IL`, `6`, `IL6`."""
    plains = [word.plain for word in found]
    return frozenset("".join(plains[i : i + n]) for i in range(len(plains)) for n in (1, 2, 3))


def akin(one: str, other: str) -> bool:
    """Whether two words are one name, or a land and its people: `China`, `Chinese`."""
    if one == other or _PEOPLES.get(one, one) == _PEOPLES.get(other, other):
        return True
    one, other = one.removesuffix("s"), other.removesuffix("s")
    if one[:4] != other[:4] or len(one) < 4 or not (one + other).isalpha():
        return False
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[shared:] in _TAILS and other[shared:] in _TAILS


def stands_for(acronym: Word, words: Sequence[Word]) -> bool:
    """Whether a word is made of the initials of words that follow each other, small ones left out or not: `WHO`.

    Two letters are found everywhere: theirs must be words in upper case.
    """
    letters = acronym.text.removesuffix("s")
    if len(letters) < 2 or not letters.isupper():
        return False
    named = (word for word in words if word.telling and (len(letters) > 2 or word.text[0].isupper()))
    made = ["".join(word.plain[0] for word in named)]
    made += ["".join(word.plain[0] for word in words)] if len(letters) > 2 else []
    return any(letters.casefold() in initials for initials in made)
