"""Proxy headers that visitors forge, with and without a trusted proxy."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER, running_server, warm_up
from tests.attack.sockets import FORM, JSON, RawConnection, request_head
from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_EVIL = "evil.example"
_PROXY = "127.0.0.9"
_UPLOADS = 64
_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="slow.txt"\r\n\r\nThe slow'

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
            ("/v1/documents", FORM, _PART + b"\r\n--edge--\r\n"),
            ("/gradio_api/upload", FORM, _PART + b"\r\n--edge--\r\n"),
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
        request_head("POST", "/v1/documents", server, Content_Type=FORM, Content_Length="9000", **headers) + _PART
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
    Attack("proxies-links", "Forge addresses and hosts with a proxy's headers", _forge_links),
    Attack("proxies-shares", "Take more slots with forged addresses", _forge_client_addresses),
    Attack(
        "proxies-trusted",
        "Forge addresses past a proxy that is trusted",
        _forge_past_trusted_proxy,
        programs=("serve",),
    ),
)
