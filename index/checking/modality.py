"""What surrounds a fact in its sentence: whether it is denied, reported, believed, planned, conditional, or limited.

Whoever leaves these out says more than the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.graph import is_infinitive
from index.checking.vocabulary import (
    EXCEPTIONS,
    LIMITS,
    MODALS,
    NEGATED_NOUNS,
    PHRASED_MODALS,
)
from index.checking.wording import folded
from index.checking.wrappers import Wrapper, denies, is_conditional, wrappers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.graph import Graph
    from index.grammar import Token

_UNCHANGING = frozenset(
    "cut put set hit let read cost spread shut hurt quit burst split bet shed thrust cast bid".split()
)
"""Verbs whose past looks like their present."""


@dataclass(frozen=True, slots=True)
class Modality:
    """What surrounds the fact that a verb, or what is said with "be", states."""

    negations: int
    """How many times it is denied in its own clause."""
    modal: str
    """`possible`, `duty`, `advice`, `will`; empty for none."""
    tense: str
    """`past`, `present`; empty where the verb does not say."""
    wrappers: tuple[Wrapper, ...]
    limits: frozenset[str]
    """Words that take something back: `nearly`, `sometimes`, `allegedly`."""
    conditions: tuple[int, ...]
    """The words of its conditions and exceptions."""
    denying: int | None = None
    """The word that denies it."""


def modality(made: Graph, place: int) -> Modality:
    """What surrounds the fact stated by a word."""
    verb = made.verbs.get(place, place)
    outer = made.outer.get(verb, verb)
    phrase = [at for at, inner in made.phrases.items() if inner == verb]
    tokens = [each for at in dict.fromkeys((verb, place, *phrase)) for each in made.children[at]]
    denying = [each.place for each in tokens if denies(each, made)]
    denying += [
        each.place
        for token in tokens
        if token.role in ("advmod", "aux", "auxpass")
        for each in made.children[token.place]
        if each.role == "neg" and token.lemma not in ("only", "just", "merely", "simply", "longer", "more")
    ]  # `is not always right`, `never got divorced`
    denying += [each.place for each in _arguments(made, tokens) if _is_none(made, each)]
    if made.tokens[place].lemma in NEGATED_NOUNS or any(_is_no(each) for each in made.children[place]):
        denying.append(place)
    return Modality(
        negations=len(set(denying)),
        modal=_modal(made, verb),
        tense=_tense(made, outer),
        wrappers=tuple(wrappers(made, verb)),
        limits=frozenset(_limits(tokens)),
        conditions=tuple(_conditions(made, tokens, verb)),
        denying=denying[0] if denying else None,
    )


def limited(made: Graph, place: int) -> frozenset[str]:
    """The words that take something back from a noun: `alleged`, `nearly all`."""
    return frozenset(_limits(made.children[place]))


def _arguments(made: Graph, tokens: list[Token]) -> Iterator[Token]:
    for each in tokens:
        if each.role in ("nsubj", "nsubjpass", "dobj", "attr", "pobj"):
            yield each
        elif each.role in ("prep", "agent"):
            yield from _arguments(made, made.children[each.place])


def _is_none(made: Graph, token: Token) -> bool:
    return token.lemma in NEGATED_NOUNS or any(_is_no(each) for each in made.children[token.place])


def _is_no(token: Token) -> bool:
    return token.lemma in ("no", "neither") and token.role in ("det", "neg")


def _modal(made: Graph, verb: int) -> str:
    if verb in made.outer:
        phrase = next(made.tokens[at].lemma for at, inner in made.phrases.items() if inner == verb)
        return f"{_modal(made, made.outer[verb])} {PHRASED_MODALS[phrase]}".strip()
    for each in made.children[verb]:
        if each.tag == "MD":
            return MODALS.get(folded(each.text), MODALS.get(each.lemma, ""))
    if made.tokens[verb].role in ("xcomp", "ccomp") and is_infinitive(made, verb):
        head = made.tokens[made.tokens[verb].head]
        said = made.tokens[made.copulas.get(head.place, head.place)]
        if said.lemma in PHRASED_MODALS:
            return PHRASED_MODALS[said.lemma]
    chain = made.tokens[made.tokens[verb].head]
    shares = made.tokens[verb].role == "conj" and not any(each.role in ("aux", "nsubj") for each in made.children[verb])
    return _modal(made, chain.place) if shares else ""


def _tense(made: Graph, verb: int) -> str:
    token = made.tokens[verb]
    finite = [
        each for each in made.children[verb] if each.role in ("aux", "auxpass") and each.tag in ("VBD", "VBZ", "VBP")
    ]
    for each in finite:
        if each.lemma == "have":  # the perfect tells of the past as well
            return "past"
    if not finite and token.lemma in _UNCHANGING:
        return ""
    tag = finite[0].tag if finite else token.tag
    if token.role == "conj" and not finite and token.tag in ("VBN", "VB"):
        return _tense(made, token.head)
    return {"VBD": "past", "VBZ": "present", "VBP": "present"}.get(tag, "")


def _limits(tokens: list[Token]) -> Iterator[str]:
    for each in tokens:
        if each.lemma in LIMITS and each.role in ("advmod", "amod", "npadvmod", "compound", "acomp"):
            yield each.lemma


def _conditions(made: Graph, tokens: list[Token], verb: int) -> Iterator[int]:
    """The conditions and exceptions of what a verb states, wherever they hang."""
    for each in tokens:
        clause = each.role == "advcl" and (is_conditional(made, each) or _is_whenever(made, each, verb))
        if clause or (each.role == "prep" and (each.lemma in EXCEPTIONS or each.lemma == "without")):
            yield each.place
        elif each.role in ("nsubj", "nsubjpass", "dobj", "attr", "prep", "pobj"):
            yield from _conditions(made, made.children[each.place], verb)


def _is_whenever(made: Graph, token: Token, verb: int) -> bool:
    """`Refunds are paid when the order was cancelled` holds for those cases alone."""
    marks = {each.lemma for each in made.children[token.place] if each.role == "advmod"}
    return "when" in marks and _tense(made, verb) == "present"
