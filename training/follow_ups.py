"""Fits what tells a question that continues a thread from a whole one:  python -m training.follow_ups

The second questions of the dialogues in `data/asked.tsv` are the examples, and single and first questions the counter-
examples. A logistic regression on the default encoder's vector of the question alone is written to
`index/encoders/follow_up.npy`. The program prints how many questions of `tests/answers/follow_ups`, by four other
writers, are told apart.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from index import Settings
from index.answers.follow_up import WEIGHTS, continues
from index.encoders.encoder import Draft, load_encoder
from index.text.questions import read_question
from training.passages import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    Floats = np.ndarray[Any, np.dtype[Any]]

COUNTEREXAMPLES = 9000
STRENGTH = 3.0
"""The inverse of the strength of the regularization."""
TESTS = Path(__file__).parents[1] / "tests" / "answers" / "follow_ups"


def main() -> None:
    """Fit, write the weights, and print the shares that are right."""
    encoder = load_encoder(Settings())
    lines = list(asked())
    second = [line.question for line in lines if line.before]
    others = [line.question for line in lines if not line.before and line.kind != "k"]
    single = random.Random(1).sample(others, min(COUNTEREXAMPLES, len(others)))

    def vectors_of(questions: Sequence[str]) -> Floats:
        return np.stack([encoded.vector for encoded in encoder.encode_quotes([*map(Draft, questions)])])

    signs = np.array([1.0] * len(second) + [-1.0] * len(single))
    np.save(WEIGHTS, fit(vectors_of([*second, *single]), signs).astype(np.float32))
    for path in sorted(TESTS.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for kind in ("follow-up", "complete"):
            asked_here = [row["second"] for row in rows if row["kind"] == kind]
            wanted = kind == "follow-up"
            pairs = zip(asked_here, vectors_of(asked_here), strict=True)
            right = [continues(read_question(text), vector) == wanted for text, vector in pairs]
            print(f"{path.stem}, {kind}: {sum(right)} of {len(right)}")


def fit(vectors: Floats, signs: Floats) -> Floats:
    """Return the weights of a logistic regression, the intercept last; `signs` are 1 and -1."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = signs * (vectors @ weights[:-1] + weights[-1])
        pull = -signs / (1 + np.exp(margins))
        ridge = np.append(weights[:-1], 0.0) / STRENGTH
        gradient = np.append(pull @ vectors, pull.sum()) + ridge
        return float(np.logaddexp(0, -margins).sum() + 0.5 * (ridge @ weights)), gradient

    return np.asarray(minimize(loss, np.zeros(vectors.shape[1] + 1), jac=True, method="L-BFGS-B").x)


if __name__ == "__main__":
    main()
