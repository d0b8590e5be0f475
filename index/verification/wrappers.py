"""Finds the words that a fact is embedded in: denials, reports, beliefs, plans, conditions, questions, fiction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.verification.grammar import folded
from index.verification.graph import is_infinitive, is_juxtaposed
from index.verification.vocabulary import (
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.verification.grammar import Token
    from index.verification.graph import Graph

_UNREAL_PREPOSITIONS = frozenset(("without", "instead", "than", "against", "for", "about", "from"))
"""Prepositions whose objects may not have happened: `without asking`, `a plan for selling`."""
_TRUE = frozenset(("true", "clear", "evident", "certain", "fact", "obvious", "known"))
_EMBEDDED = frozenset(("ccomp", "xcomp", "acl", "pcomp", "csubj", "csubjpass"))


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A word or clause that a fact is embedded in."""

    kind: str
    """`denial`, `report`, `falsehood`, `failure`, `condition`, `question`, `fiction`, or `doubt` for all others."""
    place: int
    """The place of the word that embeds the fact."""


def denies(token: Token, graph: Graph) -> bool:
    """Whether a word negates its head."""
    plain = folded(token.text)
    if plain in ("longer", "more") and any(
        child.lemma in ("no", "not", "any") for child in graph.children[token.place]
    ):
        return any(child.lemma == "no" for child in graph.children[token.place])
    return token.role == "neg" or (plain in NEGATIONS and token.role in ("advmod", "preconj", "cc")) or plain in RARE


def wrappers(graph: Graph, verb: int) -> Iterator[Wrapper]:
    """Yield the wrappers of a fact, from the inside out."""
    place, seen = verb, set()
    if verb in graph.outer:
        yield from _report_adjuncts(graph, verb)
        place = graph.outer[verb]
    while place not in seen:
        seen.add(place)
        token = graph.tokens[place]
        head = graph.tokens[token.head]
        yield from _report_adjuncts(graph, place)
        if token.role in ("advcl", "acl", "ccomp") and is_conditional(graph, token):
            yield Wrapper("condition", token.head)
        elif token.role in _EMBEDDED and not is_juxtaposed(graph, token):
            yield from _embedding_wrappers(graph, token, head)
        elif (
            token.role == "advcl"
            and token.place < head.place
            and head.lemma in REPORTS
            and not _is_marked(graph, token)
        ):
            yield Wrapper("report", head.place)  # `…, the agency reported.`
        elif token.role in ("advcl", "acl", "relcl") and is_infinitive(graph, place) and token.role != "relcl":
            yield Wrapper("doubt", token.head)  # a purpose may not be reached
        place = token.head
    yield from _sentence_wrappers(graph)


def _embedding_wrappers(graph: Graph, token: Token, head: Token) -> Iterator[Wrapper]:
    """Yield the wrapper that the word before a clause makes."""
    if head.tag in ("IN", "TO"):
        if head.lemma in _UNREAL_PREPOSITIONS:
            yield Wrapper("doubt", head.place)
        return
    predicate = graph.tokens[graph.copulas.get(head.place, head.place)]
    if any(denies(child, graph) for child in graph.children[head.place]):
        yield Wrapper("doubt", predicate.place)  # `It is not true that …`, `did not show that …`
    elif predicate.tag.startswith("N") or head.tag.startswith("N"):
        yield from _noun_wrappers(graph, token, predicate if predicate.tag.startswith("N") else head)
    elif kind := _verb_kind(graph, token, head, predicate):
        yield Wrapper(kind, predicate.place if kind in ("failure", "doubt") else head.place)


def _noun_wrappers(graph: Graph, token: Token, noun: Token) -> Iterator[Wrapper]:
    """Yield the wrapper that a noun makes of the clause after it: `the myth that …`, `a plan to …`."""
    lemmas = {noun.lemma, *(graph.tokens[at].lemma for at in _predicates(graph, noun.place))}
    if lemmas & FALSE_NOUNS:
        yield Wrapper("falsehood", noun.place)
    elif noun.lemma in UNREAL_NOUNS or (token.role == "acl" and _states_content(graph, token, noun)):
        yield Wrapper("doubt", noun.place)


def _verb_kind(graph: Graph, token: Token, head: Token, predicate: Token) -> str:
    """Return the kind of wrapper that a verb or adjective makes of a clause; empty if the clause is stated as true."""
    if head.lemma in DENIALS:
        return "denial"
    if {head.lemma, predicate.lemma} & FAILURES:
        return "failure"
    if head.lemma in REPORTS:
        return "report"
    modal = predicate.lemma in PHRASED_MODALS and is_infinitive(graph, token.place)
    return "" if modal or predicate.lemma in TRANSPARENT | _TRUE else "doubt"


def _is_marked(graph: Graph, token: Token) -> bool:
    return any(child.role == "mark" for child in graph.children[token.place])


def _states_content(graph: Graph, token: Token, noun: Token) -> bool:
    """Whether a clause after a noun states the content of the noun, and does not just identify it."""
    has_that = any(child.role == "mark" and child.lemma == "that" for child in graph.children[token.place])
    return (has_that and noun.lemma != "fact") or is_infinitive(graph, token.place)


def _predicates(graph: Graph, place: int) -> Iterator[int]:
    """Yield the predicates of a noun: `The idea … is a myth`."""
    return (edge.head for edge in graph.edges if edge.role == "subject" and edge.dependent == place)


def is_conditional(graph: Graph, token: Token) -> bool:
    """Whether a clause is conditional: `if …`, `unless …`, `provided that …`, or `had it arrived`."""
    children = graph.children[token.place]
    marks = {child.lemma for child in children if child.role in ("mark", "advmod")}
    if marks & CONDITIONS - {"until", "till", "once"} or folded(token.text) in CONDITIONS:
        return True
    subjects = [child.place for child in children if child.role in ("nsubj", "nsubjpass")]
    first = [
        child.place for child in children if child.role == "aux" and folded(child.text) in ("had", "were", "should")
    ]
    return bool(subjects and first and first[0] < subjects[0])


def _report_adjuncts(graph: Graph, place: int) -> Iterator[Wrapper]:
    """Yield a report for each `according to the agency`."""
    for child in graph.children[place]:
        if child.role == "prep" and child.lemma in ("accord", "according", "per"):
            objects = graph.children[child.place]
            inner = [
                deep for other in objects for deep in (graph.children[other.place] if other.role == "prep" else [other])
            ]
            yield from (Wrapper("report", other.place) for other in inner if other.role == "pobj")


def _sentence_wrappers(graph: Graph) -> Iterator[Wrapper]:
    """Yield the wrappers of a whole sentence: a question, a work of fiction, a report in parentheses."""
    for token in graph.tokens:
        inside = token.role == "pobj" and graph.tokens[token.head].lemma == "in"
        # `her novel Emma, in …`
        named = (token.place, token.head, *(child.place for child in graph.children[token.place]))
        has_relative_clause = any(child.role == "relcl" for place in named for child in graph.children[place])
        if token.lemma in FICTIONS and (inside or has_relative_clause):
            yield Wrapper("fiction", token.place)
        elif token.role == "parataxis" and token.lemma in REPORTS:
            yield Wrapper("report", token.place)
    if graph.text.rstrip("\"')”’ ").endswith("?"):
        yield Wrapper("question", 0)
