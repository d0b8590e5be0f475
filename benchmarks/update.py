"""Measures changes at several library sizes, and how long questions wait meanwhile: `python -m benchmarks.update`.

Each library (`--library`, repeatable) is copied beside itself and warmed, and the copy is changed: a document of twenty
passages is added, replaced and removed, and a read-only process asks for it until it appears or disappears. Then
documents are made from the `--base` libraries (see `benchmarks.enlarging`) and stored as fast as possible, until the
library has grown by a share at which its indexes are merged and trained anew. Meanwhile the other process asks without
a pause, and the longest wait is reported.
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
"""How often the opening is tried."""
QUIET_SECONDS = 10.0
ENCODED = 400
"""Passages that are encoded to learn how the others' vectors are to be made."""
COMMITTED = 25
"""Documents that are stored before the indexes are told."""
_WAIT_SECONDS = 60.0


class TimedEncoder(SentenceTransformerEncoder):
    """The encoder, which knows how long it has worked on passages."""

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
    """Until another process has it in an answer, or no longer."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, action="append", required=True, help="a library; repeatable")
    parser.add_argument(
        "--base", type=Path, action="append", required=True, help="a library to make new passages from; repeatable"
    )
    parser.add_argument("--questions", type=Path, action="append", required=True, help="a queries.jsonl; repeatable")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--growth", type=float, default=0.1, help="the share by which the library grows in the end")
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
    """Documents are added, replaced and removed in turn; each time the other process is asked for them."""
    kinds = {
        "add 20 passages": Change("beyond encoding 150"),
        "replace 20 passages": Change("beyond encoding 150, seen 1000"),
        "remove 20 passages": Change("50"),
    }
    add, replace, remove = kinds.values()
    writer = Writer(library)
    for number in range(rounds + 1):  # the first one is for warmth
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
    change.seen.append(reader.recv() - began)  # the clocks of two processes are one


def _pauses(library: Library, maker: Maker, reader: Any, questions: Sequence[str], growth: float) -> list[Row]:
    """How long questions wait while nothing happens, while documents come, and until the indexes have settled."""
    store = library._store
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
    """Until what is done in the background is done."""
    with store.writing():
        store.index()
    store.wait_for_dense()


@contextmanager
def _reader(folder: Path) -> Iterator[Any]:
    """A process that only reads, at the other end of a pipe."""
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
    """What that process does: it asks for a document until it is there, or gone; or anything until told to stop."""
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
    """When a hit was of that document, or none was."""
    until = perf_counter() + _WAIT_SECONDS
    while perf_counter() < until:
        ids = [hit.document.id for hit in library.search(question).hits]
        if (identity in ids) == present:
            return perf_counter()
    raise TimeoutError(f"{identity} is {'not present' if present else 'present'} after {_WAIT_SECONDS:.0f} s.")


def _ask_until_stopped(library: Library, questions: Sequence[str], pipe: Any) -> list[float]:
    """Seconds that each question took, again and again until there is a word in the pipe."""
    waits: list[float] = []
    while not pipe.poll():
        began = perf_counter()
        library.ask(questions[len(waits) % len(questions)])
        waits.append(perf_counter() - began)
    pipe.recv()
    return waits


if __name__ == "__main__":
    main()
