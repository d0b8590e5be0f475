"""Fits and tests the confidence that the documents hold an answer: `python -m benchmarks.confidence`.

The program also measures the effect of the reader. `--sets` and `--kept` are those of `benchmarks.ablation`; the
program also makes small libraries in `--kept`. It asks each library its own questions, questions that its pages nearly
answer (SQuAD, ClapNQ), and questions of other sets. Articles, pages and papers are divided into two halves.
Coefficients fitted on each half are tested on the other, so that no figure comes from data that it was fitted to. The
shipped coefficients are fitted on both halves. The reader was not trained on any of these questions.
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from benchmarks.curve import risk_coverage
from benchmarks.logistic import auroc, calibration_error, fit, predict
from benchmarks.machine import report
from benchmarks.near_misses import OWN, SIZES, ask_small_libraries, ask_whole_set, our_questions, questions
from index import Library
from index.encoders.encoder import load_encoder
from index.search.confidence import (
    DEFAULT,
    DOUBTED_CONFIDENCE,
    MEANING,
    NAMES,
    READER,
    UNREAD,
    WORDS_ALONE,
    WORDS_UNREAD,
    is_doubted,
)
from index.settings import Settings
from index.storage.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.near_misses import Case, Kind, Question
    from index.storage.protocol import Readiness

    Floats = np.ndarray[Any, np.dtype[np.float64]]

OURS = "asked"
"""Our held-out questions on free texts, and their library in `--kept`, which is made from the collections in `--files`
if it is missing."""
SETS = ("squad_v2", "clapnq", "covidqa", "scifact", "cran", OURS)
PAGE_WEIGHTS = {True: 0.95, False: 0.2}
"""The weight of all near misses of a library and size, by whether the reader takes part; its foreign questions have
the rest. The weight is lower without the reader, because only the reader recognizes many near misses: those that cannot
be recognized only lower all confidence. Together with OWN_WEIGHTS it was chosen so that at the default bars just under
half of SQuAD's near misses are answered."""
OWN_WEIGHTS = {True: 1.7, False: 1.3}
"""The weight of its own questions, by whether the reader takes part: people mostly ask what their documents say."""
TIMED = 40
MOST = 400
"""The maximum number of questions of a kind that a whole set is asked."""
_refresh = FolderStore.refresh


def _without_words(store: FolderStore, **options: Any) -> Readiness:
    return replace(_refresh(store, **options), passages=1, lacks_words=1)


LOST: dict[str, dict[str, Any]] = {
    "nothing": {},
    "words": {
        "refresh": _without_words,
        "lexical": lambda *_, **__: {},
        "lexical_scores": lambda *_, **__: {},
        "holding": lambda *_, **__: [],
    },
    "vectors": {"dense": lambda *_, **__: {}},
}
"""The methods that replace those of the store, by the index that is lost."""
TABLES = {
    "DEFAULT": NAMES,
    "UNREAD": tuple(name for name in NAMES if name not in READER),
    "WORDS_ALONE": tuple(name for name in NAMES if name not in MEANING),
    "WORDS_UNREAD": tuple(name for name in NAMES if name not in (*MEANING, *READER)),
}
"""The signals in each table of `index.search.confidence`."""
WITHOUT = {name: "WORDS_UNREAD" if name.startswith("WORDS") else "UNREAD" for name in TABLES}
"""The table for cases that the reader has not read, by the table for the others."""
SHIPPED = {"DEFAULT": DEFAULT, "UNREAD": UNREAD, "WORDS_ALONE": WORDS_ALONE, "WORDS_UNREAD": WORDS_UNREAD}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--only", action="append", help="the name of a set; repeatable; all six by default")
    parser.add_argument("--files", type=Path, help="the FILES of `training.manuals`, for the library of our questions")
    parser.add_argument(
        "--most", type=int, default=MOST, help="the maximum number of questions of a kind per whole set"
    )
    parser.add_argument("--lost", choices=LOST, default="nothing")
    parser.add_argument("--cases", type=Path, help="keep the questions and their signals in this file and reuse it")
    parser.add_argument("--picture", type=Path, help="draw the risk-coverage curve into this .svg file")
    parser.add_argument("--json")
    options = parser.parse_args()
    names = options.only or list(SETS)
    everything = {name: questions(options.sets / name) for name in names if name != OURS}
    if OURS in names:
        everything[OURS] = our_questions(options.kept / OURS, options.files)
    with ExitStack() as patches:
        for method, replacement in LOST[options.lost].items():
            patches.enter_context(patch.object(FolderStore, method, replacement))
        read, unread = _cases(options, everything)
    tables = {name: _fitted(read, signals) for name, signals in TABLES.items()}
    for name, coefficients in tables.items():
        print(f"{name} = {coefficients}")
    bars = Settings().bar, Settings().unsure_bar
    rows = [
        row for name, signals in TABLES.items() for row in _whole_sets(name, read, _cross_fitted(read, signals), bars)
    ]
    report("Confidence, each half of the articles with coefficients fitted on the other", rows, options.json)
    shipped = {name: _confidences(read, SHIPPED[name], SHIPPED[WITHOUT[name]]) for name in TABLES}
    rows = [row for name, known in shipped.items() for row in _whole_sets(name, read, known, bars)]
    report("The shipped coefficients, on all questions", rows)
    report("The same by the number of documents", _sizes(read, _cross_fitted(read, NAMES), bars))
    report("Pins and quotations, without the reader and with it", _right_shares({"off": unread, "on": read}))
    report("Milliseconds of a question (median)", list(_times(options.kept, everything)))
    if options.picture:
        known = _cross_fitted(read, NAMES)
        kinds = np.array([case.kind for case in read])
        picture = risk_coverage(known[kinds == "own"], known[kinds == "foreign"])
        options.picture.write_text(picture, encoding="utf-8")


def _cases(options: argparse.Namespace, everything: dict[str, list[Question]]) -> tuple[list[Case], list[Case]]:
    """Return the cases with the reader, and those of whole sets without it, to compare pins and quotations."""
    if options.cases and options.cases.exists():
        read, unread = pickle.loads(options.cases.read_bytes())
        return read, unread
    plain = Settings(max_question_characters=10_000)
    without = plain.model_copy(update={"reader": False})
    encoder = load_encoder(plain)
    read, unread = [], []
    for name in everything:
        read += ask_whole_set(options.kept, name, everything, plain, options.most)
        unread += ask_whole_set(options.kept, name, everything, without, options.most, kinds=OWN)
        if name in SIZES:
            read += ask_small_libraries(options.sets, options.kept, name, everything, plain, encoder)
        print(f"{name}: {len(read)} questions asked so far", file=sys.stderr, flush=True)
    if options.cases:
        options.cases.write_bytes(pickle.dumps((read, unread)))
    return read, unread


def _rows(cases: Iterable[Case]) -> list[dict[str, float]]:
    return [case.signals for case in cases]


def _fitted(cases: Sequence[Case], names: Sequence[str]) -> dict[str, float]:
    """Return the coefficients of a fit in which all sets and sizes have the same weight.

    With the reader's signals, the fit uses only cases that the reader has read: it does not read hopeless cases.
    """
    if set(READER) <= set(names):
        cases = [case for case in cases if READER[0] in case.signals]
    positive = np.array([float(case.kind == "own") for case in cases])
    return fit(_rows(cases), positive, _weights(cases, read=set(READER) <= set(names)), names)


def _weights(cases: Sequence[Case], *, read: bool) -> Floats:
    page, own = PAGE_WEIGHTS[read], OWN_WEIGHTS[read]
    groups = [(case.set, _class(case), case.kind) for case in cases]
    counts = {group: groups.count(group) for group in set(groups)}
    paged = {group[:2] for group in counts if group[2] == "page"}

    def weight(group: tuple[str, str, Kind]) -> float:
        shares = {"own": own, "page": page, "foreign": 1 - page if group[:2] in paged else 1.0}
        return shares[group[2]] / counts[group]

    return np.array([weight(group) for group in groups])


def _class(case: Case) -> str:
    """Return the size of the library as the tables show it."""
    return str(case.size) if case.size in (1, 8, 50) else "all"


def _cross_fitted(cases: Sequence[Case], names: Sequence[str]) -> Floats:
    """Return the confidence of each case, by coefficients fitted on the other half."""
    result = np.zeros(len(cases))
    for half in (0, 1):
        inside = np.array([case.fold == half for case in cases])
        others = [case for case in cases if case.fold != half]
        tables = _fitted(others, names), _fitted(others, [name for name in names if name not in READER])
        result[inside] = _confidences([case for case in cases if case.fold == half], *tables)
    return result


def _confidences(cases: Sequence[Case], table: Mapping[str, float], unread: Mapping[str, float]) -> Floats:
    """Return the confidence of each case, by `unread` if the reader has not read it, otherwise by `table`."""
    was_read = np.array([READER[0] in case.signals for case in cases])
    doubted = np.array([READER[1] in table and is_doubted(case.signals) for case in cases])
    known = np.where(was_read, predict(_rows(cases), table), predict(_rows(cases), unread))
    return np.where(doubted, np.minimum(known, DOUBTED_CONFIDENCE), known)


def _whole_sets(name: str, cases: Sequence[Case], known: Floats, bars: tuple[float, float]) -> Iterator[dict[str, Any]]:
    """Yield for each whole set the AUROC of own questions against others, and the shares of each kind at the bars.

    `AUROC wrong` is that of own questions whose first quotation is right against the others.
    """
    for set_name in dict.fromkeys(case.set for case in cases):
        groups = {
            kind: known[[case.set == set_name and case.kind == kind and _class(case) == "all" for case in cases]]
            for kind in ("own", "page", "foreign")
        }
        if len(groups["own"]):
            row = {"coefficients": name, "library": set_name, **_figures(groups, bars)}
            own = np.array([case.set == set_name and case.kind == "own" and _class(case) == "all" for case in cases])
            right = np.array([case.right.get("first quotation", True) for case in cases])
            yield {**row, "AUROC wrong": "" if right[own].all() else auroc(known[own & right], known[own & ~right])}


def _figures(groups: dict[str, Floats], bars: tuple[float, float]) -> dict[str, Any]:
    bar, low = bars
    row: dict[str, Any] = {"own": len(groups["own"])}
    for kind in ("page", "foreign"):
        row[f"AUROC {kind}"] = auroc(groups["own"], groups[kind]) if len(groups[kind]) else ""
    for kind, values in groups.items():
        shares = f"{(values >= bar).mean():.3f} / {(values >= low).mean():.3f}" if len(values) else ""
        row[f"{kind}: answered / or unsure"] = shares
    positive = np.concatenate([np.ones(len(groups["own"])), np.zeros(len(groups["foreign"]))])
    values = np.concatenate([groups["own"], groups["foreign"]])
    row["calibration error"] = calibration_error(values, positive, np.ones(len(values)))
    return row


def _sizes(cases: Sequence[Case], known: Floats, bars: tuple[float, float]) -> list[dict[str, Any]]:
    rows = []
    for set_name, size in dict.fromkeys((case.set, _class(case)) for case in cases):
        groups = {
            kind: known[[(case.set, _class(case), case.kind) == (set_name, size, kind) for case in cases]]
            for kind in ("own", "page", "foreign")
        }
        rows.append(
            {
                "library": set_name,
                "documents": size,
                "mean of own": float(groups["own"].mean()),
                **_figures(groups, bars),
            }
        )
    return rows


def _right_shares(runs: dict[str, list[Case]]) -> list[dict[str, Any]]:
    rows = []
    for reader, cases in runs.items():
        for name in dict.fromkeys(case.set for case in cases):
            some = [case for case in cases if case.set == name and case.right and _class(case) == "all"]
            if some:
                shares = {place: float(np.mean([case.right[place] for case in some])) for place in some[0].right}
                rank = float(np.mean([case.reciprocal_rank for case in some]))
                rows.append({"reader": reader, "library": name, "questions": len(some), **shares, "MRR": rank})
    return rows


def _times(kept: Path, everything: dict[str, list[Question]]) -> Iterator[dict[str, Any]]:
    """Yield the times of search and ask, alternately without the reader and with it."""
    for name, some in everything.items():
        opened = [Settings(max_question_characters=10_000, reader=reader) for reader in (False, True)]
        times: dict[str, list[float]] = {}
        with ExitStack() as stack:
            libraries = [stack.enter_context(Library.open(kept / name, settings, create=False)) for settings in opened]
            for question in some[:TIMED]:
                for library, reader in zip(libraries, ("off", "on"), strict=True):
                    for method in ("search", "ask"):
                        began = perf_counter()
                        getattr(library, method)(question.text)
                        times.setdefault(f"{method}, reader {reader}", []).append((perf_counter() - began) * 1000)
        yield {
            "library": name,
            **{
                operation: statistics.median(milliseconds[5:] or milliseconds)
                for operation, milliseconds in times.items()
            },
        }


if __name__ == "__main__":
    main()
