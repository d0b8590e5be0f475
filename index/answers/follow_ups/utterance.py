"""An utterance of a thread, parsed: its words, and its phrases with the kind of thing that each of them names."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from index.verification.grammar import names_in_all, parse_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.verification.grammar import Name, Token

Kind = Literal["person", "place", "group", "date", "amount", "name", "thing"]
"""What a phrase names. A `group` acts like a person and is owned like a thing: a company, a state, a committee."""
LONGEST = 600
"""The number of characters of an utterance that are read; a sentence of a document can be longer."""
_CACHED = 256
_LABELS: dict[str, Kind] = {
    "PERSON": "person",
    **dict.fromkeys(("GPE", "LOC", "FAC"), "place"),
    **dict.fromkeys(("ORG", "NORP"), "group"),
    **dict.fromkeys(("DATE", "TIME"), "date"),
    **dict.fromkeys(("MONEY", "PERCENT", "QUANTITY", "CARDINAL"), "amount"),
    **dict.fromkeys(("EVENT", "LAW", "WORK_OF_ART", "PRODUCT"), "name"),
}
_PERSONS = re.compile(
    r"(?:president|king|queen|prince|princess|minister|premier|chancellor|leader|chief|head|man|woman|boy|girl|child"
    r"|father|mother|son|daughter|brother|sister|wife|husband|friend|doctor|nurse|judge|lawyer|poet|chairman|pope|saint"
    r"|bishop|priest|soldier|general|admiral|captain|colonel|author|person|people|spouse|guest|guy|mage|monk|chef"
    r"|victim|winner|patient|client|tenant|landlord|student|expert|critic|spokesman|spokeswoman|envoy|candidate"
    r"|[a-z]{3,}(?:ian|ist|eer|ess|ant)|[a-z]{2,}(?:[bdfgklmnprstvz]er|[ct]or|ee))",
)
_NOT_PERSONS = frozenset(
    "number paper order letter water river matter power border member quarter answer chapter computer offer corner "
    "center centre summer winter weather cover counter fever cancer factor sector vector document treatment fighter "
    "bomber carrier tanker cluster register transfer charter barrier master committee degree fee tree process business "
    "access success progress address press congress list coast east west cost test list assistant plant restaurant "
    "container server layer parameter character banner poster meter metre liter litre chamber timber rubber silver "
    "copper monster disaster encounter buffer folder header footer filter printer router".split()
)
_GROUPS = frozenset(
    "company firm government ministry bank agency committee commission army navy team club party board "
    "council court tribunal parliament congress senate university school group organisation organization press "
    "corporation supplier vendor regulator police state staff family crew band court side country nation "
    "administration".split()
)
_PLACES = frozenset("country state city town region province island village capital port sea river place".split())
_DATES = frozenset("year month day week decade century summer winter spring autumn morning evening time".split())
_NOUNS = ("NN", "NNS", "NNP", "NNPS")
_PLURALS = ("NNS", "NNPS")
_INNER = ("compound", "amod", "nmod", "npadvmod", "quantmod", "dep")
_BEFORE_NOUN = (*_INNER, "det", "nummod", "poss", "predet")
_YEAR = re.compile(r"\b(?:1[0-9]|20)[0-9]{2}\b")
_BARE = 3
_DEFINITE = re.compile(r"^(?:the|this|that|these|those)\s", re.IGNORECASE)
_DETERMINERS = re.compile(r"^(?:an?|the|this|that|these|those|some|any|its|their|his|her)\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase of an utterance, or a date."""

    text: str
    """Without what follows its head: `the price`, for `the price of oil`."""
    full: str
    """With the prepositional phrases after it."""
    start: int
    end: int
    full_end: int
    head: Token
    kind: Kind
    plural: bool
    named: bool
    """Whether it is a proper name."""
    role: str
    """The grammatical role of its head."""
    preposition: str
    """The preposition before it; empty if there is none."""

    @property
    def is_bare(self) -> bool:
        """Whether it is definite, but does not say which thing: `the loan`, `the final vote`, `that company`."""
        return len(self.text.split()) <= _BARE and self.full == self.text and bool(_DEFINITE.match(self.text))

    @property
    def bare(self) -> str:
        """Its text without an article or another determiner."""
        return _DETERMINERS.sub("", self.text)


class Utterance:
    """A parsed question or sentence."""

    def __init__(self, text: str, tokens: tuple[Token, ...], names: tuple[Name, ...]) -> None:
        self.text = text
        self.tokens = tokens
        self.names = names
        self.children: dict[int, list[Token]] = defaultdict(list)
        for token in tokens:
            if token.head != token.place:
                self.children[token.head].append(token)
        self.phrases = tuple(sorted(self._phrases(), key=lambda phrase: (phrase.start, -phrase.end)))

    @property
    def root(self) -> Token | None:
        """The main verb; None if the utterance has no word."""
        return next((token for token in self.tokens if token.role == "ROOT"), None)

    def child(self, token: Token, *roles: str) -> Token | None:
        """Return the first dependent with one of these roles, or None."""
        return next((child for child in self.children[token.place] if child.role in roles), None)

    def phrase_of(self, token: Token | None) -> Phrase | None:
        """Return the widest phrase whose head is this word, or None."""
        found = [phrase for phrase in self.phrases if token is not None and phrase.head == token]
        return max(found, key=lambda phrase: phrase.end, default=None)

    def subtree(self, token: Token) -> list[Token]:
        """Return a word and all words that depend on it, in order."""
        found, waiting = [], [token]
        while waiting:
            found.append(waiting.pop())
            waiting += self.children[found[-1].place]
        return sorted(found, key=lambda part: part.place)

    def _phrases(self) -> Iterator[Phrase]:
        dated = [name for name in self.names if _LABELS.get(name.label) == "date"]
        seen: list[tuple[int, int]] = []
        for name in dated:
            inside = [token for token in self.tokens if name.start <= token.start < name.end]
            if inside:
                seen.append((name.start, name.end))
                yield self._dated(inside, name.start, name.end)
        for year in _YEAR.finditer(self.text):
            inside = [token for token in self.tokens if year.start() <= token.start < year.end()]
            if inside and not any(start <= year.start() < end for start, end in seen) and not self._in_name(inside[0]):
                yield self._dated(inside, *year.span())
        for token in self.tokens:
            within = any(start <= token.start < end for start, end in seen)
            if token.tag in _NOUNS and not within and (token.role not in _INNER or self.child(token, "det")):
                yield from self._noun_phrases(token)

    def _dated(self, inside: list[Token], start: int, end: int) -> Phrase:
        places = {token.place for token in inside}
        head = next((token for token in inside if token.head not in places), inside[0])
        text = self.text[start:end]
        return Phrase(text, text, start, end, end, head, "date", False, False, head.role, self._preposition(head))

    def _noun_phrases(self, head: Token) -> Iterator[Phrase]:
        start = self._start(head)
        end = max([head.end, *(name.end for name in self.names if name.start <= head.start < name.end)])
        kind, named = self._kind(head)
        full_end = max([end, *(part.end for part in self._attached(head))])
        last = (self._conjuncts(head) or [head])[-1]
        if self._is_one_name(head, self._conjuncts(head)):
            end = max(end, last.end)
            full_end = max([end, *(part.end for part in self._attached(last))])
        yield self._phrase(head, start, end, full_end, kind, named=named, plural=head.tag in _PLURALS)
        joined = [part for part in self._conjuncts(head) if part.start >= end]
        if joined and not self._is_one_name(head, joined):
            last = joined[-1]
            end = max([last.end, *(name.end for name in self.names if name.start <= last.start < name.end)])
            full_end = max([end, *(part.end for part in self._attached(last))])
            yield self._phrase(head, start, end, full_end, kind, named=named, plural=True)

    def _start(self, head: Token) -> int:
        """Return where the phrase of a noun begins; before a person's name, only a title belongs to it."""
        left = list(self._left(head))
        for name in self.names:
            if name.label == "PERSON" and name.start <= head.start < name.end:
                before = sorted((part for part in left if part.start < name.start), key=lambda part: -part.start)
                titles = takewhile(lambda part: kind_of_noun(part.lemma) == "person", before)
                return min([name.start, *(part.start for part in titles)])
        return min([head.start, *(part.start for part in left)])

    def _phrase(
        self, head: Token, start: int, end: int, full_end: int, kind: Kind, *, named: bool, plural: bool
    ) -> Phrase:
        text, full = self.text[start:end], self.text[start:full_end]
        return Phrase(text, full, start, end, full_end, head, kind, plural, named, head.role, self._preposition(head))

    def _conjuncts(self, head: Token) -> list[Token]:
        found = []
        current: Token | None = head
        while current is not None:
            current = next(
                (part for part in self.children[current.place] if part.role == "conj" and part.tag in _NOUNS), None
            )
            found += [current] if current is not None else []
        return found

    def _left(self, head: Token) -> Iterator[Token]:
        for part in self.children[head.place]:
            if part.start < head.start and part.role in _BEFORE_NOUN and not part.tag.startswith(("VBD", "VBZ", "MD")):
                yield from self.subtree(part)

    def _attached(self, head: Token) -> Iterator[Token]:
        """Yield the words of the prepositional phrases that belong to a noun."""
        for part in self.children[head.place]:
            if part.role == "prep" and part.start > head.start:
                yield from (word for word in self.subtree(part) if word.role != "punct")

    def _is_one_name(self, head: Token, joined: Sequence[Token]) -> bool:
        """Whether a name goes on after a comma or `and`: `the Treaty of Friendship, Alliance and Mutual Assistance`."""
        inside = [name for name in self.names if name.label in ("LAW", "ORG", "WORK_OF_ART", "EVENT")]
        return bool(joined) and any(
            name.start <= head.start < name.end and any(part.start < name.end for part in joined) for name in inside
        )

    def _in_name(self, token: Token) -> bool:
        return any(name.start < token.start < name.end for name in self.names)

    def _preposition(self, head: Token) -> str:
        above = self.tokens[head.head]
        return (
            above.text.lower() if head.role in ("pobj", "pcomp") and above.role in ("prep", "agent", "dative") else ""
        )

    def _kind(self, head: Token) -> tuple[Kind, bool]:
        label = next((name.label for name in self.names if name.start <= head.start < name.end), "")
        proper = head.tag.startswith("NNP") or label in ("PERSON", "GPE", "ORG", "NORP")
        if label == "PERSON" and head.text.isupper():
            label = "ORG"  # an abbreviation
        if kind := _LABELS.get(label):
            return kind, proper
        return kind_of_noun(head.lemma), proper


def kind_of_noun(lemma: str) -> Kind:
    """Return what kind of thing an English noun names, given in its base form."""
    if lemma in _GROUPS:
        return "group"
    if lemma in _PLACES:
        return "place"
    if lemma in _DATES:
        return "date"
    return "person" if lemma not in _NOT_PERSONS and _PERSONS.fullmatch(lemma) else "thing"


def utterances(texts: Sequence[str]) -> list[Utterance]:
    """Return the parsed utterances. Raises EncoderError if the grammar model cannot be loaded."""
    return [_utterance(" ".join(text[:LONGEST].split())) for text in texts]


@lru_cache(_CACHED)
def _utterance(text: str) -> Utterance:
    (tokens,), (names,) = parse_all([text]), names_in_all([text])
    return Utterance(text, tokens, names)
