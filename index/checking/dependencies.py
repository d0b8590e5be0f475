"""From the dependencies of the grammar to the graph of a sentence: its words, what stands for what, and its edges."""

from __future__ import annotations

import re
import threading
from itertools import islice
from typing import TYPE_CHECKING

from index.checking.edges import SILENT, add_edges, share
from index.checking.facts import read
from index.checking.graph import Graph, Node, below, is_passive
from index.checking.thesaurus import acts
from index.checking.vocabulary import (
    APPROXIMATORS,
    CONDITIONS,
    LIGHT,
    MODALS,
    NEGATIONS,
    PHRASED_MODALS,
    PRONOUNS,
    QUANTIFIERS,
    RARE,
)
from index.checking.wording import folded
from index.grammar import parse_all
from index.stems import stem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.checking.facts import Reading
    from index.checking.quantity import Quantity
    from index.grammar import Token

_KEPT = 4096
"""How many sentences are remembered: those of a source are compared with each sentence of an answer."""
_remembered: dict[str, Graph] = {}
_remembering = threading.Lock()
_LAST_STOP = re.compile(r"(\w)(\.[\"')\]”’]*)$")
"""It is set apart, lest "vitamin K." have a word "K."."""
_TITLES = frozenset("mr mrs ms miss dr prof sir dame lord lady st".split())
LIGHT_VERBS = frozenset(("make", "give", "take", "hold"))
"""What they say is said by their object: "made a bid"."""
_PARTS = {"N": "n", "V": "v", "J": "a", "R": "r"}
_RELATIVES = frozenset(("that", "which", "who", "whom", "whose"))


def graph(text: str) -> Graph:
    """The graph of a sentence."""
    return graphs((text,))[0]


def graphs(texts: Sequence[str]) -> tuple[Graph, ...]:
    """The graph of each sentence; those that are not remembered are parsed together, which takes half the time."""
    found = {text: made for text in texts if (made := _remembered.get(text))}
    readings = {text: read(text) for text in texts if text not in found}
    if readings:
        parsed = parse_all([_LAST_STOP.sub(r"\1 \2", reading.text) for reading in readings.values()])
        new = {text: _made(readings[text], tokens) for text, tokens in zip(readings, parsed, strict=True)}
        found |= new
        _remember(new)
    return tuple(found[text] for text in texts)


def _remember(new: dict[str, Graph]) -> None:
    """Keep these; of more than there is room for, those go that came first."""
    with _remembering:
        _remembered.update(new)
        for text in list(islice(_remembered, max(0, len(_remembered) - _KEPT))):
            del _remembered[text]


def _made(reading: Reading, tokens: tuple[Token, ...]) -> Graph:
    made = Graph(reading.text, tokens)
    for token in made.tokens:
        if token.head != token.place:
            made.children[token.head].append(token)
    _find_phrases(made)
    _join_copulas(made)
    _find_aliases(made)
    _add_nodes(made, reading.quantities)
    for token in made.tokens:
        add_edges(made, token)
    share(made)
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
        if joined or is_passive(made, head.place):
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
            for each in below(made, token.place):
                if each.lemma in _RELATIVES and each.tag in ("WDT", "WP", "WP$") and each.place not in made.aliases:
                    made.aliases[each.place] = token.head
        if token.lemma in QUANTIFIERS and not token.role.startswith(("advmod", "amod", "det", "predet", "quantmod")):
            for of in made.children[token.place]:
                if of.lemma == "of":
                    for each in made.children[of.place]:
                        if each.role == "pobj":
                            made.aliases[token.place] = each.place


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
        or token.role in SILENT | {"prep"}
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
    return Node(token.place, token.text, lemma, part, stem(plain.removesuffix("'s")), token.tag)


def _is_of_number(made: Graph, token: Token) -> bool:
    return (
        token.role == "quantmod" or made.tokens[token.head].tag == "CD" or made.tokens[token.head].place in made.nodes
    )


def _lemma(token: Token, plain: str) -> str:
    """The lemma; of a verb with a particle, the verb alone."""
    return folded(token.lemma) if token.lemma else plain
