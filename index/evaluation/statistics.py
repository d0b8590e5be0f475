"""The results of evaluations, their confidence intervals, and the comparison of two results."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from index.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Values = dict[str, dict[str, float]]
"""Values in [0, 1] by measure and question."""

MEANINGS = {
    "nDCG@10": "normalised discounted cumulative gain of the first 10 documents; a document ranks by its best passage",
    "Recall@10": "share of the relevant documents that are among the first 10",
    "Recall@100": "share of the relevant documents that are among the first 100",
    "MRR@10": "one over the rank of the first relevant document, 0 below rank 10",
    "Answer@1": "the first passage holds an answer's words, whichever document it is of",
    "Answer@5": "one of the first 5 passages holds an answer's words, whichever document it is of",
    "Answer@10": "one of the first 10 passages holds an answer's words, whichever document it is of",
    "Answer@1, right document": "the first passage is of the right document and holds an answer",
    "Answer@5, right document": "one of the first 5 passages is of the right document and holds an answer",
    "Answer@10, right document": "one of the first 10 passages is of the right document and holds an answer",
    "Pin": "the pin of the first hit holds an answer",
    "Pin, right document": "the pin of the right document's best hit holds an answer",
    "Two pins, right document": "that pin or the next best sentence of the document's hits holds an answer",
    "Pin precision": "share of the first hit's pin that is gold; 0 in a wrong document",
    "Pin recall": "share of the gold characters that the first hit's pin holds",
    "Pin IoU": "characters that are both in the first hit's pin and gold, over those that are either",
    "Pin precision, right document": "the same for the pin of the right document's best hit",
    "Pin recall, right document": "the same for the pin of the right document's best hit",
    "Pin IoU, right document": "the same for the pin of the right document's best hit",
    "Top 5 precision": "share of the first 5 passages' characters that are gold",
    "Top 5 recall": "share of the gold characters that the first 5 passages hold",
    "First quotation": "the first quotation of the answer holds an answer",
    "Quotations": "one of the one to four quotations of the answer holds an answer",
    "Quoted gold": "one of the quotations holds a whole gold span",
    "Rationale pin": "the pin is a gold evidence sentence; only documents of the first 10 passages count",
    "Document@1": "the first passage is of the right document",
    "Document@3": "one of the first 3 passages is of the right document",
    "Document@10": "one of the first 10 passages is of the right document",
    "Quote@1": "the pin of the first hit holds the quote",
    "Quote@3": "the pin of one of the first 3 hits holds the quote",
}
"""The meaning of each measure, in display order."""
SEED = 20201205
RESAMPLES = 1000
PERMUTATIONS = 9999
CONFIDENCE = 0.95
_BATCH = 500
_LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % interval."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one search mode."""

    mode: str
    estimates: dict[str, Estimate]
    values: Values
    latency_p50_ms: float
    latency_p95_ms: float
    citations: int = 0
    """The number of quotations in the answers, each of which was compared with its document."""
    citations_wrong: int = 0
    """The number of quotations that are not word for word in their document."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A set, and the result of each search mode on it."""

    name: str
    digest: str
    made_with: str
    documents: int
    passages: int
    questions: int
    unanswerable: int
    passages_per_second: float | None
    """The rate of reading, chunking, encoding and storing; None if the library existed already."""
    peak_megabytes: float | None
    """The peak memory of the process, with the encoder; None if the system does not report it."""
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...] = ()
    meanings: dict[str, str] = field(default_factory=lambda: dict(MEANINGS))


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of two results, question by question."""

    measure: str
    first_mode: str
    second_mode: str
    first: float
    second: float
    difference: Estimate
    """The second minus the first."""
    p: float
    p_holm: float
    """Corrected for all rows of the table."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results of one set."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()


def estimate(values: Iterable[float]) -> Estimate:
    """Return the mean over questions and its percentile bootstrap interval; a single question has no interval."""
    sample = np.fromiter(values, dtype=np.float64)
    mean = float(sample.mean())
    if len(sample) < 2:
        return Estimate(mean, None, None, len(sample))
    interval = stats.bootstrap(
        (sample,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Estimate(mean, float(interval.low), float(interval.high), len(sample))


def p_value(differences: Sequence[float]) -> float:
    """Return the p-value of a mean difference by the paired randomisation test, two-sided.

    If the two systems were the same, the sign of each question's difference would be random. Unlike the t-test, it
    assumes no distribution: differences of ranks and of hits are neither normal nor continuous. Source: Smucker,
    Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation" (2007).
    """
    result = stats.permutation_test(
        (np.asarray(differences),),
        np.mean,
        permutation_type="samples",
        n_resamples=PERMUTATIONS,
        batch=_BATCH,
        vectorized=True,
        rng=np.random.default_rng(SEED),
    )
    return float(result.pvalue)


def holm(chances: Sequence[float]) -> list[float]:
    """Correct p-values for all rows of a table (Holm, 1979). Without it, one in twenty rows would differ by chance."""
    order = sorted(range(len(chances)), key=lambda n: chances[n])
    adjusted = [0.0] * len(chances)
    least = 0.0
    for rank, n in enumerate(order):
        least = max(least, min(1.0, chances[n] * (len(chances) - rank)))
        adjusted[n] = least
    return adjusted


def compare(first: Path, second: Path) -> Comparison:
    """Compare two files that `pincite eval --json` wrote on one set.

    If each file has one mode, these two are compared, even if they differ; else each mode is compared with itself. Only
    questions that are in both files are compared. Raises EvaluationError if there is nothing to compare.
    """
    digests, results = zip(*(_read(path) for path in (first, second)), strict=True)
    if digests[0] != digests[1]:
        raise EvaluationError(
            f"{first} and {second} are results of different questions or documents.", "Compare results of one set."
        )
    rows = list(_differences(*results))
    if not rows:
        raise EvaluationError(
            f"{first} and {second} have no mode and measure with at least {_LEAST_PAIRS} questions in common.",
            "Evaluate both with the same --mode and --limit.",
        )
    corrected = holm([row.p for row in rows])
    differences = tuple(replace(row, p_holm=p) for row, p in zip(rows, corrected, strict=True))
    return Comparison(str(first), str(second), differences, _notes(*results))


def _differences(first: dict[str, Values], second: dict[str, Values]) -> Iterator[Difference]:
    for first_mode, second_mode in _pairs(first, second):
        for measure in MEANINGS:
            a, b = first[first_mode].get(measure, {}), second[second_mode].get(measure, {})
            both = [identity for identity in a if identity in b]
            if len(both) >= _LEAST_PAIRS:
                changes = [b[identity] - a[identity] for identity in both]
                first_mean, second_mean = (sum(side[identity] for identity in both) / len(both) for side in (a, b))
                yield Difference(
                    measure=measure,
                    first_mode=first_mode,
                    second_mode=second_mode,
                    first=first_mean,
                    second=second_mean,
                    difference=estimate(changes),
                    p=p_value(changes),
                    p_holm=1.0,
                )


def _pairs(first: dict[str, Values], second: dict[str, Values]) -> list[tuple[str, str]]:
    if len(first) == len(second) == 1:
        return [(next(iter(first)), next(iter(second)))]
    return [(mode, mode) for mode in first if mode in second]


def _notes(first: dict[str, Values], second: dict[str, Values]) -> tuple[str, ...]:
    """Return a note on the questions that are in only one of the two results."""
    questions = [
        {question for measures in result.values() for values in measures.values() for question in values}
        for result in (first, second)
    ]
    unpaired = len(questions[0] ^ questions[1])
    return (f"{unpaired} questions are in only one of the two results and were left out.",) if unpaired else ()


def _read(path: Path) -> tuple[str, dict[str, Values]]:
    """Return the digest of the set, and the values of each mode."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return str(result["digest"]), {
            str(outcome["mode"]): _values(outcome["values"]) for outcome in result["outcomes"]
        }
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "Write one with: pincite eval FOLDER --json > FILE"
        raise EvaluationError(f"{path} is not a result of `pincite eval --json`.", hint) from error


def _values(measures: Any) -> Values:
    return {
        str(measure): {str(question): float(value) for question, value in values.items()}
        for measure, values in measures.items()
    }
