"""Measures: documents against relevance judgements, passages and pins against gold answers and gold spans.

The results of an evaluation have confidence intervals, and two results can be compared.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from scipy import stats

from index.errors import EvaluationError
from index.records import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from index.answers.extractive import Quote
    from index.records import Hit

Ranking = dict[str, float]
"""Documents with their scores, best first."""

DOCUMENTS = 100
"""The number of documents in a ranking."""
MEASURES = {"nDCG@10": nDCG @ 10, "Recall@10": R @ 10, "Recall@100": R @ 100, "MRR@10": RR @ 10}
ANSWER_DEPTHS = (1, 5, 10)
"""An answer is looked for among this many first passages."""
CHARACTER_DEPTH = 5
"""The number of passages whose characters are counted."""
RATIONALE_SHARE = 0.5
"""A pin is a gold sentence if this share of it is gold: sentence borders differ a little between tools."""


def ranked(hits: Iterable[Hit]) -> Ranking:
    """Return the documents of hits, which are given best first, each with the rank and score of its best passage.

    Tools that read a ranking use only the scores, as 32-bit floats, and each breaks ties in its own way. So a score
    that is not below the one before it is lowered to the next float; every tool then sees the order of the hits.
    """
    ranking: Ranking = {}
    ceiling = np.float32(np.inf)
    for hit in hits:
        if hit.document.source not in ranking and len(ranking) < DOCUMENTS:
            ceiling = min(np.float32(hit.score), np.nextafter(ceiling, np.float32(-np.inf)))
            ranking[hit.document.source] = float(ceiling)
    return ranking


def measured(
    judgements: Mapping[str, Mapping[str, int]], rankings: Mapping[str, Ranking]
) -> dict[str, dict[str, float]]:
    """Return each measure for each query that has a ranking."""
    names = {measure: name for name, measure in MEASURES.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in MEASURES}
    judged = {query: dict(judgements[query]) for query in rankings}
    for metric in ir_measures.iter_calc(list(names), judged, dict(rankings)):
        values[names[metric.measure]][metric.query_id] = float(metric.value)
    return values


def begin_run(path: Path, ids: Iterable[str]) -> None:
    """Create an empty run file, to find errors before the long evaluation; an existing file is overwritten."""
    if spaced := next((identity for identity in ids if len(identity.split()) != 1), None):
        raise EvaluationError(f"A TREC run cannot hold the id {spaced!r}, which has a space.", "Leave out --run.")
    try:
        path.write_text("", encoding="utf-8")
    except OSError as error:
        raise EvaluationError(
            f"The run cannot be written to {path}: {error.strerror}.", "Name another file."
        ) from error


def write_run(path: Path, rankings: Mapping[str, Ranking], tag: str) -> None:
    """Write rankings as a TREC run: query, Q0, document, rank, score, tag."""
    lines = [
        f"{query} Q0 {document} {rank} {score:.9g} {tag}\n"
        for query, ranking in rankings.items()
        for rank, (document, score) in enumerate(ranking.items(), 1)
    ]
    path.write_text("".join(lines), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Gold:
    """The known answer to a question."""

    id: str
    document: str
    """The source of the document that holds the answer."""
    wordings: tuple[str, ...]
    alternatives: tuple[tuple[Span, ...], ...]
    """Alternative places of the answer in the document's text, any of which counts. Each is a set of spans in order
    and without overlap. Empty if no place is certain."""


@dataclass(frozen=True, slots=True)
class Rationale:
    """The sentences of a document that support or contradict a claim."""

    id: str
    """The claim's id."""
    document: str
    spans: tuple[Span, ...]


class Agreement(NamedTuple):
    """The agreement of the found characters with the gold ones; each measure is in [0, 1]."""

    iou: float
    recall: float
    precision: float


def any_of(wordings: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of these wordings as whole words; it ignores case and the kind of white space."""
    return re.compile("|".join(map(_wording, filter(str.strip, wordings))) or r"(?!)", re.IGNORECASE)


def merge_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same characters as spans in order, none of which touch."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        elif span.end > span.start:
            result.append(span)
    return tuple(result)


def agreement(found: Sequence[Span], gold: Sequence[Span], *, elsewhere: int = 0) -> Agreement:
    """Compare found and gold characters, both as merged spans; `elsewhere` counts those found in other documents."""
    shared = sum(_overlap(found_span, gold_span) for found_span in found for gold_span in gold)
    of_found, of_gold = _characters(found) + elsewhere, _characters(gold)
    return Agreement(
        iou=shared / ((of_found + of_gold - shared) or 1),
        recall=shared / (of_gold or 1),
        precision=shared / (of_found or 1),
    )


def evidence(gold: Gold, top: Sequence[Hit], deep: Sequence[Hit]) -> Iterator[tuple[str, float]]:
    """Yield each measure with its value, for the visible hits `top` and for the right document's hits in `deep`.

    A right document that was not found counts as 0.
    """
    words = any_of(gold.wordings)
    passages = [words.search(hit.passage.text) or _covers(gold, hit, _passage(hit)) for hit in top]
    right = [hit.document.source == gold.document for hit in top]
    for k in ANSWER_DEPTHS:
        yield f"Answer@{k}", float(any(passages[:k]))
        yield f"Answer@{k}, right document", float(any(p and r for p, r in zip(passages[:k], right[:k], strict=True)))
    of_document = [hit for hit in deep if hit.document.source == gold.document]
    pins = [_holds(gold, words, hit, span) for hit, span in _pins(of_document)]
    yield "Pin", float(any(_holds(gold, words, hit, hit.pin) for hit in top[:1]))
    yield "Pin, right document", float(any(pins[:1]))
    yield "Two pins, right document", float(any(pins))
    if gold.alternatives:
        yield from _characters_measured(gold, top, of_document)


def quoted_answers(gold: Gold, quotes: Sequence[Quote]) -> Iterator[tuple[str, float]]:
    """Yield each measure with its value, for the quotations of the answer."""
    words = any_of(gold.wordings)
    holds = [_holds(gold, words, quote.hit, quote.span) for quote in quotes]
    yield "First quotation", float(any(holds[:1]))
    yield "Quotations", float(any(holds))
    yield "Quoted gold", float(any(_covers(gold, quote.hit, quote.span) for quote in quotes))


def rationale_pins(rationales: Sequence[Rationale], top: Sequence[Hit]) -> Iterator[float]:
    """For each rationale whose document is in `top`, yield 1 if the pin of its best hit is a gold sentence, else 0."""
    for rationale in rationales:
        pin = next((hit.pin for hit in top if hit.document.source == rationale.document), None)
        if pin is not None:
            yield float(agreement([pin], rationale.spans).precision >= RATIONALE_SHARE)


def _characters_measured(gold: Gold, top: Sequence[Hit], of_document: Sequence[Hit]) -> Iterator[tuple[str, float]]:
    first = _best(gold, [(hit, hit.pin) for hit in top[:1]])
    inside = _best(gold, [(hit, hit.pin) for hit in of_document[:1]])
    for suffix, result in (("", first), (", right document", inside)):
        yield f"Pin precision{suffix}", result.precision
        yield f"Pin recall{suffix}", result.recall
        yield f"Pin IoU{suffix}", result.iou
    several = _best(gold, [(hit, _passage(hit)) for hit in top[:CHARACTER_DEPTH]])
    yield f"Top {CHARACTER_DEPTH} precision", several.precision
    yield f"Top {CHARACTER_DEPTH} recall", several.recall


def _best(gold: Gold, found: Sequence[tuple[Hit, Span]]) -> Agreement:
    """Return the agreement with the best-matching alternative."""
    inside = merge_spans(span for hit, span in found if hit.document.source == gold.document)
    elsewhere = _characters([span for hit, span in found if hit.document.source != gold.document])
    return max(agreement(inside, spans, elsewhere=elsewhere) for spans in gold.alternatives)


def _pins(hits: Sequence[Hit]) -> list[tuple[Hit, Span]]:
    """Return the first hit's pin, and the best other sentence of all these hits."""
    sentences = [
        (claim, place, span)
        for place, hit in enumerate(hits)
        for claim, span in zip(hit.claims, hit.passage.sentences, strict=True)
        if (place, span) != (0, hits[0].pin)
    ]
    return [(hit, hit.pin) for hit in hits[:1]] + [(hits[place], span) for _, place, span in sorted(sentences)[-1:]]


def _holds(gold: Gold, words: re.Pattern[str], hit: Hit, span: Span) -> bool:
    return bool(words.search(hit.words(span))) or _covers(gold, hit, span)


def _covers(gold: Gold, hit: Hit, span: Span) -> bool:
    """Return whether a span contains a whole gold span, which may begin or end inside a word."""
    if hit.document.source != gold.document:
        return False
    return any(span.start <= other.start and other.end <= span.end for spans in gold.alternatives for other in spans)


def _wording(text: str) -> str:
    words = text.split()
    before = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", words[-1]) else ""
    return before + r"\s+".join(map(re.escape, words)) + after


def _passage(hit: Hit) -> Span:
    return Span(hit.passage.start, hit.passage.end)


def _characters(spans: Iterable[Span]) -> int:
    return sum(span.end - span.start for span in spans)


def _overlap(a: Span, b: Span) -> int:
    return max(0, min(a.end, b.end) - max(a.start, b.start))


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
