"""Many readers at once, each of whom looks up every citation; and one who adds files and removes them meanwhile."""

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

_SECONDS = 60.0
_OVER = ("done", "failed", "cancelled")


@dataclass(slots=True)
class Account:
    """What happened to all of them."""

    milliseconds: list[float] = field(default_factory=list)
    """Of each question, from sending it to having the answer."""
    citations: int = 0
    """Looked up, and found to be the document's words."""
    gone: int = 0
    """Whose document had been removed before they were looked up."""
    troubles: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """What was done to the library meanwhile."""

    added: int = 0
    removed: set[str] = field(default_factory=set)
    """Ids, each from the moment when its removal is asked for."""
    troubles: list[str] = field(default_factory=list)


def ask_at_once(url: str, questions: Sequence[str], *, clients: int, changes: Changes) -> Account:
    """Every client asks all questions, each beginning with another one."""
    account = Account()
    turns = [[*questions[n:], *questions[:n]] for n in (client % len(questions) for client in range(clients))]
    with ThreadPoolExecutor(clients) as pool:
        for _ in pool.map(lambda turn: _ask_all(url, turn, account, changes), turns):
            pass
    return account


def _ask_all(url: str, questions: Sequence[str], account: Account, changes: Changes) -> None:
    with httpx.Client(base_url=url, timeout=_SECONDS) as client:
        for question in questions:
            began = perf_counter()
            response = client.post("/v1/ask", json={"question": question})
            account.milliseconds.append(1000 * (perf_counter() - began))
            if response.is_success:
                for citation in response.json()["citations"]:
                    _look_up(client, citation, account, changes)
            else:
                account.troubles.append(f"{question}: {response.status_code} {response.text[:200]}")


def _look_up(client: httpx.Client, citation: dict[str, Any], account: Account, changes: Changes) -> None:
    identity = citation["document"]["id"]
    span = {"start": citation["start"], "end": citation["end"]}
    response = client.get(f"/v1/documents/{identity}/text", params=span)
    if response.is_success and response.json()["text"] == citation["quote"]:
        account.citations += 1
    elif response.status_code == httpx.codes.NOT_FOUND and identity in changes.removed:
        account.gone += 1
    else:
        account.troubles.append(f"{citation}: {response.status_code} {response.text[:200]}")


@contextmanager
def changing(url: str, text: str) -> Iterator[Changes]:
    """Meanwhile add files, and remove each again; `text` has a place for a number, and a question finds it.

    What has been removed must not be cited by any answer that is asked for afterwards.
    """
    changes, over = Changes(), threading.Event()

    def change() -> None:
        with httpx.Client(base_url=url, timeout=_SECONDS) as client:
            number = 0
            while not over.is_set() and not changes.troubles:
                number += 1
                _come_and_go(client, f"passing {number}.txt", text.format(number), changes)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield changes
    finally:
        over.set()
        thread.join()


def _come_and_go(client: httpx.Client, name: str, text: str, changes: Changes) -> None:
    try:
        identity = hashlib.sha256(text.encode()).hexdigest()
        add(client, {name: text.encode()})
        changes.added += 1
        changes.removed.add(identity)
        client.delete(f"/v1/documents/{identity}").raise_for_status()
        answer = client.post("/v1/ask", json={"question": text}).raise_for_status().json()
        if identity in {each["document"]["id"] for each in [*answer["citations"], *answer["hits"]]}:
            changes.troubles.append(f"{name} was removed, and is still found.")
    except (httpx.HTTPError, AssertionError) as error:
        changes.troubles.append(f"{name}: {error!r}")


def add(client: httpx.Client, files: dict[str, bytes]) -> dict[str, Any]:
    """Upload files, and wait until they are in the library; gives the job."""
    parts = [("files", (name, data, "application/octet-stream")) for name, data in files.items()]
    job = finished(client, client.post("/v1/documents", files=parts).raise_for_status().json())
    assert job["state"] == "done", job
    return job


def finished(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    """A job, once it is over."""
    began = perf_counter()
    while job["state"] not in _OVER:
        assert perf_counter() - began < _SECONDS, job
        threading.Event().wait(0.2)
        job = client.get(f"/v1/jobs/{job['id']}").raise_for_status().json()
    return job
