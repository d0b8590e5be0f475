"""What `library.add` costs beside bare `encode`, on the same texts, in one run: `python -m benchmarks.ingest`.

The texts are passages of real documents: those of a BEIR-format corpus (`--corpus FILE`), else of seeds/. Each is
written to a file of its own, so that `add` reads, chunks, encodes and stores them; `encode` is that of
sentence-transformers, with the best batch size of those tried, in float32 and in the precision that Pincite chooses.
The rounds alternate, because a machine's speed drifts; the table shows medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from index import Library, Settings
from index.chunking import Chunker
from index.encoding import SentenceTransformerEncoder, default_weights
from index.loading import discover, load

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_SIZES = (8, 16, 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="a corpus.jsonl of {title, text}")
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    encoder = SentenceTransformerEncoder()
    texts = _texts(options.corpus, encoder)[: options.passages]
    with tempfile.TemporaryDirectory() as folder:
        files = _write(texts, Path(folder) / "files")
        rates = _measure(texts, files, encoder, options.rounds)
    report(f"Ingest: {len(texts)} texts, {options.rounds} rounds", _rows(rates, encoder.precision), options.json)


def _measure(texts: list[str], files: Path, encoder: SentenceTransformerEncoder, rounds: int) -> dict[str, list[float]]:
    """Passages a second of each way, round by round."""
    ways: dict[str, Callable[[], int]] = {"library.add": lambda: _add(files, encoder)}
    for precision in dict.fromkeys(("float32", encoder.precision)):
        model = _bare(precision)
        for size in BATCH_SIZES:
            ways[f"encode {precision}, batch {size}"] = partial(_encode, model, texts, size)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = perf_counter()
            done = way()
            rates[name].append(done / (perf_counter() - began))
    return rates


def _rows(rates: dict[str, list[float]], precision: str) -> list[dict[str, Any]]:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    best = {p: max(m for name, m in medians.items() if name.startswith(f"encode {p}")) for p in ("float32", precision)}
    return [
        {
            "way": name,
            "passages/s (median)": median,
            "lowest": min(rates[name]),
            "highest": max(rates[name]),
            f"of best encode {precision}": median / best[precision],
            "of best encode float32": median / best["float32"],
        }
        for name, median in medians.items()
    ]


def _texts(corpus: Path | None, encoder: SentenceTransformerEncoder) -> list[str]:
    """Whole passages, as the chunker makes them."""
    chunker = Chunker(limit=encoder.max_tokens, count_tokens=encoder.count_tokens)
    if corpus:
        documents = [json.loads(line) for line in corpus.read_text().splitlines()[:2000]]
        texts = [f"{each['title']}\n\n{each['text']}".strip() for each in documents]
    else:
        seeds = Path(__file__).parents[1] / "seeds"
        texts = [load(path, max_bytes=10**9).text for path in discover([seeds]) if path.suffix != ".jsonl"]
    return [text[chunk.start : chunk.end] for text in texts for chunk in chunker.chunk(text, ())]


def _write(texts: list[str], folder: Path) -> Path:
    folder.mkdir()
    for n, text in enumerate(texts):
        (folder / f"{n:05}.txt").write_text(text, encoding="utf-8")
    return folder


def _add(files: Path, encoder: SentenceTransformerEncoder) -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder) / "library", Settings(), encoder=encoder) as library,
    ):
        return library.add(files).passages


def _bare(precision: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(default_weights()), device="cpu", model_kwargs={"dtype": getattr(torch, precision)})


def _encode(model: Any, texts: list[str], batch_size: int) -> int:
    model.encode(texts, batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False)
    return len(texts)


if __name__ == "__main__":
    main()
