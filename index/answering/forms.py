"""The forms of sentences that questions ask for: a reason, a manner, an instruction, a definition, a count."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from index.retrieval.expecting import expected_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.answering.intents import Question

FORM_BONUS = 0.2
"""Added for a manner, a name or an instruction: a sentence without one hardly ever answers such a question."""
REASON_BONUS = 0.3
"""Added for a reason: a sentence without one only repeats the question."""
SIDE_BONUS = 0.15
"""Added for a denial, limit or doubt in reply to a yes-no question; an affirmative sentence may also say yes."""
DEFINITION_BONUS = 0.5
"""Added for a definition of the word in question."""
STEM = 5
"""The number of letters that identify a word with its derivatives."""
_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|as a result|reasons?|therefore|thanks to|in order to|so that|led to|caused?"
    r"|causes"
    r"|prompted|stems? from|result(?:s|ed)? (?:of|from)|on account of|attributed?|blamed?|so as to|explains?"
    r"|motivated)\b|^to (?:address|avoid|prevent|reduce|ensure|protect|allow|make|keep|save|meet|solve)\b",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"\b(?:called|known as|termed|named|refer(?:s|red) to as|stands for|defined as|means)\b", re.IGNORECASE
)
_NAME_ASKED = re.compile(
    r"\b(?:what|which) (?:is|was|are|were) the (?:\w+ )?(?:terms?|names?|words?) (?:for|of|that|given|used)\b"
    r"|\bcalled\b"
    r"|\bwhat does .+ (?:mean|stand for)\b|\bmeaning of\b",
    re.IGNORECASE,
)
_MANNER = re.compile(r"\bby (?:\w+ly )?\w+ing\b|\bthrough\b|\busing\b|\bvia\b|\bby means of\b", re.IGNORECASE)
_MANNER_ASKED = re.compile(r"^\W*how (?:did|does|do|was|were|is|are|has|have|can)\b", re.IGNORECASE)
_SIDE_TAKEN = re.compile(
    r"\b(?:not|no|never|none|nor|neither|only|cannot|without|unless|except|fail(?:s|ed)?|unable|refus\w+"
    r"|den(?:y|ies|ied)|reject\w*|doubt\w*|too|un(?:known|clear|certain|proven)|disputed)\b|n't\b",
    re.IGNORECASE,
)
"""A denial, a limit or a doubt."""
_CASE_ASKED = re.compile(
    r"^\W*(?:under|in) (?:what|which) (?:circumstances?|conditions?|cases?|situations?|events?)\b"
    r"|^\W*what happens (?:if|when)\b",
    re.IGNORECASE,
)
_CASE = re.compile(
    r"\b(?:if|when|where|unless|in case|provided|in the event|as long as|until|upon|once)\b", re.IGNORECASE
)
_DEEDS = (
    "press call use ask talk keep open close turn click select choose enter go visit contact email write send make "
    "take put place run install check read follow apply attach add remove set start stop try wear wash avoid look "
    "wait see speak drink eat rest notice work find get give tell show type move hold push pull insert connect "
    "download create copy save clean pat let consider ensure bring complete submit return report pay order book"
)
_BIDS = re.compile(
    r"\W*(?:\d+[.)]\s*)?(?:(?:to|for|if|when|once|after|before|in|with)\b[^,.]{3,80},\s*)?"
    rf"(?:please |then |first,? |always |never |do not |don't |just |simply )*(?:{'|'.join(_DEEDS.split())})\b",
    re.IGNORECASE,
)
"""An instruction: `To lock the vehicle, press the button.`"""
TELLS = (
    r"(?:(?:is|are|was|were)\s+(?:an?|the|any|one|when|where|what|how|part|that|those|defined|called|known)\b"
    r"|(?:shall\s+|can\s+)?(?:means?|refers?\s+to|describes?|stands?\s+for|consists?\s+of|denotes?|feels?\s+like"
    r"|looks?\s+like|involves?)\b|:|\s[–—-]\s)"
)
_COUNTED = re.compile(
    r"\bhow many\s+(?:different\s+|other\s+)?(\w+)|\bnumber of\s+(?:different\s+|other\s+)?(\w+)", re.IGNORECASE
)
_NUMERAL = (
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|both"
    r"|several|no)"
)


class Form(NamedTuple):
    """A form of a sentence, and the bonus for it."""

    pattern: re.Pattern[str]
    bonus: float


def forms(question: Question) -> Iterable[Form]:
    """Yield the forms that a question asks for."""
    text, kind = question.text, question.kind
    how = bool(_MANNER_ASKED.search(text)) and kind == "fact" and expected_kind(text) is None
    if kind == "reason" or how:
        yield Form(_REASON, REASON_BONUS if kind == "reason" else FORM_BONUS)
    if how or kind == "steps":
        yield Form(_MANNER, FORM_BONUS)
    if kind == "steps":
        yield Form(_BIDS, FORM_BONUS)
    if kind == "choice":
        yield Form(_SIDE_TAKEN, SIDE_BONUS)
    if _CASE_ASKED.search(text):
        yield Form(_CASE, FORM_BONUS)
    if _NAME_ASKED.search(text):
        yield Form(_NAMES, FORM_BONUS)
    if question.defined:
        yield Form(_definition_pattern(question.defined), DEFINITION_BONUS)
    if kind == "count" and (found := _COUNTED.search(text)):
        yield Form(_count_pattern(found[1] or found[2]), FORM_BONUS)


def _definition_pattern(name: str) -> re.Pattern[str]:
    """Return a pattern for definitions: `A monopsony is a …`, `… is called a monopsony`."""
    words = r"\s+".join(re.escape(word) for word in name.split()) + r"\w{0,2}[\"'”’]?"
    aside = r"(?:\s*\([^)]{1,60}\)|,[^,.]{1,60},)?"
    begins = rf"^\W*(?:\d+[.)]\s+)?(?:an?\s+|the\s+)?{words}{aside}\s*{TELLS}"
    names = rf"\b(?:called|termed|known\s+as|named)\s+(?:an?\s+|the\s+)?[\"'“‘]?{words}"
    holds = rf"\b(?:is|are)\s+{words}\s+(?:when|if|where)\b"
    return re.compile(f"{begins}|{names}|{holds}", re.IGNORECASE)


def _count_pattern(thing: str) -> re.Pattern[str]:
    """Return a pattern for a number of such things: `three different kinds`, also under another word for kinds."""
    stem = re.escape(thing[: max(STEM - 1, len(thing) - 2)])
    kinds = r"|kinds?|types?|sorts?|ways?" if thing.casefold() in ("kinds", "types", "sorts", "ways") else ""
    return re.compile(rf"\b{_NUMERAL}\s+(?:[\w-]+\s+){{0,2}}?(?:{stem}\w*{kinds})", re.IGNORECASE)
