"""Compares the vectors of each precision with those of float32: `python -m benchmarks.precision --corpus FILE …`.

The passages come from corpora in BEIR's format, or else from seeds/. The table has the lowest cosine of any passage and
of any sentence to its vector in float32, and texts a second of `encode`. The second table has what `auto` is chosen by.
How rankings and pins change is measured by `PINCITE_PRECISION=… pincite eval SET`.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.machine import report
from index.encoders.bert import works
from index.encoders.encoder import Draft, SentenceTransformerEncoder
from index.encoders.precision import PRECISIONS_BY_EXACTNESS, WORKLOAD_TOKENS, measure
from index.loading.loader import discover, load
from index.records import Span
from index.text.chunks import Chunker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.encoders.encoder import Encoded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a corpus.jsonl; repeatable")
    parser.add_argument("--passages", type=int, default=10_000, help="at most so many, drawn at random")
    parser.add_argument("--json")
    options = parser.parse_args()
    drafts = _drafts(options.corpus, options.passages)
    exact: list[Encoded] = []
    rows = []
    for precision in filter(works, PRECISIONS_BY_EXACTNESS):
        encoder = SentenceTransformerEncoder(precision=precision)
        encoder.encode(drafts[:8])
        began = perf_counter()
        encoded = encoder.encode(drafts)
        seconds = perf_counter() - began
        exact = exact or encoded
        pairs = list(zip(encoded, exact, strict=True))
        passages = [float(ours.vector @ theirs.vector) for ours, theirs in pairs]
        sentences = np.concatenate([(ours.sentences * theirs.sentences).sum(axis=1) for ours, theirs in pairs])
        rows.append(
            {
                "precision": precision,
                "lowest cosine": f"{min(passages):.5f}",
                "1 % are below": f"{np.quantile(passages, 0.01):.5f}",
                "median": f"{np.median(passages):.5f}",
                "lowest cosine of a sentence": f"{sentences.min():.5f}",
                "texts/s": len(drafts) / seconds,
            }
        )
    report(f"Vectors of {len(drafts):,} passages beside float32", rows, options.json)
    measured = measure()
    report(
        "Milliseconds of one layer",
        [{"tokens": tokens, **measured[workload]} for workload, tokens in WORKLOAD_TOKENS.items()],
    )


def _drafts(corpora: Sequence[Path], most: int) -> list[Draft]:
    encoder = SentenceTransformerEncoder(precision="float32")
    chunker = Chunker(limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
    lines = [json.loads(line) for path in corpora for line in path.read_text(encoding="utf-8").splitlines()]
    texts = [f"{line.get('title', '')}\n\n{line['text']}".strip() for line in lines]
    if not corpora:
        seeds = Path(__file__).parents[1] / "seeds"
        texts = [load(path, max_bytes=10**9).text for path in discover([seeds]) if path.suffix != ".jsonl"]
    drafts = [
        Draft(
            text[chunk.start : chunk.end],
            tuple(Span(s.start - chunk.start, s.end - chunk.start) for s in chunk.sentences),
        )
        for text in texts
        for chunk in chunker.chunk(text, ())
    ]
    return random.Random(0).sample(drafts, min(most, len(drafts)))


if __name__ == "__main__":
    main()
