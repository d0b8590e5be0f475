"""Finds the words of a question that point back to something said before it: `he`, `its`, `that treaty`, `there`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.answers.follow_ups.utterance import Phrase, Utterance
    from index.verification.grammar import Token

Reference = Literal["person", "thing", "several", "noun", "place", "time", "event", "action"]
"""What an anaphor points to. `noun`: the thing that its noun names (`that treaty`). `event`: what the earlier question
or answer says (`when was that?`). `action`: what somebody did (`why did they do that?`)."""
_WORDS: dict[str, Reference] = {
    **dict.fromkeys("he she him her his hers himself herself".split(), "person"),
    **dict.fromkeys("it its itself this that".split(), "thing"),
    **dict.fromkeys("they them their theirs themselves these those both".split(), "several"),
    "there": "place",
    "then": "time",
}
_POSSESSIVES = frozenset(("his", "her", "its", "their", "theirs", "hers"))
_POINTERS = frozenset(("this", "that", "these", "those", "such"))
_EVENTS = frozenset("happen occur come take go arise".split())
_IMPERSONAL = frozenset(
    "true possible necessary likely legal allowed easy hard difficult important safe clear say know mean take rain "
    "snow matter seem appear think believe expect worth".split()
)
FRONTED = re.compile(r"^(?:when|if|after|because|since|while|as|once|although|before|until)\b.+,", re.IGNORECASE)
"""A clause before the main clause."""
_PRONOUN_TAGS = ("PRP", "PRP$", "DT", "PDT", "EX", "RB", "NN", "NNP", "JJ", "IN", "WDT")
_VERBAL = ("VB", "VBD", "VBG", "VBN", "VBP", "VBZ")


@dataclass(frozen=True, slots=True)
class Anaphor:
    """A word or phrase of a question that points back."""

    start: int
    end: int
    text: str
    refers: Reference
    token: Token
    possessive: bool = False
    noun: str = ""
    """The base form of the noun of `that treaty`."""
    human: bool = False
    """Whether it stands for somebody, as the question word says: `Who are they?`"""
    plural: bool = False


def anaphors(question: Utterance) -> list[Anaphor]:
    """Return what points back, in order. Words that refer to something in the question itself are left out."""
    found = [*_pronouns(question), *_pointed_nouns(question)]
    return sorted(found, key=lambda anaphor: anaphor.start)


def _pronouns(question: Utterance) -> Iterator[Anaphor]:
    for token in question.tokens:
        refers = _WORDS.get(token.text.lower())
        if refers is None or token.tag not in _PRONOUN_TAGS or _is_determiner(question, token):
            continue
        if _is_impersonal(question, token) or _is_resolved_inside(question, token, refers):
            continue
        yield _anaphor(question, token, refers)


def _anaphor(question: Utterance, token: Token, refers: Reference) -> Anaphor:
    word = token.text.lower()
    possessive = word in _POSSESSIVES and token.role == "poss"
    if refers == "thing" and not possessive:
        refers = _event_or_thing(question, token)
    human = question.tokens[0].text.lower() == "who" and question.tokens[token.head].lemma == "be"
    plural = refers == "several"
    return Anaphor(token.start, token.end, token.text, refers, token, possessive, plural=plural, human=human)


def _event_or_thing(question: Utterance, token: Token) -> Reference:
    """Return what `it`, `this` or `that` points to, judged by its verb."""
    verb = question.tokens[token.head]
    if verb.lemma == "do" and token.role in ("dobj", "attr", "npadvmod") and verb.tag in _VERBAL:
        return "action"
    subject = token.role in ("nsubj", "nsubjpass")
    if token.text.lower() in ("this", "that") and not (verb.lemma == "be" and question.child(verb, "attr")):
        return "event"
    asks_circumstance = question.tokens[0].text.lower() in ("when", "where", "why", "how", "since", "until")
    if subject and verb.lemma in _EVENTS and not question.child(verb, "dobj"):
        return "event"
    if subject and verb.lemma == "be" and asks_circumstance and not question.child(verb, "attr", "acomp"):
        return "event"
    return "thing"


def _is_determiner(question: Utterance, token: Token) -> bool:
    """Whether it belongs to a noun (`that treaty`), joins clauses, or is a relative pronoun."""
    if token.role in ("det", "predet", "mark", "expl", "nmod", "amod", "preconj"):
        return True
    if token.text.lower() == "then":  # `Then who …?` only joins it to what was said before
        return token.place == 0 or question.tokens[token.place - 1].tag == "CC"
    if token.text.lower() == "there":
        return token.role == "expl" or (token.tag == "EX" and any(part.tag in _VERBAL for part in question.tokens))
    is_last = not any(part.text.isalnum() for part in question.tokens[token.place + 1 :])
    return token.text.lower() == "that" and token.tag in ("IN", "WDT") and not is_last


def _is_impersonal(question: Utterance, token: Token) -> bool:
    """Whether `it` or `that` refers to nothing (`Is it true that …`), or to a clause after it (`What is it that …`)."""
    if token.text.lower() not in ("it", "that", "this"):
        return False
    head = question.tokens[token.head]
    clause = any(
        part.role in ("ccomp", "xcomp", "csubj", "advcl", "relcl") and part.start > token.start
        for part in question.subtree(head)
    )
    words = {part.lemma for part in question.children[head.place]} | {head.lemma}
    followed = question.tokens[token.place + 1 : token.place + 2]
    cleft = head.lemma == "be" and any(
        part.lemma in ("who", "that", "which") and part.start > token.start and part.tag in ("WP", "WDT", "IN")
        for part in question.tokens
    )
    return cleft or (clause and bool(words & _IMPERSONAL)) or (bool(followed) and followed[0].tag in ("WDT", "WP"))


def _is_resolved_inside(question: Utterance, token: Token, refers: Reference) -> bool:
    """Whether a pronoun can refer to a phrase before it in the same question: `How does Rosneft sell its oil?`"""
    possessive = token.text.lower() in _POSSESSIVES and token.role == "poss"
    if refers not in ("person", "thing", "several"):
        return False
    if token.text.lower() in ("this", "that"):
        return _follows_clause(question, token)
    if token.text.lower() == "it" and _follows_clause(question, token):
        return True
    clause = _clause(question, token)
    return any(
        _agrees(phrase, refers)
        and (possessive or phrase.role not in ("nsubj", "nsubjpass") or _clause(question, phrase.head) != clause)
        for phrase in question.phrases
        if phrase.end <= token.start and phrase.head.place != token.head
    )


def _follows_clause(question: Utterance, token: Token) -> bool:
    """Whether a whole clause stands before a pronoun, which may mean it: `When he left, what did that change?`"""
    if FRONTED.match(question.text[: token.start]):
        return True
    return any(
        part.role in ("advcl", "ccomp", "parataxis")
        and part.place < token.place
        and question.child(part, "nsubj", "nsubjpass")
        for part in question.tokens
    )


def _clause(question: Utterance, token: Token) -> int:
    """Return the place of the verb whose clause holds a word."""
    seen = 0
    while token.head != token.place and seen < len(question.tokens):
        token, seen = question.tokens[token.head], seen + 1
        if token.tag in _VERBAL and token.role in ("ROOT", "advcl", "ccomp", "relcl", "csubj", "conj", "acl", "pcomp"):
            break
    return token.place


def _agrees(phrase: Phrase, refers: Reference) -> bool:
    if phrase.kind in ("date", "amount"):
        return False
    if phrase.named:  # the kind of a name is not certain
        return (refers == "several") == phrase.plural or (refers == "several" and phrase.kind == "group")
    if refers == "person":
        return phrase.kind == "person" and not phrase.plural
    if refers == "several":
        return phrase.plural or phrase.kind == "group"
    return phrase.kind != "person" and not phrase.plural


def _pointed_nouns(question: Utterance) -> Iterator[Anaphor]:
    """Yield phrases with a demonstrative: `that treaty`, `these loans`, `this`."""
    for token in question.tokens:
        if token.text.lower() not in _POINTERS or token.role not in ("det", "predet", "amod"):
            continue
        if FRONTED.match(question.text[: token.start]):
            continue
        noun = question.tokens[token.head]
        phrase = question.phrase_of(noun)
        if phrase is None or phrase.start != token.start or phrase.full != phrase.text:
            continue
        plural = phrase.plural or token.text.lower() in ("these", "those")
        if phrase.kind == "date":
            yield Anaphor(phrase.start, phrase.end, phrase.text, "time", token, noun=noun.lemma, plural=plural)
        else:
            yield Anaphor(phrase.start, phrase.end, phrase.text, "noun", token, noun=noun.lemma, plural=plural)
