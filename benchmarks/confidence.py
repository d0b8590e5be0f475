"""How likely the documents hold an answer: the coefficients, fitted and tested: `python -m benchmarks.confidence`.

`--sets` and `--kept` are those of `benchmarks.ablation`. Each library is asked its own questions, which it can answer,
and the questions of the other sets, which it cannot. Half of the questions of either kind are fitted, the other half
tested: the area under the ROC curve, the calibration error, and what is answered and refused at each bar. The questions
on the same page without an answer (ClapNQ, SQuAD) are not fitted, only tested.

`--lost words` asks without the word index, which fits MEANING_ALONE; `--lost vectors` without the vector index, which
tests what DEFAULT then says.
"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize

from benchmarks.curve import risk_coverage
from benchmarks.machine import report
from index import Library
from index.answering.confidence import DEFAULT, MEANING_ALONE, WORDS_ALONE, features
from index.evaluate.lines import read_rows
from index.retrieval.signals import NAMES
from index.storage.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.readiness import Readiness

    Floats = np.ndarray[Any, np.dtype[np.float64]]

OWN, FOREIGN = 500, 125
"""Questions asked of each library: so many of its own, and so many of each other set."""
WORDS = ("overlap", "coverage", "together")
"""Signals that no encoder has a say in."""
RIDGE = 1e-3
BINS = 10
BARS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7)
PAGED = ("clapnq", "squad_v2")
_refresh = FolderStore.refresh


def _without_words(store: FolderStore, **options: Any) -> Readiness:
    return replace(_refresh(store, **options), passages=1, lacks_words=1)


LOST: dict[str, dict[str, Any]] = {
    "nothing": {},
    "words": {
        "refresh": _without_words,
        "lexical": lambda *_, **__: {},
        "lexical_scores": lambda *_, **__: {},
        "holding": lambda *_, **__: [],
    },
    "vectors": {"dense": lambda *_, **__: {}},
}
"""What a store without one of its indexes says."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--only", action="append", help="a set's name; repeatable; by default all five")
    parser.add_argument("--lost", choices=LOST, default="nothing")
    parser.add_argument("--features", help="keep the features in this .npz file")
    parser.add_argument("--picture", type=Path, help="draw the risk-coverage curve into this .svg file")
    parser.add_argument("--json")
    options = parser.parse_args()
    names = options.only or ["squad_v2", "clapnq", "covidqa", "scifact", "cran"]
    questions = {name: _questions(options.sets / name) for name in names}
    with ExitStack() as losing:
        for method, said in LOST[options.lost].items():
            losing.enter_context(patch.object(FolderStore, method, said))
        asked = {name: _ask(options.kept / name, name, questions) for name in names}
    known = {name: (own, foreign) for name, (own, foreign, _) in asked.items()}
    rows, answers = (np.concatenate(parts) for parts in zip(*map(_labelled, known.values()), strict=True))
    fitted = _fit(rows[::2], answers[::2])
    words = np.array([name in WORDS for name in NAMES])
    alone = _fit(rows[::2] * words, answers[::2])
    print(
        "MEANING_ALONE =" if options.lost == "words" else "DEFAULT =",
        tuple(round(float(value), 3) for value in fitted),
    )
    print("WORDS_ALONE =", tuple(round(float(value), 3) for value in alone))
    if options.features:
        parts: dict[str, Any] = {f"{name}-{n}": part for name in names for n, part in enumerate(asked[name])}
        np.savez(options.features, **parts)
    table = [_tested(name, *_half(known[name], 1), fitted) for name in names]
    table.append(_tested("all", rows[1::2], answers[1::2], fitted))
    if options.picture:
        said, answered = _say(rows[1::2], fitted), answers[1::2] > 0
        options.picture.write_text(risk_coverage(said[answered], said[~answered]), encoding="utf-8")
    table.append(_tested("all, by words alone", rows[1::2] * words, answers[1::2], alone))
    report("Confidence, on the half that was not fitted", table, options.json)
    shipped = {"DEFAULT": DEFAULT, "WORDS_ALONE": WORDS_ALONE, "MEANING_ALONE": MEANING_ALONE}
    tests = [_tested(name, rows[1::2], answers[1::2], np.array(each)) for name, each in shipped.items()]
    report("The shipped coefficients, on the same half", tests, None)
    for name in filter(asked.__contains__, PAGED):
        own, _, paged = asked[name]
        print(f"same page, {name}: AUROC {_auroc(_say(own, fitted), _say(paged, fitted)):.3f}, n {len(paged)}")


def _questions(folder: Path) -> tuple[list[str], list[str]]:
    """With and without an answer in the set's documents."""
    path = folder / "qa.jsonl"
    if path.exists():
        rows = list(read_rows(path))
        with_answer = [row.text("question") for row in rows if row.truth("answerable", default=True)]
        return with_answer, [row.text("question") for row in rows if not row.truth("answerable", default=True)]
    return [json.loads(line)["text"] for line in (folder / "queries.jsonl").read_text().splitlines()], []


def _ask(kept: Path, name: str, questions: dict[str, tuple[list[str], list[str]]]) -> tuple[Floats, Floats, Floats]:
    """Features of a library's own questions, of foreign ones, and of those on the same page without an answer."""
    foreign = [each for other, (own, _) in questions.items() if other != name for each in _some(own, FOREIGN)]
    with Library.open(kept, create=False) as library:

        def rows(texts: Sequence[str]) -> Floats:
            return np.array([features(library.search(text, plain=True).signals) for text in texts])

        return rows(_some(questions[name][0], OWN)), rows(foreign), rows(_some(questions[name][1], OWN))


def _some(texts: Sequence[str], most: int) -> Sequence[str]:
    return texts[:: max(1, -(-len(texts) // most))]


def _labelled(known: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    return np.concatenate(known), np.repeat([1.0, 0.0], [len(part) for part in known])


def _half(known: tuple[Floats, Floats], start: int) -> tuple[Floats, Floats]:
    own, foreign = known
    return _labelled((own[start::2], foreign[start::2]))


def _fit(rows: Floats, answers: Floats) -> Floats:
    """Logistic regression; both kinds of question weigh the same."""
    weights = np.where(answers > 0, 0.5 / answers.mean(), 0.5 / (1 - answers.mean()))

    def loss(coefficients: Floats) -> float:
        logits = rows @ coefficients[1:] + coefficients[0]
        wrong = np.logaddexp(0, np.where(answers > 0, -logits, logits))
        return float((weights * wrong).mean() + RIDGE * (coefficients[1:] ** 2).sum())

    return np.asarray(minimize(loss, np.zeros(rows.shape[1] + 1)).x)


def _say(rows: Floats, coefficients: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(rows @ coefficients[1:] + coefficients[0]))))


def _tested(name: str, rows: Floats, answers: Floats, coefficients: Floats) -> dict[str, Any]:
    said = _say(rows, coefficients)
    own, foreign = said[answers > 0], said[answers == 0]
    table: dict[str, Any] = {"library": name, "own": len(own), "foreign": len(foreign), "AUROC": _auroc(own, foreign)}
    table["calibration error"] = _calibration_error(said, answers)
    for bar in BARS:
        table[f"answered / refused at {bar}"] = f"{(foreign >= bar).mean():.3f} / {(own < bar).mean():.3f}"
    return table


def _auroc(own: Floats, foreign: Floats) -> float:
    return float((own[:, None] > foreign[None, :]).mean() + 0.5 * (own[:, None] == foreign[None, :]).mean())


def _calibration_error(said: Floats, answers: Floats) -> float:
    """Expected calibration error over bins of equal width, both kinds of question weighing the same."""
    weights = np.where(answers > 0, 0.5 / answers.mean(), 0.5 / (1 - answers.mean())) / len(answers)
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    errors = [abs((weights * (said - answers))[bins == each].sum()) for each in range(BINS)]
    return float(sum(errors))


if __name__ == "__main__":
    main()
