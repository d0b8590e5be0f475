"""Wraps statements in other statements: reported, denied, believed, supposed, made up, asked, or known.

The inner statement follows only if the wrapper implies that it is true. A claim that keeps the wrapper follows from
the wrapped statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from training.grammar import bounds, child, lowered, tidy

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from spacy.tokens import Span

SUPPORTED, CONTRADICTED, NOT_SAID = range(3)
NOT_SUPPORTED = 3
"""Contradicted or not said; the labels of some sets do not distinguish the two."""


class Wrapper(NamedTuple):
    """Ways to wrap a statement `{s}` of a person `{w}`, and the claims that follow; `{o}` is another person."""

    kind: str
    premises: tuple[str, ...]
    kept: tuple[str, ...]
    """Claims that follow from each of the premises."""
    wrong: tuple[str, ...]
    """Claims, apart from the bare statement, that do not follow from any of the premises."""
    bare: int
    """The class of the bare statement."""


WRAPPERS = (
    Wrapper(
        "report",
        ("{W} said that {s}.", "{W} claims that {s}.", "According to {w}, {s}.", "{W} alleged that {s}.", "{W} told reporters that {s}.", "{S}, {w} said.", "{W} has argued that {s}."),
        ("{W} said that {s}.", "According to {w}, {s}.", "{W} stated that {s}.", "{S}, according to {w}.", "{W} asserts that {s}."),
        ("{W} denied that {s}.", "It has been proven that {s}.", "{W} doubted that {s}.", "{W} proved that {s}.", "Everybody agrees that {s}.", "{O} said that {s}.", "According to {o}, {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "denial",
        ("{W} denied that {s}.", "It is not true that {s}.", "{W} rejected the claim that {s}.", "It is a myth that {s}.", "The claim that {s} is false.", "Contrary to what is often said, it is not the case that {s}.", "{W} disputed that {s}.", "Reports that {s} turned out to be wrong."),
        (),
        ("{W} confirmed that {s}.", "{W} admitted that {s}.", "It is true that {s}.", "{W} said that {s}.", "It is well known that {s}."),
        CONTRADICTED,
    ),
    Wrapper(
        "denied by one",
        ("{W} denied that {s}.", "{W} has denied that {s}.", "{W} denies that {s}.", "{W} rejected the claim that {s}."),
        ("{W} denied that {s}.", "{W} rejected the claim that {s}.", "{W} did not accept that {s}.", "According to {w}, it is not true that {s}.", "{W} disputes that {s}.", "It was denied by {w} that {s}."),
        ("{W} confirmed that {s}.", "{W} admitted that {s}.", "{O} denied that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "not true",
        ("It is not true that {s}.", "It is a myth that {s}.", "The claim that {s} is false.", "The belief that {s} is mistaken.", "It is simply untrue that {s}."),
        ("It is not true that {s}.", "It is false that {s}.", "It is not the case that {s}.", "The statement that {s} is wrong.", "The claim that {s} is untrue."),
        ("It is true that {s}.", "It is likely that {s}.", "There is proof that {s}."),
        CONTRADICTED,
    ),
    Wrapper(
        "belief",
        ("{W} believed that {s}.", "Many people think that {s}.", "It was long believed that {s}.", "{W} hoped that {s}.", "{W} feared that {s}.", "It is often assumed that {s}.", "There were rumours that {s}.", "{W} suspected that {s}.", "It has been suggested that {s}."),
        (),
        ("It has been shown that {s}.", "{W} knew that {s}.", "It is certain that {s}.", "{W} found out that {s}.", "Studies have confirmed that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "believed by one",
        ("{W} believed that {s}.", "{W} suspected that {s}.", "{W} was of the opinion that {s}.", "{W} thought that {s}."),
        ("{W} believed that {s}.", "{W} thought that {s}.", "{W} was of the opinion that {s}.", "In the opinion of {w}, {s}."),
        ("{W} knew that {s}.", "{W} did not believe that {s}.", "{O} believed that {s}.", "{W} proved that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "supposition",
        ("If {s}, the plan will fail.", "Suppose that {s}.", "It would be a surprise if {s}.", "Nobody knows whether {s}.", "It is unclear whether {s}.", "The question is whether {s}.", "Unless {s}, the work will stop.", "It is possible that {s}.", "Perhaps {s}.", "Imagine that {s}.", "{W} asked whether {s}.", "There is no evidence that {s}."),
        (),
        ("It is clear that {s}.", "It is certain that {s}.", "Nobody doubts that {s}.", "There is evidence that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "open question",
        ("It is unclear whether {s}.", "It is not known whether {s}.", "Nobody knows whether {s}.", "It remains an open question whether {s}.", "There is no evidence that {s}."),
        ("It is not certain that {s}.", "It has not been established that {s}.", "It is not known for certain that {s}."),
        ("It is known that {s}.", "It is certain that {s}.", "It has been shown that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "fiction",
        ("In the novel, {s}.", "The film tells how {s}.", "In a dream, {w} saw that {s}.", "Legend has it that {s}.", "In the play by {w}, {s}.", "The game is set in a world in which {s}."),
        (),
        ("It is a historical fact that {s}.", "It really happened that {s}."),
        NOT_SAID,
    ),
    Wrapper(
        "fact",
        ("{W} found that {s}.", "{W} discovered that {s}.", "It is a fact that {s}.", "{W} knew that {s}.", "It turned out that {s}.", "The report confirmed that {s}.", "{W} did not know that {s}.", "Few people know that {s}.", "{W} was glad that {s}.", "It is well known that {s}.", "{W} forgot that {s}.", "It surprised {w} that {s}."),
        ("{S}.", "It is true that {s}.", "It is a fact that {s}."),
        ("{W} denied that {s}.", "{W} doubted that {s}.", "It is not true that {s}."),
        SUPPORTED,
    ),
)  # fmt: skip
_USUAL = {"report": 3, "supposition": 2, "belief": 2}
"""How often these kinds are used, relative to the others, because they mislead most."""
PEOPLE = (
    "the mayor", "the company", "a spokesman", "the ministry", "the agency", "her brother", "one witness", "the board", "the author",
    "the chairman", "a former employee", "the police", "the minister", "the union", "his lawyer", "the university", "the operator",
    "an inspector", "the committee", "the manufacturer", "a neighbour", "the governor", "the newspaper", "the opposition", "Dr Keller",
    "Maria Santos", "President Hollis", "the historian", "the bank", "a rival", "the council", "the director", "Professor Lind",
)  # fmt: skip


def wrapped(sentence: Span, chance: random.Random) -> Iterator[tuple[str, str, int, str]]:
    """Yield claims that keep, drop or replace one wrapper of a statement: premise, claim, class and kind."""
    wrapper = chance.choices(WRAPPERS, [_USUAL.get(wrapper.kind, 1) for wrapper in WRAPPERS])[0]
    whole = sentence.text.rstrip(". ")
    person, other_person = chance.sample(PEOPLE, 2)
    words = {
        "s": lowered(sentence[0], whole),
        "S": whole,
        "w": person,
        "W": _capital(person),
        "o": other_person,
        "O": _capital(other_person),
    }
    premise = tidy(chance.choice(wrapper.premises).format(**words))
    kept = [claim for claim in wrapper.kept if tidy(claim.format(**words)) != premise]
    if kept:
        yield premise, tidy(chance.choice(kept).format(**words)), SUPPORTED, "wrapper kept"
    if chance.random() < (0.6 if kept else 0.8):
        name = "wrapper of a fact" if wrapper.bare == SUPPORTED else f"wrapper dropped: {wrapper.kind.split()[0]}"
        yield premise, tidy(whole), wrapper.bare, name
    if chance.random() < 0.4:
        yield premise, tidy(chance.choice(wrapper.wrong).format(**words)), NOT_SAID, "wrapper exchanged"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_VOUCHING = {
    "know",
    "show",
    "find",
    "discover",
    "reveal",
    "realize",
    "realise",
    "note",
    "notice",
    "learn",
    "demonstrate",
    "confirm",
}
_NOT_VOUCHING = {
    "say", "claim", "believe", "think", "argue", "suggest", "allege", "deny", "doubt", "hope", "fear", "assume", "state", "propose",
    "suspect", "speculate", "predict", "expect", "report", "hypothesize", "consider", "feel", "maintain", "assert", "estimate", "tell",
}  # fmt: skip


def unwrapped(sentence: Span) -> tuple[str, int, str] | None:
    """Return the bare statement of a sentence that wraps it, with its class and kind; None for other sentences."""
    for token in sentence:
        inner = child(token, {"ccomp"}) if token.pos_ == "VERB" else None
        if inner is None or child(inner, {"nsubj", "nsubjpass"}) is None or inner.i < token.i or child(token, {"neg"}):
            continue
        start, end = bounds(inner)
        first = sentence.doc[start]
        start += first.lower_ == "that"
        if first.lower_ in ("whether", "if", "how", "why", "what", "who", "which") or end - start < 5:
            continue
        text = tidy(sentence.doc[start:end].text)
        if token.lemma_ in _VOUCHING:
            return text, SUPPORTED, "wrapper of a fact"
        if token.lemma_ in _NOT_VOUCHING:
            return text, NOT_SAID, "wrapper dropped: report"
    for token in sentence:
        mark = child(token, {"mark"}) if token.dep_ == "advcl" else None
        if mark is not None and mark.lower_ in ("if", "unless") and child(token, {"nsubj", "nsubjpass"}):
            start, end = bounds(token)
            return tidy(sentence.doc[start + 1 : end].text), NOT_SAID, "wrapper dropped: supposition"
    return None
