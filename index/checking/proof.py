"""Whether a source proves a claim: each of its words is there, in the same role, in the same surroundings.

What keeps it from being proven is a problem, said in words. A single one that says otherwise is a contradiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.checking.alignment import Match, Place, Window
from index.checking.amounts import amount, approximated
from index.checking.comparison import Comparison
from index.checking.dependencies import LIGHT_VERBS, graph
from index.checking.graph import Edge, Graph, is_verb
from index.checking.modality import degree, modality, quantity_of
from index.checking.names import is_seat
from index.checking.objections import Objection
from index.checking.presupposed import is_named, is_placed
from index.checking.roles import linked
from index.checking.surroundings import opposite, surroundings
from index.checking.vocabulary import DIRECTIONS, JOINTS, MUCH, QUANTIFIERS, SPEAKERS
from index.checking.wording import settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.checking.graph import Node

_CORE = ("agent", "patient", "subject")
_TURNED = {"agent": "patient", "patient": "agent", "subject": "prep:than", "prep:than": "subject"}
"""Roles that two words may have exchanged."""
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
    return any(each.of_name for each in problems) or any(_is_name(claim, place) for place in without_head)


def _is_name(claim: Graph, place: int) -> bool:
    """Whether a word is a number, or a name; not so `DNA`."""
    token = claim.tokens[place]
    return token.tag == "CD" or (token.tag.startswith("NNP") and token.text[0].isupper() and not token.text.isupper())


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
        yield from _best(compared, head)
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
        core = edge.head == place and edge.role in _CORE and edge.dependent in compared.found
        if core and any(linked(made, other.word, edge.role, word) for word in near(edge.dependent)):
            return True
    return False


def _best(compared: Comparison, head: int) -> list[Objection]:
    """The fewest problems that any word of the source has as this one."""
    candidates = compared.candidates(head)
    text = compared.claim.tokens[head].text
    if is_placed(compared, head):
        return []
    if not candidates and compared.claim.tokens[head].lemma == "have":
        return [] if _own(compared, head) else [Objection("missing", text, part="v")]
    if not candidates:
        said_already = head in compared.claim.nodes or not compared.states(head)
        return [] if said_already else [Objection("missing", text, part="v")]
    tried = [(list(_against(compared, head, match)), match) for match in candidates]
    problems, best = min(tried, key=lambda each: (len(each[0]), sum(not one.contradicts for one in each[0])))
    _settle(compared, head, best)
    return problems


def _own(compared: Comparison, head: int) -> bool:
    """Whether what the claim says with `X has Y` is said by `the Y of X`, or `X with Y`; then it is that Y."""
    said, found = compared.claim.of(head), compared.found
    owners = [match.place for edge in said if edge.role == "agent" for match in found.get(edge.dependent, ())]
    owned = [edge.dependent for edge in said if edge.role == "patient" and edge.dependent in found]
    kept = {each: [match for match in found[each] if _belongs(compared, match.place, owners)] for each in owned}
    found.update({each: own for each, own in kept.items() if own})
    return any(kept.values())


def _belongs(compared: Comparison, owned: Place, owners: Sequence[Place]) -> bool:
    made, own = compared.window.graphs[owned.sentence], {owned.word}
    return any(
        made.roles({each.word}, own) & {"prep:with"} or made.roles(own, {each.word}) & {"of"}
        for each in owners
        if each.sentence == owned.sentence
    )


def _settle(compared: Comparison, head: int, best: Match) -> None:
    """Once it is known which word a word is, what belongs to it is what belongs to that word."""
    made = compared.graph(best)
    for edge in compared.claim.of(head):
        own = [
            each
            for each in compared.found.get(edge.dependent, ())
            if each.place.sentence == best.place.sentence and linked(made, best.place.word, edge.role, each.place.word)
        ]
        clause = edge.role.startswith("clause:") or is_verb(compared.claim.tokens[edge.dependent])
        if own and (clause or all(_is_told_apart(made, each) for each in own)):
            compared.found[edge.dependent] = own


def _is_told_apart(made: Graph, match: Match) -> bool:
    """Whether a mention says by itself which one it means: `the first dam`, and not `the dam` or `it`."""
    return match.kind in ("same", "synonym") and any(edge.role in ("mod", "of") for edge in made.of(match.place.word))


def _against(compared: Comparison, head: int, match: Match) -> Iterator[Objection]:
    """The problems of a word of the claim as a certain word of the source."""
    claim, made = compared.claim, compared.graph(match)
    verb = claim.tokens[claim.verbs.get(head, head)]
    if verb.lemma in LIGHT_VERBS and verb.place != head and _is_object(made, match.place.word):
        yield Objection("missing", verb.text, part="v")
    for edge in claim.of(head):
        yield from _edge(compared, edge, match)
    states = compared.states(head)
    alone = not states and not _is_argument(claim, head)
    if states or (alone and (modality(claim, head).negations or modality(made, match.place.word).negations)):
        yield from surroundings(compared, head, match, named=is_named(compared, head, match))
    elif match.kind == "contrary":
        yield opposite(compared, head, match)
    if not states:
        yield from amount(compared, head, match)
    ours, theirs = degree(claim, head), degree(made, match.place.word)
    if ours != theirs and "many" not in (quantity_of(claim, head), quantity_of(made, match.place.word)):
        said = theirs or made.tokens[match.place.word].text
        yield Objection("comparative", f"“{claim.tokens[head].text}” compares otherwise: “{said}” in the source")
    by_much = next((each for each in claim.children[head] if each.lemma in MUCH), None)
    if ours and by_much and not any(each.lemma in MUCH for each in made.children[match.place.word]):
        yield Objection("comparative", f"“{by_much.text}” here, not in the source")


def _is_object(made: Graph, place: int) -> bool:
    """Whether something is done to what a noun names, as in `accepted a watch`; not so in `gave a talk`."""
    return place not in made.verbs and made.tokens[place].role in ("dobj", "nsubjpass", "pobj")


def _is_argument(claim: Graph, place: int) -> bool:
    """Whether a verb has it as what does something, or what it is done to: a denial is then the verb's."""
    return any(edge.dependent == place and edge.role in (*_CORE, "of") for edge in claim.edges)


def _edge(compared: Comparison, edge: Edge, match: Match) -> Iterator[Objection]:
    """What the claim says of two words, and the source does not."""
    if edge.dependent not in compared.found:
        if not is_verb(compared.claim.tokens[edge.dependent]):
            yield from _everybody(compared, edge, match)
            return
    elif not compared.found[edge.dependent]:
        return  # it is missing: said already
    own = [each for each in compared.candidates(edge.dependent) if each.place.sentence == match.place.sentence]
    if match.kind != "pronoun" and any(each.place == match.place and each.kind != "pronoun" for each in own):
        return  # a name and its acronym, or a noun that its modifier stands for
    made = compared.graph(match)
    related = [each for each in own if linked(made, match.place.word, edge.role, each.place.word)]
    if related and edge.role in _CORE:
        yield from _amounts(compared, edge, related)
    elif not related and not (own and _is_share(compared.claim, edge)) and not compared.excepts(edge, match):
        yield _misplaced(compared, edge, match, own)


def _is_share(claim: Graph, edge: Edge) -> bool:
    """`38 per cent of the shopkeepers`, where the source speaks of them just before."""
    node = claim.nodes.get(edge.head)
    return edge.role == "of" and node is not None and node.quantity is not None


def _amounts(compared: Comparison, edge: Edge, related: list[Match]) -> Iterator[Objection]:
    """The fewest problems with how much of what acts, or is acted on, is spoken of."""
    subject = edge.role != "patient" or any(each.role == "auxpass" for each in compared.claim.children[edge.head])
    tried = [list(amount(compared, edge.dependent, each, subject=subject)) for each in related]
    yield from min(tried, key=len)


def _misplaced(compared: Comparison, edge: Edge, match: Match, own: list[Match]) -> Objection:
    """Words that the source has, but not in these roles; or in exchanged ones."""
    head, dependent = (compared.claim.tokens[place].text for place in (edge.head, edge.dependent))
    turned = _TURNED.get(edge.role)
    exchanged = any(other.role == turned for other in compared.claim.of(edge.head)) and any(
        Edge(match.place.word, turned or "", each.place.word) in compared.graph(match).edges for each in own
    )
    if exchanged:
        return Objection("role", f"“{head}” and “{dependent}” have other roles in the source", contradicts=True)
    said = f"“{dependent}” does not belong to “{head}” in the source"
    of_name = _is_name(compared.claim, edge.dependent)
    return Objection("role", said, part=_part(compared, edge, match), of_name=of_name)


def _part(compared: Comparison, edge: Edge, match: Match) -> str:
    """What a role is called that the source does not have: how much the grammar may be to blame depends on it."""
    role, _, word = edge.role.partition(":")
    node = compared.claim.nodes.get(edge.dependent)
    if node is not None and node.quantity:
        return "#"
    if word in DIRECTIONS:
        return word
    if role in _CORE:
        return _filled(compared, role, match) or "open"
    made = compared.graph(match)
    others = [each for each in made.of(match.place.word) if each.role == edge.role and each.dependent in made.nodes]
    return "taken" if role in ("of", "prep") and others else role


def _filled(compared: Comparison, role: str, match: Match) -> str:
    """The role, if the source says of another that it acts, or is acted on; `speaker` if only of whoever speaks.

    Empty where it says so of nobody: the grammar may have missed it.
    """
    taken = {"agent": ("agent", "subject"), "subject": ("agent", "subject"), "patient": ("patient",)}[role]
    made = compared.graph(match)
    fillers = [edge.dependent for edge in made.of(match.place.word) if edge.role in taken]
    speaks = all(made.tokens[place].lemma in SPEAKERS for place in fillers)
    return "" if not fillers else "speaker" if speaks else role


def _everybody(compared: Comparison, edge: Edge, match: Match) -> Iterator[Objection]:
    """`Everybody` and `anything` are proven by the like alone."""
    text, lemma = compared.claim.tokens[edge.dependent].text, compared.claim.tokens[edge.dependent].lemma
    wanted, made = QUANTIFIERS.get(lemma, ""), compared.graph(match)
    if edge.role not in _CORE or wanted not in ("all", "most", "many"):
        return
    like = (each.dependent for each in made.of(match.place.word) if made.tokens[each.dependent].lemma in QUANTIFIERS)
    proven = (
        QUANTIFIERS[made.tokens[place].lemma] == wanted and linked(made, match.place.word, edge.role, place)
        for place in like
    )
    if not any(proven):
        yield Objection("quantifier", f"“{text}” is not what the source says")
