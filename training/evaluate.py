"""Measures a verifier:  python -m training.evaluate DATA --eval FOLDER [--weights FILE]

DATA is the output of `training.pairs`. The code of the product reads the weights. The program prints the probabilities
that 5 and 10 % of the false held-out pairs exceed, and the share of each kind that does. Then it prints the figures of
sets that the training has not seen. `python -m benchmarks.claims` measures the verdicts on whole claims.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from index.encoders.cross_encoders import WEIGHTS, Verifier
from training.pairs import from_scifact
from training.sources import CONTRADICTED, LABELS, NOT_SAID, SNLI_LABELS, SUPPORTED, rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

PASSED = (0.05, 0.1)
"""Shares of false pairs that exceed the thresholds."""
SEED = 5


class Case(NamedTuple):
    """A pair with its class and kind."""

    premise: str
    claim: str
    label: int
    kind: str


class ScoredCases(NamedTuple):
    """Cases with their probabilities of support."""

    cases: list[Case]
    shares: Floats

    def of(self, true: bool) -> Floats:
        """Return the probabilities of the supported cases, or of the others."""
        return self.shares[[(case.label == SUPPORTED) == true for case in self.cases]]


def score_cases(verifier: Verifier, cases: Sequence[Case], most: int = 0) -> ScoredCases:
    """Score the cases, or a random sample of `most` of them, with the verifier."""
    chosen = list(cases)
    if most and len(chosen) > most:
        chosen = random.Random(SEED).sample(chosen, most)
    chosen.sort(key=lambda case: len(case.premise) + len(case.claim))
    pairs = [(case.claim, case.premise) for case in chosen]
    return ScoredCases(chosen, np.array([reading.supported for reading in verifier.read(pairs)]))


def auroc(true: Floats, false: Floats) -> float:
    """Return the probability that a true pair has a higher value than a false one."""
    if not len(true) or not len(false):
        return float("nan")
    below = np.searchsorted(np.sort(false), true, "left") + np.searchsorted(np.sort(false), true, "right")
    return float(below.mean() / 2 / len(false))


def thresholds(own: ScoredCases) -> list[float]:
    """Return the thresholds that the shares PASSED of the false pairs exceed."""
    return [float(np.quantile(own.of(False), 1 - passed)) for passed in PASSED]


def show(name: str, found: ScoredCases, bars: Sequence[float]) -> None:
    """Print a row: AUROC of true against false pairs, and the shares that pass each threshold."""
    true, false = found.of(True), found.of(False)
    contradicted = found.shares[[case.label == CONTRADICTED for case in found.cases]]
    passing = "  ".join(f"{(true >= bar).mean():.3f} {(false >= bar).mean():.3f}" for bar in bars)
    print(
        f"{name:28} n {len(found.cases):5}  AUROC {auroc(true, false):.3f}  against contradicted "
        f"{auroc(true, contradicted):.3f}  passing, true and false: {passing}",
        flush=True,
    )


def show_kinds(found: ScoredCases, bars: Sequence[float]) -> None:
    """Print a row for each kind: the shares that pass each threshold."""
    kinds: dict[tuple[int, str], list[float]] = defaultdict(list)
    for case, value in zip(found.cases, found.shares, strict=True):
        kinds[int(case.label != SUPPORTED), case.kind].append(float(value))
    for (false, kind), values in sorted(kinds.items()):
        passing = "  ".join(f"{np.mean(np.array(values) >= bar):.2f}" for bar in bars)
        print(f"    {'false' if false else 'true '} {kind:34} n {len(values):4}  {passing}")


def read_held_out(folder: Path) -> list[Case]:
    """Return the pairs of documents that are not in the training pairs."""
    return [Case(r["premise"], r["claim"], r["label"], r["kind"]) for r in rows(folder / "held_out.jsonl")]


def read_snli(path: Path) -> Iterator[Case]:
    """Yield the test set of SNLI."""
    for row in _table(path):
        if row["label"] in SNLI_LABELS:
            yield Case(row["premise"], row["hypothesis"], SNLI_LABELS[row["label"]], "SNLI")


def read_rte(path: Path) -> Iterator[Case]:
    """Yield RTE, whose labels only say whether the premise supports the claim."""
    for row in _table(path):
        label = SUPPORTED if row["label"] in ("0", "entailment") else NOT_SAID
        yield Case(row["sentence1"], row["sentence2"], label, "RTE")


def read_climate(path: Path) -> Iterator[Case]:
    """Yield CLIMATE-FEVER: each evidence sentence of a claim with its own label."""
    for row in rows(path):
        for evidence in row["evidences"]:
            label = {"NOT_ENOUGH_INFO": NOT_SAID}.get(evidence["label"], LABELS.get(evidence["label"], NOT_SAID))
            yield Case(evidence["text"], row["claim"], label, evidence["label"])


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def load(weights: Path) -> Verifier:
    """Return the verifier with the weights of a file, without comparing its hash with a given one."""
    return Verifier(weights=weights, sha256=hashlib.sha256(weights.read_bytes()).hexdigest())


def main() -> None:
    """Print the figures of a verifier."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--eval", type=Path, required=True)
    arguments.add_argument("--weights", type=Path, default=WEIGHTS)
    arguments.add_argument("--most", type=int, default=3000, help="the maximum number of pairs of each set")
    options = arguments.parse_args()
    verifier = load(options.weights)
    own = score_cases(verifier, read_held_out(options.data), options.most)
    bars = thresholds(own)
    print("thresholds " + "  ".join(f"{passed:.0%}: {bar:.3f}" for passed, bar in zip(PASSED, bars, strict=True)))
    show("held out", own, bars)
    show_kinds(own, bars)
    scifact = [Case(p.premise, p.claim, p.label, p.kind) for p in from_scifact(options.eval, held_out=True)]
    for name, cases in (
        ("SNLI, test", list(read_snli(options.eval / "nli" / "snli_test.tsv"))),
        ("RTE", list(read_rte(options.eval / "nli" / "rte.tsv"))),
        ("SciFact, held out", scifact),
        ("CLIMATE-FEVER", list(read_climate(options.eval / "claims" / "climate_fever.jsonl"))),
    ):
        show(name, score_cases(verifier, cases, options.most), bars)


if __name__ == "__main__":
    main()
