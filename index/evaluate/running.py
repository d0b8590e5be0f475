"""Index, ask, score: one evaluation from the files to the figures."""

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

from index.answering import quotes
from index.errors import EvaluationError
from index.evaluate.evidence import evidence, quoted_answers, rationale_pins
from index.evaluate.questions import read_questions
from index.evaluate.ranking import begin_run, measured, ranked, write_run
from index.evaluate.resampling import estimate
from index.evaluate.results import MEANINGS, Evaluation, Outcome, Values
from index.evaluate.sets import read_set
from index.library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.encoding import Encoder
    from index.evaluate.questions import Questions
    from index.evaluate.ranking import Ranking
    from index.evaluate.sets import EvaluationSet, Task
    from index.records import Found, Hit, Mode, ProgressCallback, Receipt
    from index.settings import Settings

    AskedCallback = Callable[[str, int, int], None]
    """Hears the mode, how many questions have been asked, and how many there are."""

SEEN = 10
"""Passages that a reader sees: those are timed, and scored for answers and pins."""
DEPTH = 250
"""Passages that make up a ranking of documents: enough for 100 documents of two or three passages."""


class _Found(NamedTuple):
    """What a question brought."""

    top: Sequence[Hit]
    deep: Sequence[Hit]
    """The same hits first, then further ones."""
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
    """Index a set in BEIR's format into a library of its own, ask its questions in each mode, and score what is found.

    `keep` names the folder of that library, else a temporary one is used; documents that are there already cost
    nothing. `limit` asks the first questions only. `run` gets the rankings in TREC's format, one file for each mode.

    Raises EvaluationError where the set or `keep` cannot be used, and whatever `Library.add_documents` does.
    """
    given = read_set(folder)
    tasks = given.tasks[:limit]
    longest = max(len(task.text) for task in tasks)
    runs = {mode: _run_file(run, mode, modes) for mode in modes} if run else {}
    for path in runs.values():
        begin_run(path, [*given.judgements, *(each.source for each in given.documents)])
    settings = settings.model_copy(update={"max_question_characters": max(longest, settings.max_question_characters)})
    with _library(keep, settings, encoder) as library:
        receipt = _filled(library, given, progress)
        outcomes = []
        for mode in dict.fromkeys(modes):
            outcome, rankings = _outcome(library, tasks, given, mode, asked)
            outcomes.append(outcome)
            if mode in runs:
                write_run(runs[mode], rankings, f"pincite-{mode}")
        rate = None if receipt.unchanged else receipt.passages / receipt.seconds
        return _evaluation(given, library, len(tasks), outcomes, rate)


def evaluate_questions(
    path: Path,
    library: Library,
    *,
    modes: Sequence[Mode] = ("hybrid",),
    limit: int | None = None,
    asked: AskedCallback | None = None,
) -> Evaluation:
    """Ask a file of questions of a library as it is, and score documents and quotes.

    Raises EvaluationError, with the number of the line, where the file cannot be used.
    """
    given = read_questions(path, library)
    questions = given.asked[:limit]
    outcomes = []
    for mode in dict.fromkeys(modes):
        values: Values = defaultdict(dict)
        times = []
        found = _ask(library, [each.text for each in questions], mode, None, asked)
        for question, each in zip(questions, found, strict=True):
            times.append(each.milliseconds)
            _note(values, question.id, question.scores(each.top))
        outcomes.append(_summed(mode, values, times))
    return _evaluation(given, library, len(questions), outcomes, None)


def _evaluation(
    given: EvaluationSet | Questions, library: Library, questions: int, outcomes: Sequence[Outcome], rate: float | None
) -> Evaluation:
    """All that is told of a set, and of the library that was asked; `rate` is in passages a second."""
    stats = library.stats()
    return Evaluation(
        name=given.name,
        digest=given.digest,
        made_with=stats.made_with,
        documents=stats.documents,
        passages=stats.passages,
        questions=questions,
        unanswerable=given.unanswerable,
        passages_per_second=rate,
        peak_megabytes=_peak_megabytes(),
        outcomes=tuple(outcomes),
        notes=given.notes,
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


def _filled(library: Library, given: EvaluationSet, progress: ProgressCallback | None) -> Receipt:
    """Add the set's documents; others would compete with them."""
    sources = {each.source for each in given.documents}
    if others := sum(info.source not in sources for info in library.documents()):
        raise EvaluationError(
            f"{library.folder} holds {others} documents that are not of the set {given.name}.",
            "Name another folder with --keep: each set has its own.",
        )
    return library.add_documents(given.documents, progress=progress)


def _outcome(
    library: Library,
    tasks: Sequence[Task],
    given: EvaluationSet,
    mode: Mode,
    asked: AskedCallback | None,
) -> tuple[Outcome, dict[str, Ranking]]:
    values: Values = defaultdict(dict)
    rankings: dict[str, Ranking] = {}
    times = []
    citations = wrong = 0
    texts = {each.source: each.text for each in given.documents}
    for task, found in zip(tasks, _ask(library, [task.text for task in tasks], mode, DEPTH, asked), strict=True):
        times.append(found.milliseconds)
        rankings |= dict.fromkeys(task.queries, ranked(found.deep))
        quoted = quotes(task.text, found.top)
        citations += len(quoted)
        wrong += sum(quote.span.of(texts[quote.hit.document.source]) != quote.words for quote in quoted)
        for gold in task.golds:
            _note(values, gold.id, evidence(gold, found.top, found.deep))
            _note(values, gold.id, quoted_answers(gold, quoted))
        # The question is the unit of resampling: a claim with three rationales is one observation, not three.
        if pins := list(rationale_pins(task.rationales, found.top)):
            values["Rationale pin"][task.rationales[0].id] = sum(pins) / len(pins)
    if rankings:
        values |= measured(given.judgements, rankings)
    return replace(_summed(mode, values, times), citations=citations, citations_wrong=wrong), rankings


def _ask(
    library: Library, questions: Sequence[str], mode: Mode, depth: int | None, asked: AskedCallback | None
) -> Iterator[_Found]:
    """Ask each question as a reader would, and time that; then, with `depth`, ask it again for further hits.

    The questions of a set, which are asked with `depth`, are plain words: nobody wrote them in our syntax. More
    candidates may let others in; so the hits that a reader sees stay first, as they were.
    """
    plain = depth is not None
    library.search(questions[0], limit=SEEN, mode=mode)  # the first one pays for loading, which is not its own cost
    for number, question in enumerate(questions, 1):
        began = perf_counter()
        found = library.search(question, limit=SEEN, mode=mode, plain=plain)
        milliseconds = (perf_counter() - began) * 1000
        top = _with_copies(found)[:SEEN]
        deep = _with_copies(library.search(question, limit=depth, mode=mode, plain=plain)) if depth else []
        if asked:
            asked(mode, number, len(questions))
        seen = {hit.passage.id for hit in top}
        yield _Found(top, (*top, *(hit for hit in deep if hit.passage.id not in seen)), milliseconds)


def _with_copies(found: Found) -> list[Hit]:
    """All hits, each followed by its copies: a set may take one of these to be right and not the other."""
    return [each for hit in found for each in (hit, *hit.also)]


def _note(values: Values, identity: str, scores: Iterator[tuple[str, float]]) -> None:
    for measure, value in scores:
        values[measure][identity] = value


def _summed(mode: Mode, values: Values, times: Sequence[float]) -> Outcome:
    shown = {name: dict(sorted(values[name].items())) for name in MEANINGS if values.get(name)}
    p50, p95 = np.percentile(times, (50, 95))
    return Outcome(
        mode=mode,
        estimates={name: estimate(of.values()) for name, of in shown.items()},
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
