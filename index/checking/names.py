"""Whether two words are one name: a land and its people, an acronym and what it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.wording import Word

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
"""The seats of governments, of which one speaks where the land is meant."""


def akin(one: str, other: str) -> bool:
    """Whether two words are one name, or a land and its people: `China`, `Chinese`."""
    if one == other or _PEOPLES.get(one, one) == _PEOPLES.get(other, other):
        return True
    one, other = one.removesuffix("s"), other.removesuffix("s")
    if one[:4] != other[:4] or len(one) < 4 or not (one + other).isalpha():
        return False
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[shared:] in _TAILS and other[shared:] in _TAILS


def is_seat(one: str, other: str) -> bool:
    """Whether one name is that of a land and the other that of its government's seat, as `Moscow` is said of Russia."""
    return any(_PEOPLES.get(land, land) == _SEATS.get(seat) for land, seat in ((one, other), (other, one)))


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
