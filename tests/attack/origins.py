"""What a page of another site can do in the name of a reader, and what a name that leads here can."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from tests.attack.canaries import data_of, told_of, upload_event
from tests.attack.outcomes import Attack
from tests.attack.routes import NOTHING
from tests.attack.sockets import FORM, JSON

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server
    from tests.attack.visitors import Reply, Visitor

_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="%b.txt"\r\n\r\n%b\r\n--edge--\r\n'
_PLAIN = "application/x-www-form-urlencoded"
_SPARED = ("/run/ask", "/call/ask", "/call/v2/ask", "/gradio_api/cancel", "/component_server", "/process_recording")
"""Routes of Gradio that the page does not need: a server may have closed them to everybody."""
Changing = tuple[str, str, str, bytes]
"""Method, target, kind of the body, and the body."""


def _foreign(server: Server) -> dict[str, list[tuple[str, str]]]:
    """What browsers send with a request of a foreign page, over plain HTTP (without Sec-Fetch-Site) and beyond."""
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
    """Every route that changes or takes something. `name` becomes a document if the request gets through."""
    word = name.encode()
    part = _PART % (word, b"The foreign page has written " + word)
    question = json.dumps({"questions": ["Who signed the treaty?"]}).encode()
    event = json.dumps({"data": ["Who?", None], "fn_index": 0, "session_hash": name}).encode()
    return [
        ("POST", "/v1/documents", FORM, part),
        ("POST", "/v1/documents", JSON, b'{"url": "http://127.0.0.1/x"}'),
        ("POST", "/v1/documents", "text/plain", b'{"url": "http://127.0.0.1/x"}'),
        ("DELETE", f"/v1/documents/{document}", "", b""),
        ("POST", f"/v1/jobs/{job}/cancel", _PLAIN, b""),
        ("POST", "/v1/batch", JSON, question),
        ("POST", "/v1/batch", "text/plain", question),
        ("POST", "/page/batches", _PLAIN, b"questions=Who"),
        ("POST", "/page/questions?name=a.txt", "text/plain", b"Who?"),
        ("POST", f"/page/jobs/{job}/cancel", _PLAIN, b""),
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


def _pages(server: Server, trial: Trial) -> None:
    """Every changing route with every foreign origin, and the same with the server's own."""
    with server.visitor() as visitor:
        kept = _kept(visitor)
        for what, headers in _foreign(server).items():
            name = f"foreign{uuid.uuid4().hex[:10]}"
            for change in _changes(name, kept, NOTHING):
                for more in ([], [("X-Pincite", "page")]):
                    reply = _send(visitor, change, [*headers, *more])
                    shown = f"{change[0]} {change[1].replace(kept, 'DOCUMENT')} ({change[2]}) from {what}"
                    trial.holds(f"{shown} is refused.", _refuses(change, reply), reply)
                    allowed = reply.headers.get("access-control-allow-origin", "")
                    trial.holds(f"{shown} may not be read there.", not allowed, allowed)
                    if change[1].startswith(("/v1/", "/page/")) and reply.status == 403:
                        trial.holds(f"{shown}: the refusal explains itself.", reply.explained, reply.text)
            there = [d["source"] for d in visitor.documents() if name in d["source"]]
            trial.holds(f"Nothing was added from {what}.", not there, there)
        trial.holds("Nothing was removed.", visitor.get(f"/v1/documents/{kept}").status_code == 200)
        for target in ("/v1/documents", "/gradio_api/upload", "/gradio_api/queue/join", "/mcp"):
            wishes = [("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")]
            reply = visitor.bare("OPTIONS", target, [*wishes, ("Access-Control-Request-Headers", "content-type")])
            allowed = reply.headers.get("access-control-allow-origin", "")
            trial.holds(f"{target} promises nothing to foreign pages.", not allowed, reply.text)
        _own_pages(server, trial, visitor)


def _own_pages(server: Server, trial: Trial, visitor: Visitor) -> None:
    """Controls: the same requests from the server's own page, by both names of this machine, and from a program."""
    port = server.port
    ways = {
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
    for what, headers in ways.items():
        word = f"own{uuid.uuid4().hex[:10]}"
        for change in _changes(word, _kept(visitor), NOTHING):
            if change[2] == "text/plain" or change[1].endswith(_SPARED) or change[3].startswith(b'{"url"'):
                continue
            reply = _send(visitor, change, headers)
            trial.works(f"{change[0]} {change[1]} works from {what}.", reply.status not in (0, 403, 421), reply)
    paths = visitor.upload("own.txt", f"The page's own upload is {uuid.uuid4()}.".encode())
    said = told_of(visitor, upload_event(visitor), [[data_of(path) for path in paths]])
    trial.works("The page's own upload is added.", '"added": ["' in said, said)


def _kept(visitor: Visitor) -> str:
    """The id of a document that no attack may remove."""
    name = f"kept{uuid.uuid4().hex[:10]}"
    visitor.finished(visitor.add({f"{name}.txt": f"The document {name} stays.".encode()}))
    return next(str(document["id"]) for document in visitor.documents() if name in document["source"])


def _refuses(change: Changing, reply: Reply) -> bool:
    """Whether a foreign page was turned away. A 404 is no refusal: only what this try names may be missing."""
    also = (404, 405, 410) if change[1].endswith(_SPARED) else (415, 422) if change[2] == "text/plain" else ()
    return reply.status in (400, 403, 421, *also)


def _send(visitor: Visitor, change: Changing, headers: list[tuple[str, str]]) -> Reply:
    method, target, kind, body = change
    kinds = [("Content-Type", kind)] if kind else []
    accepts = ("Accept", "application/json, text/event-stream")
    return visitor.bare(method, target, [accepts, *kinds, *headers], body if kind else None)


def _rebinding(server: Server, trial: Trial) -> None:
    """A name of the attacker's that leads to this machine: for a browser its page is the server's own."""
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
    targets = ("/", "/config", "/v1/documents", "/v1/stats", "/page/documents", "/gradio_api/info", "/openapi.json")
    with server.visitor() as visitor:
        kept = _kept(visitor)
        for host in hosts:
            own = [
                ("Host", host),
                ("Origin", f"http://{host}"),
                ("Sec-Fetch-Site", "same-origin"),
                ("X-Pincite", "page"),
            ]
            name = f"rebound{uuid.uuid4().hex[:10]}"
            for target in (*targets, f"/v1/documents/{kept}/text", f"/v1/documents/{kept}/original"):
                reply = visitor.bare("GET", target, own)
                trial.holds(f"GET {target} by {host} is refused.", reply.status in (400, 403, 421), reply)
            for change in _changes(name, kept, NOTHING):
                reply = _send(visitor, change, own)
                trial.holds(f"{change[0]} {change[1]} by {host} is refused.", _refuses(change, reply), reply)
            there = [d["source"] for d in visitor.documents() if name in d["source"]]
            trial.holds(f"Nothing was added by {host}.", not there, there)
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
            reply = visitor.bare("GET", "/v1/stats", [("Host", host)])
            trial.works(f"{host} is served.", reply.status == 200, reply)
        both = visitor.bare("GET", "/v1/stats", [("Host", f"127.0.0.1:{port}"), ("Host", "evil.example")])
        trial.holds("Two hosts are refused.", both.status == 400, both)


ATTACKS = (
    Attack("origins-pages", "Change the library from a page of another site", _pages),
    Attack("origins-names", "Read and change it by a name that leads here", _rebinding),
)
