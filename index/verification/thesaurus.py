"""Decides whether two words mean the same: synonyms from WordNet 3.0, and names of one person or place.

`training/thesaurus.py` makes the table. Its keys are a part of speech (n, v, a or r) and a lemma.
"""

from __future__ import annotations

import gzip
import json
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.grammar import Word

_LEVELS = 2
"""The number of levels of broader senses that count: a kakapo is a parrot, and a parrot is a bird."""
_VAGUE = frozenset(
    "thing entity object being person group state act action change make do have be get go event way part unit whole "
    "move matter cause become give take put man move attribute relation quality feature activity artifact".split()
)
"""Words that are broader than very many other words, and so say nothing about them."""
_TAILS = frozenset(("", "y", "a", "e", "n", "an", "ian", "ese", "ish", "i", "ic"))
_SEATS = {
    "moscow": "russia",
    "kremlin": "russia",
    "beijing": "china",
    "washington": "us",
    "london": "britain",
    "paris": "france",
    "berlin": "germany",
    "kyiv": "ukraine",
    "kiev": "ukraine",
    "tokyo": "japan",
    "seoul": "korea",
    "pyongyang": "korea",
    "taipei": "taiwan",
    "delhi": "india",
    "islamabad": "pakistan",
    "tehran": "iran",
    "ankara": "turkey",
    "jerusalem": "israel",
    "canberra": "australia",
    "ottawa": "canada",
    "rome": "italy",
    "madrid": "spain",
    "brussels": "eu",
}
"""The seats of governments, which stand for their countries."""


@lru_cache(100_000)
def are_synonyms(first: str, second: str, part: str) -> bool:
    """Whether two lemmas share a sense that is frequent for both, and the first sense of one of them."""
    ours, theirs = _senses(first, part), _senses(second, part)
    return any(
        mine == yours and (i == 0 or j == 0 or i + j < 3)
        for i, mine in enumerate(ours)
        for j, yours in enumerate(theirs)
    )


@lru_cache(100_000)
def is_broader(word: str, narrow: str, part: str) -> bool:
    """Whether a lemma is broader than another: `bird` is broader than `kakapo`."""
    if word in _VAGUE or part not in "nv":
        return False
    wanted = frozenset(_senses(word, part)[:2])
    level = frozenset(_senses(narrow, part)[:1])
    for _ in range(_LEVELS):
        level = frozenset(above for sense in level for above in _table()["above"].get(sense, ()))
        if level & wanted:
            return True
    return False


@lru_cache(100_000)
def usual_part(word: str, part: str) -> str:
    """Return the given part of speech if WordNet has the lemma as such, else one that it has."""
    return next((candidate for candidate in (part, *"nvar") if _senses(word, candidate)), part)


@lru_cache(100_000)
def are_related(first: str, second: str) -> bool:
    """Whether one lemma is derived from the other, whatever their parts of speech: `destroy`, `destruction`."""
    return second in _linked("derived", first) or first in _linked("derived", second)


@lru_cache(100_000)
def are_antonyms(first: str, second: str) -> bool:
    """Whether two lemmas are antonyms, directly or by related lemmas."""
    ours, theirs = {first, *_linked("derived", first)}, {second, *_linked("derived", second)}
    return any(not _linked("antonyms", word).isdisjoint(theirs) for word in ours) or any(
        not _linked("antonyms", word).isdisjoint(ours) for word in theirs
    )


@lru_cache(100_000)
def names_action(noun: str) -> bool:
    """Whether a noun names the action of a verb of the same form or of its root: `bid`, `decision`."""
    return any(key.startswith("v:") for key in _table()["derived"].get(f"n:{noun}", ()))


@lru_cache(100_000)
def _linked(table: str, word: str) -> frozenset[str]:
    return frozenset(key[2:] for part in "nvar" for key in _table()[table].get(f"{part}:{word}", ()))


def _senses(word: str, part: str) -> list[str]:
    return _table()["senses"].get(f"{part}:{word}", [])


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    packed = files("index.verification").joinpath("thesaurus.json.gz").read_bytes()
    table: dict[str, dict[str, list[str]]] = json.loads(gzip.decompress(packed))
    return table


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


def is_same_name(first: str, second: str) -> bool:
    """Whether two words are one name, or a country and its people: `China`, `Chinese`."""
    if first == second or _PEOPLES.get(first, first) == _PEOPLES.get(second, second):
        return True
    first, second = first.removesuffix("s"), second.removesuffix("s")
    if first[:4] != second[:4] or len(first) < 4 or not (first + second).isalpha():
        return False
    shared = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    return first[shared:] in _TAILS and second[shared:] in _TAILS


def is_seat(first: str, second: str) -> bool:
    """Whether one name is a country and the other the seat of its government, as `Moscow` stands for Russia."""
    return any(_PEOPLES.get(land, land) == _SEATS.get(seat) for land, seat in ((first, second), (second, first)))


def is_acronym_of(acronym: Word, words: Sequence[Word]) -> bool:
    """Whether a word consists of the initials of consecutive words, with or without small words: `WHO`.

    Two letters match too easily, so the words must then be capitalised.
    """
    letters = acronym.text.removesuffix("s")
    if len(letters) < 2 or not letters.isupper():
        return False
    named = (word for word in words if word.is_content and (len(letters) > 2 or word.text[0].isupper()))
    candidates = ["".join(word.plain[0] for word in named)]
    candidates += ["".join(word.plain[0] for word in words)] if len(letters) > 2 else []
    return any(letters.casefold() in initials for initials in candidates)
