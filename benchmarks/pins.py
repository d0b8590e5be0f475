"""Fits how the first pin is chosen among the sentences that the reader has read: `python -m benchmarks.pins FOLDER…`.

Each FOLDER is a set of `benchmarks.unseen`; `--sets` and `--kept` are those of `benchmarks.ablation`, of whose SQuAD,
ClapNQ and COVID-QA the questions are asked that the reader was not trained on. The reader reads the first READ hits.
The weights of the sentence's logit, the passage's logit, the cosine and the rank (`ln(1 + hits before)`) are fitted so
that the right sentences are likely. Each set is tested with weights fitted on the others. A row says how often the
first pin is right if so many hits are read, with these weights and with those of `index.search.readings`.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize

from benchmarks.measuring import report_tables
from benchmarks.near_misses import questions
from benchmarks.unseen import is_right, words_of
from index import Library, Settings
from index.search import readings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.search.readings import ReadPassage

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Answers = Sequence[Sequence[str]]

READ = 10
DEPTHS = (1, 3, 5, 8, 10)
MOST = 200
"""The maximum number of questions of a public set."""
SETS = ("squad_v2", "clapnq", "covidqa")
FEATURES = ("logit", "any", "cosine", "rank")
SHIPPED = (1.0, readings.ANY_SHARE, readings.LOGITS, -readings.RANK_LOSS)
RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Case:
    """The sentences of the first hits for one question."""

    set: str
    features: Floats
    """Shape (sentences, FEATURES)."""
    right: np.ndarray[Any, np.dtype[np.bool_]]
    """Whether each sentence is a right answer."""

    def is_right(self, weights: Sequence[float] | Floats, depth: int) -> bool:
        """Whether the best sentence of the first `depth` hits is right."""
        read = self.features[:, -1] < np.log1p(depth) - 1e-6
        return bool(self.right[read][(self.features[read] @ np.array(weights)).argmax()])


def main() -> None:
    """Ask, fit, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--libraries", type=Path, required=True, help="keep the libraries of the folders here")
    parser.add_argument("--sets", type=Path)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--cases", type=Path, help="keep what was read in this file and reuse it")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if options.cases and options.cases.exists():
        cases = pickle.loads(options.cases.read_bytes())
    else:
        cases = list(asked(options))
    if options.cases:
        options.cases.write_bytes(pickle.dumps(cases))
    names = list(dict.fromkeys(case.set for case in cases))
    rows = []
    for name in names:
        inside, others = ([case for case in cases if (case.set == name) is same] for same in (True, False))
        for label, weights in (("fitted", fit(others or inside)), ("shipped", SHIPPED)):
            shares = {f"{depth} read": np.mean([case.is_right(weights, depth) for case in inside]) for depth in DEPTHS}
            rows.append({"set": name, "questions": len(inside), "weights": label, **shares})
    everything = fit(cases)
    best = [
        {"weights": label, **dict(zip(FEATURES, found, strict=True))}
        for label, found in (("fitted on all", everything), ("shipped", SHIPPED))
    ]
    report_tables({"first pin right": rows, "weights": best}, options.json)


def asked(options: argparse.Namespace) -> Iterator[Case]:
    """Yield a case for each question whose answer is in the library."""
    for folder in options.folders:
        with Library.open(options.libraries / folder.name, Settings()) as library:
            library.add([folder / "files"])
            for line in (folder / "questions.jsonl").read_text("utf-8").splitlines():
                case = json.loads(line)
                if case.get("answers"):
                    yield from _case("strangers", library, case["question"], case["answers"], case["kind"] == "cell")
    for name in SETS if options.sets else ():
        found = [question for question in questions(options.sets / name) if question.answers]
        with Library.open(options.kept / name, Settings(max_question_characters=10_000)) as library:
            for question in random.Random(1).sample(found, min(MOST, len(found))):
                yield from _case(name, library, question.text, [[answer] for answer in question.answers], cell=False)


def _case(name: str, library: Library, question: str, answers: Answers, cell: bool) -> Iterator[Case]:
    read: list[ReadPassage] = []
    original = readings.read_passages

    def kept(*arguments: Any) -> dict[int, ReadPassage]:
        found = original(*arguments)
        read.extend(found.values())
        return found

    with (
        patch.object(readings, "FIRST_READ", READ),
        patch.object(readings, "read_passages", kept),
    ):
        library.search(question)
    features, right = [], []
    for rank, reading in enumerate(read):
        evidence = reading.evidence
        for n in evidence.pinnable:
            assert evidence.logits is not None
            features.append((evidence.logits[n], reading.any, evidence.cosines[n], np.log1p(rank)))
            passage = evidence.row.passage
            start, end = (place - passage.start for place in passage.sentences[n])
            right.append(is_right(words_of(passage.text[start:end]), answers, cell=cell))
    if any(right):
        yield Case(name, np.array(features), np.array(right))


def fit(cases: Sequence[Case]) -> Floats:
    """Return the weights that make the right sentences likely; the logit's weight is 1. All sets count the same."""
    names = [case.set for case in cases]
    shares = [1 / names.count(case.set) for case in cases]

    def loss(weights: Floats) -> float:
        total = 0.0
        for case, share in zip(cases, shares, strict=True):
            scores = case.features @ weights
            total += share * (np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[case.right]))
        return total + RIDGE * float((weights**2).sum())

    found = minimize(loss, np.array([0.5, 0.1, 1.0, -0.5])).x
    return np.asarray(found / found[0])


if __name__ == "__main__":
    main()
