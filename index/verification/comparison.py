"""Compares a claim with a window of its source, and defines the objections that keep the source from proving it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from index.verification.alignment import Match, Place, Window, matches
from index.verification.graph import EXCEPTED, Graph, is_verb
from index.verification.vocabulary import JOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.verification.graph import Edge

_IDLE = frozenset(("example", "instance", "ever"))
Weight = Literal["soft", "firm", "hard"]
_LOOSE = ("mod", "of", "same", "prep", "clause", "open")
"""Roles that the parser attaches inconsistently, or leaves open."""
_DECISIVE = frozenset(("agent", "patient", "subject")) | JOINTS.keys() - {"than"}
"""Roles that decide the meaning: who does what to whom, why and when."""
_MISSING: dict[str, Weight] = {"n": "soft", "v": "firm", "a": "firm"}
"""The weight of a missing word, by part of speech."""


@dataclass(slots=True)
class Comparison:
    """A claim, the sentences that it is compared with, and the matches between their words."""

    claim: Graph
    window: Window
    matches: dict[int, list[Match]]
    """For each word of the claim, its matches in the window, the surest first. The rules remove matches as they go."""

    @classmethod
    def of(cls, claim: Graph, window: Window) -> Comparison:
        """Create a comparison with all matches."""
        return cls(claim, window, matches(claim, window))

    def graph(self, match: Match) -> Graph:
        """Return the graph of the sentence that holds a match."""
        return self.window.graphs[match.place.sentence]

    def states(self, place: int) -> bool:
        """Whether a word of the claim states something: it is a verb, or a predicate after "be"."""
        return place in self.claim.verbs or is_verb(self.claim.tokens[place])

    def candidates(self, head: int) -> Sequence[Match]:
        """Return the words of the source that may match a word of the claim; for an auxiliary, all with its lemma."""
        if head in self.matches:
            return self.matches[head]
        lemma = self.claim.tokens[head].lemma
        return [
            Match(Place(n, token.place), "same")
            for n, graph in enumerate(self.window.graphs)
            for token in graph.tokens
            if token.lemma == lemma
        ]

    def left_out(self, match: Match, roles: tuple[str, ...]) -> Iterator[Edge]:
        """Yield the source's edges from a word, in these roles, whose dependents the claim leaves out."""
        kept = {match.place for matches in self.matches.values() for match in matches}
        graph = self.graph(match)
        for edge in graph.edges_of(match.place.word):
            inside = edge.role.startswith(roles) and edge.dependent in graph.nodes
            idle = graph.tokens[edge.dependent].lemma in _IDLE or _is_aside(graph, edge.dependent)
            if inside and not idle and Place(match.place.sentence, edge.dependent) not in kept:
                yield edge

    def excepts(self, edge: Edge, match: Match) -> bool:
        """Whether the source excludes the edge's dependent, as in `managers, but not the founder`."""
        graph = self.graph(match)
        ours = graph.peers(match.place.word)
        return any(
            role.startswith(EXCEPTED)
            for candidate in self.matches.get(edge.dependent, ())
            if candidate.place.sentence == match.place.sentence
            for role in graph.roles(ours, graph.peers(candidate.place.word))
        )


def _is_aside(graph: Graph, place: int) -> bool:
    """Whether a word is in brackets."""
    before = graph.text[: graph.tokens[place].start]
    return before.count("(") > before.count(")")


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason why a source does not prove a claim."""

    kind: str
    """`missing`, `role`, `negation` …"""
    detail: str
    contradicts: bool = False
    part: str = ""
    """For a missing word, its part of speech, `name` or `#`; for a role, the role."""

    @property
    def weight(self) -> Weight:
        """How sure the verifier must be to outvote it.

        `soft`: a parser error, or another noun for the same thing; the verifier must find the claim likely. `firm`:
        another verb or adjective, perhaps a paraphrase; the verifier must be certain. `hard`: a name, a number, an
        addition, who does what to whom, the context of the fact; nothing outvotes it.
        """
        if self.contradicts:
            return "hard"
        if self.kind == "grammar" or (self.kind == "role" and self.part in _LOOSE):
            return "soft"
        if self.kind == "missing":
            return _MISSING.get(self.part, "hard")
        return "firm" if self.kind == "role" and self.part not in _DECISIVE else "hard"
