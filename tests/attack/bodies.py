"""Requests that are too large, too odd or too slow, and responses that nobody reads."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, file_data, leaked_words, upload_event
from tests.attack.outcomes import Attack
from tests.attack.routes import body_routes
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, PIECE, RawConnection, chunked, flood, request_head, send_body
from tests.attack.vitals import (
    SPARE_MEMORY,
    ask_as_bystander,
    expect_memory_released,
    expect_steady,
    memory,
    pulse_during,
    pulse_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


# Bodies that are too large, too deep, too many or without a length, sent to every route that takes one.

_MEGABYTE = 1_000_000
_FLOOD = 60 * _MEGABYTE
_SEND_SECONDS = 15.0
"""Seconds that an attacker gives the server to refuse a body."""
_FORMS = ("/v1/documents", "/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/process_recording")
_URLENCODED = "application/x-www-form-urlencoded"
_CRASHES = {500, 502}
_END = b'],"fn_index":0,"session_hash":"x"}'


Request = tuple[str, str, bytes]
"""Target, content type and body."""


def _send_floods(server: Server, trial: Trial) -> None:
    """Send 60 MB of `[],` to every route that takes a body, with a length and in chunks."""
    before = memory(server)
    with server.visitor() as visitor:
        targets = body_routes(visitor)
        trial.works("An ordinary question is answered.", visitor.ask("Who signed the treaty of 16 July 2001?"))
    slowest_health = 0.0
    for target in sorted(targets, key=lambda target_name: target_name != "/gradio_api/queue/join"):
        statuses: list[int] = []

        def load(target: str = target, statuses: list[int] = statuses) -> None:
            by_length = request_head("POST", target, server, Content_Type=JSON, Content_Length=str(_FLOOD))
            in_chunks = request_head("POST", target, server, Content_Type=JSON, Transfer_Encoding="chunked")
            statuses.append(flood(server, by_length, _brackets(_FLOOD), _SEND_SECONDS))
            statuses.append(flood(server, in_chunks, chunked(_brackets(_FLOOD)), _SEND_SECONDS))

        pulse = pulse_during(server, trial, load)
        slowest_health = max(slowest_health, pulse.worst)
        trial.holds(f"60 MB to {target} cause no server error.", not _CRASHES & set(statuses), statuses)
        if not trial.prompt(f"60 MB to {target}", pulse):
            break
    trial.figure(f"/healthz at worst {slowest_health:.2f} s")
    expect_memory_released(server, trial, before)


def _brackets(size: int) -> Iterator[bytes]:
    """Yield `{"data":[[],[],…` of this many bytes, which is costly to parse."""
    start = b'{"data":[[]'
    yield start
    piece, remaining = b",[]" * (PIECE // 3), (size - len(start) - len(_END)) // 3 * 3
    yield b" " * (size - len(start) - len(_END) - remaining)
    while remaining > 0:
        yield piece[: min(remaining, len(piece))]
        remaining -= len(piece)
    yield _END


def _send_below_limit(server: Server, trial: Trial) -> None:
    """Send bodies just below the limit, several at once: the server must parse them beside its other work."""
    before = memory(server)
    with server.visitor() as visitor:
        targets = [target for target in body_routes(visitor) if target.startswith(("/v1/", "/mcp", "/page/"))]
    for target in (
        "/gradio_api/queue/join",
        "/gradio_api/call/v2/ask",
        "/gradio_api/component_server",
        *trial.sample(targets, 3),
    ):
        for size in (7_900_000, 990_000):
            body = b"".join(_brackets(size))
            load = _simultaneous([partial(send_body, server, target, JSON, body, _SEND_SECONDS)] * 6)
            if not expect_steady(server, trial, f"Six times {size / _MEGABYTE} MB to {target}", load):
                expect_memory_released(server, trial, before)
                return
    expect_memory_released(server, trial, before)


def _simultaneous(requests: Sequence[Callable[[], object]]) -> Callable[[], None]:
    """Return a load that makes all requests at the same time."""

    def load() -> None:
        threads = [threading.Thread(target=request, daemon=True) for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * _SEND_SECONDS)

    return load


def _send_disguised(server: Server, trial: Trial) -> None:
    """Send brackets and quotation marks in 24 simultaneous requests with a wrong or a costly content type."""
    marks = b'{"question":' + b'"' * (4 * _MEGABYTE - 100)
    for label, target, content_type, body in (
        ("Brackets as a form", "/gradio_api/queue/join", _URLENCODED, b"".join(_brackets(990_000))),
        ("Brackets in parts", "/gradio_api/queue/join", FORM, b"".join(_brackets(990_000))),
        ("Quotation marks", "/v1/ask", JSON, marks),
    ):
        statuses: list[int] = []

        def send(request: Request = (target, content_type, body), results: list[int] = statuses) -> None:
            results.append(send_body(server, *request, _SEND_SECONDS))

        pulse = pulse_during(server, trial, _simultaneous([send] * 24))
        trial.prompt(f"{label}", pulse)
        trial.holds(f"{label}: all are refused.", set(statuses) <= {413, 415, 422, 429}, statuses)
        trial.figure(f"{label}: worst {pulse.worst:.2f} s")


def _send_odd_bodies(server: Server, trial: Trial) -> None:
    """Send deeply nested bodies, endless numbers, thousands of fields and hundreds of thousands of parts."""
    before = memory(server)
    with server.visitor() as visitor:
        job = visitor.wait_for_job(visitor.add({"bodies.txt": b"The keeper of bodies sleeps by day."}))
        trial.works("A file is added.", job.get("state") == "done", job)
        routes = body_routes(visitor)
    slowest_health = 0.0
    for number, (label, (content_type, body)) in enumerate(_odd_body_table().items()):
        targets = [route for route in routes if content_type == JSON or route.startswith((*_FORMS, "/page/"))]
        if trial.brief:
            targets = targets[number % 2 :: 2]  # each target gets every second body
        statuses: dict[str, int] = {}

        def load(
            content_type: str = content_type,
            body: bytes = body,
            results: dict[str, int] = statuses,
            targets_to_try: list[str] = targets,
        ) -> None:
            results.update(
                {target: send_body(server, target, content_type, body, _SEND_SECONDS) for target in targets_to_try}
            )

        pulse = pulse_during(server, trial, load)
        slowest_health = max(slowest_health, pulse.worst)
        for target in targets:
            no_crash = statuses.get(target) not in _CRASHES
            trial.holds(f"{label} to {target} causes no server error.", no_crash, statuses.get(target))
        if not trial.prompt(f"{label}", pulse):
            break
    trial.figure(f"/healthz at worst {slowest_health:.2f} s")
    expect_memory_released(server, trial, before)


def _odd_body_table() -> dict[str, tuple[str, bytes]]:
    """Return the bodies and their content types by label."""
    part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%b.txt"\r\n\r\nx\r\n'
    field = b'--edge\r\nContent-Disposition: form-data; name="questions"\r\n\r\nx\r\n'
    close = b"--edge--\r\n"
    return {
        "Depth of lists": (JSON, b"[" * _MEGABYTE),
        "Depth of objects": (JSON, b'{"data":' * (_MEGABYTE // 8)),
        "Depth of data": (JSON, b'{"data":' + b"[" * 200_000 + b"]" * 200_000 + _END[1:]),
        "Depth that is still read": (JSON, b'{"data":' + b"[" * 180 + b"]" * 180 + _END[1:]),
        "A long number": (JSON, b'{"question":"x","limit":' + b"9" * (4 * _MEGABYTE) + b"}"),
        "A large exponent": (JSON, b'{"question":"x","limit":1e999999999,"fn_index":1e999999999,"data":[]}'),
        "A large index": (JSON, b'{"data":[],"session_hash":"x","fn_index":%b}' % (b"9" * 4000)),
        "Many keys": (JSON, b"{" + b",".join(b'"%d":0' % i for i in range(100_000)) + b"}"),
        "Many fields": (_URLENCODED, b"questions=a&" * 300_000),
        "Many files": (FORM, b"".join(part % b"%d" % i for i in range(20_000)) + close),
        "Many form fields": (FORM, field * 50_000 + close),
        "A part with a long head": (FORM, b"--edge\r\nX-Long: " + b"a" * (4 * _MEGABYTE) + b"\r\n\r\nx\r\n" + close),
        "A part with many heads": (FORM, b"--edge\r\n" + b"X-A: b\r\n" * 300_000 + b"\r\nx\r\n" + close),
        "A part with a long name": (FORM, part % (b"n" * _MEGABYTE) + close),
        "A form that never ends": (FORM, b"--edge\r\n" + b"\r\n--edg" * 500_000),
        "A form of edges": (FORM, b"--edge\r\n" * 500_000),
        "A form without an edge": ("multipart/form-data", b"x" * _MEGABYTE),
    }


def _send_many_uploads(server: Server, trial: Trial) -> None:
    """Send complete uploads, but too many at a time for one address."""
    before = memory(server)
    part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="m.bin"\r\n\r\n%b\r\n--edge--\r\n'
    body = part % (b"\x00\x01\x02\x03" * _MEGABYTE)
    targets = ("/v1/documents", "/gradio_api/upload")
    load = _simultaneous([partial(send_body, server, target, FORM, body, _SEND_SECONDS) for target in targets] * 8)
    expect_steady(server, trial, "Sixteen uploads of 4 MB at a time", load)
    with server.visitor(BYSTANDER) as bystander:
        job = bystander.wait_for_job(bystander.add({"after.txt": b"The bystander adds after the uploads."}), 120)
        trial.works("A bystander's file is added afterwards.", job.get("state") == "done", job)
    expect_memory_released(server, trial, before)


# Slow connections: half-sent headers, silence, uploads that stop, bodies that arrive byte by byte.

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


# Responses that the client never reads, so that the server must buffer them.

_CONNECTIONS = 30
_PADDING = 8_000_000


def _originals(server: Server, trial: Trial) -> None:
    """Request a file of 8 MB over 30 connections and read nothing."""
    name = f"unread{uuid.uuid4().hex[:8]}"
    page = b"<html><!--" + b"x" * _PADDING + b"--><p>The keeper of %b reads slowly.</p></html>" % name.encode()
    with server.visitor(BYSTANDER) as visitor:
        visitor.wait_for_job(visitor.add({f"{name}.html": page}))
        document = next((document["id"] for document in visitor.documents() if name in document["source"]), "")
        target = f"/v1/documents/{document}/original"
        trial.works("The file is given to the byte.", visitor.get(target).content == page)
        before = memory(server)
        with ExitStack() as stack, pulse_of(server) as pulse:
            for _ in range(_CONNECTIONS):
                connection = stack.enter_context(RawConnection.connect(server))
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.send(request_head("GET", target, server))
            time.sleep(2)
            growth = memory(server) - before
            trial.holds(
                "30 originals that nobody reads take less than 100 MB.", growth < SPARE_MEMORY, f"{growth // 1024} MB"
            )
            trial.works("A bystander gets the file meanwhile.", visitor.get(target).content == page)
        trial.prompt("Unread originals", pulse)
        trial.figure(f"{_CONNECTIONS} of {_PADDING // 1_000_000} MB took {growth // 1024} MB; {pulse}")
        visitor.delete(f"/v1/documents/{document}")


ATTACKS = (
    Attack("bodies-floods", "Stop the server with 60 MB of brackets", _send_floods),
    Attack("bodies-limit", "Stop it with many bodies just below the limit", _send_below_limit),
    Attack("bodies-disguised", "Stop it with JSON that says it is something else", _send_disguised),
    Attack("bodies-odd", "Stop it with depth, numbers, fields and parts", _send_odd_bodies),
    Attack("bodies-uploads", "Fill it with uploads", _send_many_uploads),
    Attack("stalls-headers", "Hold hundreds of connections with half-sent headers", _send_half_headers),
    Attack("stalls-bodies", "Hold all upload slots with bodies that stop", _stall_bodies),
    Attack("stalls-drips", "Hold them with bodies that come a byte a second", _drip_bodies),
    Attack("stalls-shares", "Hold them from two addresses, and removals with them", _hold_upload_slots),
    Attack("unread-originals", "Fill the memory with files that nobody reads", _originals),
)
