"""The best sentences of the first hits, read together with the question.

All else weighs sentences that were encoded before anybody asked. Here the answer reader reads a few of them again, with
the question: a window around the best sentence of the first hit, and where that is not likely to answer, all else of
it and such a window of each of the next hits. What it says moves pins, the order of these hits, and the confidence.
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
ENOUGH = -1.0
"""From which logit of the best sentence on no more is read. It is below 0, which is an even chance, for the reader
learnt from more questions without an answer than people ask."""
LIKELY = 0.0
"""From which logit of the best sentence of a first window on the first hits change their order. A lower one moved
passages on the topic of a long question, and CISI's ranking was worse."""
WORDS = 90
"""About how many words each further window of the first passage has."""
AROUND = 45
"""How many words a window around a best sentence has at most, unless that alone has more."""
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
class ReadPassage:
    """What was read of one passage."""

    evidence: Evidence
    """With claims that the reader has a part in."""
    sentence: float
    """The best logit in the passage's first window; what is read later does not change it."""
    any: float
    """That window's logit that any of its sentences answers."""


def read_passages(question: str, found: Mapping[int, Evidence], reader: Reader) -> dict[int, ReadPassage]:
    """Read these passages, best first; those with no sentence that may be pinned are left out.

    First a window around the best sentence of the first one. Where that is not likely to answer, all else of that
    passage, and such a window of each of the others.
    """
    runs = {identity: [run] for identity, passage in found.items() if (run := best_run(passage))}
    readings: dict[int, ReadPassage] = {}
    for batch in (list(runs)[:1], list(runs)):
        if batch and all(reading.sentence < ENOUGH for reading in readings.values()):
            for identity in readings:
                runs[identity] = remaining_runs(found[identity], *runs[identity])
            windows = [_window(found[identity], run) for identity in batch for run in runs[identity]]
            verdicts = iter(reader.read(question, windows) if windows else ())
            for identity in batch:
                said = [(run, next(verdicts)) for run in runs[identity]]
                readings[identity] = (
                    _with_verdicts(readings[identity], said)
                    if identity in readings
                    else _first_reading(found[identity], *said[0])
                )
    return readings


def remaining_runs(evidence: Evidence, run: range) -> list[range]:
    """The rest of a passage, before and after the run that was read, in runs of about WORDS words."""
    first, last = min(evidence.evident), max(evidence.evident)
    return [*_split(evidence, range(first, run.start)), *_split(evidence, range(run.stop, last + 1))]


def _split(evidence: Evidence, run: range) -> list[range]:
    lengths = [len(_words(evidence, n).split()) for n in run]
    room = sum(lengths) / max(1, round(sum(lengths) / WORDS))
    parts: list[range] = []
    begin, so_far = run.start, 0
    for n, length in zip(run, lengths, strict=True):
        if n > begin and so_far + length / 2 > room * (len(parts) + 1):
            parts.append(range(begin, n))
            begin = n
        so_far += length
    return [*parts, range(begin, run.stop)] if run else []


def best_run(evidence: Evidence, words: int = AROUND) -> range:
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
        n = max(around, key=lambda neighbour: float(evidence.claims[neighbour]))
        room -= lengths[n]
        first, last = min(first, n), max(last, n)


def reorder(
    scores: Mapping[int, float], readings: Mapping[int, ReadPassage], above: Collection[int] = ()
) -> dict[int, float]:
    """The passages that were read exchange their scores, so that those with the best claims come first; best first.

    Those `above`, which hold the question word for word, stay above the others. Where none is likely to answer, all
    stay where they are: which one is nearer, the reader does not know.
    """
    likely = any(reading.sentence >= LIKELY for reading in readings.values())
    ids = [identity for identity in scores if likely and identity in readings]
    best = sorted(
        ids,
        key=lambda identity: (
            identity not in above,
            -scores[identity] - ORDER_SHARE * readings[identity].evidence.claim,
        ),
    )
    exchanged = dict(zip(best, sorted((scores[identity] for identity in ids), reverse=True), strict=True))
    # Those that were read come first: where scores are equal, their new order counts.
    return dict(sorted({**exchanged, **scores, **exchanged}.items(), key=lambda item: -item[1]))


def _first_reading(evidence: Evidence, run: range, verdict: Verdict) -> ReadPassage:
    pinned = [float(verdict.sentences[n - run.start]) for n in evidence.evident if n in run]
    return _with_verdicts(ReadPassage(evidence, max(pinned, default=UNREAD), verdict.any), [(run, verdict)])


def _with_verdicts(before: ReadPassage, said: Sequence[tuple[range, Verdict]]) -> ReadPassage:
    """The passage with further verdicts in its claims; whether it answers at all, its first window tells best."""
    claims = before.evidence.claims.copy()
    for run, verdict in said:
        claims[run.start : run.stop] += CLAIM_SHARE * (np.tanh(verdict.sentences / STEEPNESS) + TRUST)
    return replace(before, evidence=replace(before.evidence, claims=claims))


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
