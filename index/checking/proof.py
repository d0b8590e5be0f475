"""Whether a source proves a claim: each of its words is there, in the same role, in the same surroundings.

What keeps it from being proven is a problem, said in words. A single one that says otherwise is a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.alignment import Place, Window
from index.checking.amounts import approximated
from index.checking.comparison import Comparison
from index.checking.dependencies import graph
from index.checking.graph import CORE, Graph, is_name
from index.checking.names import is_seat
from index.checking.objections import Objection
from index.checking.relations import fewest_objections
from index.checking.roles import linked
from index.checking.surroundings import opposite
from index.checking.vocabulary import JOINTS
from index.checking.wording import settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.graph import Node

_VERB_VOTES = 1.5
"""How much a verb weighs where it is told which sentence says most of a claim."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a window of a source says of a claim."""

    problems: tuple[Objection, ...]
    sentence: int
    """Which sentence of the window says most of it."""
    share: float
    """The share of the claim's words that it has."""
    words: int
    """How many words of the claim say something."""
    adrift: bool = False
    """Whether the source has a name or a number of the claim, but not with the word that the claim has it with."""
    is_verbatim: bool = False
    """Whether the claim's words stand in the sentence as they are."""


def prove(text: str, window: Window) -> Proof:
    """Compare a claim with a window of its source."""
    compared = Comparison.of(graph(text), window)
    said = [place for place, node in compared.claim.nodes.items() if node.part != "p"]
    share = sum(bool(compared.found[place]) for place in said) / (len(said) or 1)
    sentence = _sentence(compared)
    problems = tuple(dict.fromkeys(_problems(compared)))
    return Proof(problems, sentence, share, len(said), _is_adrift(compared, problems))


def _is_adrift(compared: Comparison, problems: Sequence[Objection]) -> bool:
    claim = compared.claim
    without_head = (edge.dependent for edge in claim.edges if not compared.candidates(edge.head))
    return any(each.of_name for each in problems) or any(is_name(claim, place) for place in without_head)


def _sentence(compared: Comparison) -> int:
    """The sentence with most of the words; of equals, the one with the verb."""
    votes = [0.0] * len(compared.window.sentences)
    for place, found in compared.found.items():
        weight = _VERB_VOTES if place in compared.claim.verbs or compared.claim.nodes[place].part == "v" else 1.0
        for sentence in {match.place.sentence for match in found}:
            votes[sentence] += weight
    return max(range(len(votes)), key=votes.__getitem__)


def _problems(compared: Comparison) -> Iterator[Objection]:
    """All that keeps the window from proving the claim."""
    claim = compared.claim
    missing = [place for place, node in claim.nodes.items() if not compared.found[place] and node.part != "p"]
    yield from filter(None, (_missing(compared, place) for place in missing))
    yield from _joints(compared)
    yield from _numbers(compared)
    heads = {edge.head for edge in claim.edges} | set(claim.verbs)
    heads |= {place for place, node in claim.nodes.items() if node.part == "v"}
    if not any(map(compared.states, heads)):
        yield Objection("grammar", "it has no verb that could be followed")
    tied = {place for edge in claim.edges for place in (edge.head, edge.dependent)}
    for place, node in claim.nodes.items():
        if node.part in "nva#" and place not in tied and len(claim.nodes) > 1 and compared.found[place]:
            yield Objection("grammar", f"“{node.text}” could not be followed")
    for head in sorted(heads, key=lambda place: _depth(claim, place)):
        yield from fewest_objections(compared, head)
    for place in compared.found.keys() - heads:
        found = compared.found[place]
        if found and all(match.kind == "contrary" for match in found):
            yield opposite(compared, place, found[0])


def _joints(compared: Comparison) -> Iterator[Objection]:
    """Words that join clauses or times: whatever the grammar makes of them, the source must have them."""
    theirs = {token.lemma for made in compared.window.graphs for token in made.tokens}
    for token in compared.claim.tokens:
        if token.lemma in JOINTS and not theirs & JOINTS[token.lemma]:
            yield Objection("joint", f"“{token.text}” here, not in the source")


def _numbers(compared: Comparison) -> Iterator[Objection]:
    """Numbers that are only nearly the source's."""
    for place, node in compared.claim.nodes.items():
        if node.quantity and compared.found[place]:
            tried = [
                list(approximated(compared.claim, node, compared.graph(match), compared.window.node(match.place)))
                for match in compared.found[place]
            ]
            yield from min(tried, key=len)


def _depth(claim: Graph, place: int) -> int:
    """How many words a word hangs from: what it hangs from is looked at first."""
    depth, token = 0, claim.tokens[claim.verbs.get(place, place)]
    while token.head != token.place and depth < len(claim.tokens):
        depth, token = depth + 1, claim.tokens[token.head]
    return depth


def _missing(compared: Comparison, place: int) -> Objection | None:
    """A word that the source does not have, or has another name or number for; None where the passage lends it."""
    node = compared.claim.nodes[place]
    if instead := _instead(compared, place, node):
        kind = "number" if node.quantity else "name"
        return Objection(kind, f"{node.text} here, {instead.text} in the source", contradicts=True)
    if _is_lent(compared, place):
        return None
    if node.tag.startswith("NNP"):
        return Objection("missing", node.text, part="name")
    is_verb = place in compared.claim.verbs and not node.quantity
    return Objection("missing", node.text, part="v" if is_verb else node.part)


def _is_lent(compared: Comparison, place: int) -> bool:
    """Whether it is a part of a name that the passage has in full elsewhere: `Ada` of `Ada Lunde`."""
    token = compared.claim.tokens[place]
    if token.tag != "NNP" or token.role != "compound":
        return False
    head = compared.claim.tokens[token.head]
    whole = compared.claim.text[token.start : head.end]
    return bool(compared.found.get(head.place)) and whole in settled(compared.window.passage)


def _instead(compared: Comparison, place: int, node: Node) -> Node | None:
    """Another number, or another name, that stands in the source where the claim has this one."""
    taken = {match.place for found in compared.found.values() for match in found}
    for sentence, made in enumerate(compared.window.graphs):
        for at, other in made.nodes.items():
            there = Place(sentence, at)
            if there not in taken and _is_like(node, other) and _in_its_place(compared, place, there):
                return other
    return None


def _is_like(node: Node, other: Node) -> bool:
    """Whether two words are numbers of one unit, or names."""
    if node.quantity:
        return other.quantity is not None and other.quantity.unit == node.quantity.unit
    return node.tag.startswith("NNP") and other.tag.startswith("NNP") and not is_seat(node.lemma, other.lemma)


def _in_its_place(compared: Comparison, place: int, other: Place) -> bool:
    """Whether a word of the source stands where the claim has another: it says the same of the same."""
    made = compared.window.graphs[other.sentence]

    def near(at: int) -> Iterator[int]:
        found = compared.candidates(at)
        return (match.place.word for match in found if match.place.sentence == other.sentence)

    for edge in compared.claim.edges:
        if edge.dependent == place and any(linked(made, word, edge.role, other.word) for word in near(edge.head)):
            return True
        core = edge.head == place and edge.role in CORE and edge.dependent in compared.found
        if core and any(linked(made, other.word, edge.role, word) for word in near(edge.dependent)):
            return True
    return False
