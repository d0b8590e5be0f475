"""Recognises the kind of thing that an English question asks for, and sentences with such a thing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["share", "money", "duration", "length", "number", "time", "person", "place", "reason", "list"]
"""The patterns are tested in this order: `how long ago` asks for a time, although its answer is a number of years."""

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NUMERALS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|third|"
    "quarter|twice"
)
_SPANS = "seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)"
_LENGTHS = (
    "mm|cm|km|m|kilomet(?:er|re)s?|met(?:er|re)s?|centimet(?:er|re)s?|millimet(?:er|re)s?|miles?|yards?|feet|foot|ft"
    "|inch(?:es)?|acres?|hectares?|stor(?:ey|ie)s?|light.years?"
)
ASKED: tuple[tuple[Kind, str], ...] = (
    ("share", r"\bper ?cent(?:age)?\b|\bwhat (?:ratio|proportion|fraction|share)\b"),
    (
        "money",
        r"\bhow much (?:money|does\b.*\bcost|did\b.*\bcost|is\b.*\bworth|(?:do|does|did)\b.*\b(?:pay|earn|spend))"
        r"|\bwhat (?:is|was|are|were)\b.*\b(?:price|cost|salary|fee|budget|revenue)\b",
    ),
    ("time", r"\bwhen\b|\b(?:what|which) (?:year|date|month|day|century|decade|time)\b|\bhow long ago\b"),
    ("duration", r"\bhow (?:long|old)\b|\bhow many (?:years|months|weeks|days|hours|minutes|seconds)\b|\bwhat age\b"),
    ("length", r"\bhow (?:far|tall|high|deep|wide)\b"),
    (
        "number",
        r"\bhow (?:many|much|big|large|often|fast)\b|\bwhat (?:number|amount|size|rate|population|temperature)\b",
    ),
    (
        "person",
        r"\bwho(?:m|se)?\b|\b(?:what|which) (?:person|man|woman|king|queen|president|group|company|organi[sz]ation)\b",
    ),
    (
        "place",
        r"\bwhere\b|\b(?:what|which) (?:city|country|state|place|region|town|river|continent|island)\b",
    ),
    ("reason", r"\bwhy\b|\b(?:what|which) (?:was |is |were |are )?(?:the )?(?:reasons?|causes?)\b"),
    (
        "list",
        r"\b(?:what|which) (?:are|were) the\b.*s\b"
        r"|\b(?:which|what|name) (?:two|three|four|five|six|seven|eight|nine|ten)\b",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in ASKED)
_NUMBER = re.compile(rf"\d|\b(?:{_NUMERALS})\b", re.IGNORECASE)
_COUNT = rf"(?:\d|\b(?:{_NUMERALS}|a|an|several|few)\b)"
_TIME = re.compile(rf"\d|\b(?:{_MONTHS}|century)\b")
_SHARE = re.compile(
    r"\d\s?%|\bper ?cent\b|\bpercentage\b|\b(?:half|third|quarter|majority|in (?:two|three|five|ten))\b", re.I
)
_MONEY = re.compile(
    r"[$€£¥]|\b(?:USD|EUR|GBP|dollars?|euros?|pounds?|yen|francs?|cents?|rupees?|yuan)\b", re.IGNORECASE
)
_DURATION = re.compile(
    rf"{_COUNT}[^.;]{{0,24}}?\b(?:{_SPANS})\b|\baged? \d|\d-(?:year|month|week|day|hour)", re.IGNORECASE
)
_LENGTH = re.compile(rf"{_COUNT}[^.;]{{0,24}}?(?:\b|(?<=\d))(?:{_LENGTHS})\b", re.IGNORECASE)
_HOW_LONG = re.compile(r"\bhow long\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z]\w+")
_REASON = re.compile(
    r"\b(?:because|due to|owing to|since|as a (?:result|consequence)|in order to|so that|so as to|caused?|causes"
    r"|reasons?|therefore|thus|hence|led to|leads? to|to (?:avoid|prevent|protect|reduce|keep|allow|make|ensure|save)"
    r"|thanks to|for fear|result(?:s|ed|ing)? (?:in|from))\b",
    re.IGNORECASE,
)
_LIST = re.compile(r",[^,]+,|;|,? and |\b(?:include|includes|including|such as)\b", re.IGNORECASE)


_QUESTION = re.compile(
    r"\W*(?:(?:in|at|on|by|for|from|to|with|under|during|of)\s)?(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were"
    r"|do|does|did|can|could|has|have|had|will|would|should|may|might|must|name)\b|.*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)


def is_question(text: str) -> bool:
    """Whether an English text is a question; a claim or a list of words is not."""
    return bool(_QUESTION.match(text))


@lru_cache(256)
def expected_kind(question: str) -> Kind | None:
    """Return the kind of thing that a question asks for; None if it may be anything."""
    return next((kind for kind, pattern in _PATTERNS if pattern.search(question)), None)


def have_kind(kind: Kind, sentences: Sequence[str], question: str) -> list[bool]:
    """Whether each of the sentences contains a thing of this kind: see `has_kind`."""
    return [has_kind(kind, sentence, question) for sentence in sentences]


def names_in(sentence: str) -> list[str]:
    """Return the capitalised words of a sentence that do not begin it."""
    found: list[str] = _NAME.findall(sentence)
    return found


def has_kind(kind: Kind, sentence: str, question: str) -> bool:
    """Whether a sentence contains a thing of this kind. A name counts only if the question does not contain it."""
    match kind:
        case "number":
            return bool(_NUMBER.search(sentence))
        case "time":
            return bool(_TIME.search(sentence))
        case "person" | "place":
            return any(name not in question for name in names_in(sentence))
        case "share":
            return bool(_SHARE.search(sentence))
        case "money":
            return bool(_MONEY.search(sentence))
        case "duration":
            lasts, reaches = _DURATION.search(sentence), _LENGTH.search(sentence)
            # `how long` can also ask for a length, such as that of a border.
            return bool(lasts or (reaches and _HOW_LONG.search(question)))
        case "length":
            return bool(_LENGTH.search(sentence))
        case "reason":
            return bool(_REASON.search(sentence))
        case "list":
            return bool(_LIST.search(sentence))
