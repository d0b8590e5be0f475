"""Changes sentences: a mutation makes a sentence false in one way, or rewords it without changing its meaning.

Each mutation takes a sentence in its context and a random generator, and returns None if it does not apply. The
mutations are independent of the check: this module imports nothing from index.verification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_SMALL: tuple[str, ...] = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "fifteen",
)
_SMALL += ("twenty", "thirty", "fifty", "hundred", "thousand")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w-]|[.,]\d)")
_WORDED = re.compile(rf"\b(?:{'|'.join(_SMALL)})\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z0-9,;)] )(?:[A-Z][\w’'-]*[a-z\d](?: (?:of |the |de |von |van )?(?=[A-Z]))?)+")
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|will|would|may|might|must|should|does|do|did)\b(?! not| n't|n't)"
)
_PAST = re.compile(r"(?<=[a-z] )[a-z]{3,}ed(?= (?:the|a|an|that|in|to|by|with|his|her|its|their|from|at)\b)")
_DENIAL = re.compile(r"\b(?:not|never) | n't\b|n't\b|\bcannot\b|\bwithout\b|\bno\b(?=\s[a-z])")
_AFFIRMED = {"cannot": "can", "without": "with", "no": "some"}
_KEPT = re.compile(
    r"\d|^[\W_]*[A-Z]|^(?:not|no|never|none|neither|nor|without|cannot|hardly|barely|only|fail\w*|lack\w*|den\w*"
    rf"|unable|n't|half|third|quarter|first|second|{'|'.join(_SMALL)}|one)\W*$|n't",
)
_LEAST = 6
"""The minimum number of words of a sentence whose half replaces a half of another."""
_SYNONYMS = """
show demonstrate|shows demonstrates|showed demonstrated|shown demonstrated|use employ|uses employs|used employed
using employing|big large|large big|important significant|significant important|begin start|began started
help assist|helped assisted|buy purchase|obtain get|obtained got|obtain acquire|many numerous|numerous many
people persons|also additionally|because since|however nevertheless|find discover|found discovered|make create
made created|build construct|built constructed|method technique|methods techniques|approach strategy
study investigation|studies investigations|result outcome|results outcomes|effect influence|effects influences
suggest indicate|suggests indicates|suggested indicated|indicate suggest|indicated suggested|main principal
major principal|often frequently|frequently often|usually generally|generally usually|quick rapid|rapid quick
rapidly quickly|need require|needs requires|needed required|required needed|require need|requires needs
include comprise|includes comprises|including comprising|part portion|area region|region area|areas regions
regions areas|world globe|country nation|countries nations|city town|war conflict|problem issue|problems issues
ability capacity|cause reason|different distinct|various diverse|several various|whole entire|entire whole
new novel|novel new|known recognized|called named|give provide|given provided|provide supply|provides supplies
provided supplied|become turn|became turned|say state|said stated|believe think|believed thought|idea notion
theory hypothesis|analysis examination|examined studied|examine study|investigated examined|observed seen
seen observed|occur happen|occurs happens|occurred happened|associated linked|related connected|due owing
current present|present current|recent latest|recently lately|level degree|levels degrees|rate pace
group set|groups sets|number quantity|amount quantity|children kids|disease illness|diseases illnesses
drug medication|drugs medications|doctor physician|patients sufferers|therapy treatment|treatment therapy
evaluated assessed|assessed evaluated|determine establish|determined established|described outlined
discussed considered|presented shown|obtained gained|compared contrasted|performed conducted|conducted performed
developed devised|development evolution|design plan|produce generate|produced generated|produces generates
reported described|report account|role function|form shape|type kind|types kinds|way manner|ways manners
famous renowned|popular well-liked|wealthy rich|house home|job occupation|work labour|near close|almost nearly
about approximately|approximately roughly|primarily mainly|mainly primarily|throughout across|among amid
additional further|further additional|similar comparable|simple straightforward|complex complicated
"""
SYNONYMS = dict(pair.split() for line in _SYNONYMS.strip().splitlines() for pair in line.split("|"))


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence with its passage."""

    sentence: str
    passage: str
    sentences: tuple[str, ...]
    """All sentences of the passage, in order."""
    stranger: str
    """A sentence of another passage of the same set."""


def verbatim(place: Place, _: Random) -> str | None:
    """Return the unchanged sentence."""
    return place.sentence


def number(place: Place, chance: Random) -> str | None:
    """Replace one number, in digits or as a word, with another."""
    found = [*_NUMBER.finditer(place.sentence), *_WORDED.finditer(place.sentence)]
    chosen = _pick(found, chance)
    return _replace(place.sentence, chosen, _other_number(chosen[0], chance)) if chosen else None


def negation(place: Place, chance: Random) -> str | None:
    """Remove a negation, or insert one after an auxiliary or before a verb."""
    sentence = place.sentence
    denial = _pick(list(_DENIAL.finditer(sentence)), chance)
    if denial and chance.random() < 0.7:
        return _replace(sentence, denial, _AFFIRMED.get(denial[0], ""))
    if auxiliary := _pick(list(_AUXILIARY.finditer(sentence)), chance):
        return _replace(sentence, auxiliary, f"{auxiliary[0]} {chance.choice(('not', 'not', 'never'))}")
    verb = _pick(list(_PAST.finditer(sentence)), chance)
    return _replace(sentence, verb, f"never {verb[0]}") if verb else None


def name(place: Place, chance: Random) -> str | None:
    """Replace a name with another name of the same passage."""
    chosen = _pick(list(_NAME.finditer(place.sentence)), chance)
    if not chosen:
        return None
    words = set(chosen[0].split())
    others = {found[0] for found in _NAME.finditer(place.passage)}
    strange = sorted(other for other in others if not words & set(other.split()))
    return _replace(place.sentence, chosen, chance.choice(strange)) if strange else None


def half_of_another_passage(place: Place, chance: Random) -> str | None:
    """Replace one half with the same half of a sentence of another passage."""
    return _join_halves(place.sentence, place.stranger, chance)


def half_of_the_same_passage(place: Place, chance: Random) -> str | None:
    """Replace one half with the same half of another sentence of the passage."""
    others = [
        sentence for sentence in place.sentences if sentence != place.sentence and len(sentence.split()) >= _LEAST
    ]
    return _join_halves(place.sentence, chance.choice(others), chance) if others else None


def of_another_passage(place: Place, _: Random) -> str | None:
    """Return a sentence of another passage."""
    return place.stranger


def a_fifth_dropped(place: Place, chance: Random) -> str | None:
    """Remove a fifth of the words, but no number, negation or name."""
    words = place.sentence.split()
    free = [i for i, word in enumerate(words) if not _KEPT.search(word)]
    gone = set(chance.sample(free, min(len(free), len(words) // 5)))
    return " ".join(word for i, word in enumerate(words) if i not in gone) if gone else None


def synonyms(place: Place, _: Random) -> str | None:
    """Replace every word that the table of synonyms contains."""
    changed = re.sub(r"\b[a-z]+\b", lambda found: SYNONYMS.get(found[0], found[0]), place.sentence)
    return changed if changed != place.sentence else None


RIGHT = (verbatim, a_fifth_dropped, synonyms)
"""The mutations whose result the passage still supports."""
WRONG = (number, negation, name, half_of_another_passage, half_of_the_same_passage, of_another_passage)


def _other_number(old: str, chance: Random) -> str:
    if old.casefold() in _SMALL:
        return chance.choice([word for word in _SMALL if word != old.casefold()])
    digits = [i for i, character in enumerate(old) if character.isdecimal()]
    changed = old
    while changed == old:
        at = chance.choice(digits)
        changed = old[:at] + chance.choice("123456789") + old[at + 1 :]
    return changed


def _join_halves(first: str, second: str, chance: Random) -> str:
    ours, theirs = first.split(), second.split()
    if chance.random() < 0.5:
        ours, theirs = theirs, ours
    return " ".join(ours[: len(ours) // 2] + theirs[len(theirs) // 2 :])


def _pick(found: list[re.Match[str]], chance: Random) -> re.Match[str] | None:
    return chance.choice(found) if found else None


def _replace(text: str, match: re.Match[str], replacement: str) -> str:
    return text[: match.start()] + replacement + text[match.end() :]
