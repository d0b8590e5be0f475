"""Derives the edges of a sentence's graph, the relations between two words, from the parser's dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.verification.graph import EXCEPTED, Edge, descendants, is_juxtaposed, is_passive, is_verb, subjects
from index.verification.vocabulary import UNREAL_NOUNS

if TYPE_CHECKING:
    from index.verification.grammar import Token
    from index.verification.graph import Graph

SILENT = frozenset(
    ("punct", "det", "aux", "auxpass", "case", "mark", "cc", "preconj", "expl", "predet", "meta", "intj")
)
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_NOT_ALONE = frozenset(("only", "just", "merely", "simply", "least"))


def add_edges(graph: Graph, token: Token) -> None:
    """Add the edges between a word and its head."""
    role, head = _dependency(graph, token)
    top = graph.copulas.get(head, head)
    own = graph.phrases.get(token.place, token.place)
    own = graph.copulas.get(own, own)
    if top == own or not role:
        return
    if role in ("nsubj", "csubj"):
        role_of_subject = "subject" if head in graph.copulas else "agent"
        _add_edge(graph, top, role_of_subject, own)
    elif role in ("nsubjpass", "csubjpass", "dobj"):
        _add_edge(graph, top, "patient", own)
    elif role in ("prep", "agent", "dative"):
        _add_prepositional(graph, token, top)
    elif role == "appos" and any(child.role in ("prep", "advmod") for child in graph.children[token.place]):
        return  # `the Liberals voted in favour, the Greens against`: the Greens are not another name of the Liberals
    elif role in (
        "poss",
        "nmod",
        "compound",
        "amod",
        "nummod",
        "advmod",
        "npadvmod",
        "quantmod",
        "appos",
        "prt",
        "acomp",
        "attr",
        "oprd",
    ):
        _add_edge(graph, top, {"poss": "of", "appos": "same"}.get(role, "mod"), own)
    elif role in ("ccomp", "xcomp", "advcl", "acl", "relcl", "pcomp", "parataxis"):
        _add_clause(graph, token, top, own)


def _dependency(graph: Graph, token: Token) -> tuple[str, int]:
    """Return role and head of a word; the role is empty if it is meaningless. Resolves `have to` to its verb."""
    role, head = token.role, graph.tokens[token.head]
    if role == "ROOT" or role in SILENT - {"det"}:
        return "", head.place
    if role in _SUBJECTS and head.tag == "IN":
        return "", head.place  # `the Liberals voted in favour, the Greens against`
    if head.place in graph.phrases:
        head = graph.tokens[graph.phrases[head.place]]
        role = ("nsubjpass" if is_passive(graph, head.place) else "nsubj") if role in _SUBJECTS else role
    return role, head.place


def _add_edge(graph: Graph, head: int, role: str, dependent: int) -> None:
    head, dependent = _referent(graph, head), _referent(graph, dependent)
    for _ in range(3):  # a preposition passes its edges on to its head
        if head in graph.nodes or head in graph.verbs or is_verb(graph.tokens[head]):
            break
        head = _referent(graph, graph.tokens[head].head)
    if head != dependent:
        graph.edges.add(Edge(head, role, dependent))


def _referent(graph: Graph, place: int) -> int:
    """Return the word that a word refers to, or the word itself."""
    for _ in range(4):
        place = graph.aliases.get(place, graph.copulas.get(place, place))
    return place


def _add_prepositional(graph: Graph, token: Token, top: int) -> None:
    """Add an edge to the object of a preposition. The preposition is the role; "by" with a passive gives the agent."""
    if token.role == "dative" and token.tag.startswith(("N", "P")):
        _add_edge(graph, top, "recipient", token.place)
        return
    negated = EXCEPTED if _is_negated(graph, token) else ""
    for child in graph.children[token.place]:
        if child.role in ("pobj", "pcomp"):
            own = graph.copulas.get(child.place, child.place)
            if token.role == "agent" or (token.lemma == "by" and is_passive(graph, token.head)):
                role = "agent" if token.role == "agent" else "prep:by"
            else:
                role = {"of": "of"}.get(token.lemma, f"prep:{token.lemma}")
            _add_edge(graph, top, negated + role, own)
        elif child.role == "prep":  # "from behind it", "out of it"
            _add_prepositional(graph, child, top)


def _is_negated(graph: Graph, token: Token) -> bool:
    """Whether a preposition is negated, as in `within a year, never for renewals`, but not `not only for renewals`."""
    return any(
        child.lemma in ("not", "never") and graph.tokens[child.place + 1].lemma not in _NOT_ALONE
        for child in graph.children[token.place]
        if child.role in ("neg", "advmod", "preconj") and child.place < token.place
    )


def _has_have(graph: Graph, place: int) -> bool:
    return any(child.lemma == "have" and child.role == "aux" for child in graph.children[place])


def _add_clause(graph: Graph, token: Token, top: int, own: int) -> None:
    """Add the edges of a clause within another clause; its subject may be in the outer clause."""
    marks = [child.lemma for child in graph.children[token.place] if child.role == "mark"]
    if token.role == "relcl" or token.role == "acl":
        _add_omitted_noun(graph, token, own)
        graph.edges.add(Edge(top, "clause:of", own))
        return
    if token.role == "ccomp" and is_juxtaposed(graph, token):
        return
    graph.edges.add(Edge(top, f"clause:{marks[0] if marks and token.role == 'advcl' else token.role}", own))
    if token.role in ("xcomp", "advcl", "pcomp") and not subjects(graph, token.place):
        outer = graph.children[token.head]
        controls = [child for child in outer if child.role == "dobj"] if token.role == "xcomp" else []
        controls = controls or [child for child in outer if child.role in ("nsubj", "nsubjpass")]
        for control in controls[:1]:
            passive = is_passive(graph, token.place) or (token.tag == "VBN" and not _has_have(graph, token.place))
            role = "subject" if token.place in graph.copulas else "patient" if passive else "agent"
            _add_edge(graph, own, role, control.place)


def _add_omitted_noun(graph: Graph, token: Token, own: int) -> None:
    """Add an edge to the noun before a clause that leaves the noun out: `the bridge built in 1871`."""
    if any(graph.aliases.get(descendant.place) == token.head for descendant in descendants(graph, token.place)):
        return
    infinitive = any(child.role == "aux" and child.tag == "TO" for child in graph.children[token.place])
    if token.tag == "VBN" and not infinitive:
        _add_edge(graph, own, "patient", token.head)
    elif token.tag == "VBG":
        _add_edge(graph, own, "agent", token.head)
    elif token.role == "relcl" and subjects(graph, token.place) and not _has_object(graph, token.place):
        _add_edge(graph, own, "patient", token.head)


def _has_object(graph: Graph, place: int) -> bool:
    return any(child.role == "dobj" for child in graph.children[place])


def share_edges(graph: Graph) -> None:
    """Copy edges from the first item of a list to the other items. Equate nouns with their predicates."""
    for token in graph.tokens:
        if token.role == "pobj" and graph.tokens[token.head].lemma in ("as", "include", "including", "like"):
            _share_example(graph, token)
        if token.role == "conj" and _is_excluded(graph, token):
            _share_noun(graph, token, EXCEPTED)
        elif token.role == "conj":
            states = graph.tokens[token.head].tag.startswith("V") or token.head in graph.copulas
            share_edges = _share_clause if states else _share_noun
            share_edges(graph, token)
    for edge in [*graph.edges]:
        if edge.role == "subject" and graph.tokens[edge.dependent].lemma in UNREAL_NOUNS:
            graph.edges.add(Edge(edge.head, "same", edge.dependent))  # the idea that …, which is a myth


def _share_clause(graph: Graph, token: Token) -> None:
    head, own = (graph.phrases.get(place, place) for place in (token.head, token.place))
    first, other = graph.copulas.get(head, head), graph.copulas.get(own, own)
    if not subjects(graph, own):
        _share_subject(graph, first, other, own)
    if is_passive(graph, head) and token.tag == "VBN":
        for edge in [edge for edge in graph.edges if edge.head == other and edge.role == "agent"]:
            _add_edge(graph, first, "agent", edge.dependent)  # `was cut and rebuilt by engineers`


def _share_noun(graph: Graph, token: Token, excepted: str = "") -> None:
    head = token.head
    if excepted and is_verb(graph.tokens[head]):  # the parser attaches `but not the founder` to the verb
        head = next((child.place for child in graph.children[head] if child.role in ("dobj", "nsubjpass")), head)
    for edge in [*graph.edges]:
        if edge.dependent == graph.aliases.get(head, head) and not edge.role.startswith(EXCEPTED):
            _add_edge(graph, edge.head, excepted + edge.role, token.place)


def _share_example(graph: Graph, token: Token) -> None:
    """Copy the edges of `hardware` to `aircraft` in `hardware such as aircraft`."""
    preposition = graph.tokens[token.head]
    such = any(child.lemma == "such" for child in graph.children[preposition.place])
    if preposition.lemma == "as" and not such:
        return
    for edge in [*graph.edges]:
        if edge.dependent == _referent(graph, preposition.head):
            _add_edge(graph, edge.head, edge.role, token.place)


def _is_excluded(graph: Graph, token: Token) -> bool:
    """Whether a list excludes a word: `managers, but not the founder`."""
    between = graph.tokens[token.head + 1 : token.place]
    return any(word.lemma in ("not", "never", "except", "than") for word in between[-4:]) or any(
        child.role == "neg" for child in graph.children[token.place] if not is_verb(token)
    )


def _share_subject(graph: Graph, first: int, other: int, own: int) -> None:
    passive = is_passive(graph, own)
    for edge in [edge for edge in graph.edges if edge.head == first]:
        if edge.role in ("agent", "subject", "patient") and (edge.role != "patient" or is_passive(graph, first)):
            role = "patient" if passive else "subject" if own in graph.copulas else "agent"
            if graph.tokens[own].tag == "VBN" and edge.role == "patient":
                role = "patient"
            _add_edge(graph, other, role, edge.dependent)
