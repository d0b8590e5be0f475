"""Measures changes of libraries of several sizes, and the waits of questions: `python -m benchmarks.update`.

The program copies each library (`--library`, repeatable) beside itself, fills the system's cache with its files, and
changes the copy: it adds, replaces and removes a document of twenty passages, and a read-only process searches for the
document until it appears or disappears. Then the program makes documents from the `--base` libraries (see
`benchmarks.enlarging`) and stores them as fast as possible, until the library has grown by a share at which its indexes
are merged and trained again. Meanwhile the other process asks questions without a pause, and the program reports the
longest wait.
"""

from __future__ import annotations

import argparse
import multiprocessing
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.changing import NewDocument, Writer
from benchmarks.enlarging import DOCUMENT_PASSAGES, Maker, caption
from benchmarks.machine import seconds
from benchmarks.measuring import read_questions, report_tables, run_in_new_process, temporary_copy, warm_cache
from benchmarks.start import first_answer, run
from index import Library
from index.encoders.encoder import SentenceTransformerEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.encoders.encoder import Draft, Encoded
    from index.storage.store import FolderStore

    Row = dict[str, Any]

SOURCE = "fresh.txt"
OPENED = 3
"""The number of times that the opening is measured."""
QUIET_SECONDS = 10.0
ENCODED = 400
"""The number of encoded passages, from which the vectors of the others are computed."""
COMMITTED = 25
"""The number of documents that are stored before each update of the indexes."""
_WAIT_SECONDS = 60.0


class TimedEncoder(SentenceTransformerEncoder):
    """The encoder with a timer for the encoding of passages."""

    seconds = 0.0

    def encode(self, drafts: Sequence[Draft], progress: Callable[[int], None] | None = None) -> list[Encoded]:
        """See `Encoder.encode`."""
        began = perf_counter()
        try:
            return super().encode(drafts, progress)
        finally:
            self.seconds += perf_counter() - began


@dataclass(slots=True)
class Change:
    """One kind of change, round by round, in seconds."""

    target: str
    whole: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    """The seconds until another process finds the document, or no longer finds it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, action="append", required=True, help="a library; repeatable")
    parser.add_argument(
        "--base",
        type=Path,
        action="append",
        required=True,
        help="a library from which new passages are made; repeatable",
    )
    parser.add_argument("--questions", type=Path, action="append", required=True, help="a queries.jsonl; repeatable")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--growth", type=float, default=0.1, help="the share by which the library grows at the end")
    parser.add_argument("--json")
    options = parser.parse_args()
    questions = read_questions(options.questions, 300)
    changes, pauses = [], []
    for library in options.library:
        with temporary_copy(library) as folder:
            opening = {"change": "open, first answer", "ms (median)": _opening_milliseconds(folder), "target": "8000"}
            changed, waited = run_in_new_process(
                _measure, folder, options.base, questions, options.rounds, options.growth
            )
        changes += [{"passages": changed[0]["passages"], **opening}, *changed]
        pauses += waited
    names = ("passages", "change", "ms (median)", "highest", "beyond encoding", "seen elsewhere", "target")
    rows = [{name: row.get(name, "") for name in names} for row in changes]
    tables = {f"Update: {options.rounds} rounds": rows, "Pauses: one client asks without a pause": pauses}
    report_tables(tables, options.json, list(dict.fromkeys(map(caption, options.library))))


def _opening_milliseconds(folder: Path) -> float:
    warm_cache(folder)
    run(first_answer(folder))
    return 1000 * seconds(lambda: run(first_answer(folder)), OPENED)


def _measure(
    folder: Path, bases: Sequence[Path], questions: Sequence[str], rounds: int, growth: float
) -> tuple[list[Row], list[Row]]:
    encoder = TimedEncoder()
    with Library.open(folder, encoder=encoder, create=False) as library, _reader(folder) as reader:
        passages = library.stats().passages
        changes = _changes(library, encoder, reader, rounds)
        pauses = _pauses(library, Maker(bases, encoder, encoded=ENCODED), reader, questions, growth)
    rows = [
        {
            "change": name,
            "ms (median)": 1000 * float(np.median(change.whole)),
            "highest": 1000 * max(change.whole),
            "beyond encoding": 1000 * float(np.median(change.beyond)),
            "seen elsewhere": 1000 * float(np.median(change.seen)),
            "target": change.target,
        }
        for name, change in changes.items()
    ]
    return [{"passages": passages, **row} for row in rows], [{"passages": passages, **row} for row in pauses]


def _changes(library: Library, encoder: TimedEncoder, reader: Any, rounds: int) -> dict[str, Change]:
    """Add, replace and remove documents in turn, and let the other process search for each of them."""
    kinds = {
        "add 20 passages": Change("beyond encoding 150"),
        "replace 20 passages": Change("beyond encoding 150, seen 1000"),
        "remove 20 passages": Change("50"),
    }
    add, replace, remove = kinds.values()
    writer = Writer(library)
    for number in range(rounds + 1):  # the first round warms up
        source = f"{number}-{SOURCE}"
        for change in (add, replace):
            fresh = writer.new_document(source)
            _time_change(change, partial(library.add_documents, [fresh.document]), encoder, reader, fresh, present=True)
        _time_change(remove, partial(library.remove, source), encoder, reader, fresh, present=False)
    for change in kinds.values():
        change.whole, change.beyond, change.seen = change.whole[1:], change.beyond[1:], change.seen[1:]
    return kinds


def _time_change(
    change: Change, work: Callable[[], object], encoder: TimedEncoder, reader: Any, fresh: NewDocument, *, present: bool
) -> None:
    before, began = encoder.seconds, perf_counter()
    work()
    whole = perf_counter() - began
    reader.send((fresh.question, fresh.document.id, present))
    change.whole.append(whole)
    change.beyond.append(whole - (encoder.seconds - before))
    change.seen.append(reader.recv() - began)  # both processes read the same clock


def _pauses(library: Library, maker: Maker, reader: Any, questions: Sequence[str], growth: float) -> list[Row]:
    """Measure the waits of questions while nothing changes, while documents are added, and while the indexes settle."""
    store = library.parts.store
    passages = library.stats().passages
    first = passages // DOCUMENT_PASSAGES
    rows = []
    meanwhile: dict[str, Callable[[], object]] = {
        "nothing": lambda: sleep(QUIET_SECONDS),
        f"{growth:.0%} are added": lambda: _grow(store, maker, range(first, first + int(first * growth))),
        "the indexes settle": lambda: _settle(store),
    }
    for activity, work in meanwhile.items():
        reader.send(questions)
        began = perf_counter()
        work()
        taken = perf_counter() - began
        reader.send(None)
        waits = 1000 * np.asarray(reader.recv())
        rows.append(
            {
                "meanwhile": activity,
                "seconds": taken,
                "questions": len(waits),
                "p50 ms": float(np.median(waits)),
                "p99.9 ms": float(np.percentile(waits, 99.9)),
                "longest ms": float(waits.max()),
                "target": "300",
            }
        )
    return rows


def _grow(store: FolderStore, maker: Maker, numbers: Sequence[int]) -> None:
    for begin in range(0, len(numbers), COMMITTED):
        with store.writing():
            for number in numbers[begin : begin + COMMITTED]:
                store.catalog.put(*maker.document(number), maker.fingerprint)
            store.index()


def _settle(store: FolderStore) -> None:
    """Wait until the background work on the indexes is done."""
    with store.writing():
        store.index()
    store.wait_for_dense()


@contextmanager
def _reader(folder: Path) -> Iterator[Any]:
    """Run a process that only reads; yield the pipe to it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve_questions, args=(folder, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_WAIT_SECONDS)


def _serve_questions(folder: Path, pipe: Any) -> None:
    """Serve the other end of the pipe: wait for a change of a document, or ask questions until a stop message."""
    with Library.open(folder, create=False) as library:
        library.ask("Is there anybody?")
        pipe.send(None)
        while True:
            try:
                wanted = pipe.recv()
            except EOFError:
                return
            pipe.send(
                _wait_for(library, *wanted) if isinstance(wanted, tuple) else _ask_until_stopped(library, wanted, pipe)
            )


def _wait_for(library: Library, question: str, identity: str, present: bool) -> float:
    """Return the time at which a search found the document, or no longer found it."""
    until = perf_counter() + _WAIT_SECONDS
    while perf_counter() < until:
        ids = [hit.document.id for hit in library.search(question).hits]
        if (identity in ids) == present:
            return perf_counter()
    raise TimeoutError(f"{identity} is {'not' if present else 'still'} found after {_WAIT_SECONDS:.0f} s.")


def _ask_until_stopped(library: Library, questions: Sequence[str], pipe: Any) -> list[float]:
    """Ask the questions repeatedly until a message arrives; return the seconds of each."""
    waits: list[float] = []
    while not pipe.poll():
        began = perf_counter()
        library.ask(questions[len(waits) % len(questions)])
        waits.append(perf_counter() - began)
    pipe.recv()
    return waits


if __name__ == "__main__":
    main()
