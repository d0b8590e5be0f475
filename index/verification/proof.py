"""Proves a claim by its source: each word must be in the source, in the same role and in the same context.

If a claim is a copy of a sentence, each replaced word counts: the copy says something else, unless the two words mean
the same.

Every obstacle is an objection with an explanation. A single objection that says the opposite is a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.verification.alignment import Place, Window
from index.verification.comparison import Comparison, Objection
from index.verification.dependencies import parse_graph
from index.verification.grammar import folded, normalise, words
from index.verification.graph import CORE, Graph
from index.verification.qualifiers import approximation_objections, contrary_objection
from index.verification.relations import fewest_objections
from index.verification.roles import INTERCHANGEABLE, has_role
from index.verification.thesaurus import is_seat
from index.verification.vocabulary import JOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.verification.graph import Node

MOST_REPLACED = 0.25
"""The largest share of a sentence's words that a claim may replace and still be a copy of it."""
_DECISIVE_WORDS = frozenset(
    "if unless when until till while although because never rarely seldom often always sometimes only also even just "
    "outside inside within without above below over under before after since in at on to from into onto for by with "
    "against of and or but nor not he she him her his hers himself herself they their more less most least up down "
    "online offline indoors outdoors".split()
)
"""Small words that change the meaning of a sentence. Articles do not."""
_MODIFIERS = ("amod", "compound", "nummod", "neg", "nmod")
_VERB_VOTES = 1.5
"""The weight of a verb when choosing the sentence that says most of a claim."""


def is_copy(claim: str, source: str, window: Window) -> bool:
    """Whether a claim is a sentence with a few words replaced by words that do not occur near the sentence."""
    pairs = substitutions(claim, source)
    other = {new_word for new_word, _ in pairs or ()}
    claimed_words = {folded(node.text) for node in parse_graph(claim).nodes.values()}
    near = {word.plain for text in (*window.sentences, window.before) for word in words(text)}
    return pairs is not None and other <= claimed_words and not other & near


def swapped_words(claim: str, source: str) -> Iterator[Objection]:
    """Yield an objection for each small word that a copy replaces: `if` for `unless`, `her` for `his`."""
    for new_word, old_word in substitutions(claim, source) or ():
        if {new_word, old_word} <= _DECISIVE_WORDS and not any(
            {new_word, old_word} <= group for group in INTERCHANGEABLE
        ):
            yield Objection("exchanged", f"“{new_word}” here, “{old_word}” in the source")


def omissions(claim: str, source: str) -> Iterator[Objection]:
    """Yield an objection for each word that a shortened copy omits: `Food` of `Food stalls must …`, or `or later`."""
    graph = parse_graph(source)
    ours = [folded(token.text) for token in parse_graph(claim).tokens if token.text[0].isalnum()]
    tokens = [token for token in graph.tokens if token.text[0].isalnum()]
    theirs = [folded(token.text) for token in tokens]
    begin = next((n for n in range(len(theirs)) if theirs[n : n + len(ours)] == ours), None)
    if begin is None or not ours:
        return
    inside = {token.place for token in tokens[begin : begin + len(ours)]}
    for token in graph.tokens:
        last = token.place < min(inside) and token.place == tokens[begin - 1].place and token.role in _MODIFIERS
        either = token.place > max(inside) and token.role == "cc" and token.lemma == "or"
        if (last or either) and token.head in inside:
            yield Objection("restriction", f"“{token.text}” in the source, not here")


def substitutions(claim: str, source: str) -> list[tuple[str, str]] | None:
    """Return the pairs (word of the claim, word of the source) that differ; None if the claim is not a copy."""
    ours, theirs = ([word.plain for word in words(text)] for text in (claim, source))
    pairs = [(new_word, old_word) for new_word, old_word in zip(ours, theirs, strict=False) if new_word != old_word]
    return pairs if len(ours) == len(theirs) and len(pairs) <= MOST_REPLACED * len(ours) else None


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of comparing a claim with a window of its source."""

    objections: tuple[Objection, ...]
    sentence: int
    """The index of the window's sentence that says most of the claim."""
    share: float
    """The share of the claim's words that the window contains."""
    words: int
    """The number of content words in the claim."""
    is_verbatim: bool = False
    """Whether the words of the claim stand verbatim in the sentence."""


def prove(text: str, window: Window) -> Proof:
    """Compare a claim with a window of its source."""
    comparison = Comparison.of(parse_graph(text), window)
    content_words = [place for place, node in comparison.claim.nodes.items() if node.part != "p"]
    share = sum(bool(comparison.matches[place]) for place in content_words) / (len(content_words) or 1)
    sentence = _sentence(comparison)
    objections = tuple(dict.fromkeys(_objections(comparison)))
    return Proof(objections, sentence, share, len(content_words))


def _sentence(comparison: Comparison) -> int:
    """Return the sentence with most of the words; a verb breaks a tie."""
    votes = [0.0] * len(comparison.window.sentences)
    for place, found in comparison.matches.items():
        weight = _VERB_VOTES if place in comparison.claim.verbs or comparison.claim.nodes[place].part == "v" else 1.0
        for sentence in {match.place.sentence for match in found}:
            votes[sentence] += weight
    return max(range(len(votes)), key=votes.__getitem__)


def _objections(comparison: Comparison) -> Iterator[Objection]:
    """Yield all objections to the claim."""
    claim = comparison.claim
    missing = [place for place, node in claim.nodes.items() if not comparison.matches[place] and node.part != "p"]
    yield from filter(None, (_missing_objection(comparison, place) for place in missing))
    yield from _joint_objections(comparison)
    yield from _number_objections(comparison)
    heads = {edge.head for edge in claim.edges} | set(claim.verbs)
    heads |= {place for place, node in claim.nodes.items() if node.part == "v"}
    if not any(map(comparison.states, heads)):
        yield Objection("grammar", "the check found no verb in it")
    tied = {place for edge in claim.edges for place in (edge.head, edge.dependent)}
    for place, node in claim.nodes.items():
        if node.part in "nva#" and place not in tied and len(claim.nodes) > 1 and comparison.matches[place]:
            yield Objection("grammar", f"the check could not parse “{node.text}”")
    for head in sorted(heads, key=lambda place: _depth(claim, place)):
        yield from fewest_objections(comparison, head)
    for place in comparison.matches.keys() - heads:
        found = comparison.matches[place]
        if found and all(match.kind == "contrary" for match in found):
            yield contrary_objection(comparison, place, found[0])


def _joint_objections(comparison: Comparison) -> Iterator[Objection]:
    """Yield an objection for each conjunction that the source lacks, without regard to the parse."""
    theirs = {token.lemma for graph in comparison.window.graphs for token in graph.tokens}
    for token in comparison.claim.tokens:
        if token.lemma in JOINTS and not theirs & JOINTS[token.lemma]:
            yield Objection("joint", f"“{token.text}” here, not in the source")


def _number_objections(comparison: Comparison) -> Iterator[Objection]:
    """Yield an objection for each number that only approximates the source's number."""
    for place, node in comparison.claim.nodes.items():
        if node.quantity and comparison.matches[place]:
            attempts = [
                list(
                    approximation_objections(
                        comparison.claim, node, comparison.graph(match), comparison.window.node(match.place)
                    )
                )
                for match in comparison.matches[place]
            ]
            yield from min(attempts, key=len)


def _depth(claim: Graph, place: int) -> int:
    """Return the depth of a word in the parse tree: heads are compared before their dependents."""
    depth, token = 0, claim.tokens[claim.verbs.get(place, place)]
    while token.head != token.place and depth < len(claim.tokens):
        depth, token = depth + 1, claim.tokens[token.head]
    return depth


def _missing_objection(comparison: Comparison, place: int) -> Objection | None:
    """Return the objection to a word that the source lacks or replaces; None if the passage contains the full name."""
    node = comparison.claim.nodes[place]
    if instead := _replacement(comparison, place, node):
        kind = "number" if node.quantity else "name"
        return Objection(kind, f"{node.text} here, {instead.text} in the source", contradicts=True)
    if _is_lent(comparison, place):
        return None
    if node.tag.startswith("NNP"):
        return Objection("missing", node.text, part="name")
    is_verb = place in comparison.claim.verbs and not node.quantity
    return Objection("missing", node.text, part="v" if is_verb else node.part)


def _is_lent(comparison: Comparison, place: int) -> bool:
    """Whether a word is part of a name that the passage gives in full elsewhere: `Ada` of `Ada Lunde`."""
    token = comparison.claim.tokens[place]
    if token.tag != "NNP" or token.role != "compound":
        return False
    head = comparison.claim.tokens[token.head]
    whole = comparison.claim.text[token.start : head.end]
    return bool(comparison.matches.get(head.place)) and whole in normalise(comparison.window.passage)


def _replacement(comparison: Comparison, place: int, node: Node) -> Node | None:
    """Return the number or name that the source has in place of a word of the claim; None if there is none."""
    taken = {match.place for found in comparison.matches.values() for match in found}
    for sentence, graph in enumerate(comparison.window.graphs):
        for at, other in graph.nodes.items():
            candidate = Place(sentence, at)
            if candidate not in taken and _is_like(node, other) and _takes_its_place(comparison, place, candidate):
                return other
    return None


def _is_like(node: Node, other: Node) -> bool:
    """Whether two words are numbers of one unit, or two names."""
    if node.quantity:
        return other.quantity is not None and other.quantity.unit == node.quantity.unit
    return node.tag.startswith("NNP") and other.tag.startswith("NNP") and not is_seat(node.lemma, other.lemma)


def _takes_its_place(comparison: Comparison, place: int, other: Place) -> bool:
    """Whether a word of the source has the same role as a word of the claim."""
    graph = comparison.window.graphs[other.sentence]

    def near(at: int) -> Iterator[int]:
        found = comparison.candidates(at)
        return (match.place.word for match in found if match.place.sentence == other.sentence)

    for edge in comparison.claim.edges:
        if edge.dependent == place and any(has_role(graph, word, edge.role, other.word) for word in near(edge.head)):
            return True
        core = edge.head == place and edge.role in CORE and edge.dependent in comparison.matches
        if core and any(has_role(graph, other.word, edge.role, word) for word in near(edge.dependent)):
            return True
    return False
