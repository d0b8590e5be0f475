"""Published documents removed, replaced and uploaded again, and one file that two visitors upload."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.attack.demos import fingerprint
from tests.attack.guests import Guest, Ledger
from tests.attack.outcomes import Attack
from tests.attack.servers import SEEDS

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

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


ATTACKS = (
    Attack("republications-removed", "Remove or replace a published document", _removed, programs=("demo",)),
    Attack("republications-shared", "Learn who has uploaded the same file", _shared, programs=("demo",)),
)
