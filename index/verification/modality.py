"""The modality of a fact: whether its sentence denies, hedges, reports, plans, conditions or limits it.

A claim that leaves these out says more than its source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.verification.grammar import folded
from index.verification.graph import is_infinitive
from index.verification.vocabulary import EXCEPTIONS, LIMITS, MODALS, NEGATED_NOUNS, PHRASED_MODALS
from index.verification.wrappers import Wrapper, denies, is_conditional, wrappers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.verification.grammar import Token
    from index.verification.graph import Graph

_UNCHANGING = frozenset(
    "cut put set hit let read cost spread shut hurt quit burst split bet shed thrust cast bid".split()
)
"""Verbs with the same form in the past and the present."""


@dataclass(frozen=True, slots=True)
class Modality:
    """The modality of the fact that a verb, or a predicate after "be", states."""

    negations: int
    """The number of negations in its own clause."""
    modal: str
    """`possible`, `duty`, `advice`, `will`; empty if there is none."""
    tense: str
    """`past`, `present`; empty if the verb does not show it."""
    wrappers: tuple[Wrapper, ...]
    limits: frozenset[str]
    """Words that limit the fact: `nearly`, `sometimes`, `allegedly`."""
    conditions: tuple[int, ...]
    """The words that head its conditions and exceptions."""
    denying: int | None = None
    """The first word that negates it."""


def modality(graph: Graph, place: int) -> Modality:
    """Return the modality of the fact that a word states."""
    verb = graph.verbs.get(place, place)
    outer = graph.outer.get(verb, verb)
    phrase = [at for at, inner in graph.phrases.items() if inner == verb]
    tokens = [child for at in dict.fromkeys((verb, place, *phrase)) for child in graph.children[at]]
    denying = [token.place for token in tokens if denies(token, graph)]
    denying += [
        child.place
        for token in tokens
        if token.role in ("advmod", "aux", "auxpass")
        for child in graph.children[token.place]
        if child.role == "neg" and token.lemma not in ("only", "just", "merely", "simply", "longer", "more")
    ]  # `is not always right`, `never got divorced`
    denying += [argument.place for argument in _arguments(graph, tokens) if _is_none(graph, argument)]
    if graph.tokens[place].lemma in NEGATED_NOUNS or any(_is_no(child) for child in graph.children[place]):
        denying.append(place)
    return Modality(
        negations=len(set(denying)),
        modal=_modal(graph, verb),
        tense=_tense(graph, outer),
        wrappers=tuple(wrappers(graph, verb)),
        limits=frozenset(_limits(tokens)),
        conditions=tuple(_conditions(graph, tokens, verb)),
        denying=denying[0] if denying else None,
    )


def limited(graph: Graph, place: int) -> frozenset[str]:
    """Return the words that limit a noun: `alleged`, `nearly all`."""
    return frozenset(_limits(graph.children[place]))


def _arguments(graph: Graph, tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.role in ("nsubj", "nsubjpass", "dobj", "attr", "pobj"):
            yield token
        elif token.role in ("prep", "agent"):
            yield from _arguments(graph, graph.children[token.place])


def _is_none(graph: Graph, token: Token) -> bool:
    return token.lemma in NEGATED_NOUNS or any(_is_no(child) for child in graph.children[token.place])


def _is_no(token: Token) -> bool:
    return token.lemma in ("no", "neither") and token.role in ("det", "neg")


def _modal(graph: Graph, verb: int) -> str:
    if verb in graph.outer:
        phrase = next(graph.tokens[at].lemma for at, inner in graph.phrases.items() if inner == verb)
        return f"{_modal(graph, graph.outer[verb])} {PHRASED_MODALS[phrase]}".strip()
    for child in graph.children[verb]:
        if child.tag == "MD":
            return MODALS.get(folded(child.text), MODALS.get(child.lemma, ""))
    if graph.tokens[verb].role in ("xcomp", "ccomp") and is_infinitive(graph, verb):
        head = graph.tokens[graph.tokens[verb].head]
        predicate = graph.tokens[graph.copulas.get(head.place, head.place)]
        if predicate.lemma in PHRASED_MODALS:
            return PHRASED_MODALS[predicate.lemma]
    chain = graph.tokens[graph.tokens[verb].head]
    shares = graph.tokens[verb].role == "conj" and not any(
        child.role in ("aux", "nsubj") for child in graph.children[verb]
    )
    return _modal(graph, chain.place) if shares else ""


def _tense(graph: Graph, verb: int) -> str:
    token = graph.tokens[verb]
    finite = [
        child
        for child in graph.children[verb]
        if child.role in ("aux", "auxpass") and child.tag in ("VBD", "VBZ", "VBP")
    ]
    for auxiliary in finite:
        if auxiliary.lemma == "have":  # the perfect tense speaks of the past, too
            return "past"
    if not finite and token.lemma in _UNCHANGING:
        return ""
    tag = finite[0].tag if finite else token.tag
    if token.role == "conj" and not finite and token.tag in ("VBN", "VB"):
        return _tense(graph, token.head)
    return {"VBD": "past", "VBZ": "present", "VBP": "present"}.get(tag, "")


def _limits(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.lemma in LIMITS and token.role in ("advmod", "amod", "npadvmod", "compound", "acomp"):
            yield token.lemma


def _conditions(graph: Graph, tokens: list[Token], verb: int) -> Iterator[int]:
    """Yield the conditions and exceptions of a verb, wherever the parser attaches them."""
    for token in tokens:
        clause = token.role == "advcl" and (is_conditional(graph, token) or _is_whenever(graph, token, verb))
        if clause or (token.role == "prep" and (token.lemma in EXCEPTIONS or token.lemma == "without")):
            yield token.place
        elif token.role in ("nsubj", "nsubjpass", "dobj", "attr", "prep", "pobj"):
            yield from _conditions(graph, graph.children[token.place], verb)


def _is_whenever(graph: Graph, token: Token, verb: int) -> bool:
    """Whether `when` states a condition: `Refunds are paid when the order was cancelled` holds for such cases alone."""
    marks = {child.lemma for child in graph.children[token.place] if child.role == "advmod"}
    return "when" in marks and _tense(graph, verb) == "present"
