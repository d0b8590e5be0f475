"""Decides whether two words are one name: a country and its people, an acronym and its expansion."""

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
"""The seats of governments, which stand for their countries."""


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

    Two letters occur everywhere, so they need words in upper case.
    """
    letters = acronym.text.removesuffix("s")
    if len(letters) < 2 or not letters.isupper():
        return False
    named = (word for word in words if word.is_content and (len(letters) > 2 or word.text[0].isupper()))
    made = ["".join(word.plain[0] for word in named)]
    made += ["".join(word.plain[0] for word in words)] if len(letters) > 2 else []
    return any(letters.casefold() in initials for initials in made)
