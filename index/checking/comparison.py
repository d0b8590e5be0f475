"""Holds a claim next to a window of its source, for the rules to compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.alignment import Match, Place, Window, matches
from index.checking.graph import EXCEPTED, Graph, is_verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.graph import Edge


_IDLE = frozenset(("example", "instance", "ever"))


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
        """Yield what the source says of a word in these roles and the claim leaves out."""
        kept = {match.place for matches in self.matches.values() for match in matches}
        graph = self.graph(match)
        for edge in graph.edges_of(match.place.word):
            inside = edge.role.startswith(roles) and edge.dependent in graph.nodes
            idle = graph.tokens[edge.dependent].lemma in _IDLE or _is_aside(graph, edge.dependent)
            if inside and not idle and Place(match.place.sentence, edge.dependent) not in kept:
                yield edge

    def excepts(self, edge: Edge, match: Match) -> bool:
        """Whether the source excludes this word from a statement that it makes of other words."""
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
