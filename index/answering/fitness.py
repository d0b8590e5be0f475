"""How well a sentence fits a question by its form and its place: what speaks for it beside its words.

A question for a reason wants one, one for a definition wants `X is a …`, one that is answered with yes or no wants a
sentence that takes a side. A sentence also has what it hangs on: the sentence before it, where it begins with a
pronoun, the heading that it stands under, and the title of its document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from index.answering.vicinity import Run
from index.rarity import rarity
from index.retrieval.expecting import expected, has
from index.storage.analysis import asked, terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.answering.intents import Question
    from index.answering.vicinity import Context

FIT = {"loose": -0.3, "question": -0.6, "row": -0.05}
"""What is added to the worth of what is no sentence."""
BONUS = 0.12
"""What a sentence gains that has the form which the question asks for: it stands in a list."""
FORM_BONUS = 0.2
"""The same for a manner, a name or a bid: a sentence without one hardly ever answers such a question."""
REASON_BONUS = 0.3
"""The same for a reason: what has none says again what is asked."""
SIDE_BONUS = 0.15
"""The same for a side taken, where yes or no is asked for: an affirmative sentence may as well say yes."""
FIELD_BONUS = 0.25
"""What a field of a form gains whose name the question asks for: `Editor: Jane Smith`, where somebody edited."""
DEFINITION_BONUS = 0.5
"""The same for a definition of the very word."""
LEAD_BONUS = 0.35
"""What a sentence gains that leads to a list, where one is asked for."""
NAMELESS = -0.2
"""What is added where neither the passage nor its document's title has any name of the question."""
NUMBERLESS = -0.08
"""What is added where a sentence has none of the numbers of the question."""
ASIDE = -0.1
"""What is added for a sentence in brackets."""
REFERRING = -0.5
"""What is added for a sentence that names another text which speaks of its subject."""
ELSEWHERE = -0.15
"""What is added to the worth of a sentence that says where else something is said."""
HUNG_ON, PLACED, PASSAGE = 0.3, 0.3, 0.2
"""Weights of the share of the question's words, by their rarity, that a sentence gains by the one that it hangs on; by
 its heading and its document's title; and that its passage has."""
ORDINAL = 0.1
"""What a sentence gains that has the same ordinal or superlative as the question: the *first* to come."""
OWN_NAME = -0.15
"""What is added where the only name in a sentence is the question's own, written with capitals that it lacks there."""
STEM = 5
"""Letters by which a word and what is derived from it are known for the same."""

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
_ELSEWHERE = re.compile(
    r"\b(?:see|refer to|consult|turn to) (?:the|also|page|pages|section|chapter|appendix|table|figure)\b|\(see \w+"
    r"|\bfor (?:more|further) (?:information|details?)\b"
    r"|\bthis (?:briefing|chapter|section|article|report|paper|appendix|booklet|document|guide|series|page|book)\b"
    r"|\ba sample \w+|\b(?:taken|quoted) from\b|\b(?:written|prepared|composed) for\b|\bas stated (?:below|above)\b"
    r"|^(?:title|author|date|subject|from|to):\s",
    re.IGNORECASE,
)
_REFERRING = re.compile(
    r"\b(?:the|our|an?other) (?:briefing|chapter|section|article|paper|appendix|booklet|guide|note|entry) (?:on"
    r"|about)\b",
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
"""Somebody is told what to do: `To lock the vehicle, press the button.`"""
_FIELD = re.compile(r"\W*([A-Z][\w’'-]+(?: [\w’'-]+)?):\s+\S")
_LABEL = 4
"""Letters that the name of a field has in common with a word of the question."""
_TELLS = (
    r"(?:(?:is|are|was|were)\s+(?:an?|the|any|one|when|where|what|how|part|that|those|defined|called|known)\b"
    r"|(?:shall\s+|can\s+)?(?:means?|refers?\s+to|describes?|stands?\s+for|consists?\s+of|denotes?|feels?\s+like"
    r"|looks?\s+like|involves?)\b|:|\s[–—-]\s)"
)
_TELLS_OF_IT = re.compile(rf"\W*(?:it|this|these|they)\s+{_TELLS}", re.IGNORECASE)
_COUNTED = re.compile(
    r"\bhow many\s+(?:different\s+|other\s+)?(\w+)|\bnumber of\s+(?:different\s+|other\s+)?(\w+)", re.IGNORECASE
)
_NUMERAL = (
    r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|both"
    r"|several|no)"
)
_RANK = re.compile(r"\b(?:first|second|third|last|final|only|most|least|best|worst|\w{3,}est)\b")
_NAME = re.compile(r"\b[A-Z]\w+")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


class Form(NamedTuple):
    """A form of a sentence, and what a sentence gains that has it."""

    pattern: re.Pattern[str]
    bonus: float


class Fitness:
    """Says of each sentence how well it fits one question."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._kind = expected(question.text)
        later = question.text[question.text.find(" ") + 1 :]
        self._names = frozenset(term for name in _NAME.findall(later) for term in terms(name))
        self._wanted = asked(question.text)
        self._numbers = frozenset(_NUMBER.findall(question.text))
        self._coverage = Coverage(question.text)
        self._ranks = set(_RANK.findall(question.text.lower()))
        self._forms = tuple(_forms(question))
        self._placed: dict[int, tuple[float, float]] = {}

    def of(self, context: Context, n: int) -> float:
        """What is added to the worth of a sentence."""
        kind, text = context.kinds[n], context.texts[n]
        run = context.whole(n)
        broken = kind == "loose" and run != Run(n, n)
        fit = 0.0 if broken else FIT.get(kind, 0.0)
        nameless, passage = self._of_passage(context)
        fit += NAMELESS * nameless + PASSAGE * passage + self._of_place(context, n)
        fit += NUMBERLESS * (bool(self._numbers) and not self._numbers.intersection(_NUMBER.findall(text)))
        fit += ASIDE * text.startswith("(")
        fit += REFERRING * bool(_REFERRING.search(text))
        fit += ELSEWHERE * bool(_ELSEWHERE.search(text))
        fit += ORDINAL * bool(self._ranks and self._ranks & set(_RANK.findall(text.lower())))
        fit += OWN_NAME * self._has_own_name_only(text)
        fit += FIELD_BONUS * (kind == "row" and self._asks_for_field(text))
        said = " ".join(context.texts[each] for each in range(run.first, run.last + 1))
        fit += max((form.bonus for form in self._forms if form.pattern.search(said)), default=0.0) or (
            self._of_entry(context, n)
        )
        if self._question.wants_list:
            leads = self._question.kind in ("list", "count") and text.rstrip().endswith((":", "—", "--"))
            fit += LEAD_BONUS if leads else BONUS * (context.items(n) is not None)
        return fit

    @property
    def wants_form(self) -> bool:
        """Whether the question asks for a form."""
        return bool(self._forms)

    def has_form(self, text: str) -> bool:
        """Whether words have one that the question asks for."""
        return any(form.pattern.search(text) for form in self._forms)

    def share(self, text: str) -> float:
        """Of the question's words, by their rarity, how much some words have."""
        return self._coverage.share(terms(text))

    def _of_passage(self, context: Context) -> tuple[float, float]:
        """Whether a passage and its title have none of the question's names; which share of its words it has."""
        passage = context.hit.passage.id
        if passage not in self._placed:
            held = frozenset(terms(f"{context.hit.document.title} {context.hit.passage.text}"))
            nameless = bool(self._names) and not self._names.intersection(held)
            self._placed[passage] = (float(nameless), self._coverage.share(held))
        return self._placed[passage]

    def _of_place(self, context: Context, n: int) -> float:
        """What is gained by the sentence that one hangs on, and by the heading that it stands under."""
        run = context.whole(n)
        held = [term for each in range(run.first, run.last + 1) for term in context.terms[each]]
        alone = self._coverage.share(held)
        if context.hangs(run.first) and run.first and not context.heads(run.first - 1):
            held += context.terms[run.first - 1]
        hung = self._coverage.share(held)
        heading: list[str] = next((context.terms[n] for n in range(run.first - 1, -1, -1) if context.heads(n)), [])
        placed = self._coverage.share([*held, *heading, *terms(context.hit.document.title)])
        return HUNG_ON * (hung - alone) + PLACED * (placed - hung)

    def _of_entry(self, context: Context, n: int) -> float:
        """What is gained after the very word that is to be defined: as in a glossary, or where a pronoun stands for it.

        `Cording. It feels like a tight cord.`
        """
        if not self._question.defined or not n:
            return 0.0
        before, name = context.terms[n - 1], terms(self._question.defined)
        begins = name in (before[: len(name)], before[1 : len(name) + 1])  # there may be an article
        if begins and _TELLS_OF_IT.match(context.texts[n]):
            return DEFINITION_BONUS
        return FORM_BONUS * (context.heads(n - 1) and before == name)

    def _asks_for_field(self, text: str) -> bool:
        """Whether a line is a field of a form that the question asks for."""
        found = _FIELD.match(text)
        labels = {term[:_LABEL] for term in terms(found[1])} if found else set()
        return any(len(term) >= _LABEL and term[:_LABEL] in labels for term in self._wanted)

    def _has_own_name_only(self, text: str) -> bool:
        """Whether a name is asked for, and all that are found are the question's own, in other letters."""
        if self._kind not in ("person", "place") or not has(self._kind, text, self._question.text):
            return False
        return not has(self._kind, text.casefold(), "") and not _other_names(text, self._question.text.casefold())


def _other_names(text: str, question: str) -> bool:
    inside = re.finditer(r"(?<!^)(?<![.!?] )\b[A-Z]\w+", text)
    return any(found[0].casefold() not in question for found in inside)


class Coverage:
    """How much of a question's words some terms have; a word weighs by how rare it is in English."""

    def __init__(self, question: str) -> None:
        self._weights: dict[str, float] = {
            term: max(rarity(word), 0.05) ** 1.5 for term, word in asked(question).items()
        }
        self._total = sum(self._weights.values()) or 1.0

    def share(self, held: Iterable[str]) -> float:
        """In [0, 1]. What is only derived from the same word counts for less."""
        whole = frozenset(held)
        stems = frozenset(term[:STEM] for term in whole)
        found = sum(self._weights[term] * _met(term, whole, stems) for term in self._weights)
        return found / self._total


def _met(term: str, whole: frozenset[str], stems: frozenset[str]) -> float:
    if term in whole:
        return 1.0
    return 0.7 if len(term) >= STEM and term[:STEM] in stems else 0.0


def _forms(question: Question) -> Iterable[Form]:
    """The forms that a question asks for."""
    text, kind = question.text, question.kind
    how = bool(_MANNER_ASKED.search(text)) and kind == "fact" and expected(text) is None
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
        yield Form(_defining(question.defined), DEFINITION_BONUS)
    if kind == "count" and (found := _COUNTED.search(text)):
        yield Form(_counting(found[1] or found[2]), FORM_BONUS)


def _defining(name: str) -> re.Pattern[str]:
    """Finds sentences that say what something is: `A monopsony is a …`, `… is called a monopsony`."""
    words = r"\s+".join(re.escape(word) for word in name.split()) + r"\w{0,2}[\"'”’]?"
    aside = r"(?:\s*\([^)]{1,60}\)|,[^,.]{1,60},)?"
    begins = rf"^\W*(?:\d+[.)]\s+)?(?:an?\s+|the\s+)?{words}{aside}\s*{_TELLS}"
    names = rf"\b(?:called|termed|known\s+as|named)\s+(?:an?\s+|the\s+)?[\"'“‘]?{words}"
    holds = rf"\b(?:is|are)\s+{words}\s+(?:when|if|where)\b"
    return re.compile(f"{begins}|{names}|{holds}", re.IGNORECASE)


def _counting(thing: str) -> re.Pattern[str]:
    """Finds a number of the things that are to be counted: `three different kinds`, or of kinds by another name."""
    stem = re.escape(thing[: max(STEM - 1, len(thing) - 2)])
    kinds = r"|kinds?|types?|sorts?|ways?" if thing.casefold() in ("kinds", "types", "sorts", "ways") else ""
    return re.compile(rf"\b{_NUMERAL}\s+(?:[\w-]+\s+){{0,2}}?(?:{stem}\w*{kinds})", re.IGNORECASE)
