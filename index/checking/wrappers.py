"""The words that a fact is embedded in: denials, reports, beliefs, plans, conditions, questions, fiction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.graph import is_beside, is_infinitive
from index.checking.vocabulary import (
    CONDITIONS,
    DENIALS,
    FAILURES,
    FALSE_NOUNS,
    FICTIONS,
    NEGATIONS,
    PHRASED_MODALS,
    RARE,
    REPORTS,
    TRANSPARENT,
    UNREAL_NOUNS,
)
from index.checking.wording import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.graph import Graph
    from index.grammar import Token

_UNREAL_PREPOSITIONS = frozenset(("without", "instead", "than", "against", "for", "about", "from"))
"""`without asking`, `a plan for selling`: what follows them need not have happened."""
_TRUE = frozenset(("true", "clear", "evident", "certain", "fact", "obvious", "known"))
_EMBEDDED = frozenset(("ccomp", "xcomp", "acl", "pcomp", "csubj", "csubjpass"))


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What a fact is embedded in."""

    kind: str
    """`denial`, `report`, `falsehood`, `failure`, `condition`, `question`, `fiction`, or `doubt` for all others."""
    place: int
    """The word that embeds it."""


def denies(token: Token, made: Graph) -> bool:
    """Whether a word denies what it depends on."""
    plain = folded(token.text)
    if plain in ("longer", "more") and any(each.lemma in ("no", "not", "any") for each in made.children[token.place]):
        return any(each.lemma == "no" for each in made.children[token.place])
    return token.role == "neg" or (plain in NEGATIONS and token.role in ("advmod", "preconj", "cc")) or plain in RARE


def wrappers(made: Graph, verb: int) -> Iterator[Wrapper]:
    """What a fact is embedded in, from the inside out."""
    place, seen = verb, set()
    if verb in made.outer:
        yield from _adjuncts(made, verb)
        place = made.outer[verb]
    while place not in seen:
        seen.add(place)
        token = made.tokens[place]
        head = made.tokens[token.head]
        yield from _adjuncts(made, place)
        if token.role in ("advcl", "acl", "ccomp") and is_conditional(made, token):
            yield Wrapper("condition", token.head)
        elif token.role in _EMBEDDED and not is_beside(made, token):
            yield from _embedding(made, token, head)
        elif (
            token.role == "advcl" and token.place < head.place and head.lemma in REPORTS and not _is_marked(made, token)
        ):
            yield Wrapper("report", head.place)  # `…, the agency reported.`
        elif token.role in ("advcl", "acl", "relcl") and is_infinitive(made, place) and token.role != "relcl":
            yield Wrapper("doubt", token.head)  # a purpose need not be reached
        place = token.head
    yield from _of_the_whole(made)


def _embedding(made: Graph, token: Token, head: Token) -> Iterator[Wrapper]:
    """What the word before a clause makes of it."""
    if head.tag in ("IN", "TO"):
        if head.lemma in _UNREAL_PREPOSITIONS:
            yield Wrapper("doubt", head.place)
        return
    said = made.tokens[made.copulas.get(head.place, head.place)]
    if any(denies(each, made) for each in made.children[head.place]):
        yield Wrapper("doubt", said.place)  # `It is not true that …`, `did not show that …`
    elif said.tag.startswith("N") or head.tag.startswith("N"):
        yield from _named(made, token, said if said.tag.startswith("N") else head)
    elif kind := _verb_kind(made, token, head, said):
        yield Wrapper(kind, said.place if kind in ("failure", "doubt") else head.place)


def _named(made: Graph, token: Token, noun: Token) -> Iterator[Wrapper]:
    """What a noun makes of the clause after it: `the myth that …`, `a plan to …`."""
    lemmas = {noun.lemma, *(made.tokens[at].lemma for at in _predicates(made, noun.place))}
    if lemmas & FALSE_NOUNS:
        yield Wrapper("falsehood", noun.place)
    elif noun.lemma in UNREAL_NOUNS or (token.role == "acl" and _is_told(made, token, noun)):
        yield Wrapper("doubt", noun.place)


def _verb_kind(made: Graph, token: Token, head: Token, said: Token) -> str:
    """What a verb or an adjective makes of the clause after it; empty where that is true all the same."""
    if head.lemma in DENIALS:
        return "denial"
    if {head.lemma, said.lemma} & FAILURES:
        return "failure"
    if head.lemma in REPORTS:
        return "report"
    modal = said.lemma in PHRASED_MODALS and is_infinitive(made, token.place)
    return "" if modal or said.lemma in TRANSPARENT | _TRUE else "doubt"


def _is_marked(made: Graph, token: Token) -> bool:
    return any(each.role == "mark" for each in made.children[token.place])


def _is_told(made: Graph, token: Token, noun: Token) -> bool:
    """Whether a clause after a noun says what the noun is about, and not which one it is."""
    that = any(each.role == "mark" and each.lemma == "that" for each in made.children[token.place])
    return (that and noun.lemma != "fact") or is_infinitive(made, token.place)


def _predicates(made: Graph, place: int) -> Iterator[int]:
    """What a sentence says a noun is: `The idea … is a myth`."""
    return (edge.head for edge in made.edges if edge.role == "subject" and edge.dependent == place)


def is_conditional(made: Graph, token: Token) -> bool:
    """`If …`, `unless …`, `provided that …`, and `had it arrived`."""
    children = made.children[token.place]
    marks = {each.lemma for each in children if each.role in ("mark", "advmod")}
    if marks & CONDITIONS - {"until", "till", "once"} or folded(token.text) in CONDITIONS:
        return True
    subjects = [each.place for each in children if each.role in ("nsubj", "nsubjpass")]
    first = [each.place for each in children if each.role == "aux" and folded(each.text) in ("had", "were", "should")]
    return bool(subjects and first and first[0] < subjects[0])


def _adjuncts(made: Graph, place: int) -> Iterator[Wrapper]:
    """`According to the agency`."""
    for each in made.children[place]:
        if each.role == "prep" and each.lemma in ("accord", "according", "per"):
            objects = made.children[each.place]
            inner = [
                deep for other in objects for deep in (made.children[other.place] if other.role == "prep" else [other])
            ]
            yield from (Wrapper("report", other.place) for other in inner if other.role == "pobj")


def _of_the_whole(made: Graph) -> Iterator[Wrapper]:
    """What surrounds all that a sentence says: a question, a work of fiction, a report in parentheses."""
    for token in made.tokens:
        inside = token.role == "pobj" and made.tokens[token.head].lemma == "in"
        # `her novel Emma, in …`
        named = (token.place, token.head, *(each.place for each in made.children[token.place]))
        told = any(each.role == "relcl" for place in named for each in made.children[place])
        if token.lemma in FICTIONS and (inside or told):
            yield Wrapper("fiction", token.place)
        elif token.role == "parataxis" and token.lemma in REPORTS:
            yield Wrapper("report", token.place)
    if made.text.rstrip("\"')”’ ").endswith("?"):
        yield Wrapper("question", 0)
