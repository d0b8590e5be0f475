"""Slow connections: half-sent headers, silence, uploads that stop, bodies that arrive byte by byte."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, file_data, leaked_words, upload_event
from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, RawConnection, request_head
from tests.attack.vitals import ask_as_bystander, expect_memory_released, memory, pulse_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_CLOSE_SECONDS = 60.0
"""Seconds within which a server must close a stalled connection."""
_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\nThe slow'
_MAX_DRIPPING = 16
"""How many bodies of a byte a second the server may keep open for one address."""


def _send_half_headers(server: Server, trial: Trial) -> None:
    """Open 600 connections from one address whose headers never end: a third silent, half sent, and dripping each."""
    before = memory(server)
    half_request = request_head("GET", "/", server)[:-2] + b"X-Slow: "
    first_bytes = {"silent": b"", "half-sent": half_request, "dripping": half_request}
    with pulse_of(server) as pulse, ExitStack() as stack:
        connections = {
            label: [
                connection for _ in range(200) if (connection := _open_connection(server, stack, request)) is not None
            ]
            for label, request in first_bytes.items()
        }
        trial.works("Some connections are taken.", any(connections.values()))
        _expect_bystander_is_served(server, trial, "600 half-sent headers")
        with _dripping(connections["dripping"]):
            seconds_waited = _wait_until(lambda: not any(_count_open(group) for group in connections.values()))
        for label, group in connections.items():
            open_connections = f"{_count_open(group)} of {len(group)} open"
            trial.holds(
                f"All {label} headers are ended within {_CLOSE_SECONDS:.0f} s.",
                not _count_open(group),
                open_connections,
            )
    trial.prompt("600 half-sent headers", pulse)
    trial.figure(f"ended after {seconds_waited:.0f} s; {pulse}")
    expect_memory_released(server, trial, before)


def _stall_bodies(server: Server, trial: Trial) -> None:
    """Begin 24 bodies to each route from one address, and stop."""
    before = memory(server)
    with pulse_of(server) as pulse, ExitStack() as stack:
        connections = {
            target: [
                connection
                for _ in range(24)
                if (connection := _open_connection(server, stack, _unfinished_request(server, target))) is not None
            ]
            for target in _UNFINISHED_BODIES
        }
        time.sleep(1)
        for attempt in range(2):
            _expect_bystander_is_served(server, trial, f"Stalled bodies, time {attempt + 1}")
            _expect_bystander_can_add(server, trial, "Stalled bodies")
        seconds_waited = _wait_until(lambda: not any(_count_open(group) for group in connections.values()))
        for target, group in connections.items():
            open_connections = f"{_count_open(group)} of {len(group)} open"
            trial.holds(
                f"All stalled bodies to {target} are ended within {_CLOSE_SECONDS:.0f} s.",
                not _count_open(group),
                open_connections,
            )
    trial.prompt("Stalled bodies", pulse)
    trial.figure(f"ended after {seconds_waited:.0f} s; {pulse}")
    with server.visitor() as visitor:
        job = visitor.wait_for_job(visitor.add({"later.txt": b"The one who stalled adds a file later."}))
        trial.works("The same address can add a file afterwards.", job.get("state") == "done", job)
    expect_memory_released(server, trial, before)


def _drip_bodies(server: Server, trial: Trial) -> None:
    """Send 64 uploads from one address, a byte a second each; then as many from four addresses."""
    with server.visitor(BYSTANDER) as visitor:
        trial.works("An honest upload is taken.", visitor.upload("drip.txt", b"The honest one does not drip."))
    for label, addresses in trial.sample(_DRIPPERS.items(), 1):
        with ExitStack() as stack:
            connections = [
                connection
                for number in range(64)
                for target in ("/v1/documents", "/gradio_api/upload")[number % 2 :][:1]
                if (
                    connection := _open_connection(
                        server, stack, _unfinished_request(server, target), addresses[number % len(addresses)]
                    )
                )
            ]
            with _dripping(connections), pulse_of(server) as pulse:
                time.sleep(2)
                _expect_bystander_is_served(server, trial, f"Dripping from {label}")
                if label == "one address":
                    _expect_bystander_can_add(server, trial, f"Dripping from {label}")
                maximum = _MAX_DRIPPING * len(addresses)
                _wait_for_few(connections, maximum)
            open_connections = f"{_count_open(connections)} of {len(connections)} open"
            trial.holds(
                f"Of 64 dripping uploads from {label} at most {maximum} stay.",
                _count_open(connections) <= maximum,
                open_connections,
            )
            trial.prompt(f"Dripping from {label}", pulse)
            trial.figure(f"{label}: {open_connections}; {pulse}")
        with server.visitor(BYSTANDER) as bystander:
            trial.works("An upload is taken afterwards.", bystander.upload("drip.txt", b"The honest one is back."))


def _hold_upload_slots(server: Server, trial: Trial) -> None:
    """Begin 16 uploads from each of two addresses, which hold their slots; a bystander must add and remove a file."""
    with ExitStack() as stack:
        for number in range(32):
            target = ("/v1/documents", "/gradio_api/upload")[number // 2 % 2]
            _open_connection(server, stack, _unfinished_request(server, target), f"127.0.0.{3 + number % 2}")
        time.sleep(0.5)
        started = time.monotonic()
        _expect_bystander_can_add(server, trial, "Uploads of two addresses")
        with server.visitor(BYSTANDER) as visitor:
            document_id = next(
                (document["id"] for document in visitor.documents() if "patience" in document["source"]), ""
            )
            status = visitor.status_of("DELETE", f"/v1/documents/{document_id}")
        trial.holds("Uploads of two addresses: a bystander's file is removed.", status == 200, status)
        seconds = time.monotonic() - started
        trial.holds(f"All of it within {_BYSTANDER_SECONDS:.0f} s.", seconds < _BYSTANDER_SECONDS, f"{seconds:.1f} s")
        trial.figure(f"a bystander added and removed in {seconds:.1f} s")


_BYSTANDER_SECONDS = 10.0
"""Seconds for a few small changes, before the server gives up the unfinished uploads."""
_DRIPPERS = {"one address": ["127.0.0.1"], "four addresses": [f"127.0.0.{number}" for number in (3, 4, 5, 6)]}
_UNFINISHED_BODIES = {
    "/v1/documents": (FORM, _PART),
    "/gradio_api/upload": (FORM, _PART),
    "/v1/ask": (JSON, b'{"question": "Who'),
    "/mcp": (JSON, b'{"jsonrpc": "2.0", '),
    "/gradio_api/queue/join": (JSON, b'{"data": ['),
    "/page/questions?name=a.txt": ("text/plain", b"Who"),
    "/page/batches": ("application/x-www-form-urlencoded", b"questions=Who"),
    "/page/check": ("application/x-www-form-urlencoded", b"text=Who"),
}


def _unfinished_request(server: Server, target: str) -> bytes:
    content_type, start = _UNFINISHED_BODIES[target]
    return request_head("POST", target, server, Content_Type=content_type, Content_Length="100000") + start


def _open_connection(
    server: Server, stack: ExitStack, request: bytes, address: str = "127.0.0.1"
) -> RawConnection | None:
    """Open a connection and send some bytes; return nothing if the server does not accept it."""
    try:
        connection = stack.enter_context(RawConnection.connect(server, address))
    except OSError:
        return None
    connection.send(request)
    return connection


def _count_open(connections: list[RawConnection]) -> int:
    """Count the connections that the server has neither answered nor closed."""
    return sum(not connection.has_ended() for connection in connections)


def _wait_for_few(connections: list[RawConnection], maximum: int) -> None:
    """Wait until no more than the maximum are open."""
    _wait_until(lambda: _count_open(connections) <= maximum)


def _wait_until(condition: Callable[[], bool]) -> float:
    """Wait until a condition holds or the time is over; return the seconds."""
    started = time.monotonic()
    while not condition() and time.monotonic() < started + _CLOSE_SECONDS:
        time.sleep(0.5)
    return time.monotonic() - started


@contextmanager
def _dripping(connections: list[RawConnection]) -> Iterator[None]:
    """Send a byte a second on each of these connections until the block ends."""
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(1):
            for connection in connections:
                connection.drip_byte()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(15)


def _expect_bystander_is_served(server: Server, trial: Trial, label: str) -> None:
    status = ask_as_bystander(server)
    trial.holds(f"{label}: a bystander's question is answered.", status == "answered", status)
    with server.visitor(BYSTANDER) as visitor:
        trial.holds(f"{label}: a bystander gets the page.", visitor.status_of("GET", "/", timeout=30) == 200)


def _expect_bystander_can_add(server: Server, trial: Trial, label: str) -> None:
    """Record whether a bystander can add files over the service and over the page."""
    try:
        _add_by_service_and_page(server, trial, label)
    except Exception as error:  # any failure means that the bystander was not served
        trial.holds(f"{label}: a bystander's file is added.", False, f"{type(error).__name__}: {error}")


def _add_by_service_and_page(server: Server, trial: Trial, label: str) -> None:
    with server.visitor(BYSTANDER) as visitor:
        word = f"patience{time.monotonic_ns()}"
        job = visitor.wait_for_job(visitor.add({f"{word}.txt": f"The bystander has {word} of their own.".encode()}))
        trial.holds(f"{label}: a bystander's file is added.", job.get("state") == "done", job)
        paths = visitor.upload(f"{word}-2.txt", f"The bystander has {word}second as well.".encode())
        output = (
            event_output(visitor, upload_event(visitor), [[file_data(path) for path in paths]]) if paths else "refused"
        )
        trial.holds(f"{label}: a bystander's upload is added.", leaked_words(visitor, {f"{word}second"}), output)


ATTACKS = (
    Attack("stalls-headers", "Hold hundreds of connections with half-sent headers", _send_half_headers),
    Attack("stalls-bodies", "Hold all upload slots with bodies that stop", _stall_bodies),
    Attack("stalls-drips", "Hold them with bodies that come a byte a second", _drip_bodies),
    Attack("stalls-shares", "Hold them from two addresses, and removals with them", _hold_upload_slots),
)
