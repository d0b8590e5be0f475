"""Measures the time of the verifier for a claim: `python -m benchmarks.verifier [--rounds N] [--json FILE]`.

The claims are sentences of the seeds. Each premise is such a sentence with its two neighbours. The first row includes
loading the weights, which happens once per process.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from time import perf_counter

from benchmarks.machine import report
from benchmarks.measuring import quantiles
from index.encoders.cross_encoders import Verifier
from index.text.sentences import split_sentences

SEEDS = Path(__file__).parents[1] / "seeds"


def read_pairs(folder: Path) -> list[tuple[str, str]]:
    """Return the pairs of claim and premise."""
    found = []
    for path in sorted(folder.glob("*.txt")) + sorted(folder.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        sentences = [span.of(text).strip() for span in split_sentences(text)]
        found += [(claim, " ".join(sentences[at - 1 : at + 2])) for at, claim in enumerate(sentences) if at]
    return [pair for pair in found if len(pair[0].split()) > 5]


def timed(verifier: Verifier, pairs: list[tuple[str, str]]) -> float:
    """Return the milliseconds of one call."""
    began = perf_counter()
    verifier.read(pairs)
    return 1000 * (perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json")
    options = parser.parse_args()
    verifier, pairs = Verifier(), read_pairs(SEEDS)
    time = partial(timed, verifier)
    rows = [{"what": "reading the weights, with the first claim", **quantiles([time(pairs[:1])])}]
    time(pairs[:20])
    alone = [time([pairs[at % len(pairs)]]) for at in range(options.rounds)]
    together = [time(pairs[at : at + 4]) / 4 for at in range(0, min(options.rounds, len(pairs) - 4), 4)]
    rows += [{"what": "one claim", **quantiles(alone)}, {"what": "each of four claims", **quantiles(together)}]
    report("Verifier", rows, options.json)


if __name__ == "__main__":
    main()
