"""The best sentences of the first hits, read together with the question.

All else weighs sentences that were encoded before anybody asked. Here the answer reader reads a few of them again, with
the question: a window around the best sentence of each of the first hits. What it says moves pins, the order of these
hits, and the confidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from index.cross_encoders.reader import UNREAD, Window
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from index.cross_encoders.reader import Verdict
    from index.retrieval.evidence import Evidence

READ = 3
"""How many of the first hits are read at most."""
SURE = 0.0
"""From which logit on the first hit answers so likely that the others are not read."""
WORDS = 30
"""How many words a window has at most, unless its one sentence has more."""
CLAIM_SHARE = 0.25
"""What a sentence's claim gains at most, and loses, by what the reader says."""
STEEPNESS = 3.0
"""A logit of so much moves a claim by three quarters of that."""
TRUST = 0.3
"""What is added to all that was read, as a share of CLAIM_SHARE: so that a doubtful sentence is no worse than one that
nobody read."""
ORDER_SHARE = 0.5
"""Weight of a hit's best claim beside its score, where the first hits of a question are ordered. What is on the topic
of a claim, or of some words, the reader does not know: on SciFact's claims that order cost 1 to 3 points of nDCG."""


class Reader(Protocol):
    """Reads windows with a question: `index.cross_encoders.reader.AnswerReader`."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """What each window says to the question, in the order of the windows."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one passage."""

    evidence: Evidence
    """With claims that the reader has a part in."""
    sentence: float
    """The best sentence's logit."""
    any: float
    """The window's: that any of its sentences answers."""


def read(question: str, found: Mapping[int, Evidence], reader: Reader) -> dict[int, Read]:
    """Read the best sentences of these passages, best first; those with no sentence that may be pinned are left out.

    Where the first one is likely to answer, it is read alone.
    """
    runs = {identity: run for identity, each in found.items() if (run := best_run(each))}
    first, rest = list(runs)[:1], list(runs)[1:]
    heard: dict[int, Read] = {}
    for some in (first, rest):
        if some and all(each.sentence < SURE for each in heard.values()):
            verdicts = reader.read(question, [_window(found[each], runs[each]) for each in some])
            heard |= {each: _heard(found[each], runs[each], said) for each, said in zip(some, verdicts, strict=True)}
    return heard


def best_run(evidence: Evidence, words: int = WORDS) -> range:
    """The best sentence and as many of those around it as fit, the better neighbour first; empty where none is good."""
    if not evidence.evident:
        return range(0)
    lengths = [len(_words(evidence, n).split()) for n in range(len(evidence.claims))]
    first = last = evidence.pins()[0]
    room = words - lengths[first]
    while True:
        around = [n for n in (first - 1, last + 1) if 0 <= n < len(lengths) and lengths[n] <= room]
        if not around:
            return range(first, last + 1)
        n = max(around, key=lambda each: float(evidence.claims[each]))
        room -= lengths[n]
        first, last = min(first, n), max(last, n)


def ordered(scores: Mapping[int, float], heard: Mapping[int, Read], above: Collection[int] = ()) -> dict[int, float]:
    """The passages that were read exchange their scores, so that those with the best claims come first; best first.

    Those `above`, which hold the question word for word, stay above the others.
    """
    ids = [identity for identity in scores if identity in heard]
    best = sorted(ids, key=lambda each: (each not in above, -scores[each] - ORDER_SHARE * heard[each].evidence.claim))
    exchanged = dict(zip(best, sorted((scores[each] for each in ids), reverse=True), strict=True))
    # Those that were read come first: where scores are equal, their new order counts.
    return dict(sorted({**exchanged, **scores, **exchanged}.items(), key=lambda item: -item[1]))


def _heard(evidence: Evidence, run: range, verdict: Verdict) -> Read:
    claims = evidence.claims.copy()
    claims[run.start : run.stop] += CLAIM_SHARE * (np.tanh(verdict.sentences / STEEPNESS) + TRUST)
    pinned = [float(verdict.sentences[n - run.start]) for n in evidence.evident if n in run]
    return Read(replace(evidence, claims=claims), max(pinned, default=UNREAD), verdict.any)


def _window(evidence: Evidence, run: range) -> Window:
    passage = evidence.row.passage
    spans = passage.sentences[run.start : run.stop]
    start, end = spans[0].start, spans[-1].end
    text = passage.text[start - passage.start : end - passage.start]
    return Window(text, tuple(Span(a - start, b - start) for a, b in spans))


def _words(evidence: Evidence, n: int) -> str:
    passage = evidence.row.passage
    start, end = passage.sentences[n]
    return passage.text[start - passage.start : end - passage.start]
