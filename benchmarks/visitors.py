"""Measures a public demo with a hundred visitors at once: `python -m benchmarks.visitors --minutes 10`.

The demo of the seeds runs in a separate process. Each visitor has an address of their own, asks, searches, uploads,
lists, removes and leaves at the intervals of a reader, and comes back as a new visitor. `errors` counts all responses
that are neither what was asked for nor a 429. The exit code is 1 if there were errors, if the memory of the server grew
by more than a twentieth from minute 2 to the end, if the private libraries took more than their share of the disk, or
if files of visitors were left after the end.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

import httpx

from benchmarks.measuring import memory, quantiles, report_tables
from tests.attack.demo_program import publish
from tests.attack.demos import files_of_visitors
from tests.attack.servers import running_server
from tests.service.crowd import finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEEDS = Path(__file__).parents[1] / "seeds"
GROWTH = 0.05
ROWS = 10
DISK_MEGABYTES = 100
_WARM = 120.0
"""Seconds after which the memory of the server must not grow."""
_SECONDS = 60.0
_EVERY = 2.0
_TALKS = (
    "Why did Rosneft and Transneft give in and let CNPC pay less?",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?",
    "What is the technical term for a market that has only one customer?",
    "Which types of bomber flew together over the Sea of Japan in July 2019?",
    "What does my diary say about the ferry?",
)
_LINE = "On day {} of {} the ferry left at {} and the keeper wrote about oil, winter and the harbour.\n\n"


@dataclass(slots=True)
class Tally:
    """What all visitors saw since the last row of the table."""

    questions: list[float] = field(default_factory=list)
    """Milliseconds of each answered question."""
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Samples:
    """The memory of the server and the temporary files of visitors, in MB, with the seconds of each sample."""

    seconds: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)


class Reader:
    """One place at which visitors come and go, each from the address of the place."""

    def __init__(self, url: str, number: int, pause: float, tally: Tally) -> None:
        self._url, self._pause, self._tally = url, pause, tally
        self._chance = random.Random(number)
        self._number = number
        self._visits = 0

    def visit(self, over: threading.Event) -> None:
        """Come as a new visitor and act until it is time to leave."""
        self._visits += 1
        headers = {"X-Forwarded-For": f"10.{self._number // 250}.{self._number % 250}.1"}
        with httpx.Client(base_url=self._url, timeout=_SECONDS, headers=headers) as client:
            for _ in range(self._chance.randint(6, 20)):
                if over.wait(self._chance.expovariate(1 / self._pause)):
                    return
                name, action = self._chance.choices(_ACTIONS, _WEIGHTS)[0]
                self._act(client, name, action)
            if self._chance.random() < 0.5:  # the others only go away
                self._act(client, "leave", Reader.leave)

    def _act(
        self, client: httpx.Client, name: str, action: Callable[[Reader, httpx.Client], list[httpx.Response]]
    ) -> None:
        """Do something and record what came of it."""
        began = perf_counter()
        try:
            responses = action(self, client)
        except (httpx.HTTPError, AssertionError, KeyError) as error:
            self._tally.errors.append(f"{name}: {error!r}")
            return
        wrong = [one for one in responses if not one.is_success and one.status_code != httpx.codes.TOO_MANY_REQUESTS]
        self._tally.errors += [f"{name}: {one.status_code} {one.text[:200]}" for one in wrong]
        limited = any(one.status_code == httpx.codes.TOO_MANY_REQUESTS for one in responses)
        self._tally.done["429" if limited else name] += 1
        if name == "ask" and not wrong and not limited:
            self._tally.questions.append(1000 * (perf_counter() - began))

    def ask(self, client: httpx.Client) -> list[httpx.Response]:
        """Ask one of some questions."""
        return [client.post("/v1/ask", json={"question": self._chance.choice(_TALKS)})]

    def leave(self, client: httpx.Client) -> list[httpx.Response]:
        """Delete the private library."""
        return [client.delete("/v1/visitor")]

    def search(self, client: httpx.Client) -> list[httpx.Response]:
        """Search for words."""
        return [client.post("/v1/search", json={"question": f"ferry {self._chance.randint(1, 30)} oil"})]

    def upload(self, client: httpx.Client) -> list[httpx.Response]:
        """Upload a diary, wait until it is added, and find it. A full library is no error: a document makes room."""
        number = self._chance.randint(1, 10**9)
        text = "".join(_LINE.format(day, number, self._chance.randint(1, 24)) for day in range(40))
        response = client.post("/v1/documents", files=[("files", (f"diary{number % 9}.txt", text.encode()))])
        if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return self.remove(client)
        if response.is_success:
            job = finished(client, response.json())
            assert job["state"] == "done", job
        return [response]

    def listing(self, client: httpx.Client) -> list[httpx.Response]:
        """Look at the documents, and how much time is left."""
        return [client.get("/v1/documents"), client.get("/v1/visitor")]

    def remove(self, client: httpx.Client) -> list[httpx.Response]:
        """Remove a private document, if there is one."""
        listed = client.get("/v1/documents")
        private = [one["id"] for one in listed.json().get("documents", []) if one["private"]]
        return [listed, *(client.delete(f"/v1/documents/{document}") for document in private[:1])]

    def page(self, client: httpx.Client) -> list[httpx.Response]:
        """Open the page."""
        return [client.get("/"), client.get("/page/documents", headers={"X-Pincite": "page"})]


_ACTIONS: tuple[tuple[str, Callable[[Reader, httpx.Client], list[httpx.Response]]], ...] = (
    ("ask", Reader.ask),
    ("search", Reader.search),
    ("upload", Reader.upload),
    ("list", Reader.listing),
    ("remove", Reader.remove),
    ("page", Reader.page),
)
_WEIGHTS = (40, 10, 15, 15, 5, 15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--pause", type=float, default=20.0, help="mean seconds between two actions of a visitor")
    parser.add_argument("--fake", action="store_true", help="with the fake encoder, to try the program")
    parser.add_argument("--json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        rows, samples, errors = _measure(home, options)
        left = sum(files_of_visitors(home).values())
    grown, most = _growth(samples), max(samples.files, default=0.0)
    note = (
        f"Errors: {errors}. Memory {grown:+.1%} from minute 2 to the end. At most {most:.1f} of {DISK_MEGABYTES} MB on "
        f"disk; {left} B left after the end. Load of the machine: {os.getloadavg()[1]:.1f} over five minutes."
    )
    title = f"Visitors: {options.visitors} at once, {options.minutes:g} minutes"
    report_tables({title: rows}, options.json, [note])
    if errors or grown > GROWTH or most > DISK_MEGABYTES or left:
        sys.exit(1)


def _measure(home: Path, options: argparse.Namespace) -> tuple[list[dict[str, object]], Samples, int]:
    publish(home / "library", [path for path in SEEDS.iterdir() if path.suffix != ".jsonl"], real=not options.fake)
    settings = {
        "PINCITE_DEMO": "1",
        "PINCITE_TRUSTED_PROXIES": "127.0.0.1",
        "PINCITE_DEMO_IDLE_MINUTES": str(max(0.1, options.minutes / 5)),  # they expire while it runs
        "PINCITE_DEMO_DISK_MEGABYTES": str(DISK_MEGABYTES),
        "ATTACKED_ENCODER": "fake" if options.fake else "real",
    }
    with running_server("demo", home, **settings) as server:
        before = sum(files_of_visitors(home).values())
        with _sampled(server.pid, home, before) as samples:
            rows, errors = _crowd(server.url, options, samples)
    return rows, samples, errors


def _crowd(url: str, options: argparse.Namespace, samples: Samples) -> tuple[list[dict[str, object]], int]:
    """Let all visitors act until the time is over; return a row for each tenth of it, and the number of errors."""
    tally, over, rows, errors = Tally(), threading.Event(), [], 0
    readers = [Reader(url, number, options.pause, tally) for number in range(options.visitors)]
    threads = [threading.Thread(target=_come_and_go, args=(reader, over)) for reader in readers]
    began = monotonic()
    for thread in threads:
        thread.start()
    for row in range(ROWS):
        over.wait(max(0.0, began + 60 * options.minutes * (row + 1) / ROWS - monotonic()))
        questions, done, wrong = tally.questions[:], Counter(tally.done), tally.errors[:]
        tally.questions, tally.done, tally.errors = [], Counter(), []
        errors += len(wrong)
        rows.append(_row((monotonic() - began) / 60, questions, done, wrong, samples))
    over.set()
    for thread in threads:
        thread.join(2 * _SECONDS)
    return rows, errors + len(tally.errors)


def _row(
    minutes: float, questions: list[float], done: Counter[str], wrong: list[str], samples: Samples
) -> dict[str, object]:
    for trouble in wrong:
        print(trouble, file=sys.stderr)
    times = quantiles(questions) if questions else dict.fromkeys(("p50 ms", "p95 ms", "p99 ms"), "")
    latest = {"RSS MB": samples.resident[-1:], "disk MB": samples.files[-1:]}
    counts = {name: done[name] for name in ("ask", "search", "upload", "list", "remove", "page", "leave", "429")}
    return {
        "minutes": minutes,
        **times,
        **counts,
        "errors": len(wrong),
        **{name: value[0] if value else "" for name, value in latest.items()},
    }


def _come_and_go(reader: Reader, over: threading.Event) -> None:
    while not over.is_set():
        reader.visit(over)


@contextmanager
def _sampled(process: int, home: Path, before: int) -> Iterator[Samples]:
    """Sample memory and disk until the block ends."""
    samples, over, began = Samples(), threading.Event(), monotonic()

    def look() -> None:
        while not over.wait(_EVERY if samples.seconds else 0):
            samples.seconds.append(monotonic() - began)
            samples.resident.append(memory(process)["RSS MB"])
            samples.files.append((sum(files_of_visitors(home).values()) - before) / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _growth(samples: Samples) -> float:
    """Return the growth of the median memory from minute 2 to the last tenth; 0 if the run was hardly longer."""
    end = samples.seconds[-1] if samples.seconds else 0.0
    width = end / ROWS
    if end < _WARM + 2 * width:
        return 0.0
    first = [one for at, one in zip(samples.seconds, samples.resident, strict=True) if _WARM <= at <= _WARM + width]
    last = [one for at, one in zip(samples.seconds, samples.resident, strict=True) if at >= end - width]
    return _median(last) / _median(first) - 1


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
