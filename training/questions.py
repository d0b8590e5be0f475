"""Converts questions with their answers to statements: *Who built it?* and *Ada* become *Ada built it*."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from training.grammar import child, lowered, tidy
from training.lexicon import inflected

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_DO = {"did": "VBD", "does": "VBZ", "do": "VBP"}
_PREPOSITIONS = tuple("in on at by for from to with during after before since near about".split())


def stated(question: Doc) -> tuple[str, str] | None:
    """Return both answers of a yes-no question, *Tea helps* and *Tea does not help*; None for other questions."""
    helper = question[0]
    verb = helper if helper.dep_ == "ROOT" else helper.head
    subject = child(verb, {"nsubj", "nsubjpass"}) or (child(verb, {"attr"}) if verb is helper else None)
    if helper.pos_ not in ("AUX", "VERB") or subject is None or subject.left_edge.i != 1 or question[-1].text != "?":
        return None
    after = subject.right_edge.i + 1
    if (
        after >= len(question) - 1
        or not helper.text.istitle()
        or subject.pos_ == "PRON"
        or question[after].text.istitle()
    ):
        return None
    about, help_ = lowered(subject.left_edge, question[1:after].text), helper.lower_
    rest = question[after:-1].text
    denied = tidy(f"{about} {help_} not {rest}")
    if help_ not in _DO:
        return tidy(f"{about} {help_} {rest}"), denied
    if verb is helper or verb.i < after:
        return None
    form = inflected(verb.lemma_, _DO[help_])
    return tidy(f"{about} {question[after : verb.i].text} {form} {question[verb.i + 1 : -1].text}"), denied


def statement(question: Doc, answer: str) -> str | None:
    """Return the statement that question and answer make, or None for an unknown kind of question."""
    asked = _asked(question)
    if asked is None or len(answer.split()) > 12 or len(question) > 30:
        return None
    start, end, word = asked
    answer = _with_unit(question, start, end, answer.strip(" .,"))
    head = question[end - 1]
    rest = question[end:].text.rstrip("?. ")
    if (
        start == 0
        and end < len(question)
        and head.dep_ in ("nsubj", "nsubjpass")
        and question[end].pos_ in ("VERB", "AUX")
    ):
        return tidy(f"{answer} {rest}")
    preposition = question[0].text.lower() if start == 1 else ""
    if start > 1 or end >= len(question):
        return None
    return _moved(question, end, f"{preposition} {answer}".strip(), word)


def _asked(question: Doc) -> tuple[int, int, str] | None:
    """Return the bounds of the question phrase, and its question word."""
    for token in question[:2]:
        text = token.lower_
        if text in ("who", "what", "when", "where"):
            noun = token.head if text == "what" and token.dep_ == "det" else token
            return token.i, (noun.i if noun.i > token.i else token.i) + 1, text
        if text == "which" and token.head.i > token.i and token.dep_ == "det":
            return token.i, token.head.i + 1, text
        if text == "how" and token.i + 1 < len(question) and question[token.i + 1].lower_ in ("many", "much"):
            noun = question[token.i + 1].head
            counted = noun.pos_ == "NOUN" and noun.i > token.i
            return token.i, (noun.i if counted else token.i + 1) + 1, "how many"
    return None


def _with_unit(question: Doc, start: int, end: int, answer: str) -> str:
    """Append the counted noun to a number: *how many people* and *12* become *12 people*."""
    counted = question[start + 2 : end].text if question[start].lower_ == "how" else ""
    return (
        f"{answer} {counted}"
        if counted and not re.search("[A-Za-z]{3}", answer.split()[-1] if answer else "x")
        else answer
    )


def _moved(question: Doc, at: int, answer: str, word: str) -> str | None:
    """Return the statement for a question whose auxiliary precedes its subject."""
    helper = question[at]
    if helper.pos_ not in ("AUX", "VERB"):
        return None
    verb = helper if helper.dep_ == "ROOT" else helper.head
    subject = child(verb, {"nsubj", "nsubjpass"}) or (child(verb, {"attr"}) if verb is helper else None)
    if subject is None or subject.left_edge.i != at + 1:
        return None
    subject_text = lowered(subject.left_edge, question[at + 1 : subject.right_edge.i + 1].text)
    after = subject.right_edge.i + 1
    if after > len(question) - 1:
        return tidy(f"{subject_text} {helper.text} {_placed(answer, word)}")
    if verb is helper:
        return tidy(f"{subject_text} {helper.text} {question[after:].text.rstrip('?. ')} {_placed(answer, word)}")
    if verb.i < after:
        return None
    between, rest = question[after : verb.i].text, question[verb.i + 1 :].text.rstrip("?. ")
    if helper.lower_ in _DO:
        form = f"{between} {inflected(verb.lemma_, _DO[helper.lower_])}"
    else:
        form = f"{helper.text} {between} {verb.text}"
    if word in ("when", "where") or answer.lower().startswith(_PREPOSITIONS):
        return tidy(f"{subject_text} {form} {rest} {_placed(answer, word)}")
    if _takes_object(verb):
        return tidy(f"{subject_text} {form} {answer} {rest}")
    return tidy(f"{subject_text} {form} {rest} {answer}")


def _takes_object(verb: Token) -> bool:
    """Whether the answer belongs right after the verb: the question has no stranded preposition and no object."""
    last = verb.doc[len(verb.doc) - 2]
    return last.tag_ not in ("IN", "RP") and child(verb, {"dobj", "xcomp", "ccomp", "prt"}) is None


def _placed(answer: str, word: str) -> str:
    """Add a preposition to a time or a place."""
    if word not in ("when", "where") or answer.lower().split()[0] in _PREPOSITIONS:
        return answer
    return f"in {answer}" if answer[:1].isupper() or answer[:1].isdigit() else answer
