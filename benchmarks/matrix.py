"""Measures the cells of a matrix against people's labels, and its speed: `python -m benchmarks.matrix --sets EVAL`.

A cell is a question and one document. Of each public set (squad_v2, clapnq, covidqa, in the form of BEIR with a
`qa.jsonl`), the program asks questions that the document answers and questions that it does not answer, both by the
judgement of people who did not know Pincite. The unanswerable questions of SQuAD and ClapNQ are about the very subject
of their page. In addition it asks each answerable question of a document on something else. It prints, for the status
`abstained` ("no mention"), precision and recall, with and without `unsure`; for quotations, how often they overlap the
labelled answer. Then it does the same for the questions of the seeds, counts the cells that disagree with
`Library.ask` of their document, and times a matrix of all seeds and 20 questions.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from index import Library
from index.records import Document, MatrixCell
from index.settings import Settings

SETS = ("squad_v2", "clapnq", "covidqa")
SEEDS = Path(__file__).parents[1] / "seeds"
QUESTIONS = 120
TIMED = 20
KINDS = ("answerable", "unanswerable", "other document")


@dataclass
class Tally:
    """The statuses of cells by label, and the quotations that are right."""

    statuses: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    quoted: int = 0
    right: int = 0

    def add(self, kind: str, cell: MatrixCell, spans: list[tuple[int, int]] | None = None) -> None:
        """Count a cell. `spans` are the labelled answers; None if their place is not known."""
        self.statuses[kind][cell.status] += 1
        cited = cell.citation
        if spans and cited is not None:
            self.quoted += 1
            self.right += any(cited.start < end and start < cited.end for start, end in spans)

    def row(self) -> dict[str, Any]:
        """Return the figures."""
        speaks, silent, other = (self.statuses[kind] for kind in KINDS)
        none = speaks["abstained"] + silent["abstained"]
        doubtful = none + speaks["unsure"] + silent["unsure"]
        return {
            "statuses": {kind: dict(counted) for kind, counted in self.statuses.items()},
            "no mention, precision": _share(silent["abstained"], none),
            "no mention, recall": _share(silent["abstained"], silent.total()),
            "no mention or not sure, precision": _share(silent["abstained"] + silent["unsure"], doubtful),
            "no mention or not sure, recall": _share(silent["abstained"] + silent["unsure"], silent.total()),
            "no mention in another document": _share(other["abstained"], other.total()),
            "answered cells that are not silent": _share(speaks.total() - speaks["abstained"], speaks.total()),
            "right quotations": _share(self.right, self.quoted),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def public(folder: Path, most: int) -> Tally:
    """Ask the questions of a public set, each of its own document and of another one."""
    corpus, questions = (
        [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("corpus.jsonl", "qa.jsonl")
    )
    chance, tally = random.Random(7), Tally()
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library", Settings()) as library:
        ids = {line["id"]: hashlib.sha256(line["id"].encode()).hexdigest() for line in corpus}
        shifts = {line["id"]: len(line["text"]) - len(line["text"].lstrip()) for line in corpus}
        library.add_documents(
            [
                Document(ids[line["id"]], line["id"], line["title"], "", "", "text/plain", line["text"].strip(), ())
                for line in corpus
            ]
        )
        held = {info.id for info in library.documents()}
        known = [line for line in questions if ids[line["doc_id"]] in held]
        chance.shuffle(known)
        answerable = [line for line in known if line["answerable"]][:most]
        for line in answerable:
            spans = _spans(line, shifts[line["doc_id"]])
            tally.add("answerable", _cell(library, line["question"], ids[line["doc_id"]]), spans)
            others = [name for name in ids if _page(name) != _page(line["doc_id"]) and ids[name] in held]
            tally.add("other document", _cell(library, line["question"], ids[chance.choice(others)]))
        for line in [line for line in known if not line["answerable"]][:most]:
            tally.add("unanswerable", _cell(library, line["question"], ids[line["doc_id"]]))
    return tally


def _cell(library: Library, question: str, document: str) -> MatrixCell:
    return library.matrix([question], documents=[document])[0].cells[0]


def _page(name: str) -> str:
    """Return the article of a paragraph of SQuAD."""
    return name.partition("#")[0]


def _spans(line: dict[str, Any], shift: int) -> list[tuple[int, int]]:
    """Return the labelled answers; the place of words that occur more than once is a guess, and left out."""
    sure = [answer for answer in line["answers"] if answer.get("n_occurrences", 1) == 1]
    return [(answer["start"] - shift, answer["start"] - shift + len(answer["text"])) for answer in sure]


def seeds() -> dict[str, Any]:
    """Ask the seeds' questions of all seeds; return the figures, the disagreements with `ask`, and the time."""
    lines = [json.loads(line) for line in (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    tally, disagreements = Tally(), 0
    with tempfile.TemporaryDirectory() as place, Library.open(Path(place) / "library", Settings()) as library:
        library.add(sorted(SEEDS.glob("[01]*")))
        library.ask(lines[0]["question"])  # loads the models
        began = perf_counter()
        library.matrix([line["question"] for line in lines[:TIMED]])
        seconds = perf_counter() - began
        matrix = library.matrix([line["question"] for line in lines])
        for row in matrix:
            text = library.document(row.document.id).text
            for line, cell in zip(lines, row.cells, strict=True):
                answer = library.ask(line["question"], documents=[row.document.id])
                disagreements += cell.status != answer.status
                if not line["answerable"]:
                    tally.add("unanswerable", cell)
                elif Path(row.document.source).name == line["document"]:
                    start = text.find(line["quote"])
                    tally.add("answerable", cell, [(start, start + len(line["quote"]))] if start >= 0 else None)
    cells = len(matrix) * len(lines)
    timed = {"documents": len(matrix), "questions": TIMED, "seconds": round(seconds, 1)}
    return {**tally.row(), "cells": cells, "disagreements with ask": disagreements, "time": timed}


def main() -> None:
    """Print the figures of all sets, and write them as JSON if told to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, help="the folder of the public sets")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="questions of each kind and set")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    options = parser.parse_args()
    figures: dict[str, Any] = {"seeds": seeds()}
    print("seeds", json.dumps(figures["seeds"], indent=1), flush=True)
    for name in SETS if options.sets else ():
        figures[name] = public(options.sets / name, options.questions).row()
        print(name, json.dumps(figures[name], indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
