"""Changes a question so that its passage no longer answers it: a word, a number, a denial.

Each function takes a parsed sentence, another sentence (`Others`) and a random generator, and returns the new text, or
None if it does not apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.grammar import changed, child, inflect, lowered, main_clause, tidy
from training.lexicon import all_synonyms, antonyms, common, sisters

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from spacy.tokens import Span

PARTS = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "r"}


@dataclass
class Others:
    """Another question, whose words the functions insert."""

    near: Span | None = None


MONTHS = "January February March April May June July August September October November December".split()
_UNITS = {
    "million": ("billion", "thousand"), "billion": ("million", "trillion"), "thousand": ("million", "hundred"),
    "years": ("months", "decades"), "months": ("weeks", "years"), "days": ("weeks", "hours"), "hours": ("minutes", "days"),
    "minutes": ("hours", "seconds"), "miles": ("metres", "feet"), "km": ("metres", "miles"), "percent": ("times",),
    "century": ("decade",), "decade": ("century",), "feet": ("metres", "inches"), "weeks": ("months", "days"),
    "first": ("second", "third", "last"), "second": ("first", "third"), "third": ("second", "fourth"), "half": ("third", "quarter"),
    "annually": ("monthly",), "daily": ("weekly",), "dollars": ("euros",), "year": ("month", "decade"),
}  # fmt: skip
_NUMBER_WORDS = (
    """one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred""".split()
)


def _is_absent(sentence: Span, text: str) -> bool:
    return text.lower() not in sentence.text.lower()


def _exchange_word(
    sentence: Span, chance: random.Random, kinds: set[str], choose: Callable[[str, str], list[str]]
) -> str | None:
    words = [
        t for t in sentence if t.pos_ in kinds and t.is_alpha and not t.ent_type_ and t.lemma_.lower() not in _IDLE
    ]
    for token in chance.sample(words, len(words)):
        lemma, part = token.lemma_.lower(), PARTS[token.pos_]
        found = [w for w in choose(lemma, part) if w not in all_synonyms(lemma, part) and _is_absent(sentence, w)]
        if found:
            return changed(sentence, (token.i, token.i + 1, inflect(chance.choice(found), token)))
    return None


_IDLE = set(
    """be have do other such more most many much same so then also well as very one way year time not""".split()
)


def _words_nearby(others: Others, pos: str) -> list[str]:
    return (
        [t.lemma_.lower() for t in others.near if t.pos_ == pos and t.is_alpha and not t.ent_type_]
        if others.near
        else []
    )


def _word_program(pos: str) -> Callable[[Span, Others, random.Random], str | None]:
    """Return a program that replaces a word of one part of speech with a sister word, a nearby word, or any word."""

    def program(sentence: Span, others: Others, chance: random.Random) -> str | None:
        def choose(lemma: str, part: str) -> list[str]:
            kind = chance.random()
            if kind < 0.4:
                found = sisters(lemma, part)
            elif kind < 0.65:
                found = _words_nearby(others, pos)
            else:
                found = []
            return found or chance.choices(common(part)[:1500], k=5)

        return _exchange_word(sentence, chance, {pos}, choose)

    return program


def opposite(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Replace a word with its opposite."""
    return _exchange_word(sentence, chance, set(PARTS), lambda lemma, part: antonyms(lemma, part))


def another_number(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Replace a number, a month or a unit."""
    found = [
        t
        for t in sentence
        if t.like_num or t.text in MONTHS or t.lower_ in _UNITS or re.fullmatch(r"\d{4}s|\d+(st|nd|rd|th)", t.text)
    ]
    for token in chance.sample(found, len(found)):
        new = _other_number(token.text, chance)
        if new and new != token.text and not re.search(rf"\b{re.escape(new)}\b", sentence.text):
            return changed(sentence, (token.i, token.i + 1, new))
    return None


def _other_number(text: str, chance: random.Random) -> str | None:
    if text in MONTHS:
        return chance.choice(MONTHS)
    if text.lower() in _UNITS:
        return chance.choice(_UNITS[text.lower()])
    if text.lower() in _NUMBER_WORDS:
        return chance.choice(_NUMBER_WORDS[1:])
    plain = text.replace(",", "")
    if re.fullmatch(r"\d{4}s", text):
        return f"{int(text[:4]) + chance.choice((-30, -20, -10, 10, 20, 100))}s"
    if re.fullmatch(r"\d+\.\d+", plain):
        value = float(plain) * chance.choice((0.4, 0.7, 1.2, 1.5, 2, 10))
        return f"{value:.{len(plain.split('.')[1])}f}"
    if not plain.isdigit():
        return None
    number = int(plain)
    if 1000 <= number <= 2100 and "," not in text:
        return str(number + chance.choice((-100, -50, -21, -10, -7, -4, -3, -2, -1, 1, 2, 3, 5, 9, 12, 20, 100)))
    other = chance.choice(
        (number + 1, number * 2, number * 10, number // 2, number + max(2, number // 3), int(plain[::-1]))
    )
    return f"{other:,}" if "," in text else str(other)


def negated(sentence: Span, _: Others, chance: random.Random) -> str | None:
    """Negate the main verb or the whole sentence."""
    clause = main_clause(sentence)
    if clause is None or child(clause.verb, {"neg"}) or re.search(r"\b(?:not|never|no)\b|n['’]t\b", sentence.text):
        return None
    if chance.random() < 0.1:
        start = chance.choice(
            ("It is not the case that", "It is not true that", "It is false that", "Nobody says that")
        )
        return tidy(f"{start} {lowered(sentence[0], sentence.text)}")
    verb = clause.verb
    helper = clause.auxiliaries[0] if clause.auxiliaries else verb if verb.lemma_ == "be" else None
    if helper is not None and helper.lower_ in ("'s", "’s", "'re", "to", "'ve", "'d"):
        return None
    if helper is not None:
        word = (
            "cannot"
            if helper.lower_ == "can"
            else helper.text
            + chance.choice(
                (
                    " not",
                    "n't" if helper.lower_ not in ("may", "am", "might", "will", "shall") else " not",
                    " never",
                    " not",
                )
            )
        )
        if word in ("willn't",):
            return None
        return changed(sentence, (helper.i, helper.i + 1, word))
    if verb.tag_ not in ("VBD", "VBZ", "VBP"):
        return None
    do = {"VBD": "did", "VBZ": "does", "VBP": "do"}[verb.tag_]
    fail = {"VBD": "failed", "VBZ": "fails", "VBP": "fail"}[verb.tag_]
    ways = (
        f"{do} not {verb.lemma_}",
        f"{do}n't {verb.lemma_}",
        f"never {verb.text}",
        f"{fail} to {verb.lemma_}",
        f"{do} not {verb.lemma_}",
    )
    return changed(sentence, (verb.i, verb.i + 1, chance.choice(ways)))


PROGRAMS: dict[str, Callable[[Span, Others, random.Random], str | None]] = {
    "noun": _word_program("NOUN"),
    "adjective": _word_program("ADJ"),
    "opposite": opposite,
    "number": another_number,
    "negated": negated,
}
