"""Compares amounts: whether claim and source speak of all, some, only one, or about the same number of things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.alignment import Place
from index.checking.graph import is_plural
from index.checking.modality import limited
from index.checking.objections import Objection
from index.checking.quantifiers import approximation, exclusion, quantity_of
from index.checking.quantity import equal_quantities
from index.checking.vocabulary import PARTIAL, PROVES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.alignment import Match
    from index.checking.comparison import Comparison
    from index.checking.graph import Graph, Node

_DEFINITE = ("the", "this", "that", "these", "those")


def amount_objections(
    comparison: Comparison, place: int, match: Match, *, subject: bool = False
) -> Iterator[Objection]:
    """Yield the objections to an amount; `subject` if the claim says something of everything that a noun names."""
    graph = comparison.graph(match)
    node, other = comparison.claim.nodes.get(place), graph.nodes.get(match.place.word)
    if node is None or other is None:
        return
    if node.quantity and other.quantity:
        yield from approximation_objections(comparison.claim, node, graph, other)
        return
    alone = exclusion(comparison.claim, place)
    if alone and alone != exclusion(graph, match.place.word):
        yield Objection("quantifier", f"“{alone}” here, not in the source")
    elif alone == "only" and (others := _others(comparison, match)):
        yield Objection("quantifier", f"the source says so of “{others}”, too")
    if node.part in ("n", "p") and match.kind != "elided":
        yield from _quantified(comparison, place, match, subject=subject)


def _others(comparison: Comparison, match: Match) -> str:
    """Return a word that the source joins with `and` and the claim leaves out; empty if it leaves out none."""
    graph = comparison.graph(match)
    kept = {match.place for found in comparison.matches.values() for match in found}
    beside = (
        child for child in graph.children[match.place.word] if child.role == "conj" and child.place in graph.nodes
    )
    return next((token.text for token in beside if Place(match.place.sentence, token.place) not in kept), "")


def _quantified(comparison: Comparison, place: int, match: Match, *, subject: bool) -> Iterator[Objection]:
    graph = comparison.graph(match)
    other = graph.nodes[match.place.word]
    ours, theirs = quantity_of(comparison.claim, place), quantity_of(graph, match.place.word)
    if not _proves(theirs, ours, other):
        yield Objection("quantifier", f"“{ours}” is not what the source says of “{other.text}”", theirs == "none")
    elif theirs in PARTIAL and not ours and (subject or _is_definite(comparison.claim, place)):
        yield Objection("quantifier", f"the source speaks of “{theirs}” of “{other.text}” only")
    for limit in sorted(limited(graph, match.place.word) - limited(comparison.claim, place)):
        yield Objection("hedge", f"“{limit}” in the source, not here")
    if subject and is_plural(other) and not theirs and _is_bare(graph, match.place.word):
        for edge in comparison.left_out(
            match, ("mod", "of", "prep:", "clause:of")
        ):  # the source speaks of some kind of them alone
            yield Objection("restriction", f"“{graph.tokens[edge.dependent].text}” in the source, not here")


def _proves(theirs: str, ours: str, other: Node) -> bool:
    if ours in ("", "none") or theirs in PROVES.get(ours, ()):
        return True
    return ours in ("some", "several") and is_plural(other) and not theirs


def approximation_objections(claim: Graph, node: Node, graph: Graph, other: Node) -> Iterator[Objection]:
    """Yield the objections to a pair of numbers if one is less exact than the other: `about 20`, `up to 20`."""
    if node.quantity is None or other.quantity is None:
        return
    ours = approximation(claim.text, node.quantity.start)
    theirs = approximation(graph.text, other.quantity.start)
    if not equal_quantities(node.quantity, other.quantity) and ours != "about":
        yield Objection("number", f"{node.text} here, {other.text} in the source", contradicts=True)
    elif theirs and ours != theirs and not (ours == "about" and theirs in ("nearly", "about")):
        yield Objection("hedge", f"the source does not say exactly {other.text}")
    elif ours and not theirs and ours not in ("about", "exactly", "least", "most"):
        yield Objection("hedge", f"the source says {other.text} without reservation")


def _is_bare(graph: Graph, place: int) -> bool:
    return not any(child.role in ("det", "poss", "nummod") for child in graph.children[place])


def _is_definite(graph: Graph, place: int) -> bool:
    return any(child.role == "det" and child.lemma in _DEFINITE for child in graph.children[place])
