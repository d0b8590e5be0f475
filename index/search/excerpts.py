"""Lets the answer reader read the best sentences of the first hits together with the question.

All other scores use sentences that were encoded before the question was known. The reader first reads a window around
the best sentence of the first hit. If the window is unlikely to answer, it also reads the rest of this hit and one
window in each of the next hits. Its verdicts change pins, the order of these hits, and the confidence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from index.encoders.reader import UNREAD, Window
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from index.encoders.reader import Verdict
    from index.search.evidence import PassageEvidence

MOST_READ = 3
"""The largest number of first hits that are read."""
STOP_LOGIT = -1.0
"""Reading stops if the best sentence has at least this logit. It is below 0, which is an even chance, because the
reader was trained on a larger share of unanswerable questions than people ask."""
REORDER_LOGIT = 0.0
"""The first hits are reordered if the best sentence of a first window has at least this logit. With a lower value,
relevant passages for long questions lost their places, and the ranking on CISI became worse."""
WINDOW_WORDS = 90
"""The approximate number of words in each further window of the first passage."""
PIN_WINDOW_WORDS = 45
"""The largest number of words in a window around a best sentence, unless the sentence alone has more."""
CLAIM_SHARE = 0.25
"""The largest gain or loss of a pin score by the reader."""
STEEPNESS = 3.0
"""A logit of this size changes a pin score by three quarters of CLAIM_SHARE."""
TRUST = 0.3
"""Added to each sentence that was read, in units of CLAIM_SHARE: a doubtful sentence is no worse than an unread one."""
ORDER_SHARE = 0.5
"""The weight of a hit's best pin score next to its score when the first hits of a question are reordered. The reader
cannot judge relevance to a claim or to keywords: on SciFact's claims, reordering cost 1 to 3 points of nDCG."""


class Reader(Protocol):
    """Reads windows with a question: `index.encoders.reader.AnswerReader`."""

    def read(self, question: str, windows: Sequence[Window]) -> list[Verdict]:
        """Return the verdict on each window, in order."""
        ...


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """A passage that the reader has read."""

    evidence: PassageEvidence
    """The evidence, with pin scores that include the reader's verdict."""
    sentence: float
    """The best logit in the passage's first window; later windows do not change it."""
    any: float
    """The logit that any sentence of the first window answers."""


def read_passages(question: str, found: Mapping[int, PassageEvidence], reader: Reader) -> dict[int, ReadPassage]:
    """Read these passages, best first, and return them by id; passages without a sentence to pin are left out.

    The first window is around the best sentence of the first passage. If it is unlikely to answer, the rest of that
    passage is read, and one window in each of the other passages.
    """
    runs = {passage_id: [run] for passage_id, passage in found.items() if (run := best_run(passage))}
    readings: dict[int, ReadPassage] = {}
    for batch in (list(runs)[:1], list(runs)):
        if batch and all(reading.sentence < STOP_LOGIT for reading in readings.values()):
            for passage_id in readings:
                runs[passage_id] = remaining_runs(found[passage_id], *runs[passage_id])
            windows = [_window(found[passage_id], run) for passage_id in batch for run in runs[passage_id]]
            in_order = iter(reader.read(question, windows) if windows else ())
            for passage_id in batch:
                verdicts = [(run, next(in_order)) for run in runs[passage_id]]
                if passage_id in readings:
                    readings[passage_id] = _with_verdicts(readings[passage_id], verdicts)
                else:
                    readings[passage_id] = _first_reading(found[passage_id], *verdicts[0])
    return readings


def remaining_runs(evidence: PassageEvidence, run: range) -> list[range]:
    """Return the rest of a passage, before and after the run that was read, in runs of about WINDOW_WORDS words."""
    first, last = min(evidence.pinnable), max(evidence.pinnable)
    return [*_split(evidence, range(first, run.start)), *_split(evidence, range(run.stop, last + 1))]


def _split(evidence: PassageEvidence, run: range) -> list[range]:
    lengths = [len(_words(evidence, n).split()) for n in run]
    room = sum(lengths) / max(1, round(sum(lengths) / WINDOW_WORDS))
    parts: list[range] = []
    begin, so_far = run.start, 0
    for n, length in zip(run, lengths, strict=True):
        if n > begin and so_far + length / 2 > room * (len(parts) + 1):
            parts.append(range(begin, n))
            begin = n
        so_far += length
    return [*parts, range(begin, run.stop)] if run else []


def best_run(evidence: PassageEvidence, words: int = PIN_WINDOW_WORDS) -> range:
    """Return the best sentence with as many neighbours as fit, better ones first; empty if none may be pinned."""
    if not evidence.pinnable:
        return range(0)
    lengths = [len(_words(evidence, n).split()) for n in range(len(evidence.claims))]
    first = last = evidence.pins[0]
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
    """Let the passages that were read exchange scores, so that those with the best pins come first.

    Passages `above`, which contain the question word for word, stay above the others. If no passage is likely to
    answer, all keep their places, because the reader does not know which one is closer to the topic.
    """
    likely = any(reading.sentence >= REORDER_LOGIT for reading in readings.values())
    ids = [passage_id for passage_id in scores if likely and passage_id in readings]
    best = sorted(
        ids,
        key=lambda passage_id: (
            passage_id not in above,
            -scores[passage_id] - ORDER_SHARE * readings[passage_id].evidence.claim,
        ),
    )
    exchanged = dict(zip(best, sorted((scores[passage_id] for passage_id in ids), reverse=True), strict=True))
    # The passages that were read come first, so that their new order holds where scores are equal.
    return dict(sorted({**exchanged, **scores, **exchanged}.items(), key=lambda item: -item[1]))


def _first_reading(evidence: PassageEvidence, run: range, verdict: Verdict) -> ReadPassage:
    pinned = [float(verdict.sentences[n - run.start]) for n in evidence.pinnable if n in run]
    return _with_verdicts(ReadPassage(evidence, max(pinned, default=UNREAD), verdict.any), [(run, verdict)])


def _with_verdicts(before: ReadPassage, verdicts: Sequence[tuple[range, Verdict]]) -> ReadPassage:
    """Return the passage with further verdicts in its pin scores; the logits of its first window do not change."""
    claims = before.evidence.claims.copy()
    for run, verdict in verdicts:
        claims[run.start : run.stop] += CLAIM_SHARE * (np.tanh(verdict.sentences / STEEPNESS) + TRUST)
    return replace(before, evidence=replace(before.evidence, claims=claims))


def _window(evidence: PassageEvidence, run: range) -> Window:
    passage = evidence.row.passage
    spans = passage.sentences[run.start : run.stop]
    start, end = spans[0].start, spans[-1].end
    text = passage.text[start - passage.start : end - passage.start]
    return Window(text, tuple(Span(a - start, b - start) for a, b in spans))


def _words(evidence: PassageEvidence, n: int) -> str:
    passage = evidence.row.passage
    start, end = passage.sentences[n]
    return passage.text[start - passage.start : end - passage.start]
