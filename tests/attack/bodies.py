"""Bodies that are too large, too deep, too many or without a length, sent to every route that takes one."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.routes import body_routes
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, PIECE, chunked, flood, request_head, send_body
from tests.attack.vitals import expect_memory_released, expect_steady, memory, pulse_during

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

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


ATTACKS = (
    Attack("bodies-floods", "Stop the server with 60 MB of brackets", _send_floods),
    Attack("bodies-limit", "Stop it with many bodies just below the limit", _send_below_limit),
    Attack("bodies-disguised", "Stop it with JSON that says it is something else", _send_disguised),
    Attack("bodies-odd", "Stop it with depth, numbers, fields and parts", _send_odd_bodies),
    Attack("bodies-uploads", "Fill it with uploads", _send_many_uploads),
)
