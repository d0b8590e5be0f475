"""Headers of proxies, sent by visitors who are none, or past a proxy that is trusted."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.attack.outcomes import Attack
from tests.attack.servers import BYSTANDER, serving, warm
from tests.attack.sockets import FORM, JSON, Line, head
from tests.attack.visitors import Visitor

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_EVIL = "evil.example"
_PROXY = "127.0.0.9"
_MANY = 64
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


def _links(server: Server, trial: Trial) -> None:
    """Addresses in responses, and the check of the host, with forged headers from a peer that is no proxy."""
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
        for what, headers in _FORGED.items():
            for target in targets:
                reply = visitor.bare("GET", target, headers)
                trial.works(f"GET {target} with {what} is served.", reply.status in (200, 302, 307, 404), reply)
                secure = f"https://127.0.0.1:{server.port}"
                spoilt = next((word for word in (_EVIL, secure) if word in reply.text), "")
                trial.holds(f"GET {target} with {what} gives no forged address.", not spoilt, spoilt)
            for target, kind, body in _ASKED:
                reply = visitor.bare("POST", target, [*headers, ("Content-Type", kind), _ACCEPTS], body)
                trial.holds(f"POST {target} with {what} gives no forged address.", _EVIL not in reply.text, reply)
            _hosts(server, trial, visitor, what, headers)
        for override in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
            kept = visitor.documents()
            reply = visitor.bare("POST", f"/v1/documents/{kept[0]['id']}", [(override, "DELETE")], b"")
            trial.holds(f"{override} removes nothing.", len(visitor.documents()) == len(kept), reply)


_ACCEPTS = ("Accept", "application/json, text/event-stream")
_ASKED = (
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


def _hosts(server: Server, trial: Trial, visitor: Visitor, what: str, headers: list[tuple[str, str]]) -> None:
    """Forged headers make no foreign name this machine's, and no foreign page its own."""
    local = [(name, value.replace(_EVIL, f"127.0.0.1:{server.port}")) for name, value in headers]
    for target in ("/v1/stats", "/config", "/page/documents", "/v1/documents"):
        reply = visitor.bare("GET", target, [("Host", _EVIL), *local])
        trial.holds(f"GET {target} by a foreign name with {what} is refused.", reply.status in (400, 403, 421), reply)
    origin = [("Origin", f"http://{_EVIL}"), ("X-Pincite", "page")]
    secure = [("Origin", f"https://{_EVIL}"), ("X-Pincite", "page")]
    for source in (origin, secure):
        for target, kind, body in (
            ("/v1/documents", FORM, _PART + b"\r\n--edge--\r\n"),
            ("/gradio_api/upload", FORM, _PART + b"\r\n--edge--\r\n"),
            ("/gradio_api/queue/join", JSON, b'{"data": ["Who?", null], "fn_index": 0, "session_hash": "p"}'),
        ):
            reply = visitor.bare("POST", target, [*source, *headers, ("Content-Type", kind)], body)
            shown = f"POST {target} from {source[0][1]} with {what}"
            trial.holds(f"{shown} is refused.", reply.status in (400, 403, 421), reply)


def _shares(server: Server, trial: Trial) -> None:
    """Forged addresses give no more places than one visitor has, and take none from others."""
    honest = _taken(server)
    trial.figure(f"of {_MANY} unfinished uploads {honest} were taken from one address")
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"):
        taken = _taken(server, name, "for=10.0.0.{}" if name == "Forwarded" else "10.0.0.{}")
        trial.holds(f"{name} gives no more places.", taken <= honest + 2, f"{taken}, and {honest} without it")
    with ExitStack() as held:
        for _ in range(_MANY):
            _hold(held, server, "127.0.0.1", {"X_Forwarded_For": BYSTANDER, "X_Real_IP": BYSTANDER})
        time.sleep(1)
        trial.holds("Nobody takes the places of others by naming their address.", _adds(server.visitor(BYSTANDER)))


def _trusted(_: Server, trial: Trial) -> None:
    """Behind a proxy that is trusted: its visitors are told apart, and what they say of themselves is not believed."""
    with TemporaryDirectory(prefix="pincite-proxy-") as folder:
        settings = {"PINCITE_TRUSTED_PROXIES": f"{_PROXY},10.9.0.0/16", "PINCITE_ALLOW_HOSTS": "pincite.example"}
        with serving("serve", Path(folder) / "server", **settings) as server:
            warm(server)
            _behind_a_proxy(server, trial)
            _past_the_proxy(server, trial)


def _behind_a_proxy(server: Server, trial: Trial) -> None:
    attackers = {
        "one visitor": "10.1.0.1",
        "one visitor who names another before": "10.1.0.{}, 10.1.0.1",
        "one visitor behind two trusted proxies": "10.1.0.1, 10.9.0.7",
    }
    for what, forwarded in attackers.items():
        with ExitStack() as held:
            for number in range(_MANY):
                _hold(held, server, _PROXY, {"X_Forwarded_For": forwarded.format(number + 2)})
            time.sleep(1)
            other = Visitor(server.url, _PROXY)
            other.headers["X-Forwarded-For"] = "10.1.0.77"
            trial.holds(f"{what} does not take the places of others behind the same proxy.", _adds(other))
    with Visitor(server.url, _PROXY) as visitor:
        for odd in (
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
            reply = visitor.bare("GET", "/v1/stats", [("X-Forwarded-For", odd), ("X-Forwarded-Proto", odd)])
            trial.holds(f"An odd address {odd[:20]!r} is no error of the server.", reply.status not in (0, 500), reply)
        named = {"Host": "pincite.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.0.5"}
        own = {**named, "Origin": "https://pincite.example", "Sec-Fetch-Site": "same-origin"}
        job = visitor.finished(visitor.add({"proxied.txt": b"The one behind the proxy adds a file."}, own))
        trial.works("The page behind the proxy may add files.", job.get("state") == "done", job)
        foreigner = {**named, "Origin": f"https://{_EVIL}"}
        foreign = visitor.post("/v1/batch", json={"questions": ["Who?"]}, headers=foreigner)
        trial.holds("A foreign page may not, behind the proxy.", foreign.status_code in (400, 403, 421), foreign.text)


def _past_the_proxy(server: Server, trial: Trial) -> None:
    """A visitor who reaches the server beside its proxy is no proxy."""
    with server.visitor() as visitor:
        for what, headers in _FORGED.items():
            _hosts(server, trial, visitor, what, headers)
    honest = _taken(server)
    forged = _taken(server, "X-Forwarded-For", "10.1.0.{}")
    trial.holds("Beside the proxy forged addresses give no more places.", forged <= honest + 2, f"{forged}, {honest}")


def _taken(server: Server, name: str = "", form: str = "") -> int:
    """How many of many unfinished uploads a server holds open at a time, each with another forged address if any."""
    forged = [{name.replace("-", "_"): form.format(number + 1)} if name else {} for number in range(_MANY)]
    with ExitStack() as held:
        lines = [_hold(held, server, "127.0.0.1", headers) for headers in forged]
        time.sleep(2)
        return sum(line is not None and not line.over() for line in lines)


def _hold(held: ExitStack, server: Server, address: str, headers: dict[str, str]) -> Line | None:
    try:
        line = held.enter_context(Line.to(server, address))
    except OSError:
        return None
    line.say(head("POST", "/v1/documents", server, Content_Type=FORM, Content_Length="9000", **headers) + _PART)
    return line


def _adds(visitor: Visitor) -> bool:
    """Whether this visitor can add a file now."""
    visitor.timeout = 30.0
    try:
        with visitor:
            content = f"A file of {time.monotonic_ns()} is added.".encode()
            return visitor.finished(visitor.add({f"place{time.monotonic_ns()}.txt": content})).get("state") == "done"
    except Exception:  # however it failed, the visitor was not served
        return False


ATTACKS = (
    Attack("proxies-links", "Forge addresses and hosts with a proxy's headers", _links),
    Attack("proxies-shares", "Take more places with forged addresses", _shares),
    Attack("proxies-trusted", "Forge addresses past a proxy that is trusted", _trusted, faces=("serve",)),
)
