"""Decides whether two words of a sentence have the role that a claim gives them.

`According to the prosecutor, Ada Lunde, …` says who the prosecutor is, and no report, doubt or denial around it takes
that back. `Chayanda, in Yakutia, …` says where Chayanda is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.verification.modality import limited, modality
from index.verification.vocabulary import REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.verification.alignment import Match
    from index.verification.comparison import Comparison
    from index.verification.graph import Graph

_PLACES = frozenset(("prep:in", "prep:at", "prep:on", "prep:near", "prep:off", "prep:outside", "prep:inside"))
_AT_PLACES = ("prep:in", "prep:at", "prep:on")
"""Prepositions that may replace one another."""
_DETERMINERS = frozenset(("the", "this", "that", "these", "those"))
"""Determiners of things that exist: there is one `the plant at Sabetta`; there may be no `a plant` or `no plant`."""
_LOOSE = frozenset("in at for on from to with by during within of inside near over through".split())
"""Prepositions that a compound may stand for: `hospital parking`."""
INTERCHANGEABLE = (
    frozenset(("in", "at", "on", "within", "inside", "during", "throughout")),
    frozenset(("for", "to")),
    frozenset(("to", "into", "onto", "towards", "toward")),
    frozenset(("since", "from")),
    frozenset(("until", "till", "to")),
    frozenset(("about", "on", "over")),
    frozenset(("with", "by")),
    frozenset(("off", "near")),
    frozenset(("against", "at")),
)
"""Groups of interchangeable prepositions."""
_TAKEN_FOR = {"by": {"agent"}, "to": {"recipient"}, "for": {"recipient"}}
"""Other roles that a preposition may stand for."""
_YEARS = range(1000, 2200)
_EVENTS = frozenset(("in", "on", "at", "during", "within", "throughout", "among"))
"""Prepositions of times and places: the parser may attach them to any word of a clause."""
_BOUNDS = frozenset("since until till before after from to by between through".split())
"""Prepositions that say where a time begins or ends: `until 1958` is not `in 1958`."""
_ASSERTED = frozenset(
    ("because", "since", "as", "although", "though", "while", "before", "after", "until", "so", "when")
)
"""Conjunctions with a meaning: claim and source must have the same one."""


def is_named(comparison: Comparison, head: int, match: Match) -> bool:
    """Whether the claim only says who or what somebody is, and the source has this as an apposition of the name."""
    graph = comparison.graph(match)
    if head not in comparison.claim.verbs or match.place.word in graph.verbs or not _is_plain(comparison.claim, head):
        return False
    own = {match.place.word}
    return any(
        (graph.roles(own, {other.place.word}) | graph.roles({other.place.word}, own)) & {"same", "mod"}
        for edge in comparison.claim.edges_of(head)
        if edge.role == "subject"
        for other in comparison.matches.get(edge.dependent, ())
        if other.place.sentence == match.place.sentence
    )


def is_placed(comparison: Comparison, head: int) -> bool:
    """Whether the claim only says where something is, and the source says it of the noun."""
    claim = comparison.claim
    edges = {edge.role: edge.dependent for edge in claim.edges_of(head)}
    places = edges.keys() & _PLACES
    if claim.tokens[head].lemma != "be" or len(edges) != 2 or "agent" not in edges or not places:
        return False
    (role,) = places
    place = claim.nodes.get(edges[role])
    if place is None or place.quantity or not _is_plain(claim, head):
        return False
    return any(
        thing.place.sentence == place_match.place.sentence
        and _stands_at(comparison.graph(thing), thing, role, place_match)
        for thing in comparison.matches.get(edges["agent"], ())
        for place_match in comparison.matches.get(edges[role], ())
        if "pronoun" not in (thing.kind, place_match.kind)
    )


def _stands_at(graph: Graph, thing: Match, role: str, place: Match) -> bool:
    """Whether a place belongs to the thing itself, and the thing exists; `saw the dog in Paris` does not show it."""
    allowed = set(_AT_PLACES) if role in _AT_PLACES else {role}
    token = graph.tokens[thing.place.word]
    apart = token.role != "dobj" or graph.text[token.end : token.end + 1] == ","
    is_definite = token.tag.startswith("NNP") or any(
        child.lemma in _DETERMINERS for child in graph.children[token.place]
    )
    exists = is_definite and not limited(graph, token.place)
    return apart and exists and bool(graph.roles({token.place}, {place.place.word}) & allowed)


def _is_plain(claim: Graph, head: int) -> bool:
    ours = modality(claim, head)
    return not (ours.negations or ours.modal or ours.wrappers or ours.limits or ours.conditions)


@dataclass(frozen=True, slots=True)
class _Link:
    """Two words of a sentence, and the role that the claim gives them."""

    graph: Graph
    head: int
    role: str
    dependent: int
    roles: set[str]
    """The roles of the second word with the first as head."""
    back: set[str]
    """The roles of the first word with the second as head."""
    noun: bool
    """Whether the first word is a noun or an adjective."""


def has_role(graph: Graph, head: int, role: str, dependent: int) -> bool:
    """Whether two words of a sentence, or other names of the same things, have a role of the claim."""
    ours, theirs = graph.peers(head), graph.peers(dependent)
    noun = graph.tokens[head].tag.startswith(("N", "J"))
    test = _TESTS.get(role.partition(":")[0])
    link = _Link(graph, head, role, dependent, graph.roles(ours, theirs), graph.roles(theirs, ours), noun)
    return test is not None and test(link)


def _agent(link: _Link) -> bool:
    if link.roles & {"agent", "subject"} or (link.noun and link.roles & {"of", "prep:by"}):
        return True
    if "prep:by" in link.roles and any(edge.role == "agent" for edge in link.graph.edges_of(link.head)):
        return True  # by some means
    return (
        "patient" in link.roles
        and not any(edge.role == "agent" for edge in link.graph.edges_of(link.head))
        and not _has_object(link.graph, link.head)
    )


def _patient(link: _Link) -> bool:
    if link.roles & {"patient", "clause:xcomp"} or (link.noun and link.roles & {"of", "mod"}):
        return True
    return "agent" in link.roles and not any(edge.role == "patient" for edge in link.graph.edges_of(link.head))


def _subject(link: _Link) -> bool:
    if link.roles & {"subject", "same", "agent"} or link.back & {"mod", "same", "of"}:
        return True
    acting = (edge.head for edge in link.graph.edges if edge.role == "prep:as" and edge.dependent == link.head)
    return any(
        link.graph.roles({verb}, {link.dependent}) & {"agent", "patient"} for verb in acting
    )  # as a cook = was a cook


def _of(link: _Link) -> bool:
    loose = link.roles & {f"prep:{preposition}" for preposition in _LOOSE}
    verb = link.graph.tokens[link.head].tag.startswith("V")
    return bool(link.roles & {"of", "mod", "same"} or loose or (verb and link.roles & {"patient", "agent"}))


def _mod(link: _Link) -> bool:
    if link.roles & {"mod", "of", "same"} or link.back & {"subject", "same"} or _is_dated(link):
        return True
    if link.noun and any(role.startswith("prep:") for role in link.roles):
        return True
    return link.graph.tokens[link.dependent].tag.startswith("R") and _share_a_clause(link)


def _prep(link: _Link) -> bool:
    word = link.role.partition(":")[2]
    allowed = {
        f"prep:{preposition}" for preposition in {word}.union(*(group for group in INTERCHANGEABLE if word in group))
    }
    bounds = word in _BOUNDS or _governed(link) & {f"prep:{preposition}" for preposition in _BOUNDS}
    if (_is_dated(link) and not bounds) or link.roles & allowed | link.roles & _TAKEN_FOR.get(word, set()):
        return True
    if word in _LOOSE and link.noun and link.roles & {"mod", "of"}:
        return True
    if word in ("accord", "per"):
        return _reports(link)
    return (word in _EVENTS and _is_event(link)) or _hangs_elsewhere(link, allowed)


def _reports(link: _Link) -> bool:
    """Whether `the agency says` proves `according to the agency`."""
    agents = (edge for edge in link.graph.edges if edge.role == "agent" and edge.dependent == link.dependent)
    return any(link.graph.tokens[edge.head].lemma in REPORTS for edge in agents)


def _is_event(link: _Link) -> bool:
    """Whether a time or place of the claim is in the same clause of the source."""
    placed = {f"prep:{preposition}" for preposition in _EVENTS} | {"mod", "of"}
    return _share_a_clause(link) and bool(_governed(link) & placed)


def _hangs_elsewhere(link: _Link, allowed: set[str]) -> bool:
    """Whether the same preposition depends on another word of the clause."""
    own = link.graph.clause(link.head)
    edges = (edge for edge in link.graph.edges if edge.dependent == link.dependent and edge.role in allowed)
    return any(link.graph.clause(edge.head) == own for edge in edges)


def _governed(link: _Link) -> set[str]:
    return {edge.role for edge in link.graph.edges if edge.dependent == link.dependent}


def _share_a_clause(link: _Link) -> bool:
    return link.graph.clause(link.head) == link.graph.clause(link.dependent)


def _is_dated(link: _Link) -> bool:
    """Whether a date belongs to the clause of a word: the parser may attach it to any word of the clause."""
    quantity = link.graph.nodes[link.dependent].quantity if link.dependent in link.graph.nodes else None
    if quantity is None or not _share_a_clause(link):
        return False
    return quantity.unit in ("calendar", "decade") or (not quantity.unit and quantity.value in _YEARS)


def _clause(link: _Link) -> bool:
    mark = link.role.partition(":")[2]
    if mark in _ASSERTED:
        return f"clause:{mark}" in link.roles
    both = link.roles | link.back
    return any(role.startswith("clause:") for role in both) or bool(both & {"agent", "subject", "patient"})


def _same(link: _Link) -> bool:
    return bool((link.roles | link.back) & {"same", "subject", "mod"})


def _recipient(link: _Link) -> bool:
    return bool(link.roles & {"recipient", "prep:to", "prep:for"})


def _has_object(graph: Graph, head: int) -> bool:
    return any(child.role == "dobj" for child in graph.children[head])


_TESTS: dict[str, Callable[[_Link], bool]] = {
    "agent": _agent, "patient": _patient, "subject": _subject, "of": _of, "mod": _mod, "prep": _prep,
    "clause": _clause, "same": _same, "recipient": _recipient,
}  # fmt: skip
