"""The main clause of a plain English statement, and the questions that its words can be put into."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.answers.sentence_forms import refers_back
from index.text.boilerplate import is_statement
from index.text.words import language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.verification.grammar import Token


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


SHORTEST, LONGEST = 45, 200
"""Characters of a statement that is used."""
MOST_COMMAS = 3
_UNUSABLE = re.compile(
    r"[\"“”„«»()\[\]{}<>|;:/\\=*#@_–—…%$€£]|\s-|--|[^\x20-\x7e\u00c0-\u017f’']"
    r"|\b(?:figures?|tables?|sections?|chapters?|pages?|fig|eq|ref|above|below|following|former|latter|respectively"
    r"|today|tomorrow|yesterday|ago|currently|therefore|thus|said|not|no|never|none|nobody|neither|nor|without|hardly"
    r"|would|could|should|might|may|must|shall|ought|if|unless|whether|according|example|e\.g|i\.e|etc|et al)\b"
    r"|n[’']t\b",
    re.IGNORECASE,
)
"""Signs of a statement that is hedged or denied, refers to the page, or is no plain prose."""
YEAR = re.compile(r"1[4-9]\d\d|20\d\d")
MONTHS = word_set("january february march april may june july august september october november december")
NAME_TAGS = ("NNP", "NNPS")
NOUN_TAGS = ("NN", "NNS", *NAME_TAGS)
_FINITE = ("VBD", "VBZ", "VBP")
_SECOND = frozenset(("conj", "cc", "advcl"))
_SPLIT = frozenset(("ccomp", "parataxis", "neg", "expl", "dep", "mark", "acomp", "csubj", "intj", "meta", "preconj"))
"""Roles of words that make the main clause more than one statement."""
CLAUSES = frozenset(("relcl", "acl", "ccomp", "advcl", "appos", "punct", "cc", "conj"))


@dataclass(frozen=True, slots=True)
class Clause:
    """The main clause of a statement."""

    tokens: Sequence[Token]
    verb: Token
    subject: Token
    helper: Token | None
    """The first auxiliary, or the copula; None if the verb is alone."""

    def children(self, token: Token) -> list[Token]:
        """Return the direct dependents of a word, in order."""
        return [other for other in self.tokens if other.head == token.place and other.place != token.place]

    def under(self, token: Token) -> set[int]:
        """Return the places of a word and all that depends on it."""
        found, added = {token.place}, True
        while added:
            more = {other.place for other in self.tokens if other.head in found} - found
            added = bool(more)
            found |= more
        return found

    def words(self, places: set[int]) -> str:
        """Return the words at these places, spaced as in the statement."""
        text, last = "", None
        for token in (token for token in self.tokens if token.place in places):
            apart = last is not None and (token.place > last.place + 1 or token.start > last.end)
            text, last = f"{text}{' ' if apart else ''}{token.text}", token
        return text

    @property
    def time(self) -> Token | None:
        """The phrase before the subject, if it is a time: `In 1846, …`."""
        first = [token for token in self.children(self.verb) if token.place == 0 and is_time(self, token)]
        return first[0] if first else None

    @property
    def opening(self) -> Token | None:
        """The phrase before the subject, which is a time or ends with a comma: `In the harbour, …`."""
        first = [token for token in self.children(self.verb) if min(self.under(token)) == 0]
        return first[0] if first and first[0].role in ("prep", "advmod", "npadvmod") else None

    @property
    def start(self) -> int:
        """The place where the subject is expected."""
        if self.opening is None:
            return 0
        after = max(self.under(self.opening)) + 1
        has_comma = self.tokens[after].text == ","
        return after + has_comma if has_comma or self.opening == self.time else 0

    @property
    def helpers(self) -> list[Token]:
        """The auxiliaries."""
        return [token for token in self.children(self.verb) if token.role in ("aux", "auxpass")]

    @property
    def is_passive(self) -> bool:
        """Whether the subject undergoes the action."""
        return self.subject.role == "nsubjpass"

    def rest(self, *without: Token) -> set[int]:
        """Return the places after the verb up to a comma or a second statement, without these phrases."""
        left = {token.place for token in self.tokens if self.verb.place < token.place < self.end}
        adverbs = [token for token in self.children(self.verb) if token.role == "advmod"]
        return left.difference(*(self.under(token) for token in (*without, *adverbs)))

    @property
    def end(self) -> int:
        """The place where the part of the clause that is used ends."""
        ends = [min(self.under(token)) for token in self.children(self.verb) if token.role in _SECOND]
        marks = [token.place for token in self.tokens if token.text in (",", ".")]
        return min((place for place in (*ends, *marks) if place > self.verb.place), default=len(self.tokens))

    @property
    def is_torn(self) -> bool:
        """Whether the part that is used ends within a list."""
        crossing = [t for t in self.tokens if t.role in ("conj", "appos") and t.head < self.end <= t.place]
        return any(token.head != self.verb.place for token in crossing)

    def asked(self, opening: str, rest: set[int]) -> str:
        """Return a question with the helping verb before the subject: `When did the king sign the treaty`."""
        subject = lowered(self.tokens, self.words(self.under(self.subject)))
        if self.helper is None:
            helping = {"VBD": "did", "VBZ": "does"}.get(self.verb.tag, "do")
            return f"{opening} {helping} {subject} {self.verb.lemma} {self.words(rest)}".rstrip()
        later = {t.place for t in self.tokens if self.helper.place < t.place <= self.verb.place}
        verbs = self.words(later - self.under(self.subject)) if self.helper is not self.verb else ""
        return " ".join(filter(None, (opening, self.helper.text, subject, verbs, self.words(rest))))


def is_usable(text: str) -> bool:
    """Return whether a statement is plain English prose that can be understood alone, as far as its words show."""
    return (
        SHORTEST <= len(text) <= LONGEST
        and text[0].isupper()
        and text.endswith(".")
        and text[-2].isalnum()
        and text.count(",") <= MOST_COMMAS
        and not _UNUSABLE.search(text)
        and is_statement(text)
        and not refers_back(text)
        and language(text) == "en"
    )


def main_clause(tokens: Sequence[Token]) -> Clause | None:
    """Return the main clause if it is plain: a subject, a finite verb, and nothing before the subject."""
    roots = [token for token in tokens if token.role == "ROOT"]
    if len(roots) != 1 or not (roots[0].tag.startswith("VB")):
        return None
    verb = roots[0]
    own = [token for token in tokens if token.head == verb.place and token.place != verb.place]
    subjects = [token for token in own if token.role in ("nsubj", "nsubjpass")]
    helpers = [token for token in own if token.role in ("aux", "auxpass") and token.place < verb.place]
    helper = helpers[0] if helpers else verb if verb.lemma == "be" else None
    finite = helper or verb
    if len(subjects) != 1 or finite.tag not in (*_FINITE, "MD") or {token.role for token in own} & _SPLIT:
        return None
    clause = Clause(tokens, verb, subjects[0], helper)
    subject = clause.under(subjects[0])
    starts = min(subject) == clause.start and max(subject) < finite.place
    whole = len(subject) == max(subject) - min(subject) + 1
    simple = not any(tokens[place].role in CLAUSES for place in subject)
    return clause if starts and whole and simple and subjects[0].tag in NOUN_TAGS and not clause.is_torn else None


def is_time(clause: Clause, token: Token) -> bool:
    """Return whether a word begins a date: `in 1846`, `on 9 October 2004`."""
    if token.role != "prep" or token.text.lower() not in ("in", "on"):
        return False
    inside = [clause.tokens[place] for place in sorted(clause.under(token))[1:]]
    dated = [t for t in inside if YEAR.fullmatch(t.text)]
    return len(dated) == 1 and all(
        t in dated or t.text.lower() in MONTHS or (t.tag == "CD" and len(t.text) <= 2) or t.text == "," for t in inside
    )


def lowered(tokens: Sequence[Token], words: str) -> str:
    """Return the words at the beginning of a statement as they are written within one."""
    first = tokens[0]
    is_name = first.tag in NAME_TAGS or (len(first.text) > 1 and not first.text[1:].islower())
    return words if is_name or not words.startswith(first.text) else words[0].lower() + words[1:]
