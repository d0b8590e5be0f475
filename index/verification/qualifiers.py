"""Compares the qualifiers of a fact in claim and source: denials, reports, hedges, conditions, quantifiers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.verification.alignment import Place
from index.verification.comparison import Objection
from index.verification.grammar import folded
from index.verification.graph import is_plural
from index.verification.modality import limited, modality
from index.verification.quantities import equal_quantities
from index.verification.vocabulary import (
    APPROXIMATORS,
    NEGATIONS,
    PARTIAL,
    PROVES,
    QUANTIFIERS,
    RARE,
    REPORTS,
    UNREAL_NOUNS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.verification.alignment import Match
    from index.verification.comparison import Comparison
    from index.verification.grammar import Token
    from index.verification.graph import Graph, Node
    from index.verification.modality import Modality

_BEFORE_NUMBER = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, APPROXIMATORS), key=len, reverse=True)) + r")[.\s]*(?:US)?[$€£¥]?\s?$",
    re.IGNORECASE,
)
_DEFINITE = ("the", "this", "that", "these", "those")
_KEPT_BY_KIND = frozenset(("condition", "question", "falsehood", "report"))
"""Kinds of wrappers that match any wrapper of the same kind."""
_LIKE = (frozenset(("shall", "will")), frozenset(("shall", "duty")), frozenset(("need", "duty")))
"""Modals that mean the same."""
_SHOWN_WORDS = 8
"""The number of words of a condition that an objection shows."""


def quantity_of(graph: Graph, place: int) -> str:
    """Return the quantifier of a noun: `all`, `some` …; empty if there is none."""
    found = [QUANTIFIERS[child.lemma] for child in graph.children[place] if _quantifies(child) and child.lemma != "any"]
    found += [QUANTIFIERS[graph.tokens[other].lemma] for other, target in graph.aliases.items()
              if target == place and graph.tokens[other].lemma in QUANTIFIERS]  # fmt: skip
    if graph.tokens[place].lemma in QUANTIFIERS:
        found.append(QUANTIFIERS[graph.tokens[place].lemma])
    return next(filter(None, found), "")


def degree(graph: Graph, place: int) -> str:
    """Return `more`, `less`, `most` or `least` for an adjective or adverb that compares; empty for others."""
    degrees = [child.lemma for child in graph.children[place] if child.lemma in ("more", "less", "most", "least")]
    if degrees:
        return degrees[0]
    return {"JJR": "more", "RBR": "more", "JJS": "most", "RBS": "most"}.get(graph.tokens[place].tag, "")


def exclusion(graph: Graph, place: int) -> str:
    """Return `only` or `not only` if such a word or `alone` modifies a word; empty if none does."""
    token = graph.tokens[place]
    around = graph.children[token.head] if token.role == "pobj" else ()  # `only in adults`
    for child in (*graph.children[place], *(other for other in around if other.role in ("advmod", "neg"))):
        inner = [child, *graph.children[child.place]]
        if any(other.lemma in ("only", "alone", "solely", "exclusively") for other in inner):
            before = graph.tokens[max(0, min(other.place for other in inner) - 1)]
            return "not only" if "not" in (before.lemma, *(other.lemma for other in inner)) else "only"
    return ""


def approximation(text: str, start: int) -> str:
    """Return how exact a number at an offset is: `about`, `least` …; empty if it is exact."""
    found = _BEFORE_NUMBER.search(text[max(0, start - 30) : start])
    return APPROXIMATORS[found[1].lower()] if found else ""


def _quantifies(token: Token) -> bool:
    return token.lemma in QUANTIFIERS and token.role in (
        "det",
        "predet",
        "amod",
        "advmod",
        "nummod",
        "quantmod",
        "nmod",
        "appos",
    )


def amount_objections(
    comparison: Comparison, place: int, match: Match, *, subject: bool = False
) -> Iterator[Objection]:
    """Yield the objections to an amount; `subject` if the claim is about everything that the noun names."""
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
        ):  # the source is only about some of them
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
    if theirs.negations:  # a denial without a restriction denies more
        for edge in comparison.left_out(match, ("prep:", "mod", "of")):
            yield Objection("restriction", f"“{graph.tokens[edge.dependent].text}” in the source, not here")


def contrary_objection(comparison: Comparison, head: int, match: Match) -> Objection:
    """Return the objection to two words that are opposites."""
    ours = comparison.claim.tokens[head].text
    theirs = comparison.graph(match).tokens[match.place.word].text
    return Objection("contrary", f"“{ours}” here, “{theirs}” in the source", contradicts=True)


def _negation_objections(
    comparison: Comparison, head: int, match: Match, ours: Modality, theirs: Modality, *, flips: int
) -> Iterator[Objection]:
    """Yield an objection if only one of claim and source denies the fact, in any way."""
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
    side = "here, not in the source" if ours.negations > theirs.negations else "in the source, not here"
    yield Objection("negation", f"“{word}” {side}", contradicts=plain)


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
    covered = {candidate.place for wrapper in ours.wrappers for candidate in comparison.candidates(wrapper.place)}
    covered |= {
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
            and Place(match.place.sentence, wrapper.place) not in covered
        ):
            word = "?" if wrapper.kind == "question" else graph.tokens[wrapper.place].text
            yield Objection("wrapper", f"the source says so only with “{word}”")


def _may_wrap(comparison: Comparison, place: int) -> bool:
    """Whether a word of the claim can embed a clause, without regard to the parse."""
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
