"""Finds replacement words in WordNet 3.0 (Debian's `wordnet-base`), and inflects them with lemminflect."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(os.environ.get("WORDNET", "/usr/share/wordnet"))
FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_OF_SENSE = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
HYPERNYM, HYPONYM, ANTONYM = "@", "~", "!"
Key = tuple[str, str]
"""A part of speech with a lemma, or with the offset of a synset."""


@dataclass(frozen=True, slots=True)
class Synset:
    """A meaning with its words."""

    words: tuple[str, ...]
    pointers: tuple[tuple[str, Key, int, int], ...]
    """The relation, the other synset, and the numbers of the related words of both, from 1; 0 means all words."""


@cache
def _synsets() -> dict[Key, Synset]:
    found = {}
    for part, name in FILES.items():
        for line in _lines(f"data.{name}"):
            fields = line.split(" | ")[0].split()
            count = int(fields[3], 16)
            words = tuple(word.split("(")[0].replace("_", " ").lower() for word in fields[4 : 4 + 2 * count : 2])
            rest = fields[5 + 2 * count :]
            quads = (rest[at : at + 4] for at in range(0, 4 * int(fields[4 + 2 * count]), 4))
            pointers = tuple(
                (symbol, (kind.replace("s", "a"), offset), int(ends[:2], 16), int(ends[2:], 16))
                for symbol, offset, kind, ends in quads
            )
            found[part, fields[0]] = Synset(words, pointers)
    return found


@cache
def _senses() -> dict[Key, list[Key]]:
    """Return the synsets of each lemma, the commonest first."""
    found = {}
    for part, name in FILES.items():
        for line in _lines(f"index.{name}"):
            fields = line.split()
            found[part, fields[0].replace("_", " ")] = [(part, offset) for offset in fields[-int(fields[2]) :]]
    return found


@cache
def frequencies() -> Counter[Key]:
    """Count the occurrences of each lemma in texts that were tagged by hand."""
    counts: Counter[Key] = Counter()
    for line in (FOLDER / "cntlist.rev").read_text(encoding="latin-1").splitlines():
        sense, _, count = line.split()
        lemma, rest = sense.split("%")
        counts[_OF_SENSE[rest[0]], lemma.replace("_", " ")] += int(count)
    return counts


@cache
def synonyms(lemma: str, part: str) -> list[str]:
    """Return words whose commonest meaning is also the commonest meaning of the lemma."""
    senses = _senses().get((part, lemma), [])[:1]
    return [
        word
        for sense in senses
        for word in _synsets()[sense].words
        if word != lemma and word.isalpha() and frequencies()[part, word] > 0 and sense in _senses()[part, word][:1]
    ]


@cache
def all_synonyms(lemma: str, part: str) -> frozenset[str]:
    """Return the words of all meanings and of their hypernyms and hyponyms, any of which may mean the same."""
    found = {lemma}
    for sense in _senses().get((part, lemma), []):
        found.update(_synsets()[sense].words)
        for symbol, other, _, _ in _synsets()[sense].pointers:
            if symbol in (HYPERNYM, HYPONYM, "&"):
                found.update(_synsets()[other].words)
    return frozenset(found)


@cache
def antonyms(lemma: str, part: str) -> list[str]:
    """Return the opposites of the two commonest meanings."""
    found = []
    for sense in _senses().get((part, lemma), [])[:2]:
        synset = _synsets()[sense]
        for symbol, other, own, its in synset.pointers:
            if symbol == ANTONYM and (own == 0 or synset.words[own - 1] == lemma):
                found.append(_synsets()[other].words[its - 1])
    return [word for word in dict.fromkeys(found) if word.isalpha()]


@cache
def sisters(lemma: str, part: str) -> list[str]:
    """Return other words with the same hypernym that are not synonyms: *violin* for *cello*."""
    senses = _senses().get((part, lemma), [])[:1]
    wider = [other for sense in senses for symbol, other, _, _ in _synsets()[sense].pointers if symbol == HYPERNYM]
    found = [
        _synsets()[other].words[0]
        for above in wider[:1]
        for symbol, other, _, _ in _synsets()[above].pointers
        if symbol == HYPONYM
    ]
    same = all_synonyms(lemma, part)
    return [word for word in found if word not in same and word.isalpha() and frequencies()[part, word] >= 2]


@cache
def common(part: str) -> list[str]:
    """Return usual words that mostly are this part of speech, the commonest first."""
    counts = frequencies()
    idle = {"be", "have", "do", "will", "can", "may", "must", "shall", "need", "let", "get", "other", "such", "more"}
    return [
        word
        for (its, word), count in counts.most_common()
        if its == part
        and count >= 8
        and word.isalpha()
        and len(word) > 2
        and word not in idle
        and count == max(counts[other, word] for other in FILES)
    ]


@cache
def inflected(lemma: str, tag: str) -> str:
    """Return the form of a lemma for a Penn tag, or the lemma if there is no such form."""
    import lemminflect

    forms = lemminflect.getInflection(lemma, tag)
    return str(forms[0]) if forms else lemma


def _lines(name: str) -> list[str]:
    """Return the lines of a file of WordNet without the licence, whose lines begin with two spaces."""
    text = (FOLDER / name).read_text(encoding="latin-1")
    return [line for line in text.split("\n") if line and not line.startswith("  ")]
