"""Reads quantifiers: all or some of something, only this, about so many, more or most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.checking.vocabulary import APPROXIMATORS, QUANTIFIERS

if TYPE_CHECKING:
    from index.checking.graph import Graph
    from index.grammar import Token

_BEFORE_NUMBER = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, APPROXIMATORS), key=len, reverse=True)) + r")[.\s]*(?:US)?[$€£¥]?\s?$",
    re.IGNORECASE,
)


def quantity_of(graph: Graph, place: int) -> str:
    """Return the quantifier of a noun: `all`, `some` …; empty if there is none."""
    found = [QUANTIFIERS[child.lemma] for child in graph.children[place] if _quantifies(child) and child.lemma != "any"]
    found += [QUANTIFIERS[graph.tokens[other].lemma] for other, target in graph.aliases.items()
              if target == place and graph.tokens[other].lemma in QUANTIFIERS]  # fmt: skip
    if graph.tokens[place].lemma in QUANTIFIERS:
        found.append(QUANTIFIERS[graph.tokens[place].lemma])
    return next(filter(None, found), "")


def degree(graph: Graph, place: int) -> str:
    """Return `more`, `less`, `most` or `least` for an adjective or adverb that compares; empty for others."""
    degrees = [child.lemma for child in graph.children[place] if child.lemma in ("more", "less", "most", "least")]
    if degrees:
        return degrees[0]
    return {"JJR": "more", "RBR": "more", "JJS": "most", "RBS": "most"}.get(graph.tokens[place].tag, "")


def exclusion(graph: Graph, place: int) -> str:
    """Return `only` or `not only` if such a word or `alone` modifies a word; empty if none does."""
    token = graph.tokens[place]
    around = graph.children[token.head] if token.role == "pobj" else ()  # `only in adults`
    for child in (*graph.children[place], *(other for other in around if other.role in ("advmod", "neg"))):
        inner = [child, *graph.children[child.place]]
        if any(other.lemma in ("only", "alone", "solely", "exclusively") for other in inner):
            before = graph.tokens[max(0, min(other.place for other in inner) - 1)]
            return "not only" if "not" in (before.lemma, *(other.lemma for other in inner)) else "only"
    return ""


def approximation(text: str, start: int) -> str:
    """Return how exact a number at an offset is: `about`, `least` …; empty if it is exact."""
    found = _BEFORE_NUMBER.search(text[max(0, start - 30) : start])
    return APPROXIMATORS[found[1].lower()] if found else ""


def _quantifies(token: Token) -> bool:
    return token.lemma in QUANTIFIERS and token.role in (
        "det",
        "predet",
        "amod",
        "advmod",
        "nummod",
        "quantmod",
        "nmod",
        "appos",
    )
