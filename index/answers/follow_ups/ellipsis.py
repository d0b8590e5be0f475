"""Completes a question that names only what is different: `and in 2019?`, `what about Norway?`, `the second one?`"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.answers.follow_ups.utterance import utterances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.answers.follow_ups.antecedents import Context
    from index.answers.follow_ups.utterance import Phrase, Utterance

    Similar = Callable[[str, Sequence[str]], Sequence[float]]
    """Returns how near a text is to each of some other texts, as cosines."""

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final|next|other|latest|newest|oldest"
)
_ORDINAL = re.compile(rf"\b({_ORDINALS})\b", re.IGNORECASE)
_THE_ORDINAL = re.compile(rf"(?:the\s+)?({_ORDINALS})(?:\s+(?:ones?|two|three))?", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"(?:in|on|at|by|for|from|to|with|of|since|until|till|before|after|during|about|without|under|between|among|against"
    r"|within|outside|over|per|as)\b",
    re.IGNORECASE,
)
_SHIFT = re.compile(
    r"(?:in\s+)?(?:the\s+)?(?:(?P<n>\w+)\s+)?(?P<unit>years?|months?|decades?|centur(?:y|ies))\s+"
    r"(?P<way>later|after|afterwards?|on|hence|before|earlier|previously)(?:\s+that)?"
    r"|(?:in\s+)?the\s+(?P<next>next|following|previous|preceding)\s+(?P<unit2>year|decade|century)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"(?P<way>before|after|since|until|till)(?:\s+(?:that|then|this))?|(?P<plain>earlier|later|previously"
    r"|afterwards?|now|today|nowadays|then)",
    re.IGNORECASE,
)
_AFTER_THAT = re.compile(r"\b(before|after)\s+(?:that|this|it)$", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1[0-9]|20)[0-9]{2}\b")
_MONTH = re.compile(
    r"(?:(?:early|late|mid)\s+)?(?:january|february|march|april|may|june|july|august|september|october|november"
    r"|december|spring|summer|autumn|winter)\b.*",
    re.IGNORECASE,
)
_SAME = re.compile(r"^(?:the\s+)?same(?:\s+(?:thing|question))?\s+(?=(?:for|in|with|about|at|on)\s)", re.IGNORECASE)
_CORRECTION = re.compile(r"^(?:.*\b(?:i\s+(?:mean|meant)|rather)\b[\s,:]*)(?=\S)", re.IGNORECASE)
_END = re.compile(r"[\s,]+(?:instead|too|as well|then|though|please|again)$", re.IGNORECASE)
_YEARS = {"year": 1, "decade": 10, "centur": 100}
_KIN = {frozenset(("place", "group")), frozenset(("group", "person")), frozenset(("name", "thing")),
        frozenset(("group", "name")), frozenset(("place", "name")), frozenset(("thing", "group"))}  # fmt: skip
_WEIGHT_OF_ROLE = {"nsubj": 0.25, "nsubjpass": 0.25, "dobj": 0.2, "pobj": 0.15, "attr": 0.1, "poss": 0.15}
_LEAST = 0.45
"""A phrase is replaced if its score is at least this."""


def replace_slot(words: str, context: Context, similar: Similar) -> tuple[str, bool]:
    """Return the newest question with `words` in the place of what they replace, and whether that is sure."""
    words = _END.sub("", _SAME.sub("", _CORRECTION.sub("", words.strip(" ?.!,;"))))
    question = context.question
    if (shifted := _shifted(words, context)) is not None:
        return shifted, True
    if ordinal := _THE_ORDINAL.fullmatch(words):
        return _with_ordinal(ordinal[1], context)
    if _PREPOSITION.match(words):
        return _with_prepositional_phrase(words, question, similar)
    new = utterances([words])[0]
    target = _target(new, question, similar)
    if target is None:
        return _appended(question.text, f"and {words}"), False
    if _AFTER_THAT.search(words):
        words = _AFTER_THAT.sub(lambda found: f"{found[1]} {target.full}", words)
        return (
            f"{question.text[: target.start]}the {words.removeprefix('the ')}{question.text[target.full_end :]}",
            True,
        )
    return _replaced(question.text, target, new, words), True


def _shifted(words: str, context: Context) -> str | None:
    """Return the newest question at another time: `the year after`, `six years later`, `before that`, `earlier`."""
    question, year = context.question, _newest_year(context)
    if (found := _SHIFT.fullmatch(words)) and year:
        return _at_time(question, f"in {year + _distance(found)}")
    if not (found := _RELATIVE.fullmatch(words)):
        return None
    if found["plain"]:
        back = found["plain"].lower() in ("earlier", "previously")
        time = f"{'before' if back else 'after'} {year}" if year else found["plain"]
        return _at_time(question, found["plain"] if found["plain"].lower() in ("now", "today", "nowadays") else time)
    return _at_time(question, f"{found['way']} {year}" if year else f"{found['way']} that")


def _distance(found: re.Match[str]) -> int:
    """Return the number of years, negative for an earlier time."""
    unit = (found["unit"] or found["unit2"]).lower()
    size = next((years for name, years in _YEARS.items() if unit.startswith(name)), 0)
    count = found["n"] or "one"
    number = _NUMBERS.get(count.lower(), int(count) if count.isdigit() else 1)
    back = (found["way"] or "").lower() in ("before", "earlier", "previously")
    return (-1 if back or (found["next"] or "").lower() in ("previous", "preceding") else 1) * number * size


def _newest_year(context: Context) -> int:
    """Return the year of the newest turn: of the question, or else of its answer; 0 if there is none."""
    for text in (context.question.text, *(quote.text for quote in context.answer)):
        if years := _YEAR.findall(text):
            return int(years[-1])
    return 0


def _at_time(question: Utterance, time: str) -> str:
    """Return a question with its date replaced, or with a date added."""
    dates = [phrase for phrase in question.phrases if phrase.kind == "date"]
    if not dates:
        return _appended(question.text, time)
    ranged = len(dates) > 1 and len(question.text[dates[-2].end : dates[-1].start].split()) == 1  # `1990 to 1993`
    start = _start_with_preposition(question, dates[-2] if ranged else dates[-1])
    text = f"{question.text[:start]}{time}{question.text[dates[-1].end :]}"
    return text[:1].upper() + text[1:] if start == 0 else text


def _start_with_preposition(question: Utterance, phrase: Phrase) -> int:
    above = question.tokens[phrase.head.head]
    return above.start if phrase.preposition and above.start < phrase.start else phrase.start


def _with_ordinal(ordinal: str, context: Context) -> tuple[str, bool]:
    """Return the newest question about the second, the last, the other one."""
    question = context.question
    if found := _ORDINAL.search(question.text):
        return f"{question.text[: found.start()]}{ordinal}{question.text[found.end() :]}", True
    head = context.asked_head or next((phrase.head.lemma for phrase in question.phrases if phrase.plural), "")
    return _appended(question.text, f"the {ordinal} {head or 'one'}", comma=True), bool(head)


def _with_prepositional_phrase(words: str, question: Utterance, similar: Similar) -> tuple[str, bool]:
    preposition, _, rest = words.partition(" ")
    if (ordinal := _THE_ORDINAL.fullmatch(rest)) and _ORDINAL.search(question.text):
        return _ORDINAL.sub(ordinal[1], question.text, count=1), True
    new = utterances([rest])[0]
    kind = _kind(new)
    if kind == "date" or _YEAR.fullmatch(rest.strip()) or _MONTH.fullmatch(rest.strip()):
        return _at_time(question, words), True
    same = [phrase for phrase in question.phrases if phrase.preposition == preposition.lower()]
    fitting = [phrase for phrase in same if _fits(kind, phrase) > 0]
    if fitting:
        phrase = fitting[-1]
        return f"{question.text[: phrase.start]}{rest}{question.text[phrase.end :]}", True
    target = (
        _target(new, question, similar)
        if preposition.lower() in ("for", "with", "about", "against", "than", "versus", "like")
        else None
    )
    if target is not None:
        return _replaced(question.text, target, new, rest), True
    return _appended(question.text, words), True


def _target(new: Utterance, question: Utterance, similar: Similar) -> Phrase | None:
    """Return the phrase of the question that the new words replace; None if none is like them."""
    candidates = [phrase for phrase in question.phrases if phrase.bare and phrase.role != "conj"]
    if not candidates:
        return None
    kind, named = _kind(new), _is_named(new)
    nearness = similar(new.text, [phrase.bare for phrase in candidates])
    scores = [
        0.6 * _fits(kind, phrase)
        + near
        + 0.25 * (phrase.named == named)
        + _WEIGHT_OF_ROLE.get(phrase.role, 0.0)
        - 0.3 * (phrase.kind == "date" and kind != "date")
        - 0.1 * (phrase.text != phrase.full)
        for phrase, near in zip(candidates, nearness, strict=True)
    ]
    best = max(range(len(scores)), key=scores.__getitem__)
    return candidates[best] if scores[best] >= _LEAST else None


def _fits(kind: str, phrase: Phrase) -> float:
    if kind == phrase.kind:
        return 1.0
    return 0.4 if frozenset((kind, phrase.kind)) in _KIN else 0.0


def _kind(new: Utterance) -> str:
    return new.phrases[-1].kind if new.phrases else "date" if _YEAR.search(new.text) else "thing"


def _is_named(new: Utterance) -> bool:
    return bool(new.phrases) and new.phrases[-1].named


def _replaced(text: str, target: Phrase, new: Utterance, words: str) -> str:
    """Return the question with the new words; a single noun keeps the adjectives before the noun it replaces."""
    single = len(new.tokens) == 1 and not target.named and target.kind != "date"
    start = target.head.start if single else target.start
    if target.text.lower().startswith(("which ", "what ", "how ")) and not single:
        start = target.head.start
    if not single and text[target.start : target.head.start].lower().startswith("the ") and not _is_named(new):
        words = words if re.match(r"(?:the|an?|its|their)\b", words, re.IGNORECASE) else f"the {words}"
    return f"{text[:start]}{words}{text[max(target.end, target.head.end) :]}"


def _appended(text: str, words: str, *, comma: bool = False) -> str:
    mark = "?" if text.rstrip().endswith("?") else ""
    return f"{text.rstrip(' ?.!')}{',' if comma or words.startswith('and ') else ''} {words}{mark}"
