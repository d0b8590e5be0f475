"""Measures the contribution of each part of the ranking: `python -m benchmarks.ablation --sets DIR --kept DIR`.

`--sets` holds public sets in BEIR's format. `--kept` holds the libraries that `pincite eval SET --keep KEPT/SET` made
of them. The program removes or replaces one part at a time and asks the same questions again. It measures nDCG@10, and
MRR@10 for SQuAD. It can replace the parts that act at question time, and the content of the lexical index, which is
quick to build. It encodes only questions.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import ir_measures

from benchmarks.machine import report
from index import Library
from index.encoders.encoder import load_encoder
from index.plugins.evaluation.measures import ranked
from index.plugins.evaluation.sets import read_set
from index.search import fusion, retriever
from index.settings import Settings
from index.storage.lexical import queries as lexical
from index.text import words as terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from index.encoders.encoder import Vectors
    from index.plugins.evaluation.sets import EvaluationSet
    from index.records import Mode

DEPTH = 40
"""The number of passages in a ranking, which is enough for ten documents."""
SETTINGS = Settings(max_question_characters=10_000)
RANK_CONSTANT = 60
"""The constant of reciprocal rank fusion that its authors used (Cormack, Clarke and Büttcher, 2009)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, required=True)
    parser.add_argument("--kept", type=Path, required=True)
    parser.add_argument("--only", action="append", help="the name of a set; repeatable; all sets in --kept by default")
    parser.add_argument(
        "--questions", type=int, default=250, help="the maximum number of questions per set, evenly spread"
    )
    parser.add_argument("--json")
    options = parser.parse_args()
    names = options.only or sorted(path.name for path in options.kept.iterdir() if (path / "catalog.db").exists())
    sets = [evaluation_set for name in names if (evaluation_set := read_set(options.sets / name)).judgements]
    encoder = _QuestionCache(load_encoder(SETTINGS))
    rows: list[dict[str, Any]] = []
    for variant in variants():
        row: dict[str, Any] = {"variant": variant.name}
        for evaluation_set in sets:
            with (
                exchanged(variant),
                _library(options.kept / evaluation_set.name, encoder, rebuilt=variant.rebuilt) as library,
            ):
                row[evaluation_set.name] = _measure(library, evaluation_set, variant.mode, options.questions)
        row["mean"] = sum(row[evaluation_set.name] for evaluation_set in sets) / len(sets)
        rows.append(row)
        print({key: round(value, 4) if key != "variant" else value for key, value in row.items()}, flush=True)
    for row in rows[1:]:
        row["to all parts"] = row["mean"] - rows[0]["mean"]
    report("Ablation: nDCG@10, SQuAD MRR@10", rows, options.json)


@dataclass(frozen=True, slots=True)
class Variant:
    """The ranking with one part removed or replaced."""

    name: str
    changes: tuple[tuple[Any, str, object], ...] = ()
    """For each replacement: the module, the name in it, and the temporary value."""
    mode: Mode = "hybrid"
    rebuilt: bool = False
    """Whether the variant needs a rebuilt lexical index."""


def variants() -> Iterator[Variant]:
    """Yield all variants, beginning with the whole ranking."""
    yield Variant("all parts")
    yield Variant("dense side alone", mode="dense")
    yield Variant("lexical side alone", mode="lexical")
    yield Variant("fusion by min-max, half and half", _fuse_with(_min_max))
    yield Variant("fusion by reciprocal ranks", _fuse_with(_ranks))
    for share in (0.5, 0.7):
        yield Variant(f"dense share {share}", ((fusion, "DENSE_SHARE", share),))
    no_sentence, no_evidence = (fusion, "SENTENCE_SHARE", 0.0), (fusion, "EVIDENCE_SHARE", 0.0)
    yield Variant("no sentence in the dense side", (no_sentence,))
    yield Variant("no evidence beside the fused score", (no_evidence,))
    yield Variant("neither", (no_sentence, no_evidence))
    yield Variant("evidence share 0.6", ((fusion, "EVIDENCE_SHARE", 0.6),))
    yield Variant("20 passages weighed, not 30", ((retriever, "WEIGHED_CANDIDATES", 20),))
    yield Variant("BM25 of the passage alone", ((lexical, "_FIELDS", {"text": 1.0}),))
    yield Variant("BM25 with neighbours alone", ((lexical, "_FIELDS", {"context": 1.0}),))
    yield Variant("codes as they are written only", ((terms, "_PART", re.compile("(?!)")),), rebuilt=True)
    yield Variant("stop words searched, too", ((terms, "STOP_WORDS", frozenset()),))
    once = (terms, "repeated_question_terms", lambda question: tuple(terms.question_terms(question)))
    yield Variant("each word of the question once", (once,))


_QUESTION_CACHES = (terms.question_terms, terms.repeated_question_terms)
"""Caches of the terms of a question, which some variants change."""


def _fuse_with(fuse: Callable[..., Any]) -> tuple[tuple[Any, str, object], ...]:
    return ((fusion, "fuse", fuse),)


@contextmanager
def exchanged(variant: Variant) -> Iterator[None]:
    """Apply the replacements of a variant inside the `with` block."""
    with ExitStack() as stack:
        for module, name, value in variant.changes:
            stack.enter_context(patch.object(module, name, value))
        _clear_term_caches()
        yield
    _clear_term_caches()


def _clear_term_caches() -> None:
    terms._STEMMED.clear()
    for cached in _QUESTION_CACHES:
        cached.cache_clear()


@contextmanager
def _library(kept: Path, encoder: _QuestionCache, *, rebuilt: bool) -> Iterator[Library]:
    with tempfile.TemporaryDirectory() as folder:
        if rebuilt:
            shutil.copy(kept / "catalog.db", folder)
        with Library.open(Path(folder) if rebuilt else kept, SETTINGS, encoder=encoder, create=False) as library:
            yield library


def _measure(library: Library, evaluation_set: EvaluationSet, mode: Mode, most: int) -> float:
    tasks = evaluation_set.tasks[:: max(1, len(evaluation_set.tasks) // most)]
    rankings: dict[str, dict[str, float]] = {}
    for task in tasks:
        found = library.search(task.text, limit=DEPTH, mode=mode, plain=True)
        hits = [passage_hit for hit in found for passage_hit in (hit, *hit.also)]
        rankings |= dict.fromkeys(task.queries, ranked(hits))
    judgements = {query: evaluation_set.judgements[query] for query in rankings}
    measure = ir_measures.RR @ 10 if evaluation_set.name.startswith("squad") else ir_measures.nDCG @ 10
    return float(ir_measures.calc_aggregate([measure], judgements, rankings)[measure])


def _min_max(dense: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    def scaled(scores: Mapping[int, float]) -> dict[int, float]:
        least, most = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
        return {passage: (score - least) / ((most - least) or 1.0) for passage, score in scores.items()}

    scaled_dense, scaled_other = scaled(dense), scaled(other)
    return fusion.sort_scores(
        {
            passage: (scaled_dense.get(passage, 0.0) + scaled_other.get(passage, 0.0)) / 2
            for passage in {**dense, **other}
        }
    )


def _ranks(dense: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    fused: dict[int, float] = {}
    for side in (dense, other):
        for rank, passage in enumerate(fusion.sort_scores(side), 1):
            fused[passage] = fused.get(passage, 0.0) + (RANK_CONSTANT + 1) / (RANK_CONSTANT + rank) / 2
    return fusion.sort_scores(fused)


class _QuestionCache:
    """An encoder that caches the vectors of questions."""

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
