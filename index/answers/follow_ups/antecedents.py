"""Finds what an anaphor points to: a phrase of the earlier question, or of the answer to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from index.answers.follow_ups.utterance import kind_of_noun, utterances

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from index.answers.follow_ups.anaphors import Anaphor, Reference
    from index.answers.follow_ups.utterance import Phrase, Utterance

LONGEST_PHRASE = 9
"""A phrase of more words is named without the prepositional phrases after it."""
QUOTES = 3
"""The number of an answer's quotations that are read."""
_CALLED = re.compile(
    r"\b(?:called|named?|titled?|term(?:ed)?|word|known as|acronym|abbreviation|stands? for|nickname)\b", re.IGNORECASE
)
_KNOWN_AS = re.compile(
    r"\b(?:known as|called|named|termed|titled|entitled|dubbed)\W+(?:(?:an?|the)\s+)?$", re.IGNORECASE
)
_UNLIKELY = -1.2
"""How badly a name fits `he` or `she` if it seems not to be a person's: no one can be sure of a name."""
_ANSWER = 2.0
"""A phrase of a quotation with at least this salience is taken to be what the question asked for."""
_LEAST = 0.5
_MARGIN = 0.4
"""If two different phrases score closer than this, the choice is doubtful."""
_FEMALE = re.compile(r"^(?:mrs|ms|miss|queen|princess|lady|madam|maid|[A-Z][a-z]+a)\b", re.IGNORECASE)
_MALE = re.compile(r"^(?:mr|sir|king|prince|lord|count)\b", re.IGNORECASE)
_WEIGHT_OF_ROLE = {"nsubj": 0.6, "nsubjpass": 0.6, "dobj": 0.4, "attr": 0.3, "pobj": 0.2, "poss": 0.1, "conj": 0.0}


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of a thread, which stands alone."""

    question: str
    quotes: Callable[[], Sequence[str]] = tuple
    """Returns the quotations that answered it, the best first. It is called only if the next question needs them."""


@dataclass(frozen=True, slots=True)
class Antecedent:
    """What an anaphor points to."""

    text: str
    sure: bool


class Context:
    """The parsed turns of a thread, the newest first."""

    def __init__(self, turns: Sequence[Turn], follow_up: str = "") -> None:
        self.turns = tuple(reversed(turns))
        self.follow_up = follow_up
        """The question that continues them."""

    @cached_property
    def questions(self) -> list[Utterance]:
        """The questions, the newest first."""
        return utterances([turn.question for turn in self.turns])

    @cached_property
    def answers(self) -> list[list[Utterance]]:
        """The quotations of each question."""
        return [utterances(turn.quotes()[:QUOTES]) for turn in self.turns]

    @property
    def question(self) -> Utterance:
        """The newest question."""
        return self.questions[0]

    @property
    def answer(self) -> list[Utterance]:
        """The quotations that answered it."""
        return self.answers[0]

    @cached_property
    def asked(self) -> str:
        """The first word of the newest question, in lower case: `who`, `which`, `did` …"""
        return next((token.text.lower() for token in self.question.tokens if token.text.isalnum()), "")

    def phrases(self) -> Iterator[tuple[Phrase, float]]:
        """Yield every phrase of the thread with its salience."""
        for age, (question, quotes) in enumerate(zip(self.questions, self.answers, strict=True)):
            for place, phrase in enumerate(question.phrases):
                if not phrase.text.lower().startswith(("which ", "what ", "how ", "whose ")):
                    yield phrase, 2.0 - age - 0.05 * place
            known = question.text.casefold()
            for number, quote in enumerate(quotes):
                for place, phrase in enumerate(quote.phrases):
                    new = phrase.bare.casefold() not in known
                    yield phrase, 1.0 + self._answers(quote, phrase, new=new) - age - 0.3 * number - 0.04 * place

    def _answers(self, quote: Utterance, phrase: Phrase, *, new: bool) -> float:
        """Return how likely a phrase of a quotation is what the newest question asked for."""
        head, wanted = self.asked_head, self._wanted
        if not new and not (head and phrase.head.lemma == head):
            return -0.5
        if head and head in (phrase.head.lemma, *phrase.bare.casefold().split()):
            return 2.0
        if wanted and phrase.kind not in wanted:
            return -0.3
        if _CALLED.search(f"{self.question.text} {self.follow_up}") and _KNOWN_AS.search(quote.text[: phrase.start]):
            return 2.0
        fits = bool(wanted) or (self.asked in ("which", "what") and phrase.named)
        return (0.6 if fits else 0.0) + (1.2 if self._has_asked_role(quote, phrase) else 0.0)

    @cached_property
    def _wanted(self) -> tuple[str, ...]:
        """The kinds of thing that the newest question asks for; empty if it may be any."""
        if self.asked_head:
            kind = kind_of_noun(self.asked_head)
            return (kind,) if kind == "person" else ()
        return {"who": ("person", "group"), "whom": ("person", "group"), "where": ("place",), "when": ("date",)}.get(
            self.asked, ()
        )

    @cached_property
    def asked_head(self) -> str:
        """The noun that the newest question asks for (`which law`), in its base form; empty for `who` or `what`."""
        for token in self.question.tokens:
            if token.lemma in ("which", "what", "whose") and token.role == "det":
                return self.question.tokens[token.head].lemma
        return ""

    def _has_asked_role(self, quote: Utterance, phrase: Phrase) -> bool:
        """Whether a phrase has in the quotation the role that the question word has in the question, by the verb."""
        asked = next((token for token in self.question.tokens if token.tag in ("WP", "WDT")), None)
        if asked is None:
            return False
        word = self.question.tokens[asked.head] if asked.role == "det" else asked
        verb = self.question.tokens[word.head]
        if verb.lemma == "be":
            return False
        above = quote.tokens[phrase.head.head]
        return above.lemma == verb.lemma and _alike(phrase.role, word.role)

    @cached_property
    def topic(self) -> str:
        """What the newest turn is about, as a list of words: what answers the question, and the question's phrases."""
        known = self.question.text.casefold()
        new = [
            (score + phrase.named, phrase)
            for phrase, score in self.phrases()
            if phrase.bare.casefold() not in known and score > (_ANSWER - phrase.named)
        ]
        best = max(new, key=lambda entry: entry[0], default=None)
        return ", ".join(dict.fromkeys(filter(None, [named(best[1]) if best else "", self.gist])))

    @cached_property
    def gist(self) -> str:
        """The newest question without its question word and its helping verbs."""
        tokens = list(self.question.tokens)
        while tokens and (
            tokens[0].tag.startswith("W") or tokens[0].role in ("aux", "auxpass") or tokens[0].lemma == "be"
        ):
            tokens.pop(0)
        if not tokens:
            return ""
        words = [token for token in tokens if token.role not in ("aux", "auxpass") or token.lemma not in ("do", "be")]
        return " ".join(self.question.text[words[0].start :].rstrip(" ?.!").split()) if words else ""


def _alike(one: str, other: str) -> bool:
    subjects = ("nsubj", "nsubjpass")
    return one == other or (one in subjects and other in subjects) or {one, other} == {"dobj", "attr"}


def antecedent(anaphor: Anaphor, context: Context, used: Collection[str] = ()) -> Antecedent | None:
    """Return what an anaphor points to; None if no phrase of the thread agrees with it.

    `used` are the names of the question's other anaphors: one that is within them is not meant again.
    """
    scored: dict[str, tuple[float, Phrase]] = {}
    for phrase, salience in context.phrases():
        fit = _fit(anaphor, phrase)
        if fit is None or any(phrase.bare in name for name in used):
            continue
        score = salience + fit + _WEIGHT_OF_ROLE.get(phrase.role, 0.0)
        if score > scored.get(phrase.bare.casefold(), (-9.0, phrase))[0]:
            scored[phrase.bare.casefold()] = score, phrase
    ranked = sorted(scored.values(), key=lambda entry: -entry[0])
    if not ranked or ranked[0][0] < _LEAST:
        return None
    return Antecedent(named(ranked[0][1]), len(ranked) == 1 or ranked[0][0] - ranked[1][0] > _MARGIN)


def named(phrase: Phrase) -> str:
    """Return a phrase as another question may name it: definite, and not too long."""
    text = phrase.full if len(phrase.full.split()) <= LONGEST_PHRASE else phrase.text
    text = re.sub(r"^(?:an?|some|any)\s+", "the ", text.strip(" ,;:"), flags=re.IGNORECASE)
    text = re.sub(r"^(?:its|their|his|her|our|my)\s+", "the ", text, flags=re.IGNORECASE)
    return re.sub(r"^(The|This|That|These|Those)\b", lambda found: found[0].lower(), text)


def _fit(anaphor: Anaphor, phrase: Phrase) -> float | None:
    """Return how well a phrase agrees with an anaphor; None if it cannot be meant."""
    if anaphor.refers == "noun":
        return _fit_of_noun(anaphor, phrase)
    if anaphor.refers == "time":
        return 1.0 if phrase.kind == "date" and any(map(str.isdigit, phrase.text)) else None
    if anaphor.refers == "place":
        return 1.0 + phrase.named if phrase.kind == "place" else None
    if phrase.kind in ("date", "amount"):
        return None
    return _fit_of_pronoun(anaphor, phrase)


def _fit_of_pronoun(anaphor: Anaphor, phrase: Phrase) -> float | None:
    refers: Reference = anaphor.refers
    if refers == "person":
        if phrase.plural or (phrase.kind != "person" and not phrase.named):
            return None
        if phrase.kind != "person":
            return _UNLIKELY
        gender = _fit_of_gender(anaphor.text.lower(), phrase.text)
        return None if gender is None else 0.7 * phrase.named + gender
    if anaphor.human and not phrase.named and phrase.kind not in ("person", "group"):
        return None
    if refers == "several":
        if phrase.plural:
            return 0.8 if phrase.head.role != "conj" else 0.2
        return 0.2 if phrase.kind == "group" else -0.6 if phrase.named else -1.0
    if phrase.plural or (phrase.kind == "person" and not (phrase.named and len(phrase.text.split()) == 1)):
        return None
    if phrase.kind == "person":
        return -0.2
    return -0.5 if phrase.named and phrase.kind == "place" and not anaphor.possessive else 0.2 * phrase.named


def _fit_of_gender(pronoun: str, name: str) -> float | None:
    """Return how well a name fits `he` or `she`, by its title or its ending; None if it cannot be meant."""
    female = pronoun in ("she", "her", "hers", "herself")
    if _MALE.match(name):
        return None if female else 0.4
    if _FEMALE.match(name):
        return 0.6 if female else -0.6
    return 0.0


def _fit_of_noun(anaphor: Anaphor, phrase: Phrase) -> float | None:
    if phrase.head.lemma == anaphor.noun or anaphor.noun in phrase.bare.casefold().split():
        return 1.0 if phrase.plural == anaphor.plural else 0.3
    kinds = {"company": "group", "country": "place", "city": "place", "man": "person", "woman": "person"}
    return 0.5 if phrase.kind == kinds.get(anaphor.noun) and phrase.plural == anaphor.plural else None
