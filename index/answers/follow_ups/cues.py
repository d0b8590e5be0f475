"""The words by which a question says that it continues another one: `and`, `what about`, `why`, `the second one`."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from index.answers.completeness import AUXILIARY, is_fragment
from index.answers.follow_ups.anaphors import FRONTED
from index.answers.follow_ups.utterance import utterances
from index.storage.lexical.terms import question_terms

if TYPE_CHECKING:
    from index.answers.follow_ups.utterance import Utterance

LEAD = re.compile(
    r"^(?:(?:ok(?:ay)?|and|but|so|then|also|plus|or|well|right|alright|now|thanks|thank you|hm+|oh|yes|no|sure|i see"
    r"|fine|good|great|interesting|thx|sorry|please)\b[\s,.!:–—-]*)+",
    re.IGNORECASE,
)
ABOUT = re.compile(r"^(?:what|how)\s+about\s+", re.IGNORECASE)
QUESTION_WORD = r"(?:who|whom|whose|what|which|when|where|why|how)"
PREPOSITION = (
    r"(?:in|on|at|by|for|from|to|with|of|since|until|till|before|after|during|about|without|under|between|among"
    r"|against|within|over|as|through|according to|because of)"
)
BARE_QUESTION = re.compile(
    rf"(?:{PREPOSITION}\s+)?{QUESTION_WORD}(?:'s)?(?:\s+(?!{AUXILIARY}\b)[\w’'-]+"
    rf"(?:\s+(?!{AUXILIARY}\b)[\w’'-]+){{0,3}})?",
    re.IGNORECASE,
)
MANNERS = {
    "why not": "why", "how so": "why", "why so": "why", "how come": "why", "what for": "why", "for what": "why",
    "why exactly": "why", "why is that": "why", "why's that": "why", "why was that": "why", "and why": "why",
    "where to": "where", "when exactly": "when", "where exactly": "where", "how exactly": "how", "says who": "who says",
    "according to whom": "who says", "on what grounds": "why", "for what reason": "why", "for which reason": "why",
}  # fmt: skip
LONE_ORDINAL = re.compile(
    r"\bthe\s+(?P<ordinal>first|second|third|fourth|fifth|last|other|next)(?:\s+(?:ones?))?(?=\s*[?.!,]?\s*$)",
    re.IGNORECASE,
)
ONE = re.compile(r"^which\s+(?:one|ones)\b", re.IGNORECASE)
CONTINUES = re.compile(r"^(?:(?:the\s+)?same\b|.*\bi (?:mean|meant)\b)", re.IGNORECASE)
"""Takes up the earlier question with another phrase: `same for Britain`, `I meant the fighters`."""
_PRESUPPOSES = re.compile(
    r"\b(?:else|instead|again|after all|otherwise|the rest|the others?|the whole thing|the same|anyone|anybody)\b"
    r"|^(?:any|some|more)\b|^what if\b|\bhow much$",
    re.IGNORECASE,
)
"""Words that only make sense after something else."""
TELLS = re.compile(
    r"^(?:please\s+)?(?:explain|define|describe|summari[sz]e|list|name|tell me|show|find)\b", re.IGNORECASE
)
_FINITE = ("VBD", "VBZ", "VBP", "MD", "VB")
_FEW = 3
"""A question without a verb that has at most this many words that carry meaning does not say what it is about."""


def lacks_topic(question: Utterance) -> bool:
    """Whether a question without anaphors continues another: `who else?`, `any latecomers?`, `wearing what?`

    A name or a number says what it is about. A definite phrase (`Who signed the treaty?`) may begin a new topic, so it
    counts as whole.
    """
    text = question.text
    if any(phrase.named for phrase in question.phrases) or any(map(str.isdigit, text)) or TELLS.match(text):
        return False
    if _PRESUPPOSES.search(text.rstrip(" ?.!")) or (is_fragment(text) and not FRONTED.match(text)):
        return True
    verbless = not any(token.tag in _FINITE and token.role != "amod" for token in question.tokens)
    asks = bool(re.search(rf"\b{QUESTION_WORD}\b", text, re.IGNORECASE))
    return asks and verbless and len(question_terms(text)) <= _FEW


def hides_verb(question: Utterance) -> bool:
    """Whether a short question has a verb that the parser took for a noun: `Did oil rise?`, unlike `Did crude oil?`

    With an article, the parser sees more of these verbs. A plural hardly ever begins a compound (`Do dogs bark?`).
    """
    words = [token for token in question.tokens if token.text.isalnum()]
    helper, rest = words[:1], words[1:]
    if len(rest) < 2 or rest[0].tag not in ("NN", "NNS"):
        return False
    if any(first.tag == "NNS" and second.tag == "NN" for first, second in pairwise(rest)):
        return True
    return utterances([f"{helper[0].text} the {question.text[rest[0].start :]}"])[0].tokens[0].role == "aux"
