"""Whether what surrounds a fact in its source surrounds it in the claim, too: denials, reports, hedges, conditions."""

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
"""What surrounds a fact, of which it is enough that both have one of the kind."""
_LIKE = (frozenset(("shall", "will")), frozenset(("shall", "duty")), frozenset(("need", "duty")))
"""Modals that say the same."""
_SHOWN = 8
"""How many words of a condition are shown."""


def surroundings(compared: Comparison, head: int, match: Match, *, named: bool = False) -> Iterator[Objection]:
    """The problems with what surrounds the fact that a word of the claim states, as a certain word of the source.

    Of what is only `named` in the source, only limits count: `future`, `alleged`.
    """
    made = compared.graph(match)
    ours, theirs = modality(compared.claim, head), modality(made, match.place.word)
    if named:
        theirs = replace(ours, limits=theirs.limits)
    flips = _denial_reported(ours, theirs)
    yield from _denied(compared, head, match, ours, theirs, flips=flips)
    if not _same_modal(ours, theirs):
        said = _modal_text(made, match.place.word) or theirs.modal or ours.modal
        yield Objection("hedge", f"what the source says with “{said}” is said otherwise here")
    reports = made.tokens[match.place.word].lemma in REPORTS
    if ours.tense and theirs.tense and ours.tense != theirs.tense and not reports:
        yield Objection("tense", f"the source speaks of the {theirs.tense}")
    yield from _wrapped(compared, ours, theirs, match, flips=flips)
    for limit in sorted(theirs.limits - ours.limits):
        yield Objection("hedge", f"“{limit}” in the source, not here")
    if len(theirs.conditions) > len(ours.conditions):
        yield Objection("condition", f"the source adds “{_clause(made, theirs.conditions[0])}”")
    if theirs.negations:  # who leaves out a word of a denial denies more
        for edge in compared.left_out(match, ("prep:", "mod", "of")):
            yield Objection("restriction", f"“{made.tokens[edge.dependent].text}” in the source, not here")


def opposite(compared: Comparison, head: int, match: Match) -> Objection:
    """Two words that say the contrary of each other."""
    here = compared.claim.tokens[head].text
    there = compared.graph(match).tokens[match.place.word].text
    return Objection("contrary", f"“{here}” here, “{there}” in the source", contradicts=True)


def _denied(
    compared: Comparison, head: int, match: Match, ours: Modality, theirs: Modality, *, flips: int
) -> Iterator[Objection]:
    """A denial that only one of the two has, in whatever way it is said."""
    made, contrary = compared.graph(match), match.kind == "contrary"
    excepted = any(compared.excepts(edge, match) for edge in compared.claim.of(head))
    if (ours.negations + theirs.negations + excepted + flips + contrary) % 2 == 0:
        return
    if contrary:
        yield opposite(compared, head, match)
        return
    silent = compared.claim if theirs.negations or excepted else made
    plain = not theirs.wrappers and not any(folded(token.text) in NEGATIONS | RARE for token in silent.tokens)
    said = _word(compared.claim, ours.denying) or _word(made, theirs.denying) or "not"
    where = "here, not in the source" if ours.negations > theirs.negations else "in the source, not here"
    yield Objection("negation", f"“{said}” {where}", contradicts=plain)


def _denial_reported(ours: Modality, theirs: Modality) -> int:
    """One where the source reports a denial, and the claim reports the contrary as said."""
    denied = bool(theirs.wrappers) and theirs.wrappers[0].kind == "denial"
    reported = any(each.kind == "report" for each in ours.wrappers)
    return int(denied and reported and not any(each.kind == "denial" for each in ours.wrappers))


def _wrapped(
    compared: Comparison, ours: Modality, theirs: Modality, match: Match, *, flips: int
) -> Iterator[Objection]:
    """What the source embeds the fact in, and the claim does not."""
    made = compared.graph(match)
    held = {each.place for wrapper in ours.wrappers for each in compared.candidates(wrapper.place)}
    held |= {each.place for place, found in compared.found.items() if _may_wrap(compared, place) for each in found}
    kinds = {each.kind for each in ours.wrappers} & _KEPT_BY_KIND
    for each in theirs.wrappers:
        told = flips and each.kind == "denial"
        if not told and each.kind not in kinds and Place(match.place.sentence, each.place) not in held:
            said = "?" if each.kind == "question" else made.tokens[each.place].text
            yield Objection("wrapper", f"the source says so only with “{said}”")


def _may_wrap(compared: Comparison, place: int) -> bool:
    """Whether a word of the claim embeds something, whatever the grammar says of it."""
    node = compared.claim.nodes[place]
    return node.part == "v" or node.lemma in UNREAL_NOUNS


def _same_modal(ours: Modality, theirs: Modality) -> bool:
    """Whether what must, may or will be is the same; what may not be must not be."""
    denied = ours.negations and theirs.negations
    if ours.modal == theirs.modal or ({ours.modal, theirs.modal} in _LIKE and not denied):
        return True
    return bool(denied and ours.modal and theirs.modal and "need" not in (ours.modal, theirs.modal))


def _modal_text(made: Graph, place: int) -> str:
    verb = made.verbs.get(place, place)
    return next((each.text for each in made.children[verb] if each.tag == "MD"), "")


def _word(made: Graph, place: int | None) -> str:
    return "" if place is None else made.tokens[place].text


def _clause(made: Graph, place: int) -> str:
    """The words of a clause, the first few of them."""
    inside, size = {place}, 0
    while len(inside) > size:
        size = len(inside)
        inside |= {each.place for at in tuple(inside) for each in made.children[at]}
    first, last = min(inside), min(max(inside), min(inside) + _SHOWN)
    return made.text[made.tokens[first].start : made.tokens[last].end]
