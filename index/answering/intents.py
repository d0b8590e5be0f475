"""What a question asks for: one thing or several, a list, a comparison, a summary; or too little to be answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.storage.analysis import asked, is_idle

Kind = Literal["fact", "list", "count", "steps", "reason", "comparison", "summary", "choice"]
"""`choice` is a question for yes or no. A question that is none of the others is one for a fact."""

_WH = (
    r"(?:who|whom|whose|what|which|when|where|why"
    r"|how(?: (?:many|much|long|soon|far|old|tall|high|big|large|often|fast|quickly))?)"
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|can|could|will|would|should|shall|may|might|must|has|have|had|isn't|aren't"
    r"|wasn't|weren't|don't|doesn't|didn't|can't|won't)"
)
_BEGINS_A_PART = re.compile(
    rf"\s*(?:,|;)?\s+(?:and|or|but|as well as|and also)\s+(?=(?:(?:by|to|for|from|with|in|at|on|of|since"
    rf"|until)\s+)?{_WH}\b)",
    re.IGNORECASE,
)
_TWO_QUESTIONS = re.compile(r"(?<=\?)\s+(?=\S)")
_BARE_PART = re.compile(
    rf"(?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH}(?:\s+(?:year|exactly|much|many|long|else))?\W*",
    re.IGNORECASE,
)
_WH_START = re.compile(rf"\W*((?:(?:by|to|for|from|with|in|at|on|of|since|until)\s+)?{_WH})\b\s*", re.IGNORECASE)
_AUXILIARY_START = re.compile(rf"{_AUXILIARY}\b\s*", re.IGNORECASE)
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
_ELLIPSIS = re.compile(r"(?:and|or|but|so|then|what about|how about|and what about|what if|what else)\b", re.IGNORECASE)
_CONJUNCTION = re.compile(r"^(?:and|or|but|so|then|also|plus)\b[\s,]*", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:in|on|at|by|for|from|to|with|of|since|until|before|after|during|about|without)\b", re.IGNORECASE
)
_IDLE_ANSWERABLE = frozenset(
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
"""Asks for the things that were counted before it: no question of its own."""

_COUNT = re.compile(r"\bhow many\b|\bwhat (?:is the )?number of\b|\bcount\b", re.IGNORECASE)
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}
_IN_WHOSE_SENSE = (
    r"(?:\s*\([^)]*\)|,?\s+(?:under|according to|as defined|for the purposes? of|in the (?:context|sense|meaning))"
    r"\b.*)?"
)
_DEFINED = re.compile(
    r"^\W*(?:what|who)(?:\s+(?:exactly|actually))?(?:'s|\s+(?:is|are|was|were))\s+(?:meant by\s+)?(?:an?\s+|the\s+)?"
    rf"(?P<a>[^,;?()]{{2,40}}?)\s*{_IN_WHOSE_SENSE}\s*\??$"
    r"|^\W*(?:define|definition of|meaning of)\s+(?:an?\s+|the\s+)?(?P<b>[^,;?]{2,40}?)\W*$"
    r"|^\W*what does (?:an?\s+|the\s+)?(?P<c>[^,;?]{2,40}?) mean\W*$"
    r"|^\W*(?P<d>[^,;?]{2,40}?) (?:meaning|definition)\W*$"
    r"|^\W*what (?:makes?|counts? as)\b[^?]*?[\"'“‘](?P<e>[^\"'“”‘’]{2,40})[\"'”’]",
    re.IGNORECASE,
)
_MOST_DEFINED = 4
_NUMBERED_LIST = re.compile(
    rf"(?:^\W*|\b(?:which|what|the|name|list)\s+(?:\w+\s+)?)({'|'.join(_NUMBER_WORDS)}|\d\d?)\s+[a-z]", re.I
)
_LIST = re.compile(
    r"^\W*(?:please\s+)?(?:list|name|enumerate|give|state|identify)\b|^\W*(?:what|which)\s+(?:are|were)\b"
    rf"|^\W*(?:what|which)\s+(?!{_AUXILIARY}\b)"
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
_REASON = re.compile(
    r"^\W*(?:and\s+)?why\b|\bfor (?:what|which) reasons?\b|\bwhat (?:is|are|was|were) the (?:reasons?|causes?)\b"
    r"|\bwhat (?:caused|led to|made)\b|\bhow come\b|\breasons? (?:for|why)\b|\bbecause of what\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(
    r"^\W*what (?:does|do|did|has|have)\b.*\b(?:says?|said|write|wrote|written|think|argue|tell|state|report"
    r"|conclude|have to say)"
    r"\b.*\b(?:about|on|of|regarding|concerning)\b|^\W*(?:please\s+)?(?:summari[sz]e|describe|explain|outline"
    r"|tell me)\b"
    r"|^\W*what is said (?:about|of|on)\b|\bwhat (?:is|are) .{1,60} about\W*$|^\W*(?:give|write) .*\b(?:summary"
    r"|overview)\b"
    r"|\b(?:summary|overview) of\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(?:the |The )?[A-Z0-9][\w.’'-]*[\w](?:\s(?:(?:of|de|von|van|the|and|for)\s)?(?:the\s)?[A-Z0-9][\w.’'-]*\w)*"
)
_SUBJECT_START = re.compile(rf"(?:^|(?<=\s)){_AUXILIARY}\s+", re.IGNORECASE)
_LAST_VERB = re.compile(
    r"\s(?:\w+ed|built|made|won|held|lost|begun|known|written|born|found|founded|sold|bought|sent|opened|called|come|go"
    r"|happen|begin|start|end|take place)\b.*$"
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
_CHOICE = re.compile(rf"^\W*{_AUXILIARY}\b", re.IGNORECASE)
_CHOICE_LATER = re.compile(
    rf"(?:[.,;:!?–—]|\s-)\s+(?:so\s+|then\s+|and\s+|but\s+)?{_AUXILIARY}\s+(?:i|we|you|he|she|it|they|this|that|these"
    r"|those|there|the|an?|my|your|his|her|their|our|(?-i:[A-Z])\w*)\b[^?]*\?\W*$",
    re.IGNORECASE,
)
"""After something that was said before: `My aunt says that it is catching. Is she right?`"""
_LONGEST_SIDE = 80

FRAGMENT = (
    "This is not a whole question: it does not say what it is about. Ask it with its subject, for example {example}."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, understood as far as its form tells."""

    text: str
    kind: Kind = "fact"
    parts: tuple[str, ...] = ()
    """The questions that it consists of, each one whole; empty where it is one."""
    sides: tuple[str, ...] = ()
    """What is compared; empty where nothing is."""
    wanted: int = 0
    """How many things are asked for (`which four`); 0 where the question does not say."""
    defined: str = ""
    """What it asks the meaning of (`What is a monopsony?`); empty where it asks something else."""

    @property
    def wants_list(self) -> bool:
        """Whether a list would answer it."""
        return self.kind in ("list", "count", "steps") or self.wanted > 1


def understood(text: str) -> Question:
    """What a question asks for; its parts are understood one by one by the caller."""
    text = " ".join(text.split())
    parts = _parts(text)
    sides = () if parts else _sides(text)
    found = _DEFINED.match(text)
    name = next(filter(None, found.groups()), "").strip(" \"'“”‘’") if found else ""
    defined = name if len(name.split()) <= _MOST_DEFINED else ""
    kind: Kind = "comparison" if sides else "fact" if found and found["e"] else _kind(text)
    return Question(text, kind, parts, sides, _wanted(text), defined)


def is_fragment(text: str) -> bool:
    """Whether a question goes on from something that was said before: `and in 2019?`, `Why?`, `the second one`.

    A question with a pronoun is one where hardly a word beside it says what it is about.
    """
    text = " ".join(text.split()).strip(" \"'“”")
    bare = _CONJUNCTION.sub("", text, count=1)
    telling = [word for word in asked(bare).values() if word.casefold() not in _IDLE_ANSWERABLE]
    words: list[str] = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", bare)
    if not words or not any(word.isalnum() for word in words):
        return False
    if not _is_latin(text):
        return False
    if _only_idle(words):
        return True
    if re.match(r"(?:(?:and\s+)?(?:what|how) about|what else)\b", text, re.IGNORECASE):
        return len(words) <= 6
    elided = text != bare or bool(_PREPOSITION.match(bare))
    if elided and len(words) <= 4 and not _has_clause(bare):
        return text.rstrip().endswith("?") or text != bare
    if _PRONOUN.search(bare) and not _CLEFT.search(bare):
        beside = {word for word in telling if not _PRONOUN.fullmatch(word)}
        named = any(word[:1].isupper() for word in words[1:] if word != "I")
        return not named and len(beside) < _FEWEST_WORDS_BESIDE_A_PRONOUN - bool(len(words) < 5)
    return False


def asked_back(text: str) -> str:
    """What to tell somebody who asked a fragment."""
    start = _WH_START.match(text)
    examples = {
        "why": "“Why did Rosneft give way to CNPC?”",
        "when": "“When was the bridge opened?”",
        "who": "“Who signed the treaty of 2001?”",
        "where": "“Where does the pipeline end?”",
        "how": "“How was the contract changed?”",
    }
    word = start[1].split()[-1].casefold() if start else ""
    return FRAGMENT.format(example=examples.get(word, "“What was the share of trade in 2019?”"))


def _only_idle(words: list[str]) -> bool:
    """Whether no word says what it is about."""
    return all(
        word.casefold() in _IDLE_ANSWERABLE or _PRONOUN.fullmatch(word) or not _says_what(word) for word in words
    )


def _says_what(word: str) -> bool:
    return not is_idle(word) and not re.fullmatch(_WH, word, re.IGNORECASE)


def _is_latin(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]", text)) and not re.search(r"[\u0370-\uffff]", re.sub(r"[‘’“”–—…]", "", text))


def _has_clause(text: str) -> bool:
    """Whether a short question has a question word and a verb of its own."""
    start = _WH_START.match(text)
    return bool(start and _AUXILIARY_START.match(text[start.end() :]))


def _parts(text: str) -> tuple[str, ...]:
    """The questions that a text consists of, each made whole by what it shares with the first; none where it is one."""
    whole = [each.strip() for each in _TWO_QUESTIONS.split(text) if each.strip()]
    if not all(each.endswith("?") for each in whole[:-1]) or (len(whole) > 1 and not whole[-1].endswith("?")):
        return ()
    pieces = [piece for each in whole for piece in _BEGINS_A_PART.split(each)]
    pieces = pieces[:1] + [piece for piece in pieces[1:] if not _WHICH_ONES.fullmatch(piece.strip(" ?,;."))]
    if len(pieces) < 2 or not (_WH_START.match(pieces[0]) or _CHOICE.match(pieces[0])):
        return ()
    first = pieces[0].rstrip(" ?,;")
    return (f"{first}?", *(_completed(piece.rstrip(" ?,;"), first) for piece in pieces[1:]))


def _completed(piece: str, first: str) -> str:
    """A later part with what it leaves out: `by whom` takes the rest of the first, a pronoun what that is about."""
    start = _WH_START.match(first)
    rest = first[start.end() :] if start else first
    if _BARE_PART.fullmatch(piece):
        return f"{piece} {rest}?"
    if _PRONOUN.search(piece):
        topic = _topic(rest)
        named = _POSSESSED.sub(f"{topic}'s", piece, count=1)
        return f"{_PRONOUN.sub(topic, piece, count=1) if named == piece else named}?"
    has_name = any(word[:1].isupper() for word in piece.split()[1:])
    whole = has_name or (not _NAME.search(rest) and len(asked(piece)) > 1)
    return f"{piece}?" if whole else f"{piece}, {_topic(rest)}?"


def _topic(rest: str) -> str:
    """What the first part is about: its first name, else its words without question word, auxiliary and verb."""
    auxiliary = _SUBJECT_START.search(rest)
    words = rest[auxiliary.end() :] if auxiliary else rest
    if name := _NAME.search(words):
        return name[0]
    return _LAST_VERB.sub("", words).strip() or words


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
    number = _NUMBER_WORDS.get(found[1].casefold()) or (int(found[1]) if found[1].isdigit() else 0)
    return number if number <= max(_NUMBER_WORDS.values()) else 0


def _kind(text: str) -> Kind:
    forms: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("summary", _SUMMARY),
        ("reason", _REASON),
        ("steps", _STEPS),
        ("count", _COUNT),
        ("list", _LIST),
        ("choice", _CHOICE),
    )
    kind: Kind = next((kind for kind, pattern in forms if pattern.search(text)), "fact")
    if kind == "fact" and not _WH_START.match(text) and _CHOICE_LATER.search(text):
        return "choice"
    return kind
