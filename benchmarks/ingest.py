"""Compares `library.add` with bare `encode` and with other libraries: `python -m benchmarks.ingest [--peers]`.

The texts are passages of real documents from a corpus in BEIR's format (`--corpus FILE`), or else from seeds/. They
have at most 200 word pieces, so that no contender truncates them. For `add` each text is a separate file, which it
reads, chunks, encodes and stores; the others get the texts. `encode` is that of sentence-transformers. With `--peers`,
LangChain and LlamaIndex with FAISS, and txtai, index the same texts with the same weights, in an environment that is
made once.

Each contender is a separate process, which loads its model before the timing starts. The rounds alternate between the
contenders, because the speed of a machine drifts. The table shows medians and the peak memory of each process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.machine import report
from benchmarks.peers import PEERS, Contender, environment
from benchmarks.stages import questions, stages
from index.encoders.encoder import SentenceTransformerEncoder
from index.encoders.precision import LIBRARY_PRECISIONS
from index.encoders.pretrained import default_weights
from index.loading.loader import discover, load
from index.text.chunks import Chunker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Ways = dict[str, tuple[Contender, str]]

LIMIT = 200
BATCH_SIZES = ("8", "16", "32")
ADD = "library.add"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="a corpus.jsonl with title and text in each line")
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", action="store_true", help="also measure other libraries")
    parser.add_argument(
        "--environment",
        type=Path,
        default=Path.home() / ".cache" / "pincite-peers",
        help="the environment of the other libraries (%(default)s)",
    )
    parser.add_argument("--json")
    options = parser.parse_args()
    encoder = SentenceTransformerEncoder()
    texts = _texts(options.corpus, encoder)[: options.passages]
    python = environment(options.environment.absolute()) if options.peers else ""
    with tempfile.TemporaryDirectory() as folder:
        files = _write(texts, Path(folder))
        rows, asked = stages(files, encoder), questions(texts, encoder)
        with ExitStack() as stack:
            ways = _ways(stack, Path(folder), python)
            measured = _measure(ways, options.rounds)
            for contender in dict.fromkeys(contender for contender, _ in ways.values()):
                print(contender.name, json.dumps(contender.versions))
    title = f"{len(texts)} texts of {_mean(encoder, texts):.0f} word pieces on average, {LIMIT} at most"
    report(f"Time of each stage ({encoder.precision}): {title}", rows)
    report("Encoding of one question", asked)
    report(f"Ingest: {title}, {options.rounds} rounds", list(_rows(measured, len(texts))), options.json)


def _ways(stack: ExitStack, folder: Path, python: str) -> Ways:
    """Return a contender and its batch size for each way to index, by name."""
    paths = [str(default_weights()), str(folder / "texts.json"), str(folder / "files")]

    def start(name: str, *options: str, python: str = sys.executable) -> Contender:
        contender = Contender(name, python, [name, *paths, *options])
        stack.callback(contender.stop)
        return contender

    ways: Ways = {ADD: (start("pincite"), ""), f"{ADD}, float32": (start("pincite", "float32"), "")}
    for precision in LIBRARY_PRECISIONS:
        bare = start("encode", precision)
        ways |= {f"encode {precision}, batch {size}": (bare, size) for size in BATCH_SIZES}
    return ways | {f"peer: {name}": (start(name, python=python), "") for name in PEERS if python}


def _measure(ways: Ways, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return the figures that each contender reports, round by round."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (contender, batch_size) in ways.items():
            measured[name].append(contender.round(batch_size))
    return measured


def _rows(measured: dict[str, list[dict[str, float]]], texts: int) -> Iterator[dict[str, Any]]:
    rates = {name: [texts / figures["seconds"] for figures in rounds] for name, rounds in measured.items()}
    medians = {name: statistics.median(rate_of_rounds) for name, rate_of_rounds in rates.items()}

    def best(start: str) -> float:
        return max((median for name, median in medians.items() if name.startswith(start)), default=float("nan"))

    for name, rounds in measured.items():
        yield {
            "way": name,
            "texts/s (median)": medians[name],
            "lowest": min(rates[name]),
            "highest": max(rates[name]),
            "of best encode": medians[name] / best("encode"),
            "of best encode float32": medians[name] / best("encode float32"),
            "of the fastest peer": medians[name] / best("peer"),
            "texts a CPU second": texts / statistics.median(figures["spent"] for figures in rounds),
            "peak MB": round(max(figures["peak"] for figures in rounds)),
        }


def _texts(corpus: Path | None, encoder: SentenceTransformerEncoder) -> list[str]:
    """Return whole passages as the chunker makes them."""
    chunker = Chunker(limit=LIMIT, count_tokens=encoder.count_tokens)
    if corpus:
        documents = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines()[:2000]]
        texts = [f"{document['title']}\n\n{document['text']}".strip() for document in documents]
    else:
        seeds = Path(__file__).parents[1] / "seeds"
        texts = [load(path, max_bytes=10**9).text for path in discover([seeds]) if path.suffix != ".jsonl"]
    passages = [text[chunk.start : chunk.end] for text in texts for chunk in chunker.chunk(text, ())]
    return [passage for passage in passages if _is_one_passage(passage, chunker)]


def _is_one_passage(passage: str, chunker: Chunker) -> bool:
    """Whether a file with the passage is also one passage; lines that look like headings would split it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "passage.txt"
        path.write_text(passage, encoding="utf-8")
        document = load(path, max_bytes=10**9)
    return len(chunker.chunk(document.text, document.landmarks)) == 1


def _write(texts: Sequence[str], folder: Path) -> Path:
    """Write a file for each text, and one JSON file with all texts beside their folder; return the folder."""
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    files = folder / "files"
    files.mkdir()
    for n, text in enumerate(texts):
        (files / f"{n:05}.txt").write_text(text, encoding="utf-8")
    return files


def _mean(encoder: SentenceTransformerEncoder, texts: Sequence[str]) -> float:
    return statistics.fmean(encoder.count_tokens(texts))


if __name__ == "__main__":
    main()
