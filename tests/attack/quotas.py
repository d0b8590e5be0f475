"""More requests, files, bytes, time and work than a visitor or an address of a demo may have."""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.demos import (
    BATCHES,
    CHECKS,
    FILES,
    IDLE_SECONDS,
    KEPT,
    LONGEST_SECONDS,
    MEGABYTES,
    PAGES,
    PROXY,
    QUESTIONS,
    SHARE,
    TIGHT,
    UPLOADS,
    bytes_beyond,
    files_of_visitors,
    running_demo,
    wait_until_clean,
)
from tests.attack.exhaustions import open_upload, read_nothing
from tests.attack.guests import COOKIE, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.vitals import processor_time, wait_until_idle
from tests.loading.archives import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2 as httpx

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


# More requests than a visitor or an address may send, in every way to ask and from every forged address.

_CLAIMS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP")
_WAYS: dict[str, Callable[[Guest], httpx.Response]] = {
    "/v1/ask": lambda guest: guest.post("/v1/ask", json={"question": QUESTION}),
    "/page/coverage": lambda guest: guest.page(f"/page/coverage?q={QUESTION}"),
    "a tool's search": lambda guest: guest.tool("search", question=QUESTION),
    "/v1/ask as a stream": lambda guest: guest.post(
        "/v1/ask", json={"question": QUESTION}, headers={"Accept": "text/event-stream"}
    ),
    "/v1/search": lambda guest: guest.post("/v1/search", json={"question": QUESTION}),
    "/v1/coverage": lambda guest: guest.post("/v1/coverage", json={"question": QUESTION}),
    "a tool's ask": lambda guest: guest.tool("ask", question=QUESTION),
}


def _is_answer(response: httpx.Response) -> bool:
    """Whether a response holds what was asked for, and not a refusal."""
    refusal = any(word in response.text for word in ('"isError":true', '"error"', "That did not work."))
    return response.status_code == 200 and not refusal


def _answers(guest: Guest, way: str, tries: int) -> list[httpx.Response]:
    return [_WAYS[way](guest) for _ in range(tries)]


def _by_visitor(server: Server, trial: Trial) -> None:
    """Ask more often than allowed in each way, then in all others: none has a limit of its own."""
    ledger = Ledger()
    for way in trial.sample(_WAYS, 3):
        with Guest(server, ledger) as guest:
            responses = _answers(guest, way, QUESTIONS + 2)
            answered = sum(map(_is_answer, responses))
            trial.holds(f"{way} answers at most {QUESTIONS} times.", answered <= QUESTIONS, answered)
            trial.works(f"{way} answers.", answered, responses[0].text)
            _expect_explained(trial, way, responses[-1])
            others = {other: _WAYS[other](guest) for other in _WAYS}
            escaped = [other for other, response in others.items() if _is_answer(response)]
            trial.holds(f"After {way}, no other way answers.", not escaped, escaped)
            stream = guest.event(0, [QUESTION, None])
            trial.holds(f"After {way}, Gradio's call does not answer.", '"hits"' not in stream, stream)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _expect_explained(trial: Trial, way: str, response: httpx.Response) -> None:
    """Record whether a refusal is a problem document that says when to come back."""
    if not way.startswith("/v1"):
        return
    kind, wait = response.headers.get("content-type", ""), response.headers.get("retry-after", "")
    explained = response.status_code == 429 and "problem+json" in kind and wait.isdigit() and int(wait) > 0
    trial.holds(f"{way}: the refusal says when to come back.", explained, f"{response} {kind} {wait} {response.text}")


def _by_tricks(server: Server, trial: Trial) -> None:
    """Ask often by Gradio's queue, by one JSON-RPC batch, and with a new cookie each time."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        streams = [guest.event(0, [QUESTION, None]) for _ in range(QUESTIONS + 2)]
        answered = sum('"hits"' in stream for stream in streams)
        trial.holds("Gradio's queue answers no more often.", 0 < answered <= QUESTIONS, f"{answered} {streams[-1]}")
    with Guest(server, ledger) as guest:
        asked = {"name": "ask", "arguments": {"question": QUESTION}}
        calls = [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": asked} for n in range(QUESTIONS + 9)]
        text = guest.post("/mcp", json=calls, headers={"Accept": "application/json, text/event-stream"}).text
        trial.holds("One request of many calls answers no more often.", text.count('"status"') <= QUESTIONS, text)
    with Guest(server, ledger) as guest:
        answered = 0
        for _ in range(QUESTIONS * SHARE + 3):
            guest.cookies.clear()
            answered += _is_answer(_WAYS["/v1/search"](guest))
        most = QUESTIONS * SHARE
        trial.holds(f"New cookies answer at most {most} times from one address.", 0 < answered <= most, answered)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _by_address(server: Server, trial: Trial) -> None:
    """Claim another address with each request; then come from many addresses of one IPv6 network."""
    ledger, most = Ledger(), QUESTIONS * SHARE
    for claim in trial.sample(_CLAIMS, 2):
        with Guest(server, ledger) as guest:
            answered = _asked_from(guest, [{claim: _claimed(claim, n)} for n in range(most + 3)])
            trial.holds(f"{claim} of a visitor is not believed.", answered <= most, answered)
            trial.works(f"{claim}: there are answers.", answered == most, answered)
    networks: dict[str, tuple[list[str], int]] = {
        "one network of IPv6": ([f"2001:db8:1:1::{n:x}" for n in range(1, most + 4)], most),
        "one address in two forms": (["192.0.2.9", "::ffff:192.0.2.9", "::ffff:c000:209"] * (QUESTIONS + 1), most),
        "many networks": ([f"2001:db8:{n:x}:1::1" for n in range(16, 16 + most + 3)], most + 3),
        "one network, written otherwise": ([f"2001:DB8:0001:2:{n:x}:0:0:1" for n in range(1, most + 4)], most),
        "one address with a port": ([f"192.0.2.10:{5000 + n}" for n in range(most + 3)], most),
        "one address behind others": ([f"203.0.113.{n}, 192.0.2.11" for n in range(most + 3)], most),
    }
    for label, (addresses, expected) in trial.sample(networks.items(), 3):
        with Guest(server, ledger, address=PROXY) as guest:
            answered = _asked_from(guest, [{"X-Forwarded-For": address} for address in addresses])
            trial.holds(f"{label}: {expected} questions are answered.", answered == expected, answered)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _claimed(claim: str, number: int) -> str:
    return f"for=198.51.100.{number}" if claim == "Forwarded" else f"198.51.100.{number}"


def _asked_from(guest: Guest, claims: list[dict[str, str]]) -> int:
    """Ask once with each header, as a new visitor each time, and return how often there was an answer."""
    answered = 0
    for headers in claims:
        guest.cookies.clear()
        answered += _is_answer(guest.post("/v1/search", json={"question": QUESTION}, headers=headers))
    return answered


def _others(server: Server, trial: Trial) -> None:
    """Send more uploads, batches, texts and questions in a batch than allowed, by REST and by the page."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        texts = [guest.post("/v1/check", json={"text": f"The keeper paid {n} coins."}) for n in range(CHECKS + 2)]
        _expect_at_most(trial, "checks", texts, CHECKS)
        kept = [guest.page("/page/kept/check", "POST", content=b"[]") for _ in range(KEPT + 2)]
        _expect_at_most(trial, "comparisons of kept quotes", kept, KEPT)
        export = guest.page("/page/kept/export?form=json", "POST", content=b"[]")
        trial.holds("Nor are exports of kept quotes.", export.status_code == 429, export.text)
        page = guest.post("/page/check", data={"text": "The keeper paid."}, headers=guest.page_headers)
        trial.holds("The page checks no more texts.", "p-claim" not in page.text or page.is_error, page.text)
        batches = [guest.post("/v1/batch", json={"questions": ["Who?"]}) for _ in range(BATCHES + 2)]
        _expect_at_most(trial, "batches", batches, BATCHES)
        page = guest.post("/page/batches", data={"questions": "Who?"}, headers=guest.page_headers)
        trial.holds("The page begins no more batches.", page.is_error or "did not work" in page.text, page.text)
        files = [guest.post("/v1/documents", files=[("files", ("a.txt", b"Ship %d" % n))]) for n in range(UPLOADS + 2)]
        _expect_at_most(trial, "uploads", files, UPLOADS)
        loose = guest.upload("page.txt", b"The page's ship.")
        event_output(guest, upload_event(guest), [[file_data(path) for path in loose]])
        listed = [one["source"] for one in guest.private_documents()]
        trial.holds("The page uploads no more files.", "page.txt" not in listed, listed)
    with Guest(server, ledger) as guest:
        long = guest.post("/v1/batch", json={"questions": [f"Who is {n}?" for n in range(4)]})
        trial.holds("A batch of too many questions is refused.", long.is_client_error, long.text)
        page = guest.post("/page/batches", data={"questions": "A?\nB?\nC?\nD?"}, headers=guest.page_headers)
        trial.holds("So it is by the page.", page.is_error or "did not work" in page.text, page.text)
        file = guest.post("/page/questions?name=a.txt", content=b"A?\nB?\nC?\nD?", headers=guest.page_headers)
        trial.figure(f"a file of four questions: {file.status_code}")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _expect_at_most(trial: Trial, label: str, responses: list[httpx.Response], most: int) -> None:
    accepted = [response for response in responses if response.is_success]
    trial.holds(f"At most {most} {label} are accepted.", len(accepted) <= most, len(accepted))
    trial.works(f"{most} {label} are accepted.", len(accepted) == most, [str(one) for one in responses])
    _expect_explained(trial, f"/v1: {label}", responses[-1])


def _metrics(server: Server, trial: Trial) -> None:
    """Guess the token of the figures."""
    with server.visitor("127.0.0.7") as visitor:
        guesses: list[dict[str, Any]] = [
            {},
            {"Authorization": "Bearer token-of-the-operato"},
            {"Authorization": "Basic token-of-the-operator"},
            {"Cookie": "token=token-of-the-operator"},
        ]
        for headers in guesses:
            reply = visitor.get("/metrics?token=token-of-the-operator", headers=headers)
            trial.holds(f"{headers} opens nothing.", reply.status_code in (401, 403, 404), reply.text)
        reply = visitor.get("/metrics", headers={"Authorization": "Bearer token-of-the-operator"})
        trial.works("The operator reads the figures.", reply.status_code == 200, reply)


# Private libraries with more files, bytes and pages than a visitor may have.

_MILLION = 1_000_000
_PAGE = 3000
"""Characters that count as a page."""
_SENTENCE = "The lamp of tower {} burnt all night and the keeper counted ships. "


def _held(guest: Guest) -> dict[str, Any]:
    """Return what the server says that a guest's library holds, with the number of listed documents."""
    said: dict[str, Any] = guest.get("/v1/visitor").json()
    return {**said, "listed": len(guest.private_documents())}


def _within(trial: Trial, label: str, guest: Guest) -> None:
    """Record whether a library is within all limits."""
    held = _held(guest)
    counts = held["listed"] == held["documents"] <= FILES
    trial.holds(f"{label}: there are at most {FILES} documents.", counts, held)
    trial.holds(f"{label}: they have at most {MEGABYTES} MB.", held["bytes"] <= MEGABYTES * _MILLION, held)
    trial.holds(f"{label}: they have at most {PAGES} pages.", held["pages"] <= PAGES, held)
    trial.figure(f"{label}: {held['documents']} files, {held['bytes']} B, {held['pages']} pages")


def _text(number: int, characters: int) -> bytes:
    """Return a text of about this length that is like no other."""
    sentence = _SENTENCE.format(number)
    return (sentence * (characters // len(sentence) + 1))[:characters].encode()


def _notes(first: int, count: int) -> dict[str, bytes]:
    return {f"note{number}.txt": _text(number, 200) for number in range(first, first + count)}


def _binary(size: int) -> bytes:
    """Return a page of HTML with few words and many bytes."""
    return b"<html><!--" + b"x" * size + b"--><p>The lamp burnt all night.</p></html>"


_EXCESSES: dict[str, list[Mapping[str, bytes]]] = {
    "too many files at once": [_notes(0, FILES + 1)],
    "too many files one by one": [_notes(number, 1) for number in range(FILES + 2)],
    "a file of too many bytes": [{"big.html": _binary(MEGABYTES * _MILLION + 1)}],
    "too many bytes in two files": [{"a.html": _binary(600_000)}, {"b.html": _binary(600_001)}],
    "too many bytes at once": [{"a.html": _binary(600_000), "b.html": _binary(600_001)}],
    "a text of too many pages": [{"long.txt": _text(1, _PAGE * (PAGES + 2))}],
    "too many pages in two texts": [{"a.txt": _text(1, _PAGE * 12)}, {"b.txt": _text(2, _PAGE * 12)}],
    "too many pages at once": [{"a.txt": _text(1, _PAGE * 12), "b.txt": _text(2, _PAGE * 12)}],
    "a replacement with too many pages": [{"a.txt": _text(1, 100)}, {"a.txt": _text(2, _PAGE * (PAGES + 2))}],
    "an archive of too many files": [{"a.zip": zipped(_notes(0, FILES + 1))}],
    "an archive beside other files": [_notes(0, FILES - 1), {"a.zip": zipped(_notes(FILES, FILES))}],
    "an archive of too many pages": [{"a.zip": zipped({"a.txt": _text(1, _PAGE * 12), "b.txt": _text(2, _PAGE * 12)})}],
    "an archive of too many bytes": [{"a.zip": zipped({f"{n}.html": _binary(600_000 + n) for n in range(2)})}],
    "one name, many times": [{"a.txt": _text(number, _PAGE * 6)} for number in range(FILES + 2)],
}


def _exceeded(server: Server, trial: Trial) -> None:
    """Upload too much in every way: the library stays within its limits, and the refusal is explained."""
    ledger = Ledger()
    for label, uploads in _EXCESSES.items():
        with Guest(server, ledger) as guest:
            replies = [guest.post("/v1/documents", files=[("files", f) for f in files.items()]) for files in uploads]
            jobs = [guest.wait_for_job(r.json()["id"]) for r in replies if r.status_code == 202]
            _within(trial, label, guest)
            refused = [reply for reply in replies if reply.status_code != 202]
            explained = all(reply.is_client_error and reply.json()["hint"] for reply in refused)
            trial.holds(f"{label}: a refusal says what to do.", explained, [reply.text for reply in refused])
            failed = [file for job in jobs for file in job["files"] if file["stage"] == "failed"]
            trial.holds(f"{label}: a failure says what to do.", all(f["reason"] and f["hint"] for f in failed), failed)
            if "replace" not in label and "one name" not in label:
                notes = [note for job in jobs for file in job["files"] for note in file["notes"]]
                left_out = [note for note in notes if "could not be read" in note]  # members of an archive
                trial.holds(f"{label}: something is refused.", refused or failed or left_out, jobs)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _raced(server: Server, trial: Trial) -> None:
    """Upload more files than allowed at the same moment, over several connections."""
    ledger = Ledger()
    with Guest(server, ledger) as guest, ThreadPoolExecutor(12) as pool:
        guest.get("/v1/visitor")
        gate = threading.Barrier(12)

        def add(number: int) -> str:
            gate.wait(30)
            return guest.add({f"race{number}.html": _text(number, 300) + _binary(250_000)})

        begun = list(pool.map(add, range(12)))
        for job in begun:
            guest.wait_for_job(job)
        _within(trial, "a race", guest)
        # Nobody knows how long the others will be, so an upload may fail because of one that fails later.
        trial.holds("Some are accepted, and no more than there is room for.", 1 <= sum(map(bool, begun)) <= 3, begun)
        for document in guest.private_documents():
            guest.delete(f"/v1/documents/{document['id']}")
        held = _held(guest)
        trial.holds("What is removed no longer counts.", held["documents"] == held["bytes"] == held["pages"] == 0, held)
        record = guest.wait_for_job(guest.add(_notes(50, FILES)))
        trial.works("There is room again.", _held(guest)["documents"] == FILES, record)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _by_page(server: Server, trial: Trial) -> None:
    """Upload too many files by the page's event, and leave uploads behind that no event ever takes."""
    ledger = Ledger()
    with Guest(server, ledger) as guest:
        index = upload_event(guest)
        for number in range(FILES + 2):
            paths = guest.upload(f"page{number}.txt", _text(number, 300))
            event_output(guest, index, [[file_data(path, orig_name=f"page{number}.txt") for path in paths]])
        _within(trial, "the page", guest)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _loose(server: Server, trial: Trial) -> None:
    """Upload files that no event ever takes: they are within the limits, and deleted with the library."""
    ledger, most = Ledger(), 3 * MEGABYTES * _MILLION
    with Guest(server, ledger) as guest:
        before = files_of_visitors(server.home)
        accepted = [guest.upload(f"left{number}.bin", b"%d" % number + b"x" * 900_000) for number in range(12)]
        left = bytes_beyond(server.home, before)
        trial.holds("Uploads that no event takes are within the limits, too.", left <= most, f"{left} B")
        trial.figure(f"{sum(map(bool, accepted))} of 12 loose uploads of 0.9 MB accepted, {left} B on disk")
        guest.delete("/v1/visitor")
        left = bytes_beyond(server.home, before)
        trial.holds("Deleting the library deletes loose uploads.", left == 0, f"{left} B")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


# Private libraries that were left: their files are gone in time, whoever uses an old cookie.

_SETTLING = 10.0
"""Seconds that the server may take to notice that a library has expired."""


def _left(server: Server, trial: Trial) -> None:
    """Leave libraries with hanging uploads, unread responses and loose uploads: no byte of them remains."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with ExitStack() as stack:
        guests = [stack.enter_context(Guest(server, ledger)) for _ in range(6)]
        for guest in guests:
            guest.settle()
            guest.upload("loose.bin", b"x" * 50_000)
        kept = sum(files_of_visitors(server.home).values()) - sum(before.values())
        trial.works("There are files of visitors.", kept > 0, kept)
        for guest in guests[:3]:
            document = next((one["id"] for one in guest.private_documents()), "0")
            open_upload(server, guest, stack)
            read_nothing(server, guest, f"/v1/documents/{document}/original", stack)
        began = time.monotonic()
        left = wait_until_clean(server.home, before, IDLE_SECONDS + LONGEST_SECONDS + _SETTLING)
        trial.holds("No byte remains of libraries that were left.", left == 0, f"{left} B: {_names(server, before)}")
        trial.figure(f"{kept} B of {len(guests)} visitors, {left} B after {time.monotonic() - began:.0f} s")
        for old, thief in zip(guests, guests[1:] + guests[:1], strict=True):
            reply = thief.raw_request("GET", "/v1/documents", [("Cookie", f"{COOKIE}={old.cookies[COOKIE]}")])
            ledger.inspect("an expired cookie", reply.status, reply.text.encode(), {thief.word})
            trial.holds("An expired cookie opens nothing.", b'"private":true' not in reply.body, reply)
    trial.holds("No response holds another visitor's word.", not ledger.seen, ledger.seen)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


def _names(server: Server, before: dict[str, int]) -> list[str]:
    return [name for name in files_of_visitors(server.home) if name not in before]


def _lasting(server: Server, trial: Trial) -> None:
    """Visit all the time: the library stays while it is used, and goes at its longest age nevertheless."""
    ledger, before = Ledger(), files_of_visitors(server.home)
    with Guest(server, ledger) as guest:
        job = guest.settle()
        began, kept = time.monotonic(), 0.0
        trial.works("The document is added.", job.get("state") == "done", job)
        while time.monotonic() - began < LONGEST_SECONDS + _SETTLING and guest.private_documents():
            kept = time.monotonic() - began
            time.sleep(0.5)
        trial.works("A library that is used outlasts the time for idle ones.", kept > IDLE_SECONDS, kept)
        trial.holds("It goes at its longest age.", kept < LONGEST_SECONDS + 2, f"{kept:.1f} s")
        reply = guest.post("/v1/search", json={"question": QUESTION})
        trial.holds("Nothing of it is found.", '"private":true' not in reply.text, reply.text)
        left = wait_until_clean(server.home, before, _SETTLING)
        trial.holds("No byte of it remains.", left == 0, f"{left} B: {_names(server, before)}")
        trial.figure(f"gone after {kept:.1f} of {LONGEST_SECONDS:g} s")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


# Crowds of new visitors and of large uploads from one address, which must not push out an honest visitor.

_VISITORS = 20
_LONG = {"PINCITE_DEMO_IDLE_MINUTES": "30", "PINCITE_DEMO_MINUTES": "120", "PINCITE_DEMO_QUESTIONS": "100"}


def _crowded(_server: Server, trial: Trial) -> None:
    """Come as many new visitors as a demo remembers, who add nothing: a library that was just used stays."""
    ledger = Ledger()
    settings = {**TIGHT, **_LONG, "PINCITE_DEMO_VISITORS": str(_VISITORS)}
    with (
        tempfile.TemporaryDirectory(prefix="pincite-attack-") as folder,
        running_demo(Path(folder) / "demo", settings) as server,
        Guest(server, ledger) as honest,
        Guest(server, ledger) as crowd,
        Guest(server, ledger) as uploaders,
    ):
        honest.settle()
        trial.works("The honest visitor's document is added.", len(honest.private_documents()) == 1)
        for path in ("/v1/visitor", "/v1/documents", "/page/documents", "/v1/stats"):
            for _ in range(2 * _VISITORS):
                crowd.cookies.clear()
                crowd.page(path)
            kept = len(honest.private_documents())
            trial.holds(f"New visitors at {path} push out no library.", kept == 1, kept)
            if not kept:
                honest.settle()
        refused = 0
        for number in range(2 * _VISITORS):
            uploaders.cookies.clear()
            refused += not uploaders.add({"a.txt": b"The crowd's ship %d." % number})
        kept = len(honest.private_documents())
        trial.holds("Nor do uploads of new visitors from one address.", kept == 1, f"{refused} refused")
        trial.figure(f"{refused} of {2 * _VISITORS} uploads refused")
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


# Kept quotes that stand nowhere: each must be searched for, and costs the sender a few hundred bytes.

_CHARACTERS = 55_000
"""Characters of the document in which the quotes are searched for: a visitor may have a few more."""
_MOST_SECONDS = 6.0
"""Seconds of processor time that one request may cost."""
_WORDS = [f"{first}{last}" for first in ("har", "bro", "sil", "kee", "lam", "wha") for last in ("bour", "ken", "ver")]


def _quote(document: str, words: str, near: str = "") -> dict[str, Any]:
    """Return a kept quote as the page sends it; `near` stood before and after it."""
    named = dict.fromkeys(("title", "author", "date", "page", "heading"), "")
    place = {"paragraph": 0, "start": 0, "end": len(words), "quote": words, "before": near, "after": near}
    return {"document": document, "source": "hoard.txt", **named, **place}


def _items(quotes: list[dict[str, Any]]) -> bytes:
    """Return items with these quotes, 60 in each, as the page sends them."""
    parts = [quotes[at : at + 60] for at in range(0, len(quotes), 60)]
    fields = {"revision": 1, "position": 0.0, "kept_at": "2026-01-01T00:00:00+00:00"}
    return json.dumps([{"id": f"hoarded-{n}", **fields, "quotes": part} for n, part in enumerate(parts)]).encode()


def _missing(document: str) -> Mapping[str, bytes]:
    """Return collections of quotes that do not stand in a document of these words."""
    chance = random.Random(5)

    def words(count: int) -> str:
        return " ".join(chance.choice(_WORDS) for _ in range(count))

    return {
        "90 long quotes": _items([_quote(document, f"{words(2_400)} {n}."[:19_000]) for n in range(90)]),
        "90 quotes of a repeated letter": _items([_quote(document, "e" * 19_000) for _ in range(90)]),
        "1,000 quotes": _items([_quote(document, f"{words(14)} {n}.", words(6)) for n in range(1_000)]),
        "120 quotes": _items([_quote(document, f"{words(14)} {n}.") for n in range(120)]),
        "90 quotes of a repeated word": _items([_quote(document, "silver " * 2_700) for _ in range(90)]),
    }


def _searched_for(server: Server, trial: Trial) -> None:
    """Have quotes compared that stand nowhere, as many and as long as a request may carry."""
    ledger, chance = Ledger(), random.Random(7)
    text = " ".join(chance.choice(_WORDS) for _ in range(_CHARACTERS // 7))[:_CHARACTERS]
    with Guest(server, ledger) as guest:
        guest.wait_for_job(guest.add({"hoard.txt": f"{text}\n{guest.word}".encode()}))
        [document] = [one["id"] for one in guest.private_documents()]
        kept = guest.post("/page/kept/check", content=_items([_quote(document, text[:60])]), headers=guest.page_headers)
        trial.works("An honest quote is compared.", '"there"' in kept.text, kept.text)
        for label, body in trial.sample(_missing(document).items(), 2):
            wait_until_idle(server, 20)
            before = processor_time(server)
            reply = guest.post("/page/kept/check", content=body, headers=guest.page_headers, timeout=120)
            seconds = processor_time(server) - before
            trial.works(f"{label}: they are compared.", reply.status_code == 200, reply.text)
            trial.holds(f"{label}: {_MOST_SECONDS:g} s of processor time suffice.", seconds <= _MOST_SECONDS, seconds)
            trial.figure(f"{label}, {len(body) // 1000} kB: {seconds:.1f} s")
        body = _items([_quote(document, f"A whale {n}.") for n in range(1_001)])
        reply = guest.post("/page/kept/check", content=body, headers=guest.page_headers, timeout=120)
        explained = reply.status_code == 422 and "1,000 quotes" in reply.json()["message"] and reply.json()["hint"]
        trial.holds("More quotes are refused, with a reason.", explained, reply.text)
    trial.holds("The server fails at no request.", not ledger.errors, ledger.errors)


ATTACKS = (
    Attack("capacities-exceeded", "Keep more than a visitor may", _exceeded),
    Attack("capacities-raced", "Keep more by uploads at one moment", _raced),
    Attack("capacities-page", "Keep more by the page", _by_page),
    Attack("capacities-loose", "Fill the disk with uploads that are never added", _loose),
    Attack("evictions-crowd", "Push out an honest visitor's library", _crowded),
    Attack("hoards-missing", "Keep the processor busy with quotes that stand nowhere", _searched_for),
)

TIGHT_ATTACKS = (
    Attack("quotas-visitor", "Ask more often than a visitor may", _by_visitor),
    Attack("quotas-tricks", "Ask more often by many cookies or calls", _by_tricks),
    Attack("quotas-address", "Ask more often by forged addresses", _by_address),
    Attack("quotas-others", "Upload, check and batch more often", _others),
    Attack("quotas-metrics", "Read the server's figures", _metrics),
    Attack("expiries-left", "Keep files on disk after their time", _left),
    Attack("expiries-lasting", "Keep a library for ever by visiting it", _lasting),
)
