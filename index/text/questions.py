"""Questions: what is asked for (a fact, a list, steps, a comparison), whether a question is whole, and its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from index.text.query import Query, parse
from index.text.words import NUMBER_WORDS, QUESTION_WORDS, STOP_WORDS, question_terms

_WH = (
    rf"(?:{QUESTION_WORDS}"
    r"(?: (?:many|much|long|soon|far|old|tall|high|big|large|often|fast|quickly))?)"
)
AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|isn't|aren't"
    r"|wasn't|weren't|don't|doesn't|didn't|can't|won't)"
)
_BEGINS_A_PART = re.compile(
    rf"\s*(?:,|;)?\s+(?:and|or|but|as well as|and also)\s+(?=(?:(?:by|to|for|from|with|in|at|on|of|since"
    rf"|until)\s+)?{_WH}\b)",
    re.IGNORECASE,
)
_MOST_PARTS = 8
"""A text with more questions is searched as a whole: each part costs a search."""
_TWO_QUESTIONS = re.compile(r"(?<=\?)\s+(?=\S)")
_BARE_PART = re.compile(
    rf"(?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH}(?:\s+(?:year|exactly|much|many|long|else))?\W*",
    re.IGNORECASE,
)
_WH_START = re.compile(rf"\W*((?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH})\b\s*", re.IGNORECASE)
_AUXILIARY_START = re.compile(rf"{AUXILIARY}\b\s*", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:(?:he|she|him|his|her) or (?:he|she|him|his|her)|it|its|they|them|their|theirs|he|him|his|she|her|hers"
    r"|this|that|these|those|the (?:former|latter)"
    r"|(?:the )?(?:first|second|third|fourth|last|other|next|previous|same) ones?|ones?)\b(?! (?:which|who|that)\b)",
    re.IGNORECASE,
)
_CLEFT = re.compile(
    r"\b(?:is|was|are|were|does|did) (?:it|that|this) (?:possible|true|allowed|necessary|safe|legal"
    r"|likely)\s+(?:that|to|for|if)\b"
    r"|\bdoes it (?:mean|take|snow|rain|cost|matter)\b.* ",
    re.IGNORECASE,
)
_POSSESSED = re.compile(r"\b(?:its|their|his|her)\b", re.IGNORECASE)
_CONJUNCTION = re.compile(r"^(?:and|or|but|so|then|also|plus)\b[\s,]*", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:in|on|at|by|for|from|to|with|of|since|until|before|after|during|about|without)\b", re.IGNORECASE
)
_IDLE_WORDS = frozenset(
    [
        "really",
        "exactly",
        "else",
        "more",
        "again",
        "many",
        "much",
        "long",
        "far",
        "come",
        "happen",
        "happened",
        "mean",
        "meant",
        "go",
        "went",
        "say",
        "says",
        "said",
        "about",
        "not",
        "no",
        "yes",
        "ok",
        "okay",
        "please",
        "tell",
        "me",
        "you",
        "i",
        "we",
        "one",
        "ones",
        "first",
        "second",
        "third",
        "last",
        "other",
        "next",
        "former",
        "latter",
        "same",
        "compared",
        "year",
        "years",
        "thing",
        "things",
        "details",
        "explain",
        "thanks",
        "thank",
    ]
)
_FEWEST_WORDS_BESIDE_A_PRONOUN = 3
_WHICH_ONES = re.compile(
    r"(?:which|what|who)(?: ones?)?(?: (?:are|were|is|was) (?:they|these|those|it))?"
    r"|(?:name|list) (?:them|these|those)",
    re.IGNORECASE,
)
"""Asks for the things that were counted before it; not a question of its own."""
_NAME = re.compile(
    r"(?:the |The )?[A-Z0-9][\w.’'-]*[\w](?:\s(?:(?:of|de|von|van|the|and|for)\s)?(?:the\s)?[A-Z0-9][\w.’'-]*\w)*"
)
_SUBJECT_START = re.compile(rf"(?:^|(?<=\s)){AUXILIARY}\s+", re.IGNORECASE)
_LAST_VERB = re.compile(
    r"\s(?:\w+ed|built|made|won|held|lost|begun|known|written|born|found|founded|sold|bought|sent|opened|called|come|go"
    r"|happen|begin|start|end|take place)\b.*$"
)
_CHOICE = re.compile(rf"^\W*{AUXILIARY}\b", re.IGNORECASE)
FRAGMENT = (
    "“{words}” is not a whole question: it does not say what it is about. Ask a whole question, for example {example}."
)


def is_fragment(text: str) -> bool:
    """Whether a question continues something said before: `and in 2019?`, `Why?`, `the second one`.

    A question with a pronoun is a fragment if hardly any other word says what it is about. Without this rule, 82 of
    106 whole questions and fragments are answered or asked back as wanted, with it 100 (`benchmarks.rules --sets
    dialogues`). It takes 23 of 8,080 public questions, which are whole, for fragments: 6 would be answered right, 11
    wrong.
    """
    text = " ".join(text.split()).strip(" \"'“”")
    bare = _CONJUNCTION.sub("", text, count=1)
    content_words = [word for word in question_terms(bare).values() if word.casefold() not in _IDLE_WORDS]
    words: list[str] = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", bare)
    if not words or not any(word.isalnum() for word in words):
        return False
    if not is_latin(text):
        return False
    if _has_only_idle_words(words):
        return True
    if re.match(r"(?:(?:and\s+)?(?:what|how) about|what else|same (?:for|with|in|at))\b", text, re.IGNORECASE):
        return len(words) <= 6
    elided = text != bare or bool(_PREPOSITION.match(bare))
    if elided and len(words) <= 4 and not _has_clause(bare):
        return text.rstrip().endswith("?") or text != bare
    if _PRONOUN.search(bare) and not _CLEFT.search(bare):
        beside = {word for word in content_words if not _PRONOUN.fullmatch(word)}
        named = any(word[:1].isupper() for word in words[1:] if word != "I")
        return not named and len(beside) < _FEWEST_WORDS_BESIDE_A_PRONOUN - bool(len(words) < 5)
    return False


def ask_back(text: str) -> str:
    """Return the message that asks for a whole question."""
    start = _WH_START.match(text)
    examples = {
        "why": "“Why did Rosneft give way to CNPC?”",
        "when": "“When was the bridge opened?”",
        "who": "“Who signed the treaty of 2001?”",
        "where": "“Where does the pipeline end?”",
        "how": "“How was the contract changed?”",
    }
    word = start[1].split()[-1].casefold() if start else ""
    words = " ".join(text.split())
    return FRAGMENT.format(words=words, example=examples.get(word, "“What was the share of trade in 2019?”"))


def _has_only_idle_words(words: list[str]) -> bool:
    """Whether no word says what the question is about."""
    return all(
        word.casefold() in _IDLE_WORDS or _PRONOUN.fullmatch(word) or not _is_content_word(word) for word in words
    )


def _is_content_word(word: str) -> bool:
    return word.casefold() not in STOP_WORDS and not re.fullmatch(_WH, word, re.IGNORECASE)


def is_latin(text: str) -> bool:
    """Whether a text is written in Latin letters."""
    return bool(re.search(r"[A-Za-z]", text)) and not re.search(r"[\u0370-\uffff]", re.sub(r"[‘’“”–—…]", "", text))


def _has_clause(text: str) -> bool:
    """Whether a short question has a question word and a verb."""
    start = _WH_START.match(text)
    return bool(start and _AUXILIARY_START.match(text[start.end() :]))


def split_parts(text: str) -> tuple[str, ...]:
    """Return the questions in a text, each completed with words of the first; empty if there is one, or too many.

    Of 19 questions of `benchmarks.answers` with two parts, 3 lose a part of the answer without this, and none gains one
    (p = .25); 22 others are answered as well.
    """
    whole = list(dict.fromkeys(question.strip() for question in _TWO_QUESTIONS.split(text) if question.strip()))
    if not all(question.endswith("?") for question in whole[:-1]) or (len(whole) > 1 and not whole[-1].endswith("?")):
        return ()
    pieces = [piece for question in whole for piece in _BEGINS_A_PART.split(question)]
    pieces = pieces[:1] + [piece for piece in pieces[1:] if not _WHICH_ONES.fullmatch(piece.strip(" ?,;."))]
    if not 2 <= len(pieces) <= _MOST_PARTS or not (_WH_START.match(pieces[0]) or _CHOICE.match(pieces[0])):
        return ()
    first = pieces[0].rstrip(" ?,;")
    return (f"{first}?", *(_complete(piece.rstrip(" ?,;"), first) for piece in pieces[1:]))


def _complete(piece: str, first: str) -> str:
    """Complete a later part: `by whom` takes the rest of the first part; a pronoun becomes the first part's topic."""
    start = _WH_START.match(first)
    rest = first[start.end() :] if start else first
    if _BARE_PART.fullmatch(piece):
        return f"{piece} {rest}?"
    if _PRONOUN.search(piece):
        topic = _topic(rest)
        named = _POSSESSED.sub(f"{topic}'s", piece, count=1)
        return f"{_PRONOUN.sub(topic, piece, count=1) if named == piece else named}?"
    has_name = any(word[:1].isupper() for word in piece.split()[1:])
    whole = has_name or (not _NAME.search(rest) and len(question_terms(piece)) > 1)
    return f"{piece}?" if whole else f"{piece}, {_topic(rest)}?"


def _topic(rest: str) -> str:
    """Return the topic of the first part: its first name, else its words without question word, auxiliary and verb."""
    auxiliary = _SUBJECT_START.search(rest)
    words = rest[auxiliary.end() :] if auxiliary else rest
    if name := _NAME.search(words):
        return name[0]
    return _LAST_VERB.sub("", words).strip() or words


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
