"""What each part of the ranking is worth: `python -m benchmarks.ablation --sets DIR --kept DIR`.

`--sets` holds public sets in BEIR's format, `--kept` the libraries that `pincite eval SET --keep KEPT/SET` made of
them. One part at a time is taken away or exchanged, and the same questions are asked again: nDCG@10, for SQuAD MRR@10.
Only what is done at question time can be exchanged here, and what the lexical index is made of, which is quick to make
again; nothing is encoded but questions.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import ir_measures

from benchmarks.machine import report
from index import Library
from index.encoding import load_encoder
from index.evaluate.ranking import ranked
from index.evaluate.sets import read_set
from index.retrieval import scoring, searching, sides
from index.settings import Settings
from index.storage import analysis, lexical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from index.encoding import Vectors
    from index.evaluate.sets import EvaluationSet
    from index.records import Mode

DEPTH = 40
"""Passages that make up a ranking: enough for ten documents."""
SETTINGS = Settings(max_question_characters=10_000)
RANK_CONSTANT = 60
"""The constant of reciprocal rank fusion, as its authors have it (Cormack, Clarke and Büttcher, 2009)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--only", action="append", help="a set's name; repeatable; by default all that are kept")
    parser.add_argument("--questions", type=int, default=250, help="at most so many of each set, evenly spread")
    parser.add_argument("--json")
    options = parser.parse_args()
    names = options.only or sorted(path.name for path in options.kept.iterdir() if (path / "catalog.db").exists())
    given = [each for name in names if (each := read_set(options.sets / name)).judgements]
    encoder = _Remembering(load_encoder(SETTINGS))
    rows: list[dict[str, Any]] = []
    for name, mode, change, rebuilt in _variants():
        row: dict[str, Any] = {"variant": name}
        for each in given:
            with change(), _library(options.kept / each.name, encoder, rebuilt=rebuilt) as library:
                row[each.name] = _measure(library, each, mode, options.questions)
        row["mean"] = sum(row[each.name] for each in given) / len(given)
        rows.append(row)
        print({key: round(value, 4) if key != "variant" else value for key, value in row.items()}, flush=True)
    for row in rows[1:]:
        row["to all parts"] = row["mean"] - rows[0]["mean"]
    report("Ablation: nDCG@10, SQuAD MRR@10", rows, options.json)


def _variants() -> Iterator[tuple[str, Mode, Callable[[], Any], bool]]:
    """Name, mode, what is changed meanwhile, and whether the lexical index has to be made again for it."""
    yield "all parts", "hybrid", _changed(), False
    yield "dense side alone", "dense", _changed(), False
    yield "lexical side alone", "lexical", _changed(), False
    yield (
        "fusion by min-max, half and half",
        "hybrid",
        _changed((sides, "fuse", _min_max), (scoring, "fuse", _min_max)),
        False,
    )
    yield "fusion by reciprocal ranks", "hybrid", _changed((sides, "fuse", _ranks), (scoring, "fuse", _ranks)), False
    for share in (0.5, 0.7):
        yield f"dense share {share}", "hybrid", _changed((scoring, "DENSE_SHARE", share)), False
    yield "no sentence in the dense side", "hybrid", _changed((scoring, "SENTENCE_SHARE", 0.0)), False
    yield "no evidence beside the fused score", "hybrid", _changed((scoring, "EVIDENCE_SHARE", 0.0)), False
    yield "neither", "hybrid", _changed((scoring, "SENTENCE_SHARE", 0.0), (scoring, "EVIDENCE_SHARE", 0.0)), False
    yield "evidence share 0.6", "hybrid", _changed((scoring, "EVIDENCE_SHARE", 0.6)), False
    yield "20 passages weighed, not 30", "hybrid", _changed((searching, "WEIGHED", 20)), False
    yield "BM25 of the passage alone", "hybrid", _changed((lexical, "_FIELDS", {"text": 1.0})), False
    yield "BM25 with neighbours alone", "hybrid", _changed((lexical, "_FIELDS", {"context": 1.0})), False
    yield "codes as they are written only", "hybrid", _changed((analysis, "_PART", re.compile("(?!)"))), True
    yield "idle words searched, too", "hybrid", _changed((analysis, "_IDLE", frozenset())), False
    yield (
        "each word of the question once",
        "hybrid",
        _changed((analysis, "asked_terms", lambda q: list(analysis.asked(q)))),
        False,
    )


def _changed(*changes: tuple[Any, str, object]) -> Callable[[], Any]:
    """Exchanges these names of these modules, for as long as what it makes is held."""

    @contextmanager
    def change() -> Iterator[None]:
        with ExitStack() as stack:
            for module, name, value in changes:
                stack.enter_context(patch.object(module, name, value))
            analysis._STEMMED.clear()
            yield
        analysis._STEMMED.clear()

    return change


@contextmanager
def _library(kept: Path, encoder: _Remembering, *, rebuilt: bool) -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as folder:
        if rebuilt:
            shutil.copy(kept / "catalog.db", folder)
        with Library.open(Path(folder) if rebuilt else kept, SETTINGS, encoder=encoder, create=False) as library:
            yield library


def _measure(library: Library, given: EvaluationSet, mode: Mode, most: int) -> float:
    tasks = given.tasks[:: max(1, len(given.tasks) // most)]
    rankings: dict[str, dict[str, float]] = {}
    for task in tasks:
        found = library.search(task.text, limit=DEPTH, mode=mode, plain=True)
        hits = [each for hit in found for each in (hit, *hit.also)]
        rankings |= dict.fromkeys(task.queries, ranked(hits))
    judgements = {query: given.judgements[query] for query in rankings}
    measure = ir_measures.RR @ 10 if given.name.startswith("squad") else ir_measures.nDCG @ 10
    return float(ir_measures.calc_aggregate([measure], judgements, rankings)[measure])


def _min_max(dense: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    def scaled(scores: Mapping[int, float]) -> dict[int, float]:
        least, most = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        return {each: (score - least) / ((most - least) or 1.0) for each, score in scores.items()}

    one, two = scaled(dense), scaled(other)
    return scoring.in_order({each: (one.get(each, 0.0) + two.get(each, 0.0)) / 2 for each in {**dense, **other}})


def _ranks(dense: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    fused: dict[int, float] = {}
    for side in (dense, other):
        for rank, each in enumerate(scoring.in_order(side), 1):
            fused[each] = fused.get(each, 0.0) + (RANK_CONSTANT + 1) / (RANK_CONSTANT + rank) / 2
    return scoring.in_order(fused)


class _Remembering:
    """An encoder that encodes each question once."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._questions: dict[str, Vectors] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_question(self, question: str) -> Vectors:
        if question not in self._questions:
            self._questions[question] = self._encoder.encode_question(question)
        return self._questions[question]


if __name__ == "__main__":
    main()
