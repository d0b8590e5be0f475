"""Makes a question of a plain English statement, which then answers it.

Only statements with a form of "be", or with a verb in `-ed` and a date, are used, because their words can be put into a
question without grammar: `The treaty was signed in 1846.` Only those that can be understood alone are used, because the
reader sees the question before any document. Most statements therefore give no question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.answers.sentence_forms import refers_back
from index.text.boilerplate import is_statement
from index.text.words import UNKNOWN, language, rarity

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTEST, LONGEST = 45, 200
"""Characters of a statement that is used."""
MOST_COMMAS = 3
FEWEST_WORDS, MOST_WORDS = 6, 16
"""Words of a question."""
_UNUSABLE = re.compile(
    r"[\"“”„«»()\[\]{}<>|;:/\\=*#@_–—…%$€£]|\s-|--|[^\x20-\x7e\u00c0-\u017f’']"
    r"|\b(?:figures?|tables?|sections?|chapters?|pages?|fig|eq|ref|above|below|following|former|latter|respectively"
    r"|today|tomorrow|yesterday|ago|currently|therefore|thus|said|not|no|never|none|nobody|neither|nor|without|hardly"
    r"|would|could|should|might|may|must|shall|ought|if|unless|whether|according|example|e\.g|i\.e|etc|et al)\b"
    r"|n[’']t\b",
    re.IGNORECASE,
)
"""Signs of a statement that is hedged or denied, refers to the page, or is no plain prose."""
_POINTING = re.compile(
    r"\b(?:such|this|these|those|that|here|there|now|also|however|moreover|instead|others?|another|same|you|yours?|we|us"
    r"|ours?|i|me|my|he|him|his|she|hers?|it|its|they|them|theirs?|ones?|itself|himself|herself|themselves)\b",
    re.IGNORECASE,
)
"""Words of a question that could only be understood in the text."""
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_TIME = re.compile(rf"\b[Ii]?[Oo]?n (?:\d{{1,2}} )?(?:(?:{_MONTHS}) )?(?:\d{{1,2}}, )?(?:1[4-9]\d\d|20\d\d)\b")
_SUBJECT = r"(?:(?:The|the|A|An) [\w’' -]{3,60}?|[A-Z][\w’'.-]*(?: (?:of|the|de|von|van|[A-Z0-9][\w’'.-]*))*)"
_STATEMENT = re.compile(
    rf"(?:(?P<opening>{_TIME.pattern}),? )?(?P<subject>{_SUBJECT}) (?P<be>is|was|are|were|[a-z][a-z]+ed)"
    r" (?P<rest>[^,]+?)(?:, .*| and [\w ]+ (?:is|was|are|were|had|has) .*)?\."
)
_PARTICIPLE = r"(?:\w+ed|born|built|made|held|written|won|sold|bought|given|taken|found|begun|chosen|drawn|set up)"
_PLACE = re.compile(r" (?:in|at|near) [A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_PERSON = re.compile(
    r"(?:\w+(?:er|or|ist|ian|ant|man)|king|queen|president|chief|pope|bishop|judge|wife|husband|child|son|people)$"
)
_NOUN_END = re.compile(r" (?:of|in|to|that|which|who|for|on|at|from|with|by)\b")
_CLAUSE = re.compile(r"\b(?:that|which|who|whose|when|where|while|as|than|or|but)\b")
_BARE = re.compile(r"\bthe [a-z]+(?: (?:\w+ed|born|built|made|held|written)\b|\?|$)")
"""A question about "the treaty", without saying which one."""
_NAMED = re.compile(r"(?<!^)\b(?:[A-Z][\w’']+|1[4-9]\d\d|20\d\d)\b")


def is_usable(text: str) -> bool:
    """Return whether a statement is plain English prose that can be understood alone, as far as its words show."""
    return (
        SHORTEST <= len(text) <= LONGEST
        and text[0].isupper()
        and text.endswith(".")
        and text[-2].isalnum()
        and text.count(",") <= MOST_COMMAS
        and not _UNUSABLE.search(text)
        and is_statement(text)
        and not refers_back(text)
        and language(text) == "en"
    )


def question(statement: str) -> str:
    """Return a question that a usable statement answers; empty if no good one can be made."""
    found = _STATEMENT.fullmatch(statement)
    if found is None or _CLAUSE.search(found["subject"]):
        return ""
    subject = re.sub(r"^(?:The|An?) ", lambda article: article[0].lower(), found["subject"])
    forms = (_when,) if found["opening"] else _FORMS
    asked = (form(subject, found["be"], found["rest"], found["opening"] or "") for form in forms)
    return next((f"{text}?" for text in asked if text and _is_good(f"{text}?")), "")


def _when(subject: str, be: str, rest: str, opening: str) -> str:
    """`The treaty was signed in 1846.`: When was the treaty signed?"""
    if len(_TIME.findall(rest)) + bool(opening) != 1:
        return ""
    if be.endswith("ed"):  # `Queen Elizabeth opened the harbour in 1846.`
        infinitive = _infinitive(be)
        return f"When did {subject} {infinitive} {_without(_TIME, rest)}" if infinitive else ""
    passive = be in ("was", "were") and re.match(_PARTICIPLE, rest)
    return f"When {be} {subject} {_without(_TIME, rest)}" if passive else ""


def _infinitive(past: str) -> str:
    """Return the most usual verb that may have this past (`open`, `close`, `stop`, `carry`); empty if none is known."""
    verbs = [past[:-2], past[:-1]]
    verbs += [past[:-3]] if past[-3:-2] == past[-4:-3] else []
    verbs += [f"{past[:-3]}y"] if past.endswith("ied") else []
    usual = min(verbs, key=rarity)
    return usual if rarity(usual) < UNKNOWN else ""


def _why(subject: str, be: str, rest: str, _: str) -> str:
    """`The harbour of Calais was closed because the river had frozen.`: Why was the harbour of Calais closed?"""
    before, because, _reason = rest.partition(" because ")
    return f"Why {be} {subject} {before}" if because and not be.endswith("ed") else ""


def _who(subject: str, be: str, rest: str, _: str) -> str:
    """`The line was designed by Gustave Eiffel.`: Who designed the line?"""
    found = re.match(r"(?P<verb>\w+ed) by [A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*(?P<after>.*)", rest)
    return f"Who {found['verb']} {subject}{found['after']}" if found and be in ("was", "were") else ""


def _where(subject: str, be: str, rest: str, _: str) -> str:
    """`Darwin was born in Shrewsbury in 1809.`: Where was Darwin born in 1809?"""
    placed = re.match(r"(?:located|situated|held|born|signed|buried|fought|discovered|founded|based)\b", rest)
    if not placed or be.endswith("ed") or len(_PLACE.findall(rest)) != 1:
        return ""
    return f"Where {be} {subject} {_without(_PLACE, rest)}"


def _first(subject: str, be: str, rest: str, _: str) -> str:
    """`Telenet was the first public data network in the country.`: What was the first public data network …?"""
    found = re.match(r"the (?:first|only|last|most|\w+est)\b", rest)
    if not found or not subject[0].isupper() or be not in ("is", "was"):
        return ""
    noun = _NOUN_END.split(rest)[0]
    return f"{'Who' if _PERSON.search(noun) else 'What'} {be} {rest}"


def _definition(subject: str, be: str, rest: str, _: str) -> str:
    """`A barometer is an instrument that …`: What is a barometer?"""
    named = subject.isupper() or subject.startswith(("a ", "an "))
    return f"What is {subject}" if named and be == "is" and re.match(r"an? .* (?:of|that|which|for|in)\b", rest) else ""


_FORMS: tuple[Callable[[str, str, str, str], str], ...] = (_why, _when, _where, _who, _first, _definition)
"""In the order of preference."""


def _without(pattern: re.Pattern[str], text: str) -> str:
    return " ".join(pattern.sub("", text).partition(" as ")[0].split())


def _is_good(text: str) -> bool:
    words = text.split()
    is_definition = text.startswith("What is a") or (text.startswith("What is ") and len(words) == 3)
    long_enough = is_definition or (len(words) >= FEWEST_WORDS and bool(_NAMED.search(text)))
    plain = not _POINTING.search(text) and not _BARE.search(text) and not any(map(_is_broken, words))
    return long_enough and len(words) <= MOST_WORDS and plain


def _is_broken(word: str) -> bool:
    """Whether a word was broken at the end of a line: `some-where`."""
    first, hyphen, second = word.rstrip("?").partition("-")
    return bool(hyphen) and first.isalpha() and second.islower() and rarity(f"{first}{second}".lower()) < UNKNOWN
