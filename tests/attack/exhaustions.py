"""Sixty visitors from one address who add files at one moment: processes, memory, files and the time of a stop."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.demos import ROOMY, running_demo
from tests.attack.guests import Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.vitals import open_files, processes_of, resident_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_VISITORS = 60
_MOST_READERS = 3
"""Processes that read files: two for all who add files, and one for viewers."""
_MOST_GROWTH = 500
"""Megabytes by which the server and its processes may grow while they add sixty lines."""
_MOST_OPEN = 48
"""Private libraries that may be open when nobody uses them, with those of honest visitors."""
_OPEN_SECONDS = 20.0
_ADD_SECONDS = 240.0
_STOP_SECONDS = 10.0
_LOADED_SECONDS = 8.0
_LARGE = {**ROOMY, "PINCITE_DEMO_PAGES": "500"}
_READER = b"index.loading.sandbox.worker"
_CATALOG = "own/catalog.db"


def _read_by_many(server: Server, trial: Trial) -> None:
    """Add a line in the name of each of sixty visitors from one address."""
    ledger = Ledger()
    before = resident_megabytes(server)
    with _crowd(server, ledger) as guests, _peak(lambda: len(processes_of(server, _READER))) as readers:
        with _peak(lambda: resident_megabytes(server)) as megabytes:
            states = _add_all(guests, lambda number: b"The keeper of lamp %d paid nine coins for oil." % number)
            ended = [guest.wait_for_job(job, _ADD_SECONDS)["state"] for guest, job in zip(guests, states, strict=True)]
        trial.works("All lines are added.", ended == ["done"] * _VISITORS, ended)
        few = readers[0] <= _MOST_READERS
        trial.holds(f"At most {_MOST_READERS} processes read files.", few, readers)
        grown = megabytes[0] - before
        trial.holds(f"All processes together grow by at most {_MOST_GROWTH} MB.", grown <= _MOST_GROWTH, grown)
        end = time.monotonic() + _OPEN_SECONDS
        while (left := _open_libraries(server)) > _MOST_OPEN and time.monotonic() < end:
            time.sleep(0.5)
        trial.holds(f"At most {_MOST_OPEN} private libraries stay open.", left <= _MOST_OPEN, left)
        trial.figure(f"{readers[0]} processes read; {grown} MB more; {left} libraries open")
        for guest in guests:
            guest.delete("/v1/visitor")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _stopped_under_load(_server: Server, trial: Trial) -> None:
    """Stop a demo that has sixty private libraries, each with a long text that is being added."""
    ledger = Ledger()
    with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder:
        with running_demo(Path(folder) / "demo", _LARGE) as server, _crowd(server, ledger) as guests:
            _add_all(guests, lambda number: b"The keeper of lamp %d paid nine coins for oil." % number)
            sent = _add_all(guests, _long_text)
            trial.works("The texts are accepted.", all(sent), sent)
            time.sleep(_LOADED_SECONDS)
            began = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
            while _is_running(server) and time.monotonic() < began + 6 * _STOP_SECONDS:
                time.sleep(0.05)
            seconds = time.monotonic() - began
            left = len(processes_of(server, _READER))
        trial.holds(f"The server ends within {_STOP_SECONDS:g} s.", seconds <= _STOP_SECONDS, f"{seconds:.1f} s")
        trial.holds("No process that reads files is left.", not left, left)
        trial.figure(f"stopped in {seconds:.1f} s")


def _long_text(number: int) -> bytes:
    """Return 200 kB of sentences."""
    return b"".join(
        b"The keeper of lamp %d paid %d coins for the oil of ship %d.\n" % (number, n, n) for n in range(3500)
    )


@contextmanager
def _crowd(server: Server, ledger: Ledger) -> Iterator[list[Guest]]:
    """Yield visitors with cookies of their own, all at one address."""
    with ExitStack() as stack:
        guests = [stack.enter_context(Guest(server, ledger, address="127.0.0.8")) for _ in range(_VISITORS)]
        for guest in guests:
            guest.get("/v1/visitor")
        yield guests


def _add_all(guests: list[Guest], content: Callable[[int], bytes]) -> list[str]:
    """Let all visitors upload a file at one moment; return the ids of the jobs. A busy server is asked again."""

    def add(number: int) -> str:
        data, end = content(number), time.monotonic() + 60
        while not (job := guests[number].add({f"{len(data)}-{number}.txt": data})) and time.monotonic() < end:
            time.sleep(0.5)
        return job

    with ThreadPoolExecutor(len(guests)) as threads:
        return list(threads.map(add, range(len(guests))))


@contextmanager
def _peak(measure: Callable[[], int]) -> Iterator[list[int]]:
    """Yield a list whose only item is the highest measurement so far."""
    peak, stop = [measure()], threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            peak[0] = max(peak[0], measure())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join(10)


def _open_libraries(server: Server) -> int:
    """Return the number of private libraries of which the server has files open."""
    return len({path for path in open_files(server) if path.endswith(_CATALOG)})


def _is_running(server: Server) -> bool:
    """Return whether the server's process has not ended; an ended one stays until its parent asks for it."""
    return Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


ATTACKS = (
    Attack("exhaustions-readers", "Use up the memory with many small files", _read_by_many, programs=("demo",)),
    Attack("exhaustions-stop", "Keep a demo from stopping", _stopped_under_load, programs=("demo",)),
)
