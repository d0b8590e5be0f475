"""Runs an evaluation: indexes a set, asks its questions and scores the hits."""

from __future__ import annotations

import sys
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.answers.extractive import quotes
from index.errors import EvaluationError
from index.library.library import Library
from index.plugins.evaluation.measures import (
    MEANINGS,
    Evaluation,
    Outcome,
    Values,
    begin_run,
    estimate,
    evidence,
    measured,
    quoted_answers,
    ranked,
    rationale_pins,
    write_run,
)
from index.plugins.evaluation.sets import read_questions, read_set
from index.text.questions import read_question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.cli.progress import AskedCallback
    from index.encoders.encoder import Encoder
    from index.plugins.evaluation.measures import Ranking
    from index.plugins.evaluation.sets import EvaluationSet, Questions, Task
    from index.records import Found, Hit, Mode, ProgressCallback, Receipt
    from index.settings import Settings

SEEN = 10
"""The passages that a reader sees; they are timed, and scored for answers and pins."""
DEPTH = 250
"""The passages for a ranking of documents: enough for 100 documents of two or three passages."""


class _Result(NamedTuple):
    """The hits of a question and its time."""

    top: Sequence[Hit]
    deep: Sequence[Hit]
    """The same hits, then further ones."""
    milliseconds: float


def evaluate_folder(
    folder: Path,
    settings: Settings,
    *,
    modes: Sequence[Mode] = ("hybrid",),
    limit: int | None = None,
    keep: Path | None = None,
    run: Path | None = None,
    encoder: Encoder | None = None,
    progress: ProgressCallback | None = None,
    asked: AskedCallback | None = None,
) -> Evaluation:
    """Index a set in BEIR's format into a library of its own, ask its questions in each mode, and score the hits.

    `keep` names the folder of that library, else a temporary one is used; documents that it already has are skipped.
    With `limit`, only the first questions are asked. `run` gets the rankings in TREC's format, one file per mode.

    Raises EvaluationError if the set or `keep` cannot be used, and the errors of `Library.add_documents`.
    """
    evaluation_set = read_set(folder)
    tasks = evaluation_set.tasks[:limit]
    longest = max(len(task.text) for task in tasks)
    runs = {mode: _run_file(run, mode, modes) for mode in modes} if run else {}
    for path in runs.values():
        begin_run(path, [*evaluation_set.judgements, *(document.source for document in evaluation_set.documents)])
    settings = settings.model_copy(update={"max_question_characters": max(longest, settings.max_question_characters)})
    with _library(keep, settings, encoder) as library:
        receipt = _fill(library, evaluation_set, progress)
        outcomes = []
        for mode in dict.fromkeys(modes):
            outcome, rankings = _outcome(library, tasks, evaluation_set, mode, asked)
            outcomes.append(outcome)
            if mode in runs:
                write_run(runs[mode], rankings, f"pincite-{mode}")
        rate = None if receipt.unchanged else receipt.passages / receipt.seconds
        return _evaluation(evaluation_set, library, len(tasks), outcomes, rate)


def evaluate_questions(
    path: Path,
    library: Library,
    *,
    modes: Sequence[Mode] = ("hybrid",),
    limit: int | None = None,
    asked: AskedCallback | None = None,
) -> Evaluation:
    """Ask a library the questions in a file, and score documents and quotes.

    Raises EvaluationError, with the number of the line, if the file cannot be used.
    """
    question_file = read_questions(path, library)
    questions = question_file.asked[:limit]
    outcomes = []
    for mode in dict.fromkeys(modes):
        values: Values = defaultdict(dict)
        times = []
        results = _ask(library, [question.text for question in questions], mode, None, asked)
        for question, result in zip(questions, results, strict=True):
            times.append(result.milliseconds)
            _record(values, question.id, question.scores(result.top))
        outcomes.append(_outcome_of(mode, values, times))
    return _evaluation(question_file, library, len(questions), outcomes, None)


def _evaluation(
    asked: EvaluationSet | Questions, library: Library, questions: int, outcomes: Sequence[Outcome], rate: float | None
) -> Evaluation:
    """Return the evaluation of a set or file and of the library that was asked; `rate` is in passages per second."""
    stats = library.stats()
    return Evaluation(
        name=asked.name,
        digest=asked.digest,
        made_with=stats.made_with,
        documents=stats.documents,
        passages=stats.passages,
        questions=questions,
        unanswerable=asked.unanswerable,
        passages_per_second=rate,
        peak_megabytes=_peak_megabytes(),
        outcomes=tuple(outcomes),
        notes=asked.notes,
    )


@contextmanager
def _library(keep: Path | None, settings: Settings, encoder: Encoder | None) -> Iterator[Library]:
    if keep is not None:
        with Library.open(keep, settings, encoder=encoder) as library:
            yield library
        return
    with (
        TemporaryDirectory(prefix="pincite-eval-") as folder,
        Library.open(Path(folder) / "library", settings, encoder=encoder) as library,
    ):
        yield library


def _fill(library: Library, evaluation_set: EvaluationSet, progress: ProgressCallback | None) -> Receipt:
    """Add the set's documents; raise EvaluationError if the library has others, which would compete with them."""
    sources = {document.source for document in evaluation_set.documents}
    if others := sum(info.source not in sources for info in library.documents()):
        raise EvaluationError(
            f"{library.folder} holds {others} documents that are not in the set {evaluation_set.name}.",
            "Name another folder with --keep: each set needs its own.",
        )
    return library.add_documents(evaluation_set.documents, progress=progress)


def _outcome(
    library: Library,
    tasks: Sequence[Task],
    evaluation_set: EvaluationSet,
    mode: Mode,
    asked: AskedCallback | None,
) -> tuple[Outcome, dict[str, Ranking]]:
    values: Values = defaultdict(dict)
    rankings: dict[str, Ranking] = {}
    times = []
    citations = wrong = 0
    texts = {document.source: document.text for document in evaluation_set.documents}
    for task, found in zip(tasks, _ask(library, [task.text for task in tasks], mode, DEPTH, asked), strict=True):
        times.append(found.milliseconds)
        rankings |= dict.fromkeys(task.queries, ranked(found.deep))
        quoted = quotes(read_question(task.text, plain=True), found.top)
        citations += len(quoted)
        wrong += sum(quote.span.of(texts[quote.hit.document.source]) != quote.words for quote in quoted)
        for gold in task.golds:
            _record(values, gold.id, evidence(gold, found.top, found.deep))
            _record(values, gold.id, quoted_answers(gold, quoted))
        # The question is the unit of resampling: a claim with three rationales is one observation, not three.
        if pins := list(rationale_pins(task.rationales, found.top)):
            values["Rationale pin"][task.rationales[0].id] = sum(pins) / len(pins)
    if rankings:
        values |= measured(evaluation_set.judgements, rankings)
    return replace(_outcome_of(mode, values, times), citations=citations, citations_wrong=wrong), rankings


def _ask(
    library: Library, questions: Sequence[str], mode: Mode, depth: int | None, asked: AskedCallback | None
) -> Iterator[_Result]:
    """Ask each question as a reader would and time it; then, if there is a `depth`, ask it again for further hits.

    The questions of a set, which have a `depth`, are searched as plain words: nobody wrote them in our query syntax.
    More candidates may change the order, so the hits that a reader sees stay first.
    """
    plain = depth is not None
    library.search(questions[0], limit=SEEN, mode=mode)  # warm-up: the first question loads the models
    for number, question in enumerate(questions, 1):
        began = perf_counter()
        found = library.search(question, limit=SEEN, mode=mode, plain=plain)
        milliseconds = (perf_counter() - began) * 1000
        top = _hits_with_copies(found)[:SEEN]
        deep = _hits_with_copies(library.search(question, limit=depth, mode=mode, plain=plain)) if depth else []
        if asked:
            asked(mode, number, len(questions))
        seen = {hit.passage.id for hit in top}
        yield _Result(top, (*top, *(hit for hit in deep if hit.passage.id not in seen)), milliseconds)


def _hits_with_copies(found: Found) -> list[Hit]:
    """Return all hits, each followed by its copies, because a set may accept only one of them."""
    return [copy for hit in found for copy in (hit, *hit.also)]


def _record(values: Values, identity: str, scores: Iterator[tuple[str, float]]) -> None:
    for measure, value in scores:
        values[measure][identity] = value


def _outcome_of(mode: Mode, values: Values, times: Sequence[float]) -> Outcome:
    shown = {name: dict(sorted(values[name].items())) for name in MEANINGS if values.get(name)}
    p50, p95 = np.percentile(times, (50, 95))
    return Outcome(
        mode=mode,
        estimates={name: estimate(scores.values()) for name, scores in shown.items()},
        values=shown,
        latency_p50_ms=float(p50),
        latency_p95_ms=float(p95),
    )


def _run_file(path: Path, mode: Mode, modes: Sequence[Mode]) -> Path:
    return path if len(set(modes)) == 1 else path.with_name(f"{path.stem}.{mode}{path.suffix}")


def _peak_megabytes() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
