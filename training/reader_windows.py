"""Makes training examples for the reader: questions with windows of text that answer them or do not.

A window has consecutive sentences around the answer, or around the sentence that looks most like one. Each answered
question also gives negatives: the same question with sentences that do not answer it, and a changed question that the
text does not answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from index.records import Span
from index.text.words import question_terms, terms
from training.falsehoods import PROGRAMS, Others
from training.grammar import parser
from training.reader_sets import ALL_ANSWERED, CELLS, MANUALS, OURS, Question

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from spacy.tokens import Doc

    from training.reader_sets import Text

LENGTHS = (50, 110, 200, 200)
"""Maximum numbers of words of a window; one is drawn at random. Half of the windows are whole passages."""
NEGATIVE_KINDS = {"other": 0.25, "without": 0.2, "swapped": 0.35}
"""The shares of answerable questions that are also asked about another passage of the article, about their own passage
without the sentences that answer, and with a name, a number or a word replaced."""
ALL_ANSWERED_KINDS = {"other": 0.35, "without": 0.3, "swapped": 0.45}
"""The same shares for sets without unanswerable questions."""
OWN_KINDS = {"other": 0.1, "without": 0.15, "swapped": 0.1}
"""The same shares for our own questions, of which every fourth is unanswerable."""
CELL_KINDS = {"other": 0.1, "without": 0.1, "swapped": 0.0}
"""The same for our questions on cells: for each there is another row, which does not answer."""
FOUND, FOUND_PASSAGES = 0.3, 2
"""The share of our questions on free texts that are also asked about passages that a search finds for them, and of how
many."""
TITLED = 0.6
"""The share of windows that begin with the title of their document."""
CONSIDERED = 24
"""The number of other questions among whose passages the most misleading one is chosen."""
REWORDED = 0.35
"""The share of replacements for which the programs that falsify statements are tried first."""
REWORDING = ("opposite", "opposite", "negated", "number", "noun", "adjective")
_CAPITALISED = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'-]+(?: (?:of |the )?[A-Z][\w'-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")
_OPPOSITES = (
    "first last|largest smallest|largest oldest|most least|highest lowest|before after|increase decrease|north south"
    "|east west|more less|more fewer|early late|above below|best worst|longest shortest|began ended|begin end"
    "|start stop|won lost|win lose|allowed banned|inside outside|maximum minimum|majority minority|public private"
    "|strong weak|high low|male female|buy sell|old new|rise fall|internal external|always never|support oppose"
    "|northern southern|eastern western|larger smaller|greater lesser|accepted rejected|success failure"
)
OPPOSITES = {a: b for pair in _OPPOSITES.split("|") for a, b in (pair.split(), pair.split()[::-1])}


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a window of sentences, which the reader reads once."""

    question: str
    text: str
    sentences: tuple[Span, ...]
    gold: frozenset[int]
    answers: tuple[Span, ...] = ()
    exact: bool = True
    denied: bool = False
    """Whether the sentences deny what the question takes for granted."""


def epoch(everything: Sequence[Question], chance: random.Random) -> list[list[Example]]:
    """Return all questions in random order, each as a window with some negatives of the same question.

    A changed question has a list of its own.
    """
    of_group: dict[str, list[Question]] = defaultdict(list)
    for question in everything:
        of_group[question.group].append(question)
    asked: list[list[Example]] = []
    for question in everything:
        examples = [window(question, chance)]
        asked.append(examples)
        roll = chance.random
        if question.near and roll() < FOUND:
            for other in chance.sample(question.near, min(FOUND_PASSAGES, len(question.near))):
                found = Example(question.question, other.text, other.sentences, frozenset())
                examples.append(headed(found, other, chance))
        if not question.gold or question.denied:
            continue
        shares = _shares(question.group)
        if roll() < shares["other"]:
            examples += _asked_elsewhere(question, of_group[question.group], everything, chance)
        if roll() < shares["without"]:
            examples += _without_answer(question, chance)
        if roll() < shares["swapped"]:
            asked.append(list(_with_exchange(question, of_group[question.group], chance)))
    chance.shuffle(asked)
    return [examples for examples in asked if examples]


def _shares(group: str) -> dict[str, float]:
    if group.startswith(CELLS):
        return CELL_KINDS
    if group.startswith((OURS, MANUALS)):
        return OWN_KINDS
    return ALL_ANSWERED_KINDS if group.startswith(ALL_ANSWERED) else NEGATIVE_KINDS


def window(question: Question, chance: random.Random, *, most: int | None = None) -> Example:
    """Return a window of at most `most` words around the answer, or around the sentence that looks most like one."""
    document = question.document
    gold = sorted(question.gold)
    if gold:
        centre = chance.choice(gold)
    elif question.likeness is not None:
        centre = question.likeness
    else:
        centre = _likeliest_sentence(question.question, document, chance)
    return _example_around(question, document, centre, question.gold, chance, most or chance.choice(LENGTHS))


def _example_around(
    question: Question, document: Text, centre: int, gold: frozenset[int], chance: random.Random, most: int
) -> Example:
    first = last = centre
    total = document.lengths[centre]
    while True:
        choices = [n for n in (first - 1, last + 1) if 0 <= n < len(document.sentences)]
        fitting = [n for n in choices if total + document.lengths[n] <= most]
        if not fitting:
            break
        n = chance.choice(fitting)
        total += document.lengths[n]
        first, last = min(first, n), max(last, n)
    start, end = document.sentences[first].start, document.sentences[last].end
    spans = tuple(Span(s.start - start, s.end - start) for s in document.sentences[first : last + 1])
    inside = frozenset(n - first for n in gold if first <= n <= last)
    answers = tuple(Span(a.start - start, a.end - start) for a in question.answers if gold and start <= a.start < end)
    exact = question.exact or not inside
    return headed(
        Example(question.question, document.text[start:end], spans, inside, answers, exact, question.denied),
        document,
        chance,
    )


def headed(example: Example, document: Text, chance: random.Random) -> Example:
    """Return the example with the title of its document, often, and with the headers of its table, if it has any."""
    title = document.title if chance.random() < TITLED else ""
    preface = "".join(f"{line}\n" for line in (title, document.above) if line)
    return replace(
        example,
        text=preface + example.text,
        sentences=tuple(Span(span.start + len(preface), span.end + len(preface)) for span in example.sentences),
        answers=tuple(Span(span.start + len(preface), span.end + len(preface)) for span in example.answers),
    )


def _likeliest_sentence(
    question: str, document: Text, chance: random.Random, without: frozenset[int] = frozenset()
) -> int:
    wanted = question_terms(question).keys()
    return max(
        (n for n in range(len(document.sentences)) if n not in without),
        key=lambda n: len(wanted & document.terms[n]) + chance.random(),
        default=0,
    )


def _asked_elsewhere(
    question: Question, group: Sequence[Question], everything: Sequence[Question], chance: random.Random
) -> Iterator[Example]:
    """Yield the question with the likeliest of some other passages, which do not contain the words of its answer."""
    words = [span.of(question.document.text).casefold() for span in question.answers]
    pool = group if len({id(q.document) for q in group}) > 1 else everything
    others = {id(q.document): q.document for q in chance.sample(pool, min(CONSIDERED, len(pool)))}
    others.pop(id(question.document), None)
    fitting = [d for d in others.values() if not any(word in d.text.casefold() for word in words)]
    if not fitting:
        yield from _without_answer(question, chance)
        return
    wanted = question_terms(question.question).keys()
    document = max(fitting, key=lambda d: max(len(wanted & t) for t in d.terms) if d.terms else 0)
    centre = _likeliest_sentence(question.question, document, chance)
    yield _example_around(question, document, centre, frozenset(), chance, chance.choice(LENGTHS))


def _without_answer(question: Question, chance: random.Random) -> Iterator[Example]:
    """Yield the question with other sentences of its own text that do not contain the words of the answer."""
    words = [span.of(question.document.text).casefold() for span in question.answers]
    closed = {
        n
        for n, span in enumerate(question.document.sentences)
        if n in question.gold or any(word in span.of(question.document.text).casefold() for word in words)
    }
    if len(closed) == len(question.document.sentences):
        return
    centre = _likeliest_sentence(question.question, question.document, chance, frozenset(closed))
    first = last = centre
    most = chance.choice(LENGTHS)
    total = question.document.lengths[centre]
    grown = True
    while grown:
        grown = False
        for n in (first - 1, last + 1):
            if (
                0 <= n < len(question.document.sentences)
                and n not in closed
                and total + question.document.lengths[n] <= most
            ):
                total += question.document.lengths[n]
                first, last, grown = min(first, n), max(last, n), True
    start, end = question.document.sentences[first].start, question.document.sentences[last].end
    spans = tuple(Span(s.start - start, s.end - start) for s in question.document.sentences[first : last + 1])
    found = Example(question.question, question.document.text[start:end], spans, frozenset())
    yield headed(found, question.document, chance)


def _with_exchange(asked: Question, group: Sequence[Question], chance: random.Random) -> Iterator[Example]:
    """Yield the question with a word, name or number replaced, so that its passage does not answer it."""
    low = asked.document.text.casefold()
    words = asked.question.split(" ")
    turned = [n for n, word in enumerate(words) if word.casefold().strip("?,.") in OPPOSITES]
    names, numbers = _CAPITALISED.findall(asked.question), _NUMBER.findall(asked.question)
    question = _reworded(asked, chance.choice(group), chance) if chance.random() < REWORDED else None
    if question:
        pass
    elif turned and chance.random() < 0.5:
        n = chance.choice(turned)
        plain = words[n].casefold().strip("?,.")
        question = " ".join([*words[:n], words[n].casefold().replace(plain, OPPOSITES[plain]), *words[n + 1 :]])
    elif names or numbers:
        pattern = _CAPITALISED if names and (not numbers or chance.random() < 0.6) else _NUMBER
        old = chance.choice(pattern.findall(asked.question))
        pool = [new for q in chance.sample(group, min(25, len(group))) for new in pattern.findall(q.question)]
        pool = [new for new in pool if new.casefold() not in low and new not in asked.question]
        if pattern is _NUMBER and old.isdigit() and not pool:
            pool = [str(int(old) + chance.choice((-30, -11, -4, 3, 7, 20)))]
        if pool:
            question = asked.question.replace(old, chance.choice(pool), 1)
    if question:
        centre = chance.choice(sorted(asked.gold))
        yield _example_around(
            Question(asked.name, question, asked.document, frozenset(), (), True, asked.group),
            asked.document,
            centre,
            frozenset(),
            chance,
            chance.choice(LENGTHS),
        )


def _reworded(asked: Question, other: Question, chance: random.Random) -> str | None:
    """Return the question with a word replaced or negated; its document contains none of the new words."""
    sentence, others = _parsed(asked.question)[:], Others(near=_parsed(other.question)[:])
    known = frozenset().union(*asked.document.terms)
    for name in chance.sample(REWORDING, len(REWORDING)):
        new = PROGRAMS[name](sentence, others, chance)
        added = set(terms(new or "")) - set(terms(asked.question))
        if new and new[:2] == asked.question[:2] and (name == "negated" or (added and not added & known)):
            return new
    return None


@lru_cache(10_000)
def _parsed(question: str) -> Doc:
    return parser()(question)
