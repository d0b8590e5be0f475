"""Measures a verifier:  python -m training.evaluate DATA --eval FOLDER [--weights FILE] [--claims]

DATA is the output of `training.pairs`. The code of the product reads the weights. The program prints the thresholds
that 95 and 90 % of the true held-out pairs pass, and the share of each kind that passes. Then it prints the figures of
sets that the training has not seen. `--claims` adds the handwritten claims, which are for tests and not for tuning.
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
from index.encoders.encoder import SentenceTransformerEncoder
from index.text.sentences import split_sentences
from training.pairs import from_scifact
from training.sources import LABELS, SNLI_LABELS, rows
from training.wrappers import CONTRADICTED, NOT_SAID, SUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

KEPT = (0.95, 0.9)
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
    return ScoredCases(chosen, np.array(verifier.supported([(case.claim, case.premise) for case in chosen])))


def auroc(true: Floats, false: Floats) -> float:
    """Return the probability that a true pair has a higher value than a false one."""
    if not len(true) or not len(false):
        return float("nan")
    below = np.searchsorted(np.sort(false), true, "left") + np.searchsorted(np.sort(false), true, "right")
    return float(below.mean() / 2 / len(false))


def thresholds(own: ScoredCases) -> list[float]:
    """Return the thresholds that the shares KEPT of the true pairs pass."""
    return [float(np.quantile(own.of(True), 1 - kept)) for kept in KEPT]


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
        kinds[int(case.label != SUPPORTED), case.kind.removesuffix(", reworded")].append(float(value))
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


def read_handwritten(folder: Path) -> Iterator[Case]:
    """Yield the handwritten claims, each with the nearest sentence and its neighbours."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "claims" / "documents").iterdir()}
    texts["gabuev"] = next((folder.parent / "seeds").glob("*.txt")).read_text(encoding="utf-8")
    texts["norwich"] = (folder.parent / "files" / "norwich-city.txt").read_text(encoding="utf-8")
    encoder = SentenceTransformerEncoder()
    sentences = {name: [span.of(text).strip() for span in split_sentences(text)] for name, text in texts.items()}
    vectors = {
        name: np.stack([encoder.encode_question(sentence) for sentence in document_sentences])
        for name, document_sentences in sentences.items()
    }
    for row in rows(folder / "claims" / "handwritten.jsonl"):
        found = sentences[row["document"]]
        at = int(np.argmax(vectors[row["document"]] @ encoder.encode_question(row["claim"])))
        premise = " ".join(found[max(at - 1, 0) : at + 2])
        yield Case(premise, row["claim"], SUPPORTED if row["follows"] else NOT_SAID, row["category"])


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
    arguments.add_argument("--claims", action="store_true")
    options = arguments.parse_args()
    verifier = load(options.weights)
    own = score_cases(verifier, read_held_out(options.data), options.most)
    bars = thresholds(own)
    print("thresholds " + "  ".join(f"{kept:.0%}: {bar:.3f}" for kept, bar in zip(KEPT, bars, strict=True)))
    show("held out", own, bars)
    show_kinds(own, bars)
    chance = random.Random(SEED)
    scifact = [Case(p.premise, p.claim, p.label, p.kind) for p in from_scifact(options.eval, True, chance)]
    for name, cases in (
        ("SNLI, test", list(read_snli(options.eval / "nli" / "snli_test.tsv"))),
        ("RTE", list(read_rte(options.eval / "nli" / "rte.tsv"))),
        ("SciFact, held out", scifact),
        ("CLIMATE-FEVER", list(read_climate(options.eval / "claims" / "climate_fever.jsonl"))),
    ):
        show(name, score_cases(verifier, cases, options.most), bars)
    if options.claims:
        found = score_cases(verifier, list(read_handwritten(options.eval)))
        show("written by hand", found, bars)
        show_kinds(found, bars)


if __name__ == "__main__":
    main()
