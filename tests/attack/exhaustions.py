"""Crowds that add files at one moment, and private libraries that are deleted while requests use them."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.attack.demos import ROOMY, files_of_visitors, running_demo
from tests.attack.guests import COOKIE, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.sockets import FORM, RawConnection, request_head
from tests.attack.vitals import open_files, processes_of, pulse_of, resident_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


# Many visitors from one address who add files at one moment: processes, memory, files and the time of a stop.

_VISITORS, _FEW_VISITORS = 60, 15
_LINES, _MANY_LINES = 3_500, 14_000
"""Lines of a text. In a brief trial few visitors have longer ones: they, too, take longer to add than a stop may."""
_MOST_READERS = 3
"""Processes that read files: two for all who add files, and one for viewers."""
_MOST_GROWTH = 500
"""Megabytes by which the server and its processes may grow while they add these lines."""
_MOST_OPEN = 48
"""Private libraries that may be open when nobody uses them, with those of honest visitors."""
_OPEN_SECONDS = 20.0
_ADD_SECONDS = 240.0
_STOP_SECONDS = 10.0
_LOADED_SECONDS, _BRIEFLY_LOADED_SECONDS = 8.0, 2.0
_LARGE = {**ROOMY, "PINCITE_DEMO_PAGES": "500"}
_READER = b"index.loading.sandbox.worker"
_CATALOG = "own/catalog.db"


def _read_by_many(server: Server, trial: Trial) -> None:
    """Add a line in the name of each of many visitors from one address."""
    ledger, count = Ledger(), _FEW_VISITORS if trial.brief else _VISITORS
    before = resident_megabytes(server)
    with _crowd(server, ledger, count) as guests, _peak(lambda: len(processes_of(server, _READER))) as readers:
        with _peak(lambda: resident_megabytes(server)) as megabytes:
            states = _add_all(guests, lambda number: b"The keeper of lamp %d paid nine coins for oil." % number)
            ended = [guest.wait_for_job(job, _ADD_SECONDS)["state"] for guest, job in zip(guests, states, strict=True)]
        trial.works("All lines are added.", ended == ["done"] * count, ended)
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
    """Stop a demo that has many private libraries, each with a long text that is being added."""
    ledger, count, lines, loaded = Ledger(), _VISITORS, _LINES, _LOADED_SECONDS
    if trial.brief:
        count, lines, loaded = _FEW_VISITORS, _MANY_LINES, _BRIEFLY_LOADED_SECONDS
    with tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder:
        with running_demo(Path(folder) / "demo", _LARGE) as server, _crowd(server, ledger, count) as guests:
            _add_all(guests, lambda number: b"The keeper of lamp %d paid nine coins for oil." % number)
            sent = _add_all(guests, lambda number: _long_text(number, lines))
            trial.works("The texts are accepted.", all(sent), sent)
            time.sleep(loaded)
            began = time.monotonic()
            os.kill(server.pid, signal.SIGTERM)
            while _is_running(server) and time.monotonic() < began + 6 * _STOP_SECONDS:
                time.sleep(0.05)
            seconds = time.monotonic() - began
            left = len(processes_of(server, _READER))
        trial.holds(f"The server ends within {_STOP_SECONDS:g} s.", seconds <= _STOP_SECONDS, f"{seconds:.1f} s")
        trial.holds("No process that reads files is left.", not left, left)
        trial.figure(f"stopped in {seconds:.1f} s")


def _long_text(number: int, lines: int) -> bytes:
    """Return a text of sentences: 200 kB, or four times as much in a brief trial."""
    return b"".join(
        b"The keeper of lamp %d paid %d coins for the oil of ship %d.\n" % (number, n, n) for n in range(lines)
    )


@contextmanager
def _crowd(server: Server, ledger: Ledger, count: int) -> Iterator[list[Guest]]:
    """Yield visitors with cookies of their own, all at one address."""
    with ExitStack() as stack:
        guests = [stack.enter_context(Guest(server, ledger, address="127.0.0.8")) for _ in range(count)]
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


# Private libraries that are deleted while requests use them, and requests that hang meanwhile.

_SETTLING = 15.0
_BRIEF_PAUSE_SECONDS, _PAUSE_SECONDS = 0.05, 0.2
"""The pauses between two requests of one kind: all of them together stay below a visitor's limit."""
"""Seconds within which the files of a deleted library must be gone."""
_HEAD = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\n'


def _raced(server: Server, trial: Trial) -> None:
    """Delete the library while the same visitor uploads, asks, lists and reads: no failure, and nothing remains."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with Guest(server, ledger) as guest, ThreadPoolExecutor(8) as pool:
        guest.settle()
        over = threading.Event()
        pause = _BRIEF_PAUSE_SECONDS if trial.brief else _PAUSE_SECONDS
        running = [pool.submit(_repeat, work, guest, over, pause) for work in _WORKS]
        deleted = []
        for _ in range(4 if trial.brief else 20):
            time.sleep(0.4)
            deleted.append(guest.delete("/v1/visitor").status_code)
        over.set()
        done = [work.result() for work in running]
        trial.works("There are requests all the time.", min(done) > 1, done)
        trial.holds("Every deletion succeeds.", set(deleted) <= {204, 429}, deleted)
        guest.delete("/v1/visitor")
        trial.holds("No document remains.", not guest.private_documents(), guest.private_documents())
        left = _left(server, before)
        trial.holds("No file remains.", not left, left)
        guest.settle()
        trial.works("The visitor can begin again.", len(guest.private_documents()) == 1)
        guest.delete("/v1/visitor")
    trial.holds("The server fails at no request.", not ledger.errors, f"{len(ledger.errors)}: {ledger.errors}")
    trial.figure(f"{len(deleted)} deletions beside {sum(done)} requests")


def _left(server: Server, before: dict[str, int]) -> list[str]:
    """Wait until no file is left that there was not before, and return those that are.

    Files that there were before belong to visitors of other attacks, and may grow when these are closed.
    """
    end = time.monotonic() + _SETTLING
    while (left := sorted(files_of_visitors(server.home).keys() - before)) and time.monotonic() < end:
        time.sleep(0.2)
    return left


def _repeat(work: Callable[[Guest], object], guest: Guest, over: threading.Event, pause: float) -> int:
    """Repeat a request until the event is set and return how often."""
    count = 0
    while not over.is_set():
        with suppress(ValueError, KeyError):  # a refusal has other fields
            work(guest)
        count += 1
        over.wait(pause)
    return count


_WORKS: tuple[Callable[[Guest], object], ...] = (
    lambda guest: guest.add({f"{guest.word}-{time.monotonic_ns()}.md": guest.note + str(time.monotonic()).encode()}),
    lambda guest: guest.post("/v1/ask", json={"question": QUESTION}),
    lambda guest: guest.get("/v1/documents"),
    lambda guest: [guest.get(f"/v1/documents/{one['id']}/original") for one in guest.private_documents()],
    lambda guest: guest.page("/page/documents"),
    lambda guest: guest.page("/page/map"),
    lambda guest: guest.post("/v1/batch", json={"questions": [QUESTION] * 20}),
    lambda guest: guest.event(0, [QUESTION, None], 5),
)


def _hanging(server: Server, trial: Trial) -> None:
    """Let bodies drip and responses wait, delete the libraries meanwhile, and look whether others are served."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with ExitStack() as stack, pulse_of(server) as pulse:
        guests = [stack.enter_context(Guest(server, ledger)) for _ in range(3 if trial.brief else 12)]
        for guest in guests:
            guest.wait_for_job(guest.add({"large.html": b"<html><!--" + b"x" * 800_000 + b"--><p>Seen.</p></html>"}))
            document = guest.private_documents()[0]["id"]
            for _ in range(3):
                open_upload(server, guest, stack)
                read_nothing(server, guest, f"/v1/documents/{document}/original", stack)
            guest.event(0, [QUESTION, None], 5)
        deleted = [guest.delete("/v1/visitor").status_code for guest in guests]
        trial.holds("A library with hanging requests can be deleted.", set(deleted) == {204}, deleted)
        listed = [guest.private_documents() for guest in guests]
        trial.holds("Its documents are gone at once.", not any(listed), listed)
        held = _private_bytes(server, before)
        trial.figure(f"{held} B beside hanging requests")
    left = _left(server, before)
    trial.holds("No file remains once the requests have ended.", not left, left)
    trial.prompt("Hanging requests", pulse)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _private_bytes(server: Server, before: dict[str, int]) -> int:
    return sum(size for name, size in files_of_visitors(server.home).items() if name not in before)


def open_upload(server: Server, guest: Guest, stack: ExitStack) -> None:
    """Announce an upload, send its beginning, and no more."""
    connection = stack.enter_context(RawConnection.connect(server, guest.address))
    cookie = f"{COOKIE}={guest.cookies[COOKIE]}"
    connection.send(
        request_head("POST", "/v1/documents", server, Content_Type=FORM, Content_Length="300000", Cookie=cookie)
    )
    connection.send(_HEAD + b"The slow visitor writes. " * 4000)


def read_nothing(server: Server, guest: Guest, target: str, stack: ExitStack) -> None:
    """Request a response and never read it."""
    connection = stack.enter_context(RawConnection.connect(server, guest.address))
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.send(request_head("GET", target, server, Cookie=f"{COOKIE}={guest.cookies[COOKIE]}"))


ATTACKS = (
    Attack("exhaustions-readers", "Use up the memory with many small files", _read_by_many),
    Attack("exhaustions-stop", "Keep a demo from stopping", _stopped_under_load),
    Attack("departures-raced", "Leave files behind by requests during deletion", _raced),
    Attack("departures-hanging", "Keep a deleted library by requests that hang", _hanging),
)
