"""Measures the latency and recall of warm questions at several library sizes: `python -m benchmarks.search`.

The libraries are given (`--library`, repeatable) or made from those that `pincite eval --keep` kept (`--base DIR --into
DIR --passages N`, see `benchmarks.enlarging`). The program measures each library in a separate process: every way to
ask with one client and with eight clients, with one client while another process adds documents, and stage by stage
beside a lower bound (the floor), which is one encoding of the question and one dense search. The ways alternate,
question by question, because the speed of a machine drifts. No answer is cached; the files are in the system's cache.
Recall is that of the dense index against all vectors of the catalog.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.changing import background_additions
from benchmarks.enlarging import ENCODED, Maker, caption, enlarge
from benchmarks.measuring import memory, quantiles, read_questions, report_tables, run_in_new_process, warm_cache
from index import Library
from index.encoders.encoder import SentenceTransformerEncoder
from index.records import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Vectors

    Times = dict[str, list[float]]

WARM = 20
"""The number of questions that are asked before the timing starts."""
LIMIT = 10
NEAREST = (10, CANDIDATES)
"""The numbers of nearest passages for which the recall is measured."""
CLIENTS = 8
_SIZE, _WAY, _WHO = "passages", "way to ask", "clients"
_TIE = 1e-6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, action="append", default=[], help="a library; repeatable")
    parser.add_argument(
        "--base", type=Path, action="append", default=[], help="a library from which others are made; repeatable"
    )
    parser.add_argument("--into", type=Path, help="the folder of the made libraries")
    parser.add_argument(
        "--passages", type=int, action="append", default=[], help="the number of passages of a made library; repeatable"
    )
    parser.add_argument(
        "--encoded", type=int, default=ENCODED, help="the number of its passages that the encoder encodes"
    )
    parser.add_argument("--questions", type=Path, action="append", required=True, help="a queries.jsonl; repeatable")
    parser.add_argument("--ask", type=int, default=300, help="the number of questions")
    parser.add_argument("--json")
    options = parser.parse_args()
    made_folders = [options.into / str(passages) for passages in options.passages]
    if made_folders:
        run_in_new_process(_make, options.base, made_folders, options.passages, options.encoded)
    questions = read_questions(options.questions, options.ask)
    times, found, stages = [], [], []
    for folder in [*options.library, *made_folders]:
        latencies, state, parts = run_in_new_process(_measure, folder, questions)
        times += latencies
        found.append(state)
        stages += parts
    title = f"Search: {len(questions)} questions, {LIMIT} hits"
    tables = {title: times, "Search: recall and memory": found, "Search: stages, one client": stages}
    report_tables(
        tables, options.json, [_growth(times), *dict.fromkeys(map(caption, [*options.library, *made_folders]))]
    )


def _make(bases: Sequence[Path], folders: Sequence[Path], sizes: Sequence[int], encoded: int) -> None:
    maker = Maker(bases, SentenceTransformerEncoder(), encoded=encoded)
    for folder, passages in zip(folders, sizes, strict=True):
        enlarge(maker, folder, passages)


def _measure(folder: Path, questions: Sequence[str]) -> tuple[list[dict[str, Any]], dict[str, Any], list[Any]]:
    """Return the rows of three tables: latencies, recall with memory, and stages."""
    warm_cache(folder)
    with Library.open(folder, create=False) as library:
        size = {_SIZE: library.stats().passages}
        ways = _ways(library)
        for question in questions[:WARM]:
            for ask in ways.values():
                ask(question)
        one_client = _time_in_turn(ways, questions)
        alone_mb = memory()
        several_clients = {way: _time_concurrently(ask, questions) for way, ask in ways.items()}
        crowd_mb = memory()
        stages = _stages(library, questions)
        with background_additions(folder) as added:
            busy = _time_in_turn(ways, questions)
        busy_mb = memory()
        vectors = [library.encoder().encode_question(question) for question in questions]
        recall = _recall(library, vectors)
    by_clients = {"one": one_client, f"{CLIENTS} at once": several_clients, "one, while another process adds": busy}
    rows = [
        {**size, _WAY: way, _WHO: name, **quantiles(values)}
        for name, times in by_clients.items()
        for way, values in times.items()
    ]
    state = {
        **size,
        **{f"recall@{k}": share for k, share in recall.items()},
        **alone_mb,
        f"RSS MB, {CLIENTS} clients": crowd_mb["RSS MB"],
        "RSS MB, while adding": busy_mb["RSS MB"],
        "documents added": added.documents,
        "s each, their encoding included": float(np.median(added.seconds)),
    }
    return rows, state, [{**size, **row} for row in _stage_rows(stages)]


def _ways(library: Library) -> dict[str, Callable[[str], object]]:
    return {
        "dense side": lambda question: library.search(question, limit=LIMIT, mode="dense", plain=True),
        "lexical side": lambda question: library.search(question, limit=LIMIT, mode="lexical", plain=True),
        "search": lambda question: library.search(question, limit=LIMIT, plain=True),
        "ask": lambda question: library.ask(question, limit=LIMIT),
    }


def _time_in_turn(ways: dict[str, Callable[[str], object]], questions: Sequence[str]) -> Times:
    """Return the milliseconds of each way; each question is asked in all ways, in random order.

    The order is random because the vectors of earlier ways push the encoder's weights out of the processor's cache.
    """
    times: Times = defaultdict(list)
    rng = random.Random(0)
    for question in questions:
        for way in rng.sample(sorted(ways), len(ways)):
            times[way].append(_milliseconds(ways[way], question))
    return {way: times[way] for way in ways}


def _time_concurrently(ask: Callable[[str], object], questions: Sequence[str]) -> list[float]:
    """Return the milliseconds of each question with several clients, each of which asks one question at a time."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(lambda question: _milliseconds(ask, question), questions))


def _milliseconds(ask: Callable[[str], object], question: str) -> float:
    began = perf_counter()
    ask(question)
    return (perf_counter() - began) * 1000


def _stages(library: Library, questions: Sequence[str]) -> Times:
    """Return the milliseconds of each stage of a search, and of the floor."""
    encoder, store = library.encoder(), library.parts.store
    times: Times = defaultdict(list)

    def floor(question: str) -> None:
        began = perf_counter()
        vector = encoder.encode_question(question)
        encoded = perf_counter()
        store.dense(vector, CANDIDATES)
        ended = perf_counter()
        times["floor"].append((ended - began) * 1000)
        times["floor: encode"].append((encoded - began) * 1000)
        times["floor: dense"].append((ended - encoded) * 1000)

    def search(question: str) -> None:
        for stage, milliseconds in library.search(question, limit=LIMIT, plain=True).timings_ms.items():
            times[f"search: {stage}"].append(milliseconds)

    times["search"] = _time_in_turn({"floor": floor, "search": search}, questions)["search"]
    times["encode, again and again"] = [_milliseconds(encoder.encode_question, question) for question in questions]
    return times


def _stage_rows(times: Times) -> list[dict[str, Any]]:
    floor = float(np.median(times["floor"]))
    return [
        {"what": name, **quantiles(values), "p50 of the floor": float(np.median(values)) / floor}
        for name, values in times.items()
    ]


def _recall(library: Library, questions: Sequence[Vectors]) -> dict[int, float]:
    """Return the share of the true nearest passages that the dense side finds; ties with the last one count."""
    best = _nearest_cosines(library, np.stack(questions), max(NEAREST))
    store = library.parts.store
    store.refresh()
    shares: dict[int, list[float]] = defaultdict(list)
    for vector, cosines in zip(questions, best, strict=True):
        for k in NEAREST:
            found = np.asarray(list(store.cosines(vector, list(store.dense(vector, k))).values()))
            due = min(cosines[k - 1], 1.0) - _TIE if len(cosines) >= k else -1.0
            shares[k].append(float((found >= due).sum()) / min(k, len(cosines)))
    return {k: float(np.mean(values)) for k, values in shares.items()}


def _nearest_cosines(library: Library, questions: Vectors, k: int) -> Vectors:
    """Return the cosines of the `k` nearest passages of each question, best first; shape (questions, k)."""
    catalog = library.parts.store.catalog
    best = np.empty((len(questions), 0), dtype=np.float32)
    for _, vectors in catalog.vectors(catalog.added_since(-1)):
        both = np.concatenate([best, questions @ vectors.T], axis=1)
        best = -np.sort(np.partition(-both, min(k, both.shape[1]) - 1, axis=1)[:, :k], axis=1)
    return np.asarray(best)


def _growth(rows: Sequence[dict[str, Any]]) -> str:
    """Say how much longer a search takes in the largest library than in the second largest."""
    milliseconds = {row[_SIZE]: row["p50 ms"] for row in rows if row[_WAY] == "search" and row[_WHO] == "one"}
    if len(milliseconds) < 2:
        return ""
    smaller, larger = sorted(milliseconds)[-2:]
    ratio = milliseconds[larger] / milliseconds[smaller]
    return f"A search of {larger:,} passages takes {ratio:.2f} times as long as a search of {smaller:,}."


if __name__ == "__main__":
    main()
