"""Requests of other sites' pages, DNS rebinding, and forged headers of a proxy."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.outcomes import Attack
from tests.attack.routes import UNKNOWN_JOB
from tests.attack.servers import BYSTANDER, running_server, warm_up
from tests.attack.sockets import FORM, JSON, RawConnection, request_head
from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Reply


# Requests that a page of another site makes in a reader's browser, and DNS rebinding.

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


# Proxy headers that visitors forge, with and without a trusted proxy.

_EVIL = "evil.example"
_PROXY = "127.0.0.9"
_UPLOADS = 64
_UPLOAD_START = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\nThe slow'

_FORGED: dict[str, list[tuple[str, str]]] = {
    "X-Forwarded-Host": [("X-Forwarded-Host", _EVIL)],
    "X-Forwarded-Host and -Proto": [("X-Forwarded-Host", _EVIL), ("X-Forwarded-Proto", "https")],
    "X-Forwarded-Server": [("X-Forwarded-Server", _EVIL), ("X-Forwarded-Port", "443")],
    "X-Forwarded-Prefix": [("X-Forwarded-Prefix", f"//{_EVIL}/"), ("X-Script-Name", f"//{_EVIL}")],
    "X-Original-Host": [("X-Original-Host", _EVIL), ("X-Host", _EVIL), ("X-HTTP-Host-Override", _EVIL)],
    "X-Original-URL": [("X-Original-URL", f"http://{_EVIL}/"), ("X-Rewrite-URL", f"/{_EVIL}")],
    "Forwarded": [("Forwarded", f"for=127.0.0.1;host={_EVIL};proto=https")],
    "X-Gradio-Server": [("X-Gradio-Server", f"http://{_EVIL}"), ("X-Direct-URL", f"http://{_EVIL}")],
    "all at once": [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("X-Forwarded-Host", f"{_EVIL}, 127.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", f"host={_EVIL}"),
    ],
}


def _forge_links(server: Server, trial: Trial) -> None:
    """Forge URLs in responses, and pass the host check, with proxy headers from a peer that is not a proxy."""
    targets = (
        "/",
        "/config",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/openapi.json",
        "/docs",
        "/manifest.json",
        "/d/nothing",
        "/v1/documents",
        "/page/documents",
    )
    with server.visitor() as visitor:
        trial.works("The page names its own address.", server.url in visitor.get("/config").text)
        for label, headers in _FORGED.items():
            for target in targets:
                reply = visitor.raw_request("GET", target, headers)
                trial.works(f"GET {target} with {label} is served.", reply.status in (200, 302, 307, 404), reply)
                secure_url = f"https://127.0.0.1:{server.port}"
                forged_address = next((word for word in (_EVIL, secure_url) if word in reply.text), "")
                trial.holds(f"GET {target} with {label} gives no forged address.", not forged_address, forged_address)
            for target, kind, body in _POSTS:
                reply = visitor.raw_request("POST", target, [*headers, ("Content-Type", kind), _ACCEPTS], body)
                trial.holds(f"POST {target} with {label} gives no forged address.", _EVIL not in reply.text, reply)
            _forge_hosts(server, trial, visitor, label, headers)
        for override in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
            documents_before = visitor.documents()
            reply = visitor.raw_request(
                "POST", f"/v1/documents/{documents_before[0]['id']}", [(override, "DELETE")], b""
            )
            trial.holds(f"{override} removes nothing.", len(visitor.documents()) == len(documents_before), reply)


_ACCEPTS = ("Accept", "application/json, text/event-stream")
_POSTS = (
    ("/v1/ask", JSON, b'{"question": "Who signed the treaty of 16 July 2001?"}'),
    ("/v1/ask?format=html", JSON, b'{"question": "Who signed the treaty of 16 July 2001?"}'),
    ("/v1/batch", JSON, b'{"questions": ["Who signed the treaty?"]}'),
    (
        "/mcp",
        JSON,
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", '
        b'"arguments": {"question": "Who signed the treaty of 16 July 2001?"}}}',
    ),
)


def _forge_hosts(server: Server, trial: Trial, visitor: Visitor, label: str, headers: list[tuple[str, str]]) -> None:
    """Forged headers must not make a foreign host name or a foreign page acceptable."""
    local_headers = [(name, value.replace(_EVIL, f"127.0.0.1:{server.port}")) for name, value in headers]
    for target in ("/v1/stats", "/config", "/page/documents", "/v1/documents"):
        reply = visitor.raw_request("GET", target, [("Host", _EVIL), *local_headers])
        trial.holds(f"GET {target} by a foreign name with {label} is refused.", reply.status in (400, 403, 421), reply)
    foreign_origin = [("Origin", f"http://{_EVIL}"), ("X-Pincite", "page")]
    secure_origin = [("Origin", f"https://{_EVIL}"), ("X-Pincite", "page")]
    for origin_headers in (foreign_origin, secure_origin):
        for target, kind, body in (
            ("/v1/documents", FORM, _UPLOAD_START + b"\r\n--edge--\r\n"),
            ("/gradio_api/upload", FORM, _UPLOAD_START + b"\r\n--edge--\r\n"),
            ("/gradio_api/queue/join", JSON, b'{"data": ["Who?", null], "fn_index": 0, "session_hash": "p"}'),
        ):
            reply = visitor.raw_request("POST", target, [*origin_headers, *headers, ("Content-Type", kind)], body)
            request = f"POST {target} from {origin_headers[0][1]} with {label}"
            trial.holds(f"{request} is refused.", reply.status in (400, 403, 421), reply)


def _forge_client_addresses(server: Server, trial: Trial) -> None:
    """Forge client addresses to hold more uploads than one visitor may, or to use up another visitor's share."""
    honest_count = _count_open_uploads(server)
    trial.figure(f"of {_UPLOADS} unfinished uploads {honest_count} were taken from one address")
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"):
        form = "for=10.0.0.{}" if name == "Forwarded" else "10.0.0.{}"
        count = _count_open_uploads(server, name, form, enough=honest_count + 2)
        trial.holds(
            f"{name} gives no more slots.", count <= honest_count + 2, f"{count}, and {honest_count} without it"
        )
    with ExitStack() as stack:
        for _ in range(_UPLOADS):
            _open_upload(stack, server, "127.0.0.1", {"X_Forwarded_For": BYSTANDER, "X_Real_IP": BYSTANDER})
        time.sleep(1)
        trial.holds("A forged address does not take the slots of its owner.", _can_add(server.visitor(BYSTANDER)))


def _forge_past_trusted_proxy(_: Server, trial: Trial) -> None:
    """Attack behind and beside a trusted proxy, whose visitors count one by one and cannot forge their address."""
    with TemporaryDirectory(prefix="pincite-proxy-") as folder:
        settings = {"PINCITE_TRUSTED_PROXIES": f"{_PROXY},10.9.0.0/16", "PINCITE_ALLOW_HOSTS": "pincite.example"}
        with running_server("serve", Path(folder) / "server", **settings) as server:
            warm_up(server)
            _behind_a_proxy(server, trial)
            _past_the_proxy(server, trial)


def _behind_a_proxy(server: Server, trial: Trial) -> None:
    forwarded_headers = {
        "one visitor": "10.1.0.1",
        "one visitor who names another before": "10.1.0.{}, 10.1.0.1",
        "one visitor behind two trusted proxies": "10.1.0.1, 10.9.0.7",
    }
    for label, forwarded in forwarded_headers.items():
        with ExitStack() as stack:
            for number in range(_UPLOADS):
                _open_upload(stack, server, _PROXY, {"X_Forwarded_For": forwarded.format(number + 2)})
            time.sleep(1)
            visitor = Visitor(server.url, _PROXY)
            visitor.headers["X-Forwarded-For"] = "10.1.0.77"
            trial.holds(f"{label} does not take the slots of others behind the same proxy.", _can_add(visitor))
    with Visitor(server.url, _PROXY) as visitor:
        for odd_address in (
            "",
            "unknown",
            ",,,",
            "10.1.0.1:4711",
            "[2001:db8::1]:80",
            "_hidden",
            "\xff",
            "1." * 3000,
            "1, " * 500,
        ):
            reply = visitor.raw_request(
                "GET", "/v1/stats", [("X-Forwarded-For", odd_address), ("X-Forwarded-Proto", odd_address)]
            )
            trial.holds(
                f"An odd address {odd_address[:20]!r} causes no server error.", reply.status not in (0, 500), reply
            )
        proxied_headers = {"Host": "pincite.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.0.5"}
        own_page_headers = {**proxied_headers, "Origin": "https://pincite.example", "Sec-Fetch-Site": "same-origin"}
        job = visitor.wait_for_job(
            visitor.add({"proxied.txt": b"The one behind the proxy adds a file."}, own_page_headers)
        )
        trial.works("The page behind the proxy may add files.", job.get("state") == "done", job)
        foreign_headers = {**proxied_headers, "Origin": f"https://{_EVIL}"}
        response = visitor.post("/v1/batch", json={"questions": ["Who?"]}, headers=foreign_headers)
        trial.holds("A foreign page may not, behind the proxy.", response.status_code in (400, 403, 421), response.text)


def _past_the_proxy(server: Server, trial: Trial) -> None:
    """Reach the server directly: the peer is not the proxy, so its proxy headers count for nothing."""
    with server.visitor() as visitor:
        for label, headers in _FORGED.items():
            _forge_hosts(server, trial, visitor, label, headers)
    honest_count = _count_open_uploads(server)
    forged_count = _count_open_uploads(server, "X-Forwarded-For", "10.1.0.{}", enough=honest_count + 2)
    trial.holds(
        "Beside the proxy, forged addresses give no more slots.",
        forged_count <= honest_count + 2,
        f"{forged_count}, {honest_count}",
    )


def _count_open_uploads(server: Server, name: str = "", address_form: str = "", *, enough: int = 0) -> int:
    """Count the unfinished uploads that the server keeps open; each forges another address if a header is given.

    The server may take two seconds to close the others. The count returns earlier once it is low enough.
    """
    forged_headers = [
        {name.replace("-", "_"): address_form.format(number + 1)} if name else {} for number in range(_UPLOADS)
    ]
    with ExitStack() as stack:
        connections = [_open_upload(stack, server, "127.0.0.1", headers) for headers in forged_headers]
        deadline = time.monotonic() + 2
        while True:
            count = sum(connection is not None and not connection.has_ended() for connection in connections)
            if count <= enough or time.monotonic() > deadline:
                return count
            time.sleep(0.1)


def _open_upload(stack: ExitStack, server: Server, address: str, headers: dict[str, str]) -> RawConnection | None:
    try:
        connection = stack.enter_context(RawConnection.connect(server, address))
    except OSError:
        return None
    connection.send(
        request_head("POST", "/v1/documents", server, Content_Type=FORM, Content_Length="9000", **headers)
        + _UPLOAD_START
    )
    return connection


def _can_add(visitor: Visitor) -> bool:
    """Whether this visitor can add a file."""
    visitor.timeout = 30.0
    try:
        with visitor:
            content = f"A file of {time.monotonic_ns()} is added.".encode()
            return (
                visitor.wait_for_job(visitor.add({f"place{time.monotonic_ns()}.txt": content})).get("state") == "done"
            )
    except Exception:  # any failure means that the visitor was not served
        return False


ATTACKS = (
    Attack("origins-pages", "Change the library from a page of another site", _from_foreign_pages),
    Attack("origins-names", "Read and change it through DNS rebinding", _by_foreign_names),
    Attack("proxies-links", "Forge addresses and hosts with a proxy's headers", _forge_links),
    Attack("proxies-shares", "Take more slots with forged addresses", _forge_client_addresses),
    Attack(
        "proxies-trusted",
        "Forge addresses past a proxy that is trusted",
        _forge_past_trusted_proxy,
        programs=("serve",),
    ),
)
