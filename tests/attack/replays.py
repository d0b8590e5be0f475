"""Replayed, forged and damaged cookies and tokens of visitors."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from tests.attack.demos import PROXY
from tests.attack.guests import COOKIE, HEADER, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_GUESSED_KEYS = ("", "secret", "pincite", "pincite_visitor", "changeme", "0" * 32, "itsdangerous", "demo")
_SALTS = ("itsdangerous", "itsdangerous.Signer", "itsdangerous.TimestampSigner", COOKIE)


def _forged(server: Server, trial: Trial) -> None:
    """Change a cookie and a token in every way: whoever sends them sees nothing of their owner."""
    ledger = Ledger()
    with Guest(server, ledger) as owner, Guest(server, ledger) as thief:
        owner.settle()
        trial.works("The owner's document is added.", len(owner.private_documents()) == 1)
        cookie, token = str(owner.cookies[COOKIE]), owner.token()
        for label, value in trial.sample([*_changed(cookie), *_changed(token), *_odd()], 400):
            for place in ("Cookie", HEADER):
                header = (place, f"{COOKIE}={value}" if place == "Cookie" else value)
                reply = thief.raw_request("GET", "/v1/documents", [header])
                ledger.inspect(f"{place}: {label}", reply.status, reply.text.encode(), {thief.word})
                trial.holds(f"{place}, {label}: the server answers or refuses.", 200 <= reply.status < 500, reply)
                trial.holds(f"{place}, {label}: nothing private is listed.", b'"private":true' not in reply.body)
        for place, value in (("Cookie", f"{COOKIE}={cookie}"), (HEADER, token)):
            reply = thief.raw_request("GET", "/v1/documents", [(place, value)])
            trial.works(f"The true value in {place} opens the library.", b'"private":true' in reply.body, reply)
        crossed = [("Cookie", f"{COOKIE}={token}"), (HEADER, cookie)]
        for place, value in crossed:
            reply = thief.raw_request("GET", "/v1/documents", [(place, value)])
            trial.holds(f"The other kind of value in {place} is no error.", 200 <= reply.status < 500, reply)
        twice = [("Cookie", f"{COOKIE}=x; {COOKIE}=y"), ("Cookie", f"{COOKIE}=z"), (HEADER, "x"), (HEADER, "y")]
        reply = thief.raw_request("GET", "/v1/documents", twice)
        trial.holds("Several invalid values are no error.", 200 <= reply.status < 500, reply)
    _expect_nothing_seen(trial, ledger)


def _changed(value: str) -> Iterator[tuple[str, str]]:
    """Yield changed forms of a signed value."""
    payload, _, signature = value.rpartition(".")
    body, _, stamp = payload.rpartition(".")
    for at in (*range(0, len(value), 7), len(value) - 1):
        yield f"bit {at} flipped", f"{value[:at]}{'A' if value[at] not in 'ABCD' else 'z'}{value[at + 1 :]}"
    for length in (0, 1, len(body), len(body) + 1, len(payload), len(payload) + 1, len(value) - 1):
        yield f"cut to {length}", value[:length]
    yield "unsigned", body
    yield "an empty signature", f"{payload}."
    yield "with more behind", f"{value}x"
    yield "a later time", f"{body}.{_later(stamp)}.{signature}"
    for key in _GUESSED_KEYS:
        for salt in _SALTS:
            for digest in ("sha1", "sha256", "sha512"):
                yield f"signed with {key!r}, {salt}, {digest}", f"{payload}.{_signature(payload, key, salt, digest)}"


def _signature(payload: str, key: str, salt: str, digest: str) -> str:
    """Sign as itsdangerous does, with its default way to derive a key."""
    derived = hashlib.new(digest, f"{salt}signer{key}".encode()).digest()
    return base64.urlsafe_b64encode(hmac.new(derived, payload.encode(), digest).digest()).rstrip(b"=").decode()


def _later(stamp: str) -> str:
    seconds = int.from_bytes(base64.urlsafe_b64decode(f"{stamp}{'=' * (-len(stamp) % 4)}"), "big") + 3600
    return base64.urlsafe_b64encode(seconds.to_bytes(4, "big")).rstrip(b"=").decode()


def _odd() -> Iterator[tuple[str, str]]:
    """Yield values that no server has made."""
    contents: tuple[Any, ...] = (
        {"visitor": "../../x"},
        {"visitor": ["a"]},
        {"visitor": None},
        [],
        "x",
        {"visitor": "a" * 5000},
    )
    for content in contents:
        yield f"unsigned {str(content)[:20]}", base64.b64encode(json.dumps(content).encode()).decode()
    yield "very long", "a" * 7000
    yield "dots", "." * 500
    yield "marks", "%00%ff\"'<>\\"
    yield "letters of other scripts", "b\u00e9zier"
    yield "a path", "../../../../etc/passwd"
    yield "another random id", secrets.token_urlsafe(24)


def _replayed(server: Server, trial: Trial) -> None:
    """Send a cookie again after its library was deleted: the library is empty, and stays one visitor's."""
    ledger = Ledger()
    with Guest(server, ledger) as owner, Guest(server, ledger, cookies=False) as thief:
        job = owner.settle()
        document = owner.private_documents()[0]["id"]
        trial.works("The owner's document is added.", job.get("state") == "done", job)
        old = [("Cookie", f"{COOKIE}={owner.cookies[COOKIE]}")], [(HEADER, owner.token())]
        trial.works("The library is deleted.", owner.delete("/v1/visitor").status_code == 204)
        search = json.dumps({"question": QUESTION}).encode()
        kind = ("Content-Type", "application/json")
        for headers in old:
            for path in ("/v1/documents", f"/v1/documents/{document}/text", f"/v1/jobs/{job['id']}", "/v1/visitor"):
                reply = thief.raw_request("GET", path, headers)
                ledger.inspect(f"GET {path} after deletion", reply.status, reply.text.encode(), {thief.word})
            reply = thief.raw_request("POST", "/v1/search", [*headers, kind], search)
            ledger.inspect("a search after deletion", reply.status, reply.text.encode(), {thief.word})
            trial.holds("A deleted library is not searched.", b'"private":true' not in reply.body, reply)
        gone = owner.get(f"/v1/documents/{document}/text").status_code
        trial.holds("The owner's document is gone for the owner, too.", gone == 404, gone)
        owner.settle()
        trial.works("The owner begins again.", len(owner.private_documents()) == 1)
    _expect_nothing_seen(trial, ledger)


def _attributes(server: Server, trial: Trial) -> None:
    """Read the cookie's attributes: no script may read it, and a frame of another site gets one of its own."""
    with server.visitor("127.0.0.6") as visitor, server.visitor(PROXY) as proxy:
        plain = visitor.raw_request("GET", "/v1/visitor").headers.get("set-cookie", "").lower()
        forwarded = [("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-Proto", "https")]
        secure = proxy.raw_request("GET", "/v1/visitor", forwarded).headers.get("set-cookie", "").lower()
        trial.holds("No script can read the cookie.", "httponly" in plain and "httponly" in secure, plain)
        trial.holds("Without HTTPS the cookie stays with its site.", "samesite=lax" in plain, plain)
        framed = all(name in secure for name in ("samesite=none", "secure", "partitioned"))
        trial.holds("With HTTPS it is partitioned.", framed, secure)
        lied = visitor.raw_request("GET", "/v1/visitor", [("X-Forwarded-Proto", "https")])
        trial.holds("No visitor can claim HTTPS.", "samesite=none" not in lied.headers.get("set-cookie", "").lower())
        first, second = (visitor.raw_request("GET", "/v1/visitor").headers["set-cookie"] for _ in range(2))
        trial.holds("Two visitors have two cookies.", first != second, first)
        trial.holds("Responses with a cookie are in no shared cache.", _is_private(visitor.raw_request("GET", "/")))


def _is_private(reply: object) -> bool:
    headers = getattr(reply, "headers", {})
    cached = headers.get("cache-control", "")
    return "set-cookie" not in headers or "no-store" in cached or "private" in cached or "no-cache" in cached


def _expect_nothing_seen(trial: Trial, ledger: Ledger) -> None:
    trial.holds("No response holds the owner's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)
    trial.figure(f"{ledger.responses} responses")


ATTACKS = (
    Attack("replays-forged", "Open a private library with a forged cookie", _forged, programs=("demo",)),
    Attack("replays-deleted", "Open a deleted library with its cookie", _replayed, programs=("demo",)),
    Attack("replays-attributes", "Take a visitor's cookie by a script or a frame", _attributes, programs=("demo",)),
)
