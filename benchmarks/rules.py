"""What the remaining rules for words are worth: `python -m benchmarks.rules FOLDER… [--libraries FOLDER]`.

The questions of `benchmarks.unseen` are asked with all rules, and then once without each family of rules. The table has
the number of questions whose first pin, first quotation and whole answer are right, and of those that were answered,
rightly or wrongly. A family that is worth nothing on questions that it was not written for should go.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from benchmarks.measuring import report_tables
from benchmarks.unseen import rate
from index import Library, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FAMILIES: dict[str, dict[str, Any]] = {
    "none": {},
    "the reader": {"index.encoders.answer_reader.load_reader": lambda _: None},
    "three hits read, not one": {"index.search.readings.FIRST_READ": 1, "index.search.readings.MOST_READ": 1},
    "six hits read in doubt": {"index.search.readings.MOST_READ": 3},
    "shared words in pins": {"index.search.evidence.PIN_OVERLAP_SHARE": 0.0},
    "order within documents": {"index.search.retriever.reorder_within_documents": lambda scores, _: scores},
    "cells": {"index.search.retriever.find_cell": lambda *_: None},
    "spelling": {"index.search.corrections.correct": lambda question, _: (question, ())},
    "other forms of words": {"index.search.fusion.other_forms": lambda _: ""},
    "lists": {"index.answers.extractive._Quoter._needed_list": lambda *_: None},
    "neighbours that answer, too": {"index.answers.extractive.JOIN_LOGIT": float("inf")},
    "antecedents": {"index.answers.context.Context.with_antecedents": lambda _, run: run},
    "sentences that take back": {"index.answers.context.Context.with_qualifier": lambda _, run: run},
    "further sentences": {"index.answers.extractive._Quoter._adds": lambda *_: False},
    "disagreements": {"index.answers.extractive._Quoter._otherwise": lambda *_: None},
    "parts of a question": {"index.library.answerer.Answerer._part_hits": lambda *_, **__: []},
}
"""Each family of rules with the names that turn it off."""


def main() -> None:
    """Ask all questions with each family turned off, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--libraries", type=Path, help="keep the libraries in this folder and reuse them")
    parser.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = list(measured(options.folders, options.libraries or Path(temporary), options.only))
    report_tables({"rules": rows}, options.json)


def measured(folders: Sequence[Path], libraries: Path, families: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each family of rules."""
    for family in families:
        rated: list[Mapping[str, Any]] = []
        for folder in folders:
            with Library.open(libraries / folder.name, Settings()) as library, ExitStack() as stack:
                library.add([folder / "files"])
                for name, value in FAMILIES[family].items():
                    stack.enter_context(patch(name, value))
                lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
                rated += [row for line in lines for row in rate(library, json.loads(line))]
        counts = {name: sum(bool(row[name]) for row in rated) for name in ("pin", "right", "whole", "answered")}
        wrong = sum(row["answered"] and not row["right"] for row in rated)
        yield {"without": family, "questions": len(rated), **counts, "answered wrong": wrong}


if __name__ == "__main__":
    main()
