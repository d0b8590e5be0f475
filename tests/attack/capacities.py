"""Private libraries with more files, bytes and pages than a visitor may have."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.attack.canaries import event_output, file_data, upload_event
from tests.attack.demos import FILES, MEGABYTES, PAGES, bytes_beyond, files_of_visitors
from tests.attack.guests import Guest, Ledger
from tests.attack.outcomes import Attack
from tests.loading.archives import zipped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

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


_RUNS: tuple[tuple[str, str, Callable[[Server, Trial], None]], ...] = (
    ("capacities-exceeded", "Keep more than a visitor may", _exceeded),
    ("capacities-raced", "Keep more by uploads at one moment", _raced),
    ("capacities-page", "Keep more by the page", _by_page),
    ("capacities-loose", "Fill the disk with uploads that are never added", _loose),
)
ATTACKS = tuple(Attack(name, summary, run, programs=("demo",)) for name, summary, run in _RUNS)
