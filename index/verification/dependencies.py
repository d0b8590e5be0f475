"""Turns the parser's dependencies into the graph of a sentence, and caches the graphs."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from index.text.words import stem
from index.verification.edges import SILENT, add_edges, share_edges
from index.verification.grammar import folded, normalise, parse_all, words
from index.verification.graph import Graph, Node, descendants, is_passive
from index.verification.numbers import quantities
from index.verification.thesaurus import names_action
from index.verification.vocabulary import (
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.grammar import Token
    from index.verification.quantities import Quantity

MOST = 4000
"""The longest part of a sentence that is read, in characters. index.text.sentences makes none that is longer."""
_NOTE = re.compile(r"(?:(?<=[.,;:!?)\"'”’])|(?<=[^\W\d_]{3})|(?<=\d{4}))(?:\[\d{1,3}\])+")
"""Matches footnote numbers, as in `in 1968,[1]`, but not `x[1]`."""
_CACHED_GRAPHS = 4096
"""The number of cached graphs: each sentence of an answer is compared with the same sentences of a source."""
_cache: dict[str, Graph] = {}
_cache_lock = threading.Lock()
_LAST_STOP = re.compile(r"(\w)(\.[\"')\]”’]*)$")
"""The last full stop becomes a separate token; otherwise "vitamin K." would contain a word "K."."""
_TITLES = frozenset("mr mrs ms miss dr prof sir dame lord lady st".split())
LIGHT_VERBS = frozenset(("make", "give", "take", "hold"))
"""Verbs whose object carries the meaning: "made a bid"."""
_PARTS = {"N": "n", "V": "v", "J": "a", "R": "r"}
_RELATIVES = frozenset(("that", "which", "who", "whom", "whose"))


@dataclass(frozen=True, slots=True)
class SentenceFacts:
    """A normalised sentence with its numbers."""

    text: str
    """Normalised: offsets count in this text."""
    quantities: tuple[Quantity, ...]


def extract_facts(text: str) -> SentenceFacts:
    """Normalise a sentence and extract its numbers; a sentence beyond MOST characters is truncated."""
    text = _NOTE.sub("", normalise(text[:MOST]))
    return SentenceFacts(text, quantities(text, words(text)))


def parse_graph(text: str) -> Graph:
    """Return the graph of a sentence."""
    return parse_graphs((text,))[0]


def parse_graphs(texts: Sequence[str]) -> tuple[Graph, ...]:
    """Return the graph of each sentence. Sentences that are not cached are parsed together, which halves the time."""
    found = {text: graph for text in texts if (graph := _cache.get(text))}
    facts_by_text = {text: extract_facts(text) for text in texts if text not in found}
    if facts_by_text:
        parsed = parse_all([_LAST_STOP.sub(r"\1 \2", facts.text) for facts in facts_by_text.values()])
        new = {
            text: _build_graph(facts_by_text[text], tokens) for text, tokens in zip(facts_by_text, parsed, strict=True)
        }
        found |= new
        _store(new)
    return tuple(found[text] for text in texts)


def _store(new: dict[str, Graph]) -> None:
    """Add graphs to the cache and evict the oldest if there are too many."""
    with _cache_lock:
        _cache.update(new)
        for text in list(islice(_cache, max(0, len(_cache) - _CACHED_GRAPHS))):
            del _cache[text]


def _build_graph(facts: SentenceFacts, tokens: tuple[Token, ...]) -> Graph:
    graph = Graph(facts.text, tokens)
    for token in graph.tokens:
        if token.head != token.place:
            graph.children[token.head].append(token)
    _find_phrases(graph)
    _join_copulas(graph)
    _find_aliases(graph)
    _add_nodes(graph, facts.quantities)
    for token in graph.tokens:
        add_edges(graph, token)
    share_edges(graph)
    for edge in sorted(graph.edges):
        graph.edges_by_head.setdefault(edge.head, []).append(edge)
        if edge.role == "same":
            both = {edge.head, edge.dependent}
            for place in both:
                graph.equivalents.setdefault(place, set()).update(both)
    return graph


def _find_phrases(graph: Graph) -> None:
    """Find `have to`, `be able to`, `be allowed to`: their dependents belong to the verb after them."""
    for token in graph.tokens:
        head = graph.tokens[token.head]
        infinitive = token.role == "xcomp" and any(child.tag == "TO" for child in graph.children[token.place])
        if not infinitive or head.lemma not in PHRASED_MODALS:
            continue
        outer = graph.tokens[head.head] if head.role == "acomp" else head
        joined = outer.lemma == "be" if head.role == "acomp" else head.lemma in ("have", "need")
        if joined or is_passive(graph, head.place):
            graph.outer[token.place] = outer.place
            for place in (head.place, outer.place):
                graph.phrases[place] = graph.aliases[place] = token.place


def _join_copulas(graph: Graph) -> None:
    """Link each copula ("be") to its predicate, the word after it that says something about the subject."""
    for token in graph.tokens:
        if token.lemma == "be" and token.role not in ("aux", "auxpass"):
            complements = [child for child in graph.children[token.place] if child.role in ("attr", "acomp", "oprd")]
        elif token.lemma in LIGHT_VERBS and token.tag.startswith("V"):
            objects = [child for child in graph.children[token.place] if child.role in ("dobj", "nsubjpass")]
            complements = [noun for noun in objects if noun.tag.startswith("N") and names_action(noun.lemma)]
        else:
            continue
        if complements and complements[0].place not in graph.phrases:
            graph.copulas[token.place] = complements[0].place
            graph.verbs[complements[0].place] = token.place


def _find_aliases(graph: Graph) -> None:
    """Resolve relative pronouns to the noun before them, and "some" of "some of them" to the word after "of"."""
    for token in graph.tokens:
        if token.role in ("relcl", "acl"):
            for pronoun in descendants(graph, token.place):
                if (
                    pronoun.lemma in _RELATIVES
                    and pronoun.tag in ("WDT", "WP", "WP$")
                    and pronoun.place not in graph.aliases
                ):
                    graph.aliases[pronoun.place] = token.head
        if token.lemma in QUANTIFIERS and not token.role.startswith(("advmod", "amod", "det", "predet", "quantmod")):
            for of in graph.children[token.place]:
                if of.lemma == "of":
                    for child in graph.children[of.place]:
                        if child.role == "pobj":
                            graph.aliases[token.place] = child.place


def _add_nodes(graph: Graph, quantities: tuple[Quantity, ...]) -> None:
    counted: dict[int, Quantity] = {}
    for quantity in quantities:
        inside = [token for token in graph.tokens if token.start < quantity.end and quantity.start < token.end]
        if not inside:
            continue
        places = {token.place for token in inside}
        outer = [token for token in inside if token.head not in places or token.head == token.place] or inside
        top = outer[-1]
        graph.nodes[top.place] = Node(
            top.place, graph.text[quantity.start : quantity.end], str(quantity.value), "#", "", "CD", quantity
        )
        for token in inside:
            counted[token.place] = quantity
            if token.place != top.place:
                graph.aliases[token.place] = top.place
    for token in graph.tokens:
        if token.place in counted or token.place in graph.aliases:
            continue
        node = _node(graph, token)
        if node is not None:
            graph.nodes[token.place] = node


def _node(graph: Graph, token: Token) -> Node | None:
    """Return the node of a word; None for a function word."""
    plain = folded(token.text)
    if token.tag in ("PRP", "PRP$", "WP", "WP$", "WDT") or (token.tag == "DT" and token.role not in ("det", "predet")):
        return Node(token.place, token.text, plain, "p", "", token.tag) if plain in PRONOUNS else None
    part = _PARTS.get(token.tag[0])
    if (
        part is None
        or token.place in graph.copulas
        or token.role in SILENT | {"prep"}
        or plain in CONDITIONS
        or token.tag == "RP"
        or not any(map(str.isalnum, plain))
    ):
        return None
    if token.tag in ("MD",) or plain in NEGATIONS | RARE or token.lemma in MODALS:
        return None
    if plain.rstrip(".") in _TITLES or plain == "one" or (plain in APPROXIMATORS and _is_of_number(graph, token)):
        return None
    if token.lemma in LIGHT or (token.lemma in QUANTIFIERS and part in "arn" and QUANTIFIERS[token.lemma] != "another"):
        return None
    lemma = _lemma(token, plain)
    before = "".join(folded(word.text) for word in graph.tokens[max(0, token.place - 2) : token.place])
    if before in ("non-", "-non-") or before.endswith(" non-"):
        lemma = plain = f"non{lemma}"
    return Node(token.place, token.text, lemma, part, stem(plain.removesuffix("'s")), token.tag)


def _is_of_number(graph: Graph, token: Token) -> bool:
    return (
        token.role == "quantmod"
        or graph.tokens[token.head].tag == "CD"
        or graph.tokens[token.head].place in graph.nodes
    )


def _lemma(token: Token, plain: str) -> str:
    """Return the lemma; for a verb with a particle, the lemma of the verb alone."""
    return folded(token.lemma) if token.lemma else plain
