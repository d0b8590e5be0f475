"""Finds what a sentence presupposes with nouns alone: who somebody is, and where something is.

`According to the prosecutor, Ada Lunde, …` says who the prosecutor is, and no report, doubt or denial around it takes
that back. `Chayanda, in Yakutia, …` says where Chayanda is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.modality import limited, modality

if TYPE_CHECKING:
    from index.checking.alignment import Match
    from index.checking.comparison import Comparison
    from index.checking.graph import Graph

_PLACES = frozenset(("prep:in", "prep:at", "prep:on", "prep:near", "prep:off", "prep:outside", "prep:inside"))
_AT_PLACES = ("prep:in", "prep:at", "prep:on")
"""Prepositions that may stand for one another."""
_DETERMINERS = frozenset(("the", "this", "that", "these", "those"))
"""Determiners of things that exist: there is one `the plant at Sabetta`; there may be no `a plant` or `no plant`."""


def is_named(comparison: Comparison, head: int, match: Match) -> bool:
    """Whether the claim only says who or what somebody is, and the source has this as an apposition of the name."""
    graph = comparison.graph(match)
    if head not in comparison.claim.verbs or match.place.word in graph.verbs or not _is_plain(comparison.claim, head):
        return False
    own = {match.place.word}
    return any(
        (graph.roles(own, {other.place.word}) | graph.roles({other.place.word}, own)) & {"same", "mod"}
        for edge in comparison.claim.edges_of(head)
        if edge.role == "subject"
        for other in comparison.matches.get(edge.dependent, ())
        if other.place.sentence == match.place.sentence
    )


def is_placed(comparison: Comparison, head: int) -> bool:
    """Whether the claim only says where something is, and the source says it of the noun."""
    claim = comparison.claim
    edges = {edge.role: edge.dependent for edge in claim.edges_of(head)}
    places = edges.keys() & _PLACES
    if claim.tokens[head].lemma != "be" or len(edges) != 2 or "agent" not in edges or not places:
        return False
    (role,) = places
    place = claim.nodes.get(edges[role])
    if place is None or place.quantity or not _is_plain(claim, head):
        return False
    return any(
        one.place.sentence == other.place.sentence and _stands_at(comparison.graph(one), one, role, other)
        for one in comparison.matches.get(edges["agent"], ())
        for other in comparison.matches.get(edges[role], ())
        if "pronoun" not in (one.kind, other.kind)
    )


def _stands_at(graph: Graph, thing: Match, role: str, place: Match) -> bool:
    """Whether a place belongs to the thing itself, and the thing exists; `saw the dog in Paris` does not show it."""
    allowed = set(_AT_PLACES) if role in _AT_PLACES else {role}
    token = graph.tokens[thing.place.word]
    apart = token.role != "dobj" or graph.text[token.end : token.end + 1] == ","
    given = token.tag.startswith("NNP") or any(child.lemma in _DETERMINERS for child in graph.children[token.place])
    there = given and not limited(graph, token.place)
    return apart and there and bool(graph.roles({token.place}, {place.place.word}) & allowed)


def _is_plain(claim: Graph, head: int) -> bool:
    ours = modality(claim, head)
    return not (ours.negations or ours.modal or ours.wrappers or ours.limits or ours.conditions)
