"""The graph of a sentence: its words, and edges for who does what to whom.

The graph has fewer roles than the parser's dependencies. Thus a fact has the same form in the active and the passive,
with "X's Y" and "the Y of X", in a relative clause and in a list. `index.verification.dependencies` builds it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from index.verification.thesaurus import usual_part
from index.verification.vocabulary import CONDITIONS, DENIALS, REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.verification.grammar import Token
    from index.verification.quantities import Quantity

_PLURAL = frozenset(("NNS", "NNPS"))
CORE = ("agent", "patient", "subject")
"""The roles that say who acts, who is acted on, and what something is."""
EXCEPTED = "not:"
"""Prefix of a role that excludes its dependent: `managers, but not the founder`."""


class Edge(NamedTuple):
    """A relation between two words of a sentence."""

    head: int
    role: str
    """`agent`, `patient`, `recipient`, `subject` (of a predicate), `of`, `mod`, `clause:…` or `prep:…`."""
    dependent: int


@dataclass(frozen=True, slots=True)
class Node:
    """A content word of a sentence, or a number with its unit."""

    place: int
    text: str
    lemma: str
    part: str
    """`n`, `v`, `a` or `r`; `#` for a number, `p` for a pronoun."""
    stem: str
    tag: str
    quantity: Quantity | None = None


@dataclass(slots=True)
class Graph:
    """The words of a sentence and the relations between them."""

    text: str
    tokens: tuple[Token, ...]
    nodes: dict[int, Node] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    aliases: dict[int, int] = field(default_factory=dict)
    """Words that refer to another word of the sentence: relative pronouns, "some" of "some of them"."""
    children: dict[int, list[Token]] = field(default_factory=lambda: defaultdict(list))
    copulas: dict[int, int] = field(default_factory=dict)
    """For each copula ("be"), its predicate."""
    verbs: dict[int, int] = field(default_factory=dict)
    """For each predicate, its copula."""
    phrases: dict[int, int] = field(default_factory=dict)
    """For each word of a `have to` or `be able to`, the verb that follows it."""
    outer: dict[int, int] = field(default_factory=dict)
    """For each such verb, the word of the phrase that other words depend on."""
    edges_by_head: dict[int, list[Edge]] = field(default_factory=dict)
    """The edges, grouped by head."""
    equivalents: dict[int, set[int]] = field(default_factory=dict)
    """For each word with other names in the sentence, the places of these names and of the word itself."""

    def edges_of(self, head: int) -> list[Edge]:
        """Return the edges that start at a word."""
        return self.edges_by_head.get(head, [])

    def peers(self, place: int) -> set[int]:
        """Return the words that name the same thing as a word, including the word."""
        return self.equivalents.get(place, {place})

    def roles(self, heads: set[int], dependents: set[int]) -> set[str]:
        """Return the roles of all edges from these heads to these dependents."""
        return {edge.role for head in heads for edge in self.edges_of(head) if edge.dependent in dependents}

    def clause(self, place: int) -> int:
        """Return the verb or predicate of the clause that contains a word."""
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
    """Whether a token is a verb; a preposition such as `according` or `including` is not."""
    if not token.tag.startswith("V") or token.role == "prep" or token.lemma in CONDITIONS:
        return False
    return usual_part(token.lemma, "v") == "v"  # the parser sometimes takes a noun for a verb


def is_plural(node: Node) -> bool:
    """Whether a noun is plural."""
    return node.tag in _PLURAL


def is_passive(graph: Graph, place: int) -> bool:
    """Whether a verb is passive."""
    return any(child.role == "auxpass" for child in graph.children[place])


def is_juxtaposed(graph: Graph, token: Token) -> bool:
    """Whether only a semicolon or a comma joins a clause to the next clause."""
    head = graph.tokens[token.head]
    if token.role != "ccomp" or token.place > head.place:
        return False
    marked = any(child.role == "mark" for child in graph.children[token.place])
    return not marked and head.lemma not in REPORTS | DENIALS


def subjects(graph: Graph, place: int) -> list[Token]:
    """Return the subjects of a verb."""
    return [child for child in graph.children[place] if child.role in ("nsubj", "nsubjpass", "csubj", "expl")]


def descendants(graph: Graph, place: int) -> Iterator[Token]:
    """Yield the words of a relative clause, without its own subordinate clauses."""
    for child in graph.children[place]:
        if child.role not in ("relcl", "ccomp", "advcl"):
            yield child
            yield from descendants(graph, child.place)


def is_name(claim: Graph, place: int) -> bool:
    """Whether a word is a number or a name; an acronym such as `DNA` is not."""
    token = claim.tokens[place]
    return token.tag == "CD" or (token.tag.startswith("NNP") and token.text[0].isupper() and not token.text.isupper())


def is_infinitive(graph: Graph, place: int) -> bool:
    """Whether a verb is an infinitive with `to`."""
    return any(child.tag == "TO" for child in graph.children[place])
