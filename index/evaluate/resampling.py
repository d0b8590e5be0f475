"""Computes confidence intervals of means and the significance of differences with scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from index.evaluate.results import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEED = 20201205
RESAMPLES = 1000
PERMUTATIONS = 9999
CONFIDENCE = 0.95
_BATCH = 500


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
