"""Scores how well a sentence fits a question by its form and its place, apart from its words.

A question for a reason wants a reason, a question for a definition wants `X is a …`, and a yes-no question wants a
sentence that takes a side. The place of a sentence adds words to it: the sentence before it if it begins with a
pronoun, its heading, and the title of its document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from index.answers.sentence_forms import DEFINITION_BONUS, FORM_BONUS, STEM, TELLS, forms, refers_back
from index.answers.vicinity import Run
from index.search.answer_types import expected_kind, has_kind
from index.storage.lexical.terms import question_terms, terms, terms_of
from index.text.boilerplate import is_bullet
from index.text.words import rarity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.answers.intents import Question
    from index.answers.vicinity import Context

KIND_BONUS = {"loose": -0.3, "question": -0.6, "row": -0.05}
"""Added to the score of lines that are not sentences, by kind."""
LIST_BONUS = 0.12
"""Added if the question asks for a list and the sentence is in one."""
FIELD_BONUS = 0.25
"""Added for a form field whose name occurs in the question: `Editor: Jane Smith` if it asks who edited."""
LEAD_BONUS = 0.35
"""Added if the question asks for a list and the sentence introduces one."""
NO_NAME = -0.2
"""Added if neither the passage nor its document's title contains any name of the question."""
NO_NUMBER = -0.08
"""Added if a sentence contains none of the question's numbers."""
IN_BRACKETS = -0.1
"""Added for a sentence in brackets."""
OTHER_TEXT = -0.5
"""Added for a sentence that refers to another text about its subject."""
ELSEWHERE = -0.15
"""Added for a sentence that says where else something is explained."""
ANTECEDENT_WEIGHT, HEADING_WEIGHT, PASSAGE_WEIGHT = 0.3, 0.3, 0.2
"""Weights of the share of the question's words, by rarity: in the sentence that this one refers to, in its heading and
its document's title, and in its passage."""
RANK_BONUS = 0.1
"""Added if a sentence has the same ordinal or superlative as the question: the *first* to come."""
OWN_NAME = -0.15
"""Added if the only name in a sentence is the question's own, which the question writes without capitals."""

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
_FIELD = re.compile(r"\W*([A-Z][\w’'-]+(?: [\w’'-]+)?):\s+\S")
_LABEL = 4
"""The number of letters that a field name and a word of the question have in common."""
_TELLS_OF_IT = re.compile(rf"\W*(?:it|this|these|they)\s+{TELLS}", re.IGNORECASE)
_RANK = re.compile(r"\b(?:first|second|third|last|final|only|most|least|best|worst|\w{3,}est)\b")
_NAME = re.compile(r"\b[A-Z]\w+")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")


class Fitness:
    """Scores sentences by how well they fit one question."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._kind = expected_kind(question.text)
        self._wants_list = question.wants_list
        later = question.text[question.text.find(" ") + 1 :]
        self._names = frozenset(term for name in _NAME.findall(later) for term in terms(name))
        self._wanted = question_terms(question.text)
        self._numbers = frozenset(_NUMBER.findall(question.text))
        self._coverage = Coverage(question.text)
        self._ranks = set(_RANK.findall(question.text.lower()))
        self._forms = tuple(forms(question))
        self._placed: dict[int, tuple[float, float, list[str]]] = {}

    def score(self, context: Context, n: int) -> float:
        """Return what to add to the score of a sentence."""
        kind, text = context.kinds[n], context.texts[n]
        run = context.whole_sentence(n)
        broken = kind == "loose" and (run != Run(n, n) or is_bullet(text))
        fit = 0.0 if broken else KIND_BONUS.get(kind, 0.0)
        nameless, passage, title = self._passage_scores(context)
        fit += NO_NAME * nameless + PASSAGE_WEIGHT * passage + self._place_gain(context, run, title)
        fit += NO_NUMBER * (bool(self._numbers) and not self._numbers.intersection(_NUMBER.findall(text)))
        fit += IN_BRACKETS * text.startswith("(")
        fit += OTHER_TEXT * bool(_REFERRING.search(text))
        fit += ELSEWHERE * bool(_ELSEWHERE.search(text))
        fit += RANK_BONUS * bool(self._ranks and self._ranks & set(_RANK.findall(text.lower())))
        fit += OWN_NAME * self._has_own_name_only(text)
        fit += FIELD_BONUS * (kind == "row" and self._is_wanted_field(text))
        sentence_text = " ".join(context.texts[sentence] for sentence in range(run.first, run.last + 1))
        fit += max((form.bonus for form in self._forms if form.pattern.search(sentence_text)), default=0.0) or (
            self._definition_gain(context, n)
        )
        if self._wants_list:
            leads = self._question.kind in ("list", "count") and text.rstrip().endswith((":", "—", "--"))
            fit += LEAD_BONUS if leads else LIST_BONUS * (context.items(n) is not None)
        return fit

    @property
    def wants_form(self) -> bool:
        """Whether the question asks for a certain form."""
        return bool(self._forms)

    def has_wanted_form(self, text: str) -> bool:
        """Whether the text has a form that the question asks for."""
        return any(form.pattern.search(text) for form in self._forms)

    def share(self, text: str) -> float:
        """Return the share of the question's words that a text contains, weighted by rarity."""
        return self._coverage.share(terms(text))

    def _passage_scores(self, context: Context) -> tuple[float, float, list[str]]:
        """Return three facts about a passage with its title: 1 if it lacks all names of the question, else 0; its share
        of the question's words; the terms of the title.
        """
        passage = context.hit.passage.id
        if passage not in self._placed:
            title = context.hit.document.title
            of_all, of_title = terms_of([f"{title} {context.hit.passage.text}", title])
            passage_terms = frozenset(of_all)
            nameless = bool(self._names) and not self._names.intersection(passage_terms)
            self._placed[passage] = (float(nameless), self._coverage.share(passage_terms), of_title)
        return self._placed[passage]

    def _place_gain(self, context: Context, run: Run, title: list[str]) -> float:
        """Return the gain from the text around a sentence: the one that it refers to, its heading and its title."""
        run_terms = [term for sentence in range(run.first, run.last + 1) for term in context.terms[sentence]]
        alone = self._coverage.share(run_terms)
        if run.first and refers_back(context.texts[run.first]) and not context.is_heading(run.first - 1):
            run_terms += context.terms[run.first - 1]
        with_antecedent = self._coverage.share(run_terms)
        above = context.heading_above(run.first)
        with_heading = self._coverage.share([*run_terms, *([] if above is None else context.terms[above]), *title])
        return ANTECEDENT_WEIGHT * (with_antecedent - alone) + HEADING_WEIGHT * (with_heading - with_antecedent)

    def _definition_gain(self, context: Context, n: int) -> float:
        """Return the gain if the sentence follows the word to define, as in a glossary.

        `Cording. It feels like a tight cord.`
        """
        if not self._question.defined or not n:
            return 0.0
        before, name = context.terms[n - 1], terms(self._question.defined)
        begins = name in (before[: len(name)], before[1 : len(name) + 1])  # an article may come first
        if begins and _TELLS_OF_IT.match(context.texts[n]):
            return DEFINITION_BONUS
        return FORM_BONUS * (context.is_heading(n - 1) and before == name)

    def _is_wanted_field(self, text: str) -> bool:
        """Whether a line is a form field that the question asks for."""
        found = _FIELD.match(text)
        labels = {term[:_LABEL] for term in terms(found[1])} if found else set()
        return any(len(term) >= _LABEL and term[:_LABEL] in labels for term in self._wanted)

    def _has_own_name_only(self, text: str) -> bool:
        """Whether the question asks for a name, and the text has only the question's own name, with other capitals."""
        if self._kind not in ("person", "place") or not has_kind(self._kind, text, self._question.text):
            return False
        return not has_kind(self._kind, text.casefold(), "") and not _other_names(text, self._question.text.casefold())


def _other_names(text: str, question: str) -> bool:
    inside = re.finditer(r"(?<!^)(?<![.!?] )\b[A-Z]\w+", text)
    return any(found[0].casefold() not in question for found in inside)


class Coverage:
    """The share of a question's words in some text; a word counts by its rarity in English."""

    def __init__(self, question: str) -> None:
        self._weights: dict[str, float] = {
            term: max(rarity(word), 0.05) ** 1.5 for term, word in question_terms(question).items()
        }
        self._total = sum(self._weights.values()) or 1.0

    def share(self, terms: Iterable[str]) -> float:
        """Return the share in [0, 1] of the question's words among these terms. Derived words count for less."""
        whole = frozenset(terms)
        stems = frozenset(term[:STEM] for term in whole)
        found = sum(self._weights[term] * _match_weight(term, whole, stems) for term in self._weights)
        return found / self._total


def _match_weight(term: str, whole: frozenset[str], stems: frozenset[str]) -> float:
    if term in whole:
        return 1.0
    return 0.7 if len(term) >= STEM and term[:STEM] in stems else 0.0
