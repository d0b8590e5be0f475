"""What visitors of a demo could see or change of each other's, and of the published library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import event_output, events, file_data, upload_event
from tests.attack.demos import PROXY, fingerprint
from tests.attack.guests import COOKIE, HEADER, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.servers import SEEDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


# Fifty guests at once, or a dozen in a brief trial, each of whom uploads, asks and lists, and then tries the ids of the
# next one.

_GUESTS, _FEW_GUESTS = 50, 12
_AT_ONCE = 10
_VARYING = re.compile(r'[0-9a-f]{32}|"(?:seconds|timings_ms)":(?:[0-9.]+|\{[^}]*\})')
"""Request ids and timings, by which two responses to one request may differ."""
Target = tuple[str, str, dict[str, Any]]


@dataclass(slots=True)
class Belongings:
    """The ids of what a guest has, which others try to guess."""

    document: str
    upload: str
    batch: str
    name: str
    """The word in the name of the file and in the title, which others may have heard of."""


def _guests(server: Server, trial: Trial) -> None:
    """Let all guests settle, look around and pry at once, and search every byte that they receive."""
    before, ledger = fingerprint(server.library), Ledger()
    count = _FEW_GUESTS if trial.brief else _GUESTS
    with ExitStack() as stack, ThreadPoolExecutor(_AT_ONCE) as pool:
        guests = [stack.enter_context(Guest(server, ledger, cookies=n % 3 != 2)) for n in range(count)]
        owned = list(pool.map(_settle, guests))
        for guest in guests[:: 5 if trial.brief else 1]:
            guest.thorough = True
        trial.works("Every guest's document is added.", all(one.document for one in owned), owned)
        found = list(pool.map(_look_around, guests))
        trial.works("Every guest finds their own document.", all(found), f"{sum(found)} of {count}")
        pairs = trial.sample(zip(guests, owned[1:] + owned[:1], strict=True), 5)
        for differences in pool.map(lambda pair: list(_pry(*pair)), pairs):
            trial.tries += 1
            trial.breaches.extend(differences)
        listed = [[document["id"] for document in guest.private_documents()] for guest in guests]
        kept = listed == [[one.document] for one in owned]
        trial.holds("Every guest keeps their own document and sees no other private one.", kept, listed)
    trial.holds("No response holds another guest's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)
    trial.holds("The published library is as it was.", fingerprint(server.library) == before)
    trial.figure(f"{count} guests, {ledger.responses} responses, {ledger.size // 1000} kB, {len(ledger.seen)} seen")


def _settle(guest: Guest) -> Belongings:
    """Upload the guest's document and start a batch."""
    upload = guest.settle()
    batch = guest.post("/v1/batch", json={"questions": [QUESTION]})
    batch_id = batch.json().get("id", "")
    guest.wait_for_job(batch_id)
    documents = guest.private_documents()
    document = documents[0]["id"] if documents else ""
    return Belongings(document, upload.get("id", ""), batch_id, guest.word)


def _look_around(guest: Guest) -> bool:
    """Send what an honest visitor sends; return whether the guest's own document is found, and no other private one."""
    question = {"question": QUESTION}
    hits = guest.post("/v1/search", json={**question, "limit": 50}).json().get("hits", [])
    private = {hit["document"]["title"] for hit in hits if hit["document"]["private"]}
    guest.post("/v1/ask", json=question)
    guest.post("/v1/ask?format=markdown", json=question)
    guest.post("/v1/coverage", json=question)
    for path in ("/v1/documents", "/v1/stats", "/v1/visitor", "/healthz", "/readyz", "/metrics", "/config", "/"):
        guest.get(path)
    for path in ("documents", "choices", "map", "state?mine=", "jobs?mine=", "batches?mine=", f"coverage?q={QUESTION}"):
        guest.page(f"/page/{path}")
    guest.tool("search", question=QUESTION, limit=20)
    if guest.thorough:
        guest.tool("ask", question=QUESTION)
        guest.event(0, [QUESTION, None])
        guest.post("/v1/check", json={"text": "The keeper paid nine silver coins for oil."})
    return private == {f"Keeper {guest.word}"}


def _pry(guest: Guest, victim: Belongings) -> Iterator[str]:
    """Send requests with another guest's ids. Each response must be the one to an id that belongs to nothing."""
    nothing = Belongings(sha256(secrets.token_bytes(8)).hexdigest(), secrets.token_hex(16), secrets.token_hex(16), "")
    nothing.name = f"zq{secrets.token_hex(6)}zz"
    for guess, blank in zip(_guesses(victim), _guesses(nothing), strict=True):
        with_hers, with_none = (_observed(guest, target) for target in (guess, blank))
        for hers, none in zip(_ids_of(victim), _ids_of(nothing), strict=True):
            with_hers, with_none = with_hers.replace(hers, "ID"), with_none.replace(none, "ID")
        if with_hers != with_none:
            yield f"{guess[0]} {guess[1]} tells another guest's id from none: {with_hers[:400]} / {with_none[:400]}"


def _ids_of(belongings: Belongings) -> tuple[str, ...]:
    """Return the ids that may be echoed in a response."""
    return (belongings.document, belongings.document[:12], belongings.upload, belongings.batch, belongings.name)


def _guesses(victim: Belongings) -> list[Target]:
    """Return a request for every way to name something that is another guest's."""
    document, jobs = victim.document, (victim.upload, victim.batch)
    parts = ("", "/text", "/view", "/original", "/pages/1.png", "/text?start=0&end=9", "/view?start=0&end=9")
    scope = {"question": QUESTION, "documents": [document]}
    return [
        *(("GET", f"/v1/documents/{document}{part}", {}) for part in parts),
        ("DELETE", f"/v1/documents/{document}", {}),
        ("GET", f"/d/{document}", {}),
        ("DELETE", f"/page/documents/{document}", {}),
        ("GET", f"/page/export?answer={document}&form=markdown", {}),
        ("GET", f"/page/documents?name={victim.name}", {}),
        ("GET", f"/v1/documents?name={victim.name}", {}),
        *(("POST", f"/v1/{way}", {"json": scope}) for way in ("search", "ask", "coverage")),
        ("POST", "/v1/search", {"json": {"question": QUESTION, "documents": [document[:12]]}}),
        ("POST", "/v1/search", {"json": {"question": QUESTION, "documents": [f"{victim.name}.md"]}}),
        ("POST", "/v1/search", {"json": {"question": QUESTION, "documents": [f"Keeper {victim.name}"]}}),
        ("POST", "/v1/check", {"json": {"text": "The keeper paid.", "documents": [document]}}),
        *(("GET", f"/v1/jobs/{job}{part}", {}) for job in jobs for part in ("", "/events", "/table.csv")),
        *(("POST", f"{place}/jobs/{job}/cancel", {}) for job in jobs for place in ("/v1", "/page")),
        *(("GET", f"/page/{place}?mine={job}", {}) for job in jobs for place in ("jobs", "state", "batches")),
        *(("GET", f"/page/batches/{job}/{part}", {}) for job in jobs for part in ("rows?begin=0", "answers.csv")),
    ]


def _observed(guest: Guest, target: Target) -> str:
    """Return what a guest sees of a response, without what differs between two equal requests."""
    method, path, options = target
    guest.known |= set(re.findall(r"zq[0-9a-f]{12}qz", f"{path}{options}"))  # what the guest says may come back
    response = guest.request(method, path, headers=guest.page_headers, **options)
    guest.known &= {guest.word}
    return f"{response.status_code} {_VARYING.sub('~', response.text)}"


def _mixed(server: Server, trial: Trial) -> None:
    """Send one guest's cookie with another guest's header: the response is one guest's, and never of both."""
    ledger = Ledger()
    with Guest(server, ledger) as one, Guest(server, ledger, cookies=False) as other:
        for guest in (one, other):
            guest.settle()
            trial.works("A guest's document is added.", len(guest.private_documents()) == 1)
        token = str(other.headers[HEADER])
        one.known |= other.known  # who sends both may see either
        documents = one.get("/v1/documents", headers={HEADER: token}).json()["documents"]
        private = [document["title"] for document in documents if document["private"]]
        trial.holds("A cookie and a header of two guests open one library.", len(private) == 1, private)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


# Replayed, forged and damaged cookies and tokens of visitors.

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


# Published documents removed, replaced and uploaded again, and one file that two visitors upload.

_SEED = "09-economic-coercion.txt"


def _published(guest: Guest) -> list[dict[str, Any]]:
    return [document for document in guest.documents() if not document["private"]]


def _contents(guest: Guest) -> dict[str, bytes]:
    """Return the original of each published document."""
    return {one["id"]: guest.get(f"/v1/documents/{one['id']}/original").content for one in _published(guest)}


def _removed(server: Server, trial: Trial) -> None:
    """Remove published documents by every route, and put others under their names."""
    ledger, seed = Ledger(), (SEEDS / _SEED).read_bytes()
    before = fingerprint(server.library)
    with Guest(server, ledger) as vandal, Guest(server, ledger) as reader:
        contents, target = _contents(reader), sha256(seed).hexdigest()
        trial.works("The published documents can be read.", contents.get(target) == seed, list(contents))
        for round_of_removals in ("before uploads", "after uploads"):
            for document in contents:
                for method, path in (("DELETE", "/v1/documents/"), ("DELETE", "/page/documents/")):
                    reply = vandal.page(f"{path}{document}", method)
                    if document == target and round_of_removals == "after uploads":
                        continue  # this one may be the vandal's own copy
                    refused = reply.is_client_error or "That did not work." in reply.text  # a fragment for the page
                    trial.holds(f"{method} {path}… {round_of_removals} is refused.", refused, reply.text)
            trial.holds("The vandal still sees them all.", _contents(vandal) == contents)
            vandal.wait_for_job(vandal.add({_SEED: seed}))
            vandal.wait_for_job(vandal.add({_SEED: b"Economic coercion never happened, says the vandal."}))
            vandal.wait_for_job(vandal.add({"copy.txt": seed}))
        listed = _published(reader)
        trial.holds("Another visitor sees the published documents, and only them.", _contents(reader) == contents)
        trial.holds("Nothing is private for another visitor.", reader.documents() == listed)
        sources = [one["source"] for one in listed if one["id"] == target]
        trial.holds("The published file keeps its name.", sources == [_SEED], sources)
        vandal.delete("/v1/visitor")
        trial.holds("After deletion the vandal sees the published documents.", _contents(vandal) == contents)
    trial.holds("The published library is as it was.", fingerprint(server.library) == before)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _shared(server: Server, trial: Trial) -> None:
    """Let two visitors upload the same bytes: neither learns of the other, and each removes only their own."""
    ledger = Ledger()
    with Guest(server, ledger) as first, Guest(server, ledger) as second, Guest(server, ledger) as third:
        note, name = first.note, "shared.md"
        document = sha256(note).hexdigest()
        second.known |= first.known
        receipts = []
        for guest in (first, second):
            job = guest.wait_for_job(guest.add({name: note}))
            receipts.append({key: value for key, value in (job.get("receipt") or {}).items() if key != "seconds"})
        trial.works("The first visitor's file is added.", receipts[0].get("added") == [name], receipts)
        trial.holds("The same file is new for the second visitor.", receipts[0] == receipts[1], receipts)
        trial.holds("Others have none of it.", third.get(f"/v1/documents/{document}").status_code == 404)
        first.delete(f"/v1/documents/{document}")
        trial.holds("The first visitor's copy is gone.", first.get(f"/v1/documents/{document}").status_code == 404)
        kept = second.get(f"/v1/documents/{document}/original").content
        trial.holds("The second visitor's copy stays.", kept == note, kept)
        second.delete("/v1/visitor")
        gone = second.get(f"/v1/documents/{document}/original").status_code
        trial.holds("The second visitor's copy goes with their library.", gone == 404, gone)
    trial.holds("No response holds another visitor's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


# Gradio's sessions of other visitors: read, joined, cancelled and reset.


def _event_with(guest: Guest, name: str) -> dict[str, Any]:
    return next(event for event in events(guest) if event.get("api_name") == name)


def _question_data(guest: Guest, event: dict[str, Any]) -> list[Any]:
    """Return the values of the page's controls, with the guests' question."""
    config = guest.get("/config").json()
    props = {component["id"]: component["props"] for component in config["components"]}
    values = [QUESTION if props[i].get("elem_id") == "question" else props[i].get("value") for i in event["inputs"]]
    return [QUESTION, *values[1:]] if QUESTION not in values else values


def _join(guest: Guest, session: str, event: dict[str, Any], data: Any) -> str:
    """Start an event in a session and return its id; an empty text if it was refused."""
    body = {"data": data, "fn_index": event["id"], "session_hash": session, "event_data": None}
    response = guest.post("/gradio_api/queue/join", json=body, headers=guest.page_headers)
    return str(response.json().get("event_id", "")) if response.status_code == 200 else ""


def _overheard(server: Server, trial: Trial) -> None:
    """Know the victim's session and event, and try to read the answer and to stop it."""
    ledger = Ledger()
    for way in ("read first", "read beside", "join", "cancel", "reset", "calls"):
        with Guest(server, ledger) as victim, Guest(server, ledger) as thief:
            victim.settle()
            event = _event_with(victim, "question")
            session, data = secrets.token_hex(8), _question_data(victim, event)
            begun = _join(victim, session, event, data)
            trial.works(f"{way}: the victim's event is accepted.", begun)
            beside = threading.Thread(target=_interfere, args=(way, thief, session, begun, event["id"]))
            beside.start()
            if way != "read beside":
                beside.join()  # the thief comes first
            answer = victim.event_stream(session)
            beside.join()
            complete = "process_completed" in answer and victim.word in answer
            trial.holds(f"{way}: the victim gets the answer.", complete, answer[-3000:])
    trial.holds("No response holds the victim's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _interfere(way: str, thief: Guest, session: str, begun: str, number: int) -> None:
    """Send what a thief sends who knows the session and the event of a victim."""
    headers = thief.page_headers
    if way.startswith("read"):
        thief.event_stream(session, 2)
    elif way == "join":
        _join(thief, session, {"id": 0}, [QUESTION, None])
        thief.event_stream(session, 2)
    elif way == "cancel":
        body = {"session_hash": session, "fn_index": number, "event_id": begun}
        thief.post("/gradio_api/cancel", json=body, headers=headers)
    elif way == "reset":
        thief.post("/gradio_api/reset", json={"event_id": begun, "session_hash": session}, headers=headers)
        thief.post("/gradio_api/reset/", json={"event_id": begun, "session_hash": session}, headers=headers)
    else:
        for name in ("ask", "question", "load", "refresh"):
            thief.get(f"/gradio_api/call/{name}/{begun}", headers=headers)
            thief.get(f"/gradio_api/call/v2/{name}/{begun}", headers=headers)
        for path in (f"heartbeat/{session}", "queue/status", f"stream/{session}/{begun}/1/playlist.m3u8", "runs"):
            if not path.startswith("heartbeat"):  # it would stream until the end of time
                thief.get(f"/gradio_api/{path}", headers=headers)


def _calls(server: Server, trial: Trial) -> None:
    """Read the result of a victim's call of the public endpoint."""
    ledger = Ledger()
    with Guest(server, ledger) as victim, Guest(server, ledger) as thief:
        victim.settle()
        for version in ("call", "call/v2"):
            body = {"question": QUESTION} if version == "call/v2" else {"data": [QUESTION, None]}
            reply = victim.post(f"/gradio_api/{version}/ask", json=body, headers=victim.page_headers)
            event = reply.json().get("event_id", "") if reply.status_code == 200 else ""
            trial.figure(f"{version}: {reply.status_code}")
            if event:
                thief.get(f"/gradio_api/{version}/ask/{event}", headers=thief.page_headers, timeout=10)
                answer = victim.get(f"/gradio_api/{version}/ask/{event}", headers=victim.page_headers, timeout=10).text
                trial.holds(f"{version}: the victim gets the answer.", victim.word in answer, answer[:300])
    trial.holds("No response holds the victim's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _handles(server: Server, trial: Trial) -> None:
    """Add a victim's upload, by its handle, to the thief's library, and read it as a file."""
    ledger = Ledger()
    with Guest(server, ledger) as victim, Guest(server, ledger) as thief:
        upload_id = secrets.token_hex(6)
        paths = victim.upload(f"{victim.word}.md", victim.note)
        trial.works("The victim's upload is accepted.", len(paths) == 1, paths)
        for path in paths:
            data = file_data(path, orig_name="mine.md")
            for session in (secrets.token_hex(8), "x"):
                thief.event(upload_event(thief), [[data]], session_hash=session)
            for target in (f"/gradio_api/file={path}", f"/gradio_api/file/{path}", f"/file={path}"):
                thief.get(target)
        thief.get(f"/gradio_api/upload_progress?upload_id={upload_id}", timeout=10)
        trial.holds("The thief has nothing of it.", not thief.private_documents(), thief.private_documents())
        output = event_output(victim, upload_event(victim), [[file_data(path, orig_name="a.md") for path in paths]])
        trial.holds("The victim can still add it.", len(victim.private_documents()) == 1, output)
        spent = json.dumps(thief.event(upload_event(thief), [[file_data(path) for path in paths]]))
        trial.holds("Nor has the thief afterwards.", not thief.private_documents(), spent)
    trial.holds("No response holds the victim's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


ATTACKS = (
    Attack("neighbours-fifty", "Read another visitor's documents, jobs and batches", _guests),
    Attack("neighbours-mixed", "Open two private libraries at once", _mixed),
    Attack("replays-forged", "Open a private library with a forged cookie", _forged),
    Attack("replays-deleted", "Open a deleted library with its cookie", _replayed),
    Attack("replays-attributes", "Take a visitor's cookie by a script or a frame", _attributes),
    Attack("republications-removed", "Remove or replace a published document", _removed),
    Attack("republications-shared", "Learn who has uploaded the same file", _shared),
    Attack("sessions-overheard", "Read, cancel or reset another visitor's event", _overheard),
    Attack("sessions-calls", "Read another visitor's call", _calls),
    Attack("sessions-handles", "Add or read another visitor's upload", _handles),
)
