"""What a warm question costs, stage by stage, beside the least it could: `python -m benchmarks.search`.

The library is made of small ones that `pincite eval --keep` left (`--base DIR`, repeatable), their passages repeated
with changes up to `--passages`. The floor is one encoding of the question and one FAISS search of 100, alone.
Both are asked in turn, question by question, because a machine's speed drifts. No answer is cached anywhere; the
library's files are in the system's memory, as they are where it is in use.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.enlarging import enlarge
from benchmarks.machine import report
from index import Library
from index.records import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Sequence

WARM = 20
"""Questions that are asked before the clock runs."""
LIMIT = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, action="append", required=True, help="a library to repeat; repeatable")
    parser.add_argument("--library", type=Path, required=True, help="where the large library is, or will be, made")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--questions", type=Path, action="append", required=True, help="a queries.jsonl; repeatable")
    parser.add_argument("--ask", type=int, default=300, help="how many questions")
    parser.add_argument("--json")
    options = parser.parse_args()
    enlarge(options.base, options.library, options.passages)
    texts = [json.loads(line)["text"] for path in options.questions for line in path.read_text().splitlines()]
    questions = texts[:: max(1, len(texts) // options.ask)]
    for path in options.library.rglob("*"):
        if path.is_file():
            path.read_bytes()
    with Library.open(options.library, create=False) as library:
        title = f"Search: {library.stats().passages} passages, {len(questions)} questions, {LIMIT} hits"
        report(title, _rows(_measure(library, questions)), options.json)


def _measure(library: Library, questions: Sequence[str]) -> dict[str, list[float]]:
    """Milliseconds of each stage, question by question."""
    encoder, store = library.encoder(), library._store
    times: dict[str, list[float]] = defaultdict(list)

    def floor(question: str) -> None:
        began = perf_counter()
        vector = encoder.encode_question(question)
        encoded = perf_counter()
        store.dense(vector, CANDIDATES)
        ended = perf_counter()
        times["floor"].append((ended - began) * 1000)
        times["floor: encode"].append((encoded - began) * 1000)
        times["floor: FAISS"].append((ended - encoded) * 1000)

    def search(question: str) -> None:
        began = perf_counter()
        found = library.search(question, limit=LIMIT, plain=True)
        times["search"].append((perf_counter() - began) * 1000)
        for stage, milliseconds in found.timings_ms.items():
            times[f"search: {stage}"].append(milliseconds)

    def ask(question: str) -> None:
        began = perf_counter()
        library.ask(question, limit=LIMIT)
        times["ask, which searches and quotes"].append((perf_counter() - began) * 1000)

    for question in questions[:WARM]:
        library.search(question, limit=LIMIT, plain=True)
    for question in questions:
        began = perf_counter()
        encoder.encode_question(question)
        times["encode, again and again"].append((perf_counter() - began) * 1000)
    rng = random.Random(0)
    for question in questions:
        # Whoever comes later finds the encoder's weights driven from the processor's cache by the others' vectors.
        for way in rng.sample((floor, search, ask), 3):
            way(question)
    return times


def _rows(times: dict[str, list[float]]) -> list[dict[str, Any]]:
    floor = float(np.median(times["floor"]))
    return [
        {
            "what": name,
            "p50 ms": float(np.percentile(values, 50)),
            "p95 ms": float(np.percentile(values, 95)),
            "p50 of the floor": float(np.percentile(values, 50)) / floor,
        }
        for name, values in times.items()
    ]


if __name__ == "__main__":
    main()
