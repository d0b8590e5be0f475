"""Questions: what to search for, and what is asked for: a fact, a list, a number of things, steps, or a comparison."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from index.text.query import Query, parse
from index.text.question_fragments import AUXILIARY, is_fragment, split_parts
from index.text.words import NUMBER_WORDS, QUESTION_WORDS

Kind = Literal["fact", "list", "count", "steps", "comparison"]
"""A question of no other kind is a `fact`."""


_COUNT = re.compile(r"\bhow many\b|\bwhat (?:is the )?number of\b|\bcount\b", re.IGNORECASE)
_COUNTS = {word: number for word, number in NUMBER_WORDS.items() if 2 <= number <= 12}
_NUMBERED_LIST = re.compile(
    rf"(?:^\W*|\b(?:which|what|the|name|list)\s+(?:\w+\s+)?)({'|'.join(_COUNTS)}|\d\d?)\s+[a-z]", re.I
)
_LIST = re.compile(
    r"^\W*(?:please\s+)?(?:list|name|enumerate|give|state|identify)\b|^\W*(?:what|which)\s+(?:are|were)\b"
    rf"|^\W*(?:what|which)\s+(?!{AUXILIARY}\b)"
    r"(?:[\w'’-]+\s+){0,4}?(?!(?:this|was|is|has|does|its|as|us|process|business|class|basis"
    r"|status"
    r"|address|access|crisis|analysis|congress|species|series|always|loss|address|focus|bus|virus|bonus|gas)\b)"
    r"[a-z]+(?<![sui])s\s+(?!(?:is|was|has)\b)[a-z]",
    re.IGNORECASE,
)
_STEPS = re.compile(
    r"(?:^\W*|[,;:.–—-]\s+)how (?:do|does|can|could|should|would|must|may) (?:i|we|you|one|someone|somebody)\b.*"
    r"|^\W*how to\b|\bsteps?\b(?! (?:down|up|back|aside|in)\b)|\bprocedure\b|\binstructions\b"
    r"|^\W*what (?:should|must|do|can) (?:i|we|you|one)\b"
    r".*\bto\b",
    re.IGNORECASE,
)
_SIDES = (
    re.compile(r"\bdifferences?\s+(?:is there\s+|are there\s+)?between\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)[?.!]*$", re.I),
    re.compile(r"^\W*compare\s+(?P<a>.+?)\s+(?:and|with|to|against)\s+(?P<b>.+?)[?.!]*$", re.I),
    re.compile(r"\bhow (?:do|does|did|is|are)\s+(?P<a>.+?)\s+(?:differs?|different)\s+from\s+(?P<b>.+?)[?.!]*$", re.I),
    re.compile(r"\bhow (?:do|does|did)\s+(?P<a>.+?)\s+(?:compare|differ)\s*(?:with|to|from)\s+(?P<b>.+?)[?.!]*$", re.I),
    re.compile(r"\bhow (?:do|did)\s+(?P<a>.+?)\s+and\s+(?P<b>.+?)\s+(?:compare|differ)\b.*$", re.I),
    re.compile(
        r"^(?P<a>[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*) and (?P<b>[A-Z][\w’'-]*(?: [A-Z][\w’'-]*)*)\b[^:;?]*[,:;–—-]\s+"
        r"(?:which|who|whose)\b[^?]*\b(?:more|most|less|least|fewer|\w+er|\w+est|first|last)\b"
    ),
    re.compile(
        r"^\W*(?:is|are|was|were|does|do|did)\s+(?P<a>[^,;?]+?)\s+(?:just\s+|nearly\s+|almost\s+|quite\s+)?as\s+\w+\s+as\s+(?P<b>[^,;?]+).*$",
        re.I,
    ),
    re.compile(r"^(?P<a>[^,:;?]{2,60}?)\s+or\s+(?P<b>[^,:;?]{2,60}?)\s*[:,–—-]\s+(?:who|which|what)\b.*$", re.I),
    re.compile(r"(?P<a>\S.*?)\s+(?:versus|vs\.?|compared (?:with|to))\s+(?P<b>.+?)[?.!]*$", re.I),
    re.compile(
        r"^\W*(?:which|who|what|whose)\b[^,:;?]*\b(?:\w+er|more|less|fewer|better|worse|first|earlier|later|most"
        r"|\w+est)\b"
        r"[^,:;?]*[,:;]\s*(?P<a>[^,;?]+?),?\s+or\s+(?P<b>[^,;?]+?)[?.!]*$",
        re.I,
    ),
    re.compile(
        r"^\W*(?:is|are|was|were|does|do|did|has|have)\s+(?P<a>.+?)\s+(?:(?:an?|much|far|even|any|also)\s+)?(?:more"
        r"|less|fewer|\w{3,}er)\b[^?]*?\bthan\s+"
        r"(?P<b>.+?)[?.!]*$",
        re.I,
    ),
)
_ARTICLE = re.compile(r"^(?:the|a|an|both)\s+", re.IGNORECASE)
_LONGEST_SIDE = 80
_ASKING = re.compile(
    rf"\W*(?:(?:in|at|on|by|for|from|to|with|under|during|of)\s)?(?:{QUESTION_WORDS}|is|are|was|were|do|does|did|can|could|has"
    r"|have|had|will|would|should|may|might|must|name)\b|.*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_AMONG = re.compile(r"\bof (?:them|these|those)\b|\bwhich ones?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, parsed once: what is searched for, and what kind of answer is expected."""

    asked: str
    """The question as it was asked, with its operators. A follow-up stands after the question that completes it."""
    query: Query
    """The words to search for, and the conditions on passages and documents."""
    form: str
    """The words whose form tells what is expected: the question as it was asked, of a follow-up only its own words."""
    kind: Kind = "fact"
    parts: tuple[str, ...] = ()
    """The questions that it consists of, each a whole question; empty if it is a single question."""
    sides: tuple[str, ...] = ()
    """The two sides of a comparison; empty for other questions."""
    wanted: int = 0
    """How many things it asks for (`which four`); 0 if it does not say."""
    text: str = field(init=False)
    """The words to search for, without operators: those of `query`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.query.text)

    def searching(self, text: str, *, phrases: tuple[str, ...] | None = None) -> Question:
        """Return the same question with other words to search for, and with other phrases if they are given."""
        phrases = self.query.phrases if phrases is None else phrases
        return replace(self, query=replace(self.query, text=text, phrases=phrases))

    @property
    def wants_list(self) -> bool:
        """Whether a list would answer it."""
        return self.kind in ("list", "count", "steps") or self.wanted > 1

    @property
    def is_fragment(self) -> bool:
        """Whether it continues something said before, so that it cannot be answered alone."""
        return is_fragment(self.text)

    @property
    def asks(self) -> bool:
        """Whether it is in the form of an English question; a claim or a list of words is not."""
        return bool(_ASKING.match(self.text))

    @property
    def asks_among(self) -> bool:
        """Whether it asks for one of the things that were named before it, whose words may be the answer again."""
        return bool(_AMONG.search(self.text))


def read_question(asked: str, *, own_words: str = "", plain: bool = False) -> Question:
    """Parse a question. Its parts stay texts, which the caller parses.

    `own_words` are those of a follow-up question, which stand at the end of `asked`. `plain` ignores operators.
    """
    asked = asked.strip()
    form = " ".join((own_words or asked).split())
    parts = split_parts(form)
    sides = () if parts else _sides(form)
    query = Query(asked) if plain else parse(asked)
    return Question(asked, query, form, "comparison" if sides else _kind(form), parts, sides, _wanted(form))


def claimed(text: str) -> Question:
    """Return a statement as the search takes it: all its words are searched for, and its form tells nothing."""
    return Question(text, Query(text), text)


def _sides(text: str) -> tuple[str, ...]:
    for pattern in _SIDES:
        if found := pattern.search(text):
            sides = tuple(_ARTICLE.sub("", found[name]).strip(" ,;:?\"'“”") for name in ("a", "b"))
            if all(sides) and max(map(len, sides)) <= _LONGEST_SIDE:
                return sides
    return ()


def _wanted(text: str) -> int:
    found = _NUMBERED_LIST.search(text)
    if not found:
        return 0
    number = _COUNTS.get(found[1].casefold()) or (int(found[1]) if found[1].isdigit() else 0)
    return number if number <= max(_COUNTS.values()) else 0


def _kind(text: str) -> Kind:
    forms: tuple[tuple[Kind, re.Pattern[str]], ...] = (("steps", _STEPS), ("count", _COUNT), ("list", _LIST))
    return next((kind for kind, pattern in forms if pattern.search(text)), "fact")
