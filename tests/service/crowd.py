"""Many clients at once that look up every citation, and one client that adds and removes files meanwhile."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIMEOUT = 60.0
_FINAL_STATES = ("done", "failed", "cancelled")


@dataclass(slots=True)
class Account:
    """The combined results of all clients."""

    milliseconds: list[float] = field(default_factory=list)
    """The time of each question, from sending it to receiving the answer."""
    citations: int = 0
    """Citations that were looked up and are the words of their document."""
    gone: int = 0
    """Citations whose document had been removed before they were looked up."""
    troubles: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """The changes that were made to the library meanwhile."""

    added: int = 0
    removed: set[str] = field(default_factory=set)
    """Ids of removed documents, each from the moment when its removal is requested."""
    troubles: list[str] = field(default_factory=list)


def ask_at_once(url: str, questions: Sequence[str], *, clients: int, changes: Changes) -> Account:
    """Ask all questions from every client at once, each client starting with a different question."""
    account = Account()
    question_orders = [[*questions[n:], *questions[:n]] for n in (client % len(questions) for client in range(clients))]
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(lambda order: _ask_all(url, order, account, changes), question_orders):
            pass
    return account


def _ask_all(url: str, questions: Sequence[str], account: Account, changes: Changes) -> None:
    with httpx.Client(base_url=url, timeout=_TIMEOUT) as client:
        for question in questions:
            started = perf_counter()
            response = client.post("/v1/ask", json={"question": question})
            account.milliseconds.append(1000 * (perf_counter() - started))
            if response.is_success:
                for citation in response.json()["citations"]:
                    _look_up(client, citation, account, changes)
            else:
                account.troubles.append(f"{question}: {response.status_code} {response.text[:200]}")


def _look_up(client: httpx.Client, citation: dict[str, Any], account: Account, changes: Changes) -> None:
    document_id = citation["document"]["id"]
    span = {"start": citation["start"], "end": citation["end"]}
    response = client.get(f"/v1/documents/{document_id}/text", params=span)
    if response.is_success and response.json()["text"] == citation["quote"]:
        account.citations += 1
    elif response.status_code == httpx.codes.NOT_FOUND and document_id in changes.removed:
        account.gone += 1
    else:
        account.troubles.append(f"{citation}: {response.status_code} {response.text[:200]}")


@contextmanager
def changing(url: str, text: str) -> Iterator[Changes]:
    """Add and remove files until the block ends. `text` has a placeholder for a number, and a question finds the file.

    No answer to a later question may cite a removed document.
    """
    changes, stop = Changes(), threading.Event()

    def change_library() -> None:
        with httpx.Client(base_url=url, timeout=_TIMEOUT) as client:
            number = 0
            while not stop.is_set() and not changes.troubles:
                number += 1
                _add_and_remove(client, f"passing {number}.txt", text.format(number), changes)

    thread = threading.Thread(target=change_library)
    thread.start()
    try:
        yield changes
    finally:
        stop.set()
        thread.join()


def _add_and_remove(client: httpx.Client, name: str, text: str, changes: Changes) -> None:
    try:
        document_id = hashlib.sha256(text.encode()).hexdigest()
        add(client, {name: text.encode()})
        changes.added += 1
        changes.removed.add(document_id)
        client.delete(f"/v1/documents/{document_id}").raise_for_status()
        answer = client.post("/v1/ask", json={"question": text}).raise_for_status().json()
        if document_id in {entry["document"]["id"] for entry in [*answer["citations"], *answer["hits"]]}:
            changes.troubles.append(f"{name} was removed, and is still found.")
    except (httpx.HTTPError, AssertionError) as error:
        changes.troubles.append(f"{name}: {error!r}")


def add(client: httpx.Client, files: dict[str, bytes]) -> dict[str, Any]:
    """Upload files, wait until they are in the library, and return the job."""
    parts = [("files", (name, data, "application/octet-stream")) for name, data in files.items()]
    job = finished(client, client.post("/v1/documents", files=parts).raise_for_status().json())
    assert job["state"] == "done", job
    return job


def finished(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """Wait until a job has ended and return it."""
    started = perf_counter()
    while job["state"] not in _FINAL_STATES:
        assert perf_counter() - started < _TIMEOUT, job
        threading.Event().wait(0.2)
        job = client.get(f"/v1/jobs/{job['id']}").raise_for_status().json()
    return job
