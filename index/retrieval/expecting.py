"""What kind of answer an English question asks for, and whether a sentence has something of that kind."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["number", "time", "name"]

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NUMERALS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|million|billion|half|third|"
    "quarter|twice"
)
_ASKED: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|far|old|tall|high|big|large|often|fast|deep|wide)\b|\bper ?cent"
            r"|\bwhat (?:number|amount|age|size|rate|ratio|proportion|fraction|share)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "time",
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:year|date|month|day|century|decade|time)\b|\bhow long ago\b", re.IGNORECASE
        ),
    ),
    (
        "name",
        re.compile(
            r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:what|which) (?:person|man|woman|king|queen|president|group|company|city"
            r"|organi[sz]ation|country|state|place|region|town|river|continent|island)\b",
            re.IGNORECASE,
        ),
    ),
)
_NUMBER = re.compile(rf"\d|\b(?:{_NUMERALS})\b", re.IGNORECASE)
_TIME = re.compile(rf"\d|\b(?:{_MONTHS}|century)\b")
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z]\w+")


def expected(question: str) -> Kind | None:
    """The kind of answer that a question asks for; None where it may be anything."""
    return next((kind for kind, pattern in _ASKED if pattern.search(question)), None)


def has(kind: Kind, sentence: str, question: str) -> bool:
    """Whether a sentence has something of this kind; a name has to be another than those the question has itself."""
    match kind:
        case "number":
            return bool(_NUMBER.search(sentence))
        case "time":
            return bool(_TIME.search(sentence))
        case "name":
            return any(name not in question for name in _NAME.findall(sentence))
