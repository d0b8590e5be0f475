"""Computes signals that show whether the documents hold an answer, and the confidence from these signals.

No signal depends on the size of the library: a question and its passages have the same signals in a library of one
document and in one of a million. Therefore words are weighted by their rarity in English, not in the library.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from index.encoders.pretrained import DEFAULT_NAME
from index.text.words import rarity, terms_of, words_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

    from index.records import Found
    from index.search.evidence import EncodedQuestion, PassageEvidence
    from index.search.readings import CellFound, ReadPassage

    Coefficients = Mapping[str, float]


NAMES = ("sentence", "passage", "overlap", "coverage", "together", "told", "absent", "read", "answers")
"""The signals, in the order of the coefficients."""
MEANING = ("sentence", "passage")
"""The signals of the encoder. Cosines of different encoders are not comparable."""
READER = ("read", "answers")
"""The signals of the reader."""
NEAR = 5
"""The number of first hits that count as near the answer: a word that none of them contains is missing."""
RARE = 0.9
"""The least rarity of a word that an answer must contain: some 8,000 words are more frequent."""
MOST = 6.0
"""Logits are clipped here, since larger ones say nothing more."""
INTERCEPT = "intercept"
DEFAULT: Coefficients = {
    INTERCEPT: -2.172,
    "sentence": 2.338,
    "passage": 2.281,
    "overlap": 0.102,
    "coverage": 0.389,
    "absent": -0.25,
    "answers": 0.487,
}
"""Coefficients of a logistic function of the signals, for the default encoder with the reader.
`benchmarks/confidence.py` fitted all these tables on libraries of one, eight, fifty and all documents, with questions
that the reader was not trained on."""
UNREAD: Coefficients = {
    INTERCEPT: -4.837,
    "sentence": 3.386,
    "passage": 3.42,
    "overlap": 1.476,
    "coverage": 1.466,
    "together": 0.512,
    "told": 0.34,
    "absent": -0.264,
}
"""For the default encoder without the reader."""
WORDS_ALONE: Coefficients = {
    INTERCEPT: 0.04,
    "overlap": 0.136,
    "coverage": 1.043,
    "together": 0.026,
    "absent": -0.25,
    "read": 0.036,
    "answers": 0.519,
}
"""For any other encoder, whose cosines are not comparable: words and the reader decide."""
WORDS_UNREAD: Coefficients = {
    INTERCEPT: -3.001,
    "overlap": 2.105,
    "coverage": 2.674,
    "together": 1.207,
    "told": 0.641,
    "absent": -0.25,
}
"""For any other encoder without the reader: words alone decide."""
DOUBT_WITHOUT_WORDS = 1.25
"""Subtracted from the logit if the word index was not used. Passages found by meaning alone have higher cosines than
passages found by words, whether they answer the question or not."""
SUREST_WITHOUT_WORDS = 0.9
"""The highest confidence without the word index: half of the evidence cannot give more certainty than all of it, and
the test questions do not distinguish higher values."""
LEAST_ANSWERS, LEAST_SHARE, DOUBTED_CONFIDENCE = -2.0, 0.5, 0.5
"""The confidence is at most DOUBTED_CONFIDENCE, so that the answer is shown as unsure, in two cases. If the reader's
logit that the first passage answers is less than LEAST_ANSWERS, it often denies what the question takes for granted. If
the pin is less likely than all other sentences that were read together, it is often the wrong one."""
NAMED_WORDS = 3
"""The largest number of words that a note names."""


@dataclass(frozen=True, slots=True)
class Word:
    """A content word of a question."""

    text: str
    weight: float
    """Its weight, by rarity."""
    distinctive: bool
    """Whether it is a name, a number or a rare word. If an answer does not contain it, the reader must be told."""
    asked: bool
    """Whether a follow-up has it among its own words; true in any other question."""


def words_of(question: EncodedQuestion) -> list[Word]:
    """Return the question's content words, each once."""
    text, asked = question.text, question.asked
    return [_word(word, text, asked=word in asked) for word in dict.fromkeys(question.words.values())]


def signals(
    words: Sequence[Word], found: Sequence[PassageEvidence], titles: Sequence[str], cosines: Sequence[float]
) -> dict[str, float]:
    """Return the signals of the passages found, best first, and of all candidates' cosines; empty if nothing was found.

    `sentence` and `passage`: the best cosines. `overlap`: the largest share of the question's words, by rarity, in one
    sentence; `coverage`: in one passage; `together`: in the first NEAR passages. `told`: the share of its names,
    numbers and rare words in the first passage; `absent`: how many of these the first NEAR passages lack, at most two.
    The `titles` of the documents, in the order of `found`, count as part of their passages. `read_signals` adds the
    reader's signals.
    """
    if not found or not cosines:
        return {}
    total = sum(word.weight for word in words) or 1.0
    passages = _terms_near(found, titles)
    sentences = [terms for passage in found[:NEAR] for terms in passage.terms]
    everything = [*sentences, *passages, frozenset().union(*passages)]
    contained = words_in([word.text for word in words], everything)
    shares = [sum(word.weight for word in words if word.text in found_words) / total for found_words in contained]
    return {
        "sentence": max(passage.cosine for passage in found),
        "passage": max(cosines),
        "overlap": max(shares[: len(sentences)]),
        "coverage": max(shares[len(sentences) : -1]),
        "together": shares[-1],
        "absent": float(min(len(_absent(words, contained[-1])), 2)),
        "told": _matched_share(words, contained[len(sentences)]),
    }


def read_signals(
    before: Mapping[str, float],
    words: Sequence[Word],
    found: Sequence[PassageEvidence],
    titles: Sequence[str],
    pinned: ReadPassage | CellFound | None,
    share: float,
) -> dict[str, float]:
    """Return the signals after the first hits were read and reordered, with the reader's signals.

    `read` and `answers`: the reader's logits of the sentence or the cell that is pinned first, and of its passage or
    its row; the least value if it had nothing to read. `share`: how likely the first pin is among all sentences read.
    """
    if not before:
        return {}
    (contained,) = words_in([word.text for word in words], _terms_near(found[:1], titles))
    return {
        **before,
        "told": _matched_share(words, contained),
        "read": _clipped(pinned.sentence if pinned else -MOST),
        "answers": _clipped(pinned.any if pinned else -MOST),
        "share": share,
    }


def absent_words(words: Sequence[Word], found: Sequence[PassageEvidence], titles: Sequence[str]) -> list[str]:
    """Return the question's names, numbers and rare words that none of the first NEAR passages contains, in its order.

    The titles of their documents count as part of them. Without passages, no word is absent.
    """
    if not found:
        return []
    (contained,) = words_in([word.text for word in words], [frozenset().union(*_terms_near(found, titles))])
    return _absent(words, contained)


def _absent(words: Sequence[Word], contained: Set[str]) -> list[str]:
    """Return the distinctive words that are not contained; of a follow-up, only its own."""
    return [word.text for word in words if word.distinctive and word.asked and word.text not in contained]


def _terms_near(found: Sequence[PassageEvidence], titles: Sequence[str]) -> list[frozenset[str]]:
    """Return the terms of each of the first NEAR passages, with those of its document's title."""
    pairs = zip_longest((passage.held for passage in found[:NEAR]), terms_of(titles[: len(found[:NEAR])]), fillvalue=())
    return [frozenset((*terms, *title)) for terms, title in pairs]


def _word(text: str, question: str, *, asked: bool) -> Word:
    rare = rarity(text)
    named = text[:1].isupper() and not question.startswith(text) and not question.isupper()
    distinctive = named or any(map(str.isdigit, text)) or rare >= RARE
    return Word(text, rare**2, distinctive and text != "I", asked)


def _matched_share(words: Sequence[Word], contained: Set[str]) -> float:
    """Return the share of the distinctive words that a passage contains; 1 if there are no such words."""
    distinctive = [word.text for word in words if word.distinctive]
    return sum(word in contained for word in distinctive) / len(distinctive) if distinctive else 1.0


def _clipped(logit: float) -> float:
    return min(max(logit, -MOST), MOST)


def confidence(signals: Mapping[str, float], encoder: str, *, has_words: bool = True) -> float:
    """Return the confidence in [0, 1]; 0 if nothing was found.

    `has_words` says whether the word index took part. Cosines of an encoder other than the default are ignored,
    because they are not comparable.
    """
    if not signals:
        return 0.0
    read = "read" in signals
    if encoder.startswith(DEFAULT_NAME):
        coefficients = DEFAULT if read else UNREAD
    else:
        coefficients = WORDS_ALONE if read else WORDS_UNREAD
    most = DOUBTED_CONFIDENCE if is_doubted(signals) else 1.0
    if has_words:
        return min(most, _logistic(signals, coefficients))
    doubtful = {**coefficients, INTERCEPT: coefficients[INTERCEPT] - DOUBT_WITHOUT_WORDS}
    return min(most, SUREST_WITHOUT_WORDS, _logistic(signals, doubtful))


def is_doubted(signals: Mapping[str, float]) -> bool:
    """Whether the reader doubts that the first pin is the answer."""
    return signals.get("answers", LEAST_ANSWERS) < LEAST_ANSWERS or signals.get("share", 1.0) < LEAST_SHARE


def missing_word_notes(found: Found) -> tuple[str, ...]:
    """Return notes on the question's names, numbers and rare words that the library, or the found passages, lack."""
    apart = [word for word in found.missing if word not in found.unknown]
    notes = []
    if found.unknown:
        notes.append(f"No passage mentions {_enumerated(found.unknown)}.")
    if apart:
        notes.append(f"The passages found do not mention {_enumerated(apart)}.")
    return tuple(notes)


def _logistic(signals: Mapping[str, float], coefficients: Coefficients) -> float:
    """Return the logistic function of the weighted signals."""
    logit = sum(weight * signals[name] for name, weight in coefficients.items() if name != INTERCEPT)
    return 1 / (1 + math.exp(-logit - coefficients[INTERCEPT]))


def _enumerated(words: Sequence[str]) -> str:
    """Join at most NAMED words, in quotation marks, with "or" before the last."""
    *first, last = [f"“{word}”" for word in words[:NAMED_WORDS]]
    return f"{', '.join(first)} or {last}" if first else last
