"""Bodies that are too large, too deep, too many or of no length, sent to every route that takes one."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.routes import takers
from tests.attack.servers import BYSTANDER
from tests.attack.sockets import FORM, JSON, PIECE, chunked, flood, head, sent
from tests.attack.vitals import memory, pulse_during, slimmed, steady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_MEGABYTE = 1_000_000
_FLOOD = 60 * _MEGABYTE
_PATIENCE = 15.0
"""Seconds for a server to refuse a body; then the attacker goes on."""
_FORMS = ("/v1/documents", "/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/process_recording")
_PLAIN = "application/x-www-form-urlencoded"
_CRASHES = {500, 502}
_END = b'],"fn_index":0,"session_hash":"x"}'


Request = tuple[str, str, bytes]
"""Target, kind of the body, and the body."""


def _floods(server: Server, trial: Trial) -> None:
    """60 MB of `[],` to every route that takes a body, by length and in chunks."""
    before = memory(server)
    with server.visitor() as visitor:
        targets = takers(visitor)
        trial.works("An ordinary question is answered.", visitor.ask("Who signed the treaty of 16 July 2001?"))
    worst = 0.0
    for target in sorted(targets, key=lambda each: each != "/gradio_api/queue/join"):
        statuses: list[int] = []

        def load(target: str = target, statuses: list[int] = statuses) -> None:
            by_length = head("POST", target, server, Content_Type=JSON, Content_Length=str(_FLOOD))
            in_chunks = head("POST", target, server, Content_Type=JSON, Transfer_Encoding="chunked")
            statuses.append(flood(server, by_length, _brackets(_FLOOD), _PATIENCE))
            statuses.append(flood(server, in_chunks, chunked(_brackets(_FLOOD)), _PATIENCE))

        pulse = pulse_during(server, trial, load)
        worst = max(worst, pulse.worst)
        trial.holds(f"60 MB to {target} are no error of the server.", not _CRASHES & set(statuses), statuses)
        if not trial.prompt(f"60 MB to {target}", pulse):
            break
    trial.figure(f"/healthz at worst {worst:.2f} s")
    slimmed(server, trial, before)


def _brackets(size: int) -> Iterator[bytes]:
    """`{"data":[[],[],…` of this many bytes, which is costly to read."""
    start = b'{"data":[[]'
    yield start
    piece, left = b",[]" * (PIECE // 3), (size - len(start) - len(_END)) // 3 * 3
    yield b" " * (size - len(start) - len(_END) - left)
    while left > 0:
        yield piece[: min(left, len(piece))]
        left -= len(piece)
    yield _END


def _below_the_limit(server: Server, trial: Trial) -> None:
    """As much as is taken, several times at once: it must be read aside from everything else."""
    before = memory(server)
    with server.visitor() as visitor:
        targets = [target for target in takers(visitor) if target.startswith(("/v1/", "/mcp", "/page/"))]
    for target in (
        "/gradio_api/queue/join",
        "/gradio_api/call/v2/ask",
        "/gradio_api/component_server",
        *trial.some(targets, 3),
    ):
        for size in (7_900_000, 990_000):
            body = b"".join(_brackets(size))
            load = _at_once([partial(sent, server, target, JSON, body, _PATIENCE)] * 6)
            if not steady(server, trial, f"Six times {size / _MEGABYTE} MB to {target}", load):
                slimmed(server, trial, before)
                return
    slimmed(server, trial, before)


def _at_once(requests: Sequence[Callable[[], object]]) -> Callable[[], None]:
    """A load of several requests at the same time."""

    def load() -> None:
        threads = [threading.Thread(target=request, daemon=True) for request in requests]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * _PATIENCE)

    return load


def _disguised(server: Server, trial: Trial) -> None:
    """Brackets and quotation marks in 24 requests at a time that say they are a form, or a text."""
    marks = b'{"question":' + b'"' * (4 * _MEGABYTE - 100)
    for what, target, kind, body in (
        ("Brackets as a form", "/gradio_api/queue/join", _PLAIN, b"".join(_brackets(990_000))),
        ("Brackets in parts", "/gradio_api/queue/join", FORM, b"".join(_brackets(990_000))),
        ("Quotation marks", "/v1/ask", JSON, marks),
    ):
        statuses: list[int] = []

        def send(request: Request = (target, kind, body), told: list[int] = statuses) -> None:
            told.append(sent(server, *request, _PATIENCE))

        pulse = pulse_during(server, trial, _at_once([send] * 24))
        trial.prompt(f"{what}", pulse)
        trial.holds(f"{what}: all are refused.", set(statuses) <= {413, 415, 422, 429}, statuses)
        trial.figure(f"{what}: worst {pulse.worst:.2f} s")


def _odd_bodies(server: Server, trial: Trial) -> None:
    """Depth, numbers without end, fields by the thousand, parts by the hundred thousand."""
    before = memory(server)
    with server.visitor() as visitor:
        job = visitor.finished(visitor.add({"bodies.txt": b"The keeper of bodies sleeps by day."}))
        trial.works("A file is added.", job.get("state") == "done", job)
        routes = takers(visitor)
    worst = 0.0
    for what, (kind, body) in _odd().items():
        targets = [route for route in routes if kind == JSON or route.startswith((*_FORMS, "/page/"))]
        statuses: dict[str, int] = {}

        def load(
            kind: str = kind, body: bytes = body, told: dict[str, int] = statuses, to: list[str] = targets
        ) -> None:
            told.update({target: sent(server, target, kind, body, _PATIENCE) for target in to})

        pulse = pulse_during(server, trial, load)
        worst = max(worst, pulse.worst)
        for target in targets:
            fine = statuses.get(target) not in _CRASHES
            trial.holds(f"{what} to {target} is no error of the server.", fine, statuses.get(target))
        if not trial.prompt(f"{what}", pulse):
            break
    trial.figure(f"/healthz at worst {worst:.2f} s")
    slimmed(server, trial, before)


def _odd() -> dict[str, tuple[str, bytes]]:
    """Bodies, each with its kind."""
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
        "Many fields": (_PLAIN, b"questions=a&" * 300_000),
        "Many files": (FORM, b"".join(part % b"%d" % i for i in range(20_000)) + close),
        "Many form fields": (FORM, field * 50_000 + close),
        "A part with a long head": (FORM, b"--edge\r\nX-Long: " + b"a" * (4 * _MEGABYTE) + b"\r\n\r\nx\r\n" + close),
        "A part with many heads": (FORM, b"--edge\r\n" + b"X-A: b\r\n" * 300_000 + b"\r\nx\r\n" + close),
        "A part with a long name": (FORM, part % (b"n" * _MEGABYTE) + close),
        "A form that never ends": (FORM, b"--edge\r\n" + b"\r\n--edg" * 500_000),
        "A form of edges": (FORM, b"--edge\r\n" * 500_000),
        "A form without an edge": ("multipart/form-data", b"x" * _MEGABYTE),
    }


def _many_uploads(server: Server, trial: Trial) -> None:
    """Uploads that are whole, but too many at a time for one address."""
    before = memory(server)
    part = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="m.bin"\r\n\r\n%b\r\n--edge--\r\n'
    body = part % (b"\x00\x01\x02\x03" * _MEGABYTE)
    targets = ("/v1/documents", "/gradio_api/upload")
    load = _at_once([partial(sent, server, target, FORM, body, _PATIENCE) for target in targets] * 8)
    steady(server, trial, "Sixteen uploads of 4 MB at a time", load)
    with server.visitor(BYSTANDER) as bystander:
        job = bystander.finished(bystander.add({"after.txt": b"The bystander adds after the uploads."}), 120)
        trial.works("A bystander's file is added afterwards.", job.get("state") == "done", job)
    slimmed(server, trial, before)


ATTACKS = (
    Attack("bodies-floods", "Stop the server with 60 MB of brackets", _floods),
    Attack("bodies-limit", "Stop it with many bodies just below the limit", _below_the_limit),
    Attack("bodies-disguised", "Stop it with JSON that says it is something else", _disguised),
    Attack("bodies-odd", "Stop it with depth, numbers, fields and parts", _odd_bodies),
    Attack("bodies-uploads", "Fill it with uploads", _many_uploads),
)
