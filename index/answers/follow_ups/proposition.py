"""Turns what the earlier question or its answer states into a new question: `why?` to `Why did Rosneft give in?`"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from index.answers.follow_ups.antecedents import named
from index.answers.follow_ups.utterance import utterances

if TYPE_CHECKING:
    from index.answers.follow_ups.antecedents import Context
    from index.answers.follow_ups.utterance import Utterance
    from index.verification.grammar import Token

LONGEST_CLAUSE = 24
"""A clause of more words is not put into a question."""
LONGEST_OBJECT = 8
_VERB = re.compile(r"VB[DGNPZ]?|MD")
_FINITE = ("VBD", "VBZ", "VBP", "MD")
_LIGHT = frozenset(("do", "happen", "occur", "say", "think", "make", "call", "mean"))
"""Verbs that say little: of a question with one, the answer is the better source of what is meant."""
_SUBJECTS = ("nsubj", "nsubjpass", "csubj", "expl")
_CONTRACTIONS = {
    "'s": "is",
    "’s": "is",
    "'re": "are",
    "’re": "are",
    "n't": "not",
    "n’t": "not",
    "wo": "will",
    "ca": "can",
}


def ask_about(words: str, context: Context, *, negated: bool = False) -> str | None:
    """Return a whole question that begins with `words` and asks about the newest turn; None if it cannot be made.

    `words` are question words such as `why`, `since when`, `how much`. `negated` asks why something is not the case.
    """
    statement = _inverted(context, words)
    if statement is None:
        return None
    if negated:
        statement = _denied(statement)
    return f"{words[:1].upper()}{words[1:]} {statement}?"


def _inverted(context: Context, words: str = "") -> str | None:
    """Return what the newest turn states, in the order of a question without its question word: `did he go to Rome`."""
    question = context.question
    verb = _first_verb(question)
    if verb is None:
        return None
    if verb.place == 0:
        return _lowered(_rest(question, 0))
    root = question.root
    light = root is not None and root.lemma in _LIGHT and not words.startswith(("what", "who"))
    if light and (clause := _answered(context)):
        return clause
    if not _is_subject_asked(question, verb):
        return _with_object(question, verb, context)
    return _with_subject(question, verb, context)


def action(question: Utterance) -> str:
    """Return the main verb of a question with what follows it: `give the trustee his tax return`.

    A form of `be` is left out with its subject: `cheap` for `Was bread cheap?` Empty if the verb is not found.
    """
    verb = _main_verb(question)
    if verb is None or (verb.lemma == "do" and verb.place == 0):
        return ""
    if verb.lemma != "be":
        return f"{verb.lemma}{question.text[verb.end :].rstrip(' ?.!')}"
    subject = question.phrase_of(question.child(verb, *_SUBJECTS))
    after = subject.full_end if subject is not None and subject.start > verb.start else verb.end
    return question.text[after:].strip(" ?.!")


def _main_verb(question: Utterance) -> Token | None:
    """Return the verb of the main clause; the parser takes another word for the root now and then."""
    if question.root is not None and _VERB.fullmatch(question.root.tag):
        return question.root
    heads = (question.tokens[token.head] for token in question.tokens if token.role in _SUBJECTS)
    return next((head for head in heads if _VERB.fullmatch(head.tag)), question.root)


def _first_verb(question: Utterance) -> Token | None:
    """Return the first finite verb. What stands before it is the question word's phrase."""
    return next((token for token in question.tokens if token.tag in _FINITE and token.role != "amod"), None)


def _rest(question: Utterance, place: int) -> str:
    if place >= len(question.tokens):
        return ""
    return question.text[question.tokens[place].start :].rstrip(" ?.!,;")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _is_subject_asked(question: Utterance, verb: Token) -> bool:
    """Whether the question word's phrase is the subject: no other subject stands directly after the first verb."""
    if verb.lemma == "do" and verb.role in ("aux", "auxpass"):
        return False
    after = next((token for token in question.tokens[verb.place + 1 :] if token.role not in ("advmod", "neg")), None)
    subjects = [token for token in question.tokens if token.role in _SUBJECTS and token.place > verb.place]
    return after is None or not any(after in question.subtree(subject) for subject in subjects)


def _with_object(question: Utterance, verb: Token, context: Context) -> str:
    """Return the words after the question word, with the answer's object if the question word was the object."""
    rest = _rest(question, verb.place)
    before = question.tokens[: verb.place]
    word = next((token for token in before if token.role == "dobj" or token.tag.startswith("NN")), None)
    if word is None or any(token.role == "prep" and token.place < word.place for token in before):
        return rest
    above = question.tokens[word.head]
    if above.place <= verb.place or not above.tag.startswith("V"):
        above = _main_verb(question) or verb
    above = question.child(above, "xcomp") or above
    thing = _by_verb(context, above.lemma, ("dobj", "attr")) or _asked_thing(question, verb)
    cut = above.end - verb.start
    return f"{rest[:cut]} {thing}{rest[cut:]}" if thing and cut > 0 and above != verb else rest


def _asked_thing(question: Utterance, verb: Token) -> str:
    """Return `the aircraft` for `how many aircraft`; empty for `what`."""
    found = re.fullmatch(r"(?:which|what|how (?:many|much))\s+(.+)", question.text[: verb.start].strip(), re.IGNORECASE)
    return f"the {found[1]}" if found else ""


def _with_subject(question: Utterance, verb: Token, context: Context) -> str:
    """Return the question with the answer's subject in the place of the question word."""
    root = question.root or verb
    subject = _by_verb(context, root.lemma, ("nsubj", "nsubjpass", "agent")) or "they"
    after = _rest(question, verb.place + 1)
    if verb.lemma in ("be", "have") or verb.tag == "MD" or verb.role in ("aux", "auxpass"):
        return f"{_auxiliary(verb)} {subject} {after}".strip()
    support = {"VBD": "did", "VBZ": "does"}.get(verb.tag, "do" if verb.tag in ("VBP", "VB") else "did")
    return f"{support} {subject} {verb.lemma} {after}".strip()


def _auxiliary(verb: Token) -> str:
    return _CONTRACTIONS.get(verb.text.lower(), verb.text.lower())


def _by_verb(context: Context, lemma: str, roles: tuple[str, ...]) -> str | None:
    """Return the phrase that has one of these roles at a verb of the answer."""
    for quote in context.answer:
        for token in quote.tokens:
            if token.lemma != lemma:
                continue
            phrase = quote.phrase_of(quote.child(token, *roles))
            if phrase is None:
                continue
            # `on barley`, which is asked about, is not named again
            known = phrase.full[len(phrase.text) :].strip() in context.question.text
            name = named(replace(phrase, full=phrase.text) if known else phrase)
            if len(name.split()) <= LONGEST_OBJECT:
                return name
    return None


def _answered(context: Context) -> str | None:
    """Return the main clause of the best quotation in the order of a question; None if it is too long or has none."""
    quote = next(iter(context.answer), None)
    root = quote.root if quote is not None else None
    if quote is None or root is None or not _VERB.fullmatch(root.tag):
        return None
    subject = quote.child(root, *_SUBJECTS)
    if subject is None:
        return None
    words = [word for word in quote.subtree(subject) if word.role not in ("relcl", "acl")]
    if len(words) == 1 and words[0].tag in ("PRP", "WP"):
        return None
    phrase = quote.phrase_of(subject)
    name = named(phrase) if phrase else quote.text[words[0].start : words[-1].end]
    return _clause(quote, root, name)


def _clause(quote: Utterance, root: Token, subject: str) -> str | None:
    helper = quote.child(root, "aux", "auxpass")
    tail = _tail(quote, root)
    if len(tail.split()) + len(subject.split()) > LONGEST_CLAUSE:
        return None
    if root.lemma == "be":
        return f"{_auxiliary(root)} {subject} {tail}".strip()
    if helper is not None and helper.place < root.place:
        between = quote.text[helper.end : root.end].strip()
        return f"{_auxiliary(helper)} {subject} {between} {tail}".strip()
    support = {"VBD": "did", "VBZ": "does"}.get(root.tag, "do")
    return f"{support} {subject} {root.lemma} {tail}".strip()


def _tail(quote: Utterance, root: Token) -> str:
    """Return what follows the main verb, up to the next clause or bracket."""
    stops = [
        min(word.start for word in quote.subtree(child))
        for child in quote.children[root.place]
        if child.place > root.place
        and (child.role in ("conj", "cc", "advcl", "ccomp", "parataxis") or child.text in ";(:")
    ]
    stop = min([*stops, quote.text.find("(", root.end) % (len(quote.text) + 1), len(quote.text)])
    return quote.text[root.end : stop].strip(" ,;:.!?–—-")


def _denied(statement: str) -> str:
    """Return `does Rosneft not sell` for `does Rosneft sell`: the denial stands before the statement's last verb."""
    parsed = utterances([f"{statement}?"])[0]
    root = parsed.root
    if root is None or root.place == 0 or " not " in statement or "n't" in statement:
        subject = parsed.child(root, *_SUBJECTS) if root is not None else None
        phrase = parsed.phrase_of(subject)
        if phrase is None or " not " in statement:
            return statement
        return f"{parsed.text[: phrase.full_end]} not{parsed.text[phrase.full_end :]}".rstrip("?")
    return f"{parsed.text[: root.start]}not {parsed.text[root.start :]}".rstrip("?")
