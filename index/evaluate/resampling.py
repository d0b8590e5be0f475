"""How sure a mean is, and whether two differ by more than chance, through scipy; the only door to it."""

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
    """The mean over questions, and its percentile bootstrap interval; one question alone has none."""
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


def chance(differences: Sequence[float]) -> float:
    """How often chance alone makes a mean difference at least as large: the paired randomisation test, two-sided.

    If the two systems were one, the sign of each question's difference would be a coin's. Nothing is assumed of the
    distribution, which the t-test does: differences of ranks and of hits are neither normal nor continuous. Smucker,
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
    """The same, for all of a table at once (Holm, 1979): one in twenty rows would else differ by chance alone."""
    order = sorted(range(len(chances)), key=lambda n: chances[n])
    adjusted = [0.0] * len(chances)
    least = 0.0
    for rank, n in enumerate(order):
        least = max(least, min(1.0, chances[n] * (len(chances) - rank)))
        adjusted[n] = least
    return adjusted
