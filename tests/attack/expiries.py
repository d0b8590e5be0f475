"""Private libraries that were left: their files are gone in time, whoever uses an old cookie."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.attack.demos import IDLE_SECONDS, LONGEST_SECONDS, files_of_visitors, wait_until_clean
from tests.attack.departures import open_upload, read_nothing
from tests.attack.guests import COOKIE, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_SETTLING = 10.0
"""Seconds that the server may take to notice that a library has expired."""


def _left(server: Server, trial: Trial) -> None:
    """Leave libraries with hanging uploads, unread responses and loose uploads: no byte of them remains."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with ExitStack() as stack:
        guests = [stack.enter_context(Guest(server, ledger)) for _ in range(6)]
        for guest in guests:
            guest.settle()
            guest.upload("loose.bin", b"x" * 50_000)
        kept = sum(files_of_visitors(server.home).values()) - sum(before.values())
        trial.works("There are files of visitors.", kept > 0, kept)
        for guest in guests[:3]:
            document = next((one["id"] for one in guest.private_documents()), "0")
            open_upload(server, guest, stack)
            read_nothing(server, guest, f"/v1/documents/{document}/original", stack)
        began = time.monotonic()
        left = wait_until_clean(server.home, before, IDLE_SECONDS + LONGEST_SECONDS + _SETTLING)
        trial.holds("No byte remains of libraries that were left.", left == 0, f"{left} B: {_names(server, before)}")
        trial.figure(f"{kept} B of {len(guests)} visitors, {left} B after {time.monotonic() - began:.0f} s")
        for old, thief in zip(guests, guests[1:] + guests[:1], strict=True):
            reply = thief.raw_request("GET", "/v1/documents", [("Cookie", f"{COOKIE}={old.cookies[COOKIE]}")])
            ledger.inspect("an expired cookie", reply.status, reply.text.encode(), {thief.word})
            trial.holds("An expired cookie opens nothing.", b'"private":true' not in reply.body, reply)
    trial.holds("No response holds another visitor's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _names(server: Server, before: dict[str, int]) -> list[str]:
    return [name for name in files_of_visitors(server.home) if name not in before]


def _lasting(server: Server, trial: Trial) -> None:
    """Visit all the time: the library stays while it is used, and goes at its longest age nevertheless."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with Guest(server, ledger) as guest:
        job = guest.settle()
        began, kept = time.monotonic(), 0.0
        trial.works("The document is added.", job.get("state") == "done", job)
        while time.monotonic() - began < LONGEST_SECONDS + _SETTLING and guest.private_documents():
            kept = time.monotonic() - began
            time.sleep(0.5)
        trial.works("A library that is used outlasts the time for idle ones.", kept > IDLE_SECONDS, kept)
        trial.holds("It goes at its longest age.", kept < LONGEST_SECONDS + 2, f"{kept:.1f} s")
        reply = guest.post("/v1/search", json={"question": QUESTION})
        trial.holds("Nothing of it is found.", '"private":true' not in reply.text, reply.text)
        left = wait_until_clean(server.home, before, _SETTLING)
        trial.holds("No byte of it remains.", left == 0, f"{left} B: {_names(server, before)}")
        trial.figure(f"gone after {kept:.1f} of {LONGEST_SECONDS:g} s")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


TIGHT_ATTACKS = (
    Attack("expiries-left", "Keep files on disk after their time", _left, programs=("demo",)),
    Attack("expiries-lasting", "Keep a library for ever by visiting it", _lasting, programs=("demo",)),
)
