"""Connections that say little and hold on: half-sent headers, silence, uploads that stop, bodies that drip."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.attack.canaries import data_of, revealed, told_of, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, Line, head
from tests.attack.vitals import memory, pulse_of, question, slimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_LONGEST = 60.0
"""Seconds within which a server hangs up on those who hold on."""
_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\nThe slow'
_MOST_DRIPS = 16
"""How many bodies that come a byte a second one address may have at a time, if they are not ended."""


def _half_headers(server: Server, trial: Trial) -> None:
    """600 connections from one address whose headers never end: by thirds silent, half sent, and dripping."""
    before = memory(server)
    half = head("GET", "/", server)[:-2] + b"X-Slow: "
    first = {"silent": b"", "half-sent": half, "dripping": half}
    with pulse_of(server) as pulse, ExitStack() as opened:
        lines = {
            what: [line for _ in range(200) if (line := _held(server, opened, said)) is not None]
            for what, said in first.items()
        }
        trial.works("Some connections are taken.", any(lines.values()))
        _bystander_is_served(server, trial, "600 half-sent headers")
        with _dripping(lines["dripping"]):
            waited = _wait(lambda: not any(_open(each) for each in lines.values()))
        for what, each in lines.items():
            seen = f"{_open(each)} of {len(each)} open"
            trial.holds(f"All {what} headers are ended within {_LONGEST:.0f} s.", not _open(each), seen)
    trial.prompt("600 half-sent headers", pulse)
    trial.figure(f"ended after {waited:.0f} s; {pulse}")
    slimmed(server, trial, before)


def _stalled_bodies(server: Server, trial: Trial) -> None:
    """24 bodies to each route, from one address, which begin and then stop."""
    before = memory(server)
    with pulse_of(server) as pulse, ExitStack() as opened:
        lines = {
            target: [line for _ in range(24) if (line := _held(server, opened, _begun(server, target))) is not None]
            for target in _BEGUN
        }
        time.sleep(1)
        for chance in range(2):
            _bystander_is_served(server, trial, f"Stalled bodies, time {chance + 1}")
            _bystander_adds(server, trial, "Stalled bodies")
        waited = _wait(lambda: not any(_open(each) for each in lines.values()))
        for target, each in lines.items():
            seen = f"{_open(each)} of {len(each)} open"
            trial.holds(f"All stalled bodies to {target} are ended within {_LONGEST:.0f} s.", not _open(each), seen)
    trial.prompt("Stalled bodies", pulse)
    trial.figure(f"ended after {waited:.0f} s; {pulse}")
    with server.visitor() as visitor:
        job = visitor.finished(visitor.add({"later.txt": b"The one who stalled adds a file later."}))
        trial.works("The same address can add a file afterwards.", job.get("state") == "done", job)
    slimmed(server, trial, before)


def _dripped_bodies(server: Server, trial: Trial) -> None:
    """64 uploads from one address, a byte a second each; then as many from four addresses."""
    with server.visitor(BYSTANDER) as visitor:
        trial.works("An honest upload is taken.", visitor.upload("drip.txt", b"The honest one does not drip."))
    for what, addresses in trial.some(_DRIPPERS.items(), 1):
        with ExitStack() as opened:
            lines = [
                line
                for number in range(64)
                for target in ("/v1/documents", "/gradio_api/upload")[number % 2 :][:1]
                if (line := _held(server, opened, _begun(server, target), addresses[number % len(addresses)]))
            ]
            with _dripping(lines), pulse_of(server) as pulse:
                time.sleep(2)
                _bystander_is_served(server, trial, f"Dripping from {what}")
                if what == "one address":
                    _bystander_adds(server, trial, f"Dripping from {what}")
                most = _MOST_DRIPS * len(addresses)
                _wait_for_few(lines, most)
            seen = f"{_open(lines)} of {len(lines)} open"
            trial.holds(f"Of 64 dripping uploads from {what} at most {most} stay.", _open(lines) <= most, seen)
            trial.prompt(f"Dripping from {what}", pulse)
            trial.figure(f"{what}: {seen}; {pulse}")
        with server.visitor(BYSTANDER) as bystander:
            trial.works("An upload is taken afterwards.", bystander.upload("drip.txt", b"The honest one is back."))


def _shares(server: Server, trial: Trial) -> None:
    """16 uploads from each of two addresses, which have begun and hold their slots; a bystander adds and removes."""
    with ExitStack() as opened:
        for number in range(32):
            target = ("/v1/documents", "/gradio_api/upload")[number // 2 % 2]
            _held(server, opened, _begun(server, target), f"127.0.0.{3 + number % 2}")
        time.sleep(0.5)
        began = time.monotonic()
        _bystander_adds(server, trial, "Uploads of two addresses")
        with server.visitor(BYSTANDER) as visitor:
            added = next((each["id"] for each in visitor.documents() if "patience" in each["source"]), "")
            removed = visitor.tried("DELETE", f"/v1/documents/{added}")
        trial.holds("Uploads of two addresses: a bystander's file is removed.", removed == 200, removed)
        seconds = time.monotonic() - began
        trial.holds(f"All of it within {_IN_TIME:.0f} s.", seconds < _IN_TIME, f"{seconds:.1f} s")
        trial.figure(f"a bystander added and removed in {seconds:.1f} s")


_IN_TIME = 10.0
"""Seconds for a few small changes, while uploads that have just begun are not given up yet."""
_DRIPPERS = {"one address": ["127.0.0.1"], "four addresses": [f"127.0.0.{number}" for number in (3, 4, 5, 6)]}
_BEGUN = {
    "/v1/documents": (FORM, _PART),
    "/gradio_api/upload": (FORM, _PART),
    "/v1/ask": (JSON, b'{"question": "Who'),
    "/mcp": (JSON, b'{"jsonrpc": "2.0", '),
    "/gradio_api/queue/join": (JSON, b'{"data": ['),
    "/page/questions?name=a.txt": ("text/plain", b"Who"),
    "/page/batches": ("application/x-www-form-urlencoded", b"questions=Who"),
    "/page/check": ("application/x-www-form-urlencoded", b"text=Who"),
}


def _begun(server: Server, target: str) -> bytes:
    kind, piece = _BEGUN[target]
    return head("POST", target, server, Content_Type=kind, Content_Length="100000") + piece


def _held(server: Server, opened: ExitStack, said: bytes, address: str = "127.0.0.1") -> Line | None:
    """A connection that is held, after some words; nothing where the server does not take it."""
    try:
        line = opened.enter_context(Line.to(server, address))
    except OSError:
        return None
    line.say(said)
    return line


def _open(lines: list[Line]) -> int:
    """How many connections the server has neither answered nor ended."""
    return sum(not line.over() for line in lines)


def _wait_for_few(lines: list[Line], most: int) -> None:
    """Wait until no more than so many are open."""
    _wait(lambda: _open(lines) <= most)


def _wait(condition: Callable[[], bool]) -> float:
    """Wait until something holds, or the longest time is over; gives the seconds."""
    began = time.monotonic()
    while not condition() and time.monotonic() < began + _LONGEST:
        time.sleep(0.5)
    return time.monotonic() - began


@contextmanager
def _dripping(lines: list[Line]) -> Iterator[None]:
    """Send a byte a second on each of these connections."""
    over = threading.Event()

    def drip() -> None:
        while not over.wait(1):
            for line in lines:
                line.drip()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(15)


def _bystander_is_served(server: Server, trial: Trial, what: str) -> None:
    status = question(server)
    trial.holds(f"{what}: a bystander's question is answered.", status == "answered", status)
    with server.visitor(BYSTANDER) as visitor:
        trial.holds(f"{what}: a bystander gets the page.", visitor.tried("GET", "/", timeout=30) == 200)


def _bystander_adds(server: Server, trial: Trial, what: str) -> None:
    """By the service and by the page."""
    try:
        _adds_both_ways(server, trial, what)
    except Exception as error:  # whatever it is, the bystander was not served
        trial.holds(f"{what}: a bystander's file is added.", False, f"{type(error).__name__}: {error}")


def _adds_both_ways(server: Server, trial: Trial, what: str) -> None:
    with server.visitor(BYSTANDER) as visitor:
        word = f"patience{time.monotonic_ns()}"
        job = visitor.finished(visitor.add({f"{word}.txt": f"The bystander has {word} of their own.".encode()}))
        trial.holds(f"{what}: a bystander's file is added.", job.get("state") == "done", job)
        paths = visitor.upload(f"{word}-2.txt", f"The bystander has {word}second as well.".encode())
        said = told_of(visitor, upload_event(visitor), [[data_of(path) for path in paths]]) if paths else "refused"
        trial.holds(f"{what}: a bystander's upload is added.", revealed(visitor, {f"{word}second"}), said)


ATTACKS = (
    Attack("stalls-headers", "Hold hundreds of connections with half-sent headers", _half_headers),
    Attack("stalls-bodies", "Hold all places for uploads with bodies that stop", _stalled_bodies),
    Attack("stalls-drips", "Hold them with bodies that come a byte a second", _dripped_bodies),
    Attack("stalls-shares", "Hold them from two addresses, and removals with them", _shares),
)
