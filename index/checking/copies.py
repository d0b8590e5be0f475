"""Detects claims that were copied from a sentence with a few words replaced or cut off.

If everything else is the same, each replaced word counts: a copy with another word says something else, unless the two
words mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.checking.dependencies import parse_graph
from index.checking.objections import Objection
from index.checking.roles import INTERCHANGEABLE
from index.checking.wording import folded, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.checking.alignment import Window

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
    """Yield an objection for each word that a cut leaves out: `Food` of `Food stalls must …`, or `or later`."""
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
