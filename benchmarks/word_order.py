"""Compares the word order of PDFs with another reader: `python -m benchmarks.word_order FOLDER [--before CHECKOUT]`.

The other reader, which is independent of pdfium, is poppler's `pdftotext`. Contenders are this checkout, pdfium's own
order of characters and, with `--before`, another checkout of the project. Agreement is the share of a contender's
five-word sequences that poppler has on the same or a neighbouring page; recall is the share of poppler's sequences that
the contender has. A sequence is compared by its letters, so that blanks and hyphens cost nothing. Words are the share
of poppler's words that the contender has at all. "Without tables" are pages on which neither checkout finds a table.
Pages are not recognised. Printed are means over files, and the processor time of both checkouts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from bisect import bisect_right
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from benchmarks.machine import report
from index.errors import LoadingError
from index.loading.pdf.pdfium import page_texts
from index.verification.sources import Witness, words

_CLEARLY = 0.01
"""A file is better or worse if its agreement differs by more than this."""
_READ = """
import json, sys, time
from pathlib import Path
from index.loading.loader import load_bytes
from index.loading.recognition.recogniser import Recogniser, RecognitionOptions
for line in sys.stdin:
    path, found = Path(line.rstrip("\\n")), {}
    data, began = path.read_bytes(), time.process_time()
    try:
        document = load_bytes(data, source=path.name, recogniser=Recogniser(RecognitionOptions(engine="off")))
        marks = [mark.start for mark in document.landmarks if mark.kind == "page"]
        tables = [cell.start for table in document.tables for cell in table.cells]
        found = {"text": document.text, "pages": marks, "cells": tables}
    except Exception as error:
        found = {"error": repr(error)}
    print(json.dumps({**found, "seconds": time.process_time() - began}), flush=True)
"""


class Reading(NamedTuple):
    """The text of each page as one contender reads it, the pages with tables, and the processor time in seconds."""

    pages: list[str]
    tables: set[int]
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--each", action="store_true", help="print each file")
    parser.add_argument("--json")
    options = parser.parse_args()
    paths = sorted(options.folder.rglob("*.pdf"))
    checkouts = {"before": options.before} if options.before else {}
    readings = {name: _readings(root, paths) for name, root in {**checkouts, "now": Path.cwd()}.items()}
    rows = []
    for path in paths:
        found = {name: files[path] for name, files in readings.items() if path in files}
        try:
            found["pdfium"] = Reading(list(page_texts(path.read_bytes(), path.name)), set())
        except LoadingError:
            continue
        if len(found) == len(readings) + 1 and (row := _compared(path.name, found, _poppler(path))):
            rows.append(row)
    if options.each:
        report("Word order: each file", rows, options.json)
    report(f"Word order: {len(rows)} files, {len(paths) - len(rows)} left out", _summary(rows, list(readings)))


def _readings(root: Path, paths: list[Path]) -> dict[Path, Reading]:
    """Return what the code of a checkout reads of each file, without those that it refuses."""
    names = "".join(f"{path.resolve()}\n" for path in paths)
    command = [sys.executable, "-c", _READ]
    done = subprocess.run(
        command, input=names, cwd=root, env={"PYTHONPATH": str(root)}, text=True, check=True, stdout=subprocess.PIPE
    )
    found = {}
    for path, line in zip(paths, done.stdout.splitlines(), strict=True):
        read: dict[str, Any] = json.loads(line)
        if "error" not in read:
            bounds = list(pairwise([*read["pages"], len(read["text"])]))
            tables = {bisect_right(read["pages"], cell) - 1 for cell in read["cells"]}
            found[path] = Reading([read["text"][start:end] for start, end in bounds], tables, read["seconds"])
    return found


def _poppler(path: Path) -> list[str]:
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace").split("\f")[:-1]


def _compared(name: str, found: dict[str, Reading], other: list[str]) -> dict[str, Any] | None:
    """Return the figures of one file; None if there is too little to compare."""
    tables = set().union(*(reading.tables for reading in found.values()))
    plain = [page for page in range(len(other)) if page not in tables]
    row: dict[str, Any] = {"file": name, "pages": len(other)}
    for contender, reading in found.items():
        agreement = _share(reading.pages, other, range(len(reading.pages)))
        recall = _share(other, reading.pages, range(len(other)))
        if agreement is None or recall is None:
            return None
        without = _share(reading.pages, other, plain)
        row |= {contender: agreement, f"{contender} recall": recall, f"{contender} without tables": without}
        row |= {f"{contender} words": _words(reading.pages, other), f"{contender} seconds": reading.seconds}
    return row


def _share(texts: list[str], others: list[str], pages: list[int] | range) -> float | None:
    """Return the share of the five-word sequences of these pages that the others have there or on a page beside."""
    witness = Witness(others)
    counts = [witness.counts(texts[page], range(page - 1, page + 2)) for page in pages if page < len(texts)]
    total = sum(count for _, count in counts)
    return sum(agreeing for agreeing, _ in counts) / total if total else None


def _words(texts: list[str], others: list[str]) -> float:
    """Return the share of the others' words, each as often as it occurs, that the texts have."""
    wanted, had = (Counter(chain.from_iterable(map(words, pages))) for pages in (others, texts))
    return (wanted & had).total() / max(1, wanted.total())


def _summary(rows: list[dict[str, Any]], checkouts: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in [*checkouts, "pdfium"]:
        pairs = [(row[name], row["before" if "before" in row else "now"]) for row in rows]
        without = [row[f"{name} without tables"] for row in rows if row[f"{name} without tables"] is not None]
        found.append(
            {
                "contender": name,
                "agreement": mean(row[name] for row in rows),
                "without tables": mean(without) if without else None,
                "recall": mean(row[f"{name} recall"] for row in rows),
                "words": mean(row[f"{name} words"] for row in rows),
                "better in": sum(own > base + _CLEARLY for own, base in pairs),
                "worse in": sum(own < base - _CLEARLY for own, base in pairs),
                "seconds": sum(row[f"{name} seconds"] for row in rows),
            }
        )
    return found


if __name__ == "__main__":
    main()
