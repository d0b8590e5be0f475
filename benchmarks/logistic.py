"""Fits logistic regressions with named signals, and measures their quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from index.search.confidence import INTERCEPT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Floats = np.ndarray[Any, np.dtype[np.float64]]

RIDGE = 1e-3
BOUNDS: dict[str, tuple[float | None, float | None]] = {"absent": (None, -0.25)}
"""Bounds of coefficients other than (0, None). A signal of an answer never lowers the confidence, and a name that no
passage contains always does: missing names mostly lower `together` as well, and the fit cannot separate the two."""
BINS = 10


def fit(
    rows: Sequence[Mapping[str, float]], positive: Floats, weights: Floats, names: Sequence[str]
) -> dict[str, float]:
    """Return the coefficients by name, with an intercept, that maximize the weighted likelihood within BOUNDS."""
    values = matrix(rows, names)
    share = weights / weights.sum()

    def loss(coefficients: Floats) -> float:
        logits = values @ coefficients[1:] + coefficients[0]
        wrong = np.logaddexp(0, np.where(positive > 0, -logits, logits))
        return float((share * wrong).sum() + RIDGE * (coefficients[1:] ** 2).sum())

    bounds = [(None, None), *(BOUNDS.get(name, (0.0, None)) for name in names)]
    found = minimize(loss, np.zeros(len(names) + 1), bounds=bounds).x
    return {name: round(float(value), 3) for name, value in zip([INTERCEPT, *names], found, strict=True)}


def predict(rows: Sequence[Mapping[str, float]], coefficients: Mapping[str, float]) -> Floats:
    """Return the probability of each row, shape (rows,)."""
    names = [name for name in coefficients if name != INTERCEPT]
    logits = matrix(rows, names) @ np.array([coefficients[name] for name in names]) + coefficients[INTERCEPT]
    return np.asarray(1 / (1 + np.exp(-logits)))


def matrix(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> Floats:
    """Return the signals as numbers, shape (rows, names); a missing signal counts as 0."""
    return np.array([[row.get(name, 0.0) for name in names] for row in rows], dtype=float).reshape(
        len(rows), len(names)
    )


def auroc(own: Floats, other: Floats) -> float:
    """Return the probability that a value of `own` is higher than one of `other`; ties count as half."""
    return float((own[:, None] > other[None, :]).mean() + 0.5 * (own[:, None] == other[None, :]).mean())


def calibration_error(probabilities: Floats, positive: Floats, weights: Floats) -> float:
    """Return the expected calibration error over bins of equal width."""
    share = weights / weights.sum()
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return float(sum(abs((share * (probabilities - positive))[bins == number].sum()) for number in range(BINS)))
