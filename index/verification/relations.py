"""Compares relations: whether the source relates two words in the same way as the claim does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.verification.comparison import Objection
from index.verification.dependencies import LIGHT_VERBS
from index.verification.graph import CORE, Edge, Graph, is_verb
from index.verification.modality import modality
from index.verification.qualifiers import (
    amount_objections,
    contrary_objection,
    degree,
    quantity_of,
    surroundings_objections,
)
from index.verification.roles import has_role, is_named, is_placed
from index.verification.vocabulary import DIRECTIONS, MUCH, QUANTIFIERS, SPEAKERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.verification.alignment import Match, Place
    from index.verification.comparison import Comparison

_SWAPPED = {"agent": "patient", "patient": "agent", "subject": "prep:than", "prep:than": "subject"}
"""Roles that two words may have swapped."""


def fewest_objections(comparison: Comparison, head: int) -> list[Objection]:
    """Return the objections to a word of the claim, for the word of the source that causes the fewest."""
    candidates = comparison.candidates(head)
    text = comparison.claim.tokens[head].text
    if is_placed(comparison, head):
        return []
    if not candidates and comparison.claim.tokens[head].lemma == "have":
        return [] if _match_owned(comparison, head) else [Objection("missing", text, part="v")]
    if not candidates:
        said_already = head in comparison.claim.nodes or not comparison.states(head)
        return [] if said_already else [Objection("missing", text, part="v")]
    attempts = [(list(_objections_to(comparison, head, match)), match) for match in candidates]
    objections, best = min(
        attempts, key=lambda attempt: (len(attempt[0]), sum(not objection.contradicts for objection in attempt[0]))
    )
    _narrow_matches(comparison, head, best)
    return objections


def _match_owned(comparison: Comparison, head: int) -> bool:
    """Whether `the Y of X` or `X with Y` proves `X has Y`. If so, keep only these matches of Y."""
    edges, found = comparison.claim.edges_of(head), comparison.matches
    owners = [match.place for edge in edges if edge.role == "agent" for match in found.get(edge.dependent, ())]
    owned = [edge.dependent for edge in edges if edge.role == "patient" and edge.dependent in found]
    kept = {place: [match for match in found[place] if _belongs(comparison, match.place, owners)] for place in owned}
    found.update({place: own for place, own in kept.items() if own})
    return any(kept.values())


def _belongs(comparison: Comparison, owned: Place, owners: Sequence[Place]) -> bool:
    graph, own = comparison.window.graphs[owned.sentence], {owned.word}
    return any(
        graph.roles({owner.word}, own) & {"prep:with"} or graph.roles(own, {owner.word}) & {"of"}
        for owner in owners
        if owner.sentence == owned.sentence
    )


def _narrow_matches(comparison: Comparison, head: int, best: Match) -> None:
    """Keep only the matches of a word's dependents that belong to its best match."""
    graph = comparison.graph(best)
    for edge in comparison.claim.edges_of(head):
        own = [
            candidate
            for candidate in comparison.matches.get(edge.dependent, ())
            if candidate.place.sentence == best.place.sentence
            and has_role(graph, best.place.word, edge.role, candidate.place.word)
        ]
        clause = edge.role.startswith("clause:") or is_verb(comparison.claim.tokens[edge.dependent])
        if own and (clause or all(_is_specific(graph, candidate) for candidate in own)):
            comparison.matches[edge.dependent] = own


def _is_specific(graph: Graph, match: Match) -> bool:
    """Whether a mention identifies its referent: `the first dam` does, `the dam` and `it` do not."""
    return match.kind in ("same", "synonym") and any(
        edge.role in ("mod", "of") for edge in graph.edges_of(match.place.word)
    )


def _objections_to(comparison: Comparison, head: int, match: Match) -> Iterator[Objection]:
    """Yield the objections to a match of a word of the claim."""
    claim, graph = comparison.claim, comparison.graph(match)
    verb = claim.tokens[claim.verbs.get(head, head)]
    if verb.lemma in LIGHT_VERBS and verb.place != head and _is_object(graph, match.place.word):
        yield Objection("missing", verb.text, part="v")
    for edge in claim.edges_of(head):
        yield from _edge_objections(comparison, edge, match)
    states = comparison.states(head)
    alone = not states and not _is_argument(claim, head)
    if states or (alone and (modality(claim, head).negations or modality(graph, match.place.word).negations)):
        yield from surroundings_objections(comparison, head, match, named=is_named(comparison, head, match))
    elif match.kind == "contrary":
        yield contrary_objection(comparison, head, match)
    if not states:
        yield from amount_objections(comparison, head, match)
    ours, theirs = degree(claim, head), degree(graph, match.place.word)
    if ours != theirs and "many" not in (quantity_of(claim, head), quantity_of(graph, match.place.word)):
        degree_word = theirs or graph.tokens[match.place.word].text
        text = claim.tokens[head].text
        yield Objection("comparative", f"“{text}” compares differently: “{degree_word}” in the source")
    by_much = next((child for child in claim.children[head] if child.lemma in MUCH), None)
    if ours and by_much and not any(child.lemma in MUCH for child in graph.children[match.place.word]):
        yield Objection("comparative", f"“{by_much.text}” here, not in the source")


def _is_object(graph: Graph, place: int) -> bool:
    """Whether a noun names the object of an action, as in `accepted a watch`, but not in `gave a talk`."""
    return place not in graph.verbs and graph.tokens[place].role in ("dobj", "nsubjpass", "pobj")


def _is_argument(claim: Graph, place: int) -> bool:
    """Whether a word is an argument of a verb: a denial then belongs to the verb."""
    return any(edge.dependent == place and edge.role in (*CORE, "of") for edge in claim.edges)


def _edge_objections(comparison: Comparison, edge: Edge, match: Match) -> Iterator[Objection]:
    """Yield the objections to a relation of the claim."""
    if edge.dependent not in comparison.matches:
        if not is_verb(comparison.claim.tokens[edge.dependent]):
            yield from _quantifier_objections(comparison, edge, match)
            return
    elif not comparison.matches[edge.dependent]:
        return  # another objection already reports it as missing
    own = [
        candidate
        for candidate in comparison.candidates(edge.dependent)
        if candidate.place.sentence == match.place.sentence
    ]
    if match.kind != "pronoun" and any(
        candidate.place == match.place and candidate.kind != "pronoun" for candidate in own
    ):
        return  # a name and its acronym, or a noun and the modifier that stands for it
    graph = comparison.graph(match)
    related = [candidate for candidate in own if has_role(graph, match.place.word, edge.role, candidate.place.word)]
    if related and edge.role in CORE:
        yield from _amount_objections(comparison, edge, related)
    elif not related and not (own and _is_share(comparison.claim, edge)) and not comparison.excepts(edge, match):
        yield _role_objection(comparison, edge, match, own)


def _is_share(claim: Graph, edge: Edge) -> bool:
    """Whether a relation is a share, as in `38 per cent of the shopkeepers`, whom the source mentions just before."""
    node = claim.nodes.get(edge.head)
    return edge.role == "of" and node is not None and node.quantity is not None


def _amount_objections(comparison: Comparison, edge: Edge, related: list[Match]) -> Iterator[Objection]:
    """Yield the fewest objections to the amount of an agent or patient."""
    subject = edge.role != "patient" or any(child.role == "auxpass" for child in comparison.claim.children[edge.head])
    attempts = [
        list(amount_objections(comparison, edge.dependent, candidate, subject=subject)) for candidate in related
    ]
    yield from min(attempts, key=len)


def _role_objection(comparison: Comparison, edge: Edge, match: Match, own: list[Match]) -> Objection:
    """Return the objection to words that have other roles, or swapped roles, in the source."""
    head, dependent = (comparison.claim.tokens[place].text for place in (edge.head, edge.dependent))
    swapped = _SWAPPED.get(edge.role)
    exchanged = any(other.role == swapped for other in comparison.claim.edges_of(edge.head)) and any(
        Edge(match.place.word, swapped or "", candidate.place.word) in comparison.graph(match).edges
        for candidate in own
    )
    if exchanged:
        return Objection("role", f"“{head}” and “{dependent}” have other roles in the source", contradicts=True)
    detail = f"“{dependent}” does not belong to “{head}” in the source"
    return Objection("role", detail, part=_role_name(comparison, edge, match))


def _role_name(comparison: Comparison, edge: Edge, match: Match) -> str:
    """Return the name of the role that the source lacks: it decides whether the parser may be to blame."""
    role, _, word = edge.role.partition(":")
    node = comparison.claim.nodes.get(edge.dependent)
    if node is not None and node.quantity:
        return "#"
    if word in DIRECTIONS:
        return word
    if role in CORE:
        return _filled_role(comparison, role, match) or "open"
    graph = comparison.graph(match)
    others = [
        other
        for other in graph.edges_of(match.place.word)
        if other.role == edge.role and other.dependent in graph.nodes
    ]
    return "taken" if role in ("of", "prep") and others else role


def _filled_role(comparison: Comparison, role: str, match: Match) -> str:
    """Return the role if the source gives it to another word; `speaker` if only to the person who speaks.

    Empty if the source gives it to nobody: the parser may have missed it.
    """
    taken = {"agent": ("agent", "subject"), "subject": ("agent", "subject"), "patient": ("patient",)}[role]
    graph = comparison.graph(match)
    fillers = [edge.dependent for edge in graph.edges_of(match.place.word) if edge.role in taken]
    speaks = all(graph.tokens[place].lemma in SPEAKERS for place in fillers)
    return "" if not fillers else "speaker" if speaks else role


def _quantifier_objections(comparison: Comparison, edge: Edge, match: Match) -> Iterator[Objection]:
    """Yield an objection if the source does not prove `everybody` or `anything` with a word of the same quantity."""
    text, lemma = comparison.claim.tokens[edge.dependent].text, comparison.claim.tokens[edge.dependent].lemma
    wanted, graph = QUANTIFIERS.get(lemma, ""), comparison.graph(match)
    if edge.role not in CORE or wanted not in ("all", "most", "many"):
        return
    like = (
        other.dependent
        for other in graph.edges_of(match.place.word)
        if graph.tokens[other.dependent].lemma in QUANTIFIERS
    )
    proven = (
        QUANTIFIERS[graph.tokens[place].lemma] == wanted and has_role(graph, match.place.word, edge.role, place)
        for place in like
    )
    if not any(proven):
        yield Objection("quantifier", f"“{text}” is not what the source says")
