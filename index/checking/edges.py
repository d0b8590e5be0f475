"""What a sentence says of two of its words, from the grammar: the edges of its graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.graph import EXCEPTED, Edge, below, is_beside, is_passive, is_verb, subjects
from index.checking.vocabulary import UNREAL_NOUNS

if TYPE_CHECKING:
    from index.checking.graph import Graph
    from index.grammar import Token

SILENT = frozenset(
    ("punct", "det", "aux", "auxpass", "case", "mark", "cc", "preconj", "expl", "predet", "meta", "intj")
)
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_NOT_ALONE = frozenset(("only", "just", "merely", "simply", "least"))


def add_edges(made: Graph, token: Token) -> None:
    """What a word's place in the sentence says of it and its head."""
    role, head = _dependency(made, token)
    top = made.copulas.get(head, head)
    own = made.phrases.get(token.place, token.place)
    own = made.copulas.get(own, own)
    if top == own or not role:
        return
    if role in ("nsubj", "csubj"):
        said = "subject" if head in made.copulas else "agent"
        _put(made, top, said, own)
    elif role in ("nsubjpass", "csubjpass", "dobj"):
        _put(made, top, "patient", own)
    elif role in ("prep", "agent", "dative"):
        _add_prepositional(made, token, top)
    elif role == "appos" and any(each.role in ("prep", "advmod") for each in made.children[token.place]):
        return  # `the Liberals voted in favour, the Greens against`: no second name
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
        _put(made, top, {"poss": "of", "appos": "same"}.get(role, "mod"), own)
    elif role in ("ccomp", "xcomp", "advcl", "acl", "relcl", "pcomp", "parataxis"):
        _add_clause(made, token, top, own)


def _dependency(made: Graph, token: Token) -> tuple[str, int]:
    """How a word depends on which; empty where that says nothing. What depends on a `have to` does on its verb."""
    role, head = token.role, made.tokens[token.head]
    if role == "ROOT" or role in SILENT - {"det"}:
        return "", head.place
    if role in _SUBJECTS and head.tag == "IN":
        return "", head.place  # `the Liberals voted in favour, the Greens against`
    if head.place in made.phrases:
        head = made.tokens[made.phrases[head.place]]
        role = ("nsubjpass" if is_passive(made, head.place) else "nsubj") if role in _SUBJECTS else role
    return role, head.place


def _put(made: Graph, head: int, role: str, dependent: int) -> None:
    head, dependent = _standing(made, head), _standing(made, dependent)
    for _ in range(3):  # what is said of a preposition is said of what it belongs to
        if head in made.nodes or head in made.verbs or is_verb(made.tokens[head]):
            break
        head = _standing(made, made.tokens[head].head)
    if head != dependent:
        made.edges.add(Edge(head, role, dependent))


def _standing(made: Graph, place: int) -> int:
    """The word that a word stands for."""
    for _ in range(4):
        place = made.aliases.get(place, made.copulas.get(place, place))
    return place


def _add_prepositional(made: Graph, token: Token, top: int) -> None:
    """What follows a preposition, with the preposition as the role; by an agent, as the agent."""
    if token.role == "dative" and token.tag.startswith(("N", "P")):
        _put(made, top, "recipient", token.place)
        return
    negated = EXCEPTED if _is_negated(made, token) else ""
    for each in made.children[token.place]:
        if each.role in ("pobj", "pcomp"):
            own = made.copulas.get(each.place, each.place)
            if token.role == "agent" or (token.lemma == "by" and is_passive(made, token.head)):
                role = "agent" if token.role == "agent" else "prep:by"
            else:
                role = {"of": "of"}.get(token.lemma, f"prep:{token.lemma}")
            _put(made, top, negated + role, own)
        elif each.role == "prep":  # "from behind it", "out of it"
            _add_prepositional(made, each, top)


def _is_negated(made: Graph, token: Token) -> bool:
    """`Within a year, never for renewals`; not so `not only for renewals`."""
    return any(
        each.lemma in ("not", "never") and made.tokens[each.place + 1].lemma not in _NOT_ALONE
        for each in made.children[token.place]
        if each.role in ("neg", "advmod", "preconj") and each.place < token.place
    )


def _has_have(made: Graph, place: int) -> bool:
    return any(each.lemma == "have" and each.role == "aux" for each in made.children[place])


def _add_clause(made: Graph, token: Token, top: int, own: int) -> None:
    """A clause within another; who does something in it may be told by the outer one."""
    marks = [each.lemma for each in made.children[token.place] if each.role == "mark"]
    if token.role == "relcl" or token.role == "acl":
        _fill(made, token, own)
        made.edges.add(Edge(top, "clause:of", own))
        return
    if token.role == "ccomp" and is_beside(made, token):
        return
    made.edges.add(Edge(top, f"clause:{marks[0] if marks and token.role == 'advcl' else token.role}", own))
    if token.role in ("xcomp", "advcl", "pcomp") and not subjects(made, token.place):
        outer = made.children[token.head]
        controls = [each for each in outer if each.role == "dobj"] if token.role == "xcomp" else []
        controls = controls or [each for each in outer if each.role in ("nsubj", "nsubjpass")]
        for each in controls[:1]:
            passive = is_passive(made, token.place) or (token.tag == "VBN" and not _has_have(made, token.place))
            role = "subject" if token.place in made.copulas else "patient" if passive else "agent"
            _put(made, own, role, each.place)


def _fill(made: Graph, token: Token, own: int) -> None:
    """What a clause after a noun leaves out is the noun: `the bridge built in 1871`."""
    if any(made.aliases.get(each.place) == token.head for each in below(made, token.place)):
        return
    infinitive = any(each.role == "aux" and each.tag == "TO" for each in made.children[token.place])
    if token.tag == "VBN" and not infinitive:
        _put(made, own, "patient", token.head)
    elif token.tag == "VBG":
        _put(made, own, "agent", token.head)
    elif token.role == "relcl" and subjects(made, token.place) and not _has_object(made, token.place):
        _put(made, own, "patient", token.head)


def _has_object(made: Graph, place: int) -> bool:
    return any(each.role == "dobj" for each in made.children[place])


def share(made: Graph) -> None:
    """What is said of the first of a list is said of the others, and what a noun is said to be is the noun."""
    for token in made.tokens:
        if token.role == "pobj" and made.tokens[token.head].lemma in ("as", "include", "including", "like"):
            _share_example(made, token)
        if token.role == "conj" and _is_excluded(made, token):
            _share_noun(made, token, EXCEPTED)
        elif token.role == "conj":
            states = made.tokens[token.head].tag.startswith("V") or token.head in made.copulas
            share = _share_clause if states else _share_noun
            share(made, token)
    for edge in [*made.edges]:
        if edge.role == "subject" and made.tokens[edge.dependent].lemma in UNREAL_NOUNS:
            made.edges.add(Edge(edge.head, "same", edge.dependent))  # the idea that …, which is a myth


def _share_clause(made: Graph, token: Token) -> None:
    head, own = (made.phrases.get(place, place) for place in (token.head, token.place))
    one, other = made.copulas.get(head, head), made.copulas.get(own, own)
    if not subjects(made, own):
        _share_subject(made, one, other, own)
    if is_passive(made, head) and token.tag == "VBN":
        for edge in [each for each in made.edges if each.head == other and each.role == "agent"]:
            _put(made, one, "agent", edge.dependent)  # `was cut and rebuilt by engineers`


def _share_noun(made: Graph, token: Token, excepted: str = "") -> None:
    head = token.head
    if excepted and is_verb(made.tokens[head]):  # the grammar hangs `but not the founder` on the verb
        head = next((each.place for each in made.children[head] if each.role in ("dobj", "nsubjpass")), head)
    for edge in [*made.edges]:
        if edge.dependent == made.aliases.get(head, head) and not edge.role.startswith(EXCEPTED):
            _put(made, edge.head, excepted + edge.role, token.place)


def _share_example(made: Graph, token: Token) -> None:
    """`Hardware such as aircraft`: what is said of hardware is said of aircraft."""
    preposition = made.tokens[token.head]
    such = any(each.lemma == "such" for each in made.children[preposition.place])
    if preposition.lemma == "as" and not such:
        return
    for edge in [*made.edges]:
        if edge.dependent == _standing(made, preposition.head):
            _put(made, edge.head, edge.role, token.place)


def _is_excluded(made: Graph, token: Token) -> bool:
    """Whether a word is in a list as what is not meant: `managers, but not the founder`."""
    between = made.tokens[token.head + 1 : token.place]
    return any(each.lemma in ("not", "never", "except", "than") for each in between[-4:]) or any(
        each.role == "neg" for each in made.children[token.place] if not is_verb(token)
    )


def _share_subject(made: Graph, one: int, other: int, own: int) -> None:
    passive = is_passive(made, own)
    for edge in [each for each in made.edges if each.head == one]:
        if edge.role in ("agent", "subject", "patient") and (edge.role != "patient" or is_passive(made, one)):
            role = "patient" if passive else "subject" if own in made.copulas else "agent"
            if made.tokens[own].tag == "VBN" and edge.role == "patient":
                role = "patient"
            _put(made, other, role, edge.dependent)
