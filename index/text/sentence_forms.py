"""The forms of sentences: those that refer back, and those that limit what was said before."""

from __future__ import annotations

import re

from index.text.prose import ITEM

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
TAKES_BACK = re.compile(
    r"(?:but|however|yet|nevertheless|nonetheless|except|unless|in (?:fact|reality|truth)|on the contrary|contrary to"
    r"|actually|even so|that said|(?:this|that|it) (?:is|was|does|did) not|there (?:is|was) (?:no|little) evidence)\b",
    re.IGNORECASE,
)
"""The beginning of a sentence that limits or denies the one before it."""
DANGLING_END = re.compile(
    r"(?:,|\b(?:the|a|an|of|in|on|at|by|for|from|to|with|and|or|but|that|which|who|as|than|its|his|her|their|is|are|was"
    r"|were|has|have|had|be|not|this|these|between|into|over|under|after|before|until|more|most))$",
    re.IGNORECASE,
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
    return found is not None and not _NAME.search(found[0][found[0].find(" ") :])
