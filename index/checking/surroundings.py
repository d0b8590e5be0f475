"""Compares the context of a fact in claim and source: denials, reports, hedges, conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from index.checking.alignment import Place
from index.checking.modality import modality
from index.checking.objections import Objection
from index.checking.vocabulary import NEGATIONS, RARE, REPORTS, UNREAL_NOUNS
from index.checking.wording import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.alignment import Match
    from index.checking.comparison import Comparison
    from index.checking.graph import Graph
    from index.checking.modality import Modality

_KEPT_BY_KIND = frozenset(("condition", "question", "falsehood", "report"))
"""Kinds of wrappers that match any wrapper of the same kind."""
_LIKE = (frozenset(("shall", "will")), frozenset(("shall", "duty")), frozenset(("need", "duty")))
"""Modals that mean the same."""
_SHOWN_WORDS = 8
"""The number of words of a condition that an objection shows."""


def surroundings_objections(
    comparison: Comparison, head: int, match: Match, *, named: bool = False
) -> Iterator[Objection]:
    """Yield the objections to the context of the fact that a word of the claim states.

    If the source has the fact as an apposition (`named`), only limits count: `future`, `alleged`.
    """
    graph = comparison.graph(match)
    ours, theirs = modality(comparison.claim, head), modality(graph, match.place.word)
    if named:
        theirs = replace(ours, limits=theirs.limits)
    flips = _reported_denials(ours, theirs)
    yield from _negation_objections(comparison, head, match, ours, theirs, flips=flips)
    if not _same_modal(ours, theirs):
        word = _modal_text(graph, match.place.word) or theirs.modal or ours.modal
        yield Objection("hedge", f"the source says it with “{word}”, not so here")
    reports = graph.tokens[match.place.word].lemma in REPORTS
    if ours.tense and theirs.tense and ours.tense != theirs.tense and not reports:
        yield Objection("tense", f"the source speaks of the {theirs.tense}")
    yield from _wrapper_objections(comparison, ours, theirs, match, flips=flips)
    for limit in sorted(theirs.limits - ours.limits):
        yield Objection("hedge", f"“{limit}” in the source, not here")
    if len(theirs.conditions) > len(ours.conditions):
        yield Objection("condition", f"the source adds “{_clause(graph, theirs.conditions[0])}”")
    if theirs.negations:  # a denial with fewer words denies more
        for edge in comparison.left_out(match, ("prep:", "mod", "of")):
            yield Objection("restriction", f"“{graph.tokens[edge.dependent].text}” in the source, not here")


def contrary_objection(comparison: Comparison, head: int, match: Match) -> Objection:
    """Return the objection to two words that are opposites."""
    here = comparison.claim.tokens[head].text
    there = comparison.graph(match).tokens[match.place.word].text
    return Objection("contrary", f"“{here}” here, “{there}” in the source", contradicts=True)


def _negation_objections(
    comparison: Comparison, head: int, match: Match, ours: Modality, theirs: Modality, *, flips: int
) -> Iterator[Objection]:
    """Yield an objection if only one of the two denies the fact, in whatever way."""
    graph, contrary = comparison.graph(match), match.kind == "contrary"
    excepted = any(comparison.excepts(edge, match) for edge in comparison.claim.edges_of(head))
    if (ours.negations + theirs.negations + excepted + flips + contrary) % 2 == 0:
        return
    if contrary:
        yield contrary_objection(comparison, head, match)
        return
    silent = comparison.claim if theirs.negations or excepted else graph
    plain = not theirs.wrappers and not any(folded(token.text) in NEGATIONS | RARE for token in silent.tokens)
    word = _word(comparison.claim, ours.denying) or _word(graph, theirs.denying) or "not"
    where = "here, not in the source" if ours.negations > theirs.negations else "in the source, not here"
    yield Objection("negation", f"“{word}” {where}", contradicts=plain)


def _reported_denials(ours: Modality, theirs: Modality) -> int:
    """Return 1 if the source reports a denial and the claim reports the opposite, else 0."""
    denied = bool(theirs.wrappers) and theirs.wrappers[0].kind == "denial"
    reported = any(wrapper.kind == "report" for wrapper in ours.wrappers)
    return int(denied and reported and not any(wrapper.kind == "denial" for wrapper in ours.wrappers))


def _wrapper_objections(
    comparison: Comparison, ours: Modality, theirs: Modality, match: Match, *, flips: int
) -> Iterator[Objection]:
    """Yield an objection for each wrapper of the source that the claim lacks."""
    graph = comparison.graph(match)
    held = {candidate.place for wrapper in ours.wrappers for candidate in comparison.candidates(wrapper.place)}
    held |= {
        candidate.place
        for place, found in comparison.matches.items()
        if _may_wrap(comparison, place)
        for candidate in found
    }
    kinds = {wrapper.kind for wrapper in ours.wrappers} & _KEPT_BY_KIND
    for wrapper in theirs.wrappers:
        is_accounted_for = flips and wrapper.kind == "denial"
        if (
            not is_accounted_for
            and wrapper.kind not in kinds
            and Place(match.place.sentence, wrapper.place) not in held
        ):
            word = "?" if wrapper.kind == "question" else graph.tokens[wrapper.place].text
            yield Objection("wrapper", f"the source says so only with “{word}”")


def _may_wrap(comparison: Comparison, place: int) -> bool:
    """Whether a word of the claim embeds a clause, whatever the parser makes of it."""
    node = comparison.claim.nodes[place]
    return node.part == "v" or node.lemma in UNREAL_NOUNS


def _same_modal(ours: Modality, theirs: Modality) -> bool:
    """Whether both have the same modal. `May not` and `must not` mean the same."""
    denied = ours.negations and theirs.negations
    if ours.modal == theirs.modal or ({ours.modal, theirs.modal} in _LIKE and not denied):
        return True
    return bool(denied and ours.modal and theirs.modal and "need" not in (ours.modal, theirs.modal))


def _modal_text(graph: Graph, place: int) -> str:
    verb = graph.verbs.get(place, place)
    return next((child.text for child in graph.children[verb] if child.tag == "MD"), "")


def _word(graph: Graph, place: int | None) -> str:
    return "" if place is None else graph.tokens[place].text


def _clause(graph: Graph, place: int) -> str:
    """Return the first words of a clause."""
    inside, size = {place}, 0
    while len(inside) > size:
        size = len(inside)
        inside |= {child.place for at in tuple(inside) for child in graph.children[at]}
    first, last = min(inside), min(max(inside), min(inside) + _SHOWN_WORDS)
    return graph.text[graph.tokens[first].start : graph.tokens[last].end]
