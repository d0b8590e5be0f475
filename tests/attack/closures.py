"""What a demo does not do: frames of foreign sites, requests from them, addresses, folders, figures, a log of words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.attack.guests import COOKIE, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_FOREIGN = (
    [("Origin", "https://evil.example")],
    [("Origin", "null")],
    [("Origin", "https://friend.example.evil.example")],
    [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
    [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
)
_PART = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="evil.txt"\r\n\r\nEvil.\r\n--edge--\r\n'
_FORM = "multipart/form-data; boundary=edge"


def _framed(server: Server, trial: Trial) -> None:
    """Embed the page in another site's frame: only the named origins may."""
    with server.visitor("127.0.0.5") as visitor:
        for path in ("/", "/?__theme=dark", "/privacy", "/docs", "/d/nothing", "/v1/documents", "/nothing"):
            for origin in ("https://evil.example", "https://friend.example", "null"):
                headers = [("Origin", origin), ("Referer", f"{origin}/"), ("Sec-Fetch-Dest", "iframe")]
                reply = visitor.raw_request("GET", path, headers)
                policy = reply.headers.get("content-security-policy", "")
                ancestors = policy.partition("frame-ancestors")[2].partition(";")[0].split()
                named = set(ancestors) <= {"'self'", "'none'", "https://friend.example"} and ancestors
                trial.holds(f"{path} in a frame of {origin}: the policy names who may.", named, policy)
                trial.holds(f"{path} is read by no other site.", "access-control-allow-origin" not in reply.headers)
        policy = visitor.get("/").headers["content-security-policy"]
        trial.works("The page may be in a frame of the named origin.", "https://friend.example" in policy, policy)


def _crossed(server: Server, trial: Trial) -> None:
    """Let another site's page send requests with the visitor's cookie, as a browser would."""
    ledger = Ledger()
    with Guest(server, ledger) as victim:
        victim.settle()
        document = victim.private_documents()[0]["id"]
        cookie = ("Cookie", f"{COOKIE}={victim.cookies[COOKIE]}")
        question = json.dumps({"question": QUESTION, "questions": [QUESTION], "text": QUESTION}).encode()
        join = json.dumps({"data": [QUESTION, None], "fn_index": 0, "session_hash": "crossed"}).encode()
        requests: list[tuple[str, str, str, bytes]] = [
            ("DELETE", "/v1/visitor", "", b""),
            ("POST", "/v1/visitor", "text/plain", b""),
            ("DELETE", f"/v1/documents/{document}", "", b""),
            ("DELETE", f"/page/documents/{document}", "", b""),
            ("POST", "/v1/documents", _FORM, _PART),
            ("POST", "/gradio_api/upload", _FORM, _PART),
            ("POST", "/gradio_api/queue/join", "text/plain", join),
            ("POST", "/page/batches", "application/x-www-form-urlencoded", b"questions=Who"),
            ("POST", "/page/questions?name=a.txt", "text/plain", b"Who?"),
            *(("POST", f"/v1/{name}", "text/plain", question) for name in ("ask", "search", "batch", "check")),
            ("POST", "/mcp", "text/plain", b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'),
        ]
        for foreign in _FOREIGN:
            for method, path, kind, body in requests:
                headers = [cookie, *foreign, *([("Content-Type", kind)] if kind else [])]
                reply = victim.raw_request(method, path, headers, body if kind else None)
                refused = reply.status in (400, 401, 403, 404, 405, 415, 421)
                trial.holds(f"{method} {path} from {foreign} is refused.", refused, reply)
                trial.holds(f"{method} {path} is not read there.", "access-control-allow-origin" not in reply.headers)
            token = victim.raw_request("GET", "/v1/visitor", [cookie, *foreign])
            trial.holds("No other site reads the token.", "access-control-allow-origin" not in token.headers)
        kept = [one["id"] for one in victim.private_documents()]
        trial.holds("The private library is as it was.", kept == [document], kept)


def _closed(server: Server, trial: Trial) -> None:
    """Ask for what a demo must not do: fetch an address, read a folder, show its figures."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        bodies: list[dict[str, Any]] = [
            *({"url": url} for url in ("http://127.0.0.1/x", "http://169.254.169.254/", "https://example.org/")),
            *({"folder": str(folder)} for folder in (server.home, "/etc", ".")),
            {"path": "/etc/hostname"},
        ]
        for body in bodies:
            for path in ("/v1/documents", "/page/links", "/page/folders"):
                reply = guest.post(path, json=body, headers=guest.page_headers)
                form = guest.post(path, data=body, headers=guest.page_headers)
                for one in (reply, form):
                    refused = one.is_client_error or "That did not work." in one.text
                    trial.holds(f"{path} with {body} is refused.", refused and '"job' not in one.text, one.text)
                    trial.holds(f"{path} with {body} reveals nothing.", not server.leak(one.text), one.text)
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}):
            reply = guest.get("/metrics", headers=headers)
            trial.holds("Nobody reads the figures of the server.", reply.status_code == 404, reply.text)
        trial.holds("Nothing was added.", not guest.private_documents(), guest.private_documents())
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _logged(server: Server, trial: Trial) -> None:
    """Ask, upload and fail with a word, and look for it in the server's log."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        guest.settle()
        guest.add({f"{guest.word}.pdf": b"%PDF-1.7 broken"})
        for path in ("ask", "search", "coverage", "check", "batch"):
            word = f"What about {guest.word}?"
            guest.post(f"/v1/{path}", json={"question": word} if path not in ("check", "batch") else {"text": word})
        guest.wait_for_job(guest.post("/v1/batch", json={"questions": [f"What is {guest.word}?"]}).json()["id"])
        guest.get(f"/{guest.word}?q={guest.word}")
        guest.page(f"/page/coverage?q={guest.word}")
        guest.event(0, [f"What is {guest.word}?", None])
        guest.tool("ask", question=f"What is {guest.word}?")
        guest.settle()
        log = (server.home / "log").read_text("utf-8", "replace")
        trial.works("The server keeps a log.", "request_id" in log)
        lines = [line for line in log.splitlines() if guest.word in line]
        trial.holds("The log holds no word of a visitor.", not lines, lines)
        tokens = [value for value in (guest.cookies[COOKIE], guest.token()) if value in log]
        trial.holds("The log holds no cookie.", not tokens, tokens)


ATTACKS = (
    Attack("closures-framed", "Show the page in a frame of another site", _framed),
    Attack("closures-crossed", "Use a visitor's cookie from another site", _crossed),
    Attack("closures-functions", "Use what a demo leaves out", _closed),
    Attack("closures-logged", "Read visitors' words in the log", _logged),
)
