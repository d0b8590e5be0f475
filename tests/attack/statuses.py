"""Requests that a server may refuse, but never with a server error, a traceback or a path."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from tests.attack.canaries import events
from tests.attack.outcomes import Attack
from tests.attack.routes import all_routes, body_routes
from tests.attack.sockets import FORM, JSON
from tests.attack.vitals import expect_memory_released, memory

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Reply, Visitor

_SERVER_ERRORS = (500, 501, 502, 504)


def _expect_no_error(server: Server, trial: Trial, label: str, reply: Reply, sent_text: str = "") -> None:
    """Record whether there was a response, without a server error, that reveals nothing of the server."""
    trial.holds(f"{label} causes no server error.", reply.status not in (0, *_SERVER_ERRORS), reply)
    leak = server.leak(reply.text.replace(sent_text, "") if sent_text else reply.text)
    trial.holds(f"{label} reveals nothing of the server.", not leak, leak)


def _send_known_failures(server: Server, trial: Trial) -> None:
    """Send requests that have once failed, and similar ones."""
    with server.visitor() as visitor:
        trial.works("Gradio's API answers a question.", _client_is_answered(visitor))
        before = memory(server)
        for target, body in _KNOWN_FAILURES:
            reply = visitor.raw_request(
                "POST", target, [("Content-Type", JSON), *visitor.page_headers.items()], body.encode()
            )
            _expect_no_error(server, trial, f"POST {target} {body[:60]}", reply)
        for event in events(visitor):
            count = len(event["inputs"])
            unfit_inputs: tuple[list[object], ...] = ([], [None], [[]] * 30, [{}] * count, ["x"] * count)
            for data in unfit_inputs:
                body = json.dumps({"data": data, "fn_index": event["id"], "session_hash": uuid.uuid4().hex})
                reply = visitor.raw_request("POST", "/gradio_api/queue/join", [("Content-Type", JSON)], body.encode())
                _expect_no_error(server, trial, f"Event {event['id']} with {str(data)[:40]}", reply)
        for size in ("999999", "8000", "5000", "0", "-1", "1e9", "9" * 30, "%00", "nan", "192.5"):
            reply = visitor.raw_request("GET", f"/pwa_icon/{size}")
            _expect_no_error(server, trial, f"GET /pwa_icon/{size}", reply)
            trial.holds(f"An icon of size {size} is not drawn.", 400 <= reply.status < 500, reply.status)
        expect_memory_released(server, trial, before)


_KNOWN_FAILURES = (
    ("/gradio_api/call/v2/ask", "{}"),
    ("/gradio_api/call/v2/ask", '{"question": null}'),
    ("/gradio_api/call/v2/ask", '{"nothing": 1}'),
    ("/gradio_api/call/v2/ask", '{"question": "x", "more": 1}'),
    ("/gradio_api/call/v2/nothing", "{}"),
    ("/gradio_api/call/v2/upload", "{}"),
    ("/gradio_api/call/nothing", '{"data": []}'),
    ("/gradio_api/call/ask", '{"data": []}'),
    ("/gradio_api/call/ask", '{"data": [1, 2, 3, 4]}'),
    ("/gradio_api/run/nothing", '{"data": []}'),
    ("/gradio_api/run/ask", '{"data": []}'),
    ("/gradio_api/run/ask", '{"data": [], "fn_index": 999}'),
    ("/gradio_api/api/predict", '{"data": [], "fn_index": -1}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 999, "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": -1, "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": null, "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 99999999999999999999999, "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": true, "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "session_hash": "x"}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 0, "session_hash": ""}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 0, "session_hash": "x", "trigger_id": 99999}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 0, "session_hash": "x", "event_data": {"a": []}}'),
    ("/gradio_api/queue/join", '{"data": [], "fn_index": 0, "session_hash": "x", "batched": true}'),
    ("/gradio_api/cancel", '{"session_hash": "x", "fn_index": 999, "event_id": "x"}'),
    ("/gradio_api/component_server", '{"data": [], "component_id": 999, "session_hash": "x", "fn_name": "x"}'),
    ("/gradio_api/component_server", '{"data": [], "component_id": "x", "session_hash": [], "fn_name": "__init__"}'),
    ("/gradio_api/component_server", '{"data": [], "component_id": 1, "session_hash": {}, "fn_name": 1}'),
)


def _client_is_answered(visitor: Visitor) -> bool:
    """Whether a question is answered that is sent as Gradio's Python client sends it."""
    index = next(event["id"] for event in events(visitor) if event["api_name"] == "ask")
    return "Zemin" in visitor.event(index, ["Who signed the treaty of 16 July 2001?", None])


def _send_unfit_requests(server: Server, trial: Trial) -> None:
    """Send unexpected methods, bodies and headers to every route, Gradio's included."""
    with server.visitor() as visitor:
        trial.works("An ordinary question is answered.", visitor.ask("Who signed the treaty of 16 July 2001?"))
        for method, target in all_routes(visitor):
            _expect_no_error(server, trial, f"{method} {target}", visitor.raw_request(method, target, seconds=10))
        for method in ("PUT", "PATCH", "TRACE", "HEAD", "OPTIONS", "PROPFIND", "CONNECT"):
            for target in ("/", "/v1/ask", "/mcp", "/gradio_api/queue/join", "/gradio_api/upload"):
                _expect_no_error(server, trial, f"{method} {target}", visitor.raw_request(method, target, seconds=10))
        for number, target in enumerate(body_routes(visitor)):
            bodies = list(_UNFIT_BODIES.items())
            for label, (kind, body) in bodies[number % 3 :: 3] if trial.brief else bodies:  # each body to some routes
                headers = (
                    [("Content-Type", kind), *visitor.page_headers.items()] if kind else [*visitor.page_headers.items()]
                )
                _expect_no_error(
                    server, trial, f"POST {target} with {label}", visitor.raw_request("POST", target, headers, body)
                )
        for label, headers in _ODD_HEADERS.items():
            for target in ("/", "/v1/documents", "/config", "/gradio_api/info", "/d/nothing", "/ui/page.js"):
                _expect_no_error(
                    server, trial, f"GET {target} with {label}", visitor.raw_request("GET", target, headers, seconds=10)
                )


_UNFIT_BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": (JSON, b""),
    "an empty object": (JSON, b"{}"),
    "a list": (JSON, b"[]"),
    "null": (JSON, b"null"),
    "a text": (JSON, b'"x"'),
    "half of an object": (JSON, b'{"data": ['),
    "no numbers": (JSON, b'{"data": [NaN, Infinity], "fn_index": NaN, "session_hash": "x", "limit": NaN}'),
    "other kinds": (JSON, b'{"data": {}, "question": [], "text": {}, "questions": "x", "session_hash": 1, "url": 1}'),
    "a lone surrogate": (
        JSON,
        b'{"question": "\\ud800", "text": "\\udfff", "data": ["\\ud800"], "session_hash": "\\ud800"}',
    ),
    "a NUL": (
        JSON,
        b'{"question": "a\\u0000b", "text": "\\u0000", "questions": ["\\u0000"], "documents": ["\\u0000"]}',
    ),
    "no Unicode": (JSON, b'{"question": "\xff\xfe\x80", "data": ["\xff"]}'),
    "a mark of order": (JSON, b"\xef\xbb\xbf{}"),
    "another code": ("application/json; charset=utf-16", '{"question": "Who?"}'.encode("utf-16")),
    "an unknown code": ("application/json; charset=nothing", b'{"question": "Who?"}'),
    "plain text": ("text/plain", b"Who?"),
    "no kind": ("", b"Who?"),
    "a kind of nothing": ("/", b"{}"),
    "a form of nothing": (FORM, b"--edge--\r\n"),
    "a form without an edge": ("multipart/form-data", b"x"),
    "a form with an empty edge": ("multipart/form-data; boundary=", b"--\r\n\r\n----"),
    "a form with an odd edge": ("multipart/form-data; boundary=\xff", b"--x"),
    "a form that breaks off": (FORM, b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a'),
    "a part without a name": (FORM, b"--edge\r\nContent-Disposition: form-data\r\n\r\nx\r\n--edge--\r\n"),
    "a field for a file": (FORM, b'--edge\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--edge--\r\n'),
    "a file of no name": (
        FORM,
        b'--edge\r\nContent-Disposition: form-data; name="files"; filename=""\r\n\r\nx\r\n--edge--\r\n',
    ),
    "a file of odd name": (
        FORM,
        b'--edge\r\nContent-Disposition: form-data; name="files"; filename="..\x01/\xff\xfe"\r\n\r\nx\r\n--edge--\r\n',
    ),
    "fields": ("application/x-www-form-urlencoded", b"questions=%ff%00&questions=&=&data=%"),
}

_ODD_HEADERS: dict[str, list[tuple[str, str]]] = {
    "a range": [("Range", "bytes=9999999999-")],
    "a range of nothing": [("Range", "bytes=x-y")],
    "many ranges": [("Range", f"bytes={','.join(f'{i}-{i}' for i in range(500))}")],
    "an odd tag": [("If-None-Match", '"' + "a" * 5000), ("If-Modified-Since", "never")],
    "an odd id": [("X-Request-ID", "a\xff" * 500)],
    "odd languages": [("Accept-Language", "x" * 5000), ("Accept-Encoding", "nothing;q=x")],
    "odd cookies": [("Cookie", f"{'a=b; ' * 500}access-token=\xff; session={'9' * 4000}")],
    "an odd referrer": [("Referer", "::::"), ("Origin", "http://[")],
    "an odd key": [("Authorization", "Basic !!!!"), ("X-Api-Key", "\xff")],
    "many headers": [(f"X-Number-{number}", "x") for number in range(90)],
    "an upgrade": [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "x")],
}


ATTACKS = (
    Attack("statuses-listed", "Make the server fail where it has failed before", _send_known_failures),
    Attack("statuses-fuzz", "Make any route fail, or reveal the server's disk", _send_unfit_requests),
)
