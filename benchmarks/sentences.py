"""Compares libraries that split text into sentences: `python -m benchmarks.sentences [FILE.json]`.

Each library gets the same lines of the same documents. A gold sentence counts as found if the library has a sentence
with exactly the same start and end, without regard to white space.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.records import Span
from index.text.sentences import split_sentences, trim
from tests.text.test_sentences import GLUED, HARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Splitter = Callable[[str], list[Span]]
    Gold = dict[str, list[Span]]

EVAL = Path(__file__).parents[1].parent / "shared" / "eval"


def aligned(text: str, parts: Iterable[str]) -> list[Span]:
    """Return the spans of `parts` in `text`; parts that do not occur word for word are skipped."""
    spans, at = [], 0
    for part in map(str.strip, parts):
        found = text.find(part, at)
        if part and found >= 0:
            spans.append(trim(text, found, found + len(part)))
            at = found + len(part)
    return spans


def by_line(split: Callable[[str], Iterable[str]]) -> Splitter:
    """Return a splitter of whole texts that applies `split` to each line."""

    def splitter(text: str) -> list[Span]:
        spans, at = [], 0
        for line in text.split("\n"):
            spans += [Span(s.start + at, s.end + at) for s in aligned(line, split(line) if line.strip() else [])]
            at += len(line) + 1
        return spans

    return splitter


def with_sentencex(module: Any) -> Splitter:
    return by_line(lambda line: module.segment("en", line))


def with_pysbd(module: Any) -> Splitter:
    return by_line(module.Segmenter(language="en", clean=False).segment)


def with_nupunkt(module: Any) -> Splitter:
    return by_line(module.sent_tokenize)


def with_blingfire(module: Any) -> Splitter:
    return by_line(lambda line: module.text_to_sentences(line).split("\n"))


def with_syntok(module: Any) -> Splitter:
    def split(line: str) -> list[str]:
        return [line[s[0].offset : s[-1].offset + len(s[-1].value)] for p in module.analyze(line) for s in p]

    return by_line(split)


LIBRARIES: dict[str, tuple[str, Callable[[Any], Splitter]]] = {
    "sentencex": ("sentencex", with_sentencex),
    "pysbd": ("pysbd", with_pysbd),
    "syntok": ("syntok.segmenter", with_syntok),
    "nupunkt": ("nupunkt", with_nupunkt),
    "blingfire": ("blingfire", with_blingfire),
}


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def texts(name: str) -> dict[str, str]:
    return {row["id"]: row["text"] for row in rows(EVAL / name / "corpus.jsonl")}


def gold(name: str, file: str, key: str) -> Gold:
    """Return the different gold sentences of each document that the text contains at the given position."""
    documents = texts(name)
    found: Gold = {}
    for row in rows(EVAL / name / file):
        text = documents[row["doc_id"]]
        for span in row[key]:
            start, end = span["start"], span["start"] + len(span["text"])
            if text[start:end] == span["text"]:
                found.setdefault(row["doc_id"], []).append(trim(text, start, end))
    return {document: sorted(set(spans)) for document, spans in found.items()}


def share_found(split: Splitter, documents: dict[str, str], wanted: Gold) -> float:
    hits = sum(len(set(split(documents[name])).intersection(spans)) for name, spans in wanted.items())
    return hits / sum(map(len, wanted.values()))


def share_kept(split: Splitter, documents: Iterable[str]) -> float:
    """Return the share of the characters, without white space, in a sentence: 1 if no text is lost or changed."""
    kept = total = 0
    for text in documents:
        kept += sum(len("".join(span.of(text).split())) for span in split(text))
        total += len("".join(text.split()))
    return kept / total


def megabytes_a_second(split: Splitter, documents: Iterable[str]) -> float:
    sample = list(documents)
    began = time.perf_counter()
    for text in sample:
        split(text)
    return sum(map(len, sample)) / (time.perf_counter() - began) / 1e6


def hard_cases(split: Splitter) -> float:
    texts_and_parts = [(" ".join(parts), tuple(map(str.strip, parts))) for parts in HARD.values()]
    texts_and_parts += [("".join(parts), tuple(filter(None, map(str.strip, parts)))) for parts in GLUED.values()]
    right = [tuple(span.of(text) for span in split(text)) == parts for text, parts in texts_and_parts]
    return sum(right) / len(right)


def measure(split: Splitter) -> dict[str, float]:
    chunking = [text[:150_000] for text in texts("chunking").values()]
    split("Warm up. Once.")
    return {
        "scifact": share_found(split, texts("scifact"), gold("scifact", "rationales.jsonl", "spans")),
        "clapnq": share_found(split, texts("clapnq"), gold("clapnq", "qa.jsonl", "answers")),
        "hard": hard_cases(split),
        "kept": share_kept(split, chunking),
        "MB/s": megabytes_a_second(split, chunking),
    }


def main() -> None:
    results: dict[str, dict[str, float]] = {}
    print(f"{'':24}{'scifact':>9}{'clapnq':>9}{'hard':>9}{'kept':>9}{'MB/s':>9}")
    for name, (module, adapt) in LIBRARIES.items():
        try:
            results[name] = report(f"{name} {version(name)}", adapt(import_module(module)))
        except (PackageNotFoundError, ImportError):
            print(f"{name:24} not installed: pip install {name}")
    results["index.text.sentences"] = report("index.text.sentences", split_sentences)
    for path in map(Path, sys.argv[1:]):
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def report(name: str, split: Splitter) -> dict[str, float]:
    figures = measure(split)
    print(f"{name:24}" + "".join(f"{value:9.4f}" for value in figures.values()))
    return figures


if __name__ == "__main__":
    main()
