"""The forms of sentences: reasons, definitions, counts and others that questions ask for, and sentences that refer
back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from index.search.answer_types import expected_kind
from index.storage.lexical.terms import terms_of
from index.text.boilerplate import ITEM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.answers.intents import Question

MOST_ANNOUNCED = 5
_CONNECTIVE = (
    r"then|thus|also|and|or|nor|so|therefore|moreover|furthermore|instead|otherwise|likewise|similarly|consequently"
    r"|hence|meanwhile|besides|in (?:addition|contrast|turn|return|other words)|as a result|for (?:example|instance"
    r"|this reason)"
    r"|on the other hand|by contrast|after (?:that|this)|because of (?:this|that)|as such|in (?:this|that) (?:case|way)"
)
_POINTING = (
    r"he|she|it|they|this|these|those|that|such|his|her|its|their|both|neither|the (?:former|latter|same)"
    r"|one of (?:them|these)|(?:some|most|many|all|none|each|two|three) of (?:them|these|those)"
)
_BACK_REFERENCE = re.compile(
    rf"(?:[-–—•*]\s*)?[\"“'‘(]?(?:{_POINTING}|{_CONNECTIVE}|however|but|yet|nevertheless|still,)\b(?! who\b| which\b)",
    re.IGNORECASE,
)
_LATER_PRONOUN = re.compile(
    r"(?:in|on|at|by|after|during|from|since|until|before|for|when|while|although|though|as|despite|following|within)\b"
    r"[^.;]{0,60}?\b(?:he|she|they|it|his|her|their|its)\b",
    re.IGNORECASE,
)
_LATER_DEMONSTRATIVE = re.compile(
    r"(?:to|in|for|under|of|among|with|despite) (?:\w+ ){0,2}?(?:these|those)\s+(?!who\b)[a-z]", re.I
)
_EMPTY_SUBJECT = re.compile(
    r"(?:it|that|this|there) (?:is|was|has been|would be|may be|might be|seems|appears|remains)\s+(?:\w+ly\s+)?(?:a "
    r"|an |the "
    r"|no |not )?\w+\s(?:that|to|whether|for|who)\b|it was (?:in|on|at) (?:the )?[A-Z0-9]|those who\b|both [A-Z]"
    r"|neither [A-Z]|such as\b|one of the\b",
    re.IGNORECASE,
)
_BROKEN_SENTENCE = re.compile(r"\([^()]{0,80}\)\s+[a-z]")
"""The end of a sentence that was split wrongly, at a question mark in a title."""
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][a-z]\w*")
_TAKES_BACK = re.compile(
    r"(?:[-–—•*]\s*)?(?:but|however|yet|nevertheless|nonetheless|still|except|unless|only if|in (?:fact|reality|truth)"
    r"|on the contrary|contrary to|actually|instead|even so|that said|not (?:so|all|every|even)|no (?:evidence|such)"
    r"|there is (?:no|little)|there was (?:no|little)|none of|neither|this (?:is|was) (?:not|a myth|false|untrue|wrong)"
    r"|(?:this|that|the) (?:rule|limit|ban|claim|story|belief|view|figure|theory|legend|account) (?:is|was|does|did"
    r"|has)"
    r"|(?:later|recent|newer|modern) (?:research|studies|work|evidence|analysis)|although|though|rather)\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no evidence|not true|untrue|false|myth|legend|mistaken|wrong(?:ly)?|disproved?|refuted?|rejected?|denied"
    r"|denies"
    r"|discredited|contradicts?|in fact|in reality|actually|never|turned out|error|hoax|fabricated|corrected|retracted"
    r"|no longer|since (?:been|then)|not|nor|cannot|but|however|except|unless)\b|n't\b",
    re.IGNORECASE,
)
_LEAVES_OUT = re.compile(
    r"\b(?:(?:shall|does|do|is|are|will|must|need|may) not|cannot) (?:\w+ly )?(?:include|mean|apply|cover|extend|count)"
    r"|\bexclud(?:es|ed|ing)\b|\bwith the exception of\b",
    re.IGNORECASE,
)
_BELIEF = re.compile(
    r"\b(?:believed?|beliefs?|thought|assumed?|supposed(?:ly)?|claim(?:s|ed)?|alleged(?:ly)?|allegations?"
    r"|rumou?r(?:s|ed)?"
    r"|legend|myth|tradition(?:ally)?|said to|reputed(?:ly)?|popular(?:ly)?|often|long held|once|formerly|originally"
    r"|initially|at first|planned|intended|was to|were to|expected|hoped|promised|proposed|suggested|theory|hypothesis"
    r"|first reported|widely|commonly|used to|according to)\b",
    re.IGNORECASE,
)
ANNOUNCES = re.compile(
    r"\b(?P<number>two|three|four|five|both|several|a few|the following|some)\s+(?:[\w-]+\s+){0,3}?"
    r"(?:reasons?|ways?|weaknesses|strengths|features?|factors?|yardsticks?|steps?|stages?|phases?|parts?|types?"
    r"|kinds?|forms?"
    r"|points?|conditions?|criteria|causes?|effects?|differences|advantages|disadvantages|benefits|risks|problems"
    r"|issues"
    r"|challenges|goals?|aims?|principles?|rules?|elements|components|categories|groups|options|methods|approaches"
    r"|questions|examples|exceptions?|facts|lessons|consequences|contributions|objectives|requirements|tasks|tools"
    r"|sources"
    r"|scenarios|events|measures|functions|purposes|arguments|things|changes|limits|limitations|areas|companies"
    r"|countries)\b",
    re.IGNORECASE,
)
ORDINAL = re.compile(
    r"(?:[-–—•*]\s*)?(?:first(?:ly)?|the first|one\b|to begin|second(?:ly)?|the second|third(?:ly)?|a (?:second"
    r"|third|fourth)"
    r"|the (?:third|fourth|fifth|other|last)|fourth(?:ly)?|fifth|another|finally|last(?:ly)?|next|then|also"
    r"|in addition|\(?\d[.)])",
    re.IGNORECASE,
)
ANNOUNCED_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "both": 2}
DANGLING_END = re.compile(
    r"(?:,|\b(?:the|a|an|of|in|on|at|by|for|from|to|with|and|or|but|that|which|who|as|than|its|his|her|their|is|are|was"
    r"|were|has|have|had|be|not|this|these|between|into|over|under|after|before|until|more|most))$",
    re.IGNORECASE,
)
LONGEST_QUALIFIER = 260
"""A longer sentence, in characters, that begins with `But` has a subject of its own."""
LONGEST_PROMISE = 130
"""A longer sentence, in characters, that announces several things already says what they are."""
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


def refers_back(text: str) -> bool:
    """Whether a sentence refers to a sentence before it."""
    if mark := ITEM.match(text):
        text = text[mark.end() :]
    if text[:1].islower() or _BROKEN_SENTENCE.match(text):
        return True
    if _BACK_REFERENCE.match(text):
        return not _EMPTY_SUBJECT.match(text)
    if _LATER_DEMONSTRATIVE.match(text):
        return True
    found = _LATER_PRONOUN.match(text)
    return bool(found) and not _NAME.search(found[0][found[0].find(" ") :]) if found else False


def qualifies(text: str, preceding: str, wanted: frozenset[str], *, apart: bool) -> bool:
    """Whether a sentence takes back or limits the text before it; `apart` if a line break is between them."""
    terms_said, own_terms = terms_of([preceding, text])
    on_topic = len(wanted.union(terms_said).intersection(own_terms)) > 1
    related = _BACK_REFERENCE.match(text) is not None or on_topic
    takes_back = bool(_TAKES_BACK.match(text)) and related and len(text) <= LONGEST_QUALIFIER
    refutes = bool(_BELIEF.search(preceding)) and bool(_DENIAL.search(text)) and related
    leaves_out = bool(_LEAVES_OUT.search(text)) and not apart and on_topic
    if not (takes_back or refutes or leaves_out):
        return False
    return not apart or refutes or bool(_TAKES_BACK.match(text))


def promises(text: str) -> bool:
    """Whether a sentence announces several things without saying what they are."""
    return text.count(",") < 2 and ":" not in text and len(text) <= LONGEST_PROMISE


class Form(NamedTuple):
    """A form of a sentence, and the bonus for it."""

    pattern: re.Pattern[str]
    bonus: float


def forms(question: Question) -> Iterable[Form]:
    """Yield the forms that a question asks for."""
    text, kind = question.text, question.kind
    manner = bool(_MANNER_ASKED.search(text)) and kind == "fact" and expected_kind(text) is None
    if kind == "reason" or manner:
        yield Form(_REASON, REASON_BONUS if kind == "reason" else FORM_BONUS)
    if manner or kind == "steps":
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


def _count_pattern(noun: str) -> re.Pattern[str]:
    """Return a pattern for a number of these things, such as `three different kinds`, also with a synonym of kinds."""
    stem = re.escape(noun[: max(STEM - 1, len(noun) - 2)])
    kinds = r"|kinds?|types?|sorts?|ways?" if noun.casefold() in ("kinds", "types", "sorts", "ways") else ""
    return re.compile(rf"\b{_NUMERAL}\s+(?:[\w-]+\s+){{0,2}}?(?:{stem}\w*{kinds})", re.IGNORECASE)
