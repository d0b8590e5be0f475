"""A sentence as a graph: what it speaks of, who does what to whom, and what surrounds it.

The dependencies of the grammar are brought to fewer roles, so that a fact has one form: in the active and the passive,
with "X's Y" and "the Y of X", in a relative clause and in a list.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from index.checking.facts import read
from index.checking.thesaurus import acts, usual_part
from index.checking.vocabulary import (
    APPROXIMATORS,
    CONDITIONS,
    DENIALS,
    LIGHT,
    MODALS,
    NEGATIONS,
    PHRASED_MODALS,
    PRONOUNS,
    QUANTIFIERS,
    RARE,
    REPORTS,
    UNREAL_NOUNS,
)
from index.checking.wording import folded, stemmed
from index.grammar import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.quantity import Quantity
    from index.grammar import Token

_KEPT = 4096
_LAST_STOP = re.compile(r"(\w)(\.[\"')\]”’]*)$")
"""It is set apart, lest "vitamin K." have a word "K."."""
_TITLES = frozenset("mr mrs ms miss dr prof sir dame lord lady st".split())
LIGHT_VERBS = frozenset(("make", "give", "take", "hold"))
"""What they say is said by their object: "made a bid"."""
_PARTS = {"N": "n", "V": "v", "J": "a", "R": "r"}
_SILENT = frozenset(
    ("punct", "det", "aux", "auxpass", "case", "mark", "cc", "preconj", "expl", "predet", "meta", "intj")
)
_SUBJECTS = frozenset(("nsubj", "nsubjpass"))
_RELATIVES = frozenset(("that", "which", "who", "whom", "whose"))
_PLURAL = frozenset(("NNS", "NNPS"))


EXCEPTED = "not:"
"""Stands before the role of what a sentence says of all but this: `managers, but not the founder`."""
_NOT_ALONE = frozenset(("only", "just", "merely", "simply", "least"))


class Edge(NamedTuple):
    """One thing that a sentence says of two of its words."""

    head: int
    role: str
    """`agent`, `patient`, `recipient`, `subject` (of what is said to be so), `of`, `mod`, `clause:` or `prep:` …"""
    dependent: int


@dataclass(frozen=True, slots=True)
class Node:
    """A word of a sentence that says something, or a number with its unit."""

    place: int
    text: str
    lemma: str
    part: str
    """n, v, a or r; `#` for a number, `p` for a pronoun."""
    stem: str
    tag: str
    quantity: Quantity | None = None


@dataclass(slots=True)
class Graph:
    """A sentence's words and what it says of them."""

    text: str
    tokens: tuple[Token, ...]
    nodes: dict[int, Node] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    aliases: dict[int, int] = field(default_factory=dict)
    """Words that stand for another word of the sentence: relative pronouns, "some" of "some of them"."""
    children: dict[int, list[Token]] = field(default_factory=lambda: defaultdict(list))
    copulas: dict[int, int] = field(default_factory=dict)
    """For each "be" that only joins, the word that it says something with."""
    verbs: dict[int, int] = field(default_factory=dict)
    """The other way round."""
    phrases: dict[int, int] = field(default_factory=dict)
    """For each word of a `have to`, `be able to`, the verb that it goes with."""
    outer: dict[int, int] = field(default_factory=dict)
    """For that verb, the word of the phrase that the others depend on."""
    said: dict[int, list[Edge]] = field(default_factory=dict)
    """The edges by their heads."""
    equals: dict[int, set[int]] = field(default_factory=dict)
    """For words that others name the same as: these, and the word itself."""

    def of(self, head: int) -> list[Edge]:
        """What is said of a word."""
        return self.said.get(head, [])

    def peers(self, place: int) -> set[int]:
        """The words that name the same as a word, itself among them."""
        return self.equals.get(place, {place})

    def roles(self, heads: set[int], dependents: set[int]) -> set[str]:
        """What is said of some of the one words by some of the others."""
        return {edge.role for head in heads for edge in self.of(head) if edge.dependent in dependents}

    def clause(self, place: int) -> int:
        """The nearest word with a verb of its own that a word belongs to."""
        seen = set()
        while place not in seen:
            seen.add(place)
            place = self.phrases.get(place, place)
            token = self.tokens[place]
            states = is_verb(token) and (token.tag != "VBG" or _subjects(self, place))
            inner = token.role in ("xcomp", "pcomp", "amod") and place not in self.outer
            if (states and not inner) or place in self.verbs:
                return place
            place = self.copulas.get(token.head, token.head)
        return place


@lru_cache(_KEPT)
def graph(text: str) -> Graph:
    """The graph of a sentence."""
    reading = read(text)
    made = Graph(reading.text, parse(_LAST_STOP.sub(r"\1 \2", reading.text)))
    for token in made.tokens:
        if token.head != token.place:
            made.children[token.head].append(token)
    _find_phrases(made)
    _join_copulas(made)
    _find_aliases(made)
    _add_nodes(made, reading.quantities)
    for token in made.tokens:
        _add_edges(made, token)
    _share(made)
    for edge in sorted(made.edges):
        made.said.setdefault(edge.head, []).append(edge)
        if edge.role == "same":
            both = {edge.head, edge.dependent}
            for place in both:
                made.equals.setdefault(place, set()).update(both)
    return made


def _find_phrases(made: Graph) -> None:
    """`Have to`, `be able to`, `be allowed to`: what is said of them is said of the verb after them."""
    for token in made.tokens:
        head = made.tokens[token.head]
        infinitive = token.role == "xcomp" and any(each.tag == "TO" for each in made.children[token.place])
        if not infinitive or head.lemma not in PHRASED_MODALS:
            continue
        outer = made.tokens[head.head] if head.role == "acomp" else head
        joined = outer.lemma == "be" if head.role == "acomp" else head.lemma in ("have", "need")
        if joined or _is_passive(made, head.place):
            made.outer[token.place] = outer.place
            for place in (head.place, outer.place):
                made.phrases[place] = made.aliases[place] = token.place


def _join_copulas(made: Graph) -> None:
    """What a "be" says of its subject is said by the word after it."""
    for token in made.tokens:
        if token.lemma == "be" and token.role not in ("aux", "auxpass"):
            said = [each for each in made.children[token.place] if each.role in ("attr", "acomp", "oprd")]
        elif token.lemma in LIGHT_VERBS and token.tag.startswith("V"):
            objects = [each for each in made.children[token.place] if each.role in ("dobj", "nsubjpass")]
            said = [each for each in objects if each.tag.startswith("N") and acts(each.lemma)]
        else:
            continue
        if said and said[0].place not in made.phrases:
            made.copulas[token.place] = said[0].place
            made.verbs[said[0].place] = token.place


def _find_aliases(made: Graph) -> None:
    """Relative pronouns stand for what is before; "some" of "some of them" for what comes after "of"."""
    for token in made.tokens:
        if token.role in ("relcl", "acl"):
            for each in _below(made, token.place):
                if each.lemma in _RELATIVES and each.tag in ("WDT", "WP", "WP$") and each.place not in made.aliases:
                    made.aliases[each.place] = token.head
        if token.lemma in QUANTIFIERS and not token.role.startswith(("advmod", "amod", "det", "predet", "quantmod")):
            for of in made.children[token.place]:
                if of.lemma == "of":
                    for each in made.children[of.place]:
                        if each.role == "pobj":
                            made.aliases[token.place] = each.place


def _below(made: Graph, place: int) -> Iterator[Token]:
    """The words of a relative clause that are not of another one."""
    for each in made.children[place]:
        if each.role not in ("relcl", "ccomp", "advcl"):
            yield each
            yield from _below(made, each.place)


def _add_nodes(made: Graph, quantities: tuple[Quantity, ...]) -> None:
    counted: dict[int, Quantity] = {}
    for quantity in quantities:
        inside = [each for each in made.tokens if each.start < quantity.end and quantity.start < each.end]
        if not inside:
            continue
        places = {each.place for each in inside}
        outer = [each for each in inside if each.head not in places or each.head == each.place] or inside
        top = outer[-1]
        made.nodes[top.place] = Node(
            top.place, made.text[quantity.start : quantity.end], str(quantity.value), "#", "", "CD", quantity
        )
        for each in inside:
            counted[each.place] = quantity
            if each.place != top.place:
                made.aliases[each.place] = top.place
    for token in made.tokens:
        if token.place in counted or token.place in made.aliases:
            continue
        node = _node(made, token)
        if node is not None:
            made.nodes[token.place] = node


def _node(made: Graph, token: Token) -> Node | None:
    """What a word says; None where it only holds the sentence together."""
    plain = folded(token.text)
    if token.tag in ("PRP", "PRP$", "WP", "WP$", "WDT") or (token.tag == "DT" and token.role not in ("det", "predet")):
        return Node(token.place, token.text, plain, "p", "", token.tag) if plain in PRONOUNS else None
    part = _PARTS.get(token.tag[0])
    if (
        part is None
        or token.place in made.copulas
        or token.role in _SILENT | {"prep"}
        or plain in CONDITIONS
        or token.tag == "RP"
        or not any(map(str.isalnum, plain))
    ):
        return None
    if token.tag in ("MD",) or plain in NEGATIONS | RARE or token.lemma in MODALS:
        return None
    if plain.rstrip(".") in _TITLES or plain == "one" or (plain in APPROXIMATORS and _is_of_number(made, token)):
        return None
    if token.lemma in LIGHT or (token.lemma in QUANTIFIERS and part in "arn" and QUANTIFIERS[token.lemma] != "another"):
        return None
    lemma = _lemma(token, plain)
    before = "".join(folded(each.text) for each in made.tokens[max(0, token.place - 2) : token.place])
    if before in ("non-", "-non-") or before.endswith(" non-"):
        lemma = plain = f"non{lemma}"
    return Node(token.place, token.text, lemma, part, stemmed(plain.removesuffix("'s")), token.tag)


def _is_of_number(made: Graph, token: Token) -> bool:
    return (
        token.role == "quantmod" or made.tokens[token.head].tag == "CD" or made.tokens[token.head].place in made.nodes
    )


def _lemma(token: Token, plain: str) -> str:
    """The lemma; of a verb with a particle, the verb alone."""
    return folded(token.lemma) if token.lemma else plain


def _add_edges(made: Graph, token: Token) -> None:
    """What a word's place in the sentence says of it and its head."""
    role, head = token.role, made.tokens[token.head]
    if role == "ROOT" or role in _SILENT - {"det"}:
        return
    if head.place in made.phrases:
        head = made.tokens[made.phrases[head.place]]
        role = ("nsubjpass" if _is_passive(made, head.place) else "nsubj") if role in _SUBJECTS else role
    top = made.copulas.get(head.place, head.place)
    own = made.phrases.get(token.place, token.place)
    own = made.copulas.get(own, own)
    if top == own:
        return
    if role in _SUBJECTS and head.tag == "IN":
        return  # `the Liberals voted in favour, the Greens against`
    if role in ("nsubj", "csubj"):
        said = "subject" if head.place in made.copulas else "agent"
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
            if token.role == "agent" or (token.lemma == "by" and _is_passive(made, token.head)):
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


def _is_passive(made: Graph, place: int) -> bool:
    return any(each.role == "auxpass" for each in made.children[place])


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
    if token.role in ("xcomp", "advcl", "pcomp") and not _subjects(made, token.place):
        outer = made.children[token.head]
        controls = [each for each in outer if each.role == "dobj"] if token.role == "xcomp" else []
        controls = controls or [each for each in outer if each.role in ("nsubj", "nsubjpass")]
        for each in controls[:1]:
            passive = _is_passive(made, token.place) or (token.tag == "VBN" and not _has_have(made, token.place))
            role = "subject" if token.place in made.copulas else "patient" if passive else "agent"
            _put(made, own, role, each.place)


def is_beside(made: Graph, token: Token) -> bool:
    """Whether a clause is only joined to the next one, by a semicolon or a comma."""
    head = made.tokens[token.head]
    if token.role != "ccomp" or token.place > head.place:
        return False
    marked = any(each.role == "mark" for each in made.children[token.place])
    return not marked and head.lemma not in REPORTS | DENIALS


def _subjects(made: Graph, place: int) -> list[Token]:
    return [each for each in made.children[place] if each.role in ("nsubj", "nsubjpass", "csubj", "expl")]


def _fill(made: Graph, token: Token, own: int) -> None:
    """What a clause after a noun leaves out is the noun: `the bridge built in 1871`."""
    if any(made.aliases.get(each.place) == token.head for each in _below(made, token.place)):
        return
    infinitive = any(each.role == "aux" and each.tag == "TO" for each in made.children[token.place])
    if token.tag == "VBN" and not infinitive:
        _put(made, own, "patient", token.head)
    elif token.tag == "VBG":
        _put(made, own, "agent", token.head)
    elif token.role == "relcl" and _subjects(made, token.place) and not _has_object(made, token.place):
        _put(made, own, "patient", token.head)


def _has_object(made: Graph, place: int) -> bool:
    return any(each.role == "dobj" for each in made.children[place])


def _share(made: Graph) -> None:
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
    if not _subjects(made, own):
        _share_subject(made, one, other, own)
    if _is_passive(made, head) and token.tag == "VBN":
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
    passive = _is_passive(made, own)
    for edge in [each for each in made.edges if each.head == one]:
        if edge.role in ("agent", "subject", "patient") and (edge.role != "patient" or _is_passive(made, one)):
            role = "patient" if passive else "subject" if own in made.copulas else "agent"
            if made.tokens[own].tag == "VBN" and edge.role == "patient":
                role = "patient"
            _put(made, other, role, edge.dependent)


def is_verb(token: Token) -> bool:
    """Whether it is a verb, and no preposition that was made of one: `according`, `including`."""
    if not token.tag.startswith("V") or token.role == "prep" or token.lemma in CONDITIONS:
        return False
    return usual_part(token.lemma, "v") == "v"  # the grammar takes a noun for a verb now and then


def is_plural(node: Node) -> bool:
    """Whether a noun is in the plural."""
    return node.tag in _PLURAL
