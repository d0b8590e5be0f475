"""Requests that a page of another site makes in a reader's browser, and DNS rebinding."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.outcomes import Attack
from tests.attack.routes import UNKNOWN_JOB
from tests.attack.sockets import FORM, JSON

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Reply, Visitor

_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%b.txt"\r\n\r\n%b\r\n--edge--\r\n'
_URLENCODED = "application/x-www-form-urlencoded"
_CLOSED_ROUTES = (
    "/run/ask",
    "/call/ask",
    "/call/v2/ask",
    "/gradio_api/cancel",
    "/component_server",
    "/process_recording",
)
"""Routes of Gradio that the page does not need, and that a server may close to everyone."""
Changing = tuple[str, str, str, bytes]
"""Method, target, content type and body."""


def _foreign(server: Server) -> dict[str, list[tuple[str, str]]]:
    """Return the headers of foreign pages' requests: over plain HTTP (without Sec-Fetch-Site) and others."""
    port = server.port
    return {
        "another site": [("Origin", "http://evil.example")],
        "another site at the same port": [("Origin", f"http://evil.example:{port}")],
        "an opaque page": [("Origin", "null")],
        "another port": [("Origin", f"http://127.0.0.1:{port + 1 if port < 65000 else port - 1}")],
        "no port": [("Origin", "http://127.0.0.1")],
        "another scheme": [("Origin", "https://127.0.0.1")],
        "a site named after this one": [("Origin", f"http://127.0.0.1.evil.example:{port}")],
        "a site with this one's name before": [("Origin", f"http://127.0.0.1:{port}.evil.example")],
        "another name of this machine": [("Origin", f"http://localhost:{port}")],
        "a file": [("Origin", "file://")],
        "an extension": [("Origin", "chrome-extension://abcdefghijklmnop")],
        "a page that a browser calls foreign": [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
        "a page of the same site": [("Origin", f"http://127.0.0.2:{port}"), ("Sec-Fetch-Site", "same-site")],
        "a site with a referrer": [("Origin", "http://evil.example"), ("Referer", f"http://127.0.0.1:{port}/")],
        "a site that gives a host": [("Origin", "http://evil.example"), ("X-Forwarded-Host", "evil.example")],
    }


def _changes(name: str, document: str, job: str) -> list[Changing]:
    """Return a request to every route that changes or accepts data. `name` becomes a document if it gets through."""
    word = name.encode()
    part = _PART % (word, b"The foreign page has written " + word)
    question = json.dumps({"questions": ["Who signed the treaty?"]}).encode()
    event = json.dumps({"data": ["Who?", None], "fn_index": 0, "session_hash": name}).encode()
    return [
        ("POST", "/v1/documents", FORM, part),
        ("POST", "/v1/documents", JSON, b'{"url": "http://127.0.0.1/x"}'),
        ("POST", "/v1/documents", "text/plain", b'{"url": "http://127.0.0.1/x"}'),
        ("DELETE", f"/v1/documents/{document}", "", b""),
        ("POST", f"/v1/jobs/{job}/cancel", _URLENCODED, b""),
        ("POST", "/v1/batch", JSON, question),
        ("POST", "/v1/batch", "text/plain", question),
        ("POST", "/page/batches", _URLENCODED, b"questions=Who"),
        ("POST", "/page/questions?name=a.txt", "text/plain", b"Who?"),
        ("POST", f"/page/jobs/{job}/cancel", _URLENCODED, b""),
        ("DELETE", f"/page/documents/{document}", "", b""),
        ("POST", "/gradio_api/upload", FORM, part),
        ("POST", "/gradio_api/queue/join", JSON, event),
        ("POST", "/gradio_api/queue/join", "text/plain", event),
        ("POST", "/gradio_api/call/ask", JSON, b'{"data": ["Who?", null]}'),
        ("POST", "/gradio_api/call/v2/ask", JSON, b'{"question": "Who?"}'),
        ("POST", "/gradio_api/run/ask", JSON, b'{"data": ["Who?", null]}'),
        ("POST", "/gradio_api/cancel", JSON, event.replace(b'"data"', b'"event_id": "x", "data"')),
        ("POST", "/gradio_api/component_server", FORM, part),
        ("POST", "/gradio_api/process_recording", FORM, part),
        ("POST", "/mcp", JSON, b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'),
    ]


def _from_foreign_pages(server: Server, trial: Trial) -> None:
    """Send every changing request from every foreign origin, and from the server's own page."""
    with server.visitor() as visitor:
        protected_id = _add_protected_document(visitor)
        for number, (label, headers) in enumerate(_foreign(server).items()):
            name = f"foreign{uuid.uuid4().hex[:10]}"
            for position, change in enumerate(_changes(name, protected_id, UNKNOWN_JOB)):
                variants: list[list[tuple[str, str]]] = [[], [("X-Pincite", "page")]]
                for page_header in variants[(number + position) % 2 :][:1] if trial.brief else variants:
                    reply = _send(visitor, change, [*headers, *page_header])
                    request = f"{change[0]} {change[1].replace(protected_id, 'DOCUMENT')} ({change[2]}) from {label}"
                    trial.holds(f"{request} is refused.", _is_refusal(change, reply), reply)
                    allowed_origin = reply.headers.get("access-control-allow-origin", "")
                    trial.holds(f"{request} may not be read there.", not allowed_origin, allowed_origin)
                    if change[1].startswith(("/v1/", "/page/")) and reply.status == 403:
                        trial.holds(f"{request}: the refusal explains itself.", reply.explained, reply.text)
            added_sources = [d["source"] for d in visitor.documents() if name in d["source"]]
            trial.holds(f"Nothing was added from {label}.", not added_sources, added_sources)
        trial.holds("Nothing was removed.", visitor.get(f"/v1/documents/{protected_id}").status_code == 200)
        for target in ("/v1/documents", "/gradio_api/upload", "/gradio_api/queue/join", "/mcp"):
            preflight = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")]
            reply = visitor.raw_request(
                "OPTIONS", target, [*preflight, ("Access-Control-Request-Headers", "content-type")]
            )
            allowed_origin = reply.headers.get("access-control-allow-origin", "")
            trial.holds(f"{target} promises nothing to foreign pages.", not allowed_origin, reply.text)
        _from_own_page(server, trial, visitor)


def _from_own_page(server: Server, trial: Trial, visitor: Visitor) -> None:
    """Send the same requests as controls: from the server's own page, by both local names, and from a program."""
    port = server.port
    requesters = {
        "its own page": [("Origin", server.url), ("X-Pincite", "page")],
        "its own page, with a header of browsers": [
            ("Origin", server.url),
            ("Sec-Fetch-Site", "same-origin"),
            ("X-Pincite", "page"),
        ],
        "its own page by name": [
            ("Host", f"localhost:{port}"),
            ("Origin", f"http://localhost:{port}"),
            ("X-Pincite", "page"),
        ],
        "a program": [("X-Pincite", "page")],
    }
    for label, headers in requesters.items():
        name = f"own{uuid.uuid4().hex[:10]}"
        for change in _changes(name, _add_protected_document(visitor), UNKNOWN_JOB):
            if change[2] == "text/plain" or change[1].endswith(_CLOSED_ROUTES) or change[3].startswith(b'{"url"'):
                continue
            reply = _send(visitor, change, headers)
            trial.works(f"{change[0]} {change[1]} works from {label}.", reply.status not in (0, 403, 421), reply)
    paths = visitor.upload("own.txt", f"The page's own upload is {uuid.uuid4()}.".encode())
    output = event_output(visitor, upload_event(visitor), [[file_data(path) for path in paths]])
    trial.works("The page's own upload is added.", '"added": ["' in output, output)


def _add_protected_document(visitor: Visitor) -> str:
    """Add a document that no attack may remove and return its id."""
    name = f"kept{uuid.uuid4().hex[:10]}"
    visitor.wait_for_job(visitor.add({f"{name}.txt": f"The document {name} stays.".encode()}))
    return next(str(document["id"]) for document in visitor.documents() if name in document["source"])


def _is_refusal(change: Changing, reply: Reply) -> bool:
    """Whether a foreign page was refused. A 404 does not count, except on routes that may be closed."""
    also_refused = (
        (404, 405, 410) if change[1].endswith(_CLOSED_ROUTES) else (415, 422) if change[2] == "text/plain" else ()
    )
    return reply.status in (400, 403, 421, *also_refused)


def _send(visitor: Visitor, change: Changing, headers: list[tuple[str, str]]) -> Reply:
    method, target, kind, body = change
    content_type = [("Content-Type", kind)] if kind else []
    accept_header = ("Accept", "application/json, text/event-stream")
    return visitor.raw_request(method, target, [accept_header, *content_type, *headers], body if kind else None)


def _by_foreign_names(server: Server, trial: Trial) -> None:
    """Use host names of the attacker that resolve to this machine, so that a browser sees pages of one origin."""
    port = server.port
    hosts = (
        "evil.example",
        f"evil.example:{port}",
        f"127.0.0.1.evil.example:{port}",
        f"localhost.evil.example:{port}",
        f"evil.example.:{port}",
        f"xn--lcalhost-55a.example:{port}",
        f"127.0.0.1@evil.example:{port}",
        f"127.0.0.1:{port}@evil.example",
        f"localhost%00.evil.example:{port}",
    )
    targets = (
        *("/", "/config", "/v1/documents", "/v1/stats", "/page/documents", "/gradio_api/info", "/openapi.json"),
        *("/healthz", "/readyz", "/metrics"),
    )
    with server.visitor() as visitor:
        protected_id = _add_protected_document(visitor)
        for host in hosts:
            headers_of_page = [
                ("Host", host),
                ("Origin", f"http://{host}"),
                ("Sec-Fetch-Site", "same-origin"),
                ("X-Pincite", "page"),
            ]
            name = f"rebound{uuid.uuid4().hex[:10]}"
            for target in (*targets, f"/v1/documents/{protected_id}/text", f"/v1/documents/{protected_id}/original"):
                reply = visitor.raw_request("GET", target, headers_of_page)
                trial.holds(f"GET {target} by {host} is refused.", reply.status in (400, 403, 421), reply)
            for change in _changes(name, protected_id, UNKNOWN_JOB):
                reply = _send(visitor, change, headers_of_page)
                trial.holds(f"{change[0]} {change[1]} by {host} is refused.", _is_refusal(change, reply), reply)
            added_sources = [d["source"] for d in visitor.documents() if name in d["source"]]
            trial.holds(f"Nothing was added by {host}.", not added_sources, added_sources)
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
            for target in ("/v1/stats", "/healthz", "/metrics"):
                reply = visitor.raw_request("GET", target, [("Host", host)])
                trial.works(f"{target} by {host} is served.", reply.status == 200, reply)
        reply = visitor.raw_request("GET", "/v1/stats", [("Host", f"127.0.0.1:{port}"), ("Host", "evil.example")])
        trial.holds("Two hosts are refused.", reply.status == 400, reply)


ATTACKS = (
    Attack("origins-pages", "Change the library from a page of another site", _from_foreign_pages),
    Attack("origins-names", "Read and change it through DNS rebinding", _by_foreign_names),
)
