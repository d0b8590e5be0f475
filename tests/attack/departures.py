"""Private libraries that are deleted while requests use them, and requests that hang meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tests.attack.demos import files_of_visitors, wait_until_clean
from tests.attack.guests import COOKIE, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.sockets import FORM, RawConnection, request_head
from tests.attack.vitals import pulse_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

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
        left = wait_until_clean(server.home, before, _SETTLING)
        trial.holds("No file remains.", left == 0, f"{left} B: {_new(server, before)}")
        guest.settle()
        trial.works("The visitor can begin again.", len(guest.private_documents()) == 1)
        guest.delete("/v1/visitor")
    trial.holds("The server fails at no request.", not ledger.errors, f"{len(ledger.errors)}: {ledger.errors}")
    trial.figure(f"{len(deleted)} deletions beside {sum(done)} requests")


def _new(server: Server, before: dict[str, int]) -> list[str]:
    """Return the files that there were not before, and those that have grown."""
    return [name for name, size in files_of_visitors(server.home).items() if size > before.get(name, 0)]


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
        left = _private_bytes(server, before)
        trial.figure(f"{left} B beside hanging requests")
    left = wait_until_clean(server.home, before, _SETTLING)
    trial.holds("No file remains once the requests have ended.", left == 0, f"{left} B: {_new(server, before)}")
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
    Attack("departures-raced", "Leave files behind by requests during deletion", _raced, programs=("demo",)),
    Attack("departures-hanging", "Keep a deleted library by requests that hang", _hanging, programs=("demo",)),
)
