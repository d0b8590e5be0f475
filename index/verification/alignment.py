"""Aligns a claim with its source: finds the words of the source that mean the same as each word of the claim."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from index.verification.dependencies import parse_graphs
from index.verification.grammar import words
from index.verification.graph import Graph, Node, is_plural
from index.verification.opposites import are_opposed, near_synonyms, without_prefix
from index.verification.quantities import equal_quantities
from index.verification.thesaurus import (
    are_antonyms,
    are_related,
    are_synonyms,
    is_acronym_of,
    is_broader,
    is_same_name,
    usual_part,
)
from index.verification.vocabulary import DENIALS, PERSONS, REPORTS, SPEAKERS

_SHORTEST_STEM = 4
_JOINTS = re.compile(r"[-./]")
_PLURAL_PRONOUNS = frozenset("they them their theirs themselves these those both".split())

_SEXES = (frozenset("he him his himself".split()), frozenset("she her hers herself".split()))
_RANKS = {"same": 0, "synonym": 1, "broader": 2, "pronoun": 3, "denial": 4, "contrary": 5}


class Place(NamedTuple):
    """The position of a word: the sentence of the window, and the word in it."""

    sentence: int
    word: int


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the source that means the same as a word of the claim."""

    place: Place
    kind: str
    """`same`, `synonym`, `broader`, `pronoun`, `denial`, `contrary`, or `elided` if a modifier stands for its noun."""


@dataclass(frozen=True)
class Window:
    """Neighbouring sentences of a source, and the text before them that their pronouns may refer to."""

    sentences: tuple[str, ...]
    before: str = ""
    """The sentences just before the window."""
    passage: str = ""
    """The whole passage around the window."""

    @cached_property
    def graphs(self) -> tuple[Graph, ...]:
        """The graph of each sentence."""
        return parse_graphs(self.sentences)

    @cached_property
    def _earlier(self) -> tuple[frozenset[str], ...]:
        """For each sentence, the stems and words of the two sentences before it."""
        texts = [self.before, *self.sentences]
        return tuple(
            frozenset(
                form
                for text in texts[max(0, n - 1) : n + 1]
                for word in words(text)
                for form in (word.stem, word.plain)
            )
            for n in range(len(self.sentences))
        )

    def node(self, place: Place) -> Node:
        """Return the node at a place."""
        return self.graphs[place.sentence].nodes[place.word]

    def mentions(self, node: Node, place: Place) -> bool:
        """Whether a pronoun at a place may refer to a noun: the text before the place must mention the noun."""
        graph = self.graphs[place.sentence]
        if node.stem in self._earlier[place.sentence] or node.lemma in self._earlier[place.sentence]:
            return True
        return any(other.stem == node.stem and at < place.word for at, other in graph.nodes.items())


def matches(claim: Graph, window: Window) -> dict[int, list[Match]]:
    """Return, for each word of the claim, the words of the window that mean the same, the surest first."""
    found = {place: _matches(node, window) for place, node in claim.nodes.items()}
    kept = {
        match.place
        for place, node in claim.nodes.items()
        for match in found[place]
        if node.part == "p" and match.kind == "same"
    }
    for place, node in claim.nodes.items():
        if node.part == "n":
            found[place] = [
                match
                for match in found[place]
                if match.kind != "pronoun"
                or (match.place not in kept and _may_stand(match.place, claim, place, window))
            ]
            found[place] += _elided(claim, place, window, found)
    return found


def _may_stand(pronoun: Place, claim: Graph, place: int, window: Window) -> bool:
    """Whether a pronoun may refer to a noun of the claim.

    It may not if the noun is a predicate or a part of a name. For example, it may not refer to the State Department if
    the source mentioned another department before it.
    """
    if place in claim.verbs or any(edge.role == "mod" and edge.dependent == place for edge in claim.edges):
        return False
    node, parts = claim.nodes[place], _parts(claim, place)
    mentioned = [
        _parts(graph, at)
        for n, graph in enumerate(window.graphs[: pronoun.sentence + 1])
        for at, other in graph.nodes.items()
        if other.stem == node.stem and Place(n, at) < pronoun
    ]
    return not parts or not mentioned or any(not name or name & parts for name in mentioned)


def _parts(graph: Graph, place: int) -> set[str]:
    """Return the other words of a name."""
    near = (
        graph.nodes[edge.dependent]
        for edge in graph.edges_of(place)
        if edge.role == "mod" and edge.dependent in graph.nodes
    )
    return {node.lemma for node in near if node.tag.startswith("NNP")}


def contrary(node: Node, other: Node) -> bool:
    """Whether two words are opposites."""
    if "#" in (node.part, other.part) or "p" in (node.part, other.part):
        return False
    if are_opposed(node.stem, other.stem) or are_antonyms(node.lemma, other.lemma):
        return True
    return without_prefix(node.lemma, node.part) == other.stem or without_prefix(other.lemma, other.part) == node.stem


def _matches(node: Node, window: Window) -> list[Match]:
    found: list[tuple[int, Match]] = []
    for n, graph in enumerate(window.graphs):
        for place, other in graph.nodes.items():
            kind = _kind(node, other) or _acronym(node, other, window.graphs[n])
            if not kind and other.part == "p" and node.part == "n" and _agree(node, other):
                kind = "pronoun" if window.mentions(node, Place(n, place)) else ""
            if not kind and node.part == other.part == "n" and is_broader(other.lemma, node.lemma, "n"):
                kind = "pronoun" if window.mentions(node, Place(n, place)) else ""  # `the birds` for kakapos
            if not kind and node.lemma in REPORTS and other.lemma in DENIALS:
                kind = "denial"  # a person who denies something reports that it is not so
            if kind:
                found.append((_RANKS[kind], Match(Place(n, place), kind)))
    if not any(match.kind != "pronoun" for _, match in found):
        found += [(5, Match(Place(n, place), "contrary")) for n, graph in enumerate(window.graphs)
                  for place, other in graph.nodes.items() if contrary(node, other)]  # fmt: skip
    return [match for _, match in sorted(found, key=lambda ranked: ranked[0])]


def _elided(claim: Graph, place: int, window: Window, found: dict[int, list[Match]]) -> list[Match]:
    """Match `females` with `female whales` if the source mentioned whales before."""
    node = claim.nodes[place]
    return [
        Match(match.place, "elided")
        for edge in claim.edges_of(place)
        if edge.role == "mod"
        for match in found.get(edge.dependent, ())
        if match.kind == "same" and window.node(match.place).part == "n" and window.mentions(node, match.place)
    ]


def _kind(node: Node, other: Node) -> str:
    """Return how a word of the source matches a word of the claim; empty if it does not."""
    if node.quantity or other.quantity:
        if node.quantity and other.quantity:
            return "same" if equal_quantities(node.quantity, other.quantity, about=True) else ""
        return ""
    if node.part == "p":
        if any(node.lemma in ours and other.lemma in theirs for ours, theirs in (_SEXES, _SEXES[::-1])):
            return ""
        return ("same" if node.lemma == other.lemma else "pronoun") if other.part in "np" else ""
    if other.part == "p":
        return ""
    return _meaning(node.lemma, node.stem, node.part, other.lemma, other.stem, other.part)


@lru_cache(200_000)
def _meaning(lemma: str, stem: str, part: str, other_lemma: str, other_stem: str, other_part: str) -> str:
    if lemma == other_lemma or (stem == other_stem and len(stem) >= _SHORTEST_STEM) or is_same_name(lemma, other_lemma):
        return "same"
    if lemma in REPORTS and other_lemma in REPORTS:
        return "synonym"  # all reporting verbs count as the same: somebody said it
    if other_stem in near_synonyms(stem) or are_related(lemma, other_lemma):
        return "synonym"
    part, other_part = usual_part(lemma, part), usual_part(other_lemma, other_part)
    if part in "nv" and other_part in "nv" and part != other_part:
        other_part = part  # the parser sometimes confuses nouns and verbs
    if part == other_part and are_synonyms(lemma, other_lemma, part):
        return "synonym"
    if part == other_part and is_broader(lemma, other_lemma, part):
        return "broader"
    return "same" if _JOINTS.sub("", lemma) == _JOINTS.sub("", other_lemma) else ""


def _acronym(node: Node, other: Node, graph: Graph) -> str:
    """Return `synonym` if one word is an acronym and the other is the last word of the name it abbreviates."""
    if not node.text.isupper() or not other.tag.startswith("NNP") or len(node.text) < 2:
        return ""
    name = [*(edge.dependent for edge in graph.edges_of(other.place) if edge.role in ("mod", "of")), other.place]
    (acronym,) = words(node.text)[:1] or (None,)
    spelled = words(" ".join(graph.tokens[place].text for place in sorted(name)))
    return "synonym" if acronym is not None and is_acronym_of(acronym, spelled) else ""


def _agree(node: Node, pronoun: Node) -> bool:
    """Whether a pronoun agrees with a noun in number and gender; `she` needs a name or a word for a person."""
    if pronoun.lemma in SPEAKERS:
        return False  # the speaker is unknown
    if pronoun.lemma in _PLURAL_PRONOUNS:
        return is_plural(node) or node.tag == "NNP" or node.tag == "NN"
    if pronoun.lemma in PERSONS:
        return not is_plural(node) or pronoun.lemma in ("who", "whom", "whose")
    return not is_plural(node)
