"""Decides whether a question is whole, continues a thread, or is a fragment, and completes it by rules.

A whole question is left alone, to the byte. The rules are for English. A question in another language is left alone,
too, because no rule can tell whether it is whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from index.answers.completeness import AUXILIARY, is_fragment
from index.answers.follow_ups.anaphors import anaphors
from index.answers.follow_ups.antecedents import Context, antecedent
from index.answers.follow_ups.cues import (
    ABOUT,
    BARE_QUESTION,
    CONTINUES,
    LEAD,
    LONE_ORDINAL,
    MANNERS,
    ONE,
    PREPOSITION,
    QUESTION_WORD,
    TELLS,
    hides_verb,
    lacks_topic,
)
from index.answers.follow_ups.ellipsis import replace_slot
from index.answers.follow_ups.proposition import action, ask_about
from index.answers.follow_ups.utterance import utterances
from index.text.words import language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.answers.follow_ups.anaphors import Anaphor
    from index.answers.follow_ups.antecedents import Turn
    from index.answers.follow_ups.ellipsis import Similar
    from index.answers.follow_ups.utterance import Utterance

LONGEST = 30
"""A question of more words is taken to be whole."""
_FINITE = ("VBD", "VBZ", "VBP", "MD", "VB")
_ENDS_IN_HELPER = re.compile(rf"\b(?:{AUXILIARY}|not|too|either|also)$", re.IGNORECASE)
_HELPERS = frozenset(("be", "do", "have", "can", "will", "may", "must", "should", "could", "would", "might"))
_LONG_OWNER = 4
"""`the term of the swap line of 150 billion yuan`: an owner of more words comes after what it owns."""
_SHORT = 7
"""An elliptical phrase has at most this number of words."""

Kind = Literal["complete", "follow-up", "fragment"]


@dataclass(frozen=True, slots=True)
class Completion:
    """A question as it is searched for."""

    question: str
    kind: Kind
    sure: bool = True
    """Whether the rules chose without doubt."""


def complete(question: str, turns: Sequence[Turn], similar: Similar) -> Completion:
    """Return the question, completed by the turns of its thread, the oldest first. Without turns, it may be a fragment.

    `similar` compares texts by their meaning. Raises EncoderError if the grammar model cannot be loaded.
    """
    text = " ".join(question.split())
    if not turns:
        return Completion(question, "fragment" if is_fragment(text) else "complete")
    if not _is_read(text) or not _is_read(turns[-1].question):
        return Completion(question, "complete")
    return _Completer(question, text, Context(turns, text), similar).complete()


def _is_read(text: str) -> bool:
    """Whether the rules can read a text: English, or too short to tell."""
    if len(text.split()) > LONGEST or re.search(r"[\u0370-\uffff]", re.sub(r"[‘’“”–—…€]", "", text)):
        return False
    begins = re.match(rf"(?:{QUESTION_WORD}|{AUXILIARY}|and|but)\b", text, re.IGNORECASE)
    return bool(begins) or language(text) in ("", "en")


class _Completer:
    """The rules, in the order in which they are tried."""

    def __init__(self, asked: str, text: str, context: Context, similar: Similar) -> None:
        self.asked = asked
        self.context = context
        self.similar = similar
        self.lead = bool(LEAD.match(text))
        rest = LEAD.sub("", text, count=1) or text
        self.about = bool(ABOUT.match(rest))
        self.text = ABOUT.sub("", rest, count=1)
        self.words = self.text.rstrip(" ?.!,;")

    def complete(self) -> Completion:
        for rule in (self._bare, self._verb, self._phrase, self._ordinal, self._clause):
            if (found := rule()) is not None:
                question, sure = found
                return Completion(_tidy(question), "follow-up", sure)
        return Completion(self.asked, "complete")

    def _bare(self) -> tuple[str, bool] | None:
        """`why?`, `since when?`, `how much?`, `in which year?`, `which bank?`"""
        plain = self.words.casefold()
        if plain in MANNERS:
            return self._about_turn(MANNERS[plain], negated=plain == "why not")
        if plain in ("what else", "anything else", "any others", "who else", "where else"):
            return self.context.question.text, False
        if ONE.fullmatch(plain) or plain in ("which", "who exactly"):
            return self._about_turn(plain.split()[0])
        found = BARE_QUESTION.fullmatch(self.words)
        if found is None or self._has_verb(self.words):
            return None
        return self._about_turn(self.words)

    def _about_turn(self, words: str, *, negated: bool = False) -> tuple[str, bool]:
        question = ask_about(words, self.context, negated=negated)
        return (question, True) if question else (f"{words} ({self.context.question.text.rstrip(' ?')})?", False)

    def _has_verb(self, text: str) -> bool:
        return any(token.tag in _FINITE and token.role != "amod" for token in utterances([text])[0].tokens[1:])

    def _verb(self) -> tuple[str, bool] | None:
        """`and if he doesn't?`, `did Russia?`"""
        condition = re.match(r"(?:what\s+)?(?P<if>(?:if|unless|when|because)\b.*)$", self.words, re.IGNORECASE)
        text = condition["if"] if condition else self.words
        if not (condition or re.match(rf"{AUXILIARY}\b", text, re.IGNORECASE)) or len(text.split()) > _SHORT:
            return None
        if not (_ENDS_IN_HELPER.search(text) or (not condition and len(text.split()) <= _LONG_OWNER)):
            return None
        parsed = utterances([text])[0]
        if not condition and any(
            token.tag.startswith("VB") and token.role == "ROOT" and token.lemma not in _HELPERS
            for token in parsed.tokens
        ):
            return None
        if not condition and parsed.root is not None and parsed.child(parsed.root, "acomp", "attr"):
            return None
        rest = action(self.context.question)
        if not rest or (not condition and (hides_verb(parsed) or not self._agrees(text))):
            return None
        subject, sure = self._substituted(parsed, anaphors(parsed))
        whole = f"{subject.rstrip(' ?')} {rest}"
        return (f"What happens {whole}?" if condition else f"{whole}?"), sure

    def _agrees(self, text: str) -> bool:
        """Whether the earlier question can follow the helper verb of a text: no form of `do` stands before `be`."""
        root = self.context.question.root
        return root is None or root.lemma != "be" or not re.match(r"(?:do|does|did)\b", text, re.IGNORECASE)

    def _phrase(self) -> tuple[str, bool] | None:
        """`and in 2019?`, `what about Norway?`, `Nokia?`, `the year after?`"""
        parsed = utterances([self.words])[0]
        signals = self.lead or self.about or self.text.endswith("?") or bool(CONTINUES.match(self.words))
        begins = bool(re.match(rf"{PREPOSITION}\b", self.words, re.IGNORECASE))
        if not (signals or begins) or len(self.words.split()) > _SHORT or TELLS.match(self.words):
            return None
        if self._is_clause(parsed) and not CONTINUES.match(self.words):
            return None
        if self.about and self._stands_alone(parsed):
            return None
        pointing = anaphors(parsed)
        if pointing and pointing[-1].refers != "event":
            phrase, sure = self._substituted(parsed, pointing)
            if phrase != parsed.text:
                return f"What about {phrase}?" if begins else f"What is {phrase}?", sure
        return replace_slot(self.words, self.context, self.similar)

    def _is_clause(self, parsed: Utterance) -> bool:
        first = parsed.tokens[0].text if parsed.tokens else ""
        if re.fullmatch(rf"{QUESTION_WORD}|{AUXILIARY}", first, re.IGNORECASE):
            return True
        return any(token.tag in ("VBD", "VBZ", "VBP", "MD") for token in parsed.tokens)

    def _stands_alone(self, parsed: Utterance) -> bool:
        """Whether a phrase says what it is about: a noun with a named complement, `Total's stake in Yamal LNG`."""
        nouns = [phrase for phrase in parsed.phrases if not phrase.named and phrase.kind != "date"]
        return bool(nouns) and any(phrase.named for phrase in parsed.phrases) and len(parsed.tokens) > 3

    def _ordinal(self) -> tuple[str, bool] | None:
        """`where was the first?`"""
        found = LONE_ORDINAL.search(self.words)
        if found is None or not self._is_clause(utterances([self.words])[0]):
            return None
        name, sure = self._thing_of_order(found["ordinal"])
        return f"{self.words[: found.start()]}the {name}{self.words[found.end() :]}?", sure

    def _thing_of_order(self, ordinal: str) -> tuple[str, bool]:
        pattern = re.compile(r"\b(?:first|second|third|fourth|fifth|last|next)\b", re.IGNORECASE)
        for phrase, _ in self.context.phrases():
            if found := pattern.search(phrase.bare):
                rest = phrase.full[phrase.full.find(phrase.bare) :][found.end() :].strip()
                owner = re.match(r"(?:its|their|his|her)\b", phrase.text, re.IGNORECASE)
                return (f"{ordinal} {rest} ({self.context.gist})" if owner else f"{ordinal} {rest}"), True
        head = self.context.asked_head
        return f"{ordinal} {head or 'one'} ({self.context.topic})", bool(head)

    def _clause(self) -> tuple[str, bool] | None:
        """`who was he?`, `why did they do that?`, `where did it happen?`, `what does the acronym stand for?`"""
        fronted = re.match(rf"(?P<topic>[^,?]{{2,40}}),\s+(?P<clause>{QUESTION_WORD}\b.*)$", self.text, re.IGNORECASE)
        if fronted and self._has_verb(fronted["topic"]):
            fronted = None
        text = fronted["clause"] if fronted else self.text
        parsed = utterances([text])[0]
        pointing = anaphors(parsed)
        if not pointing:
            return self._bridged(parsed)
        if fronted:
            return _spliced(parsed, dict.fromkeys(pointing[:1], fronted["topic"])), True
        if not self._is_finite(parsed) and (words := self._first_words(parsed)):
            return self._about_turn(words)
        if (whole := self._whole_turn(parsed, pointing)) is not None:
            return whole, True
        return self._substituted(parsed, pointing)

    def _whole_turn(self, parsed: Utterance, pointing: Sequence[Anaphor]) -> str | None:
        """Return the newest turn's statement after the question's own words, if that is all that it points to."""
        last = pointing[-1]
        if last.refers not in ("event", "action"):
            return None
        words = self._question_words(parsed)
        after = parsed.text[last.end :].strip(" ?.!")
        if not words or len(after.split()) > 2:
            return None
        if last.refers == "action" or parsed.tokens[last.token.head].lemma in ("be", "happen", "occur"):
            return ask_about(words, self.context)
        return None

    def _is_finite(self, parsed: Utterance) -> bool:
        return any(token.tag in _FINITE and token.role != "amod" for token in parsed.tokens)

    def _first_words(self, parsed: Utterance) -> str:
        found = re.match(rf"(?:{PREPOSITION}\s+)?{QUESTION_WORD}\b", parsed.text, re.IGNORECASE)
        return found[0] if found else ""

    def _question_words(self, parsed: Utterance) -> str:
        """Return the words before the first verb, if the question begins with a question word."""
        verb = next((token for token in parsed.tokens if token.tag in _FINITE and token.role != "amod"), None)
        words = parsed.text[: verb.start].strip() if verb else ""
        return words if re.match(rf"(?:{PREPOSITION}\s+)?{QUESTION_WORD}\b", words, re.IGNORECASE) else ""

    def _substituted(self, parsed: Utterance, pointing: Sequence[Anaphor]) -> tuple[str, bool]:
        """Return the question with each anaphor replaced by what it points to; without it, the topic in brackets."""
        names: dict[Anaphor, str] = {}
        sure = True
        for anaphor in pointing:
            if anaphor.refers in ("event", "action"):
                continue
            found = antecedent(anaphor, self.context, names.values())
            sure = sure and found is not None and found.sure
            if found is not None and found.text not in names.values():
                names[anaphor] = found.text
        text = _spliced(parsed, names)
        if len(names) < len(pointing):
            return self._with_topic(text)
        return text, sure

    def _bridged(self, parsed: Utterance) -> tuple[str, bool] | None:
        """`what does the acronym stand for?`"""
        return self._with_topic(parsed.text) if lacks_topic(parsed) else None

    def _with_topic(self, text: str) -> tuple[str, bool]:
        topic = self.context.topic
        return (f"{text.rstrip(' ?.!')} ({topic})?" if topic else text), False


def _spliced(parsed: Utterance, names: dict[Anaphor, str]) -> str:
    """Return the text with each anaphor replaced."""
    text = parsed.text
    for anaphor in sorted(names, key=lambda found: -found.start):
        name = names[anaphor]
        owned = parsed.phrase_of(parsed.tokens[anaphor.token.head]) if anaphor.possessive else None
        if owned is not None and owned.start == anaphor.start and (len(name.split()) > _LONG_OWNER or " of " in name):
            noun = text[anaphor.end : owned.end].strip()
            text = f"{text[: anaphor.start]}the {noun} of {name}{text[owned.end :]}"
            continue
        if anaphor.possessive:
            name = f"{name}’" if name.endswith("s") and anaphor.plural else f"{name}’s"
        elif anaphor.text.lower() in ("there", "then"):
            name = f"in {name}"
        text = f"{text[: anaphor.start]}{name}{text[anaphor.end :]}"
    return text


def _tidy(question: str) -> str:
    """Return a question that begins with a capital and ends with one question mark."""
    text = " ".join(question.split()).rstrip(" ?.!,;")
    return f"{text[:1].upper()}{text[1:]}?"
