"""How much a claim speaks of, beside its source: all or some of something, only this, about so many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.alignment import Place
from index.checking.graph import is_plural
from index.checking.modality import limited
from index.checking.objections import Objection
from index.checking.quantifiers import approximation, exclusion, quantity_of
from index.checking.quantity import same
from index.checking.vocabulary import PARTIAL, PROVES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.alignment import Match
    from index.checking.comparison import Comparison
    from index.checking.graph import Graph, Node

_DEFINITE = ("the", "this", "that", "these", "those")


def amount(compared: Comparison, place: int, match: Match, *, subject: bool = False) -> Iterator[Objection]:
    """The problems with how much the two speak of; `subject` where something is said of all that a noun names."""
    made = compared.graph(match)
    node, other = compared.claim.nodes.get(place), made.nodes.get(match.place.word)
    if node is None or other is None:
        return
    if node.quantity and other.quantity:
        yield from approximated(compared.claim, node, made, other)
        return
    alone = exclusion(compared.claim, place)
    if alone and alone != exclusion(made, match.place.word):
        yield Objection("quantifier", f"“{alone}” here, not in the source")
    elif alone == "only" and (others := _others(compared, match)):
        yield Objection("quantifier", f"the source says so of “{others}”, too")
    if node.part in ("n", "p") and match.kind != "elided":
        yield from _quantified(compared, place, match, subject=subject)


def _others(compared: Comparison, match: Match) -> str:
    """What the source names beside a word, joined by `and`, and the claim does not."""
    made = compared.graph(match)
    kept = {each.place for found in compared.found.values() for each in found}
    beside = (each for each in made.children[match.place.word] if each.role == "conj" and each.place in made.nodes)
    return next((each.text for each in beside if Place(match.place.sentence, each.place) not in kept), "")


def _quantified(compared: Comparison, place: int, match: Match, *, subject: bool) -> Iterator[Objection]:
    made = compared.graph(match)
    other = made.nodes[match.place.word]
    ours, theirs = quantity_of(compared.claim, place), quantity_of(made, match.place.word)
    if not _proves(theirs, ours, other):
        yield Objection("quantifier", f"“{ours}” is not what the source says of “{other.text}”", theirs == "none")
    elif theirs in PARTIAL and not ours and (subject or _is_definite(compared.claim, place)):
        yield Objection("quantifier", f"the source speaks of “{theirs}” of “{other.text}” only")
    for limit in sorted(limited(made, match.place.word) - limited(compared.claim, place)):
        yield Objection("hedge", f"“{limit}” in the source, not here")
    if subject and is_plural(other) and not theirs and _is_bare(made, match.place.word):
        for edge in compared.left_out(match, ("mod", "of", "prep:", "clause:of")):  # of some kind of them alone
            yield Objection("restriction", f"“{made.tokens[edge.dependent].text}” in the source, not here")


def _proves(theirs: str, ours: str, other: Node) -> bool:
    if ours in ("", "none") or theirs in PROVES.get(ours, ()):
        return True
    return ours in ("some", "several") and is_plural(other) and not theirs


def approximated(claim: Graph, node: Node, made: Graph, other: Node) -> Iterator[Objection]:
    """The problems with two numbers of which one may be meant less exactly: `about 20`, `up to 20`."""
    if node.quantity is None or other.quantity is None:
        return
    ours = approximation(claim.text, node.quantity.start)
    theirs = approximation(made.text, other.quantity.start)
    if not same(node.quantity, other.quantity) and ours != "about":
        yield Objection("number", f"{node.text} here, {other.text} in the source", contradicts=True)
    elif theirs and ours != theirs and not (ours == "about" and theirs in ("nearly", "about")):
        yield Objection("hedge", f"the source does not say exactly {other.text}")
    elif ours and not theirs and ours not in ("about", "exactly", "least", "most"):
        yield Objection("hedge", f"the source says {other.text} without reservation")


def _is_bare(made: Graph, place: int) -> bool:
    return not any(each.role in ("det", "poss", "nummod") for each in made.children[place])


def _is_definite(made: Graph, place: int) -> bool:
    return any(each.role == "det" and each.lemma in _DEFINITE for each in made.children[place])
