"""Runs clients for a long time while documents change: `python -m benchmarks.soak --library DIR --minutes 10`.

The service runs in a separate process with a copy of the library. Each client asks questions over HTTP and looks up
every citation in the text of its document. Meanwhile the program uploads, replaces and removes documents of some twenty
passages, and searches for each of them at once. `wrong` counts citations whose words are not at their position in the
document, added documents that are not found, removed documents that are found, and errors. The exit code is 1 if
anything was wrong, or if the memory of the server has grown by more than a twentieth since the first fifth of the
time.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from benchmarks.changing import NewDocument, Writer
from benchmarks.measuring import memory, quantiles, read_questions, report_tables, temporary_copy, warm_cache
from benchmarks.serve import running_service
from index import Library
from tests.service.crowd import Account, Changes, add, ask_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEPT = 8
"""The number of added documents that exist at the same time; every third one is replaced before it is removed."""
GROWTH = 0.05
WARM_SHARE = 0.2
ROWS = 10
_SECONDS = 120.0
_EVERY = 2.0
_ASKED = 4


@dataclass(slots=True)
class Samples:
    """Samples of the server's memory and of the size of its files."""

    resident: list[float] = field(default_factory=list)
    anonymous: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, required=True, help="a library; the program uses a copy")
    parser.add_argument("--questions", type=Path, action="append", required=True, help="a queries.jsonl; repeatable")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--json")
    options = parser.parse_args()
    questions = read_questions(options.questions, 1000)
    with temporary_copy(options.library) as folder:
        warm_cache(folder)
        with Library.open(folder, create=False) as library, running_service(folder) as (url, process):
            passages = library.stats().passages
            rows, samples = _soak(url, process, library, questions, 60 * options.minutes, options.clients)
    grown = _growth(samples.resident)
    wrong = sum(row["wrong"] for row in rows)
    note = f"The memory changed by {grown:+.1%} from the first fifth to the end. Wrong: {wrong}."
    title = f"Soak: {passages} passages, {options.clients} clients, {options.minutes:g} minutes"
    report_tables({title: rows}, options.json, [note])
    sys.exit(1 if wrong or grown > GROWTH else 0)


def _soak(
    url: str, process: int, library: Library, questions: Sequence[str], seconds: float, clients: int
) -> tuple[list[dict[str, Any]], Samples]:
    began = monotonic()
    rows: list[dict[str, Any]] = []
    changes, samples = Changes(), Samples()
    rounds = 0
    with _memory_watch(process, library.folder, samples), _background_changes(url, Writer(library), changes):
        while len(rows) < ROWS:
            until = began + seconds * (len(rows) + 1) / ROWS
            account, before, troubled = Account(), changes.added, len(changes.troubles)
            while monotonic() < until:
                turn = [questions[(rounds * _ASKED + n) % len(questions)] for n in range(_ASKED)]
                _merge(account, ask_at_once(url, turn, clients=clients, changes=changes))
                rounds += 1
            for trouble in (*account.troubles, *changes.troubles[troubled:]):
                print(trouble, file=sys.stderr)
            rows.append(
                {
                    "minutes": (monotonic() - began) / 60,
                    "answers": len(account.milliseconds),
                    **quantiles(account.milliseconds),
                    "citations looked up": account.citations,
                    "of documents just removed": account.gone,
                    "documents come": changes.added - before,
                    "wrong": len(account.troubles) + len(changes.troubles) - troubled,
                    "RSS MB": samples.resident[-1],
                    "anonymous MB": samples.anonymous[-1],
                    "files MB": samples.files[-1],
                }
            )
    return rows, samples


def _merge(account: Account, other: Account) -> None:
    account.milliseconds += other.milliseconds
    account.citations += other.citations
    account.gone += other.gone
    account.troubles += other.troubles


def _growth(resident: Sequence[float]) -> float:
    """Return the growth of the median memory from the tenth after the warm-up to the last tenth."""
    tenth = max(1, len(resident) // ROWS)
    begin = int(WARM_SHARE * len(resident))
    return float(np.median(resident[-tenth:]) / np.median(resident[begin : begin + tenth]) - 1)


@contextmanager
def _memory_watch(process: int, folder: Path, samples: Samples) -> Iterator[None]:
    def look() -> None:
        used = memory(process)
        samples.resident.append(used["RSS MB"])
        samples.anonymous.append(used["anonymous MB"])
        samples.files.append(sum(_size(path) for path in folder.rglob("*")) / 1e6)

    with _background_loop(look, _EVERY):
        yield


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:  # removed since it was listed
        return 0


@contextmanager
def _background_changes(url: str, writer: Writer, changes: Changes) -> Iterator[None]:
    """Add, replace and remove documents in the background, one after the other."""
    present: deque[tuple[str, NewDocument]] = deque()
    with httpx.Client(base_url=url, timeout=_SECONDS) as client:

        def change() -> None:
            try:
                _add_or_replace(client, writer, present, changes)
                if len(present) > KEPT:
                    _remove(client, *present.popleft(), changes)
            except (httpx.HTTPError, AssertionError) as error:
                changes.troubles.append(repr(error))

        with _background_loop(change, 0.0):
            yield


def _add_or_replace(
    client: httpx.Client, writer: Writer, present: deque[tuple[str, NewDocument]], changes: Changes
) -> None:
    """Add a new document, or every third time a new version of the last one."""
    fresh = writer.new_document()
    name = fresh.document.source
    if changes.added % 3 == 2 and present:
        name, replaced = present.pop()
        changes.removed.add(replaced.document.id)
    add(client, {name: fresh.document.text.encode("utf-8", "surrogatepass")})
    changes.added += 1
    present.append((name, fresh))
    if fresh.document.id not in _found_documents(client, fresh.question):
        changes.troubles.append(f"{name} was added, but is not found.")


def _remove(client: httpx.Client, name: str, fresh: NewDocument, changes: Changes) -> None:
    changes.removed.add(fresh.document.id)
    client.delete(f"/v1/documents/{fresh.document.id}").raise_for_status()
    if fresh.document.id in _found_documents(client, fresh.question):
        changes.troubles.append(f"{name} was removed, but is still found.")


def _found_documents(client: httpx.Client, question: str) -> list[str]:
    hits = client.post("/v1/search", json={"question": question}).raise_for_status().json()["hits"]
    return [hit["document"]["id"] for hit in hits]


@contextmanager
def _background_loop(work: Any, pause: float) -> Iterator[None]:
    """Repeat `work` in a thread until the block ends, at least once."""
    over, begun = threading.Event(), threading.Event()

    def run() -> None:
        while not over.is_set():
            work()
            begun.set()
            over.wait(pause)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        begun.wait(_SECONDS)
        yield
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    main()
