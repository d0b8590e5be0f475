"""Fifty guests at once, each of whom uploads, asks and lists, and then tries the ids of the next one."""

from __future__ import annotations

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.attack.demos import fingerprint
from tests.attack.guests import HEADER, QUESTION, Guest, Ledger
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

GUESTS = 50
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
    with ExitStack() as stack, ThreadPoolExecutor(_AT_ONCE) as pool:
        guests = [stack.enter_context(Guest(server, ledger, cookies=n % 3 != 2)) for n in range(GUESTS)]
        owned = list(pool.map(_settle, guests))
        for guest in guests[:: 5 if trial.brief else 1]:
            guest.thorough = True
        trial.works("Every guest's document is added.", all(one.document for one in owned), owned)
        found = list(pool.map(_look_around, guests))
        trial.works("Every guest finds their own document.", all(found), f"{sum(found)} of {GUESTS}")
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
    trial.figure(f"{GUESTS} guests, {ledger.responses} responses, {ledger.size // 1000} kB, {len(ledger.seen)} seen")


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


_RUNS: tuple[tuple[str, str, Callable[[Server, Trial], None]], ...] = (
    ("neighbours-fifty", "Read another visitor's documents, jobs and batches", _guests),
    ("neighbours-mixed", "Open two private libraries at once", _mixed),
)
ATTACKS = tuple(Attack(name, summary, run, programs=("demo",)) for name, summary, run in _RUNS)
