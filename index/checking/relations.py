"""Whether a source says of two words what a claim says of theirs: each word of the claim as a word of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.amounts import amount
from index.checking.dependencies import LIGHT_VERBS
from index.checking.graph import CORE, Edge, Graph, is_name, is_verb
from index.checking.modality import modality
from index.checking.objections import Objection
from index.checking.presupposed import is_named, is_placed
from index.checking.quantifiers import degree, quantity_of
from index.checking.roles import linked
from index.checking.surroundings import opposite, surroundings
from index.checking.vocabulary import DIRECTIONS, MUCH, QUANTIFIERS, SPEAKERS

if TYPE_CHECKING:
    from index.checking.alignment import Match, Place
    from collections.abc import Iterator, Sequence

    from index.checking.comparison import Comparison

_TURNED = {"agent": "patient", "patient": "agent", "subject": "prep:than", "prep:than": "subject"}
"""Roles that two words may have exchanged."""


def fewest_objections(compared: Comparison, head: int) -> list[Objection]:
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
    return any(edge.dependent == place and edge.role in (*CORE, "of") for edge in claim.edges)


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
    if related and edge.role in CORE:
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
    of_name = is_name(compared.claim, edge.dependent)
    return Objection("role", said, part=_part(compared, edge, match), of_name=of_name)


def _part(compared: Comparison, edge: Edge, match: Match) -> str:
    """What a role is called that the source does not have: how much the grammar may be to blame depends on it."""
    role, _, word = edge.role.partition(":")
    node = compared.claim.nodes.get(edge.dependent)
    if node is not None and node.quantity:
        return "#"
    if word in DIRECTIONS:
        return word
    if role in CORE:
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
    if edge.role not in CORE or wanted not in ("all", "most", "many"):
        return
    like = (each.dependent for each in made.of(match.place.word) if made.tokens[each.dependent].lemma in QUANTIFIERS)
    proven = (
        QUANTIFIERS[made.tokens[place].lemma] == wanted and linked(made, match.place.word, edge.role, place)
        for place in like
    )
    if not any(proven):
        yield Objection("quantifier", f"“{text}” is not what the source says")
