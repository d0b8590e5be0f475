"""A sentence as a graph: what it speaks of, who does what to whom, and what surrounds it.

The dependencies of the grammar are brought to fewer roles, so that a fact has one form: in the active and the passive,
with "X's Y" and "the Y of X", in a relative clause and in a list (`index.checking.dependencies`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from index.checking.thesaurus import usual_part
from index.checking.vocabulary import CONDITIONS, DENIALS, REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.quantity import Quantity
    from index.grammar import Token

_PLURAL = frozenset(("NNS", "NNPS"))
CORE = ("agent", "patient", "subject")
"""The roles of who acts, who is acted on, and what is said to be so."""
EXCEPTED = "not:"
"""Stands before the role of what a sentence says of all but this: `managers, but not the founder`."""


class Edge(NamedTuple):
    """One thing that a sentence says of two of its words."""

    head: int
    role: str
    """`agent`, `patient`, `recipient`, `subject` (of what is said to be so), `of`, `mod`, `clause:` or `prep:` …"""
    dependent: int


@dataclass(frozen=True, slots=True)
class Node:
    """A word of a sentence that says something, or a number with its unit."""

    place: int
    text: str
    lemma: str
    part: str
    """n, v, a or r; `#` for a number, `p` for a pronoun."""
    stem: str
    tag: str
    quantity: Quantity | None = None


@dataclass(slots=True)
class Graph:
    """A sentence's words and what it says of them."""

    text: str
    tokens: tuple[Token, ...]
    nodes: dict[int, Node] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    aliases: dict[int, int] = field(default_factory=dict)
    """Words that stand for another word of the sentence: relative pronouns, "some" of "some of them"."""
    children: dict[int, list[Token]] = field(default_factory=lambda: defaultdict(list))
    copulas: dict[int, int] = field(default_factory=dict)
    """For each "be" that only joins, the word that it says something with."""
    verbs: dict[int, int] = field(default_factory=dict)
    """The other way round."""
    phrases: dict[int, int] = field(default_factory=dict)
    """For each word of a `have to`, `be able to`, the verb that it goes with."""
    outer: dict[int, int] = field(default_factory=dict)
    """For that verb, the word of the phrase that the others depend on."""
    edges_by_head: dict[int, list[Edge]] = field(default_factory=dict)
    """The edges by their heads."""
    equivalents: dict[int, set[int]] = field(default_factory=dict)
    """For words that others name the same as: these, and the word itself."""

    def edges_of(self, head: int) -> list[Edge]:
        """What is said of a word."""
        return self.edges_by_head.get(head, [])

    def peers(self, place: int) -> set[int]:
        """The words that name the same as a word, itself among them."""
        return self.equivalents.get(place, {place})

    def roles(self, heads: set[int], dependents: set[int]) -> set[str]:
        """What is said of some of the one words by some of the others."""
        return {edge.role for head in heads for edge in self.edges_of(head) if edge.dependent in dependents}

    def clause(self, place: int) -> int:
        """The nearest word with a verb of its own that a word belongs to."""
        seen = set()
        while place not in seen:
            seen.add(place)
            place = self.phrases.get(place, place)
            token = self.tokens[place]
            states = is_verb(token) and (token.tag != "VBG" or subjects(self, place))
            inner = token.role in ("xcomp", "pcomp", "amod") and place not in self.outer
            if (states and not inner) or place in self.verbs:
                return place
            place = self.copulas.get(token.head, token.head)
        return place


def is_verb(token: Token) -> bool:
    """Whether it is a verb, and no preposition that was made of one: `according`, `including`."""
    if not token.tag.startswith("V") or token.role == "prep" or token.lemma in CONDITIONS:
        return False
    return usual_part(token.lemma, "v") == "v"  # the grammar takes a noun for a verb now and then


def is_plural(node: Node) -> bool:
    """Whether a noun is in the plural."""
    return node.tag in _PLURAL


def is_passive(graph: Graph, place: int) -> bool:
    """Whether a verb is in the passive."""
    return any(child.role == "auxpass" for child in graph.children[place])


def is_juxtaposed(graph: Graph, token: Token) -> bool:
    """Whether a clause is only joined to the next one, by a semicolon or a comma."""
    head = graph.tokens[token.head]
    if token.role != "ccomp" or token.place > head.place:
        return False
    marked = any(child.role == "mark" for child in graph.children[token.place])
    return not marked and head.lemma not in REPORTS | DENIALS


def subjects(graph: Graph, place: int) -> list[Token]:
    """What a verb has as its subject."""
    return [child for child in graph.children[place] if child.role in ("nsubj", "nsubjpass", "csubj", "expl")]


def descendants(graph: Graph, place: int) -> Iterator[Token]:
    """The words of a relative clause that are not of another one."""
    for child in graph.children[place]:
        if child.role not in ("relcl", "ccomp", "advcl"):
            yield child
            yield from descendants(graph, child.place)


def is_name(claim: Graph, place: int) -> bool:
    """Whether a word is a number, or a name; not so `DNA`."""
    token = claim.tokens[place]
    return token.tag == "CD" or (token.tag.startswith("NNP") and token.text[0].isupper() and not token.text.isupper())


def is_infinitive(graph: Graph, place: int) -> bool:
    """Whether a verb is an infinitive with `to`."""
    return any(child.tag == "TO" for child in graph.children[place])
